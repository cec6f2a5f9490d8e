"""SQLite's write-ahead log, read without SQLite (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).

SQLite ends a log at the first frame whose checksum is wrong, without a word: right for the last transaction of
a machine that lost its power, and wrong where whole transactions lie behind it. Whoever opens such a file with SQLite
loses them for good, because what is written next overwrites them. So a server looks before it opens.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from accredit.errors import STORE_DAMAGED, Refused

if TYPE_CHECKING:
    from os import PathLike
    from typing import BinaryIO

_HEADER: Final = struct.Struct(">8I")  # magic, version, page size, checkpoint, two salts, two checksums
_FRAME: Final = struct.Struct(">6I")  # page number, pages after the commit or 0, two salts, two checksums
_MAGIC: Final = 0x377F0682  # the last bit: words are summed up as big-endian ones
_WORD: Final = 0xFFFFFFFF
_TORN: Final = 1  # transactions that a machine may lose which loses its power: nobody was told of the last one
_PAGE: Final = 4_096  # bytes: where the header does not say it


@dataclass(slots=True)
class WalFile:
    """What a log holds. Numbers of pages begin at 1; offsets are bytes from the beginning of the file."""

    page_size: int = _PAGE
    pages: dict[int, int] = field(default_factory=dict)  # offset of the newest committed content of each page
    count: int = 0  # of the database's pages after the last commit; 0: nothing was committed
    behind: list[tuple[int, int]] = field(default_factory=list)  # (page, offset) of frames behind the damage
    lost: int = 0  # transactions behind the damage


def beside(database: str | PathLike[str]) -> Path:
    """Return where the log of a database is."""
    path = Path(database)
    return path.with_name(f"{path.name}-wal")


def read(path: Path) -> WalFile:
    """Read a log; one that is missing or empty holds nothing. Raises ``OSError``."""
    found = WalFile()
    try:
        with path.open("rb") as file:
            _read(file, found)
    except FileNotFoundError:
        pass
    return found


def refuse_lost_transactions(database: str | PathLike[str]) -> None:
    """Raise ``Refused(STORE_DAMAGED)`` where SQLite would drop transactions of the log without a word."""
    path = beside(database)
    if lost := read(path).lost:
        raise Refused(STORE_DAMAGED, reason=f"{lost} transactions in {path.name} stand behind bytes that are damaged")


def _read(file: BinaryIO, found: WalFile) -> None:
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        return
    magic, _, size, _, *salts, first, second = _HEADER.unpack(head)
    order = ">" if magic & 1 else "<"
    sums = _summed(head[:24], order, (0, 0))
    valid = magic & ~1 == _MAGIC and sums == (first, second)
    found.page_size = (size or 65_536) if valid else _PAGE
    if valid:
        _read_valid(file, found, order, tuple(salts), sums)
    _look_behind(file, found, tuple(salts) if valid else None)


def _read_valid(file: BinaryIO, found: WalFile, order: str, salts: tuple[int, ...], sums: tuple[int, int]) -> None:
    """Follow the chain of checksums, and leave the file where it ends."""
    pending: dict[int, int] = {}
    while True:
        at = file.tell()
        head, content = file.read(_FRAME.size), file.read(found.page_size)
        if len(head) < _FRAME.size or len(content) < found.page_size:
            break
        page, commit, *theirs, first, second = _FRAME.unpack(head)
        sums = _summed(content, order, _summed(head[:8], order, sums))
        if tuple(theirs) != salts or sums != (first, second):
            break
        pending[page] = at + _FRAME.size
        if commit:
            found.pages |= pending
            found.count = commit
            pending.clear()
    file.seek(at)


def _look_behind(file: BinaryIO, found: WalFile, salts: tuple[int, ...] | None) -> None:
    """Count the transactions of the same writing behind the place where the chain ends.

    Frames of an earlier writing have other salts. ``None``: the header is damaged; then the first frame tells them.
    """
    allowed, commits, behind = (0 if salts is None else _TORN), 0, []
    while len(head := file.read(_FRAME.size)) == _FRAME.size:
        at = file.tell()
        page, commit, *theirs, _, _ = _FRAME.unpack(head)
        salts = salts or tuple(theirs)
        if tuple(theirs) == salts and page:
            behind.append((page, at))
            commits += bool(commit)
        file.seek(at + found.page_size)
    if commits > allowed:
        found.lost, found.behind = commits, behind


def _summed(octets: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(octets) // 4}I", octets)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = first + even + second & _WORD
        second = second + odd + first & _WORD
    return first, second
