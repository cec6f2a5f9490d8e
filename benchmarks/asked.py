"""What people ask of the sign-in log: every time about something else, and every answer is looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from accredit.app import seed
from accredit.query import And, Compare, Query
from accredit.signins.usage import HOUR
from benchmarks import crowd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random
    from uuid import UUID

    from accredit.query import Condition, Page
    from accredit.signins import Event
    from accredit.stores.event_reader import EventReader
    from benchmarks.synthetic import Plan

PAGE: Final = 1_000
FEW: Final = 50
TENANT: Final = seed.TENANT_ID
DAY: Final = timedelta(days=1)
SIGNINS: Final = "/beta/auditLogs/signIns"
STAYS: Final = 0.6  # of the log: nothing behind that is deleted while the benchmark runs
OFTEN: Final = 0.5  # of the questions are about applications that sign in often, the others about any
_CODE: Final = "status/errorCode"
_CREATED: Final = "createdDateTime"
_FAILED: Final = Compare(_CODE, "ne", 0)


def expect(holds: object, *what: object) -> None:
    """End the benchmark unless an answer is what it has to be."""
    if not holds:
        raise SystemExit(f"the log answered wrongly: {what}")


@dataclass(frozen=True)
class Known:
    """Some events that are in the log and stay there long enough: what questions are about."""

    plan: Plan
    dice: Random
    chunks: int

    @cached_property
    def short(self) -> Counter[str]:
        """How many pages of a kind were short."""
        return Counter()

    @cached_property
    def refusals(self) -> Sequence[Event]:
        return [each for each in self.events if each.code]

    @cached_property
    def events(self) -> Sequence[Event]:
        late = self.plan.chunks[int(len(self.plan.chunks) * STAYS) :]
        chosen = self.dice.sample(late, min(self.chunks, len(late)))
        return [each for chunk in chosen for each in self.plan.events(chunk)]

    def event(self) -> Event:
        return self.dice.choice(self.events)

    def refused(self) -> Event:
        return self.dice.choice(self.refusals)

    def application(self) -> UUID:
        often = self.dice.random() < OFTEN
        return self.event().app_id if often else crowd.app_id(self.dice.randrange(self.plan.applications))

    def place(self) -> int:
        """Somewhere in the log, as a page's last event has it."""
        return self.dice.randrange(int(self.plan.rows * STAYS) + 30 * PAGE, self.plan.rows)


