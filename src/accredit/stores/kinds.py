"""Every kind of thing that is kept: one row of ``KINDS`` each, read by all stores.

Rule 1: an index that is violated has one refusal, the same in every store.
Rule 2: identifiers of resources and domains of tenants are names that belong to one owner: kept in tables of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from accredit.directory import (
    Application,
    Assignment,
    DelegatedGrant,
    Ownership,
    RoleAssignment,
    ServicePrincipal,
    Tenant,
    identifier_key,
)
from accredit.directory.people import RoleMapping
from accredit.errors import (
    ASSIGNMENT_EXISTS,
    IDENTIFIER_TAKEN,
    NAME_TAKEN,
    PRINCIPAL_EXISTS,
    TRUST_EXISTS,
    VALUE_TAKEN,
    Refused,
)
from accredit.issuers import Issuer
from accredit.query import fold
from accredit.stores import encoding
from accredit.stores.encoding import SIGNING_KEYS
from accredit.stores.properties import Collection, Constant, Follows, Property, Questions
from accredit.tokens import SigningKey
from accredit.trust import FederatedCredential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from accredit.errors import Row
    from accredit.query import Order, Scalar

V = TypeVar("V", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Unique(Generic[V]):
    """Columns whose values together belong to one row; none of them is compared while one is ``None``."""

    columns: tuple[str, ...]
    refused: Callable[[V], Refused]


@dataclass(frozen=True, slots=True)
class Parent:
    """A row of another table, in the same tenant, that must exist; its removal takes this one along, or is refused."""

    member: str
    table: str
    cascade: bool = True


@dataclass(frozen=True, slots=True)
class Owned(Generic[V]):
    """Names in a table of their own, each owned by one thing. ``owner`` is the column that refers to it."""

    table: str
    owner: str
    unique: tuple[str, ...]
    property: str  # what a caller is told is taken
    rows: Callable[[V], list[dict[str, Any]]]
    taken: Row = VALUE_TAKEN

    def refused(self) -> Refused:
        """Return what is said when one of the names is another's."""
        return Refused(self.taken, property=self.property)


@dataclass(frozen=True, slots=True)
class Kind(Generic[V]):
    """One kind. ``columns`` are kept beside ``body``; together with the key they are what ``find`` may ask for."""

    table: str
    type: type[V]
    columns: tuple[str, ...]
    touched: Callable[[V], tuple[UUID, ...]]  # the keys under which a change to it is announced
    uniques: tuple[Unique[V], ...] = ()
    parents: tuple[Parent, ...] = ()
    owned: Owned[V] | None = None
    key: str = "id"
    itself: bool = True  # it is announced under its own id, so those that vanish with their parent are announced too
    members: Mapping[str, Callable[[V], Any]] = field(default_factory=dict)  # of columns that are no plain members
    digests: frozenset[str] = frozenset()  # columns that hold the SHA-256 of a text that is too long for an index
    folded: frozenset[str] = frozenset()  # columns that hold a text without regard to its case
    questions: Questions = field(default_factory=Questions)  # what ``search`` may ask for
    elements: str = ""  # the table of what stands in its collections

    @property
    def indexed(self) -> tuple[str, ...]:
        """What ``find`` and ``page`` may ask for."""
        return (self.key, *self.columns)

    @property
    def searched(self) -> dict[str, Property[V]]:
        """The columns that only ``search`` reads, and the properties that stand there."""
        plain = [each for each in self.questions.properties.values() if isinstance(each, Property) and not each.through]
        return {each.column: each for each in plain if each.column not in self.indexed}

    def column(self, value: V, name: str) -> Any:  # noqa: ANN401  a member of any type
        """Return the member of ``value`` that stands in a column."""
        member = self.members.get(name)
        return getattr(value, name) if member is None else member(value)

    def place(self, value: V, order: Order | None) -> tuple[Scalar, str]:
        """Return where a page in ``order`` ended whose last thing is ``value``, as ``Query.after`` takes it."""
        by = None if order is None else self.questions.properties[order.name]
        return (by.read(value) if isinstance(by, Property) else None), str(getattr(value, self.key))

    def encoded(self, name: str, member: object) -> Any:  # noqa: ANN401  what stands in a column of any type
        """Return a member as it stands in its column, or as it is looked for there."""
        text = encoding.column(member)
        if name in self.folded and isinstance(text, str):
            return fold(text)
        return sha256(str(text).encode()).hexdigest() if name in self.digests and text is not None else text

    def row(self, value: V) -> dict[str, Any]:
        """Return the columns beside ``body`` as they stand there, key included, revision not."""
        row = {name: self.encoded(name, self.column(value, name)) for name in self.indexed}
        return row | {name: each.stored(each.read(value)) for name, each in self.searched.items()}

    def element_rows(self, value: V) -> list[dict[str, Any]]:
        """Return what stands in the collections of ``value``, each text once."""
        if not self.elements:
            return []
        tenant, owner = str(self.column(value, "tenant_id")), str(self.column(value, self.key))
        return [
            {"tenant_id": tenant, "owner_id": owner, "property": name, "folded": folded}
            for name, each in self.questions.properties.items()
            if isinstance(each, Collection)
            for folded in dict.fromkeys(map(fold, each.read(value)))
        ]

    def refuse_unindexed(self, where: Mapping[str, object]) -> None:
        """Raise ``TypeError`` for a question that no index answers: it would read the whole table."""
        if wrong := where.keys() - {*self.indexed, *(self.owned.unique if self.owned else ())}:
            raise TypeError(f"{self.table} are not found by {sorted(wrong)}")

    def children(self) -> Iterator[tuple[Kind[Any], Parent]]:
        """Yield the kinds whose rows refer to rows of this kind, and how."""
        for kind in KINDS:
            for parent in kind.parents:
                if parent.table == self.table:
                    yield kind, parent


