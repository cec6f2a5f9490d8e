"""FIC-AUD-DEFAULT: the audience that the platform sends when nobody asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.credential import DEFAULT_AUDIENCE
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-AUD-DEFAULT",
    level="info",
    title="The platform's default audience",
    why="Every workload of the platform that asks for no audience gets this one, and so does every service that"
    " expects it: a token that was made for another of them is accepted here.",
    remedy="Trust an audience of your own and let the workload ask for it.",
    before="aws.workload.identity",
    after=DEFAULT_AUDIENCE,
)
_GRAVE: Final = frozenset({"terraform"})  # its defaults are named after other clouds, the same for all its customers


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it, unless the platform sends nothing else."""
    preset = linted.preset
    if preset is None or preset.audience.control == "fixed":
        return
    for audience in linted.trust.audiences:
        if audience != DEFAULT_AUDIENCE and preset.is_default_audience(audience):
            yield RULE.finding(
                linted,
                "audiences",
                f"{audience} is what {preset.title} sends when nobody asks for an audience.",
                level="warn" if preset.id in _GRAVE else None,
                remedy=" ".join((RULE.remedy, preset.audience.how.replace("{audience}", DEFAULT_AUDIENCE))).strip(),
                example=f"{audience} → {DEFAULT_AUDIENCE}",
            )
