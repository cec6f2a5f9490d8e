"""Threads that answer long questions, tenants in turn.

Rule 1: a tenant has one question under way, however many wait, and the one whose last turn is longest ago comes next:
what one asks, another does not wait for but by the question that is under way.
Rule 2: so few threads that those who sign in meanwhile keep the rest of the machine; nobody else's work has to wait for
them, as it would in a pool that is everybody's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from accredit.errors import GRAPH_THROTTLED, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from uuid import UUID

T = TypeVar("T")

THREADS: Final = 2
MOST_WAITING: Final = 12  # questions of a tenant, besides the one under way
PATIENCE: Final = 10.0  # seconds that a question waits


class Turns:
    """Gives each question a thread when it is its turn. Of one event loop; ``close`` it once."""

    __slots__ = ("_busy", "_threads", "_waiting")

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "sign-in log")
        self._busy: set[UUID] = set()  # tenants with a question under way
        self._waiting: dict[UUID, deque[asyncio.Future[None]]] = {}  # in the order in which it is their turn

    async def answer(self, tenant_id: UUID, question: Callable[[], T]) -> T:
        """Return what ``question`` does, in a thread. GRAPH_THROTTLED: too many wait, or it waited too long."""
        loop = asyncio.get_running_loop()
        turn = self._queue(tenant_id)
        try:
            async with asyncio.timeout(PATIENCE):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._end(tenant_id)
            self._forget(tenant_id, turn)
            if isinstance(error, TimeoutError):
                detail = f"questions of this tenant's sign-in log wait for more than {PATIENCE:.0f} s"
                raise Refused(GRAPH_THROTTLED, detail=detail) from error
            raise
        answered = self._threads.submit(question)
        answered.add_done_callback(partial(self._ended, loop, tenant_id))  # not before the thread is free again
        return await asyncio.wrap_future(answered)

    def close(self) -> None:
        """Wait for what is under way. What waits is not asked any more."""
        self._threads.shutdown(cancel_futures=True)

    def _queue(self, tenant_id: UUID) -> asyncio.Future[None]:
        queue = self._waiting.setdefault(tenant_id, deque())
        if len(queue) >= MOST_WAITING:
            detail = f"{MOST_WAITING} questions of this tenant's sign-in log wait"
            raise Refused(GRAPH_THROTTLED, detail=detail)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._go_on()
        return turn

    def _forget(self, tenant_id: UUID, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(tenant_id, deque())
        with suppress(ValueError):
            queue.remove(turn)
        if not queue:
            self._waiting.pop(tenant_id, None)

    def _go_on(self) -> None:
        """Give a turn to whoever has waited longest, as long as there are threads."""
        for tenant_id in [each for each in self._waiting if each not in self._busy][: THREADS - len(self._busy)]:
            queue = self._waiting[tenant_id]
            queue.popleft().set_result(None)
            if not queue:
                del self._waiting[tenant_id]
            self._busy.add(tenant_id)

    def _ended(self, loop: asyncio.AbstractEventLoop, tenant_id: UUID, _: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._end, tenant_id)

    def _end(self, tenant_id: UUID) -> None:
        self._busy.discard(tenant_id)
        if (queue := self._waiting.pop(tenant_id, None)) is not None:
            self._waiting[tenant_id] = queue  # behind those who came while it had its turn
        self._go_on()