def _taken(name: str) -> Callable[[Any], Refused]:
    return lambda _: Refused(VALUE_TAKEN, property=name)


def _identifiers(member: str, owner: str) -> Callable[[Any], list[dict[str, Any]]]:
    def rows(value: Application | ServicePrincipal) -> list[dict[str, Any]]:
        common = {"tenant_id": value.tenant_id, "app_id": value.app_id, owner: value.id}
        keys = dict.fromkeys(identifier_key(each) for each in getattr(value, member))
        return [{"key": key, **common} for key in keys]

    return rows


def _trust_exists(_: FederatedCredential) -> Refused:
    return Refused(TRUST_EXISTS)


def _nobody(_: object) -> tuple[UUID, ...]:
    """Nothing that is judged in an exchange rests on it."""
    return ()


def _owner_tenant(principal: ServicePrincipal) -> str:
    return str(principal.owner_tenant_id or principal.tenant_id)


def _id(member: str, *, optional: bool = False) -> Property[Any]:
    def read(value: object) -> str | None:
        found = getattr(value, member)
        return None if found is None else str(found)

    return Property(read, "id", member, optional)


def _text(member: str, column: str = "", *, optional: bool = False) -> Property[Any]:
    return Property(attrgetter(member), "text", column or f"{member}_folded", optional)


_IN_TENANT: Final = ("tenant_id", "key")
_CREATED: Final[Property[Any]] = Property(attrgetter("created_at"), "time", "created_at")
_NAME: Final = _text("display_name")

