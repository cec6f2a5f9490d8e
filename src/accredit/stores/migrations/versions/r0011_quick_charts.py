"""Two tables for what was slow to find: whose the newest events are, and what there was in a day.

Rule 1: both are complete at once, as far as the totals have come: whoever reads finds all of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_OCTETS = sa.LargeBinary(16).with_variant(sa.Uuid(as_uuid=False), "postgresql")


def upgrade() -> None:
    op.create_table(
        "signins_ahead",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("app_id", _OCTETS, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_signins_ahead")),
    )
    op.execute(
        "INSERT INTO signins_ahead (seq, app_id) SELECT seq, app_id FROM signins"
        " WHERE seq <= (SELECT totals FROM signins_indexed) AND seq > (SELECT min(place) FROM ("
        "SELECT seq AS place FROM signins_indexed"
        " UNION SELECT hours FROM signins_indexed UNION SELECT uses FROM signins_indexed) AS places)"
    )
    op.create_table(
        "signin_day_totals",
        sa.Column("tenant_id", _OCTETS, nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "day", "code", name=op.f("pk_signin_day_totals")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO signin_day_totals (tenant_id, day, code, n)"
        " SELECT tenant_id, hour / 24, code, sum(n) FROM signin_totals GROUP BY tenant_id, hour / 24, code"
    )
