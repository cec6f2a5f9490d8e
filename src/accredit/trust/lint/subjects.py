"""What a subject, or a pattern over subjects, leaves no choice in: read through the forms of its platform.

Rule 1: a segment of a pattern is pinned when every subject that fits has the same text there. Literal text counts when
the delimiters around it are literal and nothing before it can take a delimiter: then it can stand in no other place.
Rule 2: in doubt nothing is pinned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from accredit.trust.expression.glob import ANY, DELIMITERS, FREE, ONE, RUN, Token, tokens
from accredit.trust.lint.grammar import Piece, Sequence, sequences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accredit.trust.expression.glob import Glob
    from accredit.trust.presets import Preset, Segment
    from accredit.trust.presets.claims import SubjectForm

_AT_ONCE: Final = 128  # patterns that are remembered: one expression is asked about them for each of its branches
MOST_STEPS: Final = 4_000  # of reading one pattern by one sequence; beyond that nothing is known
_CROSSING: Final = frozenset({ANY, FREE})
_WILD: Final = frozenset({ANY, FREE, ONE, RUN})
_UUID: Final = "00000000-0000-0000-0000-000000000000"
_FILLERS: Final = ("", "a", "0", "a/a", "a:a", "branch", "tag", "/a", "ref:refs/heads/a", "000000000000", _UUID)


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject or a pattern, by one form of its platform."""

    form: SubjectForm
    values: Mapping[str, str]  # segments that are pinned
    spans: Mapping[str, tuple[int, int]]  # of those: text[start:end]
    open: Mapping[str, str]  # segments that vary, and the literal text with which they must begin
    wild: Mapping[str, tuple[int, int]]  # of those: the ones in which a wildcard is written, and where
    rooted: frozenset[str] = frozenset()  # paths that vary only below their first component

    def segment(self, name: str) -> Segment:
        """Return what the preset says of a segment."""
        return self.form.segments[name]


def exact(preset: Preset, subject: str) -> Subject | None:
    """Read an exact subject; ``None``: it has no form of this platform."""
    found = preset.read_subject(subject)
    return Subject(found.form, found.values, found.spans, {}, {}) if found else None


@lru_cache(maxsize=_AT_ONCE)
def pattern(preset: Preset, glob: Glob) -> tuple[Subject, ...]:
    """Read a pattern by every form that a subject which fits it may have."""
    symbols = tuple(tokens(glob.pattern, glob.language_version))
    found = (_by_form(form, symbols) for form in preset.subject_forms)
    return tuple(each for each in found if each is not None)


def samples(glob: Glob) -> Iterator[str]:
    """Yield some values that may fit a pattern: with one thing or another in the place of each wildcard."""
    symbols = [each.symbol for each in tokens(glob.pattern, glob.language_version)]
    for filler in _FILLERS:
        yield "".join(filler if each in _WILD else each for each in symbols)


@lru_cache(maxsize=_AT_ONCE)
def literal(glob: Glob) -> str | None:
    """Return the one value that fits a pattern without wildcards."""
    symbols = [each.symbol for each in tokens(glob.pattern, glob.language_version)]
    return None if _WILD & set(symbols) else "".join(symbols)


@lru_cache(maxsize=_AT_ONCE)
def beginning(glob: Glob) -> str:
    """Return the literal text with which whatever fits begins."""
    return _beginning(tuple(tokens(glob.pattern, glob.language_version)))


def ending(glob: Glob) -> str:
    """Return the literal text with which whatever fits ends."""
    return _beginning(tuple(tokens(glob.pattern, glob.language_version))[::-1])[::-1]


def _beginning(symbols: tuple[Token, ...]) -> str:
    first = next((at for at, each in enumerate(symbols) if each.symbol in _WILD), len(symbols))
    return "".join(each.symbol for each in symbols[:first])


@dataclass(frozen=True, slots=True)
class _Found:
    """One segment as one reading has it."""

    text: str  # the whole of it, or its literal beginning
    whole: bool
    span: tuple[int, int]
    wild: bool = False


_Reading = dict[str, _Found]


def _by_form(form: SubjectForm, symbols: tuple[Token, ...]) -> Subject | None:
    readings: list[_Reading] = []
    for sequence in sequences(form.regex):
        steps = _Steps()
        readings += _read(sequence, symbols, steps)
        if steps.spent:
            return Subject(form, {}, {}, dict.fromkeys(form.segments, ""), {})
    return _together(form, readings) if readings else None


class _Steps:
    """Counts what reading costs."""

    def __init__(self) -> None:
        self.left = MOST_STEPS

    @property
    def spent(self) -> bool:
        return self.left <= 0

    def take(self) -> bool:
        self.left -= 1
        return self.left > 0


