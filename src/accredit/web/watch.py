"""Who is told of every call to an API of this authority: metrics and journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.errors import Refused
    from accredit.signins import Sender


class Watch(Protocol):
    """Hears of every answer."""

    def answered(self, method: str, route: str, status: int) -> None:
        """Count one answer. ``route`` is a template, never what a caller wrote."""

    def refused(self, sender: Sender, refused: Refused, more: Mapping[str, object]) -> None:
        """Tell of a call that was refused."""

    def broken(self, sender: Sender, error: BaseException) -> None:
        """Tell of an error of our own."""
