"""The sign-in log as the faces that show it read it: whole events, and what is told of many of them.

No story of the core asks for any of it, so it is not among ``accredit.ports``; its adapter is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from accredit.ports import Searched
from accredit.signins import Event
from accredit.signins.usage import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from accredit.query import Page, Query
    from accredit.signins.summary import Summary
    from accredit.signins.usage import HourCount, Use


T = TypeVar("T")


class SignInFigures(Protocol):
    """What is told of many sign-ins at once: nothing that was written is missing from it."""

    async def hours(
        self,
        tenant_id: UUID,
        since: datetime,
        until: datetime,
        *,
        app_id: UUID | None = None,
        apart: bool = True,
        step: timedelta = HOUR,
    ) -> Sequence[HourCount]:
        """Return a tenant's attempts in the hours that end after ``since`` and begin before ``until``, oldest first.

        ``apart``: what they were for is told apart, and of one application its credentials. A plain chart is quicker,
        and so is one of fewer ``step``s: whole hours, a day at most.
        """

    async def uses(self, tenant_id: UUID, app_ids: Collection[UUID]) -> Mapping[UUID, Mapping[UUID, Use]]:
        """Return by application what came of each credential, secret and certificate that was ever presented."""


class SignInLog(Searched[Event], SignInFigures, Protocol):
    """The sign-in log as it is read."""

    async def summaries(self, tenant_id: UUID, query: Query, length: timedelta) -> Page[Summary]:
        """Return a page of what a tenant's windows of ``length`` saw, newest first. It may be short, as a search's."""

    async def look_through(
        self, tenant_id: UUID, app_id: UUID, since: datetime, told: Callable[[Iterable[Event]], T]
    ) -> T:
        """Return what ``told`` makes of an application's events since an instant, newest first.

        It runs aside, when it is the tenant's turn, and ends by itself before long.
        """
