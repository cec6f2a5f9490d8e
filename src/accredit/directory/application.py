"""Who exists: tenants, applications (confidential clients) and their service principals.

Rule 1: the link from an application to the credentials it trusts is the store's; nothing here knows of trust.
Rule 2: a secret is kept as a salted hash only. It has full entropy, so SHA-256 suffices; people choose none of them.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID, uuid5

import msgspec

from accredit.assertions import RegisteredKey
from accredit.directory.permissions import AppRole, Held, Resource
from accredit.directory.registration import PrincipalRegistration, Registration
from accredit.errors import (
    CLIENT_DISABLED,
    CLIENT_PUBLIC,
    GRANT_NEEDS_TENANT,
    ROLE_NOT_ASSIGNED,
    SECRET_EXPIRED,
    SECRET_INVALID,
    TENANT_MALFORMED,
    Refused,
)
from accredit.issuers.record import Portability

if TYPE_CHECKING:
    from collections.abc import Sequence

SigningAlgorithm = Literal["RS256", "ES256"]
TrustChanges = Literal["entra", "owner_may_narrow"]
"""Whoever may write an application also widens what it trusts, as in Entra ID; or may only narrow it."""
Mode = Literal["audit", "enforce"]
"""What breaks a rule is let pass, and its sign-ins name the rule; or it is refused."""
TOKEN_LIFETIME: Final = 3_600  # seconds an access token lives, unless tenant or application says otherwise
LONGEST_TOKEN_LIFETIME: Final = 86_400  # seconds
ORGANIZATIONS: Final = "organizations"

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


class Tenant(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A directory of its own: nothing in it is visible to another one."""

    id: UUID
    display_name: str
    domains: tuple[str, ...]  # verified names, lower case; the first one is shown
    created_at: datetime
    portability: Portability = "entra"
    multi_audience: Literal["contained", "listed", "refuse"] | None = None  # None: contained in entra, else refuse
    token_lifetime: int = TOKEN_LIFETIME  # seconds
    trust_changes: TrustChanges | None = None  # None: entra in an emulator, else owner_may_narrow
    allowed_issuers: tuple[str, ...] | None = None  # that applications may trust, byte for byte; None: every one
    allowed_issuers_mode: Mode = "enforce"
    allowed_algorithms: tuple[str, ...] | None = None  # of signatures of issuers; None: as each record says
    max_assertion_lifetime: int | None = None  # seconds; a record's own may be shorter; None: as each record says
    immutable_ids: Literal["off"] | Mode = "off"  # trust names tenants and projects of a platform by their ids
    lint: Literal["warn", "block"] = "warn"  # what a finding of level error does to a change
    revision: int = 1

    @property
    def judges_tokens(self) -> bool:
        """Whether it demands anything of a token that is trusted and true."""
        return (
            self.allowed_issuers is not None
            or self.immutable_ids != "off"
            or self.max_assertion_lifetime is not None
            or self.allowed_algorithms is not None
        )

    @property
    def several_audiences(self) -> Literal["contained", "listed", "refuse"]:
        """The rule for tokens with several audiences that is in force."""
        return self.multi_audience or ("contained" if self.portability == "entra" else "refuse")

    def who_widens(self, *, emulator: bool) -> TrustChanges:
        """Return the rule for changes of trust that is in force."""
        return self.trust_changes or ("entra" if emulator else "owner_may_narrow")

    def allows(self, issuer: str) -> bool:
        """Whether applications may trust this issuer. Equality is equality of bytes, as everywhere with issuers."""
        return self.allowed_issuers is None or issuer in self.allowed_issuers

    def name_of(self, policy: str) -> UUID:
        """Return what refusals of Microsoft Graph call a policy, which is an id: always the same in one tenant."""
        return uuid5(self.id, policy)


