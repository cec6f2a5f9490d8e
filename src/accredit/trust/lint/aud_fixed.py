"""FIC-AUD-FIXED: an audience that the platform never sends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule
from accredit.trust.presets import templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding
    from accredit.trust.presets import Preset

RULE: Final = Rule(
    id="FIC-AUD-FIXED",
    level="warn",
    title="An audience that the platform never sends",
    why="On this platform nobody can choose the audience of a token: one that has another never comes, so the"
    " credential matches nothing.",
    remedy="Trust the audience that the platform sends.",
    before="api://AzureADTokenExchange",
    after="demo.app.spacelift.io",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it where all the audiences that can come are known."""
    preset = linted.preset
    if preset is None or preset.audience.control != "fixed":
        return
    sent = fixed(preset, linted.trust.issuer)
    for audience in linted.trust.audiences if sent else ():
        if audience not in sent:
            yield RULE.finding(
                linted,
                "audiences",
                f"{preset.title} sends the audience {' or '.join(sent)}; the credential expects {audience}.",
                example=f"{audience} → {sent[0]}",
                edit={"audiences": sent[0]},
            )


def fixed(preset: Preset, issuer: str) -> tuple[str, ...]:
    """Return every audience that can come from an issuer; none if one of them is not known."""
    found = re.fullmatch(preset.issuer.match, issuer)
    given = {name: text for name, text in found.groupdict().items() if text is not None} if found else {}
    filled = [templates.parse(each).fill({"issuer": issuer, **given}) for each in preset.audience.fixed]
    return tuple(each for each in filled if each is not None) if None not in filled else ()
