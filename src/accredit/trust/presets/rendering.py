"""From a form to the trust it stands for.

Law: a rendered trust matches its own fields only. Of two forms that differ, the token of one never satisfies the trust
of the other, whatever was typed into them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import Refused
from accredit.trust import expression as language
from accredit.trust.credential import DEFAULT_AUDIENCE
from accredit.trust.presets import form as forms
from accredit.trust.presets import writing
from accredit.trust.presets.form import FieldFinding, FormError
from accredit.trust.presets.model import LONGEST, Clause, Field, Mode, Preset
from accredit.trust.presets.templates import ENCODED_COLON, Template

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

LONGEST_NAME: Final = 120
MODE: Final = "mode"  # a name that templates have besides the fields'
_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A trust, ready to be saved. Exactly one of ``subject`` and ``expression`` is set."""

    preset: str  # ``id@version``
    mode: str
    values: dict[str, str]  # what was filled in and has a part in it, and what is for the reader
    issuer: str
    subject: str | None
    expression: str | None
    language_version: int  # 1 where there is no expression
    audience: str
    name: str  # that the credential may have, unless it is taken
    warnings: tuple[FieldFinding, ...] = ()


class _Draft:
    """A form on its way: what is given, what was used of it, what is to be said."""

    def __init__(self, preset: Preset, mode: Mode, values: Mapping[str, str]) -> None:
        self.preset = preset
        self.mode = mode
        self.typed = {name for name, text in values.items() if text}
        self.values = forms.given(preset, values)
        self.used: set[str] = set()
        self.findings: list[FieldFinding] = []
        self.lacking: dict[str, None] = {}
        self.whole = True  # nothing that had to be written lacked something

    def write(self, alternatives: tuple[str, ...], clause: Clause | None = None) -> str:
        """The first of these templates that can be filled; empty, and a finding, when something is absent."""
        ways = writing.ways(self.preset, alternatives)
        way = ways.chosen(self.values)
        if way is None:
            self.lacking |= dict.fromkeys(ways.absent(self.values))
            self.whole = False
            return ""
        self.used |= way.uses
        self._refuse_ambiguous(way)
        if clause is None:
            return way.fill(self.values) or ""
        self._refuse_inexpressible(way, clause)
        return way.fill(self.values, lambda text: writing.escape(text, clause.op, self.mode.language_version)) or ""

    def say(self, field: str, message: str) -> None:
        """Keep a finding; the first of a field counts."""
        if field not in {each.field for each in self.findings}:
            self.findings.append(FieldFinding(field, message))

    def _refuse_ambiguous(self, way: Template) -> None:
        for place in way.places:
            if place.encoded and ENCODED_COLON in self.values[place.name]:
                message = f"Type a colon as a colon: the platform writes it as {ENCODED_COLON}, and so does this form."
                self.say(place.name, message)

    def _refuse_inexpressible(self, way: Template, clause: Clause) -> None:
        if clause.op != "matches" or self.mode.language_version != 1:
            return
        for name in dict.fromkeys(place.name for place in way.places):
            for at, each in enumerate(self.values[name]):
                if each in writing.NO_ESCAPE:
                    self.say(name, _INEXPRESSIBLE.format(at=at + 1, each=each, title=self.mode.title))
                    break


_INEXPRESSIBLE: Final = (
    "Character {at} is {each}, which a pattern of language version 1 cannot say of itself (nor * ? ' \\). The mode "
    "“{title}” cannot be had with it; choose one with an exact subject."
)


def render(
    preset: Preset, values: Mapping[str, str], *, mode: str | None = None, audience: str | None = None
) -> Rendered:
    """The trust that a form stands for; ``PRESET_FORM`` (``FormError``) with every finding at once."""
    if preset.unsupported:
        raise FormError(preset, [FieldFinding("preset", preset.unsupported)])
    chosen = preset.mode(mode)
    if chosen is None:
        known = ", ".join(each.id for each in preset.modes)
        raise FormError(preset, [FieldFinding("mode", f"There is no such mode; there are: {known}.")])
    draft = _Draft(preset, chosen, values)
    draft.findings.extend(forms.unfit(preset, draft.values))
    draft.values[MODE] = chosen.id
    issuer = draft.write(preset.issuer.templates)
    subject = None if chosen.subject is None else draft.write((chosen.subject,))
    text = None if chosen.subject is not None else _expression(draft)
    heard = _audience(draft, audience)
    _needed(draft)
    _idle(draft)
    for what, written in (("issuer", issuer), ("subject", subject), ("audience", heard)):
        if written is not None and len(written) > LONGEST:
            draft.say(what, f"It would have {len(written)} characters; {LONGEST} are the most. Shorten a field.")
    if draft.findings:
        raise FormError(preset, draft.findings)
    if text is not None:
        _refuse_unreadable(draft, text)
    kept = draft.used | writing.notes(preset)
    return Rendered(
        preset=preset.label,
        mode=chosen.id,
        values={
            each.name: draft.values[each.name] for each in preset.fields if each.name in kept & draft.values.keys()
        },
        issuer=issuer,
        subject=subject,
        expression=text,
        language_version=1 if text is None else chosen.language_version,
        audience=heard,
        name=_name(draft),
        warnings=tuple(each for each in forms.warnings(preset, draft.values) if each.field in kept),
    )


