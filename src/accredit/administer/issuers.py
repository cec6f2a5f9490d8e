"""Issuer records: who may sign, where its keys come from, and what its tokens may look like.

Rule 1: a record belongs to one tenant. Its URL never changes; its list of algorithms is written here and nowhere else.
Rule 2: two records may share a URL in a tenant with extended portability only (two clusters of one default name).
Rule 3: with extended portability a record lists the hosts that its keys may come from; Entra ID lets discovery say so.
Rule 4: where a tenant guards its trust, no application blocks, unblocks or deletes a record, or changes one but to
narrow it, whatever role it has: every credential that names it would mean another signer.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final

from cryptography import x509
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from accredit import assertions
from accredit.administer.administrator import given, modified
from accredit.administer.limits import invalid, refuse_outside, refuse_unlisted
from accredit.errors import ISSUER_IN_USE, VALUE_TAKEN, Refused
from accredit.issuers import Issuer, jwks, keyhosts, narrows, url
from accredit.issuers.record import DEFAULT_LIFETIME, MAX_LIFETIME, MAX_SKEW
from accredit.signins import Target

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import Tenant
    from accredit.issuers import IssuerUrl, Portability
    from accredit.signins import Operation

Network = IPv4Network | IPv6Network

PRIVATE_MEMBERS: Final = "KP-11"
KIND: Final = "Issuer"
SHORTEST_LIFETIME: Final = 60  # seconds
LONGEST_BUNDLE: Final = 64 * 1_024  # characters
MOST_CERTIFICATES: Final = 16
MOST_NETWORKS: Final = 64
MOST_PLACES: Final = 16  # ports, and hosts of keys
HIGHEST_PORT: Final = 65_535

PRIVATE: Final = tuple(
    ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1/128")
)
"""Where a private issuer may be: what connections may be opted in to. Public addresses need nobody's leave."""

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
            allowed_jwks_hosts=_hosts(allowed_jwks_hosts, tenant.portability, record.url),
        )
        if await change.store.issuers.find(tenant_id=tenant_id, url=record.url) and not (twin and extended):
            raise Refused(VALUE_TAKEN, property="issuer", detail="this tenant has a record of this issuer")
        _refuse_unfit(by, record, tenant.portability)
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
    )
    if "jwks_url" in changes:
        changes |= {"key_source": "jwks_url" if jwks_url else "discovery", "jwks": None}
    async with by.change() as change:
        before = await change.store.issuers.get(issuer_id)
        tenant = await change.store.tenants.get(before.tenant_id)
        after = replace(before, **changes)
        hosts = _hosts(after.allowed_jwks_hosts, tenant.portability, after.url)
        after = replace(after, allowed_jwks_hosts=hosts)
        _refuse_unfit(by, after, tenant.portability)
        return await _put(change, before, after)


async def upload(by: Administrator, issuer_id: UUID, document: str) -> Issuer:
    """Take the issuer's keys from ``document`` (a JWK set or one JWK) and never from the network."""
    async with by.change() as change:
        before = await change.store.issuers.get(issuer_id)
        after = replace(before, key_source="uploaded", jwks=document, jwks_url=None)
        _refuse_keys(after)
        return await _put(change, before, after)


async def block(by: Administrator, issuer_id: UUID, *, blocked: bool = True) -> Issuer:
    """Block an issuer, so that nothing it signed proves anything from now on; or unblock it."""
    async with by.change() as change:
        before = await change.store.issuers.get(issuer_id)
        return await _put(change, before, replace(before, blocked=blocked))


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
    return Issuer(
        id=change.by.ids.object(),
        tenant_id=tenant.id,
        url=issuer,
        algorithms=ALGORITHMS[tenant.portability],
        allowed_jwks_hosts=_hosts((), tenant.portability, issuer),
        max_lifetime=MAX_LIFETIME if entra else DEFAULT_LIFETIME,
        require_kid=entra,
    )


