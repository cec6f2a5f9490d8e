"""Things that others refer to by their ids: one read by key for each, which costs less than a question for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from accredit.ports import Shelf, V


async def named(shelf: Shelf[V], ids: Iterable[UUID | None]) -> dict[UUID | None, V]:
    """Return what the ids refer to, each once. All of them are there: the store keeps no reference to nothing."""
    return {each: await shelf.get(each) for each in dict.fromkeys(ids) if each is not None}