def example(preset: Preset) -> dict[str, str]:
    """Return the examples of the fields that the safe default needs: values that it can be rendered with."""
    values: dict[str, str] = {}
    for _ in preset.fields:
        try:
            render(preset, values)
        except FormError as error:
            lacking = [field for each in error.findings if (field := preset.field(each.field)) is not None]
            values |= {each.name: each.example for each in lacking}
    return values


def free_name(name: str, taken: Collection[str]) -> str:
    """``name``, or with the first of -2, -3 … that nobody has."""
    if name not in taken:
        return name
    number = 2
    while (found := f"{name[: LONGEST_NAME - len(str(number)) - 1]}-{number}") in taken:
        number += 1
    return found


def _expression(draft: _Draft) -> str:
    texts = []
    for clause in writing.clauses(draft.mode, draft.values):
        if clause.when:
            draft.used.add(clause.when)
        written = tuple(draft.write((each,), clause) for each in writing.operands(clause))
        texts.append(writing.clause_text(clause, written))
    return " and ".join(texts)


def _refuse_unreadable(draft: _Draft, text: str) -> None:
    """What is too long or too wild for the language; quoting is ours and never the reason."""
    try:
        language.parse(text, draft.mode.language_version)
    except Refused as error:
        reason = f"{error.fields['reason'].rstrip('.')}. Shorten a field."
        raise FormError(draft.preset, [FieldFinding("expression", reason)]) from error


def _audience(draft: _Draft, asked: str | None) -> str:
    """What the credential expects: what is asked for, or what the platform sends whatever is asked."""
    fixed = draft.preset.audience.fixed
    if not fixed:
        return _asked(draft, asked or DEFAULT_AUDIENCE)
    if draft.preset.audience.control != "fixed":
        return _asked(draft, asked) if asked else draft.write(fixed)
    sent = [each for each in (draft.write((one,)) for one in fixed) if each]
    if asked and asked not in sent:
        draft.say("audience", f"{draft.preset.title} always sends {' or '.join(sent)}; nothing else would ever match.")
    return asked or next(iter(sent), "")


def _asked(draft: _Draft, audience: str) -> str:
    if audience != audience.strip():
        draft.say("audience", "There is white space at an end; the comparison is exact. Remove it.")
    elif not audience.isprintable():
        draft.say("audience", "There is a character in it that cannot be seen. Remove it.")
    return audience


def _needed(draft: _Draft) -> None:
    """Say of every field that this mode cannot be had without."""
    of = "" if draft.mode is draft.preset.modes[0] else f" for “{draft.mode.title}”"
    required = [each.name for each in draft.preset.fields if each.required]
    for name in dict.fromkeys((*required, *draft.mode.needs, *draft.lacking)):
        field = draft.preset.field(name)
        if field and name not in draft.values:
            draft.say(name, f"It is needed{of}. {forms.wanted(field)}")


def _idle(draft: _Draft) -> None:
    """Say of every field that was typed and that nothing would be compared with; where all that is needed is there."""
    if not draft.whole:
        return
    idle = draft.typed & draft.values.keys() - draft.used - writing.notes(draft.preset)
    for field in draft.preset.fields:
        if field.name in idle and draft.values[field.name] != field.default:
            draft.say(field.name, _unused(draft, field))


def _unused(draft: _Draft, field: Field) -> str:
    others = [each.title for each in draft.preset.modes if each is not draft.mode and field.name in _named(draft, each)]
    instead = f", or choose “{others[0]}”" if others else ""
    why = f"It has no part in “{draft.mode.title}” as filled in: no token would be compared with it."
    return f"{why} Leave it empty{instead}."


def _named(draft: _Draft, mode: Mode) -> Iterator[str]:
    """The names that a mode has a place for."""
    texts = [mode.subject] if mode.subject is not None else []
    texts += [text for clause in mode.clauses for text in writing.operands(clause)]
    yield from (name for each in writing.ways(draft.preset, tuple(texts)).templates for name in each.names)


def _name(draft: _Draft) -> str:
    way = writing.ways(draft.preset, draft.preset.name.templates).chosen(draft.values)
    part = _NAME.sub("-", (way.fill(draft.values) if way else None) or "").strip("-")
    return f"{draft.preset.id}-{part}"[:LONGEST_NAME].rstrip("-")
