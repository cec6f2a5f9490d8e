"""What the sign-in log forgets: what is too old or too much, oldest first, and then what referred to it.

Rule 1: the right to write is held for a bounded piece at a time; what is left for the next one is ``behind``.
Rule 2: an event of the last hour is never deleted for the log's size: nobody can hide what he did by doing more.
Rule 3: an event leaves with its row. Its place in the index of applications has another page than those of its
neighbours: it is left behind, found by nobody, and swept together with others.
Rule 4: counts by the hour have an age of their own: they say how often something was used, and when last. As long as
there are events of an hour there are its counts, too: questions of the log go by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from accredit.stores.encoding import micros
from accredit.stores.event_counts import HOUR, MINUTE, OF_USES, SUMS
from accredit.stores.event_row import DAY
from accredit.stores.sweep import Sweep

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from accredit.ports import Clock
    from accredit.stores.event_index import EventIndex
    from accredit.stores.extent import Extent

YOUNG: Final = timedelta(hours=1)
EVERYWHERE: Final = 2**62  # behind every place, and later than every time
PIECE: Final = 200  # rows deleted at once, besides twice as many as were just written: deleting always keeps up
LOOKED_AT: Final = 16  # entries of the index for each row deleted: so every sixteenth of them, or fewer, is nobody's
SLICE: Final = 1_000  # rows that a sweep looks at where nothing hurries

_OLDEST: Final = "(SELECT seq, at FROM signins ORDER BY seq LIMIT ?)"  # seq: the order of arrival
_PLACE_OF_OLDEST: Final = f"SELECT max(seq) FROM {_OLDEST}"  # noqa: S608  constants
_SOME_BEFORE: Final = f"SELECT 1 FROM {_OLDEST} WHERE at < ? LIMIT 1"  # noqa: S608  constants
_DELETE: Final = "DELETE FROM signins WHERE seq <= ? AND at < ?"
_FIRST: Final = "(SELECT coalesce((SELECT min(seq) FROM signins), (SELECT seq + 1 FROM signins_indexed)))"
_EARLIEST: Final = (
    f"SELECT min(coalesce(min(minute) * {MINUTE}, :now), :now,"  # noqa: S608
    " (SELECT coalesce(min(at), :now) FROM signins WHERE seq > (SELECT seq FROM signins_indexed)))"
    f" FROM signins_by_minute WHERE last_seq >= {_FIRST}"
)


@dataclass(frozen=True, slots=True)
class Caps:
    """How long events are kept, and how many at most: the oldest go first. How long counts by the hour are."""

    age: timedelta = timedelta(days=30)
    rows: int = 10_000_000
    size: int = 10 * 2**30  # bytes of the log, its indexes included
    counts: timedelta = timedelta(days=400)
    export: str = ""  # the export that age alone waits for; not so the caps


class Retention:
    """Forgets, over the connection that writes events."""

    def __init__(
        self, connection: sqlite3.Connection, clock: Clock, caps: Caps, extent: Extent, index: EventIndex
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._caps = caps
        self._extent = extent
        self._index = index
        self._day = -1  # since 1970, of the last sweep through everything
        self._places = Sweep(connection, "signins_by_application", ("day", "app_id", "at", "seq"), f"seq < {_FIRST}")
        self._sets = Sweep(connection, "claim_sets", ("id",), "day < :day")
        self._sets_from = 0  # the day from which on sets of claims were kept
        self._sweeps = (
            self._places,
            self._sets,
            Sweep(connection, "signins_by_minute", ("minute",), f"last_seq < {_FIRST}"),
            Sweep(connection, "signin_days", ("day",), "day < :hour / 24"),
            *(Sweep(connection, table, key, "day < :hour / 24") for table, key in SUMS.items()),
            *(Sweep(connection, table, key, "hour < :hour") for table, key in OF_USES.items()),
        )
        self.behind = False  # there is more to delete

    def forget(self, written: int) -> int:
        """Delete a piece of what is too old or too much; return how many events. ``written`` came just before.

        Raises ``sqlite3.Error``.
        """
        most = PIECE + 2 * written
        deleted = self._delete(most)
        self.behind = deleted >= most
        self._sweep(deleted)
        return deleted

    def excess(self) -> int:
        """Return the size of a log that is above its cap, where nothing may be deleted for it; else 0."""
        size = self._extent.size()
        return size if size > self._caps.size and not self._some_before(self._clock() - YOUNG) else 0

    def _delete(self, most: int) -> int:
        now = self._clock()
        deleted = self._delete_oldest(most, now - self._caps.age, self._exported())
        if not deleted and (surplus := self._extent.rows() - self._caps.rows) > 0:
            deleted = self._delete_oldest(min(most, surplus), None)
        if not deleted and self._extent.size() > self._caps.size:
            deleted = self._delete_oldest(most, now - YOUNG)
        return deleted

    def _exported(self) -> int:
        """Return the place up to which age alone suffices: behind it everything waits to be exported."""
        if not self._caps.export:
            return EVERYWHERE
        query = "SELECT seq FROM exports WHERE name = ?"
        found = self._connection.execute(query, (self._caps.export,)).fetchone()
        return 0 if found is None else int(found[0])

    def _delete_oldest(self, most: int, before: datetime | None, place: int = EVERYWHERE) -> int:
        """Delete those of the ``most`` oldest rows, to a place, that are from ``before`` then; ``None``: whenever."""
        if before is not None and not self._some_before(before):
            return 0
        bound = EVERYWHERE if before is None else micros(before)
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        (last,) = connection.execute(_PLACE_OF_OLDEST, (most,)).fetchone()
        deleted = 0
        if last is not None and (last := min(last, place)):
            self._index.prepare(last)
            deleted = connection.execute(_DELETE, (last, bound)).rowcount
        connection.execute("COMMIT")
        return deleted

    def _some_before(self, instant: datetime) -> bool:
        """Whether one of the oldest rows is from before ``instant``; they stand in the order in which they came."""
        return self._connection.execute(_SOME_BEFORE, (PIECE, micros(instant))).fetchone() is not None

    def _sweep(self, deleted: int) -> None:
        """Go on clearing what no event needs any more: once a day everything, and what was just left behind."""
        now = micros(self._clock())
        if now // DAY != self._day:
            self._day = now // DAY
            for each in self._sweeps:
                each.want(1)
        if deleted:
            self._places.want(2)  # the pass that is under way has come by some of it
        if not any(each.passes for each in self._sweeps):
            return
        (earliest,) = self._connection.execute(_EARLIEST, {"now": now}).fetchone()
        values = {
            "hour": min(micros(self._clock() - self._caps.counts), earliest) // HOUR,
            "day": earliest // DAY - 1,  # a clock may have gone back
        }
        if values["day"] > self._sets_from:
            self._sets_from = values["day"]
            self._sets.want(2)  # the log may have lost a day for its size, long before that day is old
        for each in self._sweeps:
            each.step(max(SLICE, LOOKED_AT * deleted) if each is self._places else SLICE, values)
