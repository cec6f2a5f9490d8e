"""Texts with places in them: how a platform writes its issuers, subjects and audiences.

``{x}`` is the text x. ``{x|colon}`` writes every colon in it as ``%3A``. ``{x?}`` is nothing, but x must be given;
``{x=v?}`` is nothing, but x must be v; ``{not_x?}`` is nothing, but x must be absent. ``{{`` and ``}}`` are braces.

Rule 1: a template that names something absent is not filled, never filled with a blank. Of several the first that can
be filled counts.
Rule 2: a name may stand for further templates (``expand``); what is left then has places for what people type only.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

COLON: Final = "colon"  # the only filter
ENCODED_COLON: Final = "%3A"
_PLACE: Final = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)(\?|=[^{}?]*\?|\|[a-z]+)?\}|([{}])")


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a text is put in; ``encoded``: its colons as ``%3A``."""

    name: str
    encoded: bool = False

    def write(self, text: str) -> str:
        """The text as it stands in this place."""
        return text.replace(":", ENCODED_COLON) if self.encoded else text

    def read(self, text: str) -> str:
        """What was put in, from what stands here."""
        return text.replace(ENCODED_COLON, ":") if self.encoded else text


class Condition(msgspec.Struct, frozen=True, gc=False):
    """What must be true of one name for a template to count."""

    name: str
    value: str | None = None  # None: any
    absent: bool = False

    def holds(self, values: Mapping[str, str]) -> bool:
        """Whether it is true of these values."""
        if self.absent:
            return self.name not in values
        return self.name in values if self.value is None else values.get(self.name) == self.value


class Template(msgspec.Struct, frozen=True):
    """Literal text and places in order, and the conditions under which it counts."""

    pieces: tuple[str | Place, ...]
    conditions: tuple[Condition, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """The places, in order; a name may have several."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Place))

    @property
    def uses(self) -> frozenset[str]:
        """The names whose values decide or appear."""
        return frozenset({each.name for each in self.places} | {c.name for c in self.conditions if not c.absent})

    @property
    def names(self) -> frozenset[str]:
        """Every name in it."""
        return frozenset({each.name for each in self.places} | {each.name for each in self.conditions})

    def counts(self, values: Mapping[str, str]) -> bool:
        """Whether its conditions hold; a place may still be without a text."""
        return all(each.holds(values) for each in self.conditions)

    def fill(self, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str | None:
        """The text; ``None`` when it does not count or something is absent. ``escape`` is for what is put in only."""
        if not self.counts(values) or any(place.name not in values for place in self.places):
            return None
        return "".join(
            escape(piece.write(values[piece.name])) if isinstance(piece, Place) else piece for piece in self.pieces
        )


@cache
def parse(text: str) -> Template:
    """Read one template. ``ValueError`` for a brace that belongs to nothing and for a filter that does not exist."""
    pieces: list[str | Place] = []
    conditions: list[Condition] = []
    end = 0
    for found in _PLACE.finditer(text):
        pieces.append(text[end : found.start()])
        end = found.end()
        name, how = found[1], found[2] or ""
        if found[3]:
            message = f"a brace at position {found.start() + 1} belongs to nothing; a brace itself is written twice"
            raise ValueError(f"{text!r}: {message}")
        if name is None:
            pieces.append(found[0][0])
        elif how.endswith("?"):
            conditions.append(_condition(name, how))
        elif how in {"", "|" + COLON}:
            pieces.append(Place(name, encoded=bool(how)))
        else:
            raise ValueError(f"{text!r}: there is no filter {how[1:]}")
    pieces.append(text[end:])
    return Template(_joined(pieces), tuple(conditions))


def _condition(name: str, how: str) -> Condition:
    if how != "?":
        return Condition(name, how[1:-1])
    return Condition(name.removeprefix("not_"), absent=True) if name.startswith("not_") else Condition(name)


def _joined(pieces: Iterable[str | Place]) -> tuple[str | Place, ...]:
    """The same with neighbouring literals as one and without empty ones."""
    found: list[str | Place] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece:
            found.append(piece)
    return tuple(found)


def expand(template: Template, values: Mapping[str, Sequence[Template]]) -> tuple[Template, ...]:
    """The template once for every way in which its named values can be written, in order of preference.

    ``values`` are expanded themselves. The first that can be filled is what the template says.
    """
    choices = [
        values[piece.name] if isinstance(piece, Place) and piece.name in values else (Template((piece,)),)
        for piece in template.pieces
    ]
    return tuple(
        Template(
            _joined(piece for each in chosen for piece in each.pieces),
            (*template.conditions, *(condition for each in chosen for condition in each.conditions)),
        )
        for chosen in product(*choices)
    )


def first(templates: Iterable[Template], values: Mapping[str, str]) -> Template | None:
    """The first that can be filled."""
    return next((each for each in templates if each.fill(values) is not None), None)
