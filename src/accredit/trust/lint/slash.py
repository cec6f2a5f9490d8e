"""FIC-SLASH: an issuer that is almost one, and so is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust import presets
from accredit.trust.credential import discovery_suffix
from accredit.trust.lint import near
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-SLASH",
    level="error",
    title="Almost the issuer",
    why="An issuer is compared byte for byte. A slash, a capital letter, a port or another scheme makes it another one,"
    " whose tokens nobody issues, so the credential matches nothing.",
    remedy="Take the issuer exactly as the platform writes it into its tokens.",
    before="https://token.actions.githubusercontent.com/",
    after="https://token.actions.githubusercontent.com",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Compare with the issuers of every platform that is known."""
    issuer = linted.trust.issuer
    suffix = discovery_suffix(issuer)
    meant = near.meant(issuer) or (issuer.removesuffix(suffix) if suffix else "")
    if not meant or issuer in (linted.preset.issuer.canonical if linted.preset else ()):
        return
    message = f"The issuer {issuer} is not the one that tokens have, which is {meant}: {_difference(issuer, meant)}."
    if suffix and not presets.recognise(meant):
        message = (
            f"The issuer {issuer} is the address of a discovery document; the issuer is what precedes it: {meant}."
        )
    yield RULE.finding(linted, "issuer", message, example=f"{issuer} → {meant}", edit={"issuer": meant})


def _difference(issuer: str, meant: str) -> str:
    if suffix := discovery_suffix(issuer):
        return f"it ends in {suffix}"
    if issuer.rstrip("/") == meant.rstrip("/"):
        return "a slash too many at the end" if len(issuer) > len(meant) else "the slash at the end is missing"
    if issuer.lower() == meant.lower():
        return "upper and lower case count"
    if issuer.lower().startswith("http://"):
        return "it begins with http:// instead of https://"
    return "the default port 443 is never written" if ":443" in issuer else "upper and lower case, slash and port count"
