"""Issuer records: who may sign, where its keys come from, and what its tokens may look like.

Rule 1: a record belongs to one tenant. Its URL never changes; its list of algorithms is written here and nowhere else.
Rule 2: two records may share a URL in a tenant with extended portability only (two clusters of one default name).
Rule 3: with extended portability a record lists the hosts that its keys may come from; Entra ID lets discovery say so.
Rule 4: where a tenant guards its trust, no application blocks, unblocks or deletes a record, or changes one but to
narrow it, whatever role it has: every credential that names it would mean another signer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from accredit import assertions
from accredit.administer.administrator import given, marked, modified
from accredit.administer.limits import invalid, refuse_outside, refuse_unlisted
from accredit.administer.places import hosts, refuse_address, refuse_bundle, refuse_networks, refuse_places
from accredit.errors import ISSUER_IN_USE, VALUE_TAKEN, Refused
from accredit.issuers import Issuer, jwks, narrows, url
from accredit.issuers.record import DEFAULT_LIFETIME, MAX_LIFETIME, MAX_SKEW
from accredit.signins import Target
from accredit.tokens.keys import EMULATOR_KID

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import Tenant
    from accredit.issuers import IssuerUrl
    from accredit.issuers.record import Replay
    from accredit.signins import Operation

PRIVATE_MEMBERS: Final = "KP-11"
KIND: Final = "Issuer"
SHORTEST_LIFETIME: Final = 60  # seconds

REPLAYS: Final = ("off", "observe", "enforce")
ALGORITHMS: Final = {"entra": assertions.ENTRA.algorithms, "extended": assertions.EXTENDED.algorithms}
"""What a record may list, by its tenant's portability; also what a new record lists."""


async def create(  # noqa: PLR0913  the members of an issuer record
    by: Administrator,
    tenant_id: UUID,
    issuer: str,
    *,
    algorithms: tuple[str, ...] | None = None,
    uploaded: str | None = None,
    jwks_url: str | None = None,
    ca_bundle: str | None = None,
    networks: tuple[str, ...] = (),
    ports: tuple[int, ...] = (),
    allowed_jwks_hosts: tuple[str, ...] = (),
    replay: Replay = "off",
    twin: bool = False,
) -> Issuer:
    """Create a record before a credential names it. ``uploaded``: its key set; ``twin``: beside one of the same URL."""
    async with by.change() as change:
        tenant = await change.store.tenants.get(tenant_id)
        change.refuse_widening(tenant)
        extended = tenant.portability == "extended"
        opaque = extended and uploaded is not None
        record = fresh(change, tenant, url.parse(issuer, loopback_http=by.emulator, opaque=opaque))
        record = replace(
            record,
            algorithms=algorithms if algorithms is not None else record.algorithms,
            key_source="uploaded" if uploaded is not None else "jwks_url" if jwks_url else "discovery",
            jwks=uploaded,
            jwks_url=jwks_url,
            ca_bundle=ca_bundle,
            networks=networks,
            ports=ports,
            allowed_jwks_hosts=hosts(allowed_jwks_hosts, tenant.portability, record.url),
            replay=replay,
        )
        if await change.store.issuers.find(tenant_id=tenant_id, url=record.url) and not (twin and extended):
            raise Refused(VALUE_TAKEN, property="issuer", detail="this tenant has a record of this issuer")
        _refuse_unfit(by, record, tenant)
        return await add(change, record)


