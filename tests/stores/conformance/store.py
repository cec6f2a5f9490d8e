"""A store under test, a small world to put into it, and the table that sub-tests add themselves to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from accredit.directory import Certificate, Registration, Secret
from accredit.errors import (
    Refused,
    Row,
)
from tests.stores import made

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from accredit.directory import Application, ServicePrincipal, Tenant
    from accredit.issuers import Issuer
    from accredit.ports import Transaction
    from accredit.trust import FederatedCredential

SHELVES = (
    "tenants",
    "applications",
    "principals",
    "issuers",
    "credentials",
    "assignments",
    "ownerships",
    "delegated_grants",
    "role_assignments",
    "role_mappings",
    "signing_keys",
)


class Registry(Protocol):
    """The port, and what a snapshot asks besides."""

    def reading(self) -> AbstractAsyncContextManager[Transaction]: ...
    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...
    async def changes(self, since: int) -> tuple[int, frozenset[UUID] | None]: ...


@dataclass(frozen=True)
class Store:
    """One storage, and two ways in."""

    registry: Registry
    another: Registry
    heard: list[tuple[int, frozenset[UUID]]]  # what the first registry announced


@dataclass(frozen=True)
class World:
    """One thing of each kind, as they refer to each other."""

    tenant: Tenant
    app: Application
    principal: ServicePrincipal
    resource: ServicePrincipal
    issuer: Issuer
    credential: FederatedCredential
    expression: FederatedCredential
    others: tuple[Any, ...]

    @property
    def everything(self) -> dict[str, Any]:
        assignment, key, ownership, grant, role, mapping = self.others
        return {
            "tenants": self.tenant,
            "applications": self.app,
            "principals": self.principal,
            "issuers": self.issuer,
            "credentials": self.credential,
            "assignments": assignment,
            "ownerships": ownership,
            "delegated_grants": grant,
            "role_assignments": role,
            "role_mappings": mapping,
            "signing_keys": key,
        }


def world(tenant: Tenant | None = None) -> World:
    tenant = tenant or made.tenant()
    app = made.application(
        tenant,
        identifier_uris=(f"api://{tenant.id}/orders",),
        app_roles=(made.READER,),
        secrets=(
            Secret(
                key_id=made.new_id(),
                salt=bytes(16),
                digest=b"\xff" * 32,
                hint="abc",
                starts_at=made.AT,
                ends_at=made.AT,
            ),
        ),
        certificates=(
            Certificate(key_id=made.new_id(), der=b"\x30\x00\x80", thumbprint="AB", starts_at=made.AT, ends_at=made.AT),
        ),
        description="\u200fna\xefve\x00 \U0001f512",
        registration=Registration(unique_name="Deploy-Bot", tags=("HideApp", "hideapp")),
    )
    principal = made.principal(app)
    resource = made.well_known(tenant, made.new_id(), names=("https://graph.example",), app_roles=(made.READER,))
    issuer = made.issuer(tenant, jwks='{"keys":[]}', key_source="uploaded")
    credential = made.credential(app, issuer, listed_audiences=("a", "b"), multi_audience="listed")
    expression = made.by_expression(app, issuer, enabled=False, description="all of the organisation")
    others = (
        made.assignment(principal, resource),
        made.signing_key(withdrawn_at=made.AT),
        made.ownership(principal, app),
        made.delegated_grant(principal, resource),
        made.role_assignment(principal),
        made.role_mapping(tenant),
    )
    return World(tenant, app, principal, resource, issuer, credential, expression, others)


async def put_up(registry: Registry, each: World) -> World:
    async with registry.transaction() as change:
        await change.tenants.add(each.tenant)
        await change.applications.add(each.app)
        await change.principals.add(each.principal)
        await change.principals.add(each.resource)
        await change.issuers.add(each.issuer)
        await change.credentials.add(each.credential)
        await change.credentials.add(each.expression)
        await change.assignments.add(each.others[0])
        await change.signing_keys.add(each.others[1])
        await change.ownerships.add(each.others[2])
        await change.delegated_grants.add(each.others[3])
        await change.role_assignments.add(each.others[4])
        await change.role_mappings.add(each.others[5])
    return each


def key(value: Any) -> UUID | str:
    found: UUID | str = value.kid if hasattr(value, "kid") else value.id
    return found


def refused(row: Row, **fields: object) -> Any:
    def right(error: BaseException) -> bool:
        assert isinstance(error, Refused)
        assert error.row is row, error
        assert fields.items() <= dict(error.fields).items()
        return True

    return pytest.raises(Refused, check=right)


async def read(registry: Registry, shelf: str, wanted: UUID | str) -> Any:
    async with registry.reading() as view:
        return await getattr(view, shelf).get(wanted)


async def found(registry: Registry, shelf: str, **where: object) -> list[Any]:
    async with registry.reading() as view:
        return list(await getattr(view, shelf).find(**where))


CASES: dict[str, Callable[[Store], Awaitable[None]]] = {}


def case(sentence: str) -> Callable[[Callable[[Store], Awaitable[None]]], Callable[[Store], Awaitable[None]]]:
    def add(run: Callable[[Store], Awaitable[None]]) -> Callable[[Store], Awaitable[None]]:
        assert sentence not in CASES
        CASES[sentence] = run
        return run

    return add
