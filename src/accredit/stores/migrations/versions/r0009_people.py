"""People administer: whose claims give which role, who is signed in to the portal, one-time links.

Rule 1: nobody has a role after the upgrade. The first one comes by a link from the host.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_ID = sa.Text().with_variant(sa.Uuid(as_uuid=False), "postgresql")
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "role_mappings",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _ID, nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("claimed", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_role_mappings_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_role_mappings")),
        sa.UniqueConstraint("id", name=op.f("uq_role_mappings_id")),
        sa.UniqueConstraint("place", "claimed", name=op.f("uq_role_mappings_place_claimed")),
    )
    op.create_index(op.f("ix_role_mappings_tenant_id"), "role_mappings", ["tenant_id"], unique=False)
    op.create_table(
        "portal_sessions",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_sessions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "portal_links",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_links")),
        sqlite_with_rowid=False,
    )
