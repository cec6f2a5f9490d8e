"""Sign-in events in the SQLite file: one thread with a connection of its own writes them, a batch at a time.

Rule 1: a batch is one transaction that holds the write lock from its first look at what has changed until its events
are synced to disk: no change can slip in between.
Rule 2: what is too old or too much is deleted (``accredit.stores.retention``) after the answers that waited for a batch
are on their way.
Rule 3: an assertion that is good for one token is used up in the transaction of the grant's event, or not at all.
Rule 4: above its cap, with nothing that may be deleted for it, the log takes nothing.
Rule 5: nothing ends the thread but ``close``: a fault fails its batch, or waits for the next look at retention.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import STORE_BUSY, Refused
from accredit.stores import assertions_used, event_counts, sqlite
from accredit.stores.batches import Batch
from accredit.stores.event_index import EventIndex
from accredit.stores.event_row import INSERT, KEEP_CLAIMS, REPLACE, ClaimSets, row
from accredit.stores.extent import Extent
from accredit.stores.health import READ_ONLY, Damage, plain
from accredit.stores.retention import Caps, Retention
from accredit.stores.staleness import Changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from accredit.ports import Clock
    from accredit.stores.batches import Entry
    from accredit.stores.event_row import Row

_USED: Final = "SELECT totals FROM signins_indexed WHERE totals > (SELECT coalesce(max(seq), 0) FROM signins)"
_STAND_IN: Final = (
    "INSERT INTO signins (seq, id, at, tenant_id, app_id, code, address, proof, count, body)"
    " VALUES (?, randomblob(16), 0, zeroblob(16), zeroblob(16), 0, '', '', 0, zeroblob(?)) RETURNING seq"
)
_REMOVE: Final = "DELETE FROM signins WHERE seq = ?"


@dataclass(frozen=True, slots=True)
class Reserve:
    """Free space that is left for grants and changes: the larger of the two."""

    share: float = 0.05  # of the file system
    size: int = 256 * 2**20  # bytes


class SqliteSink:
    """Writes batches to the file at ``path``, whose schema exists. ``clock`` tells what is too old."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        caps: Caps | None = None,
        reserve: Reserve | None = None,
        damage: Damage | None = None,
    ) -> None:
        self.reserve = False
        self._damage = found = damage or Damage()
        self.deleted = 0  # events that were too old or too many
        self._make: Callable[[], _Writer] = lambda: _Writer(path, clock, caps or Caps(), reserve or Reserve(), found)
        self._jobs: SimpleQueue[tuple[Batch, Callable[[], object]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Why nothing can be written at present: no thread, a damaged file, or a log that is above its cap."""
        if self._thread is not None and not self._thread.is_alive():
            return "the log's thread has ended"
        return self._damage.found or self._trouble

    def open(self) -> str:
        """Connect, in the thread that writes. Raises what ``sqlite.connect`` raises, STORE_DAMAGED, or ``OSError``."""
        opened: SimpleQueue[Exception | str] = SimpleQueue()
        thread = threading.Thread(target=self._run, args=(opened,), name="sign-in events", daemon=True)
        thread.start()
        if isinstance(found := opened.get(), Exception):
            raise found
        self._thread = thread
        return found

    def write(self, batch: Batch, done: Callable[[], object]) -> None:
        """Put a batch before the thread. A log that is closed fails it."""
        if self._thread is None:
            batch.failure = "the log is closed"
            done()
            return
        self._jobs.put((batch, done))

    def close(self, timeout: float) -> None:
        """Let the thread finish its work and end, for at most ``timeout`` seconds."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join(timeout)

    def _run(self, opened: SimpleQueue[Exception | str]) -> None:
        try:
            writer = self._make()
            failure = writer.first_failure()
        except Exception as error:  # noqa: BLE001  whoever opens the log raises it
            opened.put(error)
            return
        self._take_over(writer)
        opened.put(failure)
        while (job := self._jobs.get()) is not None:
            batch, done = job
            writer.store(batch)
            with suppress(RuntimeError):  # the loop that waited is closed: nobody waits any more
                done()
            writer.follow(len(batch.entries) + len(batch.aggregates))
            if batch.tend or writer.retention.behind:
                self.deleted += writer.tend(len(batch.entries))
                self._take_over(writer)
        writer.close()

    def _take_over(self, writer: _Writer) -> None:
        self._trouble = writer.trouble
        self.reserve = writer.reserve


class _Writer:
    """The thread's own connection and what it does with it."""

    def __init__(self, path: Path, clock: Clock, caps: Caps, keep_free: Reserve, damage: Damage) -> None:
        self._connection = sqlite.connect(path)
        self._path = path
        self._caps = caps
        self._keep_free = keep_free
        self._damage = damage
        self._changes = Changes()
        self._index = EventIndex(self._connection)
        self.retention = Retention(self._connection, clock, caps, Extent(self._connection), self._index)
        self._claims = ClaimSets()
        self._used = assertions_used.Used(self._connection)
        self._clock = clock
        self.trouble = ""  # why nothing is written: above the cap, with nothing that may be deleted
        self.reserve = self._nearly_full()
        self._judge()

    def first_failure(self) -> str:
        """Try to write, and return why that fails; ``""`` when it does not: nobody need ask for a token to find out.

        Raises ``Refused`` for what does not pass: damage, and a file that was opened read-only and so stays.
        """
        self.store(tried := Batch(probe=True))
        self._damage.refuse_to_write()
        if tried.failure.startswith(READ_ONLY):
            raise Refused(STORE_BUSY, reason=tried.failure)
        return tried.failure

    def store(self, batch: Batch) -> None:
        """Compare and write a batch, or say in it why it could not be written."""
        try:
            if self._damage.found:
                batch.failure = self._damage.found
            elif self.trouble and (batch.probe or any(entry.tally is None for entry in batch.entries)):
                batch.failure = self.trouble
            elif batch.aggregates or batch.probe or any(entry.tally is None for entry in batch.entries):
                self._in_transaction(batch)
            else:
                self._compare(batch.entries)
        except (sqlite3.Error, OSError) as error:
            self._damage.note(error)
            self._undo()
            batch.failure = plain(error)
        except Exception as error:  # noqa: BLE001  the thread must live on; what waits for this batch is told
            self._undo()
            batch.failure = f"a fault of ours, {type(error).__name__}: {error}"

    def follow(self, written: int) -> None:
        """Have the index and the counts take note of what was just written."""
        try:
            self._index.follow(written)
        except sqlite3.Error as error:  # later, then; what must be written next says what is wrong
            self._damage.note(error)
            self._undo()

    def tend(self, written: int) -> int:
        """Look at the disk and at what is too old or too much; delete a piece. Returns how many were deleted."""
        if self._damage.found:  # whatever is deleted from a damaged file may take more with it
            return 0
        try:
            self.reserve = self._nearly_full()
            deleted = self.retention.forget(written)
            self._used.forget(self._clock())
            self._judge()
        except (sqlite3.Error, OSError) as error:  # what must be written next says what is wrong
            self._damage.note(error)
            self._undo()
            return 0
        except Exception as error:  # noqa: BLE001  the thread must live on; what nobody looks after takes nothing more
            self._undo()
            self.trouble = f"retention: {type(error).__name__}: {error}"
            return 0
        return deleted

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()

    def _undo(self) -> None:
        self._claims.settle(stored=False)
        with suppress(sqlite3.Error):
            self._connection.rollback()

    def _in_transaction(self, batch: Batch) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        stored: list[Entry] = []
        rows: list[Row] = []
        for entry in self._compare(batch.entries):
            # One event that cannot be encoded fails alone, not with everybody else's.
            with suppress(UnicodeError, msgspec.MsgspecError):
                rows.append(row(entry.event))
                stored.append(entry)
        if any(entry.once is not None for entry in stored):
            assertions_used.use(connection, stored)
            rows = [row(each.event) if each.event.reused else old for each, old in zip(stored, rows, strict=True)]
            rows = [each for each, entry in zip(rows, stored, strict=True) if entry.reused is None]
            stored = [entry for entry in stored if entry.reused is None]
        placeholder = self._hold_place()
        if claims := self._claims.missing(entry.event for entry in stored):
            connection.executemany(KEEP_CLAIMS, claims)
        connection.executemany(INSERT, rows)
        if batch.aggregates:
            event_counts.gain(connection, batch.aggregates)
            connection.executemany(REPLACE, map(row, batch.aggregates))
        if batch.probe:
            self._probe()
        if placeholder is not None:
            connection.execute(_REMOVE, (placeholder,))
        connection.execute("COMMIT")
        self._claims.settle(stored=True)
        batch.committed = True
        for entry in stored:
            entry.stored = True

    def _compare(self, entries: Sequence[Entry]) -> list[Entry]:
        """Mark what rested on something older, and what was only to be compared; return what is to be stored."""
        versions = [entry.signin.version for entry in entries if entry.signin is not None]
        if versions:
            self._changes.catch_up(self._connection, min(versions))
        stored: list[Entry] = []
        for entry in entries:
            if entry.signin is not None and self._changes.concern(entry.signin, granted=entry.event.code == 0):
                entry.outdated = True
            elif entry.tally is None:
                stored.append(entry)
            else:
                entry.stored = True
        return stored

    def _hold_place(self) -> int | None:
        """Fill the last place that was ever used, where its event is gone, so that what is added comes behind it."""
        used = self._connection.execute(_USED).fetchone()
        return None if used is None else self._stand_in(used[0], 0)

    def _probe(self) -> None:
        """Take space as an event does, and give it back."""
        self._connection.execute(_REMOVE, (self._stand_in(None, 2**14),))

    def _stand_in(self, place: int | None, size: int) -> int:
        """Add a row that is no event's, with a body of ``size`` octets; return its place."""
        (seq,) = self._connection.execute(_STAND_IN, (place, size)).fetchone()
        return int(seq)

    def _nearly_full(self) -> bool:
        disk = os.statvfs(self._path.parent)
        keep = max(self._keep_free.share * disk.f_blocks * disk.f_frsize, self._keep_free.size)
        return disk.f_bavail * disk.f_frsize < keep

    def _judge(self) -> None:
        """Find out whether the log is above its cap with nothing that may be deleted for it."""
        self.trouble = ""
        if size := self.retention.excess():
            self.trouble = (
                f"the sign-in log has {size >> 20} MiB, more than retention.megabytes allows "
                f"({self._caps.size >> 20} MiB), and all of it is of the last hour"
            )
            self.reserve = True


__all__ = ["Caps", "Reserve", "SqliteSink"]
