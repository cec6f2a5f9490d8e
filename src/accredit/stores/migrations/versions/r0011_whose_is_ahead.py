"""Whose the events are that the totals have come to, and others have not, stands in a list of its own.

Rule 1: what the totals have come to is in the list at once: whoever reads finds all of it.
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
