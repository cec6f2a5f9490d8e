"""Ids that Microsoft Graph does not write as GUIDs.

Of what ties two objects together: 22 characters of base64url. Of what is told of another object: a text in base64.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
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


def in_base64(text: str) -> str:
    """Write an id that is a text."""
    return b64encode(text.encode()).decode()


def from_base64(text: str) -> str:
    """Read one; ``""`` for what cannot be one."""
    try:
        return b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return ""
