"""What follows the log and has something of each application stands day by day.

Rule 1: nothing is counted again: the rows move to their days, and each thing has come as far as it had.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_OCTETS = sa.LargeBinary(16).with_variant(sa.Uuid(as_uuid=False), "postgresql")
_TABLES: Final = {  # by name: the key, the column besides, and which day a row is of
    "signins_by_application": (("day", "app_id", "at", "seq"), "code", "at / 86400000000"),  # of microseconds
    "signin_hours": (
        ("tenant_id", "day", "app_id", "hour", "code", "credential", "resource_app_id"),
        "n",
        "hour / 24",
    ),
}


def upgrade() -> None:
    for table, (key, rest, day) in _TABLES.items():
        op.rename_table(table, "former")
        op.create_table(
            table,
            *map(_column, key),
            sa.Column(rest, sa.BigInteger(), nullable=False),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
        columns = ", ".join((*key, rest))
        moved = ", ".join(f"{day} AS day" if each == "day" else each for each in (*key, rest))
        op.execute(f"INSERT INTO {table} ({columns}) SELECT {moved} FROM former ORDER BY {', '.join(key)}")  # noqa: S608
        op.drop_table("former")
    op.create_table(
        "signin_days",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_signin_days")),
    )
    op.execute(
        "INSERT INTO signin_days (day) SELECT day FROM signins_by_application UNION SELECT day FROM signin_hours"
    )


def _column(name: str) -> sa.Column[Any]:
    if name in ("day", "at", "seq", "hour", "code"):
        return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
    return sa.Column(name, _OCTETS, nullable=False)
