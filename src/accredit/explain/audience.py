"""Why the audience of a credential is not the token's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.explain.causes import Cause, request
from accredit.signins import kept

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential

_GITHUB: Final = "https://token.actions.githubusercontent.com"
_GITHUB_DEFAULT: Final = "https://github.com/"
_KUBERNETES_DEFAULT: Final = "https://kubernetes.default.svc"


def default_audience(credential: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    first = presented.audiences[0]
    if first.startswith(_GITHUB_DEFAULT) and presented.issuer.startswith(_GITHUB):
        whose, how = "GitHub's default", f"Request it with `audience={credential.audience}`."
    elif first.startswith(_KUBERNETES_DEFAULT) or (first == presented.issuer and _of_kubernetes(presented)):
        whose = "the cluster's own API server"
        how = f"Project a token with the audience `{credential.audience}`."
    else:
        return None
    text = f"The token was requested for `{kept(check.presented)}`, which is {whose}. {how}"
    return Cause("AUD_DEFAULT", text, (request(check, credential.audience),))


def extra_audiences(credential: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    others = [each for each in presented.audiences if each != credential.audience]
    if credential.audience not in presented.audiences:
        return None
    text = (
        f"The token is also meant for `{kept(', '.join(others))}`; this credential accepts tokens for "
        f"`{credential.audience}` only. Request that one audience alone."
    )
    return Cause("AUD_EXTRA", text, (request(check, credential.audience),))


def _of_kubernetes(presented: Presented) -> bool:
    return (presented.subject or "").startswith("system:serviceaccount:")