TENANTS: Final = Kind(
    table="tenants",
    type=Tenant,
    columns=(),
    touched=lambda tenant: (tenant.id,),
    uniques=(Unique(("id",), _taken("id")),),
    owned=Owned(
        table="domains",
        owner="tenant_id",
        unique=("domain",),
        property="domains",
        rows=lambda tenant: [{"domain": name, "tenant_id": tenant.id} for name in dict.fromkeys(tenant.domains)],
    ),
)
APPLICATIONS: Final = Kind(
    table="applications",
    type=Application,
    columns=("tenant_id", "app_id", "display_name", "unique_name"),
    touched=lambda application: (application.id,),
    uniques=(
        Unique(("id",), _taken("id")),
        Unique(("tenant_id", "app_id"), _taken("appId")),
        Unique(("tenant_id", "unique_name"), _taken("uniqueName")),
    ),
    members={"unique_name": attrgetter("registration.unique_name")},
    folded=frozenset({"unique_name"}),
    parents=(Parent("tenant_id", "tenants"),),
    owned=Owned(
        table="identifiers",
        owner="application_id",
        unique=_IN_TENANT,
        property="identifierUris",
        taken=IDENTIFIER_TAKEN,
        rows=_identifiers("identifier_uris", "application_id"),
    ),
    questions=Questions(
        "Application",
        {
            "id": _id("id"),
            "appId": _id("app_id"),
            "displayName": _NAME,
            "createdDateTime": _CREATED,
            "uniqueName": _text("registration.unique_name", "unique_name", optional=True),
            "signInAudience": _text("registration.sign_in_audience", "sign_in_audience_folded"),
            "isDisabled": Property(attrgetter("disabled"), "flag", "disabled", optional=True),
            "isFallbackPublicClient": Property(attrgetter("public"), "flag", "public", optional=True),
            "identifierUris": Collection(attrgetter("identifier_uris"), names=True),
            "tags": Collection(attrgetter("registration.tags")),
        },
    ),
    elements="application_elements",
)
PRINCIPALS: Final = Kind(
    table="principals",
    type=ServicePrincipal,
    columns=("tenant_id", "app_id", "application_id", "display_name"),
    touched=lambda principal: (principal.id,),
    uniques=(
        Unique(("id",), _taken("id")),
        Unique(("tenant_id", "app_id"), lambda principal: Refused(PRINCIPAL_EXISTS, client=principal.app_id)),
    ),
    parents=(Parent("tenant_id", "tenants"), Parent("application_id", "applications")),
    owned=Owned(
        table="identifiers",
        owner="principal_id",
        unique=_IN_TENANT,
        property="servicePrincipalNames",
        taken=IDENTIFIER_TAKEN,
        rows=_identifiers("names", "principal_id"),
    ),
    questions=Questions(
        "ServicePrincipal",
        {
            "id": _id("id"),
            "appId": _id("app_id"),
            "displayName": _NAME,
            "appDisplayName": _NAME,
            "accountEnabled": Property(attrgetter("enabled"), "flag", "enabled"),
            "appRoleAssignmentRequired": Property(attrgetter("assignment_required"), "flag", "assignment_required"),
            "appOwnerOrganizationId": Property(_owner_tenant, "id", "owner_tenant_id"),
            "servicePrincipalType": Constant("Application"),
            "createdDateTime": _CREATED,
            "servicePrincipalNames": Collection(
                lambda principal: (str(principal.app_id), *principal.names),
                Follows("application_id", "applications", "identifierUris", attrgetter("identifier_uris")),
                names=True,
            ),
            "alternativeNames": Collection(attrgetter("registration.alternative_names")),
            "tags": Collection(attrgetter("registration.tags")),
        },
    ),
    elements="principal_elements",
)
ISSUERS: Final = Kind(
    table="issuers",
    type=Issuer,
    columns=("tenant_id", "url"),
    touched=lambda issuer: (issuer.id,),
    uniques=(Unique(("id",), _taken("id")),),
    parents=(Parent("tenant_id", "tenants"),),
    questions=Questions("Issuer", {"id": _id("id"), "url": _text("url")}),
)
CREDENTIALS: Final = Kind(
    table="credentials",
    type=FederatedCredential,
    columns=("tenant_id", "application_id", "issuer_id", "name", "subject", "expression"),
    touched=lambda credential: (credential.application_id,),
    uniques=(
        Unique(("id",), _taken("id")),
        Unique(("application_id", "name"), lambda credential: Refused(NAME_TAKEN, name=credential.name)),
        Unique(("application_id", "issuer_id", "subject"), _trust_exists),
        Unique(("application_id", "issuer_id", "expression"), _trust_exists),
    ),
    itself=False,
    parents=(Parent("application_id", "applications"), Parent("issuer_id", "issuers", cascade=False)),
    members={
        "issuer_id": lambda credential: credential.issuer.id,
        "expression": lambda credential: credential.expression and credential.expression.text,
    },
    digests=frozenset({"expression"}),
    questions=Questions(
        "FederatedIdentityCredential",
        {
            "id": _id("id"),
            "name": _text("name"),
            "issuer": Property(attrgetter("issuer.url"), "text", "url_folded", through=("issuer_id", "issuers")),
            "subject": _text("subject", optional=True),
        },
    ),
)
ASSIGNMENTS: Final = Kind(
    table="assignments",
    type=Assignment,
    columns=("tenant_id", "principal_id", "resource_id", "role_id"),
    touched=lambda assignment: (assignment.principal_id, assignment.resource_id),
    uniques=(
        Unique(("id",), _taken("id")),
        Unique(("principal_id", "resource_id", "role_id"), lambda _: Refused(ASSIGNMENT_EXISTS)),
    ),
    itself=False,
    parents=(Parent("principal_id", "principals"), Parent("resource_id", "principals")),
    questions=Questions(
        "AppRoleAssignment",
        {
            "id": _id("id"),
            "appRoleId": _id("role_id"),
            "principalId": _id("principal_id"),
            "resourceId": _id("resource_id"),
            "createdDateTime": _CREATED,
        },
    ),
)
OWNERSHIPS: Final = Kind(
    table="ownerships",
    type=Ownership,
    columns=("tenant_id", "owner_id", "application_id", "principal_id"),
    touched=_nobody,
    uniques=(
        Unique(("id",), _taken("id")),
        Unique(("owner_id", "application_id"), _taken("owners")),
        Unique(("owner_id", "principal_id"), _taken("owners")),
    ),
    itself=False,
    parents=(
        Parent("owner_id", "principals"),
        Parent("application_id", "applications"),
        Parent("principal_id", "principals"),
    ),
    questions=Questions("DirectoryObject", {"id": _id("id")}),
)
DELEGATED_GRANTS: Final = Kind(
    table="delegated_grants",
    type=DelegatedGrant,
    columns=("tenant_id", "client_id", "resource_id", "consent_type", "user_id", "grantee"),
    touched=_nobody,
    uniques=(
        Unique(("id",), _taken("id")),
        Unique(("client_id", "resource_id", "consent_type", "grantee"), lambda _: Refused(ASSIGNMENT_EXISTS)),
    ),
    itself=False,
    parents=(Parent("client_id", "principals"), Parent("resource_id", "principals")),
    members={"grantee": lambda grant: str(grant.user_id or "")},
    folded=frozenset({"consent_type"}),
    questions=Questions(
        "OAuth2PermissionGrant",
        {
            "id": _id("id"),
            "clientId": _id("client_id"),
            "resourceId": _id("resource_id"),
            "consentType": _text("consent_type", "consent_type"),
            "principalId": _id("user_id", optional=True),
            "scope": _text("scope"),
        },
    ),
)
ROLE_ASSIGNMENTS: Final = Kind(
    table="role_assignments",
    type=RoleAssignment,
    columns=("tenant_id", "principal_id"),
    touched=_nobody,
    uniques=(Unique(("id",), _taken("id")),),
    itself=False,
    parents=(Parent("principal_id", "principals"),),
    questions=Questions(
        "RoleAssignment",
        {
            "id": _id("id"),
            "principalId": _id("principal_id"),
            "scope": _text("scope"),
            "roleDefinitionId": _text("role_definition_id"),
        },
    ),
)
ROLE_MAPPINGS: Final = Kind(
    table="role_mappings",
    type=RoleMapping,
    columns=("tenant_id", "place", "claimed"),
    touched=_nobody,
    uniques=(Unique(("id",), _taken("id")), Unique(("place", "claimed"), lambda _: Refused(ASSIGNMENT_EXISTS))),
    itself=False,
    parents=(Parent("tenant_id", "tenants"),),
    members={
        "place": lambda mapping: str(mapping.tenant_id or ""),
        "claimed": lambda mapping: f"{mapping.issuer}\n{mapping.claim}\n{mapping.value}",
    },
    digests=frozenset({"claimed"}),
    questions=Questions("RoleMapping", {"id": _id("id")}),
)
KEYS: Final = Kind(
    table="signing_keys",
    type=SigningKey,
    columns=("algorithm",),
    touched=lambda _: (SIGNING_KEYS,),
    uniques=(Unique(("kid",), _taken("kid")),),
    key="kid",
)
KINDS: Final[tuple[Kind[Any], ...]] = (
    TENANTS,
    APPLICATIONS,
    PRINCIPALS,
    ISSUERS,
    CREDENTIALS,
    ASSIGNMENTS,
    OWNERSHIPS,
    DELEGATED_GRANTS,
    ROLE_ASSIGNMENTS,
    ROLE_MAPPINGS,
    KEYS,
)
"""Parents before children."""
