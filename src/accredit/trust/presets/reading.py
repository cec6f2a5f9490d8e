"""From a trust back to the form it was made with.

Law: what is read renders to the same trust again; a form that does not is not returned. So reading may guess, and the
guess is never believed.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice, product
from typing import TYPE_CHECKING, Final

from accredit.errors import Refused
from accredit.trust import expression as language
from accredit.trust.expression import Atom
from accredit.trust.presets import catalogue, writing
from accredit.trust.presets.form import Form, FormError
from accredit.trust.presets.model import LONGEST, Mode, Preset
from accredit.trust.presets.rendering import MODE, Rendered, render
from accredit.trust.presets.templates import Place, Template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from accredit.trust.presets.model import Clause

Values = dict[str, str]

MOST_GUESSES: Final = 64  # combinations of choices that leave no trace in what was written
_IN_PATTERN: Final = r"(?:[^\\*?]|\\[\\*?])+?"  # a text in a pattern of version 2, its wildcards escaped


def read(
    issuer: str,
    subject: str | None,
    expression: str | None,
    language_version: int = 1,
    *,
    audience: str | None = None,
    preset: str | None = None,
) -> Form | None:
    """Find the form that renders to this trust; ``None`` when no preset writes it so.

    ``preset`` names one that is tried first: what was kept with the credential, with or without its version.
    """
    if len(issuer) > LONGEST or len(subject or "") > LONGEST:
        return None
    stored = Rendered(
        preset="",
        mode="",
        values={},
        issuer=issuer,
        subject=subject,
        expression=expression,
        language_version=language_version,
        audience=audience or "",
        name="",
    )
    try:
        atoms = _atoms(stored)
    except Refused:
        return None
    tried = dict.fromkeys(_candidates(stored, preset))
    return next((found for each in tried for found in _forms(each, stored, atoms)), None)


def _candidates(stored: Rendered, named: str | None) -> Iterator[Preset]:
    if named:
        entry = named.partition("@")[0]
        if entry in catalogue.ids():
            yield catalogue.preset(entry)
    if catalogue.recognise(stored.issuer) and (found := catalogue.recognise(stored.issuer, stored.subject)):
        yield found  # where platforms have the issuer in common, the one whose subject it is
        return
    yield from (catalogue.preset(each.id) for each in catalogue.entries() if each.open)


def _atoms(stored: Rendered) -> tuple[Atom, ...]:
    """The clauses of a plain conjunction; of anything else none, which no preset writes. ``EXPRESSION_SYNTAX``."""
    if stored.expression is None:
        return ()
    root = language.parse(stored.expression, stored.language_version).root
    parts = (root,) if isinstance(root, Atom) else root.parts if root.kind == "and" else ()
    atoms = tuple(each for each in parts if isinstance(each, Atom))
    return atoms if len(atoms) == len(parts) else ()


def _forms(preset: Preset, stored: Rendered, atoms: Sequence[Atom]) -> Iterator[Form]:
    for mode in preset.modes:
        if (mode.subject is None) == (stored.subject is None):
            yield from (
                Form(preset, mode.id, rendered.values)
                for values in _guesses(preset, mode, stored, atoms)
                if (rendered := _again(preset, mode, values, stored, atoms))
            )


def _again(preset: Preset, mode: Mode, values: Values, stored: Rendered, atoms: Sequence[Atom]) -> Rendered | None:
    """What these values render to, if it means what is stored: white space of an expression is nobody's."""
    try:
        again = render(preset, values, mode=mode.id, audience=stored.audience or None)
    except FormError:
        return None
    if (again.issuer, again.subject) != (stored.issuer, stored.subject):
        return None
    if again.expression is None or again.expression == stored.expression:
        return again if again.expression is None or again.language_version == stored.language_version else None
    return again if _meaning(_atoms(again)) == _meaning(atoms) else None


def _meaning(atoms: Sequence[Atom]) -> list[tuple[tuple[str, ...], str, str]]:
    # repr tells false from 0 and '1' from 1, which compare equal or are told apart by their type only
    return [(each.path, each.operator, repr(each.operand)) for each in atoms]


def _guesses(preset: Preset, mode: Mode, stored: Rendered, atoms: Sequence[Atom]) -> Iterator[Values]:
    """Values that may have been typed: those that stand in the texts, with the choices that leave no trace."""
    if mode.subject is not None:
        bodies = _inverse(preset, (mode.subject,), stored.subject or "")
    else:
        bodies = _clauses(preset, mode, atoms)
    for issuer, body in product(_inverse(preset, preset.issuer.templates, stored.issuer), tuple(bodies)):
        for heard in _heard(preset, stored.audience):
            if (known := _merged((issuer, body, heard))) is not None:
                yield from _with_choices(preset, known)


