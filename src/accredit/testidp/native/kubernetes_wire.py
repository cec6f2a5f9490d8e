"""A ``TokenRequest`` as clients of the API server write it: JSON, or (kubectl) its own framing of protocol buffers.

Field numbers are those of ``k8s.io/api/authentication/v1`` and ``k8s.io/apimachinery/pkg/runtime`` (generated.proto).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC: Final = b"k8s\0"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # kinds of fields
_LONGEST: Final = 10  # octets of a number
_SIGN: Final = 1 << 63


class Reference(msgspec.Struct, frozen=True):
    """``spec.boundObjectRef``. What is unknown is left aside, as the API server does by default."""

    kind: str | None = None
    apiVersion: str | None = None  # noqa: N815  Kubernetes' name
    name: str | None = None
    uid: str | None = None


class Spec(msgspec.Struct, frozen=True):
    """``spec`` of a request."""

    audiences: list[str] | None = None
    expirationSeconds: int | None = None  # noqa: N815
    boundObjectRef: Reference | None = None  # noqa: N815


class TokenRequest(msgspec.Struct, frozen=True):
    """The request."""

    kind: str | None = None
    apiVersion: str | None = None  # noqa: N815
    spec: Spec = Spec()


def read(body: bytes, content_type: str) -> TokenRequest:
    """Read a request. Raises ``ValueError``."""
    if content_type.partition(";")[0].strip().lower() == PROTOBUF:
        return _framed(body)
    try:
        return msgspec.json.decode(body or b"{}", type=TokenRequest)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _framed(body: bytes) -> TokenRequest:
    """Read a ``runtime.Unknown`` behind its four octets: what it is, and its message."""
    if not body.startswith(MAGIC):
        raise ValueError("the provided data does not appear to be a protobuf message")
    outer = _single(body[len(MAGIC) :])
    meta = _single(_octets(outer, 1))
    spec: list[tuple[int, int | bytes]] = list(_fields(_octets(_single(_octets(outer, 2)), 2)))
    named = dict(spec)
    seconds = named.get(4)
    return TokenRequest(
        kind=_text(meta, 2),
        apiVersion=_text(meta, 1),
        spec=Spec(
            audiences=[each.decode() for number, each in spec if number == 1 and isinstance(each, bytes)],
            expirationSeconds=seconds - 2 * (seconds & _SIGN) if isinstance(seconds, int) else None,
            boundObjectRef=_reference(_octets(named, 3)) if 3 in named else None,  # noqa: PLR2004  a field's number
        ),
    )


def _reference(message: bytes) -> Reference:
    found = _single(message)
    return Reference(*(_text(found, number) for number in range(1, 5)))


def _single(message: bytes) -> dict[int, int | bytes]:
    """Return the fields of a message, the last of each number."""
    return dict(_fields(message))


def _octets(fields: dict[int, int | bytes], number: int) -> bytes:
    found = fields.get(number, b"")
    if isinstance(found, int):
        raise ValueError(f"field {number} is a number")  # noqa: TRY004  what a caller reads is no type of ours
    return found


def _text(fields: dict[int, int | bytes], number: int) -> str | None:
    return _octets(fields, number).decode() or None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field. Raises ``ValueError`` for what is no message."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _number(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _number(message, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(kind, len(message) + 1)
        if at + size > len(message):
            raise ValueError("the message ends early")
        yield number, message[at : at + size]
        at += size


def _number(message: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits an octet; return it and where it ends."""
    found = 0
    for index, octet in enumerate(message[at : at + _LONGEST]):
        found |= (octet & 0x7F) << (7 * index)
        if octet < 0x80:  # noqa: PLR2004  the last one
            return found, at + index + 1
    raise ValueError("the message ends early")
