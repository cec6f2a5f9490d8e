"""A form-encoded body as the fields that were sent (WHATWG URL, application/x-www-form-urlencoded)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from accredit.errors import REQUEST_MALFORMED, Refused
from accredit.exchange import JWT_BEARER

MOST_FIELDS: Final = 64
LONGEST_NAME: Final = 128  # characters
MEDIA_TYPE: Final = b"application/x-www-form-urlencoded"

# What almost every request sends, as it is sent and as it reads: a look-up instead of decoding it again.
_NAMES: Final = {
    name.encode(): name
    for name in ("grant_type", "client_id", "client_assertion_type", "client_assertion", "client_secret", "scope")
}
_VALUES: Final = {
    b"client_credentials": "client_credentials",
    b"urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer": JWT_BEARER,
}


def read(content_type: bytes, body: bytes) -> dict[str, str]:
    """Return the fields by name. A body of another media type has none. 90023 for a repeated field or a broken one.

    Undecodable bytes in ``scope`` stay in it as lone surrogates: they are an invalid scope (70011), not a broken form.
    """
    if content_type != MEDIA_TYPE and content_type.split(b";", 1)[0].strip().lower() != MEDIA_TYPE:
        return {}
    fields: dict[str, str] = {}
    pairs = body.split(b"&")
    if len(pairs) > MOST_FIELDS:
        raise Refused(REQUEST_MALFORMED, reason=f"more than {MOST_FIELDS} fields were sent")
    for pair in pairs:
        raw, _, value = pair.partition(b"=")
        name = _NAMES.get(raw) or _name(raw)
        if not name and not value:
            continue
        if name in fields:
            raise Refused(REQUEST_MALFORMED, reason=f"the parameter '{name}' was sent more than once")
        fields[name] = _VALUES.get(value) or (_scope(value) if name == "scope" else _text(value, name))
    return fields


def _name(raw: bytes) -> str:
    name = _text(raw, "")
    if len(name) > LONGEST_NAME:
        raise Refused(REQUEST_MALFORMED, reason=f"a field name is longer than {LONGEST_NAME} characters")
    return name


@lru_cache(maxsize=1_024)
def _scope(raw: bytes) -> str:
    """Read a scope; few are ever asked for. What is no UTF-8 stays in it as lone surrogates."""
    return _decoded(raw).decode(errors="surrogateescape")


def _text(raw: bytes, name: str) -> str:
    try:
        return _decoded(raw).decode()
    except UnicodeDecodeError as error:
        what = f"the parameter '{name}'" if name else "a field name"
        raise Refused(REQUEST_MALFORMED, reason=f"{what} is not UTF-8") from error


def _decoded(raw: bytes) -> bytes:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    return unquote_to_bytes(raw) if b"%" in raw else raw
