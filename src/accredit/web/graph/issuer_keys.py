"""The keys of issuers, in beta: a probe, a fetch that is due now, what fetches showed.

Rule 1: a probe tells resolved names, addresses and what a stranger answered: it is for who may change issuers.
Rule 2: only the issuers of the caller's tenant, or one that it could register, are visited, and each visit is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import issuers, probing
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.interop.graph import issuer_keys
from accredit.web.graph.accredit import ISSUERS, found, shown_after
from accredit.web.graph.answers import entity
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from accredit.issuers import Issuer
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

PROBE: Final = "accredit.probe"


async def probed(call: Call) -> Answer:
    """Visit the issuer of a record, and tell what every step found. Nothing is kept of it."""
    record = await _record(call)
    made = await probing.probe(call.by, call.key_watch, call.caller.tenant.id, issuer_id=record.id)
    return entity(call, PROBE, issuer_keys.probe(made))


async def probed_by_url(call: Call) -> Answer:
    """Visit an issuer before it is registered, and tell what every step found."""
    url = issuer_keys.asked(call.body)
    made = await probing.probe(call.by, call.key_watch, call.caller.tenant.id, url=url)
    return entity(call, PROBE, issuer_keys.probe(made))


async def refreshed(call: Call) -> Answer:
    """Fetch the keys of a record now, whatever was to be waited for, and tell how they stand then."""
    record = await _record(call)
    state = await probing.fetch_now(call.by, call.key_watch, record.id)
    return entity(call, f"{ISSUERS}/state", issuer_keys.state(state))


async def dropped(call: Call) -> Answer:
    """Forget the keys that were fetched: they are fetched again before anything is proven by them."""
    return await shown_after(call, lambda record: issuers.drop_keys(call.by, record.id))


async def history(call: Call) -> Answer:
    """Show how the keys of a record stand, and what fetches showed: keys, documents, how they ended."""
    record = await _record(call)
    known = call.key_watch.history(record)
    written = issuer_keys.history(record, known, call.key_watch.state(record))
    return entity(call, f"{ISSUERS}/history", written)


async def document(call: Call) -> Answer:
    """Show a document as it was fetched, by its digest."""
    record, digest = await _record(call), call.keys[1].value
    body = call.key_watch.document(record, digest)
    if body is None:
        raise Refused(OBJECT_NOT_FOUND, id=digest)
    return entity(call, f"{ISSUERS}/documents", issuer_keys.document(digest, body))


async def _record(call: Call) -> Issuer:
    async with call.by.registry.reading() as store:
        return await found(call, store)


ROUTES: Final = (
    in_beta("POST", f"{ISSUERS}/{{}}/probe", probed),
    in_beta("POST", PROBE, probed_by_url),
    in_beta("POST", f"{ISSUERS}/{{}}/refreshKeys", refreshed),
    in_beta("POST", f"{ISSUERS}/{{}}/dropKeys", dropped),
    in_beta("GET", f"{ISSUERS}/{{}}/history", history),
    in_beta("GET", f"{ISSUERS}/{{}}/documents/{{}}", document),
)
