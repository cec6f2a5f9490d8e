"""Tenants: a directory of its own each, with the well-known service principals that its operator wants in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict
from uuid import UUID

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from accredit import tokens
from accredit.administer import principals
from accredit.administer.administrator import MARK, given, modified, refuse_mark
from accredit.administer.issuers import ALGORITHMS, SHORTEST_LIFETIME
from accredit.administer.limits import MULTI_AUDIENCE, invalid, refuse_name, refuse_outside, refuse_unlisted
from accredit.directory import LONGEST_TOKEN_LIFETIME, TOKEN_LIFETIME, Tenant, is_domain
from accredit.errors import VALUE_TAKEN, Refused
from accredit.issuers import url
from accredit.issuers.record import MAX_LIFETIME
from accredit.query import Query
from accredit.signins import Target

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Unpack

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import TrustChanges
    from accredit.directory.application import Mode
    from accredit.issuers import Portability
    from accredit.ports import Shelf
    from accredit.trust import MultiAudience

KIND: Final = "Tenant"
SHORTEST_TOKEN_LIFETIME: Final = 60  # seconds
MOST_DOMAINS: Final = 100
MOST_ISSUERS: Final = 200  # that a tenant may list as allowed
POLICIES: Final = (
    *("allowed_issuers", "allowed_issuers_mode", "allowed_algorithms", "max_assertion_lifetime", "immutable_ids"),
    "lint",
)
"""What a tenant demands of all trust; ``accredit.policy`` judges by most of it."""
GUARDED: Final = ("trust_changes", "portability", "multi_audience", "domains", "token_lifetime", *POLICIES)
"""The policy of a tenant: no application changes it where the tenant guards its trust."""
_PAGE: Final = 500
_PORTABILITIES: Final = ("entra", "extended")
_TRUST_CHANGES: Final = ("entra", "owner_may_narrow")


class Policies(TypedDict, total=False):
    """What a tenant demands of all trust. ``None``: every issuer, every algorithm, as each issuer record says."""

    allowed_issuers: tuple[str, ...] | None
    allowed_issuers_mode: Mode
    allowed_algorithms: tuple[str, ...] | None
    max_assertion_lifetime: int | None  # seconds
    immutable_ids: Literal["off"] | Mode
    lint: Literal["warn", "block"]


async def create(  # noqa: PLR0913  the settings of a tenant
    by: Administrator,
    *,
    display_name: str,
    domains: tuple[str, ...],
    portability: Portability = "entra",
    multi_audience: MultiAudience | None = None,
    token_lifetime: int = TOKEN_LIFETIME,
    trust_changes: TrustChanges | None = None,
    enable: Collection[str] | None = None,
    tenant_id: UUID | None = None,
    **policies: Unpack[Policies],
) -> Tenant:
    """Create a tenant. ``enable``: keys of the well-known principals to seed; ``None`` seeds them all."""
    async with by.change() as change:
        tenant = Tenant(
            id=tenant_id or new_id(by),
            display_name=display_name,
            domains=tuple(each.lower() for each in domains),
            created_at=change.at,
            portability=portability,
            multi_audience=multi_audience,
            token_lifetime=token_lifetime,
            trust_changes=trust_changes,
            **policies,
        )
        refuse_mark(by, tenant.id, "the tenant id")
        await _refuse_unfit(change, tenant)
        tenant = await change.store.tenants.add(tenant)
        if by.base:  # what it will ever emit is never trusted, whatever becomes of the tenant
            await change.store.emit([tokens.issuer(by.base, tenant.id, version) for version in (1, 2)])
        for key in principals.seeds(enable):
            await principals.seed(change, tenant.id, key)
        await change.record("Add tenant", "Add", _target(tenant, None, tenant), tenant_id=tenant.id)
    return tenant


async def update(
    by: Administrator,
    tenant_id: UUID,
    *,
    display_name: str | UnsetType = UNSET,
    domains: tuple[str, ...] | UnsetType = UNSET,
    portability: Portability | UnsetType = UNSET,
    multi_audience: MultiAudience | UnsetType | None = UNSET,
    token_lifetime: int | UnsetType = UNSET,
    trust_changes: TrustChanges | UnsetType | None = UNSET,
    **policies: Unpack[Policies],
) -> Tenant:
    """Change what is given; ``None`` is "as the profile says", "as the portability says", or "every one".

    Credentials and issuer records stay as they are; their next change obeys. Tokens that break a policy which is
    enforced are refused from the next request on.
    """
    changes = given(
        display_name=display_name,
        domains=tuple(each.lower() for each in domains) if domains is not UNSET else UNSET,
        portability=portability,
        multi_audience=multi_audience,
        token_lifetime=token_lifetime,
        trust_changes=trust_changes,
        **policies,
    )
    async with by.change() as change:
        before = await change.store.tenants.get(tenant_id)
        after = replace(before, **changes)
        if any(getattr(after, name) != getattr(before, name) for name in GUARDED):
            change.refuse_machines(before)
        await _refuse_unfit(change, after)
        after = await change.store.tenants.put(after)
        await change.record("Update tenant", "Update", _target(after, before, after), tenant_id=tenant_id)
    return after


async def proposed(by: Administrator, tenant_id: UUID, **changes: Unpack[Policies]) -> Tenant:
    """Return a tenant as it would be with other policies. Nothing is stored; what would be refused is refused."""
    async with by.registry.reading() as store:
        tenant = replace(await store.tenants.get(tenant_id), **changes)
    _refuse_policies(by, tenant)
    return tenant


async def delete(by: Administrator, tenant_id: UUID) -> None:
    """Delete a tenant with everything in it. Its sign-ins and audit records stay."""
    async with by.change() as change:
        tenant = await change.store.tenants.get(tenant_id)
        store = change.store
        everything: tuple[Shelf[Any], ...] = (
            store.assignments,
            store.credentials,
            store.issuers,
            store.principals,
            store.applications,
        )
        for shelf in everything:
            while found := (await shelf.search(Query(limit=_PAGE), tenant_id=tenant_id)).things:
                for each in found:
                    await shelf.remove(each)
        await store.tenants.remove(tenant)
        await change.record("Delete tenant", "Delete", _target(tenant, tenant, None), tenant_id=tenant_id)


async def _refuse_unfit(change: Change, tenant: Tenant) -> None:
    refuse_name(tenant.display_name, KIND)
    refuse_unlisted((tenant.portability,), _PORTABILITIES, "portability", KIND)
    if tenant.multi_audience is not None:
        refuse_unlisted((tenant.multi_audience,), MULTI_AUDIENCE, "multiAudience", KIND)
    if tenant.trust_changes is not None:
        refuse_unlisted((tenant.trust_changes,), _TRUST_CHANGES, "trustChanges", KIND)
    refuse_outside(tenant.token_lifetime, SHORTEST_TOKEN_LIFETIME, LONGEST_TOKEN_LIFETIME, "tokenLifetime", KIND)
    _refuse_policies(change.by, tenant)
    await _refuse_domains(change, tenant)


def _refuse_policies(by: Administrator, tenant: Tenant) -> None:
    refuse_unlisted((tenant.allowed_issuers_mode,), ("audit", "enforce"), "allowedIssuersMode", KIND)
    refuse_unlisted((tenant.immutable_ids,), ("off", "audit", "enforce"), "immutableIds", KIND)
    refuse_unlisted((tenant.lint,), ("warn", "block"), "lint", KIND)
    limit = tenant.max_assertion_lifetime
    refuse_outside(limit, SHORTEST_LIFETIME, MAX_LIFETIME, "maxAssertionLifetime", KIND)
    if tenant.allowed_algorithms is not None:
        if not tenant.allowed_algorithms:
            raise invalid("allowedAlgorithms", KIND, "at least one; null allows every one")
        refuse_unlisted(tenant.allowed_algorithms, ALGORITHMS[tenant.portability], "allowedAlgorithms", KIND)
    _refuse_issuers(by, tenant)


def _refuse_issuers(by: Administrator, tenant: Tenant) -> None:
    """Refuse a list that allows nothing, or what no credential could ever name."""
    listed = tenant.allowed_issuers
    if listed is None:
        return
    if not 0 < len(listed) <= MOST_ISSUERS:
        raise invalid("allowedIssuers", KIND, f"1 to {MOST_ISSUERS} issuers; null allows every one")
    if len(set(listed)) != len(listed):
        raise invalid("allowedIssuers", KIND, "an issuer stands there twice")
    for each in listed:
        try:
            url.parse(each, loopback_http=by.emulator, opaque=tenant.portability == "extended")
        except Refused as error:
            raise invalid("allowedIssuers", KIND, f"{each}: {error.detail.removeprefix('issuer: ')}") from error


async def _refuse_domains(change: Change, tenant: Tenant) -> None:
    if not 0 < len(tenant.domains) <= MOST_DOMAINS:
        raise invalid("domains", KIND, f"1 to {MOST_DOMAINS} domains")
    if len(set(tenant.domains)) != len(tenant.domains):
        raise invalid("domains", KIND, "a domain stands there twice")
    for domain in tenant.domains:
        if not is_domain(domain):
            raise invalid("domains", KIND, f"{domain} is not a DNS name with a dot")
        if any(each.id != tenant.id for each in await change.store.tenants.find(domain=domain)):
            raise Refused(VALUE_TAKEN, property="domains", detail=f"another tenant has {domain}")


def _target(tenant: Tenant, before: Tenant | None, after: Tenant | None) -> Target:
    return Target(id=tenant.id, kind=KIND, name=tenant.display_name, modified=modified(before, after))


def new_id(by: Administrator) -> UUID:
    """Return a new tenant's id; an emulator's bears its mark."""
    made = by.ids.object()
    return UUID(MARK + str(made)[len(MARK) :]) if by.emulator else made
