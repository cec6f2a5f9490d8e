"""FIC-EXPR-DEAD: what no token can satisfy."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from accredit.trust.expression.evaluation import same
from accredit.trust.lint import arn_session, email_sub, entra_issuer
from accredit.trust.lint.grammar import sequences
from accredit.trust.lint.model import Rule
from accredit.trust.placeholders import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.expression import Atom
    from accredit.trust.lint.facts import Branch, Linted
    from accredit.trust.lint.model import Finding
    from accredit.trust.presets import Preset

RULE: Final = Rule(
    id="FIC-EXPR-DEAD",
    level="warn",
    title="Nothing can match",
    why="No token can satisfy what is written here: it lets nobody in, and hides that somebody meant something else.",
    remedy="Correct the values, or delete what can never be true; `accredit explain TOKEN` shows what tokens say.",
    before="claims['ref'] eq 'refs/heads/a' and claims['ref'] eq 'refs/heads/b'",
    after="claims['ref'] in ['refs/heads/a', 'refs/heads/b'] (language version 2)",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell contradictions within a branch, and subjects that the platform does not write."""
    told: set[str] = set()
    for branch in linted.branches:
        for said, at in _dead(linted, branch):
            if said not in told:
                told.add(said)
                yield RULE.finding(linted, linted.member, said, at=at)


def _dead(linted: Linted, branch: Branch) -> Iterator[tuple[str, tuple[int, int] | None]]:
    for one, other in combinations(branch.atoms, 2):
        if one.path == other.path and _contradict(one, other):
            both = f"{_spelt(one)} and {_spelt(other)} are never both true."
            yield both, (min(one.start, other.start), max(one.end, other.end))
    if any(True for rule in (arn_session, email_sub, entra_issuer) for _ in rule.check(linted)):
        return  # they say it better
    preset, subject, pattern = linted.preset, branch.subject, branch.subject_pattern
    if preset is None or not preset.subject_forms:
        return
    if subject is not None and not _writes(preset, subject):
        yield f"The subject {subject} has none of the forms that {preset.title} writes.", None
    elif subject is None and pattern is not None and not _begins(preset, pattern.prefix):
        yield f"No subject of {preset.title} begins with {pattern.prefix}.", None


def _writes(preset: Preset, subject: str) -> bool:
    """Whether the platform can write this subject; yes for what other rules speak of: places to fill in, wildcards."""
    odd = not subject.isascii() or "*" in subject or "?" in subject or find(subject)
    return bool(odd) or preset.read_subject(subject) is not None


def _begins(preset: Preset, prefix: str) -> bool:
    """Whether the platform can write a subject that begins so; yes where the beginning of a form is not known."""
    for form in preset.subject_forms:
        begins = [every[0].text if every and not every[0].group else "" for every in sequences(form.regex)] or [""]
        if any(prefix.startswith(each) or each.startswith(prefix) for each in begins):
            return True
    return False


def _contradict(one: Atom, other: Atom) -> bool:
    """Whether no value satisfies both; no is not proof of the contrary."""
    if one.operator != "eq":
        one, other = other, one
    if one.operator != "eq":
        return False
    wanted, operand = one.operand, other.operand
    if other.operator == "eq":
        return not same(wanted, operand)
    if other.operator == "ne":
        return same(wanted, operand)
    if other.operator == "not in" and isinstance(operand, tuple):
        return any(same(wanted, each) for each in operand)
    if other.glob is not None:
        return not (isinstance(wanted, str) and other.glob.matches(wanted))
    return other.operator == "contains"


def _spelt(atom: Atom) -> str:
    return f"{'.'.join(atom.path)} {atom.operator} {atom.operand!r}"
