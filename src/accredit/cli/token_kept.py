"""Access tokens that somebody asked to keep: one file each, for its owner's eyes only, until shortly before the end.

Rule 1: it is kept for one authority, application, scope, and one workload, as its own token has it: another job of the
same user never gets it by mistake.
Rule 2: a file that is open to others, or belongs to somebody else, is as good as none.
"""

from __future__ import annotations

import os
import stat
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from accredit.cli import profiles
from accredit.client.exchanging import Exchanged
from accredit.client.renewing import EARLY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.client.exchanging import Request

LARGEST: Final = 256 * 1_024  # octets
_OTHERS: Final = 0o077


class _Kept(msgspec.Struct):
    value: str
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]
    scope: str


def path(url: str, request: Request, claims: Mapping[str, Any]) -> Path:
    """Return the file for an access token: below the user's directory for what lives no longer than a session."""
    of = [url, request.tenant, request.client_id, request.scope, *(claims.get(each) for each in ("iss", "sub", "aud"))]
    name = sha256(msgspec.json.encode(of)).hexdigest()[:32]
    below = os.environ.get("XDG_RUNTIME_DIR", "")
    home = Path(below) / "accredit" if Path(below).is_absolute() else profiles.home("XDG_CACHE_HOME", ".cache")
    return home / f"access-{name}"


def read(kept: Path, now: datetime) -> Exchanged | None:
    """Return what is kept there and valid for a while; nothing for whatever it is otherwise."""
    try:
        opened = os.open(kept, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(opened, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_mode & _OTHERS or status.st_uid != os.getuid():
            return None
        data = file.read(LARGEST)
    try:
        found = msgspec.json.decode(data, type=_Kept)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return Exchanged(found.value, found.expires_at, found.scope) if found.expires_at > now + EARLY else None


def keep(kept: Path, found: Exchanged) -> None:
    """Keep one. ``OUTPUT_UNWRITABLE``."""
    profiles.write(kept, msgspec.json.encode(_Kept(found.value, found.expires_at, found.scope)))
