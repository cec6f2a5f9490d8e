"""Clearing a table of what nobody needs any more, a slice at a time, in the order of its primary key.

Rule 1: nobody waits long for a slice: it is so many rows and no more, and a transaction of its own.
Rule 2: nothing is looked for: a row that is not needed stays until the sweep comes by. Whoever reads must not mind it.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


class Sweep:
    """One table, whose primary key is ``key``, and the condition on which its rows may go."""

    def __init__(self, connection: sqlite3.Connection, table: str, key: tuple[str, ...], condition: str) -> None:
        names = ", ".join(key)
        begin, end = (", ".join(f":{which}{place}" for place in range(len(key))) for which in ("begin", "end"))
        self._connection = connection
        self._at: tuple[object, ...] | None = None  # the key that it has come to
        self.passes = 0  # through the table, that are still to be done
        behind = f"({names}) > ({begin})"
        self._end = f"SELECT {names} FROM {table} WHERE {{}} ORDER BY {names} LIMIT 1 OFFSET :rows"  # noqa: S608  our own
        self._clear = f"DELETE FROM {table} WHERE {{}} AND {condition}"  # noqa: S608  names, as above
        self._behind = (behind, "TRUE")
        self._until = f"({names}) <= ({end})"

    def want(self, passes: int) -> None:
        """Have at least so many passes done."""
        self.passes = max(self.passes, passes)

    def step(self, rows: int, values: Mapping[str, object]) -> int:
        """Look at so many rows; return how many went. ``values``: those of the condition. Raises ``sqlite3.Error``."""
        if not self.passes:
            return 0
        begin = self._behind[self._at is None]
        known = dict(values) | {f"begin{place}": each for place, each in enumerate(self._at or ())}
        with closing(self._connection.execute(self._end.format(begin), known | {"rows": rows - 1})) as cursor:
            end = cursor.fetchone()
        if end is None:
            until = begin
        else:
            until = f"{begin} AND {self._until}"
            known |= {f"end{place}": each for place, each in enumerate(end)}
        self._connection.execute("BEGIN IMMEDIATE")
        gone = self._connection.execute(self._clear.format(until), known).rowcount
        self._connection.execute("COMMIT")
        self._at = end
        self.passes -= end is None
        return gone
