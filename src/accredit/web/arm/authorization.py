"""Role definitions, which are data, and role assignments, which are kept, listed, and grant nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from accredit.administer import role_assignments
from accredit.directory import azure, read_guid
from accredit.errors import (
    ARM_BODY_INVALID,
    ARM_QUERY_UNSUPPORTED,
    ROLE_ASSIGNMENT_UNKNOWN,
    ROLE_DEFINITION_UNKNOWN,
    Refused,
)
from accredit.interop import azure as written
from accredit.query import And, Compare, Condition, OneOf, Or, Query, StartsWith, fold
from accredit.web.arm import filtering
from accredit.web.arm.call import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.web.arm.call import Call

PAGE: Final = 250  # assignments
LONGEST_SCOPE: Final = 1_024  # characters
LONGEST_TEXT: Final = 2_048  # characters of a description or a condition
_ASSIGNMENTS: Final = frozenset({"atscope", "principalid", "assignedto"})
_DEFINITIONS: Final = frozenset({"atscope", "atscopeandbelow", "rolename", "type"})
_KNOWN: Final = frozenset({"roleDefinitionId", "principalId", "principalType", "description", "condition"})
_TOLERATED: Final = frozenset({"conditionVersion", "scope", "createdOn", "updatedOn", "createdBy", "updatedBy"})


async def definitions(call: Call) -> Answer:
    """List the roles that can be assigned on a scope."""
    call.refuse_elsewhere()
    asked = filtering.read(call.query.get("$filter", ""), _DEFINITIONS)
    name, kind = asked.get("rolename"), asked.get("type")
    rows = [
        written.role_definition(each, call.scope)
        for each in azure.role_definitions().values()
        if (name is None or fold(each.name) == fold(name)) and (kind is None or fold(kind) == fold("BuiltInRole"))
    ]
    return Answer(200, {"value": rows})


async def definition(call: Call) -> Answer:
    """Show one role."""
    call.refuse_elsewhere()
    known = read_guid(call.name)
    found = azure.role_definitions().get(known) if known else None
    if found is None:
        raise Refused(ROLE_DEFINITION_UNKNOWN, id=call.name)
    return Answer(200, written.role_definition(found, call.scope))


async def assignments(call: Call) -> Answer:
    """List the assignments at a scope, above it and, unless the filter says ``atScope()``, below it."""
    call.refuse_elsewhere()
    asked = filtering.read(call.query.get("$filter", ""), _ASSIGNMENTS)
    terms: list[Condition] = [_around(call.scope, only_above="atscope" in asked)]
    terms.extend(
        Compare("principalId", "eq", asked[name].lower()) for name in ("principalid", "assignedto") if name in asked
    )
    condition = And(tuple(terms)) if len(terms) > 1 else terms[0]
    after = _after(call.query.get("$skiptoken"))
    async with call.by.registry.reading() as store:
        query = Query(condition=condition, after=after, limit=PAGE)
        found = await store.role_assignments.search(query, tenant_id=call.tenant.id)
    body: dict[str, Any] = {"value": [written.role_assignment(each) for each in found.things]}
    if found.after is not None:
        body["nextLink"] = _next(call, UUID(found.after[1]))
    return Answer(200, body)


async def assignment(call: Call) -> Answer:
    """Show one assignment."""
    call.refuse_elsewhere()
    wanted = _id(call)
    async with call.by.registry.reading() as store:
        kept = azure.assignment_id(call.tenant.id, wanted)
        found = await store.role_assignments.find(id=kept, tenant_id=call.tenant.id)
    if not found or fold(found[0].scope) != fold(call.scope):
        raise Refused(ROLE_ASSIGNMENT_UNKNOWN, id=wanted)
    return Answer(200, written.role_assignment(found[0]))


async def assign(call: Call) -> Answer:
    """Assign a role on a scope."""
    call.refuse_elsewhere()
    given = _properties(call.body)
    role = read_guid(str(given["roleDefinitionId"]).rpartition("/")[2])
    if role is None:
        raise Refused(ROLE_DEFINITION_UNKNOWN, id=given["roleDefinitionId"])
    principal = read_guid(given["principalId"])
    wanted = read_guid(call.name)
    if len(call.scope) > LONGEST_SCOPE:
        raise Refused(ARM_BODY_INVALID, reason=f"a scope has at most {LONGEST_SCOPE} characters")
    if principal is None or wanted is None:
        raise Refused(ARM_BODY_INVALID, reason="the name of an assignment and its principalId are GUIDs")
    made, new = await role_assignments.put(
        call.by,
        call.tenant.id,
        role_assignments.Wanted(
            id=wanted,
            principal_id=principal,
            role=role,
            scope=call.scope,
            principal_type=given.get("principalType") or role_assignments.ASSIGNEES,
            description=given.get("description"),
            condition=given.get("condition"),
            condition_version=given.get("conditionVersion"),
        ),
    )
    return Answer(201 if new else 200, written.role_assignment(made))


async def unassign(call: Call) -> Answer:
    """Take a role away; what is not there is away already."""
    call.refuse_elsewhere()
    try:
        removed = await role_assignments.remove(call.by, call.tenant.id, _id(call), call.scope)
    except Refused as refused:
        if refused.row is ROLE_ASSIGNMENT_UNKNOWN:
            return Answer(204)
        raise
    return Answer(200, written.role_assignment(removed))


def _around(scope: str, *, only_above: bool) -> Condition:
    above = OneOf("scope", tuple(written.above(scope)))
    return above if only_above else Or((above, StartsWith("scope", written.below(scope))))


def _after(token: str | None) -> tuple[None, str] | None:
    if token is None:
        return None
    after = read_guid(token)
    if after is None:
        raise Refused(ARM_QUERY_UNSUPPORTED, option="$skipToken", reason=token)
    return None, str(after)


def _next(call: Call, last: UUID) -> str:
    kept = {name: value for name, value in call.query.items() if name != "$skiptoken"}
    return f"{call.base}{call.path}?{urlencode({**kept, '$skipToken': str(last)})}"


def _id(call: Call) -> UUID:
    found = read_guid(call.name)
    if found is None:
        raise Refused(ROLE_ASSIGNMENT_UNKNOWN, id=call.name)
    return found


def _properties(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the members of an assignment, which are texts: some of the clients send them without ``properties``."""
    given = body.get("properties", body)
    if not isinstance(given, dict):
        raise Refused(ARM_BODY_INVALID, reason="properties is not an object")
    for name, value in given.items():
        if name not in _KNOWN | _TOLERATED:
            raise Refused(ARM_BODY_INVALID, reason=f"there is no member {name}")
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST_TEXT):
            raise Refused(ARM_BODY_INVALID, reason=f"{name} is not a text of at most {LONGEST_TEXT} characters")
    for name in ("roleDefinitionId", "principalId"):
        if not given.get(name):
            raise Refused(ARM_BODY_INVALID, reason=f"{name} is missing")
    return given
