"""How far the sign-in log had come, written beside the database once a second: what vanished with a lost journal shows.

SQLite opens a database whose journal was cut off or deleted as if the last transactions had never been. A place in the
log is never used twice, so a log that ends before a place that it had come to has lost events, or is an older copy.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from accredit import observe

MARK: Final = "signins.place"
_DIGITS: Final = 20  # always as many, so that a write is never half of the last one


@dataclass(slots=True)
class PlaceMark:
    """The mark of one data directory. It costs no write that waits for the disk: a crash of the machine may lose it."""

    path: Path
    place: Callable[[], int]  # of the last event that ever was; raises what the store raises
    journal: observe.Journal
    _written: int = -1

    def compare(self) -> int:
        """Say in the server's own log how many events are missing, if some are; return their number."""
        missing = max(0, self._read() - self.place())
        if missing:
            self.journal.log.error("signin_log.events_missing", count=missing)
        return missing

    async def keep(self) -> None:
        """Write how far the log has come."""
        place = self.place()
        if place == self._written:
            return
        with suppress(OSError):  # on a full disk there are no new events either
            with self.path.open("r+b" if self.path.exists() else "wb", buffering=0) as file:
                file.write(f"{place:0{_DIGITS}}\n".encode())
            self._written = place

    def _read(self) -> int:
        try:
            text = self.path.read_bytes().strip()
        except OSError:
            return 0
        return int(text) if len(text) == _DIGITS and text.isdigit() else 0
