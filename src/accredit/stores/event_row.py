"""A sign-in event as it stands in the SQLite file: a row of ``signins``.

Rule 1: writing it is a third of what logging costs, and pages that are written are most of that: ids are 16 octets
(their order is the order of the UUIDs), and ``body`` is the whole event in MessagePack, members by their place.
Rule 2: the columns are what is searched. A correlation id that is the event's own id is not stored a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from accredit.signins import Event
from accredit.stores.encoding import micros

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = tuple[bytes, int, bytes, bytes, int, bytes | None, bytes | None, bytes | None, str, str, int, bytes]

COLUMNS: Final = (
    "id, at, tenant_id, app_id, code, credential_id, correlation_id, resource_app_id, address, proof, count, body"
)
INSERT: Final = f"INSERT INTO signins ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  constants
REPLACE: Final = (
    INSERT + " ON CONFLICT (id) DO UPDATE SET count = excluded.count, proof = excluded.proof, body = excluded.body"
)

_encode: Final = msgspec.msgpack.Encoder(uuid_format="bytes").encode
event_of: Final[Callable[[bytes], Event]] = msgspec.msgpack.Decoder(Event).decode
"""Read an event from the ``body`` of its row."""


def row(event: Event) -> Row:
    """Return an event as it stands in the table. Raises ``UnicodeError`` for text that no encoding can hold."""
    credential, resource = event.credential_id, event.resource_app_id
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
        _encode(event),
    )