def _read(pieces: Sequence, symbols: tuple[Token, ...], steps: _Steps) -> Iterator[_Reading]:
    """Yield every way in which the pattern may be laid over the pieces."""
    if not steps.take():
        return
    if not pieces:
        if all(each.symbol in {FREE, RUN} for each in symbols):
            yield {}
        return
    piece, rest = pieces[0], pieces[1:]
    if not piece.group:
        yield from _literal(piece, rest, symbols, steps)
        return
    for size in _sizes(rest, symbols):
        inside = symbols[:size]
        for after in _read(rest, symbols[size:], steps) if _fits(piece, inside) else ():
            yield _with(piece, inside, after)
    reach = _reach(rest, symbols)
    if reach < len(symbols) and _fits(piece, symbols[: reach + 1]):
        yield from _unsure(pieces, symbols)


def _literal(piece: Piece, rest: Sequence, symbols: tuple[Token, ...], steps: _Steps) -> Iterator[_Reading]:
    for at, character in enumerate(piece.text):
        if at == len(symbols):
            return
        if symbols[at].symbol in _WILD:  # what should be structure is anything: from here on nothing is sure
            yield from _unsure(rest, symbols[at:])
            return
        if symbols[at].symbol != character:
            return
    yield from _read(rest, symbols[len(piece.text) :], steps)


def _sizes(rest: Sequence, symbols: tuple[Token, ...]) -> Iterator[int]:
    """Yield how many symbols a group may take: up to what follows it, and never beyond what takes delimiters."""
    reach = _reach(rest, symbols)
    if not rest:
        yield reach
        return
    following = rest[0]
    for size in range(reach + 1):
        if following.group or (size < len(symbols) and symbols[size].symbol == following.text[0]):
            yield size


def _reach(rest: Sequence, symbols: tuple[Token, ...]) -> int:
    """Return how far a group may go for its end to be sure: to what crosses delimiters, or what may take its end."""
    if not rest:
        return len(symbols)
    sure = not rest[0].group and rest[0].text[0] in DELIMITERS
    stops = _CROSSING if sure else _WILD
    return next((at for at, each in enumerate(symbols) if each.symbol in stops), len(symbols))


def _fits(piece: Piece, inside: tuple[Token, ...]) -> bool:
    """Whether a segment may read so: as it stands, or with something in the place of each wildcard."""
    if not _WILD & {each.symbol for each in inside}:
        return re.fullmatch(piece.text, "".join(each.symbol for each in inside)) is not None
    tried = ("".join(filler if each.symbol in _WILD else each.symbol for each in inside) for filler in _FILLERS)
    return any(re.fullmatch(piece.text, each) for each in tried)


def _with(piece: Piece, inside: tuple[Token, ...], after: _Reading) -> _Reading:
    if not piece.name:
        return after
    wild = bool(_WILD & {each.symbol for each in inside})
    return {piece.name: _Found(_beginning(inside), not wild, _span(inside), wild), **after}


def _unsure(pieces: Sequence, symbols: tuple[Token, ...]) -> Iterator[_Reading]:
    """The first segment begins so, and it and all that follow may be anything."""
    groups = [each for each in pieces if each.group]
    found: _Reading = {each.name: _Found("", whole=False, span=(0, 0)) for each in groups if each.name}
    if pieces and pieces[0].name:
        found[pieces[0].name] = _Found(_beginning(symbols), whole=False, span=_span(symbols), wild=True)
    yield found


def _span(inside: tuple[Token, ...]) -> tuple[int, int]:
    return (inside[0].start, inside[-1].end) if inside else (0, 0)


def _together(form: SubjectForm, readings: list[_Reading]) -> Subject:
    """What all readings say."""
    values: dict[str, str] = {}
    spans: dict[str, tuple[int, int]] = {}
    rest: dict[str, str] = {}
    wild: dict[str, tuple[int, int]] = {}
    rooted: set[str] = set()
    for name in dict.fromkeys(each for reading in readings for each in reading if each in form.segments):
        found = [reading.get(name, _Found("", whole=False, span=(0, 0))) for reading in readings]
        if all(each.whole and each.text == found[0].text for each in found):
            values[name], spans[name] = found[0].text, found[0].span
            continue
        rest[name] = _common([each.text for each in found])
        if written := next((each.span for each in found if each.wild), None):
            wild[name] = written
        roots = {_root(each) for each in found}
        if len(roots) == 1 and None not in roots:
            rooted.add(name)
    return Subject(form, values, spans, rest, wild, frozenset(rooted))


def _root(found: _Found) -> str | None:
    """Return the first component of a path, where that is sure."""
    first, slash, _ = found.text.partition("/")
    return first if found.whole or slash else None


def _common(texts: list[str]) -> str:
    low, high = min(texts), max(texts)
    same = next((at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low))
    return low[:same]
