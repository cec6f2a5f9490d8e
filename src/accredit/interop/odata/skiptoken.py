"""``$skiptoken``: where a page ended, as an opaque text.

Rule 1: a token is a place in a list, not a right: who may read the list is decided anew with every page.
Rule 2: what was damaged on its way, or comes from another order, is refused. The checksum is no signature, and need be
none: who forges a token names a place in a list that they may read from its beginning.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias
from zlib import crc32

import msgspec

from accredit.errors import QUERY_SYNTAX, Refused
from accredit.issuers import base64url
from accredit.query import Order, Scalar

Cursor: TypeAlias = tuple[Scalar, str]
"""The ordered value and the key of the last thing of a page, as ``Query.after`` takes them."""

LONGEST: Final = 4_096  # characters
_VERSION: Final = b"\x01"
_CHECKSUM: Final = 4  # octets

_Text: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]  # PostgreSQL keeps no NUL
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_FIRST: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _TICK
_LAST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _TICK
_Microseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=_FIRST, le=_LAST)]  # since 1970
_Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _Place(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    order: _Text | None
    descending: bool
    key: _Text
    value: _Text | _Whole | bool | None = None
    time: _Microseconds | None = None  # in place of value


_write: Final = msgspec.msgpack.Encoder().encode
_read: Final = msgspec.msgpack.Decoder(_Place).decode


def write_skiptoken(after: Cursor, order: Order | None) -> str:
    """Write where a page in ``order`` ended."""
    value, key = after
    by, descending = (None, False) if order is None else (order.name, order.descending)
    if isinstance(value, datetime):
        place = _Place(by, descending, key, None, (value - _EPOCH) // _TICK)
    else:
        place = _Place(by, descending, key, value)
    octets = _VERSION + _write(place)
    return base64url.encode(crc32(octets).to_bytes(_CHECKSUM, "big") + octets)


def read_skiptoken(text: str, order: Order | None) -> Cursor:
    """Read a token of a list in ``order``. Raises ``Refused(QUERY_SYNTAX)`` for what was not written for that order."""
    place = _place(text)
    by, descending = (None, False) if order is None else (order.name, order.descending)
    if (place.order, place.descending) != (by, descending):
        raise Refused(QUERY_SYNTAX, option="skiptoken", reason="it belongs to a list in another order")
    return (place.value if place.time is None else _EPOCH + place.time * _TICK), place.key


def _place(text: str) -> _Place:
    try:
        octets = base64url.decode(text) if len(text) <= LONGEST else b""
        checksum, octets = octets[:_CHECKSUM], octets[_CHECKSUM:]
        if octets[:1] == _VERSION and crc32(octets).to_bytes(_CHECKSUM, "big") == checksum:
            return _read(octets[1:])
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        pass
    raise Refused(QUERY_SYNTAX, option="skiptoken", reason="it is damaged, or was not made here")
