"""Why the audience of a credential is not the token's, and how the workload asks its platform for the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.explain import platform
from accredit.explain.causes import Cause, request, set_to
from accredit.signins import kept

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.explain.model import Edit
    from accredit.trust import Check, FederatedCredential
    from accredit.trust.presets import Preset

_KUBERNETES: Final = "system:serviceaccount:"
_API_SERVER: Final = "https://kubernetes.default.svc"
_CLOUDS: Final = {  # what Entra ID asks for, cloud by cloud
    "api://AzureADTokenExchange": "the public cloud",
    "api://AzureADTokenExchangeUSGov": "the cloud of the US government",
    "api://AzureADTokenExchangeChina": "the cloud in China",
}


def cloud(credential: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Differ by the cloud whose audience it is."""
    mine, theirs = _CLOUDS.get(credential.audience), _CLOUDS.get(presented.audiences[0])
    if len(presented.audiences) > 1 or not mine or not theirs:
        return None
    text = (
        f"The token is meant for `{kept(check.presented)}`, the audience of {theirs}; the credential expects "
        f"`{check.expected}`, that of {mine}. {_how(presented, check)}"
    )
    return Cause("AUD_CLOUD", text, (_asked(check, presented), set_to(check, presented.audiences[0])))


def fixed(_: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Expect another audience than the platform always sends."""
    by = platform.of(presented.issuer, presented.subject)
    if by is None or by.audience.control != "fixed" or not _is_usual(by, presented):
        return None
    said = presented.audiences[0]
    text = (
        f"{by.title} always sends the audience `{kept(said)}`; it cannot be asked for `{check.expected}`. Set the "
        f"credential's audience to `{kept(said)}`."
    )
    return Cause("AUD_FIXED", text, (set_to(check, said),))


def default(_: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Have what the platform sends when nobody asks for an audience."""
    first = presented.audiences[0]
    if _of_cluster(presented):
        whose = "the cluster's own API server"
    else:
        by = platform.of(presented.issuer, presented.subject)
        if by is None or not by.is_default_audience(first):
            return None
        whose = by.audience.whose
    text = f"The token was requested for `{kept(check.presented)}`, which is {whose}. {_how(presented, check)}"
    return Cause("AUD_DEFAULT", text, (_asked(check, presented),))


def extra(credential: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Have the right audience and others besides."""
    if credential.audience not in presented.audiences:
        return None
    others = [each for each in presented.audiences if each != credential.audience]
    text = (
        f"The token is also meant for `{kept(', '.join(others))}`; this credential accepts tokens for "
        f"`{credential.audience}` only. Request that one audience alone."
    )
    return Cause("AUD_EXTRA", text, (request(check, credential.audience),))


def _is_usual(by: Preset, presented: Presented) -> bool:
    said = presented.audiences[0]
    return by.is_default_audience(said) or said in by.audience.fixed


def _of_cluster(presented: Presented) -> bool:
    """Whether a cluster made the token for its own API server."""
    if not (presented.subject or "").startswith(_KUBERNETES):
        return False
    first = presented.audiences[0]
    return first.startswith(_API_SERVER) or first == presented.issuer


def _how(presented: Presented, check: Check) -> str:
    """Say how the workload's platform is asked for the credential's audience."""
    if (presented.subject or "").startswith(_KUBERNETES):
        return f"Project a token with the audience `{check.expected}`."
    by = platform.of(presented.issuer, presented.subject)
    if by is None or by.audience.control == "fixed" or not by.audience.how:
        return f"Request it for `{check.expected}`."
    return by.audience.how.replace("{audience}", check.expected)


def _asked(check: Check, presented: Presented) -> Edit:
    return replace(request(check, check.expected), text=_how(presented, check))
