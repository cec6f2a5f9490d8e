"""Templates of the dialects: values of TOML, with places in their texts, at any depth.

``{x}`` is x, and alone keeps the type of x; ``{x|sub}`` is x as it stands in a subject (a colon becomes %3A);
``{x?}`` is nothing but must exist; ``{x=v?}`` is nothing, and the parameter x must be v. ``{null}``, alone, is JSON
null; a null within a text is nothing. A brace around a place stays: ``{{x}}`` is x in braces.

A text that names something absent is absent; so is a member of a table or an item of a list, and a table or list of
which nothing is left. A table with a member ``"?"`` exists only where that text does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Template = object
"""What TOML can say but dates."""

_PLACE: Final = re.compile(r"\{(?P<name>[a-z][a-z0-9_]*)(?:(?P<mark>\?|\|sub)|=(?P<equal>[^{}?]+)\?)?\}")


class Absent(Enum):
    """What a template is that names something which does not exist."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
ONLY: Final = "?"  # the member of a table that says when there is one


@dataclass(frozen=True, slots=True)
class Place:
    """One name in a template."""

    name: str
    mark: str = ""  # "?" or "|sub"
    equal: str | None = None  # what it must be

    @classmethod
    def of(cls, found: re.Match[str]) -> Place:
        return cls(found["name"], found["mark"] or "", found["equal"])

    def exists(self, values: Mapping[str, object]) -> bool:
        return self.name in values and (self.equal is None or values[self.name] == self.equal)

    @property
    def silent(self) -> bool:
        """Whether it only asks."""
        return self.mark == "?" or self.equal is not None

    def text(self, values: Mapping[str, object]) -> str:
        value = values[self.name]
        if self.silent or value is None:
            return ""
        return str(value).replace(":", "%3A") if self.mark else str(value)


def render(template: Template, values: Mapping[str, object]) -> object:
    """Fill ``template``; ``ABSENT`` when it, or everything in it, names something that does not exist."""
    if isinstance(template, str):
        return _text(template, values)
    if isinstance(template, dict):
        if render(template.get(ONLY, ""), values) is ABSENT:
            return ABSENT
        members = {name: render(each, values) for name, each in template.items() if name != ONLY}
        left = {name: each for name, each in members.items() if each is not ABSENT}
        return ABSENT if template and not left else left
    if isinstance(template, list):
        items = [each for each in (render(each, values) for each in template) if each is not ABSENT]
        return ABSENT if template and not items else items
    return template


def first(templates: tuple[Template, ...], values: Mapping[str, object]) -> object:
    """Fill the first of ``templates`` that can be filled; ``ABSENT`` when none can."""
    rendered = (render(each, values) for each in templates)
    return next((each for each in rendered if each is not ABSENT), ABSENT)


def _text(template: str, values: Mapping[str, object]) -> object:
    if not all(place.exists(values) for place in places(template)):
        return ABSENT
    whole = _PLACE.fullmatch(template)
    if whole is not None:
        place = Place.of(whole)
        if not place.silent and not place.mark:
            return values[place.name]
    return _PLACE.sub(lambda found: Place.of(found).text(values), template)


def places(template: Template) -> Iterator[Place]:
    """Yield the places of a template, in the order in which they stand."""
    if isinstance(template, str):
        yield from (Place.of(found) for found in _PLACE.finditer(template))
    elif isinstance(template, dict):
        for each in template.values():
            yield from places(each)
    elif isinstance(template, list):
        for each in template:
            yield from places(each)
