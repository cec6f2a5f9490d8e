"""How far the sign-in log was taken elsewhere: a cursor that moves when the other end has confirmed what it got.

Rule 1: what was not confirmed is offered again, also to the next process. So everything arrives at least once.
Rule 2: one process exports under a name at a time. Its lease stands in the row and is compared whenever the cursor
moves; a process that died loses it after ``LEASE``.
Rule 3: an aggregate grows where it stands. It is offered when the cursor comes to it, and again with every new count
until its window is over.
Rule 4: what retention had to delete before it was confirmed is offered as a gap, with how many events it was.
Rule 5: reading takes a bounded piece and holds nothing afterwards; writing waits for no disk (synchronous = NORMAL): a
power failure may take the cursor back, never forward.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.stores import sqlite
from accredit.stores.encoding import instant, micros
from accredit.stores.event_index import LAST_PLACE
from accredit.stores.event_row import CLAIMS, event_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from accredit.signins import Event

OTLP: Final = "otlp"
"""The name of the export to the operator's collector."""
LEASE: Final = timedelta(seconds=10)
GROWS: Final = timedelta(minutes=15)  # from an aggregate's first event: its window, and what may delay the last write
LOOKED_AT: Final = timedelta(minutes=1)  # between two looks at the aggregates that may have grown
MOST_GROWING: Final = 50_000  # aggregates followed at once; beyond that the oldest are left as they were sent
HEAVIEST: Final = 4 * 2**20  # octets of stored events in one portion
_AT_ONCE: Final = 500  # rows in one statement
_BODY: Final = f"body, {CLAIMS}"  # what ``event_of`` reads
_BEHIND: Final = f"SELECT seq, id, at, count, {_BODY} FROM signins WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608  constants


class Growing(msgspec.Struct, frozen=True, array_like=True):
    """An aggregate that was offered and may grow."""

    seq: int
    id: bytes
    count: int  # as it was confirmed last
    until: int  # microseconds since 1970


