"""What a preset writes: the issuers, subjects, audiences and expressions that its modes stand for.

Rule 1: an expression is made of clauses. What people typed is escaped for the operator and version of the language it
goes into, here and nowhere else; where the language has no escape, it is refused.
Rule 2: each way of writing is made of templates without names of values (``templates.expand``), so that reading goes
the same way back.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.trust.expression import condition
from accredit.trust.presets import templates
from accredit.trust.presets.templates import Condition, Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.trust.expression import Operand
    from accredit.trust.presets.model import Clause, Field, Mode, Preset

NO_ESCAPE: Final = "*?'\\"  # what a pattern of language version 1 cannot say of itself
_WILD: Final = re.compile(r"[*?\\]")


class Ways(msgspec.Struct, frozen=True):
    """All ways in which one text is written, the preferred first."""

    templates: tuple[Template, ...]

    def chosen(self, values: Mapping[str, str]) -> Template | None:
        """The one that these values are written in; ``None``: something is absent."""
        return templates.first(self.templates, values)

    def absent(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """What would have to be given, in the way that comes nearest: its other conditions hold."""
        lacking = [
            tuple(dict.fromkeys(name for name in _order(each) if name not in values))
            for each in self.templates
            if all(one.holds(values) or _given(one, values) for one in each.conditions)
        ]
        return min(lacking, key=len, default=())


def _given(condition: Condition, values: Mapping[str, str]) -> bool:
    """Whether a condition would hold if its name was given."""
    return condition.value is None and not condition.absent and condition.name not in values


def _order(template: Template) -> tuple[str, ...]:
    demanded = tuple(each.name for each in template.conditions if not each.absent)
    return (*demanded, *(each.name for each in template.places))


@cache
def _values(preset: Preset) -> dict[str, tuple[Template, ...]]:
    found: dict[str, tuple[Template, ...]] = {}
    for name, alternatives in preset.values.items():
        found[name] = tuple(way for each in alternatives for way in templates.expand(templates.parse(each), found))
    return found


@cache
def ways(preset: Preset, alternatives: tuple[str, ...]) -> Ways:
    """Every way in which one of these templates of the preset is written."""
    values = _values(preset)
    return Ways(tuple(way for each in alternatives for way in templates.expand(templates.parse(each), values)))


def operands(clause: Clause) -> tuple[str, ...]:
    """The templates of a clause's texts; none for a truth value, a number and ``exists``."""
    return (clause.value,) if clause.value is not None else clause.values


def escape(text: str, operator: str, language_version: int) -> str:
    """``text`` as part of an operand, so that it means itself. Version 1 knows no escape in patterns."""
    if operator == "matches" and language_version != 1:
        return _WILD.sub(r"\\\g<0>", text)
    return text


def unescaped(text: str) -> str:
    """The inverse of ``escape`` for a pattern of version 2."""
    return re.sub(r"\\([*?\\])", r"\1", text)


def clause_text(clause: Clause, texts: tuple[str, ...]) -> str:
    """One comparison; ``texts`` are its operands, escaped but not quoted."""
    return condition(clause.path, clause.op, _operand(clause, texts))


def _operand(clause: Clause, texts: tuple[str, ...]) -> Operand:
    if clause.op in {"in", "not in"}:
        return texts
    return texts[0] if texts else clause.integer if clause.boolean is None else clause.boolean


def notes(preset: Preset) -> frozenset[str]:
    """The fields that no issuer, subject, expression or audience has a place for: they are for the reader."""
    return frozenset(each.name for each in preset.fields) - _spoken(preset)


@cache
def _spoken(preset: Preset) -> frozenset[str]:
    texts = [*preset.issuer.templates, *preset.audience.fixed]
    texts += [mode.subject for mode in preset.modes if mode.subject is not None]
    texts += [text for mode in preset.modes for clause in mode.clauses for text in operands(clause)]
    names = {name for each in ways(preset, tuple(texts)).templates for name in each.names}
    return frozenset(names | {clause.when for mode in preset.modes for clause in mode.clauses if clause.when})


def fields(preset: Preset, mode: Mode) -> tuple[Field, ...]:
    """The fields that a mode has a place for, and those that are for the reader, in the order of the form."""
    texts = [*preset.issuer.templates, *preset.audience.fixed]
    texts += [mode.subject] if mode.subject is not None else []
    texts += [text for clause in mode.clauses for text in operands(clause)]
    named = {name for each in ways(preset, tuple(texts)).templates for name in each.names}
    named |= {clause.when for clause in mode.clauses} | {*mode.needs} | notes(preset)
    return tuple(each for each in preset.fields if each.required or each.name in named)


def clauses(mode: Mode, values: Mapping[str, str]) -> tuple[Clause, ...]:
    """The clauses that count where these values are given."""
    return tuple(each for each in mode.clauses if not each.when or each.when in values)
