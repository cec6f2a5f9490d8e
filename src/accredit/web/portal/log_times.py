"""Of which time something is shown: a span that ends now, or from one instant to another; always in the address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.web.portal.words import _, machine, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

SPANS: Final[Mapping[str, timedelta | None]] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": None,
}
_WORDS: Final = {
    "1h": _("Last hour"),
    "24h": _("Last 24 hours"),
    "7d": _("Last 7 days"),
    "30d": _("Last 30 days"),
    "all": _("Any time"),
}
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


class Time(NamedTuple):
    """A span by its name, or two instants; ``until`` is outside. ``problems``: a sentence by the field it is about."""

    span: str
    since: datetime | None
    until: datetime | None
    problems: Mapping[str, str]

    @property
    def words(self) -> str:
        """What it is called."""
        if self.span:
            return _WORDS[self.span]
        if self.since is None or self.until is None:
            return _("since {}").format(stamp(self.since)) if self.since else _("until {}").format(_end(self.until))
        return _("{} to {}").format(stamp(self.since), stamp(self.until))

    @property
    def asked(self) -> dict[str, str]:
        """It as it stands in an address."""
        if self.span:
            return {"time": self.span}
        ends = {"from": self.since, "to": self.until}
        return {name: machine(each) for name, each in ends.items() if each is not None}


def options() -> list[tuple[str, str]]:
    """Return the spans that can be chosen, with their words."""
    return [(each, _WORDS[each]) for each in SPANS]


def read(asked: Mapping[str, str], now: datetime, *, usual: str) -> Time:
    """Read ``time``, ``from`` and ``to``. Instants go before a span; without either it is ``usual``."""
    problems: dict[str, str] = {}
    ends = {name: _instant(name, asked.get(name, ""), problems) for name in ("from", "to")}
    since, until = ends["from"], ends["to"]
    if since is not None and until is not None and until <= since:
        problems["to"] = _("This is not after the beginning.")
    if since is not None or until is not None or problems:
        return Time("", since, until, problems)
    span = asked.get("time", "") or usual
    if span not in SPANS:
        return Time(usual, None, None, {"time": _("There is no such time: choose one of the list.")})
    length = SPANS[span]
    return Time(span, None if length is None else now - length, None, {})


def _instant(name: str, text: str, problems: dict[str, str]) -> datetime | None:
    """Read ``2026-11-23T20:14``, UTC unless it says otherwise."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        problems[name] = _("This is no time. Write it like 2026-11-23T20:14, in UTC.")
        return None
    if not _EARLIEST <= found <= _LATEST:
        problems[name] = _("No event is of that time.")
        return None
    return found.replace(microsecond=0)


def _end(instant: datetime | None) -> str:
    return "" if instant is None else stamp(instant)
