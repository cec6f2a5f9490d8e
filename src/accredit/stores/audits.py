"""What the records of changes may be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from accredit.query import Order, fold
from accredit.signins import Audit
from accredit.stores.encoding import column, micros
from accredit.stores.properties import Collection, Constant, Property, Questions

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from accredit.query import Cursor, Page, Query

ELEMENTS: Final = "audit_elements"
_TARGETS: Final = "targetResources/id"
_ACTOR: Final[Property[Audit]] = Property(lambda audit: audit.actor.app_id or None, "id", "actor_app_id", optional=True)
_NEWEST: Final = Order("activityDateTime", descending=True)

AUDITS: Final = Questions(
    "DirectoryAudit",
    {
        "id": Property(lambda audit: str(audit.id), "id", "id"),
        "activityDateTime": Property(attrgetter("at"), "time", "at"),
        "activityDisplayName": Property(attrgetter("activity"), "text", "activity_folded"),
        "correlationId": Property(lambda audit: str(audit.correlation_id), "id", "correlation_id"),
        "category": Constant("ApplicationManagement"),
        "loggedByService": Constant("Core Directory"),
        "operationType": Property(attrgetter("operation"), "text", "operation_folded"),
        "result": Constant("success"),
        "initiatedBy/app/appId": _ACTOR,
        _TARGETS: Collection(lambda audit: [str(each.id) for each in audit.targets]),
    },
)

READ: Final = msgspec.json.Decoder(Audit).decode


Search: TypeAlias = "Callable[..., Coroutine[Any, Any, Page[Audit]]]"


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one store, as they are read in one transaction."""

    search: Search


def row(record: Audit) -> dict[str, Any]:
    """Return a record as it stands in its table."""
    return {
        "id": str(record.id),
        "at": micros(record.at),
        "tenant_id": column(record.tenant_id),
        "activity": record.activity,
        "body": msgspec.json.encode(record),
        "activity_folded": fold(record.activity),
        "correlation_id": str(record.correlation_id),
        "operation_folded": fold(record.operation),
        "actor_app_id": _ACTOR.stored(_ACTOR.read(record)),
    }


def targets(record: Audit) -> list[dict[str, str]]:
    """Return the rows by which a record is found of what was changed; one of the whole instance is never asked for."""
    if record.tenant_id is None:
        return []
    tenant, owner = str(record.tenant_id), str(record.id)
    return [
        {"tenant_id": tenant, "owner_id": owner, "property": _TARGETS, "folded": each}
        for each in dict.fromkeys(str(target.id) for target in record.targets)
    ]


def place(record: Audit, order: Order | None) -> Cursor:
    """Return where a page in ``order`` ended whose last record is ``record``."""
    by = AUDITS.properties[(order or _NEWEST).name]
    return (by.read(record) if isinstance(by, Property) else None), str(record.id)


def known(query: Query) -> Query:
    """Return ``query`` as it is answered: newest first unless another order is asked for. QUERY_UNSUPPORTED."""
    return AUDITS.known(query if query.order else msgspec.structs.replace(query, order=_NEWEST))
