"""Why a token would be refused, in beta: the same answer that ``accredit explain`` prints.

Rule 1: the token is looked at and forgotten: it is in no log, no event, no answer. What is said of it went through the
filter that sign-in events go through.
Rule 2: who may not read an application's credentials is told nothing of them, and of another tenant nobody anything.
Rule 3: work is bounded whatever is stored; ``online`` fetches keys of registered issuers only, as often as a
sign-in does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit import assertions
from accredit import explain as explaining
from accredit.directory import read_guid
from accredit.errors import OBJECT_NOT_FOUND, PRIVILEGES_MISSING, PROPERTY_INVALID, Refused
from accredit.explain import Explanation
from accredit.web import explained
from accredit.web.graph.answers import entity
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from accredit.assertions import Presented
    from accredit.directory import Application
    from accredit.issuers import Issuer, KeySet
    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

EXPLAIN: Final = "accredit.explain"
KIND: Final = "explain"


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a body asks. Without an application those are told that come nearest."""

    token: str
    application_id: str | None = None  # its object id, or its client id
    online: bool = False


class Explanations(msgspec.Struct, frozen=True):
    """What is answered: one explanation for each application that was asked about, the nearest first."""

    value: tuple[Explanation, ...]


async def explain(call: Call) -> Answer:
    """Explain a token for one application, or for the five that come nearest."""
    asked = _read(call.body)
    tenant = call.caller.tenant
    try:
        presented = assertions.parse(asked.token, call.authority.policies[tenant.portability])
    except Refused as refused:
        return await _unreadable(call, asked, refused)
    async with call.by.registry.reading() as store:
        named = await explaining.records(store, tenant.id, presented)
        meant = await _meant(call, store, asked, presented, named)
        others: tuple[str, ...] = ()
        if asked.application_id is not None and not call.owned_only:
            others = await explaining.elsewhere(store, named, presented, tenant.several_audiences, meant[0].id)
        held = {each.id: await store.credentials.find(application_id=each.id) for each in meant}
    keys = await explained.keys(call.authority, presented, named, online=asked.online)
    found = [_explained(call, presented, each, held[each.id], named, keys, others) for each in meant]
    return _answer(call, sorted(found, key=lambda each: each.outcome != "accepted"))


def _explained(
    call: Call,
    presented: Presented,
    of: Application,
    credentials: Sequence[Any],
    named: Sequence[Issuer],
    keys: Mapping[UUID, KeySet | Refused],
    others: tuple[str, ...],
) -> Explanation:
    return explained.explained(
        call.authority,
        call.caller.tenant,
        presented,
        client=of.display_name,
        credentials=credentials,
        named=named,
        keys=keys,
        elsewhere=others,
    )


async def _meant(
    call: Call, store: Transaction, asked: Asked, presented: Presented, named: Sequence[Issuer]
) -> Sequence[Application]:
    if asked.application_id is not None:
        return [await application(call, store, asked.application_id)]
    _refuse_everything(call)
    tenant = call.caller.tenant
    ids = await explaining.applications(store, tenant.id, presented, named, tenant.several_audiences)
    return [await store.applications.get(each) for each in ids]


async def application(call: Call, store: Transaction, wanted: str) -> Application:
    """Find an application of the caller's tenant. 404; 403 where the caller may read its own only, and it is not."""
    guid, tenant = read_guid(wanted), call.caller.tenant.id
    found: Sequence[Application] = []
    if guid is not None:
        found = await store.applications.find(tenant_id=tenant, id=guid)
        found = found or await store.applications.find(tenant_id=tenant, app_id=guid)
    if not found:
        raise Refused(OBJECT_NOT_FOUND, id=wanted)
    await call.refuse_not_owned(application_id=found[0].id)
    return found[0]


async def _unreadable(call: Call, asked: Asked, refused: Refused) -> Answer:
    """Explain a token that cannot be read; it makes no difference to whom it is presented."""
    name = ""
    if asked.application_id is not None:
        async with call.by.registry.reading() as store:
            name = (await application(call, store, asked.application_id)).display_name
    else:
        _refuse_everything(call)
    now = call.authority.clock()
    return _answer(call, [explaining.unreadable(refused, client=name, now=now, token=asked.token)])


def _refuse_everything(call: Call) -> None:
    if call.owned_only:
        detail = "Application.ReadWrite.OwnedBy: say which application (applicationId)"
        raise Refused(PRIVILEGES_MISSING, detail=detail)


def _read(body: Mapping[str, Any]) -> Asked:
    try:
        asked = msgspec.convert(body, Asked)
    except msgspec.ValidationError as error:
        raise Refused(PROPERTY_INVALID, property=KIND, kind=KIND, detail=str(error)) from error
    if len(asked.token) > explained.LONGEST:
        raise Refused(
            PROPERTY_INVALID, property="token", kind=KIND, detail=f"longer than {explained.LONGEST} characters"
        )
    return asked


def _answer(call: Call, found: Sequence[Explanation]) -> Answer:
    return entity(call, EXPLAIN, msgspec.to_builtins(Explanations(tuple(found))))


ROUTES: Final = (in_beta("POST", EXPLAIN, explain),)