class Secret(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A client secret as it is kept. ``hint`` is its first three characters, so that people can tell two apart."""

    key_id: UUID
    salt: bytes
    digest: bytes  # SHA-256 over salt and value
    hint: str
    starts_at: datetime
    ends_at: datetime
    display_name: str | None = None


class Certificate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A registered certificate (DER) whose key signs the application's own assertions."""

    key_id: UUID
    der: bytes
    thumbprint: str  # SHA-1 of the certificate, upper-case hex, as administrators know it
    starts_at: datetime
    ends_at: datetime
    display_name: str | None = None


class GivenCertificate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A certificate as somebody lists it: a new one with its data, or a registered one, by its id."""

    data: bytes | None = None  # PEM or DER
    key_id: UUID | None = None
    display_name: str | None = None
    starts_at: datetime | None = None  # None, here and below: as the certificate says
    ends_at: datetime | None = None


class Application(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A registration: as a client it asks for tokens, as a resource it is asked for."""

    id: UUID  # object id
    tenant_id: UUID
    app_id: UUID  # what clients send as client_id
    display_name: str
    created_at: datetime
    description: str | None = None
    identifier_uris: tuple[str, ...] = ()
    app_roles: tuple[AppRole, ...] = ()
    token_version: Literal[1, 2] | None = None  # api.requestedAccessTokenVersion
    signing_algorithm: SigningAlgorithm = "RS256"  # of the tokens that this application receives as a resource
    secrets: tuple[Secret, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    public: bool | None = False  # isFallbackPublicClient: cannot keep a secret, so it may present none
    disabled: bool | None = False  # None, here and above: said to be nothing, which is no
    token_lifetime: int | None = None  # seconds; None: as the tenant says
    both_client_claims: bool = False  # emit appid and azp alike (extended portability only)
    registration: Registration = Registration()  # what it carries for others
    revision: int = 1


class ServicePrincipal(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An application's presence in a tenant: holds roles as a client, offers roles as a resource.

    One without ``application_id`` stands for a well-known API of another owner and carries names and roles itself.
    """

    id: UUID
    tenant_id: UUID
    app_id: UUID
    display_name: str
    created_at: datetime
    application_id: UUID | None = None
    owner_tenant_id: UUID | None = None
    enabled: bool = True
    assignment_required: bool = False
    names: tuple[str, ...] = ()  # identifiers besides the appId, of a well-known API
    app_roles: tuple[AppRole, ...] = ()  # of a well-known API
    token_version: Literal[1, 2] | None = None
    secrets: tuple[Secret, ...] = ()  # as good as the application's, in this tenant
    certificates: tuple[Certificate, ...] = ()
    registration: PrincipalRegistration = PrincipalRegistration()  # what it carries for others
    revision: int = 1


class Client(msgspec.Struct, frozen=True, gc=False):
    """An application together with its service principal, as it asks for a token."""

    application: Application
    principal: ServicePrincipal
    keys: tuple[RegisteredKey, ...] = ()  # the registered certificates of both, read once

    @property
    def app_id(self) -> UUID:
        """What the client sends as ``client_id``."""
        return self.application.app_id

    @property
    def display_name(self) -> str:
        """The name that refusals print."""
        return self.application.display_name

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that prove it: on the registration, or in this tenant on the principal."""
        return self.application.secrets + self.principal.secrets

    def refuse_unusable(self) -> None:
        """Raise 7000112 for a disabled application or service principal, 700025 for a public client."""
        if self.application.disabled or not self.principal.enabled:
            raise Refused(CLIENT_DISABLED, client=self.app_id, name=self.display_name)
        if self.application.public:
            raise Refused(CLIENT_PUBLIC)


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """Proof that the sender knows a secret of the application; made by ``prove_secret`` only."""

    key_id: UUID


def prove_secret(presented: str, secrets: Sequence[Secret], client: UUID, now: datetime) -> KnownSecret:
    """Find the secret that was presented: 7000215 when there is none, 7000222 when it matches an expired one only.

    Every secret is compared, in constant time each, so that timing says nothing about which one came near.
    """
    value = presented.encode()
    matching = [each for each in secrets if hmac.compare_digest(digest(each.salt, value), each.digest)]
    for each in matching:
        if each.starts_at <= now < each.ends_at:
            return KnownSecret(each.key_id)
    refused = Refused(SECRET_EXPIRED if matching else SECRET_INVALID, client=client)
    refused.about = matching[0].key_id if matching else None
    raise refused


SALT: Final = 16  # octets


def digest(salt: bytes, value: bytes) -> bytes:
    """SHA-256 over salt and value: enough for a value of 256 random bits."""
    return sha256(salt + value).digest()


@lru_cache(maxsize=4_096)
def read_tenant(segment: str) -> UUID | str:
    """Read the tenant segment of a path: an id, a domain in lower case, or ``organizations``.

    Raises 9001023 for ``common`` and ``consumers``, 900023 for what is neither an id nor a domain name.
    """
    name = segment.lower()
    if name in {"common", "consumers"}:
        raise Refused(GRANT_NEEDS_TENANT)
    if name == ORGANIZATIONS:
        return name
    return read_guid(name) or _domain(name)


def read_guid(text: str) -> UUID | None:
    """Read a GUID in its one dashed form, any case; ``None`` when it is none (``UUID`` takes many other forms)."""
    return UUID(text) if _GUID.fullmatch(text) else None


def is_domain(name: str) -> bool:
    """Whether ``name`` is a domain name in lower case, with at least two labels."""
    return _DOMAIN.fullmatch(name) is not None


def _domain(name: str) -> str:
    if not is_domain(name):
        raise Refused(TENANT_MALFORMED, tenant=name)
    return name


def permitted(client: Client, resource: Resource, on_resource: Held) -> tuple[str, ...]:
    """Return the role values for the token. 501051 when the resource demands an assignment and there is none."""
    if resource.assignment_required and not on_resource.assigned:
        raise Refused(
            ROLE_NOT_ASSIGNED,
            client=client.app_id,
            name=client.display_name,
            resource=resource.app_id,
            resource_name=resource.display_name,
        )
    return on_resource.roles
