"""What a command reads besides its arguments: tokens, files, times.

Rule 1: a token is taken from ``-``, ``@FILE`` or ``env:NAME``; one that stands on the command line is taken too, with a
warning, because other people of the machine see command lines.
"""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from accredit.cli.failures import Said
from accredit.errors import INPUT_INVALID, INPUT_UNREADABLE, NOT_A_JWT, Refused

if TYPE_CHECKING:
    from accredit.cli.session import Session

LONGEST_TOKEN: Final = 256 * 1_024  # characters read; a longer text is no token of anybody
LONGEST_SECRET: Final = 16 * 1_024  # octets
LARGEST_FILE: Final = 1_024 * 1_024  # octets
PARTS: Final = 3
_DURATION: Final = re.compile(r"(\d{1,6})([hdwmy])")
_AGO: Final = re.compile(r"(\d{1,6})(s|min|h|d|w|y)")
_SECONDS: Final = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 365 * 86_400}
_HOURS: Final = {"h": 1, "d": 24, "w": 168, "m": 24 * 30, "y": 24 * 365}


def token(given: str, session: Session) -> str:
    """Return the compact JWT that a TOKEN argument means. ``NOT_A_JWT``, ``INPUT_UNREADABLE``."""
    if given == "-":
        text = sys.stdin.read(LONGEST_TOKEN + 1)
    elif given.startswith("@"):
        text = _text(file(given[1:], most=LONGEST_TOKEN), given)
    elif given.startswith("env:"):
        text = variable(given[4:])
    else:
        text = given
        if text.count(".") == PARTS - 1:
            session.warn(
                "a token on the command line is visible to other users of this machine; use -, @FILE or env:NAME"
            )
    return _refuse_other(text.strip())


def file(path: str, most: int = LARGEST_FILE) -> bytes:
    """Read a file, or standard input for ``-``. ``INPUT_UNREADABLE``."""
    try:
        if path == "-":
            return sys.stdin.buffer.read(most + 1)
        with Path(path).open("rb") as opened:
            found = opened.read(most + 1)
    except OSError as error:
        raise Refused(INPUT_UNREADABLE, what=path, reason=error.strerror or error) from error
    if len(found) > most:
        raise Refused(INPUT_UNREADABLE, what=path, reason=f"larger than {most} bytes")
    return found


def text_file(path: str, most: int = LARGEST_FILE) -> str:
    """Read a text file (UTF-8), or standard input for ``-``. ``INPUT_UNREADABLE``."""
    return _text(file(path, most), path)


def variable(name: str) -> str:
    """Return what a variable of the environment holds. ``INPUT_UNREADABLE``."""
    if name in os.environ:
        return os.environ[name]
    refused = Refused(INPUT_UNREADABLE, what=f"variable {name}", reason="it is not set")
    raise Said(refused, fix=f"Set it ({name}=... accredit ...), or hand its value over with - or @FILE.")


def ready(path: str) -> dict[str, Any]:
    """Read the ready file of a running emulator. ``INPUT_UNREADABLE``."""
    try:
        found = json.loads(file(path))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused(INPUT_UNREADABLE, what=path, reason="not a ready file")
    return found


def key_id(given: str, option: str = "") -> UUID:
    """Read an id, which an ``option`` may have named. ``INPUT_INVALID``."""
    try:
        return UUID(given)
    except ValueError as error:
        raise Refused(INPUT_INVALID, what=_said(given, option), reason="not an id (GUID)") from error


def end(given: str | None, now: datetime) -> datetime | None:
    """Read when something ends: ``90d``, ``12h``, ``1y``, or an ISO date. ``INPUT_INVALID``."""
    if given is None:
        return None
    if found := _DURATION.fullmatch(given):
        return now + timedelta(hours=int(found[1]) * _HOURS[found[2]])
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise Refused(INPUT_INVALID, what=given, reason="neither a duration such as 90d nor an ISO date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def moment(given: str | None, now: datetime, option: str = "") -> datetime | None:
    """Read a time in the past, to the second: ``30min``, ``2h``, ``7d`` ago, or an ISO time. ``INPUT_INVALID``."""
    if given is None:
        return None
    try:
        if found := _AGO.fullmatch(given):
            return (now - timedelta(seconds=int(found[1]) * _SECONDS[found[2]])).replace(microsecond=0)
        said = datetime.fromisoformat(given)
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        reason = "neither a time ago such as 30min, 2h or 7d nor an ISO time"
        raise Refused(INPUT_INVALID, what=_said(given, option), reason=reason) from error


def pairs(given: tuple[str, ...], what: str) -> dict[str, str]:
    """Read ``name=value`` options. ``INPUT_INVALID``."""
    for each in given:
        if not each.partition("=")[0] or "=" not in each:
            raise Refused(INPUT_INVALID, what=what, reason=f"{each} is not name=value")
    return {each.partition("=")[0]: each.partition("=")[2] for each in given}


def _said(given: str, option: str) -> str:
    """Return what was given as it was typed, with its option where it had one."""
    return f"{option} {given}".strip() if given else f"an empty {option or 'text'}"


def _refuse_other(text: str) -> str:
    if len(text) > LONGEST_TOKEN:
        raise Said(Refused(NOT_A_JWT, detail=f"It is longer than {LONGEST_TOKEN} characters."), "TOKEN argument")
    parts = text.count(".") + 1 if text else 0
    if parts != PARTS:
        why = f"A compact JWT has {PARTS} dot-separated parts; this has {parts or 'none: it is empty'}."
        raise Said(Refused(NOT_A_JWT, detail=why), "TOKEN argument")
    return text


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(INPUT_UNREADABLE, what=what, reason="not UTF-8 text") from error
