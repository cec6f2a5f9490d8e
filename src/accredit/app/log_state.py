"""Whether the sign-in log can be written, as the server's own log tells it: a line when it cannot, one when it can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accredit import observe
    from accredit.stores.events import EventLog


@dataclass(slots=True)
class LogState:
    """Follows one log. Never a line for each request: a full disk would be filled by what is said of it."""

    log: EventLog
    journal: observe.Journal
    turned_away: int = 0  # requests, since the last line
    _told: str = ""

    async def look(self) -> None:
        """Tell what has changed."""
        self._tell()

    def turn_away(self) -> bool:
        """Count a request that is refused for the log's state, if it is; say whether it is."""
        if not self.log.trouble:
            return False
        self._tell()
        self.turned_away += 1
        return True

    def _tell(self) -> None:
        trouble = self.log.trouble
        if trouble == self._told:
            return
        turned_away, self.turned_away, self._told = self.turned_away, 0, trouble
        if trouble:
            self.journal.log.error("signin_log.cannot_be_written", reason=trouble, turned_away=turned_away)
        else:
            self.journal.log.warning("signin_log.written_again", turned_away=turned_away)