class State(msgspec.Struct, frozen=True, array_like=True):
    """What stands in ``exports.pending`` beside the cursor."""

    holder: bytes = b""  # of the lease
    until: int = 0  # microseconds since 1970, when it ends
    last_at: int | None = None  # of the event that was confirmed last
    growing: tuple[Growing, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that were deleted before they were confirmed: how many, and between which times they lay."""

    count: int
    after: datetime | None  # the event before them; None: the log's first ones are among them
    before: datetime | None  # the event after them; None: nothing is left


@dataclass(frozen=True, slots=True)
class Portion:
    """What is offered next: a gap, or some events, oldest first. ``next``: what holds when it is confirmed."""

    events: Sequence[Event]
    gap: Gap | None
    next_seq: int = field(repr=False)
    next_state: State = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an export has come."""

    seq: int
    behind: int  # events that are stored and not confirmed
    oldest: datetime | None  # the first of them
    lost: int  # deleted, and the gap is not confirmed yet
    holder: bytes
    until: datetime


class NotOurs(Exception):
    """Another process holds the lease."""


class ExportCursor:
    """The cursor ``name`` in the file at ``path``, for the process that is called ``holder``. Used on one thread.

    Raises ``Refused`` as ``sqlite.connect`` does, then ``sqlite3.Error``.
    """

    def __init__(self, path: Path, name: str, holder: bytes) -> None:
        self._connection = sqlite.connect(path)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")  # whoever writes events does that
        self._name = name
        self._holder = holder
        self._seq = 0
        self._state = State()
        self._looked = 0  # at what grows, microseconds

    def close(self) -> None:
        """Let go of the connection; the lease stays until it ends, or until ``release``."""
        self._connection.close()

    def take(self, now: datetime) -> None:
        """Take the lease, or make it longer. Raises ``NotOurs``."""
        at = micros(now)
        with self._change() as (seq, state):
            # A lease that is to last longer than any lease was made under another clock: it counts for nothing.
            others = state.holder not in (b"", self._holder) and at < state.until <= at + 2 * (LEASE // _MICRO)
            self._write(seq, self._leased(state, at), ours=not others)

    def release(self) -> None:
        """Give the lease back. Raises ``NotOurs``."""
        with self._change() as (seq, state):
            free = msgspec.structs.replace(state, holder=b"", until=0)
            self._write(seq, free, ours=state.holder == self._holder)

    def next(self, now: datetime, most: int) -> Portion | None:
        """Return what is to be sent next, at most so many events; ``None``: everything was confirmed."""
        with self._view():
            return self._grown(micros(now), most) or self._events(micros(now), most) or self._gone()

    def confirm(self, portion: Portion, now: datetime) -> None:
        """Move the cursor behind what was confirmed. Raises ``NotOurs``; nothing has moved then."""
        with self._change() as (_, state):
            ours = state.holder == self._holder
            self._write(portion.next_seq, self._leased(portion.next_state, micros(now)), ours=ours)

    def standing(self) -> Standing:
        """Return how far the export has come, whoever does it."""
        with self._view():
            seq, state = self._stored()
            used = self._used()
            query = "SELECT seq, at FROM signins WHERE seq > ? ORDER BY seq LIMIT 1"
            place, oldest = self._connection.execute(query, (seq,)).fetchone() or (used + 1, None)
        return Standing(
            seq=seq,
            behind=max(0, used + 1 - place),
            oldest=None if oldest is None else instant(oldest),
            lost=max(0, place - 1 - seq),
            holder=state.holder,
            until=instant(state.until),
        )

    def _stored(self) -> tuple[int, State]:
        found = self._connection.execute("SELECT seq, pending FROM exports WHERE name = ?", (self._name,)).fetchone()
        if found is None:
            return 0, State()
        try:
            return int(found[0]), State() if found[1] is None else _read(found[1])
        except msgspec.MsgspecError:  # of a version that wrote something else: the place still holds
            return int(found[0]), State()

    @contextmanager
    def _change(self) -> Iterator[tuple[int, State]]:
        """Open a change; it begins with what is stored."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._stored()
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise

    @contextmanager
    def _view(self) -> Iterator[None]:
        """Have all questions answered by the same state of the log: what arrives between two of them is no gap."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()

    def _write(self, seq: int, state: State, *, ours: bool) -> None:
        if not ours:
            raise NotOurs
        self._connection.execute(
            "INSERT INTO exports (name, seq, pending) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, pending = excluded.pending",
            (self._name, seq, msgspec.msgpack.encode(state)),
        )
        self._seq, self._state = seq, state

    def _leased(self, state: State, at: int) -> State:
        return msgspec.structs.replace(state, holder=self._holder, until=at + LEASE // _MICRO)

    def _used(self) -> int:
        (used,) = self._connection.execute(LAST_PLACE).fetchone()
        return int(used)

    def _events(self, at: int, most: int) -> Portion | None:
        """Return the events behind the cursor as far as none is missing between them; the gap, where one begins."""
        with closing(self._connection.execute(_BEHIND, (self._seq, most))) as cursor:
            rows = _together(cursor.fetchall())
        if not rows:
            return None
        state, (before, _, then, *_) = self._state, rows[0]
        if before > self._seq + 1:
            return self._gap(before - 1 - self._seq, then)
        events = [event_of(*row[4:]) for row in rows]
        growing = (
            Growing(row[0], row[1], row[3], row[2] + GROWS // _MICRO)
            for row, event in zip(rows, events, strict=True)
            if event.last_id is not None and row[2] + GROWS // _MICRO > at
        )
        seq, _, last_at, *_ = rows[-1]
        followed = (*state.growing, *growing)[-MOST_GROWING:]
        return Portion(events, None, seq, msgspec.structs.replace(state, last_at=last_at, growing=followed))

    def _gone(self) -> Portion | None:
        """Return the gap at the end of a log of which nothing is left."""
        gone = self._used() - self._seq
        return self._gap(gone, None) if gone > 0 else None

    def _gap(self, count: int, then: int | None) -> Portion:
        after, before = (None if each is None else instant(each) for each in (self._state.last_at, then))
        return Portion((), Gap(count, after, before), self._seq + count, self._state)

    def _grown(self, at: int, most: int) -> Portion | None:
        """Return the aggregates that have grown, at most ``most``; look once a minute, or when there were more."""
        growing = self._state.growing
        if not growing or 0 <= at - self._looked < LOOKED_AT // _MICRO:
            return None
        counts = self._counts([each.seq for each in growing])
        more = [each for each in growing if counts.get((each.seq, each.id), 0) > each.count]
        chosen, later = ({each.seq for each in some} for some in (more[:most], more[most:]))
        if not later:
            self._looked = at
        kept = tuple(
            msgspec.structs.replace(each, count=counts[each.seq, each.id]) if each.seq in chosen else each
            for each in growing
            if each.until > at or each.seq in later
        )
        if not chosen and len(kept) == len(growing):
            return None
        events = [event_of(*self._body(each.seq)) for each in more[:most]]
        return Portion(events, None, self._seq, msgspec.structs.replace(self._state, growing=kept))

    def _counts(self, places: Sequence[int]) -> dict[tuple[int, bytes], int]:
        """Return how much the aggregates at these places count, by place and id; not those that are gone."""
        found: dict[tuple[int, bytes], int] = {}
        for start in range(0, len(places), _AT_ONCE):
            some = places[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"SELECT seq, id, count FROM signins WHERE seq IN ({marks})"  # noqa: S608  question marks
            found |= {(row[0], row[1]): row[2] for row in self._connection.execute(query, some)}
        return found

    def _body(self, seq: int) -> tuple[bytes, ...]:
        query = f"SELECT {_BODY} FROM signins WHERE seq = ?"  # noqa: S608  a constant
        found: tuple[bytes, ...] = self._connection.execute(query, (seq,)).fetchone()
        return found


def standings(path: Path) -> dict[str, Standing]:
    """Return how far every export of the file at ``path`` has come, by name; those that have begun."""
    with closing(sqlite.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM exports ORDER BY name")]
    found: dict[str, Standing] = {}
    for name in names:
        with closing(ExportCursor(path, name, b"")) as cursor:
            found[name] = cursor.standing()
    return found


def _together(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the first of ``rows``, as far as none is missing between them and they are no heavier than one portion."""
    weight = 0
    for number, row in enumerate(rows):
        weight += len(row[4])
        if number and (weight > HEAVIEST or row[0] != rows[number - 1][0] + 1):
            return rows[:number]
    return rows


_MICRO: Final = timedelta(microseconds=1)
_read: Final = msgspec.msgpack.Decoder(State).decode
