"""Places of an API: nobody takes all of them.

Rule 1: whoever calls has a share of the places, and so has the tenant that they are of. What one application or one
tenant does, others do not notice but by their speed.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accredit.errors import GRAPH_THROTTLED, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from accredit.web.bearer import Caller


@dataclass(frozen=True, slots=True)
class Shares:
    """How many places there are, and how many of them one tenant and one application may have."""

    all: int
    tenant: int
    client: int


class Places:
    """At most so many at once: calls that are answered, or bodies that are on their way."""

    __slots__ = ("_shares", "_taken", "_what")

    def __init__(self, shares: Shares, what: str) -> None:
        """``what`` is counted, in the words of a refusal: ``calls are under way``."""
        self._shares = shares
        self._taken: Counter[UUID | None] = Counter()  # None: all together
        self._what = what

    @contextmanager
    def taken(self, by: Caller) -> Iterator[None]:
        """Have a place while the block runs. GRAPH_THROTTLED when the caller's share, its tenant's or all are taken."""
        shares, client, tenant = self._shares, by.client.principal.id, by.tenant.id
        for who, most in ((None, shares.all), (tenant, shares.tenant), (client, shares.client)):
            if self._taken[who] >= most:
                whose = "" if who is None else " of this tenant" if who == tenant else " of this application"
                raise Refused(GRAPH_THROTTLED, detail=f"{most} {self._what}{whose}")
        self._taken.update((None, tenant, client))
        try:
            yield
        finally:
            self._taken.subtract((None, tenant, client))
            for who in (None, tenant, client):
                if not self._taken[who]:
                    del self._taken[who]  # what is counted are those who call, not all who ever called
