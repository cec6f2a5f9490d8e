"""FIC-MULTI-AUD: a token that is meant for others as well is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-MULTI-AUD",
    level="warn",
    title="Tokens for several audiences are accepted",
    why="Each of the recipients that a token names can use it with all the others: with a token that was sent to one"
    " of them, that one signs in here.",
    remedy="Let the workload ask for one audience per token, and refuse others (or list those that you know).",
    before="multi_audience=contained",
    after="multi_audience=refuse",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Warn of a credential that says so itself; note it where the tenant's rule meets a platform with such tokens."""
    trust, preset = linted.trust, linted.preset
    if trust.multi_audience == "contained":
        yield RULE.finding(
            linted, "audiences", "The credential accepts tokens with further audiences, whatever they are."
        )
    elif trust.multi_audience is not None or linted.context.several_audiences != "contained":
        return
    elif preset is not None and preset.audience.control != "fixed" and preset.audience.shape != "string":
        said = f"Tokens of {preset.title} may have several audiences; where nothing else is said, one of them suffices."
        yield RULE.finding(linted, "audiences", said, level="info")
