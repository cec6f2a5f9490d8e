"""The things of one kind, in memory, with an index for each question that may be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from accredit.stores.kinds import Kind, V

if TYPE_CHECKING:
    from collections.abc import Iterable

Values = tuple[object, ...]


class Table(Generic[V]):
    """The things of one kind by key, with the order in which they came, and an index for each question."""

    __slots__ = ("_mine", "indexes", "kind", "rows")

    def __init__(self, kind: Kind[V]) -> None:
        self.kind = kind
        self.rows: dict[str, tuple[int, V]] = {}
        columns = {(name,) for name in kind.indexed} | {unique.columns for unique in kind.uniques}
        self.indexes: dict[tuple[str, ...], dict[Values, dict[str, None]]] = {each: {} for each in columns}
        self._mine: set[tuple[tuple[str, ...], Values]] = set()

    def fork(self) -> Table[V]:
        """Return a table that can change while this one stays as it is. Buckets are copied when they change."""
        forked = Table(self.kind)
        forked.rows = self.rows.copy()
        forked.indexes = {columns: index.copy() for columns, index in self.indexes.items()}
        return forked

    def set(self, key: str, seq: int, value: V) -> None:
        self.delete(key)
        self.rows[key] = (seq, value)
        for columns in self.indexes:
            self._bucket(columns, self.values(value, columns))[key] = None

    def delete(self, key: str) -> None:
        if (old := self.rows.pop(key, None)) is None:
            return
        for columns, index in self.indexes.items():
            values = self.values(old[1], columns)
            bucket = self._bucket(columns, values)
            del bucket[key]
            if not bucket:
                del index[values]
                self._mine.discard((columns, values))

    def values(self, value: V, columns: tuple[str, ...]) -> Values:
        return tuple(self.kind.encoded(name, self.kind.column(value, name)) for name in columns)

    def _bucket(self, columns: tuple[str, ...], values: Values) -> dict[str, None]:
        index = self.indexes[columns]
        if (columns, values) not in self._mine:
            self._mine.add((columns, values))
            index[values] = index.get(values, {}).copy()
        return index[values]

    def taken(self, columns: tuple[str, ...], values: Values) -> Iterable[str]:
        return self.indexes[columns].get(values, ())

    def search(self, where: dict[str, object]) -> Iterable[str]:
        """Return the keys of the rows whose columns equal ``where``: the smallest bucket, sifted by the others."""
        if not where:
            return self.rows
        buckets = [self.indexes[name,].get((self.kind.encoded(name, value),), {}) for name, value in where.items()]
        smallest, *others = sorted(buckets, key=len)
        return [key for key in smallest if all(key in other for other in others)]
