"""What a token says, read and drawn for people: header and claims, times in words. Nothing of it is verified."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from accredit.cli.failures import Said
from accredit.cli.ink import cells, folded, safe, width
from accredit.errors import NOT_A_JWT, Refused

if TYPE_CHECKING:
    from accredit.cli.ink import Ink

DEPTH: Final = 32
MEMBERS: Final = 2_000
_TIMES: Final = frozenset({"iat", "nbf", "exp", "auth_time"})
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999; a later one has no date
_PARTS: Final = ("header", "payload")


def read(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a compact JWT. ``NOT_A_JWT``."""
    from accredit.issuers import base64url, strictjson

    found: list[dict[str, Any]] = []
    for name, segment in zip(_PARTS, text.split("."), strict=False):
        try:
            value = strictjson.loads(base64url.decode(segment), depth=DEPTH, members=MEMBERS)
        except ValueError as error:
            raise Said(Refused(NOT_A_JWT, detail=f"Its {name} cannot be read: {error}."), "TOKEN argument") from error
        if not isinstance(value, dict):
            raise Said(Refused(NOT_A_JWT, detail=f"Its {name} is no JSON object."), "TOKEN argument")
        found.append(value)
    return found[0], found[1]


def drawn(header: dict[str, Any], claims: dict[str, Any], ink: Ink) -> list[str]:
    """Return header and claims for people: one line each, times in words."""
    broad = max((cells(safe(name)) for name in (*header, *claims)), default=0)
    lines = []
    for title, part in (("header", header), ("claims", claims)):
        lines.append(ink.bold(title))
        for name, value in part.items():
            said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            moment = in_words(value) if title == "claims" and name in _TIMES else ""
            first, *more = folded(safe(said) + (f"  {moment}" if moment else ""), max(20, width() - broad - 4))
            label = safe(name)
            lines.append(f"  {ink.faint(label)}{' ' * (broad - cells(label))}  {first}")
            lines += [" " * (broad + 4) + each for each in more]
    return lines


def in_words(value: object) -> str:
    """Say when a NumericDate is: the instant, and how far from now. Nothing for what is no date."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        return ""
    moment = datetime.fromtimestamp(value, UTC)
    ahead = moment - datetime.now(UTC)  # noqa: TID251  words such as "4 min ago"; decisions take theirs from ``app``
    return f"{moment:%Y-%m-%d %H:%M:%SZ} ({distance(ahead.total_seconds())})"


def distance(seconds: float) -> str:
    """Say how far an instant lies ahead of now, or behind it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if abs(seconds) >= size * (2 if size > 60 else 1) or size == 1:  # noqa: PLR2004  90 minutes rather than one hour
            count = int(abs(seconds) // size)
            return f"in {count} {unit}" if seconds >= 0 else f"{count} {unit} ago"
    return ""
