"""Sign-ins are counted by the hour; secrets and certificates are found in the log; repeated claims are kept once.

Refusals are found by tenant, in the order in which they came.

Rule 1: what the log holds is counted as far as its index has come. What follows the log counts the rest.
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
_COUNTED: Final = "FROM signins WHERE seq <= (SELECT seq FROM signins_indexed)"
_HOURS: Final = (
    "INSERT INTO signin_hours (tenant_id, app_id, credential, code, resource_app_id, hour,"
    " n, last_at, last_id, last_address)"
    " SELECT tenant_id, app_id, coalesce(credential_id, key_id, zeroblob(16)), code,"
    f" coalesce(resource_app_id, zeroblob(16)), {_HOUR}, sum(count), max(at), id, address {_COUNTED}"
    " GROUP BY 1, 2, 3, 4, 5, 6"
)
_TOTALS: Final = (
    "INSERT INTO signin_totals (tenant_id, hour, resource_app_id, code, n)"
    " SELECT tenant_id, hour, resource_app_id, code, sum(n) FROM signin_hours GROUP BY 1, 2, 3, 4"
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
    op.execute(_HOURS)
    op.execute(_TOTALS)
    op.execute(_PLACES)


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
    op.create_table(
        "exports",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exports")),
    )


def _make_counts() -> None:
    hours = ("tenant_id", "app_id", "credential", "code", "resource_app_id", "hour")
    op.create_table(
        "signin_hours",
        *map(_key_column, hours),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("last_id", _OCTETS, nullable=False),
        sa.Column("last_address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(*hours, name=op.f("pk_signin_hours")),
        sqlite_with_rowid=False,
    )
    totals = ("tenant_id", "hour", "resource_app_id", "code")
    op.create_table(
        "signin_totals",
        *map(_key_column, totals),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*totals, name=op.f("pk_signin_totals")),
        sqlite_with_rowid=False,
    )


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
