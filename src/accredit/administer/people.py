"""People who administer: whose claims give which role, and the record of who signed in.

Rule 1: a role follows from what a provider vouches for and never gives to somebody else. Names and e-mail addresses are
not of that kind, and are refused.
Rule 2: nobody is locked out for good: who can read the data directory makes a one-time link at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer.administrator import as_json, modified
from accredit.administer.limits import invalid
from accredit.directory.people import LONGEST_VALUE, MAPPED_ROLES, RoleMapping
from accredit.errors import VALUE_TAKEN, Refused
from accredit.issuers import url
from accredit.signins import Modified, Target, kept

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory.people import MappedRole, Person
    from accredit.ports import Transaction
    from accredit.signins import Operation

KIND: Final = "RoleMapping"
MOST: Final = 1_000  # mappings: each of them is looked at with every request of the portal
LONGEST_CLAIM: Final = 120  # characters
LONGEST_ISSUER: Final = 600  # characters
REASSIGNED: Final = frozenset(
    {
        "email",
        "preferred_username",
        "upn",
        "unique_name",
        "name",
        "nickname",
        "given_name",
        "family_name",
        "phone_number",
    }
)
"""Claims that a provider lets people choose, or gives to somebody else later."""
INSTANCE: Final = "instance"


async def add(
    by: Administrator, *, tenant_id: UUID | None, issuer: str, claim: str, value: str, role: str
) -> RoleMapping:
    """Give a role to whoever has ``value`` in ``claim`` of the provider ``issuer``. 400 for what is there, or unfit.

    ``tenant_id`` is ``None`` for the role ``instance``, and for no other.
    """
    known = _refuse_unfit(tenant_id, issuer, claim, value, role)
    async with by.change() as change:
        held = await change.store.role_mappings.find()
        if len(held) >= MOST:
            raise invalid("value", KIND, f"there are {MOST} mappings already")
        if any(_who(each) == (tenant_id, issuer, claim, value) for each in held):
            raise Refused(
                VALUE_TAKEN, property="value", detail="these people have a role there already: remove it first"
            )
        if tenant_id is not None:
            await change.store.tenants.get(tenant_id)
        mapping = await change.store.role_mappings.add(
            RoleMapping(
                id=by.ids.object(),
                tenant_id=tenant_id,
                issuer=issuer,
                claim=claim,
                value=value,
                role=known,
                created_at=change.at,
            )
        )
        await _record(change, "Add role mapping", "Add", mapping, modified(None, mapping))
    return mapping


async def remove(by: Administrator, mapping_id: UUID) -> RoleMapping:
    """Take a role away again, from the next request on. 404 for what is not there."""
    async with by.change() as change:
        mapping = await change.store.role_mappings.get(mapping_id)
        await change.store.role_mappings.remove(mapping)
        await _record(change, "Remove role mapping", "Delete", mapping, modified(mapping, None))
    return mapping


async def read(store: Transaction, tenant_id: UUID | None = None) -> Sequence[RoleMapping]:
    """Return the mappings of a tenant and those of the instance, or all of them; the oldest first."""
    found = await store.role_mappings.find()
    return [each for each in found if tenant_id is None or each.tenant_id in (None, tenant_id)]


async def signed_in(by: Administrator, person: Person) -> None:
    """Record that somebody signed in to the portal. With a link from the host it is marked as breaking glass."""
    broken = (Modified("breakGlass", "null", "true"),) if person.how == "link" else ()
    shown = (
        Modified("signInMethod", "null", as_json(person.how)),
        *(Modified(name, "null", as_json(value)) for name, value in _identity(person) if value),
        *broken,
    )
    await _session(by, "Sign in to the portal", "Add", person.name, shown)


async def signed_out(by: Administrator, person: Person) -> None:
    """Record that somebody signed out."""
    shown = (Modified("signInMethod", as_json(person.how), "null"),)
    await _session(by, "Sign out of the portal", "Delete", person.name, shown)


async def ended(by: Administrator, person: Person, session: str) -> None:
    """Record that somebody else ended a session, by the name that it is listed under."""
    shown = (Modified("session", as_json(session), "null"),)
    await _session(by, "End portal session", "Delete", person.name, shown)


async def link_made(by: Administrator, minutes: int) -> None:
    """Record that a one-time link was made."""
    await _session(
        by, "Make one-time sign-in link", "Add", "one-time link", (Modified("minutes", "null", str(minutes)),)
    )


async def _session(
    by: Administrator, activity: str, operation: Operation, name: str, shown: tuple[Modified, ...]
) -> None:
    async with by.change() as change:
        target = Target(id=by.ids.object(), kind="PortalSession", name=kept(name), modified=shown)
        await change.record(activity, operation, target, tenant_id=None)


def _identity(person: Person) -> tuple[tuple[str, str], ...]:
    return (("issuer", kept(person.issuer)), ("subject", kept(person.subject)))


def _who(mapping: RoleMapping) -> tuple[UUID | None, str, str, str]:
    return mapping.tenant_id, mapping.issuer, mapping.claim, mapping.value


def _refuse_unfit(tenant_id: UUID | None, issuer: str, claim: str, value: str, role: str) -> MappedRole:
    known = next((each for each in MAPPED_ROLES if each == role), None)
    if known is None:
        raise invalid("role", KIND, f"one of {', '.join(MAPPED_ROLES)}")
    if (known == INSTANCE) is not (tenant_id is None):
        raise invalid("role", KIND, "the role instance belongs to no tenant, and every other one to a tenant")
    _refuse_issuer(issuer)
    _refuse_text("claim", claim, LONGEST_CLAIM)
    if claim in REASSIGNED:
        raise invalid("claim", KIND, f"{claim} may be somebody else's tomorrow: use sub, or a group's or role's id")
    _refuse_text("value", value, LONGEST_VALUE)
    return known


def _refuse_issuer(issuer: str) -> None:
    try:
        url.split(issuer)
    except ValueError as error:
        raise invalid("issuer", KIND, f"the provider's issuer, as its tokens say it: {error}") from error
    if len(issuer) > LONGEST_ISSUER:
        raise invalid("issuer", KIND, f"longer than {LONGEST_ISSUER} characters")


def _refuse_text(name: str, text: str, longest: int) -> None:
    if not 0 < len(text) <= longest or not text.isprintable() or text != text.strip():
        raise invalid(name, KIND, f"1 to {longest} printable characters, no space at either end")


async def _record(
    change: Change, activity: str, operation: Operation, mapping: RoleMapping, shown: tuple[Modified, ...]
) -> None:
    name = kept(f"{mapping.role}: {mapping.claim} = {mapping.value}")
    target = Target(id=mapping.id, kind=KIND, name=name, modified=shown)
    await change.record(activity, operation, target, tenant_id=mapping.tenant_id)