def _heard(preset: Preset, audience: str) -> Iterable[Values]:
    if not audience or not preset.audience.fixed:
        return ({},)
    found = tuple(_inverse(preset, preset.audience.fixed, audience))
    return found if found and preset.audience.control == "fixed" else (*found, {})  # one that was only proposed


def _with_choices(preset: Preset, known: Values) -> Iterator[Values]:
    yield known
    open_choices = [each for each in preset.fields if each.choices and each.name not in known]
    if open_choices:
        combinations = product(*(each.choices for each in open_choices))
        for chosen in islice(combinations, MOST_GUESSES):
            yield known | dict(zip((each.name for each in open_choices), chosen, strict=True))


def _merged(parts: Iterable[Values]) -> Values | None:
    """All values together; ``None`` where two parts say different things of one name."""
    found: Values = {}
    for part in parts:
        for name, text in part.items():
            if found.setdefault(name, text) != text:
                return None
    return found


def _clauses(preset: Preset, mode: Mode, atoms: Sequence[Atom]) -> Iterator[Values]:
    """Hold the atoms against the clauses, one by one; a clause that needs a field may be left out."""
    optional = [each.when for each in mode.clauses if each.when]
    for kept in product((True, False), repeat=len(set(optional))):
        left_out = {name for name, keep in zip(dict.fromkeys(optional), kept, strict=True) if not keep}
        clauses = [each for each in mode.clauses if each.when not in left_out]
        if len(clauses) == len(atoms):
            yield from _pairs(preset, mode, clauses, atoms)


def _pairs(preset: Preset, mode: Mode, clauses: Sequence[Clause], atoms: Sequence[Atom]) -> Iterator[Values]:
    ways: list[tuple[Values, ...]] = []
    for clause, atom in zip(clauses, atoms, strict=True):
        if (clause.path, clause.op) != (atom.path, atom.operator):
            return
        ways.extend(_operands(preset, mode, clause, atom))
    for chosen in islice(product(*ways), MOST_GUESSES):
        if (values := _merged(chosen)) is not None:
            yield values


def _operands(preset: Preset, mode: Mode, clause: Clause, atom: Atom) -> Iterator[tuple[Values, ...]]:
    texts = atom.operand if isinstance(atom.operand, tuple) else (atom.operand,)
    for template, text in zip(writing.operands(clause), texts, strict=False):
        escaped = clause.op == "matches" and mode.language_version != 1
        yield tuple(_inverse(preset, (template,), str(text), escaped=escaped))


def _inverse(preset: Preset, alternatives: tuple[str, ...], text: str, *, escaped: bool = False) -> Iterator[Values]:
    """The values that one of the templates may have been filled with to give this text."""
    for way in writing.ways(preset, alternatives).templates:
        decided = {each.name: each.value for each in way.conditions if each.value is not None and each.name != MODE}
        for pattern in _patterns(preset, way, escaped):
            found = re.fullmatch(pattern, text)
            values = _taken(way, found, escaped=escaped) if found else None
            if values is not None and (merged := _merged((decided, values))) is not None:
                yield merged


def _taken(way: Template, found: re.Match[str], *, escaped: bool) -> Values | None:
    pairs = []
    for place, text in zip(way.places, found.groups(), strict=True):
        plain = writing.unescaped(text) if escaped else text
        pairs.append({place.name: place.read(plain)})
    return _merged(pairs)


@cache
def _patterns(preset: Preset, way: Template, escaped: bool) -> tuple[str, ...]:  # noqa: FBT001  a key of the cache
    """How what fills a template looks: by the fields' own patterns, and, where wildcards are escaped, by that alone."""
    own = "".join(_group(preset, each) if isinstance(each, Place) else re.escape(each) for each in way.pieces)
    if not escaped:
        return (own,)
    wild = "".join(f"({_IN_PATTERN})" if isinstance(each, Place) else re.escape(each) for each in way.pieces)
    return (own, wild)


def _group(preset: Preset, place: Place) -> str:
    field = preset.field(place.name)
    if place.encoded or field is None:
        return "([^:]+)" if place.encoded else "(.+)"
    if field.choices:
        return f"({'|'.join(map(re.escape, field.choices))})"
    return f"({_NAMED.sub('(?:', field.pattern)})"


_NAMED: Final = re.compile(r"(?<!\\)\((?!\?)|\(\?P<[^>]+>")
