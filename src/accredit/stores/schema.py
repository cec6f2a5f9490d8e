"""The tables. Encodings: ``accredit.stores.encoding``. A change here needs a revision under ``migrations``.

Rule 1: what belongs to a tenant refers to its parent by (tenant, parent): no row can reach into another tenant.
Rule 2: nothing here is known to one database only, but for the storage of ids and the counter ``seq``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

if TYPE_CHECKING:
    from collections.abc import Iterator

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

ID: Final = Text().with_variant(Uuid(as_uuid=False), "postgresql")
OCTETS: Final = LargeBinary(16).with_variant(Uuid(as_uuid=False), "postgresql")  # ids of what comes in thousands
NAME: Final = Text().with_variant(
    Text(collation="C"), "postgresql"
)  # ordered and compared by code points, as in SQLite


def _seq() -> Column[int]:
    """The order in which things were added; it stands in no answer."""
    return Column("seq", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)


def _id() -> Column[Any]:
    return Column("id", ID, nullable=False, unique=True)


def _tenant() -> Column[Any]:
    return Column("tenant_id", ID, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False)


def _rest() -> tuple[Column[Any], Column[Any]]:
    return Column("revision", BigInteger, nullable=False), Column("body", LargeBinary, nullable=False)


def _parent(member: str, table: str, *, cascade: bool = True) -> ForeignKeyConstraint:
    """Refer to a row of the same tenant."""
    return ForeignKeyConstraint(
        ["tenant_id", member], [f"{table}.tenant_id", f"{table}.id"], ondelete="CASCADE" if cascade else None
    )


def _elements(table: str, owner: str) -> Table:
    """What stands in the collections of a thing: each text once, without regard to its case."""
    return Table(
        table,
        METADATA,
        Column("tenant_id", ID, primary_key=True),
        Column("owner_id", ID, primary_key=True),
        Column("property", Text, primary_key=True),
        Column("folded", NAME, primary_key=True),
        Index(None, "tenant_id", "property", "folded"),
        _parent("owner_id", owner),
        sqlite_with_rowid=False,
    )


schema_version = Table(  # Alembic's own, under our name
    "schema_version",
    METADATA,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="schema_version_pkc"),
)
configuration = Table(
    "configuration",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),  # raised first by every change: a lock that orders all changes
    CheckConstraint("id = 1", name="one_row"),
)
changes = Table(
    "changes",
    METADATA,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("key", ID, primary_key=True),
)
tenants = Table("tenants", METADATA, _seq(), _id(), *_rest())
domains = Table("domains", METADATA, Column("domain", NAME, primary_key=True), _tenant(), Index(None, "tenant_id"))
applications = Table(
    "applications",
    METADATA,
    _seq(),
    _id(),
    _tenant(),
    Column("app_id", ID, nullable=False),
    Column("display_name", NAME, nullable=False),
    *_rest(),
    Column("unique_name", NAME),
    Column("display_name_folded", NAME),
    Column("created_at", BigInteger),
    Column("sign_in_audience_folded", NAME),
    Column("disabled", Boolean),
    Column("public", Boolean),
    UniqueConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "app_id"),
    Index(None, "app_id"),
    Index(None, "tenant_id", "display_name"),
    Index(None, "tenant_id", "display_name_folded", "id"),
    Index(None, "tenant_id", "created_at", "id"),
    Index(None, "tenant_id", "unique_name", unique=True),
)
principals = Table(
    "principals",
    METADATA,
    _seq(),
    _id(),
    _tenant(),
    Column("app_id", ID, nullable=False),
    Column("application_id", ID),
    Column("display_name", NAME, nullable=False),
    *_rest(),
    Column("display_name_folded", NAME),
    Column("enabled", Boolean),
    Column("assignment_required", Boolean),
    Column("owner_tenant_id", ID),
    Column("created_at", BigInteger),
    UniqueConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "app_id"),
    Index(None, "tenant_id", "application_id"),
    Index(None, "tenant_id", "display_name"),
    Index(None, "tenant_id", "display_name_folded", "id"),
    Index(None, "tenant_id", "created_at", "id"),
    _parent("application_id", "applications"),
)
application_elements = _elements("application_elements", "applications")
principal_elements = _elements("principal_elements", "principals")
identifiers = Table(
    "identifiers",
    METADATA,
    Column("tenant_id", ID, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("key", NAME, primary_key=True),
    Column("app_id", ID, nullable=False),
    Column("application_id", ID),  # the application that the identifier stands on, or
    Column("principal_id", ID),  # the service principal
    Index(None, "tenant_id", "application_id"),
    Index(None, "tenant_id", "principal_id"),
    _parent("application_id", "applications"),
    _parent("principal_id", "principals"),
)
issuers = Table(
    "issuers",
    METADATA,
    _seq(),
    _id(),
    _tenant(),
    Column("url", NAME, nullable=False),
    *_rest(),
    Column("url_folded", NAME),
    UniqueConstraint("tenant_id", "id"),
    Index(None, "tenant_id", "url"),
)
credentials = Table(
    "credentials",
    METADATA,
    _seq(),
    _id(),
    Column("tenant_id", ID, nullable=False),
    Column("application_id", ID, nullable=False),
    Column("issuer_id", ID, nullable=False),
    Column("name", NAME, nullable=False),
    Column("subject", NAME),
    Column("expression", Text),  # SHA-256 of its text, hex: no index holds 4,096 characters
    *_rest(),
    Column("name_folded", NAME),
    Column("subject_folded", NAME),
    UniqueConstraint("application_id", "name"),
    UniqueConstraint("application_id", "issuer_id", "subject"),
    UniqueConstraint("application_id", "issuer_id", "expression"),
    Index(None, "tenant_id", "id"),
    Index(None, "tenant_id", "application_id"),
    Index(None, "tenant_id", "issuer_id"),
    _parent("application_id", "applications"),
    _parent("issuer_id", "issuers", cascade=False),
)
assignments = Table(
    "assignments",
    METADATA,
    _seq(),
    _id(),
    Column("tenant_id", ID, nullable=False),
    Column("principal_id", ID, nullable=False),
    Column("resource_id", ID, nullable=False),
    Column("role_id", ID, nullable=False),
    *_rest(),
    Column("created_at", BigInteger),
    UniqueConstraint("principal_id", "resource_id", "role_id"),
    Index(None, "tenant_id", "id"),
    Index(None, "tenant_id", "principal_id", "resource_id"),
    Index(None, "tenant_id", "resource_id", "id"),
    _parent("principal_id", "principals"),
    _parent("resource_id", "principals"),
)
ownerships = Table(
    "ownerships",
    METADATA,
    _seq(),
    _id(),
    Column("tenant_id", ID, nullable=False),
    Column("owner_id", ID, nullable=False),
    Column("application_id", ID),  # what is owned: an application, or
    Column("principal_id", ID),  # a service principal
    *_rest(),
    UniqueConstraint("owner_id", "application_id"),
    UniqueConstraint("owner_id", "principal_id"),
    Index(None, "tenant_id", "owner_id"),
    Index(None, "tenant_id", "application_id"),
    Index(None, "tenant_id", "principal_id"),
    _parent("owner_id", "principals"),
    _parent("application_id", "applications"),
    _parent("principal_id", "principals"),
)
delegated_grants = Table(
    "delegated_grants",
    METADATA,
    _seq(),
    _id(),
    Column("tenant_id", ID, nullable=False),
    Column("client_id", ID, nullable=False),
    Column("resource_id", ID, nullable=False),
    Column("consent_type", NAME, nullable=False),
    Column("user_id", ID),
    Column("grantee", Text, nullable=False),  # the user as text; empty: all of them
    *_rest(),
    Column("scope_folded", NAME),
    UniqueConstraint("client_id", "resource_id", "consent_type", "grantee"),
    Index(None, "tenant_id", "id"),
    Index(None, "tenant_id", "client_id"),
    Index(None, "tenant_id", "resource_id"),
    _parent("client_id", "principals"),
    _parent("resource_id", "principals"),
)
role_assignments = Table(
    "role_assignments",
    METADATA,
    _seq(),
    _id(),
    Column("tenant_id", ID, nullable=False),
    Column("principal_id", ID, nullable=False),
    *_rest(),
    Column("scope_folded", NAME),
    Column("role_definition_id_folded", NAME),
    Index(None, "tenant_id", "id"),
    Index(None, "tenant_id", "principal_id"),
    _parent("principal_id", "principals"),
)
role_mappings = Table(  # whose claims give which role in the portal
    "role_mappings",
    METADATA,
    _seq(),
    _id(),
    Column("tenant_id", ID, ForeignKey("tenants.id", ondelete="CASCADE")),  # none: the instance
    Column("place", Text, nullable=False),  # the tenant as text; empty: the instance
    Column("claimed", Text, nullable=False),  # SHA-256 of issuer, claim and value, hex
    *_rest(),
    UniqueConstraint("place", "claimed"),
    Index(None, "tenant_id"),
)
signing_keys = Table(
    "signing_keys",
    METADATA,
    _seq(),
    Column("kid", NAME, nullable=False, unique=True),
    Column("algorithm", Text, nullable=False),
    *_rest(),
)
audits = Table(
    "audits",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("tenant_id", ID),  # no reference: what happened outlives what it happened to
    Column("activity", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("activity_folded", NAME),
    Column("correlation_id", ID),
    Column("operation_folded", NAME),
    Column("actor_app_id", ID),
    Index(None, "tenant_id", "at"),
    Index(None, "tenant_id", "correlation_id"),
    Index(None, "tenant_id", "actor_app_id"),
)
audit_elements = Table(
    "audit_elements",
    METADATA,
    Column("tenant_id", ID, primary_key=True),
    Column("owner_id", ID, ForeignKey("audits.id", ondelete="CASCADE"), primary_key=True),
    Column("property", Text, primary_key=True),
    Column("folded", NAME, primary_key=True),
    Index(None, "tenant_id", "property", "folded"),
    sqlite_with_rowid=False,
)
emitted_issuers = Table("emitted_issuers", METADATA, Column("issuer", NAME, primary_key=True))
signins = Table(
    "signins",
    METADATA,
    _seq(),
    Column("id", OCTETS, nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    Column("tenant_id", OCTETS, nullable=False),  # no references: what happened outlives what it happened to
    Column("app_id", OCTETS, nullable=False),
    Column("code", BigInteger, nullable=False),
    Column("credential_id", OCTETS),
    Column("correlation_id", OCTETS),  # none: the event's own id
    Column("resource_app_id", OCTETS),
    Column("address", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("key_id", OCTETS),  # the secret or certificate
    Column("claims", OCTETS),  # in ``claim_sets``
)
claim_sets = Table(  # what many events have in common, once
    "claim_sets",
    METADATA,
    Column("id", OCTETS, primary_key=True),  # the first half of the SHA-256 of its body
    Column("day", BigInteger, nullable=False),  # since 1970, on which it was used last
    Column("body", LargeBinary, nullable=False),
)
signins_by_application = Table(  # an index that is written for many events at once
    "signins_by_application",
    METADATA,
    Column("day", BigInteger, primary_key=True, autoincrement=False),  # as in ``signin_days``
    Column("app_id", OCTETS, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("code", BigInteger, nullable=False),  # so that failures are told from grants without reading them
    sqlite_with_rowid=False,
)
signin_days = Table(  # those that ``signins_by_application`` or ``signin_hours`` has something of
    "signin_days",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),  # since 1970
)
signins_by_minute = Table(  # where the events of a minute are: its first place in the log, and its last
    "signins_by_minute",
    METADATA,
    Column("minute", BigInteger, primary_key=True, autoincrement=False),  # since 1970
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


def _hours_of_day() -> Iterator[Column[int]]:
    """Yield a column for the attempts of each hour of a day, UTC."""
    for hour in range(24):
        yield Column(f"h{hour:02}", BigInteger, nullable=False, server_default=text("0"))


signin_hours = Table(  # what there was of an application, by the hour; 16 zero octets: no credential, no resource
    "signin_hours",
    METADATA,
    Column("tenant_id", OCTETS, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),  # as in ``signin_days``
    Column("app_id", OCTETS, primary_key=True),
    Column("code", BigInteger, primary_key=True, autoincrement=False),
    Column("credential", OCTETS, primary_key=True),  # or the secret or certificate
    Column("resource_app_id", OCTETS, primary_key=True),
    *_hours_of_day(),
    sqlite_with_rowid=False,
)
signin_uses = Table(  # what came of a credential, a secret or a certificate since it was first presented
    "signin_uses",
    METADATA,
    Column("tenant_id", OCTETS, primary_key=True),
    Column("app_id", OCTETS, primary_key=True),
    Column("credential", OCTETS, primary_key=True),
    Column("hour", BigInteger, nullable=False),  # of the newest attempt
    Column("last_at", BigInteger),  # of the newest grant, as is what follows
    Column("last_id", OCTETS),
    Column("last_address", Text),
    Column("grants", BigInteger, nullable=False),
    Column("refusals", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
signin_totals = Table(  # what there was of a tenant, by the hour
    "signin_totals",
    METADATA,
    Column("tenant_id", OCTETS, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("code", BigInteger, primary_key=True, autoincrement=False),
    *_hours_of_day(),
    sqlite_with_rowid=False,
)
signin_resources = Table(  # the same, by what was asked for
    "signin_resources",
    METADATA,
    Column("tenant_id", OCTETS, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("code", BigInteger, primary_key=True, autoincrement=False),
    Column("resource_app_id", OCTETS, primary_key=True),
    *_hours_of_day(),
    sqlite_with_rowid=False,
)
signins_indexed = Table(  # how far all these have come
    "signins_indexed",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),  # signins_by_application
    Column("totals", BigInteger, nullable=False),  # signin_totals and what is beside it
    Column("hours", BigInteger, nullable=False),  # signin_hours
    Column("uses", BigInteger, nullable=False),  # signin_uses
    CheckConstraint("id = 1", name="one_row"),
)
signins_ahead = Table(  # whose the events are that signin_totals has come to, and others have not
    "signins_ahead",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("app_id", OCTETS, nullable=False),
)
assertions_used = Table(  # for a token, of issuers whose record says that this is to be remembered
    "assertions_used",
    METADATA,
    Column("key", LargeBinary(32), primary_key=True),  # SHA-256 of what tells one assertion from another
    Column("until", BigInteger, nullable=False),  # later it is expired
    Column("tokens", BigInteger, nullable=False),  # that were issued for it
    Column("address", Text, nullable=False),  # from where the first of them was asked for
    sqlite_with_rowid=False,
)
portal_sessions = Table(  # who is signed in
    "portal_sessions",
    METADATA,
    Column("id", LargeBinary(32), primary_key=True),  # SHA-256 of what the browser holds
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
portal_links = Table(  # one-time links to sign in with
    "portal_links",
    METADATA,
    Column("id", LargeBinary(32), primary_key=True),  # SHA-256 of what the link holds
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),  # none: not yet
    sqlite_with_rowid=False,
)
issuer_keys = Table(  # that an issuer's documents showed
    "issuer_keys",
    METADATA,
    Column("tenant_id", ID, primary_key=True),
    Column("issuer_id", ID, primary_key=True),
    Column("thumbprint", NAME, primary_key=True),  # RFC 7638
    Column("kid", NAME, primary_key=True),  # empty: it has none
    Column("alg", Text, nullable=False),
    Column("kty", Text, nullable=False),
    Column("size", BigInteger, nullable=False),  # bits
    Column("source", Text, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("gone_at", BigInteger),  # none: it is there
    Index(None, "tenant_id", "thumbprint"),
    _parent("issuer_id", "issuers"),
    sqlite_with_rowid=False,
)
issuer_documents = Table(  # each of them once, as it was fetched
    "issuer_documents",
    METADATA,
    Column("tenant_id", ID, primary_key=True),
    Column("issuer_id", ID, primary_key=True),
    Column("kind", Text, primary_key=True),  # discovery, jwks
    Column("digest", Text, primary_key=True),  # SHA-256, hex
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    _parent("issuer_id", "issuers"),
)
issuer_fetches = Table(  # one after the other that ended alike
    "issuer_fetches",
    METADATA,
    Column("tenant_id", ID, primary_key=True),
    Column("issuer_id", ID, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("until", BigInteger, nullable=False),
    Column("result", Text, nullable=False),  # ok, or what failed
    Column("reason", Text, nullable=False),
    Column("fetches", BigInteger, nullable=False),  # that were written down
    Column("took", BigInteger, nullable=False),  # microseconds, the last of them
    _parent("issuer_id", "issuers"),
    sqlite_with_rowid=False,
)
exports = Table(  # how far events were taken elsewhere: the last place whose arrival was confirmed there
    "exports",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("pending", LargeBinary),
)
Index(
    "ix_signins_correlation",
    signins.c.correlation_id,
    sqlite_where=text("correlation_id IS NOT NULL"),
    postgresql_where=text("correlation_id IS NOT NULL"),
)
Index(
    "ix_signins_failures",  # in the order of arrival, which is how pages go
    signins.c.tenant_id,
    signins.c.seq,
    signins.c.code,
    sqlite_where=text("code <> 0"),
    postgresql_where=text("code <> 0"),
)


def script() -> str:
    """Return the statements that make the tables in SQLite: what ``schema.sql`` holds, ready for a fresh database."""
    dialect = sqlite.dialect()
    elements: list[ExecutableDDLElement] = []
    for table in METADATA.sorted_tables:
        elements.append(CreateTable(table))
        elements.extend(CreateIndex(each) for each in sorted(table.indexes, key=lambda index: str(index.name)))
    statements = [str(each.compile(dialect=dialect)).strip() for each in elements]
    lines = (line.rstrip() for line in ";\n".join(statements).splitlines())
    return "\n".join(lines).replace("\t", "  ") + ";\n"
