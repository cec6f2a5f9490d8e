"""What may be searched for, in columns of its own; owners, delegated grants and role assignments."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

revision = "0002"
down_revision = "0001"

_ID = sa.Text().with_variant(sa.Uuid(as_uuid=False), "postgresql")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE = 1_000  # rows

_ADDED: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "applications": {
        "unique_name": _NAME,
        "display_name_folded": _NAME,
        "created_at": sa.BigInteger(),
        "sign_in_audience_folded": _NAME,
        "disabled": sa.Boolean(),
        "public": sa.Boolean(),
    },
    "principals": {
        "display_name_folded": _NAME,
        "enabled": sa.Boolean(),
        "assignment_required": sa.Boolean(),
        "owner_tenant_id": _ID,
        "created_at": sa.BigInteger(),
    },
    "issuers": {"url_folded": _NAME},
    "credentials": {"name_folded": _NAME, "subject_folded": _NAME},
    "assignments": {"created_at": sa.BigInteger()},
    "audits": {"activity_folded": _NAME, "correlation_id": _ID},
}
_INDEXES = (
    ("applications", ("tenant_id", "display_name_folded", "id"), False),
    ("applications", ("tenant_id", "unique_name"), True),
    ("applications", ("tenant_id", "created_at", "id"), False),
    ("principals", ("tenant_id", "display_name_folded", "id"), False),
    ("principals", ("tenant_id", "created_at", "id"), False),
    ("assignments", ("tenant_id", "resource_id", "id"), False),
    ("audits", ("tenant_id", "correlation_id"), False),
)


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for name, type_ in columns.items():
            op.add_column(table, sa.Column(name, type_, nullable=True))
    _elements("application_elements", "applications")
    _elements("principal_elements", "principals")
    _relations()
    for table, of in _WRITTEN.items():
        _fill(table, of)
    _collect("application_elements", "applications", _of_application)
    _collect("principal_elements", "principals", _of_principal)
    for table, names, unique in _INDEXES:  # after the rows: an index is made faster than kept
        op.create_index(op.f(f"ix_{table}_{'_'.join(names)}"), table, list(names), unique=unique)
    op.drop_index(op.f("ix_assignments_tenant_id_resource_id"), "assignments")  # the wider one says the same


def _elements(table: str, owner: str) -> None:
    op.create_table(
        table,
        sa.Column("tenant_id", _ID, nullable=False),
        sa.Column("owner_id", _ID, nullable=False),
        sa.Column("property", sa.Text(), nullable=False),
        sa.Column("folded", _NAME, nullable=False),
        _parent(table, "owner_id", owner),
        sa.PrimaryKeyConstraint("tenant_id", "owner_id", "property", "folded", name=op.f(f"pk_{table}")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f(f"ix_{table}_tenant_id_property_folded"), table, ["tenant_id", "property", "folded"], unique=False
    )


def _relations() -> None:
    _thing(
        "ownerships",
        {"owner_id": _ID, "application_id": None, "principal_id": None},
        {"owner_id": "principals", "application_id": "applications", "principal_id": "principals"},
        uniques=(("owner_id", "application_id"), ("owner_id", "principal_id")),
        indexes=("owner_id", "application_id", "principal_id"),
    )
    _thing(
        "delegated_grants",
        {"client_id": _ID, "resource_id": _ID, "consent_type": _NAME, "user_id": None, "grantee": sa.Text()},
        {"client_id": "principals", "resource_id": "principals"},
        uniques=(("client_id", "resource_id", "consent_type", "grantee"),),
        indexes=("id", "client_id", "resource_id"),
        searched=("scope_folded",),
    )
    _thing(
        "role_assignments",
        {"principal_id": _ID},
        {"principal_id": "principals"},
        indexes=("id", "principal_id"),
        searched=("scope_folded", "role_definition_id_folded"),
    )


def _thing(
    table: str,
    columns: Mapping[str, sa.types.TypeEngine[Any] | None],
    parents: Mapping[str, str],
    *,
    indexes: tuple[str, ...],
    uniques: tuple[tuple[str, ...], ...] = (),
    searched: tuple[str, ...] = (),
) -> None:
    """Make the table of one kind; a column without a type is an id that may be missing."""
    op.create_table(
        table,
        sa.Column("seq", _SEQ, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("tenant_id", _ID, nullable=False),
        *(sa.Column(name, type_ or _ID, nullable=type_ is None) for name, type_ in columns.items()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, _NAME, nullable=True) for name in searched),
        *(_parent(table, member, parent) for member, parent in parents.items()),
        sa.PrimaryKeyConstraint("seq", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("id", name=op.f(f"uq_{table}_id")),
        *(sa.UniqueConstraint(*names, name=op.f(f"uq_{table}_{'_'.join(names)}")) for names in uniques),
    )
    for name in indexes:
        op.create_index(op.f(f"ix_{table}_tenant_id_{name}"), table, ["tenant_id", name], unique=False)


def _parent(table: str, member: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", member],
        [f"{parent}.tenant_id", f"{parent}.id"],
        name=op.f(f"fk_{table}_tenant_id_{member}"),
        ondelete="CASCADE",
    )


def _fill(table: str, of: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Write the new columns of rows that are there."""
    there = sa.table(table, sa.column("id", _ID), *(sa.column(name, type_) for name, type_ in _ADDED[table].items()))
    changed = sa.update(there).where(there.c.id == sa.bindparam("row_id"))
    for some in _bodies(table):
        rows = [of(each) | {"row_id": each["id"]} for each in some]
        op.get_bind().execute(changed.values({name: sa.bindparam(name) for name in _ADDED[table]}), rows)