async def add(change: Change, record: Issuer) -> Issuer:
    """Store a new record, inside a change."""
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


def _refuse_unfit(by: Administrator, record: Issuer, portability: Portability) -> None:
    if not record.algorithms:
        raise invalid("algorithms", KIND, "at least one")
    refuse_unlisted(record.algorithms, ALGORITHMS[portability], "algorithms", KIND)
    if portability == "entra" and not record.require_kid:
        raise invalid("requireKid", KIND, "Entra ID demands a key reference; extended portability does not")
    refuse_outside(record.skew, 0, MAX_SKEW, "skew", KIND)
    refuse_outside(record.max_lifetime, SHORTEST_LIFETIME, MAX_LIFETIME, "maxLifetime", KIND)
    if record.jwks_url is not None:
        _refuse_address(by, record.jwks_url)
    _refuse_bundle(record.ca_bundle)
    _refuse_networks(record.networks)
    _refuse_places(record)
    if record.key_source == "uploaded":
        _refuse_keys(record)


def _hosts(listed: tuple[str, ...], portability: Portability, issuer: str) -> tuple[str, ...]:
    """Return the hosts that a record lists: those given, or with extended portability the issuer's own."""
    if not listed and portability == "extended":
        return keyhosts.pinned(issuer)
    return tuple(each.lower() for each in listed)


def _refuse_places(record: Issuer) -> None:
    if len(record.ports) > MOST_PLACES or len(record.allowed_jwks_hosts) > MOST_PLACES:
        raise invalid("ports or allowedJwksHosts", KIND, f"at most {MOST_PLACES} of each")
    for port in record.ports:
        refuse_outside(port, 1, HIGHEST_PORT, "ports", KIND)
    for host in record.allowed_jwks_hosts:
        if keyhosts.pinned(f"https://[{host}]/" if ":" in host else f"https://{host}/")[:1] != (host,):
            raise invalid("allowedJwksHosts", KIND, f"{host} is not a host name")


def _refuse_keys(record: Issuer) -> None:
    try:
        found = jwks.parse(record.jwks or "", record, uploaded=True)
    except Refused as error:
        raise invalid("jwks", KIND, error.detail.removeprefix("jwks: ")) from error
    if any(each.rule == PRIVATE_MEMBERS for each in found.dropped):
        raise invalid("jwks", KIND, "it holds a private key, which is nobody's to upload: replace that key")


def _refuse_address(by: Administrator, address: str) -> None:
    try:
        parts = url.split(address)
    except ValueError as error:
        raise invalid("jwksUrl", KIND, str(error)) from error
    if parts.scheme != "https" and not (by.emulator and parts.loopback):
        raise invalid("jwksUrl", KIND, "it must be https")


def _refuse_bundle(bundle: str | None) -> None:
    if bundle is None:
        return
    if len(bundle) > LONGEST_BUNDLE:
        raise invalid("caBundle", KIND, f"longer than {LONGEST_BUNDLE} characters")
    try:
        found = x509.load_pem_x509_certificates(bundle.encode())
    except ValueError as error:
        raise invalid("caBundle", KIND, "not PEM certificates") from error
    if len(found) > MOST_CERTIFICATES:
        raise invalid("caBundle", KIND, f"{len(found)} certificates, at most {MOST_CERTIFICATES}")


def _refuse_networks(networks: tuple[str, ...]) -> None:
    if len(networks) > MOST_NETWORKS:
        raise invalid("networks", KIND, f"at most {MOST_NETWORKS}")
    for each in networks:
        try:
            network = ip_network(each)
        except ValueError as error:
            raise invalid("networks", KIND, str(error)) from error
        if not any(_within(network, private) for private in PRIVATE):
            known = ", ".join(map(str, PRIVATE))
            raise invalid("networks", KIND, f"{each} is not within a private network (there are: {known})")


def _within(network: Network, outer: Network) -> bool:
    return network.version == outer.version and network.subnet_of(outer)  # type: ignore[arg-type]  # of one version
