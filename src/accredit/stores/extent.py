"""How much of a SQLite file the sign-in log takes: its rows counted by their numbers, their size by a sample of them.

Pages tell what the whole file takes, the directory included; to read every row of a log of gigabytes takes a minute.
Rows arrive in the order of their numbers and leave from the oldest, so the numbers have no gaps.
Claims that many events have in common are stored once, those that nothing repeats with every event. A set that the
sample has once is taken for one of many that are used once; a set that it has more often, for itself.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

SAMPLE: Final = 1_024  # rows that are looked at; a log of fewer is measured exactly
OF_SET: Final = 80  # bytes that a set of claims takes besides its body: its id and that in an index, the day
BESIDE: Final = 340  # bytes that a row takes besides its body: other columns, its indexes, what pages leave empty
MOVED: Final = 0.1  # of the rows have come or gone since the last sample: time for another one


class Extent:
    """What the log takes, asked over the connection that writes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._mean = 0.0  # bytes of a row
        self._measured: tuple[int, int] | None = None  # first and last row when ``_mean`` was found

    def rows(self) -> int:
        """Return how many rows there are."""
        first, last = self._ends()
        return last - first + 1

    def size(self) -> int:
        """Return how many bytes the log takes, its indexes included."""
        first, last = self._ends()
        rows = last - first + 1
        if self._measured is None or abs(first - self._measured[0]) + abs(last - self._measured[1]) > rows * MOVED:
            self._mean = self._measure(first, rows)
            self._measured = first, last
        return int(rows * self._mean)

    def _ends(self) -> tuple[int, int]:
        query = "SELECT coalesce((SELECT min(seq) FROM signins), 1), coalesce((SELECT max(seq) FROM signins), 0)"
        first, last = self._connection.execute(query).fetchone()
        return int(first), int(last)

    def _measure(self, first: int, rows: int) -> float:
        numbers = range(first, first + rows, max(1, rows // SAMPLE))
        claims = "(SELECT length(c.body) FROM claim_sets AS c WHERE c.id = claims)"
        query = f"SELECT length(body), claims, {claims} FROM signins WHERE seq IN ({','.join(map(str, numbers))})"  # noqa: S608
        sample = self._connection.execute(query).fetchall()
        if not sample:
            return BESIDE
        many = rows / len(sample)  # rows that one of the sample stands for
        seen = Counter(id_ for _, id_, length in sample if length is not None)
        sets = {id_: length + OF_SET for _, id_, length in sample if length is not None}
        shared = sum(length * (many if seen[id_] == 1 else 1) for id_, length in sets.items())
        return BESIDE + float(sum(length for length, *_ in sample) / len(sample) + shared / rows)
