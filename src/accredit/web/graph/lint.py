"""What lint finds: in what applications trust, in credentials that a caller shows, and in those that it saves.

Microsoft Graph has none of it: the calls are in beta, and what is saved is answered as ever, with one header more.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.administer import linting
from accredit.directory import read_guid
from accredit.errors import OBJECT_NOT_FOUND, PROPERTY_INVALID, Refused
from accredit.interop import files
from accredit.interop.findings import Written, write
from accredit.issuers import Portability
from accredit.web.graph import keys
from accredit.web.graph.answers import collection
from accredit.web.graph.figures import USAGE
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from accredit.administer import Administrator
    from accredit.directory import Application
    from accredit.ports import Transaction
    from accredit.signins.usage import Use
    from accredit.trust.lint import Finding
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

LINT: Final = "accredit.lint"
FINDINGS: Final = "accredit.findings"
MOST: Final = 100  # applications of one call, and credentials


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a body asks: names or ids of applications, and credentials as Microsoft Graph writes them."""

    applications: tuple[str, ...] = ()
    credentials: tuple[dict[str, Any], ...] = ()
    portability: Portability | None = None  # judges credentials as a tenant that has this; None: the caller's


class Findings(msgspec.Struct, frozen=True):
    """What is answered."""

    value: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What lint finds while something is saved."""

    found: list[Finding] = field(default_factory=list)

    def by(self, call: Call) -> Administrator:
        """Return the caller as an administrator whose findings are heard."""
        return replace(call.by, notice=self.found.extend)

    def on(self, answer: Answer) -> Answer:
        """Return an answer that names them."""
        told = ", ".join(f"{each.rule};level={each.level}" for each in self.found)
        return replace(answer, findings=told)


async def of_application(call: Call) -> Answer:
    """Tell what lint finds in what an application trusts."""
    async with call.by.registry.reading() as store:
        application = await keys.application(call, store)
        found = await _stored(call, store, application)
    return _answer(call, f"applications('{application.id}')/{FINDINGS}", found)


async def judged(call: Call) -> Answer:
    """Tell what lint finds in applications that are named, and in credentials that are shown and stored nowhere."""
    asked = _read(call.body)
    found: list[Finding] = []
    async with call.by.registry.reading() as store:
        for each in asked.applications:
            found += await _stored(call, store, await _named(call, store, each))
    found += await _shown(call, asked)
    return _answer(call, LINT, found)


async def _stored(call: Call, store: Transaction, application: Application) -> tuple[Finding, ...]:
    by, authority = call.by, call.authority
    known = linting.Known(keys=authority.keys.at_hand, uses=await _uses(call, application), now=authority.clock())
    held, tenant = await linting.written(store, application, known), call.caller.tenant
    judging = partial(linting.of_trusts, tenant, held, own=by.own_issuers, emulator=by.emulator, known=known)
    return await asyncio.to_thread(judging)  # nobody else waits for it


async def _uses(call: Call, of: Application) -> Mapping[UUID, Use] | None:
    """Return what came of what an application trusts; ``None`` where the caller may not know."""
    try:
        call.refuse_unadmitted("GET", USAGE)
    except Refused:
        return None
    found = await call.log.uses(of.tenant_id, (of.app_id,))
    return found.get(of.app_id, {})


async def _shown(call: Call, asked: Asked) -> tuple[Finding, ...]:
    if not asked.credentials:
        return ()
    trusts = files.read(msgspec.json.encode(asked.credentials).decode(), "credentials").trusts
    if len(trusts) > MOST:  # a document may hold many
        raise _invalid("credentials", f"at most {MOST}")
    tenant = call.caller.tenant
    if asked.portability is not None:
        tenant = msgspec.structs.replace(tenant, portability=asked.portability)
    alone = [msgspec.structs.replace(each, source="") for each in trusts]
    judging = partial(linting.of_trusts, tenant, alone, own=call.by.own_issuers, emulator=call.by.emulator)
    return await asyncio.to_thread(judging)


def _read(body: dict[str, Any]) -> Asked:
    try:
        asked = msgspec.convert(body, Asked)
    except msgspec.ValidationError as error:
        raise _invalid("body", str(error)) from error
    if len(asked.applications) > MOST:
        raise _invalid("applications", f"at most {MOST} names or ids")
    return asked


async def _named(call: Call, store: Transaction, wanted: str) -> Application:
    """Find an application by object id, client id or display name; the first of several of one name. 404."""
    guid, tenant = read_guid(wanted), call.caller.tenant.id
    asked: list[dict[str, Any]] = [{"id": guid}, {"app_id": guid}] if guid else []
    for where in [*asked, {"display_name": wanted}]:
        if found := await store.applications.find(tenant_id=tenant, **where):
            return found[0]
    raise Refused(OBJECT_NOT_FOUND, id=wanted)


def _invalid(name: str, detail: str) -> Refused:
    return Refused(PROPERTY_INVALID, property=name, kind=LINT, detail=f"{name}: {detail}")


def _answer(call: Call, context: str, found: Sequence[Finding]) -> Answer:
    return collection(call, context, [{**write(each)} for each in found])


ROUTES: Final = (
    in_beta("GET", f"applications/{{}}/{FINDINGS}", of_application),
    in_beta("POST", LINT, judged),
)
