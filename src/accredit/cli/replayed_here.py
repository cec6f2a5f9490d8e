"""Past sign-ins of the store on this machine, held against a change of trust."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from accredit.explain.replay import MOST_SECONDS, NEW, replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from accredit.directory import Tenant
    from accredit.signins import Event
    from accredit.trust import FederatedCredential


def replayed_here(
    events: Iterable[Event],
    held: Sequence[FederatedCredential],
    before: FederatedCredential | None,
    after: FederatedCredential | None,
    tenant: Tenant,
) -> dict[str, Any]:
    """Replay events of the store on this machine."""
    until = time.monotonic() + MOST_SECONDS
    rest = [each for each in held if before is None or each.id != before.id]
    if before is None and after is not None:
        after = msgspec.structs.replace(after, id=NEW)
    would = [*rest, *([] if after is None else [after])]
    found = replay(events, held, would, tenant.several_audiences, enough=lambda: time.monotonic() > until)
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told
