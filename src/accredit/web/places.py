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
    from collections.abc import Hashable, Iterator
    from contextlib import AbstractContextManager

    from accredit.web.bearer import Caller


@dataclass(frozen=True, slots=True)
class Shares:
    """How many places there are, and how many of them one tenant and one application may have."""

    all: int
    tenant: int
    client: int


class Counted:
    """At most so many at once of each, and of all together."""

    __slots__ = ("_all", "_taken", "_what")

    def __init__(self, most: int, what: str) -> None:
        """``what`` is counted, in the words of a refusal: ``calls are under way``."""
        self._all = most
        self._taken: Counter[Hashable] = Counter()  # None: all together
        self._what = what

    @contextmanager
    def held(self, *by: tuple[Hashable, int, str]) -> Iterator[None]:
        """Have a place while the block runs. ``by``: who has it, how many those may have, and whose they are then.

        GRAPH_THROTTLED when a share, or all, are taken.
        """
        shares = ((None, self._all, ""), *by)
        for who, most, whose in shares:
            if self._taken[who] >= most:
                raise Refused(GRAPH_THROTTLED, detail=f"{most} {self._what}{whose}")
        counted = [who for who, _, _ in shares]
        self._taken.update(counted)
        try:
            yield
        finally:
            self._taken.subtract(counted)
            for who in counted:
                if not self._taken[who]:
                    del self._taken[who]  # what is counted are those who call, not all who ever called


class Places(Counted):
    """At most so many at once: calls that are answered, or bodies that are on their way."""

    __slots__ = ("_shares",)

    def __init__(self, shares: Shares, what: str) -> None:
        """``what`` is counted, in the words of a refusal: ``calls are under way``."""
        super().__init__(shares.all, what)
        self._shares = shares

    def taken(self, by: Caller) -> AbstractContextManager[None]:
        """Have a place while the block runs. GRAPH_THROTTLED when the caller's share, its tenant's or all are taken."""
        return self.held(
            (by.tenant.id, self._shares.tenant, " of this tenant"),
            (by.client.principal.id, self._shares.client, " of this application"),
        )
