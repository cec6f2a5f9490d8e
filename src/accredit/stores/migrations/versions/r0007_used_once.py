"""Assertions that were used for a token are remembered; tenants have policies that they may only note.

Rule 1: nothing moves. Policies stand in the bodies of tenants and of issuer records: a tenant without them demands
nothing but what it did (its list of issuers is enforced), and a record without ``replay`` does not look.
Rule 2: it is a schema all the same: a version that does not know the policies would sign in what they forbid.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "assertions_used",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_assertions_used")),
        sqlite_with_rowid=False,
    )
