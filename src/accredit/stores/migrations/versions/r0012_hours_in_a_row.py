"""What was counted by the hour stands in a row for each day, with a number for each of its hours.

Rule 1: nothing is counted again: the numbers move to their days, and each table has come as far as it had.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_OCTETS = sa.LargeBinary(16).with_variant(sa.Uuid(as_uuid=False), "postgresql")
_KEYS: Final = {
    "signin_hours": ("tenant_id", "day", "app_id", "code", "credential", "resource_app_id"),
    "signin_totals": ("tenant_id", "day", "code"),
    "signin_resources": ("tenant_id", "day", "code", "resource_app_id"),
}
_HOURS: Final = tuple(f"h{hour:02}" for hour in range(24))


def upgrade() -> None:
    for table, key in _KEYS.items():
        op.rename_table(table, "former")
        op.create_table(
            table,
            *map(_column, key),
            *(sa.Column(each, sa.BigInteger(), server_default=sa.text("0"), nullable=False) for each in _HOURS),
            sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
        of_day = ", ".join("hour / 24" if each == "day" else each for each in key)
        of_hours = ", ".join(f"sum(CASE WHEN hour % 24 = {hour} THEN n ELSE 0 END)" for hour in range(24))
        places = ", ".join(str(place) for place in range(1, len(key) + 1))
        op.execute(
            f"INSERT INTO {table} ({', '.join((*key, *_HOURS))}) SELECT {of_day}, {of_hours} FROM former"  # noqa: S608
            f" GROUP BY {places} ORDER BY {places}"
        )
        op.drop_table("former")
    op.drop_table("signin_day_totals")


def _column(name: str) -> sa.Column[Any]:
    if name in ("day", "code"):
        return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
    return sa.Column(name, _OCTETS, nullable=False)
