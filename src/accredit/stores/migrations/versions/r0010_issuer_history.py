"""What fetches of issuers' documents showed is kept: keys, documents, how fetches ended.

Rule 1: nothing is known of the time before: the first fetch after the upgrade is the beginning.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_ID = sa.Text().with_variant(sa.Uuid(as_uuid=False), "postgresql")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _create(
        "issuer_keys",
        ("tenant_id", "issuer_id", "thumbprint", "kid"),
        sa.Column("thumbprint", _NAME, nullable=False),
        sa.Column("kid", _NAME, nullable=False),
        sa.Column("alg", sa.Text(), nullable=False),
        sa.Column("kty", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_issuer_keys_tenant_id_thumbprint"), "issuer_keys", ["tenant_id", "thumbprint"])
    _create(
        "issuer_documents",
        ("tenant_id", "issuer_id", "kind", "digest"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
    )
    _create(
        "issuer_fetches",
        ("tenant_id", "issuer_id", "since"),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fetches", sa.BigInteger(), nullable=False),
        sa.Column("took", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _create(table: str, key: tuple[str, ...], *columns: sa.Column[Any], **options: Any) -> None:  # noqa: ANN401  dialects' own
    op.create_table(
        table,
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("issuer_id", _ID, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["tenant_id", "issuer_id"],
            ["issuers.tenant_id", "issuers.id"],
            name=op.f(f"fk_{table}_tenant_id_issuer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        **options,
    )
