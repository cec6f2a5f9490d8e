"""The wall clock and everything random: the only module that reads either."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from uuid import UUID


def now() -> datetime:
    """Return the current instant (the ``Clock`` port)."""
    return datetime.now(UTC)


class SystemIds:
    """The ``Ids`` port over the operating system's generator."""

    def object(self) -> UUID:
        """Return a random object id (RFC 9562 version 4)."""
        return UUID(bytes=secrets.token_bytes(16), version=4)

    def trace(self) -> UUID:
        """Return a random request id whose last byte is 0, the shape that ``uti`` has at Entra ID."""
        return UUID(bytes=secrets.token_bytes(15) + b"\0", version=4)

    def secret(self) -> str:
        """Return 256 random bits, printable."""
        return secrets.token_urlsafe(32)

    def salt(self) -> bytes:
        """Return 16 random bytes."""
        return secrets.token_bytes(16)

    def aio(self) -> str:
        """Return opaque text of 192 random bits."""
        return secrets.token_urlsafe(24)
