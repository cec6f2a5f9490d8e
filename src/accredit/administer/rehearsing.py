"""A change that is judged by every rule and then undone: nothing of it is stored, and what would be refused is."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from accredit.administer.administrator import Administrator
    from accredit.ports import Registry, Transaction

T = TypeVar("T")


class _Undone(Exception):
    """Ends a transaction that was never meant to last."""


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """A registry whose transactions are undone when they end, whatever they did."""

    registry: Registry

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a view of what is stored."""
        return self.registry.reading()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a change that is undone."""
        with suppress(_Undone):
            async with self.registry.transaction() as store:
                yield store
                raise _Undone


async def rehearsed(by: Administrator, change: Callable[[Administrator], Awaitable[T]]) -> T:
    """Return what a change would make. Nothing of it is stored; what would be refused is refused."""
    return await change(replace(by, registry=_Rehearsal(by.registry)))
