"""Sign-ins are counted by the hour; secrets and certificates are found in the log; repeated claims are kept once.

Refusals are found by tenant, in the order in which they came.

Rule 1: what the log holds is counted as far as its index has come. What follows the log counts the rest, and each thing
says from now on how far it has come.
Rule 2: nothing of an event is written again but the id of the secret or certificate that proved it, which stood in its
body alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from alembic import op

from accredit.errors import STORE_DAMAGED, Refused

revision = "0006"
down_revision = "0005"

_OCTETS = sa.LargeBinary(16).with_variant(sa.Uuid(as_uuid=False), "postgresql")
_AT_ONCE: Final = 1_000  # rows
_KEY: Final = 16  # the place of the key's id in a body

_WITHOUT_CREDENTIAL: Final = (
    "SELECT seq, body FROM signins WHERE seq > ? AND credential_id IS NULL"  # noqa: S608  constants
    f" ORDER BY seq LIMIT {_AT_ONCE}"
)
_HOUR: Final = "at / 3600000000"  # of microseconds
_CREDENTIAL: Final = "coalesce(credential_id, key_id, zeroblob(16))"
_COUNTED: Final = "FROM signins WHERE seq <= (SELECT seq FROM signins_indexed)"
_HOURS: Final = (
    "INSERT INTO signin_hours (tenant_id, app_id, hour, code, credential, resource_app_id, n)"
    f" SELECT tenant_id, app_id, {_HOUR}, code, {_CREDENTIAL}, coalesce(resource_app_id, zeroblob(16)), sum(count)"
    f" {_COUNTED} GROUP BY 1, 2, 3, 4, 5, 6"
)
_TOTALS: Final = (
    "INSERT INTO signin_totals (tenant_id, hour, code, n)"
    " SELECT tenant_id, hour, code, sum(n) FROM signin_hours GROUP BY 1, 2, 3"
)
_RESOURCES: Final = (
    "INSERT INTO signin_resources (tenant_id, hour, code, resource_app_id, n)"
    " SELECT tenant_id, hour, code, resource_app_id, sum(n) FROM signin_hours GROUP BY 1, 2, 3, 4"
)
_REFUSED: Final = (
    "INSERT INTO signin_uses (tenant_id, app_id, credential, hour, grants, refusals)"
    " SELECT tenant_id, app_id, credential, max(hour), sum(iif(code = 0, n, 0)), sum(iif(code = 0, 0, n))"
    " FROM signin_hours WHERE credential <> zeroblob(16) GROUP BY 1, 2, 3"
)
_GRANTED: Final = (
    "UPDATE signin_uses SET last_at = newest.at, last_id = newest.id, last_address = newest.address FROM ("  # noqa: S608
    f"SELECT tenant_id, app_id, {_CREDENTIAL} AS credential, max(at) AS at, id, address {_COUNTED}"
    " AND code = 0 GROUP BY 1, 2, 3) AS newest WHERE signin_uses.tenant_id = newest.tenant_id"
    " AND signin_uses.app_id = newest.app_id AND signin_uses.credential = newest.credential"
)
_LISTED: Final = (
    f"INSERT INTO signins_by_application (app_id, at, seq, code) SELECT app_id, at, seq, code {_COUNTED}"
    " ORDER BY app_id, at, seq"
)
_PLACES: Final = (
    "INSERT INTO signins_by_minute (minute, first_seq, last_seq)"
    f" SELECT at / 60000000, min(seq), max(seq) {_COUNTED} GROUP BY 1"
)


def upgrade() -> None:
    op.add_column("signins", sa.Column("key_id", _OCTETS, nullable=True))
    op.add_column("signins", sa.Column("claims", _OCTETS, nullable=True))
    _make_tables()
    for rows in _without_credential():
        found = [(key, seq) for seq, body in rows if (key := _key(seq, body)) is not None]
        if found:
            op.get_bind().exec_driver_sql("UPDATE signins SET key_id = ? WHERE seq = ?", found)
    refused = sa.text("code <> 0")
    op.drop_index("ix_signins_failures", "signins")
    op.create_index(
        "ix_signins_failures",
        "signins",
        ["tenant_id", "seq", "code"],
        sqlite_where=refused,
        postgresql_where=refused,
    )
    for statement in (_LISTED, _HOURS, _TOTALS, _RESOURCES, _REFUSED, _GRANTED, _PLACES):
        op.execute(statement)


def _make_tables() -> None:
    op.create_table(
        "claim_sets",
        sa.Column("id", _OCTETS, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_sets")),
    )
    op.create_table(
        "signins_by_minute",
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name=op.f("pk_signins_by_minute")),
        sqlite_with_rowid=False,
    )
    _make_counts()
    _make_places()
    op.drop_table("signins_by_application")
    op.create_table(
        "signins_by_application",
        sa.Column("app_id", _OCTETS, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "at", "seq", name=op.f("pk_signins_by_application")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "exports",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exports")),
    )


def _make_counts() -> None:
    for table, key in {
        "signin_hours": ("tenant_id", "app_id", "hour", "code", "credential", "resource_app_id"),
        "signin_totals": ("tenant_id", "hour", "code"),
        "signin_resources": ("tenant_id", "hour", "code", "resource_app_id"),
    }.items():
        op.create_table(
            table,
            *map(_key_column, key),
            sa.Column("n", sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
    uses = ("tenant_id", "app_id", "credential")
    op.create_table(
        "signin_uses",
        *map(_key_column, uses),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("last_id", _OCTETS, nullable=True),
        sa.Column("last_address", sa.Text(), nullable=True),
        sa.Column("grants", sa.BigInteger(), nullable=False),
        sa.Column("refusals", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*uses, name=op.f("pk_signin_uses")),
        sqlite_with_rowid=False,
    )


def _make_places() -> None:
    """Have each thing that follows the log say how far it has come."""
    with op.batch_alter_table("signins_indexed", recreate="always") as places:
        for name in ("totals", "hours", "uses"):
            places.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE signins_indexed SET totals = seq, hours = seq, uses = seq")
    with op.batch_alter_table("signins_indexed", recreate="always") as places:
        for name in ("totals", "hours", "uses"):
            places.alter_column(name, server_default=None)


def _key_column(name: str) -> sa.Column[Any]:
    if name in ("code", "hour"):
        return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
    return sa.Column(name, _OCTETS, nullable=False)


def _without_credential() -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the places and bodies of events that no federated credential is named in, some at a time."""
    last = -(2**63)
    while rows := op.get_bind().exec_driver_sql(_WITHOUT_CREDENTIAL, (last,)).all():
        last = rows[-1][0]
        yield rows


def _key(seq: int, body: bytes) -> bytes | None:
    """Return the id of a secret or certificate as the body has it. Raises ``Refused(STORE_DAMAGED)``."""
    try:
        key = msgspec.msgpack.decode(body)[_KEY]
        return None if key is None else (key if isinstance(key, bytes) else UUID(key).bytes)
    except (ValueError, TypeError, LookupError) as error:
        raise Refused(STORE_DAMAGED, reason=f"the sign-in event at {seq} cannot be read: {error}") from error
