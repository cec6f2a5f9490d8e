"""A bounded memory of answers, each of which knows what it was made of."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from uuid import UUID

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """At most ``most`` answers: the one that was longest not asked for makes room."""

    __slots__ = ("_answers", "_most", "_of")

    def __init__(self, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[K, tuple[V, frozenset[UUID]]] = OrderedDict()
        self._of: dict[UUID, set[K] | tuple[K]] = {}  # most things are part of one answer only: no set for those

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: K) -> V | None:
        found = self._answers.get(key)
        if found is None:
            return None
        self._answers.move_to_end(key)
        return found[0]

    def made_of(self, key: K) -> tuple[UUID, ...]:
        """Return what a kept answer is made of."""
        return tuple(self._answers[key][1])

    def put(self, key: K, answer: V, made_of: Iterable[UUID]) -> None:
        """Remember ``answer`` until one of the things that it is made of changes."""
        self._drop(key)
        while len(self._answers) >= self._most:
            self._drop(next(iter(self._answers)))
        parts = frozenset(made_of)
        self._answers[key] = (answer, parts)
        for part in parts:
            keys = self._of.get(part)
            if keys is None:
                self._of[part] = (key,)
            elif isinstance(keys, set):
                keys.add(key)
            else:
                self._of[part] = {*keys, key}

    def forget(self, changed: Iterable[UUID]) -> None:
        """Forget every answer that is made of one of these."""
        for part in changed:
            for key in tuple(self._of.get(part, ())):
                self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()
        self._of.clear()

    def _drop(self, key: K) -> None:
        found = self._answers.pop(key, None)
        for part in found[1] if found else ():
            keys = self._of[part]
            if isinstance(keys, set) and len(keys) > 1:
                keys.discard(key)
            else:
                del self._of[part]
