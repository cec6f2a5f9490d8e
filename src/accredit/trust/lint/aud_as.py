"""FIC-AUD-AS: the audience is another authorization server's address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.issuers import url
from accredit.trust import presets
from accredit.trust.lint import aud_fixed
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-AUD-AS",
    level="warn",
    title="The audience is another server's address",
    why="A token that a workload sends to that server, to sign in there, is accepted here too: whoever runs the"
    " server or reads its log can use it here (RFC 7523 wants the receiver's own address; audience injection).",
    remedy="Trust an audience that nothing but this directory expects.",
    before="https://login.example.com/oauth2/token",
    after="api://AzureADTokenExchange",
)
_TOKEN_ENDPOINT: Final = re.compile(
    r"(https://.+?)/(?:oauth2?(?:/v[0-9.]+)?/token|v[0-9.]+/token|connect/token|protocol/openid-connect/token|token)"
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of the address of a token endpoint and of an issuer, unless the platform sends that by itself."""
    for audience in linted.trust.audiences:
        if audience.startswith("https://") and not _usual(linted, audience) and (what := _server(linted, audience)):
            yield RULE.finding(linted, "audiences", f"The audience {audience} is {what}.")


def _server(linted: Linted, audience: str) -> str:
    """Say whose address it is; empty for nobody's that is known, and for our own."""
    endpoint = _TOKEN_ENDPOINT.fullmatch(audience)
    base = endpoint[1] if endpoint else audience
    own = linted.context.own
    if own is not None and any(each in own for each in (base, f"{base}/", f"{base}/v2.0")):
        return ""
    if audience == linted.trust.issuer:
        return "the issuer itself, which takes tokens of its own"
    if endpoint:
        return "the token endpoint of another authorization server"
    known = presets.recognise(audience)
    if known is not None or url.is_entra(audience):
        return f"an issuer of {known.title if known else 'Microsoft Entra ID'}"
    return ""


def _usual(linted: Linted, audience: str) -> bool:
    preset = linted.preset
    if preset is None:
        return False
    return preset.is_default_audience(audience) or audience in aud_fixed.fixed(preset, linted.trust.issuer)
