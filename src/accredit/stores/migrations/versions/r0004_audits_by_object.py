"""Records of changes are found by what was changed, by the application that changed it, and by the operation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

revision = "0004"
down_revision = "0003"

_ID = sa.Text().with_variant(sa.Uuid(as_uuid=False), "postgresql")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_AT_ONCE: Final = 1_000  # rows


def upgrade() -> None:
    op.add_column("audits", sa.Column("operation_folded", _NAME, nullable=True))
    op.add_column("audits", sa.Column("actor_app_id", _ID, nullable=True))
    op.create_table(
        "audit_elements",
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("owner_id", _ID, nullable=False),
        sa.Column("property", sa.Text(), nullable=False),
        sa.Column("folded", _NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["audits.id"], name=op.f("fk_audit_elements_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "owner_id", "property", "folded", name=op.f("pk_audit_elements")),
        sqlite_with_rowid=False,
    )
    for rows in _records():
        _fill(rows)
    index = op.f("ix_audit_elements_tenant_id_property_folded")  # after the rows: it is made faster than kept
    op.create_index(index, "audit_elements", ["tenant_id", "property", "folded"], unique=False)
    op.create_index(op.f("ix_audits_tenant_id_actor_app_id"), "audits", ["tenant_id", "actor_app_id"], unique=False)


def _records() -> Iterator[Sequence[dict[str, Any]]]:
    """Yield the records, read, some at a time."""
    there, last = sa.table("audits", sa.column("id", _ID), sa.column("body", sa.LargeBinary())), None
    while True:
        asked = sa.select(there.c.id, there.c.body).order_by(there.c.id).limit(_AT_ONCE)
        rows = op.get_bind().execute(asked if last is None else asked.where(there.c.id > last)).all()
        if not rows:
            return
        last = rows[-1].id
        yield [json.loads(row.body) for row in rows]


def _fill(records: Sequence[dict[str, Any]]) -> None:
    columns = {"operation_folded": _NAME, "actor_app_id": _ID}
    audits = sa.table("audits", sa.column("id", _ID), *(sa.column(name, type_) for name, type_ in columns.items()))
    changed = sa.update(audits).where(audits.c.id == sa.bindparam("row_id"))
    written = [
        {
            "row_id": each["id"],
            "operation_folded": each["operation"].casefold(),
            "actor_app_id": each["actor"].get("app_id") or None,
        }
        for each in records
    ]
    op.get_bind().execute(changed.values({name: sa.bindparam(name) for name in columns}), written)
    names = ("tenant_id", "owner_id", "property", "folded")
    elements = sa.table("audit_elements", *(sa.column(name, _ID if name.endswith("_id") else _NAME) for name in names))
    targets = [
        {"tenant_id": each["tenant_id"], "owner_id": each["id"], "property": "targetResources/id", "folded": target}
        for each in records
        if each["tenant_id"] is not None
        for target in dict.fromkeys(of["id"] for of in each["targets"])
    ]
    if targets:
        op.get_bind().execute(sa.insert(elements), targets)
