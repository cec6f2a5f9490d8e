"""The form of a credential as a refused sign-in would have needed it: of one that is proven, and of no other.

Rule 1: a refused token is a message from a stranger: what nobody has proven fills nothing in, whatever link led here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.explain import Suggestion, suggest
from accredit.query import Compare, Query
from accredit.trust.written import WrittenTrust
from accredit.web.portal import credential_form as forms
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from accredit.directory import Application
    from accredit.trust import FederatedCredential
    from accredit.web.portal.credential_form import Draft
    from accredit.web.portal.visit import Visit


async def told_by_event(
    visit: Visit, application: Application, named: str, before: FederatedCredential | None
) -> tuple[Suggestion, Draft | None]:
    """Return what is to be said of a sign-in, and the form; ``None``: it fills nothing in. 404 for one of another's."""
    guid = read_guid(named)
    if guid is None:
        raise Refused(NOT_FOUND, detail=_("There is no such sign-in."))
    query = Query(condition=Compare("id", "eq", str(guid)), limit=1)
    found = (await visit.portal.log.search(query, tenant_id=visit.tenant.id)).things
    if not found or found[0].app_id != application.app_id:
        raise Refused(NOT_FOUND, detail=_("There is no such sign-in of this application."))
    async with visit.reading() as store:
        held = await store.credentials.find(application_id=application.id)
    told = suggest(found[0], held, visit.tenant.several_audiences)
    if told.trust is None or told.action not in {"add", "update"}:
        return told, None
    wanted = told.trust
    trust = WrittenTrust(name=wanted.name, issuer=wanted.issuer, subject=wanted.subject, audiences=(wanted.audience,))
    if before is None:
        return told, forms.of_trust(trust)
    instead = _("This takes the place of what `{name}` trusts now. To go on trusting that, add a credential beside it.")
    kept = replace(trust, name=before.name, description=before.description)
    said = replace(told, sentence=instead.format(name=before.name)) if told.action == "add" else told
    return said, forms.of_trust(kept)