def _collect(table: str, owner: str, of: Callable[[dict[str, Any]], dict[str, list[str]]]) -> None:
    """Write what stands in the collections of things that are there."""
    names = ("tenant_id", "owner_id", "property", "folded")
    there = sa.table(table, *(sa.column(name, _ID if name.endswith("_id") else _NAME) for name in names))
    for some in _bodies(owner):
        rows = [
            {"tenant_id": each["tenant_id"], "owner_id": each["id"], "property": name, "folded": folded}
            for each in some
            for name, texts in of(each).items()
            for folded in dict.fromkeys(text.casefold() for text in texts)
        ]
        if rows:
            op.get_bind().execute(sa.insert(there), rows)


def _bodies(table: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the things of a table, read, some at a time."""
    there, last = sa.table(table, sa.column("id", _ID), sa.column("body", sa.LargeBinary())), None
    while True:
        asked = sa.select(there.c.id, there.c.body).order_by(there.c.id).limit(_AT_ONCE)
        rows = op.get_bind().execute(asked if last is None else asked.where(there.c.id > last)).all()
        if not rows:
            return
        last = rows[-1].id
        yield [json.loads(row.body) for row in rows]


def _micros(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _application(of: dict[str, Any]) -> dict[str, Any]:
    registration = of.get("registration", {})
    return {
        "unique_name": _fold(registration.get("uniqueName")),
        "display_name_folded": _fold(of["display_name"]),
        "created_at": _micros(of["created_at"]),
        "sign_in_audience_folded": _fold(registration.get("signInAudience", "AzureADMyOrg")),
        "disabled": of["disabled"],
        "public": of["public"],
    }


def _principal(of: dict[str, Any]) -> dict[str, Any]:
    return {
        "display_name_folded": _fold(of["display_name"]),
        "enabled": of["enabled"],
        "assignment_required": of["assignment_required"],
        "owner_tenant_id": of["owner_tenant_id"] or of["tenant_id"],
        "created_at": _micros(of["created_at"]),
    }


def _of_application(of: dict[str, Any]) -> dict[str, list[str]]:
    return {"identifierUris": of["identifier_uris"], "tags": of.get("registration", {}).get("tags", [])}


def _of_principal(of: dict[str, Any]) -> dict[str, list[str]]:
    registration = of.get("registration", {})
    return {
        "servicePrincipalNames": [of["app_id"], *of["names"]],
        "alternativeNames": registration.get("alternativeNames", []),
        "tags": registration.get("tags", []),
    }


_WRITTEN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "applications": _application,
    "principals": _principal,
    "issuers": lambda of: {"url_folded": _fold(of["url"])},
    "credentials": lambda of: {"name_folded": _fold(of["name"]), "subject_folded": _fold(of["subject"])},
    "assignments": lambda of: {"created_at": _micros(of["created_at"])},
    "audits": lambda of: {"activity_folded": _fold(of["activity"]), "correlation_id": of["correlation_id"]},
}
