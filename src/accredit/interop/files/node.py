"""A value of a document together with where it stands, so that what is wrong with it can be said where it is.

Rule 1: a document comes from strangers: every type is looked at before it is used, and nothing is converted.
Rule 2: a place is a JSON pointer (RFC 6901), also in YAML; the document itself has the empty one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.trust.written import WrittenTrust

Path: TypeAlias = tuple[str | int, ...]

MOST: Final = 10_000  # trusts read from one document
_KINDS: Final[Mapping[type, str]] = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A value at its place. What is absent and what is null are alike: a node whose value is ``None``."""

    value: Any
    source: str  # the document, as people name it
    path: Path = ()

    @property
    def pointer(self) -> str:
        """Where it stands."""
        return "".join("/" + str(each).replace("~", "~0").replace("/", "~1") for each in self.path)

    def refuse(self, reason: str) -> NoReturn:
        """Refuse the document for what stands here. ``INPUT_INVALID``."""
        raise Refused(INPUT_INVALID, what=self.source, reason=f"{self.pointer or 'the document'}: {reason}")

    def has(self, *names: str) -> bool:
        """Whether it is an object with all of these members."""
        return isinstance(self.value, dict) and all(name in self.value for name in names)

    def get(self, name: str) -> Node:
        """Return a member of the object that it must be, if it is anything."""
        found = self._is(dict)
        return Node(None if found is None else found.get(name), self.source, (*self.path, name))

    def members(self) -> dict[str, Node]:
        """Return the members of the object that it must be, if it is anything."""
        return {name: Node(each, self.source, (*self.path, name)) for name, each in (self._is(dict) or {}).items()}

    def elements(self) -> list[Node]:
        """Return the elements of the list that it must be, if it is anything."""
        return [Node(each, self.source, (*self.path, n)) for n, each in enumerate(self._is(list) or [])]

    def text(self) -> str | None:
        """Return the text that it must be, if it is anything."""
        found: str | None = self._is(str)
        return found

    def needed(self) -> str:
        """Return the text that it must be."""
        return self.text() or self.refuse("it is missing")

    def texts(self) -> tuple[str, ...]:
        """Return the texts that it must be a list of, if it is anything."""
        return tuple(each.text() or "" for each in self.elements())

    def flag(self, usually: bool) -> bool:  # noqa: FBT001  what it is where nothing is said
        """Return the truth value that it must be, if it is anything."""
        found: bool | None = self._is(bool)
        return usually if found is None else found

    def number(self, usually: int) -> int:
        """Return the whole number that it must be, if it is anything."""
        if isinstance(self.value, bool):
            self.refuse("it must be a number")
        found: int | None = self._is(int)
        return usually if found is None else found

    def moment(self) -> datetime | None:
        """Return the instant that it must be, if it is anything: ISO 8601 with an offset."""
        if (text := self.text()) is None:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        return (
            found if found is not None and found.tzinfo is not None else self.refuse("it must be a time with an offset")
        )

    def _is(self, kind: type) -> Any:  # noqa: ANN401  of that kind
        if self.value is not None and not isinstance(self.value, kind):
            self.refuse(f"it must be {_KINDS[kind]}")
        return self.value


@dataclass(slots=True)
class Found:
    """What a reader has found so far."""

    trusts: list[tuple[WrittenTrust, Path]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, place: Node, trust: WrittenTrust) -> None:
        """Keep a trust and where it stands."""
        if len(self.trusts) == MOST:
            place.refuse(f"more than {MOST} trusts; divide the document")
        self.trusts.append((trust, place.path))

    def note(self, place: Node, sentence: str) -> None:
        """Keep what people must know of what was not read as it stands."""
        self.notes.append(
            f"{place.source} {place.pointer}: {sentence}" if place.path else f"{place.source}: {sentence}"
        )
