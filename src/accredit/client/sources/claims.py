"""What a token says, believed by nobody: enough to tell one from another and when it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from accredit.issuers import base64url

Claims = dict[str, Any]
PARTS: Final = 3


def read(token: str) -> Claims | None:
    """Return the claims of a compact JWT, else nothing."""
    parts = token.split(".")
    if len(parts) != PARTS or not all(parts[:2]):
        return None
    try:
        header: object = msgspec.json.decode(base64url.decode(parts[0]))
        said: object = msgspec.json.decode(base64url.decode(parts[1]))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None
    return said if isinstance(said, dict) and isinstance(header, dict) else None


def audiences(said: Claims) -> tuple[str, ...]:
    """Return what a token is for."""
    found = said.get("aud", ())
    return (found,) if isinstance(found, str) else tuple(map(str, found)) if isinstance(found, list) else ()


def ends(said: Claims) -> datetime | None:
    """Return when a token ends, aware UTC; nothing when it does not say so, or says no time."""
    found = said.get("exp")
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        return datetime.fromtimestamp(found, UTC)
    except (ValueError, OverflowError, OSError):
        return None
