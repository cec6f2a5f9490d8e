"""``$expand``: what belongs to each thing of a page, one level deep and 20 of each at most, as in Microsoft Graph.

Rule 1: however much there is of it, only what is shown is read. Others have their turn after each thing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from accredit.directory import Application
from accredit.interop.graph import credential
from accredit.query import Query
from accredit.web.graph import held

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from accredit.administer.evidence import Holder
    from accredit.ports import Searched, Transaction, V
    from accredit.web.graph.call import Call

MOST: Final = 20  # things of one navigation of one thing


async def each(
    call: Call,
    of: Sequence[Holder],
    rows: Sequence[dict[str, Any]],
    navigation: Callable[[str, Holder], Awaitable[list[dict[str, Any]]]],
) -> list[dict[str, Any]]:
    """Add to each row what the caller expands. ``navigation`` returns what a name leads to."""
    for thing, row in zip(of, rows, strict=True):
        for name in call.options.expand:
            row[name] = await navigation(name, thing)
            await asyncio.sleep(0)
    return [*rows]


async def some(shelf: Searched[V], **where: object) -> Sequence[V]:
    """Return as many as are shown."""
    return (await shelf.search(Query(limit=MOST), **where)).things


async def credentials(call: Call, store: Transaction, of: Holder) -> list[dict[str, Any]]:
    """Write what an application trusts, or that of a service principal; that of another owner is not known here."""
    application_id = of.id if isinstance(of, Application) else of.application_id
    if application_id is None:
        return []
    found = await some(store.credentials, tenant_id=of.tenant_id, application_id=application_id)
    return [credential.write(each, beta=call.beta) for each in found]


async def owners(call: Call, store: Transaction, of: Holder) -> list[dict[str, Any]]:
    """Write the owners of an application or a service principal."""
    return await held.owners(call, store, await some(store.ownerships, **held.owned(of)))
