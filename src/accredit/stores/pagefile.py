"""A SQLite file, read without SQLite: what still stands in its pages when SQLite refuses to read on.

Format: https://www.sqlite.org/fileformat2.html. A page that makes no sense is left out and counted; what stood below it
is found again by looking at the pages that no tree leads to. Nothing is ever written.

Rule 1: a page on the list of free pages is no page of anything: what it holds was deleted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from accredit.stores import walfile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

INDEX_INTERIOR: Final = 2
TABLE_INTERIOR: Final = 5
INDEX_LEAF: Final = 10
TABLE_LEAF: Final = 13
_INTERIOR: Final = (INDEX_INTERIOR, TABLE_INTERIOR)
_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100  # bytes of the first page before its tree
_LARGEST: Final = 2**30  # bytes of one record
_TYPE: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # bytes of whole numbers by their serial type
_REAL: Final = 7
_ZERO: Final = 8
_ONE: Final = 9
_TEXT_OR_BLOB: Final = 12

Values = tuple[Any, ...]


class Unreadable(Exception):
    """A page, or a cell of one, makes no sense."""


@dataclass(slots=True)
class Tree:
    """What walking through one tree came across."""

    bad_pages: int = 0
    bad_cells: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return not (self.bad_pages or self.bad_cells)


@dataclass(slots=True)
class PageFile:
    """The pages of the file at ``path`` as of the last commit in its log. A context manager."""

    path: Path
    header: bool = field(init=False)  # whether the file's header can be believed
    count: int = field(init=False)  # of pages
    free: frozenset[int] | None = field(init=False)  # pages of nothing; None: the list of them cannot be read
    wal: walfile.WalFile = field(init=False)
    _size: int = field(init=False)
    _seen: bytearray = field(init=False)
    _file: Any = field(init=False)
    _log: Any = field(init=False)  # the write-ahead log, open; None where it holds nothing

    def __post_init__(self) -> None:
        self._file = self.path.open("rb")
        self.wal = walfile.read(log := walfile.beside(self.path))
        self._log = log.open("rb") if self.wal.pages or self.wal.behind else None
        self._size = self.wal.page_size
        first = self._octets(1)
        self.header = first.startswith(_MAGIC)
        if self.header and not self.wal.pages:
            size = int.from_bytes(first[16:18], "big")
            self._size = 65_536 if size == 1 else size
        self.count = self.wal.count or self.path.stat().st_size // self._size
        self._seen = bytearray(self.count + 1)
        self.free = self._free_pages() if self.header else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self._log is not None:
            self._log.close()

    def rows(self, root: int, tree: Tree) -> Iterator[tuple[int, Values]]:
        """Yield (rowid, values) of a table, (0, values) of an index, in the order of its pages; count what is left out.

        No page is gone through twice.
        """
        waiting = [root]
        while waiting:
            number = waiting.pop()
            if not 1 <= number <= self.count or self._seen[number]:
                tree.bad_pages += 1
                continue
            self._seen[number] = 1
            try:
                kind, content, cells, right = self._page(number)
            except Unreadable:
                tree.bad_pages += 1
                continue
            if kind in _INTERIOR:
                children = [int.from_bytes(content[at : at + 4], "big") for at in cells]
                waiting += [right, *reversed(children)]
            if kind != TABLE_INTERIOR:
                yield from self._cells(content, cells, kind, tree)

    def orphans(self) -> Iterator[tuple[int, Values]]:
        """Yield (rowid, values) of every page of a table that no tree led to so far and that is not known as free."""
        free = self.free or frozenset()
        for number in range(1, self.count + 1):
            if not self._seen[number] and number not in free:
                yield from self._alone(self._octets(number), number)

    def behind(self) -> Iterator[tuple[int, Values]]:
        """Yield (rowid, values) of pages of tables in the log behind what is damaged of it."""
        for number, offset in self.wal.behind:
            self._log.seek(offset)
            yield from self._alone(self._log.read(self._size), number)

    def _alone(self, content: bytes, number: int) -> Iterator[tuple[int, Values]]:
        try:
            kind, content, cells, _ = _understood(content, number)
        except Unreadable:
            return
        if kind == TABLE_LEAF:
            yield from self._cells(content, cells, kind, Tree())

    def _cells(self, content: bytes, cells: list[int], kind: int, tree: Tree) -> Iterator[tuple[int, Values]]:
        for at in cells:
            try:
                yield self._cell(content, at, kind)
            except (Unreadable, IndexError, ValueError, struct.error):
                tree.bad_cells += 1

    def _cell(self, content: bytes, at: int, kind: int) -> tuple[int, Values]:
        at += 4 * (kind in _INTERIOR)
        length, at = _varint(content, at)
        rowid = 0
        if kind == TABLE_LEAF:
            rowid, at = _varint(content, at)
        if length > _LARGEST:
            raise Unreadable
        return _signed(rowid), _record(self._payload(content, at, length, table=kind == TABLE_LEAF))

    def _payload(self, content: bytes, at: int, length: int, *, table: bool) -> bytes:
        """Return a record that may go on in pages of its own."""
        most = self._size - 35 if table else (self._size - 12) * 64 // 255 - 23
        least = (self._size - 12) * 32 // 255 - 23
        here = length
        if length > most:
            here = least + (length - least) % (self._size - 4)
            here = here if here <= most else least
        parts, left = [content[at : at + here]], length - here
        following = int.from_bytes(content[at + here : at + here + 4], "big") if left else 0
        while left:
            if not 1 <= following <= self.count:
                raise Unreadable
            more = self._octets(following)
            parts.append(more[4 : 4 + left])
            left -= len(parts[-1])
            following = int.from_bytes(more[:4], "big")
        payload = b"".join(parts)
        if len(payload) != length:
            raise Unreadable
        return payload

    def _page(self, number: int) -> tuple[int, bytes, list[int], int]:
        return _understood(self._octets(number), number)

    def _octets(self, number: int) -> bytes:
        file, offset = self._file, (number - 1) * self._size
        if (logged := self.wal.pages.get(number)) is not None:
            file, offset = self._log, logged
        file.seek(offset)
        found: bytes = file.read(self._size)
        return found

    def _free_pages(self) -> frozenset[int] | None:
        first = self._octets(1)
        trunk, count = struct.unpack(">2I", first[32:40])
        found: set[int] = set()
        while trunk and trunk not in found and trunk <= self.count:
            content = self._octets(trunk)
            following, leaves = struct.unpack(">2I", content[:8])
            if leaves > self._size // 4 - 2:
                return None
            found |= {trunk, *struct.unpack(f">{leaves}I", content[8 : 8 + 4 * leaves])}
            trunk = following
        return frozenset(found) if len(found) == count else None


def _understood(content: bytes, number: int) -> tuple[int, bytes, list[int], int]:
    """Return kind, content, where the cells begin, and the page to the right of an interior one."""
    start = _HEADER if number == 1 else 0
    if len(content) < start + 12 or (kind := content[start]) not in (*_INTERIOR, INDEX_LEAF, TABLE_LEAF):
        raise Unreadable
    (count,) = struct.unpack(">H", content[start + 3 : start + 5])
    first = start + (12 if kind in _INTERIOR else 8)
    if first + 2 * count > len(content):
        raise Unreadable
    cells = list(struct.unpack(f">{count}H", content[first : first + 2 * count]))
    if any(at < first + 2 * count or at >= len(content) for at in cells):
        raise Unreadable
    return kind, content, cells, int.from_bytes(content[start + 8 : start + 12], "big")


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(8):
        octet = content[at + place]
        value = value << 7 | octet & 127
        if octet < 128:  # noqa: PLR2004  the eighth bit says that more follows
            return value, at + place + 1
    return value << 8 | content[at + 8], at + 9


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _record(payload: bytes) -> Values:
    """Return the values of a record. Raises ``Unreadable``, ``IndexError``, ``ValueError``."""
    end, at = _varint(payload, 0)
    if end > len(payload):
        raise Unreadable
    body, values = end, []
    while at < end:
        kind, at = _varint(payload, at)
        length = _length(kind)
        values.append(_value(kind, payload[body : body + length], length))
        body += length
    if body != len(payload):
        raise Unreadable
    return tuple(values)


def _length(kind: int) -> int:
    if kind >= _TEXT_OR_BLOB:
        return (kind - _TEXT_OR_BLOB) // 2
    if kind in {10, 11}:  # never written to a file
        raise Unreadable
    return 8 if kind == _REAL else _TYPE.get(kind, 0)


def _value(kind: int, octets: bytes, length: int) -> Any:  # noqa: ANN401  whatever a column holds
    if len(octets) != length:
        raise Unreadable
    if kind >= _TEXT_OR_BLOB:
        return octets.decode() if kind % 2 else octets
    if kind in _TYPE:
        return int.from_bytes(octets, "big", signed=True)
    if kind == _REAL:
        return struct.unpack(">d", octets)[0]
    return {_ZERO: 0, _ONE: 1}.get(kind)
