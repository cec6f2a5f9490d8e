"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.Text().with_variant(sa.Uuid(as_uuid=False), "postgresql")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audits",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", _ID, nullable=True),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audits")),
    )
    op.create_index(op.f("ix_audits_tenant_id_at"), "audits", ["tenant_id", "at"])
    op.create_table(
        "changes",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", _ID, nullable=False),
        sa.PrimaryKeyConstraint("version", "key", name=op.f("pk_changes")),
    )
    op.create_table(
        "configuration",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_configuration_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configuration")),
    )
    op.create_table(
        "emitted_issuers",
        sa.Column("issuer", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("issuer", name=op.f("pk_emitted_issuers")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("kid", _NAME, nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint("kid", name=op.f("uq_signing_keys_kid")),
    )
    op.create_table(
        "signins",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("app_id", _ID, nullable=False),
        sa.Column("code", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", _ID, nullable=True),
        sa.Column("correlation_id", _ID, nullable=False),
        sa.Column("resource_app_id", _ID, nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signins")),
    )
    op.create_index("ix_signins_application", "signins", ["tenant_id", "app_id", sa.literal_column("at DESC")])
    op.create_index("ix_signins_correlation", "signins", ["correlation_id"])
    op.create_index(
        "ix_signins_failures",
        "signins",
        ["at"],
        sqlite_where=sa.text("code <> 0"),
        postgresql_where=sa.text("code <> 0"),
    )
    op.create_table(
        "tenants",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_tenants")),
        sa.UniqueConstraint("id", name=op.f("uq_tenants_id")),
    )
    op.create_table(
        "applications",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("app_id", _ID, nullable=False),
        sa.Column("display_name", _NAME, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_applications_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_applications")),
        sa.UniqueConstraint("id", name=op.f("uq_applications_id")),
        sa.UniqueConstraint("tenant_id", "app_id", name=op.f("uq_applications_tenant_id_app_id")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_applications_tenant_id_id")),
    )
    op.create_index(op.f("ix_applications_app_id"), "applications", ["app_id"])
    op.create_index(op.f("ix_applications_tenant_id_display_name"), "applications", ["tenant_id", "display_name"])
    op.create_table(
        "domains",
        sa.Column("domain", _NAME, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_domains_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_domains")),
    )
    op.create_index(op.f("ix_domains_tenant_id"), "domains", ["tenant_id"])
    op.create_table(
        "issuers",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("url", _NAME, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_issuers_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_issuers")),
        sa.UniqueConstraint("id", name=op.f("uq_issuers_id")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_issuers_tenant_id_id")),
    )
    op.create_index(op.f("ix_issuers_tenant_id_url"), "issuers", ["tenant_id", "url"])
    op.create_table(
        "credentials",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("application_id", _ID, nullable=False),
        sa.Column("issuer_id", _ID, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("subject", _NAME, nullable=True),
        sa.Column("expression", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "application_id"],
            ["applications.tenant_id", "applications.id"],
            name=op.f("fk_credentials_tenant_id_application_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "issuer_id"],
            ["issuers.tenant_id", "issuers.id"],
            name=op.f("fk_credentials_tenant_id_issuer_id"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_credentials")),
        sa.UniqueConstraint(
            "application_id", "issuer_id", "expression", name=op.f("uq_credentials_application_id_issuer_id_expression")
        ),
        sa.UniqueConstraint(
            "application_id", "issuer_id", "subject", name=op.f("uq_credentials_application_id_issuer_id_subject")
        ),
        sa.UniqueConstraint("application_id", "name", name=op.f("uq_credentials_application_id_name")),
        sa.UniqueConstraint("id", name=op.f("uq_credentials_id")),
    )
    op.create_index(op.f("ix_credentials_tenant_id_id"), "credentials", ["tenant_id", "id"])
    op.create_index(op.f("ix_credentials_tenant_id_application_id"), "credentials", ["tenant_id", "application_id"])
    op.create_index(op.f("ix_credentials_tenant_id_issuer_id"), "credentials", ["tenant_id", "issuer_id"])
    op.create_table(
        "principals",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("app_id", _ID, nullable=False),
        sa.Column("application_id", _ID, nullable=True),
        sa.Column("display_name", _NAME, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "application_id"],
            ["applications.tenant_id", "applications.id"],
            name=op.f("fk_principals_tenant_id_application_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_principals_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_principals")),
        sa.UniqueConstraint("id", name=op.f("uq_principals_id")),
        sa.UniqueConstraint("tenant_id", "app_id", name=op.f("uq_principals_tenant_id_app_id")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_principals_tenant_id_id")),
    )
    op.create_index(op.f("ix_principals_tenant_id_application_id"), "principals", ["tenant_id", "application_id"])
    op.create_index(op.f("ix_principals_tenant_id_display_name"), "principals", ["tenant_id", "display_name"])
    op.create_table(
        "assignments",
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("principal_id", _ID, nullable=False),
        sa.Column("resource_id", _ID, nullable=False),
        sa.Column("role_id", _ID, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "principal_id"],
            ["principals.tenant_id", "principals.id"],
            name=op.f("fk_assignments_tenant_id_principal_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "resource_id"],
            ["principals.tenant_id", "principals.id"],
            name=op.f("fk_assignments_tenant_id_resource_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_assignments")),
        sa.UniqueConstraint("id", name=op.f("uq_assignments_id")),
        sa.UniqueConstraint(
            "principal_id", "resource_id", "role_id", name=op.f("uq_assignments_principal_id_resource_id_role_id")
        ),
    )
    op.create_index(
        op.f("ix_assignments_tenant_id_principal_id_resource_id"),
        "assignments",
        ["tenant_id", "principal_id", "resource_id"],
    )
    op.create_index(op.f("ix_assignments_tenant_id_resource_id"), "assignments", ["tenant_id", "resource_id"])
    op.create_index(op.f("ix_assignments_tenant_id_id"), "assignments", ["tenant_id", "id"])
    op.create_table(
        "identifiers",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("key", _NAME, nullable=False),
        sa.Column("app_id", _ID, nullable=False),
        sa.Column("application_id", _ID, nullable=True),
        sa.Column("principal_id", _ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "application_id"],
            ["applications.tenant_id", "applications.id"],
            name=op.f("fk_identifiers_tenant_id_application_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "principal_id"],
            ["principals.tenant_id", "principals.id"],
            name=op.f("fk_identifiers_tenant_id_principal_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_identifiers_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_identifiers")),
    )
    op.create_index(op.f("ix_identifiers_tenant_id_application_id"), "identifiers", ["tenant_id", "application_id"])
    op.create_index(op.f("ix_identifiers_tenant_id_principal_id"), "identifiers", ["tenant_id", "principal_id"])
    op.execute("INSERT INTO configuration VALUES (1, 0)")
