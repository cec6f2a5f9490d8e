"""What a platform's endpoint answered, as far as a person may be told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.errors import SOURCE_REFUSED, Refused, masked

if TYPE_CHECKING:
    from accredit.client.http import Answer

SHOWN: Final = 300  # characters of a refusal
_OK: Final = 200


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
