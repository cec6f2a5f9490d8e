"""A form-encoded body as the fields that were sent (WHATWG URL, application/x-www-form-urlencoded)."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from accredit.errors import REQUEST_MALFORMED, Refused

MOST_FIELDS: Final = 64
LONGEST_NAME: Final = 128  # characters
MEDIA_TYPE: Final = b"application/x-www-form-urlencoded"


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
        if not pair:
            continue
        raw, _, value = pair.partition(b"=")
        name = _text(raw, "a field name")
        if len(name) > LONGEST_NAME:
            raise Refused(REQUEST_MALFORMED, reason=f"a field name is longer than {LONGEST_NAME} characters")
        if name in fields:
            raise Refused(REQUEST_MALFORMED, reason=f"the parameter '{name}' was sent more than once")
        fields[name] = _text(value, f"the parameter '{name}'", keep=name == "scope")
    return fields


def _text(raw: bytes, what: str, *, keep: bool = False) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        if keep:
            return raw.decode(errors="surrogateescape")
        raise Refused(REQUEST_MALFORMED, reason=f"{what} is not UTF-8") from error
