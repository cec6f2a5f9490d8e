"""Adding the twin of a credential: where those of an application stand with ids that were typed; what is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from accredit.explain.migration import Held, migrations
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from accredit.directory import Application, Tenant
    from accredit.explain.migration import Migration
    from accredit.explain.twin import Ids
    from accredit.trust import FederatedCredential


def ways(
    every: Sequence[FederatedCredential],
    of: Application,
    tenant: Tenant,
    meant: FederatedCredential,
    typed: Mapping[str, Ids],
    now: datetime,
) -> Sequence[Migration]:
    """Return where the credentials of an application would stand with these ids, if ``meant`` is enabled or not."""
    held = [
        Held(
            trust=replace(WrittenTrust.of(each, of.display_name), enabled=each.enabled or each.id == meant.id),
            id=each.id,
        )
        for each in every
    ]
    return migrations(held, now=now, portable=tenant.portability == "entra", typed=typed)


def members(plan: WrittenTrust, of: FederatedCredential) -> dict[str, Any]:
    """Return the arguments that add a twin: it is no wider than what it is the twin of in anything."""
    found: dict[str, Any] = {
        "name": plan.name,
        "issuer": plan.issuer,
        "subject": plan.subject,
        "expression": plan.expression,
        "audiences": plan.audiences,
        "description": plan.description,
        "issuer_id": of.issuer.id,
    }
    if plan.expression is not None:
        found["language_version"] = plan.language_version
    if of.multi_audience is not None:
        found |= {"multi_audience": of.multi_audience, "listed_audiences": of.listed_audiences}
    return found


__all__ = ["members", "ways"]
