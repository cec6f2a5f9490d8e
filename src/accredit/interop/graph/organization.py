"""``organization`` and ``domain`` of Microsoft Graph, and the settings of a tenant that only this authority has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict
from uuid import UUID  # noqa: TC003  msgspec reads the annotations

from accredit.directory import TOKEN_LIFETIME, Tenant
from accredit.directory.application import Mode, TrustChanges  # noqa: TC001  msgspec reads the annotations
from accredit.interop.graph import parts
from accredit.interop.graph.parts import Instant, Json, Wire, given, invalid, written
from accredit.issuers import Portability  # noqa: TC001  msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND: Final = "Tenant"
POLICIES: Final = (
    *("allowed_issuers", "allowed_issuers_mode", "allowed_algorithms", "max_assertion_lifetime", "immutable_ids"),
    "lint",
)
_READ_ONLY: Final = ("id", "createdDateTime", "isEmulator")


class Domain(Wire, frozen=True, kw_only=True):
    """A domain as Graph writes it."""

    id: str
    authentication_type: str = "Managed"
    is_admin_managed: bool = True
    is_default: bool
    is_initial: bool
    is_root: bool = True
    is_verified: bool = True
    supported_services: tuple[str, ...] = ()


class VerifiedDomain(Wire, frozen=True, kw_only=True):
    """A domain as an organization names it."""

    name: str
    is_default: bool
    is_initial: bool
    capabilities: str = ""
    type: str = "Managed"


class Organization(Wire, frozen=True, kw_only=True):
    """An organization as Graph writes it."""

    id: UUID
    display_name: str
    verified_domains: tuple[VerifiedDomain, ...]


class Written(Wire, frozen=True, kw_only=True):
    """A tenant with its settings. One that is ``None`` is as the profile or the portability says."""

    id: UUID | None = None
    display_name: str | None = None
    domains: tuple[str, ...] = ()
    created_date_time: Instant | None = None
    portability: Portability = "entra"
    multi_audience: Literal["contained", "listed", "refuse"] | None = None
    token_lifetime: int = TOKEN_LIFETIME  # seconds
    trust_changes: TrustChanges | None = None
    allowed_issuers: tuple[str, ...] | None = None  # None: every one
    allowed_issuers_mode: Mode = "enforce"
    allowed_algorithms: tuple[str, ...] | None = None  # None: every one
    max_assertion_lifetime: int | None = None  # seconds; None: as each issuer record says
    immutable_ids: Literal["off"] | Mode = "off"
    lint: Literal["warn", "block"] = "warn"
    is_emulator: bool = False


class Changes(TypedDict, total=False):
    """What a body changes: arguments of ``administer.tenants.update``."""

    display_name: str
    domains: tuple[str, ...]
    portability: Portability
    multi_audience: Literal["contained", "listed", "refuse"] | None
    token_lifetime: int
    trust_changes: TrustChanges | None
    allowed_issuers: tuple[str, ...] | None
    allowed_issuers_mode: Mode
    allowed_algorithms: tuple[str, ...] | None
    max_assertion_lifetime: int | None
    immutable_ids: Literal["off"] | Mode
    lint: Literal["warn", "block"]


def organization(of: Tenant) -> Json:
    """Write a tenant as the organization that it is to Graph."""
    domains = tuple(
        VerifiedDomain(name=each, is_default=number == 0, is_initial=number == 0)
        for number, each in enumerate(of.domains)
    )
    return _json(Organization(id=of.id, display_name=of.display_name, verified_domains=domains))


def domains(of: Tenant) -> list[Json]:
    """Write the domains of a tenant. The first one is its default."""
    return [
        _json(Domain(id=each, is_default=number == 0, is_initial=number == 0)) for number, each in enumerate(of.domains)
    ]


def write(of: Tenant, *, emulator: bool) -> Json:
    """Write a tenant with its settings."""
    return _json(_written(of, emulator=emulator))


def read(json: Mapping[str, Any]) -> tuple[Tenant, bool]:
    """Read a tenant as ``write`` wrote it, and whether it is an emulator's."""
    found = parts.merged(KIND, Written, json)
    tenant = Tenant(
        id=given(found.id, "id", KIND),
        display_name=given(found.display_name, "displayName", KIND),
        domains=found.domains,
        created_at=given(found.created_date_time, "createdDateTime", KIND),
        portability=found.portability,
        multi_audience=found.multi_audience,
        token_lifetime=found.token_lifetime,
        trust_changes=found.trust_changes,
        **{name: getattr(found, name) for name in POLICIES},
    )
    return tenant, found.is_emulator


def changes(body: Mapping[str, Any], stored: Tenant, *, emulator: bool) -> Changes:
    """Return what a body says of a tenant's settings. Raises ``Refused(PROPERTY_INVALID)``."""
    before = _written(stored, emulator=emulator)
    parts.refuse_changed(KIND, Written, body, before, _READ_ONLY)
    told = {name: value for name, value in body.items() if name not in _READ_ONLY}
    after = parts.merged(KIND, Written, told, before)
    if after.display_name is None:
        raise invalid("displayName", KIND, "it is missing")
    members = parts.members(Written)
    return {members[name].name: getattr(after, members[name].name) for name in told}  # type: ignore[return-value]  # those of Changes


def _written(of: Tenant, *, emulator: bool) -> Written:
    return Written(
        id=of.id,
        display_name=of.display_name,
        domains=of.domains,
        created_date_time=of.created_at,
        portability=of.portability,
        multi_audience=of.multi_audience,
        token_lifetime=of.token_lifetime,
        trust_changes=of.trust_changes,
        **{name: getattr(of, name) for name in POLICIES},
        is_emulator=emulator,
    )


def _json(of: Wire) -> Json:
    found: Json = written(of)
    return found
