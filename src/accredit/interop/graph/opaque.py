"""Ids that Microsoft Graph does not write as GUIDs: of what ties two objects together. 22 characters of base64url."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

_FORM: Final = re.compile("[A-Za-z0-9_-]{22}")  # what 16 octets take
_PADDING: Final = "=="


def write(of: UUID) -> str:
    """Write an id."""
    return urlsafe_b64encode(of.bytes).decode().removesuffix(_PADDING)


def read(text: str) -> UUID | None:
    """Read an id in its one form; ``None`` for what cannot be one."""
    if not _FORM.fullmatch(text):
        return None
    found = UUID(bytes=urlsafe_b64decode(text + _PADDING))
    return found if write(found) == text else None  # the last character has four bits that say nothing
