"""The sign-in log takes half the room: ids of 16 octets, bodies without names, applications' events found aside.

Rule 1: the log is carried over whole and in its order, which until here was SQLite's ``rowid``: no other database has
ever held one. From here on it is ``seq``, counted from one.
Rule 2: what stood in a body then and what stands in it now is written down here. What the program keeps of a sign-in
today may become something else; what a database of this age holds does not.
Rule 3: memory is bounded, whatever the log's length. Until the upgrade is over the disk needs twice the wide log's room
beside it: for the journal, and for what moves from there into the file.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from alembic import op

from accredit.errors import STORE_DAMAGED, Refused

revision = "0003"
down_revision = "0002"

_OCTETS = sa.LargeBinary(16).with_variant(sa.Uuid(as_uuid=False), "postgresql")
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE: Final = 1_000  # rows
_CACHE: Final = -65_536  # KiB: the index of ids, which come in no order, is made in memory up to 10^6 events

_COLUMNS: Final = (
    "id, at, tenant_id, app_id, code, credential_id, correlation_id, resource_app_id, address, proof, count, body"
)
_WIDE: Final = f"SELECT rowid, {_COLUMNS} FROM signins_wide WHERE rowid > ? ORDER BY rowid LIMIT {_AT_ONCE}"  # noqa: S608  constants
_NARROW: Final = f"INSERT INTO signins ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  constants


class _Check(msgspec.Struct):
    """A comparison as it stood in a body, in JSON; members that had their default were left out."""

    claim: str
    expected: str
    presented: str
    passed: bool


class _Verdict(msgspec.Struct):
    """A credential's comparisons as they stood in a body."""

    credential_id: UUID
    name: str
    checks: tuple[_Check, ...]


class _Event(msgspec.Struct, kw_only=True):
    """A body. In the narrow log it is an array of these members in this order, in MessagePack."""

    id: UUID
    at: datetime
    tenant_id: UUID
    app_id: UUID
    app_name: str
    principal_id: UUID
    correlation_id: UUID
    address: str
    user_agent: str = ""
    code: int = 0
    failure: str = ""
    detail: str = ""
    evidence: str = "none"
    proof: str = "unknown"
    credential_id: UUID | None = None
    credential_name: str = ""
    key_id: UUID | None = None
    issuer_id: UUID | None = None
    issuer: str = ""
    subject: str | None = None
    audiences: tuple[str, ...] = ()
    algorithm: str = ""
    kid: str | None = None
    token_id: str | None = None
    digest: str = ""
    issued: float | None = None
    expires: float | None = None
    keys_stale: float = 0.0
    wanted: str = ""
    resource_app_id: UUID | None = None
    resource_principal_id: UUID | None = None
    resource_name: str = ""
    roles: tuple[str, ...] = ()
    verdicts: tuple[_Verdict, ...] = ()
    duration: float = 0.0
    count: int = 1
    last_at: datetime | None = None
    last_id: UUID | None = None
    subjects: tuple[str, ...] = ()


_PLACE_OF_VERDICTS: Final = _Event.__struct_fields__.index("verdicts")
_decode: Final = msgspec.json.Decoder(_Event).decode
_encode: Final = msgspec.msgpack.Encoder(uuid_format="bytes").encode


def upgrade() -> None:
    op.execute(f"PRAGMA cache_size = {_CACHE}")
    op.drop_index("ix_signins_application", "signins")
    op.drop_index("ix_signins_correlation", "signins")
    op.drop_index("ix_signins_failures", "signins")
    op.rename_table("signins", "signins_wide")
    _make_log()
    for rows in _wide():
        op.get_bind().exec_driver_sql(_NARROW, [_narrow(row) for row in rows])
    op.drop_table("signins_wide")
    _index()  # after the rows: an index is made faster than kept


def _make_log() -> None:
    op.create_table(
        "signins",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _OCTETS, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", _OCTETS, nullable=False),
        sa.Column("app_id", _OCTETS, nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", _OCTETS, nullable=True),
        sa.Column("correlation_id", _OCTETS, nullable=True),
        sa.Column("resource_app_id", _OCTETS, nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_signins")),
        sa.UniqueConstraint("id", name=op.f("uq_signins_id")),
    )
    op.create_table(
        "signins_by_application",
        sa.Column("app_id", _OCTETS, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("app_id", "at", "seq", name=op.f("pk_signins_by_application")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signins_indexed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_signins_indexed_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signins_indexed")),
    )


def _index() -> None:
    for name, column, some in (
        ("ix_signins_correlation", "correlation_id", "correlation_id IS NOT NULL"),
        ("ix_signins_failures", "at", "code <> 0"),
    ):
        op.create_index(name, "signins", [column], sqlite_where=sa.text(some), postgresql_where=sa.text(some))
    op.execute(
        "INSERT INTO signins_by_application (app_id, at, seq)"
        " SELECT app_id, at, seq FROM signins ORDER BY app_id, at, seq"
    )
    op.execute("INSERT INTO signins_indexed SELECT 1, coalesce(max(seq), 0) FROM signins")


def _wide() -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the events of the wide log in the order in which they arrived, some at a time, without their places."""
    last = -(2**63)
    while rows := op.get_bind().exec_driver_sql(_WIDE, (last,)).all():
        last = rows[-1][0]
        yield [row[1:] for row in rows]


def _narrow(row: Sequence[Any]) -> tuple[Any, ...]:
    """Return an event's row as it stands in the narrow log. Raises ``Refused(STORE_DAMAGED)``."""
    id_, at, tenant, app, code, credential, correlation, resource, address, proof, count, body = row
    try:
        return (
            _octets(id_),
            at,
            _octets(tenant),
            _octets(app),
            code,
            _octets(credential),
            None if correlation == id_ else _octets(correlation),  # no second copy of the request's own id
            _octets(resource),
            address,
            proof,
            count,
            _array(_decode(body)),
        )
    except ValueError as error:
        raise Refused(STORE_DAMAGED, reason=f"the sign-in event {id_} cannot be read: {error}") from error


def _octets(text: str | None) -> bytes | None:
    return None if text is None else UUID(text).bytes


def _array(event: _Event) -> bytes:
    members: list[Any] = list(msgspec.structs.astuple(event))
    members[_PLACE_OF_VERDICTS] = [
        (each.credential_id, each.name, [msgspec.structs.astuple(check) for check in each.checks])
        for each in event.verdicts
    ]
    return _encode(members)
