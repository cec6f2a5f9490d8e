"""``appRoleAssignments`` of a service principal, which it holds, and ``appRoleAssignedTo``, which others hold on it.

Both are the same things, seen from their two ends: what one path shows, grants or takes away, the other one does, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from accredit.administer import permissions
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.interop.graph import assignment, opaque
from accredit.interop.graph.assignment import KIND
from accredit.interop.graph.parts import invalid
from accredit.web.graph import asking, keys, related
from accredit.web.graph.answers import NOTHING, entity, link
from accredit.web.graph.pages import counted, page_with
from accredit.web.graph.route import Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.directory import Assignment, ServicePrincipal
    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call


@dataclass(frozen=True, slots=True)
class Side:
    """One end of an assignment: how its path ends, and which member of ours, and of Graph's, stands there."""

    name: str
    member: str
    property: str


SIDES: Final[Mapping[str, Side]] = {
    each.name: each
    for each in (
        Side("appRoleAssignments", "principal_id", "principalId"),
        Side("appRoleAssignedTo", "resource_id", "resourceId"),
    )
}


async def written(store: Transaction, shown: Sequence[Assignment]) -> list[dict[str, Any]]:
    """Write assignments, with the names of both ends as they are now."""
    ends = await related.named(
        store.principals, [id_ for each in shown for id_ in (each.principal_id, each.resource_id)]
    )
    return [
        assignment.write(each, ends[each.principal_id].display_name, ends[each.resource_id].display_name)
        for each in shown
    ]


async def listed(side: Side, call: Call) -> Answer:
    """List those of one service principal."""
    async with call.by.registry.reading() as store:
        end = await keys.principal(call, store)
    asking.by_opaque_ids(call)
    where: dict[str, Any] = {side.member: end.id}
    return await page_with(call, _context(side, end), lambda store: store.assignments, written, **where)


async def number_of(side: Side, call: Call) -> Answer:
    """Say how many one service principal has."""
    async with call.by.registry.reading() as store:
        end = await keys.principal(call, store)
    asking.by_opaque_ids(call)
    return await counted(call, lambda store: store.assignments, **{side.member: end.id})


async def shown(side: Side, call: Call) -> Answer:
    """Show one."""
    async with call.by.registry.reading() as store:
        end = await keys.principal(call, store)
        (value,) = await written(store, [await _one(call, store, side, end)])
    return entity(call, f"{_context(side, end)}/$entity", value)


async def added(side: Side, call: Call) -> Answer:
    """Grant a role. The body names both ends; one of them is that of the path."""
    wanted = assignment.wanted(call.body)
    async with call.by.registry.reading() as store:
        end = await keys.principal(call, store)
        if getattr(wanted, side.member) != end.id:
            raise invalid(side.property, KIND, "not the service principal of the path")
        _, resource = await permissions.pair(store, wanted.principal_id, wanted.resource_id, end.tenant_id)
    call.refuse_roles_of(resource.app_id)
    made = await permissions.grant(call.by, wanted.principal_id, wanted.resource_id, wanted.role_id)
    async with call.by.registry.reading() as store:
        (value,) = await written(store, [made])
    where = link(call, f"servicePrincipals/{end.id}/{side.name}/{value['id']}")
    return entity(call, f"{_context(side, end)}/$entity", value, status=201, location=where)


async def deleted(side: Side, call: Call) -> Answer:
    """Take a role away."""
    async with call.by.registry.reading() as store:
        found = await _one(call, store, side, await keys.principal(call, store))
        resource = await store.principals.get(found.resource_id)
    call.refuse_roles_of(resource.app_id)
    await permissions.remove(call.by, found.id)
    return NOTHING


async def _one(call: Call, store: Transaction, side: Side, end: ServicePrincipal) -> Assignment:
    guid = opaque.read(call.keys[1].value) if call.keys[1].name in {None, "id"} else None
    found = [] if guid is None else await store.assignments.find(id=guid, **{side.member: end.id})
    if not found:
        raise Refused(OBJECT_NOT_FOUND, id=call.keys[1].value)
    return found[0]


def _context(side: Side, end: ServicePrincipal) -> str:
    return f"servicePrincipals('{end.id}')/{side.name}"


def _routes(side: Side) -> tuple[Route, ...]:
    path = f"servicePrincipals/{{}}/{side.name}"
    return (
        Route("GET", path, partial(listed, side)),
        Route("POST", path, partial(added, side)),
        Route("GET", f"{path}/$count", partial(number_of, side)),
        Route("GET", f"{path}/{{}}", partial(shown, side)),
        Route("DELETE", f"{path}/{{}}", partial(deleted, side)),
    )


ROUTES: Final = tuple(each for side in SIDES.values() for each in _routes(side))