async def update(  # noqa: PLR0913  the members of an issuer record
    by: Administrator,
    issuer_id: UUID,
    *,
    algorithms: tuple[str, ...] | UnsetType = UNSET,
    jwks_url: str | UnsetType | None = UNSET,
    ca_bundle: str | UnsetType | None = UNSET,
    networks: tuple[str, ...] | UnsetType = UNSET,
    ports: tuple[int, ...] | UnsetType = UNSET,
    allowed_jwks_hosts: tuple[str, ...] | UnsetType = UNSET,
    max_lifetime: int | UnsetType = UNSET,
    skew: int | UnsetType = UNSET,
    require_kid: bool | UnsetType = UNSET,
    replay: Replay | UnsetType = UNSET,
) -> Issuer:
    """Change what is given. ``jwks_url``: keys come from there, without discovery; ``None``: from discovery again."""
    changes = given(
        algorithms=algorithms,
        jwks_url=jwks_url,
        ca_bundle=ca_bundle,
        networks=networks,
        ports=ports,
        allowed_jwks_hosts=allowed_jwks_hosts,
        max_lifetime=max_lifetime,
        skew=skew,
        require_kid=require_kid,
        replay=replay,
    )
    if "jwks_url" in changes:
        changes |= {"key_source": "jwks_url" if jwks_url else "discovery", "jwks": None}
    async with by.change() as change:
        before = await change.store.issuers.get(issuer_id)
        tenant = await change.store.tenants.get(before.tenant_id)
        after = replace(before, **changes)
        after = replace(after, allowed_jwks_hosts=hosts(after.allowed_jwks_hosts, tenant.portability, after.url))
        _refuse_unfit(by, after, tenant, before)
        return await _put(change, before, after)


async def upload(by: Administrator, issuer_id: UUID, document: str) -> Issuer:
    """Take the issuer's keys from ``document`` (a JWK set or one JWK) and never from the network."""
    async with by.change() as change:
        before = await change.store.issuers.get(issuer_id)
        after = replace(before, key_source="uploaded", jwks=document, jwks_url=None)
        _refuse_keys(by, after)
        return await _put(change, before, after)


async def block(by: Administrator, issuer_id: UUID, *, blocked: bool = True) -> Issuer:
    """Block an issuer, so that nothing it signed proves anything from now on; or unblock it."""
    async with by.change() as change:
        before = await change.store.issuers.get(issuer_id)
        return await _put(change, before, replace(before, blocked=blocked))


async def drop_keys(by: Administrator, issuer_id: UUID) -> Issuer:
    """Forget the keys that were fetched, in every process: they are fetched again before anything is proven by them."""
    async with by.change() as change:
        record = await change.store.issuers.get(issuer_id)
        if not record.fetches:
            raise invalid("keySource", KIND, "its keys are uploaded: upload others, or block it")
        after = await change.store.issuers.put(record)  # a revision of its own has keys of its own
        await _record(change, "Drop issuer keys", "Update", record, after)
    return after


async def delete(by: Administrator, issuer_id: UUID) -> None:
    """Delete a record that no credential names."""
    async with by.change() as change:
        record = await change.store.issuers.get(issuer_id)
        change.refuse_machines(await change.store.tenants.get(record.tenant_id))  # made again, it would not be blocked
        if held := await change.store.credentials.find(tenant_id=record.tenant_id, issuer_id=issuer_id):
            raise Refused(ISSUER_IN_USE, issuer=record.url, count=len(held))
        await change.store.issuers.remove(record)
        await _record(change, "Delete issuer", "Delete", record, None)


async def find_or_create(change: Change, tenant: Tenant, issuer: IssuerUrl, wanted: UUID | None) -> Issuer:
    """Return the record that a credential means by ``issuer``, inside a change; ``wanted`` is its id, if named."""
    found = await change.store.issuers.find(tenant_id=tenant.id, url=issuer)
    if wanted is not None:
        found = [each for each in found if each.id == wanted]
        if not found:
            raise invalid("issuer", "FederatedIdentityCredential", f"record {wanted} is not one of this issuer")
    if len(found) > 1:
        ids = ", ".join(str(each.id) for each in found)
        raise invalid("issuer", "FederatedIdentityCredential", f"several records have this URL, name one: {ids}")
    return found[0] if found else await add(change, fresh(change, tenant, issuer))


