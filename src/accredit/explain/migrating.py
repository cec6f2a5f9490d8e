"""Finding out where the credentials of an application stand on the way to GitHub's subjects with ids.

Rule 1: an application that trusts no repository by its names costs one look at its credentials. Of any other so many
sign-ins are read and no more.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

import msgspec

from accredit.explain import twin
from accredit.explain.migration import Held, Migration, migrations
from accredit.explain.repository_ids import Sighting, sighting
from accredit.query import And, Compare, Query, StartsWith
from accredit.query import Any as AnyOf
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from accredit.directory import Application, Tenant
    from accredit.ports import Transaction
    from accredit.query import Condition, Page
    from accredit.signins import Audit, Event
    from accredit.signins.usage import Use
    from accredit.trust import FederatedCredential

MOST_ASKED: Final = 20  # credentials of one application whose own sign-ins are looked for
MOST_GRANTS: Final = 50  # of one credential
MOST_PROVEN: Final = 500  # of the application, whatever came of them
MOST_CHANGES: Final = 200  # of the application, among which it is looked for who was disabled when
_SHOWN: Final = "FederatedIdentityCredentials"  # as the record of a change calls them


class Log(Protocol):
    """The sign-in log."""

    async def search(self, query: Query, *, tenant_id: UUID) -> Page[Event]: ...

    async def uses(self, tenant_id: UUID, app_ids: Collection[UUID]) -> Mapping[UUID, Mapping[UUID, Use]]: ...


class _Kept(msgspec.Struct, frozen=True):
    """A credential as the record of a change has it."""

    id: UUID
    enabled: bool = True


_KEPT: Final = msgspec.json.Decoder(tuple[_Kept, ...])


async def of_application(
    store: Transaction, log: Log, tenant: Tenant, application: Application, now: datetime
) -> tuple[Migration, ...]:
    """Return where each credential of an application stands."""
    credentials = await store.credentials.find(application_id=application.id)
    concerned = [each for each in credentials if _concerned(each)]
    if not concerned:
        return ()
    uses = (await log.uses(tenant.id, (application.app_id,))).get(application.app_id, {})
    disabled = await _disabled(store, application, concerned)
    held = [_held(each, application, uses.get(each.id), disabled.get(each.id)) for each in credentials]
    seen = await _seen(log, application, concerned)
    return migrations(held, seen, now=now, portable=tenant.portability == "entra")


def _concerned(credential: FederatedCredential) -> bool:
    reading = twin.read(WrittenTrust.of(credential))
    return reading is not None and reading.kind != "immutable"


def _held(credential: FederatedCredential, of: Application, use: Use | None, disabled_at: datetime | None) -> Held:
    written = WrittenTrust.of(credential, of.display_name)
    trust = msgspec.structs.replace(written, last_used_at=use.last_at if use is not None else None)
    return Held(trust=trust, id=credential.id, disabled_at=None if credential.enabled else disabled_at)


async def _seen(log: Log, of: Application, concerned: Sequence[FederatedCredential]) -> list[Sighting]:
    """Return which repositories proven sign-ins named: those of each credential, and the newest of all."""
    pages = [await log.search(each, tenant_id=of.tenant_id) for each in _questions(of, concerned)]
    found = (sighting(event) for page in pages for event in page.things)
    return list(dict.fromkeys(each for each in found if each is not None))


def _questions(of: Application, concerned: Sequence[FederatedCredential]) -> Iterator[Query]:
    app = Compare("appId", "eq", str(of.app_id))
    granted = Compare("status/errorCode", "eq", 0)
    for each in concerned[:MOST_ASKED]:
        by = Compare("federatedCredentialId", "eq", str(each.id))
        yield Query(condition=And((app, granted, by)), limit=MOST_GRANTS)
    terms: tuple[Condition, ...] = (
        app,
        Compare("accredit/proof", "eq", "proven"),
        StartsWith("accredit/assertion/subject", "repo:"),
    )
    yield Query(condition=And(terms), limit=MOST_PROVEN)


async def _disabled(
    store: Transaction, of: Application, concerned: Sequence[FederatedCredential]
) -> Mapping[UUID, datetime]:
    """Return when credentials were disabled last, of those that are, as far as the records of changes say."""
    wanted = {each.id for each in concerned if not each.enabled}
    if not wanted:
        return {}
    about = AnyOf("targetResources/id", Compare("", "eq", str(of.id)))
    page = await store.audits.search(Query(condition=about, limit=MOST_CHANGES), tenant_id=of.tenant_id)
    found: dict[UUID, datetime] = {}
    for record in page.things:
        for each in _put_out(record) & wanted:
            found.setdefault(each, record.at)  # the newest comes first
    return found


def _put_out(record: Audit) -> set[UUID]:
    """Return the credentials that a change disabled."""
    found: set[UUID] = set()
    for each in chain.from_iterable(target.modified for target in record.targets):
        if each.name == _SHOWN:
            before, after = _enabled(each.before), _enabled(each.after)
            found |= {key for key, enabled in after.items() if not enabled and before.get(key, True)}
    return found


def _enabled(text: str) -> dict[UUID, bool]:
    try:
        return {each.id: each.enabled for each in _KEPT.decode(text)}
    except msgspec.MsgspecError:  # of another version
        return {}


__all__ = ["Log", "of_application"]
