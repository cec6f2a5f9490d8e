"""What a change of a credential would have meant for past sign-ins, in beta: what ``--replay`` prints.

Rule 1: nothing is changed, and whether the change would be taken is not judged: ``--dry-run`` does that.
Rule 2: who asks may read the log and the credentials, of another tenant nobody anything.
Rule 3: the log is looked through aside, when it is the tenant's turn, and for so long only: then it is a sample.
"""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.administer import findings
from accredit.directory import read_guid
from accredit.errors import OBJECT_NOT_FOUND, PROPERTY_INVALID, Refused
from accredit.explain.replay import NEW, replay
from accredit.interop.graph import credential
from accredit.issuers import Issuer
from accredit.trust import FederatedCredential, read
from accredit.web.graph.answers import entity
from accredit.web.graph.explain import application
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from accredit.directory import Tenant
    from accredit.explain.replay import Replayed
    from accredit.signins import Event
    from accredit.trust import Members
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

REPLAY: Final = "accredit.replay"
KIND: Final = "replay"
MOST: Final = 200_000  # events of one call
MOST_SECONDS: Final = 5.0


class Changing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One change: a credential that is new, one with its id and what would be different, or the id of one that goes."""

    add: dict[str, Any] | None = None
    update: dict[str, Any] | None = None
    delete: str | None = None


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a body asks."""

    application_id: str  # its object id, or its client id
    change: Changing
    since: datetime


async def replayed(call: Call) -> Answer:
    """Hold an application's past sign-ins against what it trusts, and against what it would trust."""
    asked = _read(call.body)
    tenant = call.caller.tenant
    async with call.by.registry.reading() as store:
        of = await application(call, store, asked.application_id)
        before = await store.credentials.find(application_id=of.id)
    after = _after(asked.change, before, tenant, of.id, call.authority.clock())
    told = partial(_told, before=before, after=after, tenant=tenant)
    found = await call.log.look_through(tenant.id, of.app_id, asked.since, told)
    return entity(call, REPLAY, msgspec.to_builtins(found))


def _told(
    events: Iterable[Event],
    *,
    before: Sequence[FederatedCredential],
    after: Sequence[FederatedCredential],
    tenant: Tenant,
) -> Replayed:
    until = time.monotonic() + MOST_SECONDS
    return replay(events, before, after, tenant.several_audiences, most=MOST, enough=lambda: time.monotonic() > until)


def _read(body: Mapping[str, Any]) -> Asked:
    try:
        asked = msgspec.convert(body, Asked)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    given = (asked.change.add, asked.change.update, asked.change.delete)
    if sum(each is not None for each in given) != 1:
        raise _invalid("change has one of add, update and delete")
    if asked.since.tzinfo is None:
        raise _invalid("since needs an offset, such as Z")
    return asked


def _invalid(detail: str) -> Refused:
    return Refused(PROPERTY_INVALID, property=KIND, kind=KIND, detail=detail)


def _after(
    change: Changing, before: Sequence[FederatedCredential], tenant: Tenant, application_id: UUID, now: datetime
) -> list[FederatedCredential]:
    """Return the credentials that the application would have."""
    if change.add is not None:
        members = credential.changes(change.add, None, tenant.portability, beta=True)
        return [*before, _made(members, before, tenant, application_id, now)]
    wanted = change.delete if change.update is None else change.update.get("id")
    found = next((each for each in before if each.id == read_guid(str(wanted))), None)
    if found is None:
        raise Refused(OBJECT_NOT_FOUND, id=wanted)
    rest = [each for each in before if each is not found]
    if change.update is None:
        return rest
    told = {name: value for name, value in change.update.items() if name != "id"}
    members = credential.changes(told, found, tenant.portability, beta=True)
    made = _made(findings.over(found, members), before, tenant, application_id, now)
    kept = {name: getattr(made, name) for name in ("issuer", "audience", "subject", "expression", "description")}
    return [*rest, msgspec.structs.replace(found, **kept, **findings.others(members))]


def _made(
    members: Members, before: Sequence[FederatedCredential], tenant: Tenant, application_id: UUID, now: datetime
) -> FederatedCredential:
    trust = read(
        name=members.get("name") or "",
        issuer=members.get("issuer"),
        subject=members.get("subject"),
        expression=members.get("expression"),
        audiences=members.get("audiences", ()),
        description=members.get("description"),
        language_version=members.get("language_version", 1),
        portable=tenant.portability == "entra",
        loopback_http=True,  # where such an issuer may be is for the change itself to say
        opaque_issuer=True,
    )
    records = [each.issuer for each in before if each.issuer.url == trust.issuer]
    new = Issuer(id=NEW, tenant_id=tenant.id, url=trust.issuer, algorithms=())
    return FederatedCredential(
        id=NEW,
        tenant_id=tenant.id,
        application_id=application_id,
        name=trust.name,
        issuer=records[0] if records else new,
        audience=trust.audience,
        created_at=now,
        subject=trust.subject,
        expression=trust.expression,
        description=trust.description,
        **findings.others(members),
    )


ROUTES: Final = (in_beta("POST", REPLAY, replayed),)
