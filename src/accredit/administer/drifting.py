"""The record that a drift of an issuer leaves: nobody changed the directory, but somebody should look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer.administrator import as_json
from accredit.administer.issuers import KIND
from accredit.signins import Actor, Audit, Modified, Target

if TYPE_CHECKING:
    from datetime import datetime

    from accredit.issuers import Issuer
    from accredit.issuers.drift import Drift
    from accredit.ports import Ids

ACTIVITY: Final = "Issuer drift"
SYSTEM: Final = Actor(name="accredit", kind="system")
MOST_KIDS: Final = 20  # named in one record


def drifted(ids: Ids, issuer: Issuer, drift: Drift, at: datetime) -> Audit:
    """Return the record of a drift."""
    kids = list(drift.kids[:MOST_KIDS])
    members = (
        ("kind", None, drift.kind),
        ("level", None, drift.level),
        *((("kids", None, kids),) if kids else ()),
        *((("shown", drift.before or None, drift.after or None),) if drift.before or drift.after else ()),
    )
    return Audit(
        id=ids.object(),
        at=at,
        tenant_id=issuer.tenant_id,
        activity=ACTIVITY,
        operation="Update",
        actor=SYSTEM,
        targets=(
            Target(
                id=issuer.id,
                kind=KIND,
                name=issuer.url,
                modified=tuple(Modified(name, as_json(before), as_json(after)) for name, before, after in members),
            ),
        ),
        correlation_id=ids.object(),
    )
