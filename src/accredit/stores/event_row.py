"""A sign-in event as it stands in the SQLite file: a row of ``signins``.

Rule 1: writing it is a third of what logging costs, and pages that are written are most of that: ids are 16 octets
(their order is the order of the UUIDs), and ``body`` is the whole event in MessagePack, members by their place.
Rule 2: the columns are what is searched. A correlation id that is the event's own id is not stored a second time.
Rule 3: what many events have in common, claims and the expression that held, is stored once, in ``claim_sets``, under a
hash of it. A reader puts it back; an event that has nothing of it costs nothing.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.signins import ClaimSet, Event
from accredit.stores.encoding import micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Octets = bytes | None
    Row = tuple[bytes, int, bytes, bytes, int, Octets, Octets, Octets, str, str, int, Octets, Octets, bytes]

COLUMNS: Final = (
    "id, at, tenant_id, app_id, code, credential_id, correlation_id, resource_app_id, address, proof, count,"
    " key_id, claims, body"
)
INSERT: Final = f"INSERT INTO signins ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  constants
REPLACE: Final = (
    INSERT + " ON CONFLICT (id) DO UPDATE SET count = excluded.count, proof = excluded.proof, body = excluded.body"
)

_encode: Final = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decode: Final[Callable[[bytes], Event]] = msgspec.msgpack.Decoder(Event).decode
claims_of: Final[Callable[[bytes], ClaimSet]] = msgspec.msgpack.Decoder(ClaimSet).decode
"""Read what stands in ``claim_sets``."""

KEEP_CLAIMS: Final = (
    "INSERT INTO claim_sets (id, day, body) VALUES (?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET day = max(day, excluded.day)"
)
CLAIMS: Final = "(SELECT c.body FROM claim_sets AS c WHERE c.id = claims)"
"""What of an event stands elsewhere, as a column of a question that has its ``claims``."""
DAY: Final = 86_400_000_000  # microseconds
_MOST_KNOWN: Final = 50_000  # sets that are known to be there


def row(event: Event) -> Row:
    """Return an event as it stands in the table. Raises ``UnicodeError`` for text that no encoding can hold."""
    credential, resource, key = event.credential_id, event.resource_app_id, event.key_id
    claims = None
    if _has_set(event):
        claims = _interned_of(event)[0]
        event = msgspec.structs.replace(event, claims=(), clause="", claim_kinds="", claims_lacking=())
    return (
        event.id.bytes,
        micros(event.at),
        event.tenant_id.bytes,
        event.app_id.bytes,
        event.code,
        None if credential is None else credential.bytes,
        None if event.correlation_id == event.id else event.correlation_id.bytes,
        None if resource is None else resource.bytes,
        event.address,
        event.proof,
        event.count,
        None if key is None else key.bytes,
        claims,
        _encode(event),
    )


def event_of(body: bytes, claims: bytes | None = None) -> Event:
    """Read an event from the ``body`` of its row and what ``CLAIMS`` answers."""
    event = _decode(body)
    if claims is None:
        return event
    there = _recalled(claims)
    return msgspec.structs.replace(
        event, claims=there.claims, clause=there.clause, claim_kinds=there.kinds, claims_lacking=there.lacking
    )


@lru_cache(maxsize=1_024)
def _recalled(body: bytes) -> ClaimSet:
    """Read a set that many events have in common once."""
    return claims_of(body)


class ClaimSets:
    """Which sets of claims are known to be stored, so that nobody asks for those of every event."""

    def __init__(self) -> None:
        self._known: set[tuple[bytes, int]] = set()  # with the day on which they were used
        self._new: set[tuple[bytes, int]] = set()

    def missing(self, events: Iterable[Event]) -> list[tuple[bytes, int, bytes]]:
        """Return what ``KEEP_CLAIMS`` must be told before these events are stored. Raises ``UnicodeError``."""
        found = []
        for each in events:
            if _has_set(each):
                id_, body = _interned_of(each)
                used = id_, micros(each.at) // DAY
                if used not in self._known and used not in self._new:
                    self._new.add(used)
                    found.append((*used, body))
        return found

    def settle(self, *, stored: bool) -> None:
        """Take note of whether what was missing is there now."""
        if stored and self._new:
            if len(self._known) + len(self._new) > _MOST_KNOWN:
                self._known.clear()
            self._known |= self._new
        self._new.clear()


def _has_set(event: Event) -> bool:
    return bool(event.claims or event.clause or event.claims_lacking)


def _interned_of(event: Event) -> tuple[bytes, bytes]:
    return _interned(event.claims, event.clause, event.claim_kinds, event.claims_lacking)


@lru_cache(maxsize=4_096)
def _interned(
    claims: tuple[tuple[str, str], ...], clause: str, kinds: str, lacking: tuple[str, ...]
) -> tuple[bytes, bytes]:
    """Return the id of a set of claims, and its body."""
    body = _encode(ClaimSet(claims, clause, kinds, lacking))
    return sha256(body).digest()[:16], body
