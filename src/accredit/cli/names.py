"""Which one is meant: people name things by what they see (a display name, a client id, an object id, a URL)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from accredit.cli.failures import Said
from accredit.cli.grammar import did_you_mean
from accredit.cli.words import accredit
from accredit.errors import CREDENTIAL_NOT_FOUND, INPUT_INVALID, OBJECT_NOT_FOUND, TENANT_AMBIGUOUS, Refused
from accredit.query import Query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from accredit.directory import Application, AppRole, ServicePrincipal, Tenant
    from accredit.issuers import Issuer
    from accredit.ports import Shelf, Transaction
    from accredit.trust import FederatedCredential

    V = TypeVar("V")
    N = TypeVar("N", Application, ServicePrincipal)

PAGE: Final = 500  # rows read at once
MOST_COMPARED: Final = 5_000  # names that "did you mean" looks at


def uuid(text: str) -> UUID | None:
    """Return the id that ``text`` spells with dashes; ``None`` when it is something else."""
    try:
        return UUID(text) if len(text) == len(str(UUID(int=0))) else None
    except ValueError:
        return None


async def everything(shelf: Shelf[V], most: int | None = None, **where: object) -> list[V]:
    """Return all rows (or the first ``most``) that ``where`` describes, page by page."""
    rows: list[V] = []
    query: Query | None = Query(limit=PAGE)
    while query is not None and (most is None or len(rows) < most):
        page = await shelf.search(query, **where)
        rows += page.things
        query = None if page.after is None else Query(after=page.after, limit=PAGE)
    return rows


async def tenant(store: Transaction, wanted: str | None) -> Tenant:
    """Find the tenant that is meant: by id or domain, or the only one."""
    if wanted is None:
        found = (await store.tenants.search(Query(limit=PAGE))).things
        if len(found) == 1:
            return found[0]
        raise Refused(TENANT_AMBIGUOUS, count=f"{len(found)} or more" if len(found) == PAGE else len(found))
    key = uuid(wanted)
    found = await store.tenants.find(id=key) if key else await store.tenants.find(domain=wanted.lower())
    if found:
        return found[0]
    known = [name for each in (await store.tenants.search(Query(limit=PAGE))).things for name in each.domains]
    raise absent(
        wanted, "tenant has this id or domain", known, f"On the authority's host: {accredit('tenant', 'list')}"
    )


async def application(store: Transaction, where: Tenant, wanted: str) -> Application:
    """Find an application by client id, object id, display name or identifier URI."""
    shelf = store.applications
    if key := uuid(wanted) or (await store.named(where.id, wanted) if ":" in wanted else None):
        found = [*await shelf.find(tenant_id=where.id, app_id=key), *await shelf.find(tenant_id=where.id, id=key)]
    else:
        found = list(await shelf.find(tenant_id=where.id, display_name=wanted))
    return await _only(shelf, where, found, wanted, "application", accredit("app", "list"))


async def principal(store: Transaction, where: Tenant, wanted: str) -> ServicePrincipal:
    """Find a service principal by client id, object id, display name or a name of the API, such as api://orders."""
    shelf = store.principals
    key = uuid(wanted) or await store.named(where.id, wanted)
    if key:
        found = [*await shelf.find(tenant_id=where.id, app_id=key), *await shelf.find(tenant_id=where.id, id=key)]
        if not found and (of := await store.applications.find(tenant_id=where.id, id=key)):
            found = list(await shelf.find(tenant_id=where.id, app_id=of[0].app_id))
    else:
        found = list(await shelf.find(tenant_id=where.id, display_name=wanted))
    from accredit.directory import wellknown

    known = [each for each in wellknown.principals().values() if wanted in {each.key, each.display_name, *each.names}]
    fix = accredit("sp", "create", known[0].key) if known else accredit("sp", "list")
    return await _only(shelf, where, found, wanted, "service principal", fix)


async def _only(shelf: Shelf[N], where: Tenant, found: Sequence[N], wanted: str, noun: str, fix: str) -> N:
    """Return the one that was found; refuse none and several. ``fix``: what helps where there is none."""
    if len(found) == 1:
        return found[0]
    if found:
        raise several(wanted, [str(each.app_id) for each in found])
    near = await everything(shelf, most=MOST_COMPARED, tenant_id=where.id)
    raise absent(wanted, f"{noun} has this name, client id or object id", [each.display_name for each in near], fix)


async def credential(store: Transaction, of: Application, wanted: str) -> FederatedCredential:
    """Find a credential of an application by name or id."""
    held = await store.credentials.find(application_id=of.id)
    found = [each for each in held if wanted in {each.name, str(each.id)}]
    if found:
        return found[0]
    raise Refused(CREDENTIAL_NOT_FOUND, name=wanted, detail=did_you_mean(wanted, [each.name for each in held]))


def app_role(of: Application, wanted: str) -> AppRole:
    """Find an app role of an application by value or id."""
    return _role(of.app_roles, of.display_name, wanted, accredit("app", "role", "list", of.app_id))


async def role_id(store: Transaction, of: ServicePrincipal, wanted: str) -> UUID:
    """Find an app role that an API offers, by value; an id is taken as it stands."""
    from accredit.administer import permissions

    offered = await permissions.roles(store, of)
    return (
        uuid(wanted)
        or _role(offered, of.display_name, wanted, accredit("sp", "show", of.app_id, "-q", "appRoles[].value")).id
    )


def _role(offered: Sequence[AppRole], api: str, wanted: str, fix: str) -> AppRole:
    for each in sorted(offered, key=lambda role: not role.enabled):
        if wanted in {each.value, str(each.id)}:
            return each
    known = [each.value for each in offered if each.enabled and each.value]
    hint = did_you_mean(wanted, known)
    detail = f"{api} offers no role {wanted} (there are: {', '.join(known) or 'none'})"
    refused = Refused(OBJECT_NOT_FOUND, id=wanted, detail=f"{detail}; {hint}" if hint else detail)
    raise Said(refused, fix=fix)


async def issuer(store: Transaction, where: Tenant, wanted: str) -> Issuer:
    """Find an issuer record by URL or id."""
    key = uuid(wanted)
    found = await store.issuers.find(tenant_id=where.id, **({"id": key} if key else {"url": wanted}))
    if len(found) == 1:
        return found[0]
    if found:
        raise several(wanted, [str(each.id) for each in found])
    known = await everything(store.issuers, most=MOST_COMPARED, tenant_id=where.id)
    raise absent(wanted, "issuer record has this URL or id", [each.url for each in known], accredit("issuer", "list"))


def absent(wanted: str, nobody: str, known: Sequence[str], fix: str) -> Said:
    """Make the refusal of a name that nothing has. ``fix``: what lists those that there are."""
    hint = did_you_mean(wanted, known)
    refused = Refused(OBJECT_NOT_FOUND, id=wanted, detail=f"No {nobody}{'; ' + hint if hint else '.'}")
    return Said(refused, fix=fix)


def several(wanted: str, ids: Sequence[str]) -> Refused:
    """Make the refusal of a name that several things have."""
    return Refused(INPUT_INVALID, what=wanted, reason=f"several have this name; use one of {', '.join(ids)}")
