"""FIC-ALG: signatures that Entra ID does not document to accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-ALG",
    level="warn",
    title="Signed otherwise than with RS256",
    why="Entra ID documents RS256 only for federated tokens (the text of its refusal lists RS256, RS384 and RS512):"
    " tokens signed otherwise are refused there (AADSTS5002738).",
    remedy="Have the platform sign with RS256.",
    before="SigningAlgorithm=ES384",
    after="SigningAlgorithm=RS256",
)
_DOCUMENTED: Final = "RS256"


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it where it is to hold in Entra ID; merely note it of an issuer that has keys for RS256 too."""
    if linted.context.portability != "entra":
        return
    published = linted.context.published_algorithms
    record = linted.trust.record
    if published:
        others = ", ".join(sorted(published - {_DOCUMENTED}))
        if others and _DOCUMENTED in published:
            said = f"The issuer has keys for {others} beside {_DOCUMENTED}: tokens must be signed with {_DOCUMENTED}."
            yield RULE.finding(linted, "record", said, level="info")
        elif others:
            yield RULE.finding(linted, "record", f"The issuer's keys are for {others}, none for {_DOCUMENTED}.")
    elif record is not None and record.algorithms and _DOCUMENTED not in record.algorithms:
        said = f"The issuer's record accepts {', '.join(record.algorithms)}, not {_DOCUMENTED}."
        yield RULE.finding(linted, "record", said)
