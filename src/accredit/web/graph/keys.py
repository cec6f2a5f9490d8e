"""Which object a key of a path means. Nothing outside the caller's tenant is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.directory import read_guid
from accredit.errors import GRAPH_PATH_UNKNOWN, OBJECT_NOT_FOUND, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.directory import Application, ServicePrincipal
    from accredit.ports import Shelf, Transaction, V
    from accredit.web.graph.call import Call, Key

_APPLICATION: Final[Mapping[str, str]] = {"id": "id", "appId": "app_id", "uniqueName": "unique_name"}
_PRINCIPAL: Final[Mapping[str, str]] = {"id": "id", "appId": "app_id"}
_TEXTS: Final = frozenset({"unique_name"})


async def application(call: Call, store: Transaction, at: int = 0) -> Application:
    """Return the application that a key of the call means: its object id, ``appId`` or ``uniqueName``. 404."""
    return await _one(call, store.applications, call.keys[at], _APPLICATION)


async def principal(call: Call, store: Transaction, at: int = 0) -> ServicePrincipal:
    """Return the service principal that a key of the call means: its object id or ``appId``. 404."""
    return await _one(call, store.principals, call.keys[at], _PRINCIPAL)


async def _one(call: Call, shelf: Shelf[V], key: Key, known: Mapping[str, str]) -> V:
    member = known.get(key.name or "id")
    if member is None:
        raise Refused(GRAPH_PATH_UNKNOWN, segment=key.name)
    value = key.value if member in _TEXTS else read_guid(key.value)
    found = [] if value is None else await shelf.find(tenant_id=call.caller.tenant.id, **{member: value})
    if not found:
        raise Refused(OBJECT_NOT_FOUND, id=key.value)
    return found[0]