def fresh(change: Change, tenant: Tenant, issuer: IssuerUrl) -> Issuer:
    """Make a record with the defaults of its tenant's portability."""
    entra = tenant.portability == "entra"
    usual = ALGORITHMS[tenant.portability]
    return Issuer(
        id=change.by.ids.object(),
        tenant_id=tenant.id,
        url=issuer,
        algorithms=tuple(each for each in usual if allowed(tenant, each)),
        allowed_jwks_hosts=hosts((), tenant.portability, issuer),
        max_lifetime=MAX_LIFETIME if entra else DEFAULT_LIFETIME,
        require_kid=entra,
    )


async def add(change: Change, record: Issuer) -> Issuer:
    """Store a new record, inside a change."""
    _refuse_marked(change.by, record)
    record = await change.store.issuers.add(record)
    await _record(change, "Add issuer", "Add", None, record)
    return record


async def _put(change: Change, before: Issuer, after: Issuer) -> Issuer:
    if before.blocked != after.blocked or not narrows(before, after):
        change.refuse_machines(await change.store.tenants.get(before.tenant_id))
    after = await change.store.issuers.put(after)
    await _record(change, "Update issuer", "Update", before, after)
    return after


async def _record(
    change: Change, activity: str, operation: Operation, before: Issuer | None, after: Issuer | None
) -> None:
    for record in filter(None, (after or before,)):
        target = Target(id=record.id, kind=KIND, name=record.url, modified=modified(before, after))
        await change.record(activity, operation, target, tenant_id=record.tenant_id)


def allowed(tenant: Tenant, algorithm: str) -> bool:
    """Whether the tenant's policy lets issuers sign in this way."""
    return tenant.allowed_algorithms is None or algorithm in tenant.allowed_algorithms


def _refuse_unfit(by: Administrator, record: Issuer, tenant: Tenant, before: Issuer | None = None) -> None:
    """Refuse what no record may be. What it had ``before`` the tenant's policy was set may stay."""
    portability = tenant.portability
    if not record.algorithms:
        raise invalid("algorithms", KIND, "at least one")
    refuse_unlisted(record.algorithms, ALGORITHMS[portability], "algorithms", KIND)
    new = {*record.algorithms} - {*(before.algorithms if before is not None else ())}
    if wrong := sorted(each for each in new if not allowed(tenant, each)):
        listed = ", ".join(tenant.allowed_algorithms or ())
        raise invalid("algorithms", KIND, f"{', '.join(wrong)}: the tenant's policy allows {listed}")
    refuse_unlisted((record.replay,), REPLAYS, "replay", KIND)
    if portability == "entra" and not record.require_kid:
        raise invalid("requireKid", KIND, "Entra ID demands a key reference; extended portability does not")
    refuse_outside(record.skew, 0, MAX_SKEW, "skew", KIND)
    refuse_outside(record.max_lifetime, SHORTEST_LIFETIME, MAX_LIFETIME, "maxLifetime", KIND)
    if record.jwks_url is not None:
        refuse_address(by, record.jwks_url)
    refuse_bundle(record.ca_bundle)
    refuse_networks(record.networks)
    refuse_places(record)
    if record.key_source == "uploaded":
        _refuse_keys(by, record)


def _refuse_marked(by: Administrator, record: Issuer) -> None:
    """Refuse an issuer that only an emulator has: no production server starts with a record of it."""
    if not by.emulator and marked(record.url):
        raise invalid("issuer", KIND, f"{record.url} is an emulator's, and an emulator vouches for anybody")


def _refuse_keys(by: Administrator, record: Issuer) -> None:
    try:
        found = jwks.parse(record.jwks or "", record, uploaded=True)
    except Refused as error:
        raise invalid("jwks", KIND, error.detail.removeprefix("jwks: ")) from error
    if any(each.rule == PRIVATE_MEMBERS for each in found.dropped):
        raise invalid("jwks", KIND, "it holds a private key, which is nobody's to upload: replace that key")
    if not by.emulator and any((each.kid or "").startswith(EMULATOR_KID) for each in found.keys):
        raise invalid("jwks", KIND, "it holds the key of an emulator, which signs for anybody")
