"""What a new object is bound to by its body: owners (``owners@odata.bind``). Nothing else is bound, or ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.interop.graph.parts import ANNOTATION, invalid
from accredit.web.graph import held

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any
    from uuid import UUID

    from accredit.web.graph.call import Call

OWNERS: Final = "owners"
BOUND: Final = f"{OWNERS}@odata.bind"


def owner_ids(call: Call, body: dict[str, Any], kind: str) -> Sequence[UUID]:
    """Return who is to own a new object: whom the body names, and a caller that may write only what it owns."""
    refuse(body, kind, known=(BOUND,))
    bound = body.get(BOUND, [])
    if not isinstance(bound, list):
        raise invalid(BOUND, kind, "not a collection")
    given = [held.referred(each, BOUND, kind) for each in bound]
    return [call.caller.client.principal.id, *given] if call.owned_only else given


def refuse(body: dict[str, Any], kind: str, *, known: Collection[str] = ()) -> None:
    """Refuse to bind what is not bound here: never ignored."""
    for name in body:
        if ANNOTATION in name and name not in known:
            raise invalid(name, kind, "this is not bound here")