@dataclass(frozen=True, slots=True)
class Questions:
    """The kinds of question, each of which is made anew every time. They end when the last of ``known`` happened."""

    known: Known

    def kinds(self) -> dict[str, Callable[[EventReader], None]]:
        return {
            "last_50": self.last,
            "last_50_of_all": self.last_of_all,
            "request": self.request,
            "correlation": self.correlation,
            "usage": self.usage,
            "page": self.page,
            "page_deep": self.page_deep,
            "page_of_failures": self.failures,
            "page_of_failures_deep": self.failures_deep,
            "page_of_failures_in_an_hour": self.failures_in_an_hour,
            "page_of_one_code": self.one_code,
            "page_of_application_failures": self.failures_of_application,
        }

    def charts(self) -> dict[str, Callable[[EventReader], None]]:
        return {
            "chart_of_a_day": lambda reader: self.chart(reader, DAY),
            "chart_of_a_week": lambda reader: self.chart(reader, 7 * DAY),
            "chart_of_a_month": lambda reader: self.chart(reader, 30 * DAY, DAY),
            "chart_of_an_application": self.chart_of_application,
            "chart_of_its_credentials": lambda reader: self.chart_of_application(reader, apart=True),
        }

    def last(self, reader: EventReader) -> None:
        known = self.known.event()
        found = self._page(reader, Compare("appId", "eq", str(known.app_id)), limit=FEW).things
        expect(found and all(each.app_id == known.app_id for each in found), "last", known.app_id)

    def last_of_all(self, reader: EventReader) -> None:
        expect(len(self._page(reader, None, limit=FEW).things) == FEW, "last of all")

    def request(self, reader: EventReader) -> None:
        known = self.known.event()
        expect(reader.by_id(known.id) == known, "request", known.id)

    def correlation(self, reader: EventReader) -> None:
        known = self.known.event()
        found = self._page(reader, Compare("correlationId", "eq", str(known.correlation_id)), limit=FEW).things
        expect(known in found, "correlation", known.correlation_id)

    def usage(self, reader: EventReader) -> None:
        known = self.known.event()
        found = reader.uses(TENANT, known.app_id)
        key = known.credential_id or known.key_id
        expect(key is None or (key in found and (found[key].grants or known.code)), "usage", known.app_id, key)

    def page(self, reader: EventReader) -> None:
        expect(len(self._page(reader, None).things) == PAGE, "page")

    def page_deep(self, reader: EventReader) -> None:
        expect(len(self._page(reader, None, deep=True).things) == PAGE, "deep page")

    def failures(self, reader: EventReader) -> None:
        self._failures(self._page(reader, _FAILED), "failures")

    def failures_deep(self, reader: EventReader) -> None:
        self._failures(self._page(reader, _FAILED, deep=True), "failures, deep")

    def _failures(self, found: Page[Event], what: str) -> None:
        """A page may be short where it took long, if it says where to go on; how often, the figures tell."""
        expect(found.things and (found.after or len(found.things) == PAGE), what)
        expect(all(each.code for each in found.things), what)
        self.known.short[what] += len(found.things) < PAGE

    def failures_in_an_hour(self, reader: EventReader) -> None:
        known = self.known.refused()
        begins = known.at.replace(minute=0, second=0, microsecond=0)
        ends = begins + timedelta(hours=1)
        found = self._page(reader, And((_FAILED, Compare(_CREATED, "ge", begins), Compare(_CREATED, "lt", ends))))
        expect(found.after or known in found.things, "failures in an hour", known.id)

    def one_code(self, reader: EventReader) -> None:
        """A kind of failure that is one event in 600: there may not be a page of it in what one question looks at."""
        found = self._page(reader, Compare(_CODE, "eq", 7000222))
        expect(all(each.code == 7000222 for each in found.things), "one code")

    def failures_of_application(self, reader: EventReader) -> None:
        app_id = self.known.application()
        found = self._page(reader, And((_FAILED, Compare("appId", "eq", str(app_id)))), limit=FEW).things
        expect(all(each.code and each.app_id == app_id for each in found), "failures of", app_id)

    def chart(self, reader: EventReader, span: timedelta, step: timedelta = HOUR) -> None:
        """A chart of a month has a point for each day, as ``logs stats`` has; a shorter one for each hour."""
        until = self._until()
        found = reader.hours(TENANT, until - span, until, apart=False, step=step)
        expect(sum(each.count for each in found if each.code), "chart", span)

    def chart_of_application(self, reader: EventReader, *, apart: bool = False) -> None:
        until, known = self._until(), self.known.event()
        found = reader.hours(TENANT, until - 7 * DAY, until, app_id=known.app_id, apart=apart)
        expect(all(each.count for each in found), "chart of", known.app_id)

    def _until(self) -> datetime:
        """Any time in the last third of the log: charts are scrolled."""
        return self.known.plan.until - self.known.dice.random() * self.known.plan.days / 3 * DAY

    def _page(
        self, reader: EventReader, condition: Condition | None, *, deep: bool = False, limit: int = PAGE
    ) -> Page[Event]:
        after = (None, str(self.known.place())) if deep else None
        return reader.search(TENANT, Query(condition=condition, after=after, limit=limit))


@dataclass(frozen=True, slots=True)
class Calls:
    """The same over the directory API: a path, and the event that has to be in the answer."""

    known: Known

    def kinds(self) -> dict[str, Callable[[], tuple[str, str]]]:
        return {
            "last_50": self.last,
            "request": self.request,
            "correlation": self.correlation,
            "page": lambda: (f"{SIGNINS}?$top={PAGE}", ""),
            "page_of_failures": lambda: (_filtered(f"{_CODE} ne 0", PAGE), ""),
            "page_of_failures_in_an_hour": self.failures_in_an_hour,
        }

    def last(self) -> tuple[str, str]:
        return _filtered(f"appId eq '{self.known.event().app_id}'", FEW), ""

    def request(self) -> tuple[str, str]:
        event = self.known.event()
        return f"{SIGNINS}/{event.id}", str(event.id)

    def correlation(self) -> tuple[str, str]:
        event = self.known.event()
        return _filtered(f"correlationId eq '{event.correlation_id}'", FEW), str(event.id)

    def failures_in_an_hour(self) -> tuple[str, str]:
        event = self.known.refused()
        begins = event.at.replace(minute=0, second=0, microsecond=0)
        times = f"{_CREATED} ge {_text(begins)} and {_CREATED} lt {_text(begins + timedelta(hours=1))}"
        return _filtered(f"{_CODE} ne 0 and {times}", PAGE), str(event.id)


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _filtered(condition: str, top: int) -> str:
    return f"{SIGNINS}?$filter={quote(condition)}&$top={top}"


def ids(body: dict[str, Any]) -> list[str]:
    """The ids of the sign-ins in an answer."""
    return [str(each["id"]) for each in body.get("value", [body])]
