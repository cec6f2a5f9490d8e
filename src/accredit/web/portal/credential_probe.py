"""The button that asks an issuer for its documents and keys before anything is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.administer import probing
from accredit.errors import Refused
from accredit.web.portal import credential_form as forms

if TYPE_CHECKING:
    from accredit.issuers.probe import Probe
    from accredit.web.portal.credential_form import Draft
    from accredit.web.portal.visit import Visit


async def probed(visit: Visit, draft: Draft) -> Probe | Refused | None:
    """Return what the issuer of a form answers; where it was asked too often, or is none, the refusal."""
    wanted = forms.wanted(draft, ())
    if wanted.trust is None:
        return None
    issuer, tenant, watch = wanted.trust.issuer, visit.tenant, visit.portal.key_watch
    try:
        async with visit.reading() as store:
            records = await store.issuers.find(tenant_id=tenant.id, url=issuer)
        if records:
            return await probing.probe(visit.by, watch, tenant.id, issuer_id=records[0].id)
        return await probing.probe(visit.by, watch, tenant.id, url=issuer)
    except Refused as refused:
        return refused
