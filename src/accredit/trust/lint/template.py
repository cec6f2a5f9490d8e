"""FIC-TEMPLATE: a form of subject that somebody composed, and may compose anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.trust import presets
from accredit.trust.lint.contexts import GITHUB
from accredit.trust.lint.customised import FORM
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Branch, Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-TEMPLATE",
    level="info",
    title="A composed subject",
    why="Its form is a setting, not the platform's: an administrator of the repository, or of the controller, can"
    " change it, and with it who has this subject.",
    remedy="Trust the platform's own form, with ids where it has them.",
    before="repository_owner:o:environment:p",
    after="repo:o@1/r@2:environment:p",
)
_USUAL: Final = ("environment:", "ref:refs/")  # what GitHub itself writes after the repository
_KEY: Final = re.compile(r"[a-z_]+:")


def check(linted: Linted) -> Iterator[Finding]:
    """Find subjects in no form of the platform's own."""
    if not linted.heeds("TEMPLATE") or presets.recognise(linted.trust.issuer) is None:
        return
    for branch in linted.branches:
        if branch.subject is not None and _composed(linted, branch):
            said = f"The subject {branch.subject} has a form that somebody composed."
            yield RULE.finding(linted, linted.member, said, branch=branch)


def _composed(linted: Linted, branch: Branch) -> bool:
    if branch.parts is None:
        return not linted.is_of(*GITHUB)  # GitHub composes of claims only: what is none of them is none of its subjects
    said = branch.parts.values.get("context", "")
    return branch.parts.form.name == FORM or bool(_KEY.match(said) and not said.startswith(_USUAL))
