"""App roles of an application: what may be offered, and what may become of a role that is offered already.

Rule 1: an enabled role is not removed or changed: it is disabled first, in a change that does nothing else to it.
Rule 2: with a role go the grants of it, each with a record of its own. Were they kept, a role made later with the same
id would be granted to whoever held the old one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, get_args

from msgspec.structs import replace

from accredit.administer import permissions
from accredit.administer.limits import invalid, refuse_description, refuse_name, refuse_role_value
from accredit.directory import DEFAULT_ACCESS
from accredit.directory.permissions import MemberType
from accredit.errors import OBJECT_NOT_FOUND, ROLE_ENABLED, VALUE_TAKEN, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.administer.administrator import Change
    from accredit.directory import Application, AppRole

KIND: Final = "AppRole"
MOST: Final = 1_200  # as many as Entra ID's manifest holds
MEMBER_TYPES: Final = get_args(MemberType)


def refuse_unfit(before: Sequence[AppRole], after: Sequence[AppRole]) -> None:
    """Refuse a list of app roles: too long, with equal ids or values, with unfit ones; or by rule 1."""
    known = {each.id: each for each in before}
    if len(after) > MOST:
        raise invalid("appRoles", "Application", f"at most {MOST}")
    _refuse_equal(after)
    for each in after:
        if each != known.get(each.id):
            _refuse_unfit_role(each)
    there = {each.id: each for each in after}
    for each in before:
        if each.enabled and there.get(each.id) not in (each, replace(each, enabled=False)):
            raise Refused(ROLE_ENABLED)


def widens(before: Sequence[AppRole], after: Sequence[AppRole]) -> bool:
    """Whether a list offers more than the one before it: a role that is new, changed, or enabled again."""
    fine = {*before, *(replace(each, enabled=False) for each in before)}
    return not set(after) <= fine


async def withdraw(change: Change, before: Application, after: Application) -> None:
    """Remove the grants of roles that are no more, inside a change."""
    gone = {each.id for each in before.app_roles} - {each.id for each in after.app_roles}
    if not gone:
        return
    for principal in await change.store.principals.find(tenant_id=before.tenant_id, app_id=before.app_id):
        for each in await change.store.assignments.find(tenant_id=before.tenant_id, resource_id=principal.id):
            if each.role_id in gone:
                await permissions.take_back(change, each)


def find(application: Application, role: UUID | str) -> AppRole:
    """Return a role of an application, by its id or value."""
    for each in application.app_roles:
        if str(role) in {str(each.id), each.value}:
            return each
    raise Refused(OBJECT_NOT_FOUND, id=role)


def _refuse_equal(roles: Sequence[AppRole]) -> None:
    if twice := _twice([each.value for each in roles if each.value]):
        raise Refused(VALUE_TAKEN, property="value", detail=f"the application already offers {twice}")
    if twice := _twice([str(each.id) for each in roles]):
        raise Refused(VALUE_TAKEN, property="id", detail=f"the application already has an app role {twice}")


def _twice(texts: Sequence[str]) -> str:
    """Return a text that stands there twice, or nothing."""
    return next((each for each, count in Counter(texts).items() if count > 1), "")


def _refuse_unfit_role(role: AppRole) -> None:
    if role.id == DEFAULT_ACCESS:
        raise invalid("id", KIND, "this id means access without a role")
    if role.value:
        refuse_role_value(role.value)
    refuse_name(role.display_name, KIND)
    refuse_description(role.description, KIND)
    kinds = role.member_types
    if not kinds or len(set(kinds)) != len(kinds) or not set(kinds) <= set(MEMBER_TYPES):
        raise invalid("allowedMemberTypes", KIND, f"each once, of {', '.join(MEMBER_TYPES)}")
