"""A connection to read with. What turns out to be long is done aside: nobody else waits for it.

Rule 1: every statement begins where it is asked, without a thread: nearly all of them end within a millisecond.
Rule 2: one that has taken ``STEPS`` is given up there, and runs in a thread from its beginning, in the same view.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    Values = Sequence[Any] | Mapping[str, Any]

STEPS: Final = 30_000  # of SQLite's machine: 1 to 10 milliseconds, by what has to be fetched
_LOOKED_AT_AFTER: Final = 2_000  # steps


class Reader:
    """One connection, which one view at a time uses."""

    def __init__(self, connection: sqlite3.Connection, aside: Executor) -> None:
        self.connection = connection
        self._aside = aside
        self._left: int | None = None  # steps that the statement may take; None: as many as it needs
        connection.set_progress_handler(self._refuse_more, _LOOKED_AT_AFTER)

    async def rows(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        """Return all that one statement finds."""
        try:
            with self._limited():
                return self.connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
        return await self._rows_aside(statement, values)

    async def _rows_aside(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        import asyncio  # noqa: PLC0415  commands read without a loop, and need not pay for it

        begun = self._aside.submit(self._whole, statement, values)
        waiting = asyncio.wrap_future(begun)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:  # whoever asked has gone: the connection is free when the statement has ended
            waiting.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            if not begun.cancel():
                self.connection.interrupt()
                await asyncio.wait({waiting})
            raise

    def _whole(self, statement: str, values: Values) -> list[tuple[Any, ...]]:
        self.connection.set_progress_handler(None, 0)  # which would need the interpreter, and disturb who has it
        try:
            return self.connection.execute(statement, values).fetchall()
        finally:
            self.connection.set_progress_handler(self._refuse_more, _LOOKED_AT_AFTER)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        self._left = STEPS
        try:
            yield
        finally:
            self._left = None

    def _refuse_more(self) -> bool:
        """Count the steps of a statement. Anything true ends it with SQLITE_INTERRUPT."""
        if self._left is not None:
            self._left -= _LOOKED_AT_AFTER
        return self._left is not None and self._left < 0
