"""``oAuth2PermissionGrant`` of Microsoft Graph: written, read, and what a body says of one.

Rule 1: what is ours and not Graph's stands under one member, ``accredit``, and in beta only.
Rule 2: beta demands a begin and an end of its callers, and ignores both; so they are allowed there, and ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import msgspec

from accredit.directory import DelegatedGrant
from accredit.interop.graph import opaque, parts
from accredit.interop.graph.parts import Instant, Json, Wire, given, invalid, written

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND: Final = "OAuth2PermissionGrant"
OURS: Final = "accredit"
_IGNORED: Final = frozenset({"startTime", "expiryTime"})
_FIXED: Final = ("id", "clientId", "consentType", "principalId", "resourceId", OURS)


class Ours(Wire, frozen=True, kw_only=True):
    """What Graph has no member for."""

    created_date_time: Instant | None = None


class Written(Wire, frozen=True, kw_only=True):
    """A grant as Graph writes it."""

    id: str | None = None
    client_id: UUID
    consent_type: Literal["AllPrincipals", "Principal"]
    principal_id: UUID | None = None
    resource_id: UUID
    scope: str | None = None
    accredit: Ours = Ours()


class Wanted(msgspec.Struct, frozen=True):
    """What a body asks for: delegated permissions of a resource, for an application, in one's or everybody's name."""

    client_id: UUID
    resource_id: UUID
    consent_type: Literal["AllPrincipals", "Principal"]
    user_id: UUID | None
    scope: str


def write(of: DelegatedGrant, *, beta: bool) -> Json:
    """Write a grant."""
    found: Json = written(_written(of))
    if not beta:
        del found[OURS]
    return found


def read(json: Mapping[str, Any], tenant_id: UUID) -> DelegatedGrant:
    """Read a grant that beta wrote."""
    found = parts.merged(KIND, Written, json)
    return DelegatedGrant(
        id=given(opaque.read(found.id or ""), "id", KIND),
        tenant_id=tenant_id,
        client_id=found.client_id,
        resource_id=found.resource_id,
        created_at=given(found.accredit.created_date_time, "accredit/createdDateTime", KIND),
        consent_type=found.consent_type,
        user_id=found.principal_id,
        scope=found.scope or "",
    )


def wanted(body: Mapping[str, Any], *, beta: bool) -> Wanted:
    """Return what a body asks to be granted. ``Refused(PROPERTY_INVALID)``."""
    told = _heard(body, beta=beta)
    if strange := [name for name in ("id", OURS) if told.get(name) is not None]:
        raise invalid(strange[0], KIND, "read-only")
    found = parts.merged(KIND, Written, told)
    return Wanted(found.client_id, found.resource_id, found.consent_type, found.principal_id, found.scope or "")


def scope(body: Mapping[str, Any], stored: DelegatedGrant, *, beta: bool) -> str:
    """Return the scope as a body leaves it: nothing else of a grant ever changes. ``Refused(PROPERTY_INVALID)``."""
    before, told = _written(stored), _heard(body, beta=beta)
    parts.refuse_changed(KIND, Written, told, before, _FIXED)
    return parts.merged(KIND, Written, told, before).scope or ""


def _heard(body: Mapping[str, Any], *, beta: bool) -> Mapping[str, Any]:
    if not beta and OURS in body:
        raise invalid(OURS, KIND, "there is no such member in v1.0")
    return {name: value for name, value in body.items() if not (beta and name in _IGNORED)}


def _written(of: DelegatedGrant) -> Written:
    return Written(
        id=opaque.write(of.id),
        client_id=of.client_id,
        consent_type=of.consent_type,
        principal_id=of.user_id,
        resource_id=of.resource_id,
        scope=of.scope,
        accredit=Ours(created_date_time=of.created_at),
    )
