"""Secrets that a platform's endpoint is sent, and what it answers, as far as a person may be told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from accredit.client.sources.asking import place
from accredit.errors import INPUT_INVALID, SOURCE_REFUSED, Refused, masked

if TYPE_CHECKING:
    from accredit.client.http import Answer

SHOWN: Final = 300  # characters of a refusal
_OK: Final = 200
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def refuse_clear(url: str, what: str) -> None:
    """Refuse to send a secret where everybody on the way reads it. ``INPUT_INVALID``."""
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    except ValueError:
        safe = False
    if not safe:
        raise Refused(INPUT_INVALID, what=place(url), reason=f"{what} is sent to an https address only")


def object_of(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer, empty where there is none."""
    try:
        found: object = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def refused(source: str, answer: Answer, how: str = "") -> Refused:
    """Say what was answered in place of a token, on one line; of an answer that might hold one, only that it came."""
    if answer.status == _OK:
        reason = "it answered 200, and no token with it"
    else:
        said = " ".join(answer.body.decode("utf-8", errors="replace").split())
        reason = f"it answered {answer.status}" + (f": {masked(said[:SHOWN])}" if said else "")
    return Refused(SOURCE_REFUSED, source=source, reason=reason, detail=how)
