"""What applications and service principals have alike, each under its own path: owners, secrets and keys.

Rule 1: ``routes`` makes the calls of one collection; ``find`` says which object a key of a path means.
Rule 2: secrets are shown to whoever makes them, once. Keys are changed by whoever proves to hold one, whatever role it
has; everything else by whoever owns the object, or may write all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from accredit.administer import evidence
from accredit.administer import owners as ownership
from accredit.directory import Application, read_guid
from accredit.errors import OBJECT_NOT_FOUND, QUERY_UNSUPPORTED, Refused
from accredit.interop.graph import parts, principal
from accredit.interop.graph.parts import KeyCredential, PasswordCredential, Wire, given, invalid, merged, written
from accredit.web.graph import related
from accredit.web.graph.answers import NOTHING, entity, link
from accredit.web.graph.pages import counted, page, page_with
from accredit.web.graph.route import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from uuid import UUID

    from accredit.administer.evidence import Holder
    from accredit.directory import Ownership
    from accredit.ports import Transaction
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call
    from accredit.web.graph.route import Handler

    Find: TypeAlias = Callable[[Call, Transaction], Awaitable[Holder]]

REFERENCE: Final = "@odata.id"
_PRINCIPAL: Final = re.compile(
    r"(?:.*/)?(?:directoryObjects|servicePrincipals)(?:/|\(')(?P<id>[0-9A-Fa-f-]{36})(?:'\))?/?", re.DOTALL
)


class AddPassword(Wire, frozen=True, kw_only=True):
    """The body of ``addPassword``."""

    password_credential: PasswordCredential | None = None


class RemovePassword(Wire, frozen=True, kw_only=True):
    """The body of ``removePassword``."""

    key_id: str


class AddKey(Wire, frozen=True, kw_only=True):
    """The body of ``addKey``."""

    key_credential: KeyCredential
    password_credential: None = None  # for keys that sign, which nobody has here
    proof: str


class RemoveKey(Wire, frozen=True, kw_only=True):
    """The body of ``removeKey``."""

    key_id: str
    proof: str


def routes(name: str, find: Find) -> tuple[Route, ...]:
    """Return the calls of one collection: ``applications`` or ``servicePrincipals``."""

    def told(handler: Callable[[Call, Holder], Awaitable[Answer]], *, owned: bool = True) -> Handler:
        async def handle(call: Call) -> Answer:
            async with call.by.registry.reading() as store:
                found = await find(call, store)
            if owned:
                await refuse_not_owned(call, found)
            return await handler(call, found)

        return handle

    one = f"{name}/{{}}"
    return (
        Route("GET", f"{one}/owners", told(_owners, owned=False)),
        Route("GET", f"{one}/owners/$ref", told(_owners_by_reference, owned=False)),
        Route("GET", f"{one}/owners/$count", told(_number_of_owners, owned=False)),
        Route("POST", f"{one}/owners/$ref", told(_add_owner)),
        Route("DELETE", f"{one}/owners/{{}}/$ref", told(_remove_owner)),
        Route("POST", f"{one}/addPassword", told(_add_password)),
        Route("POST", f"{one}/removePassword", told(_remove_password)),
        Route("POST", f"{one}/addKey", told(_add_key, owned=False)),
        Route("POST", f"{one}/removeKey", told(_remove_key, owned=False)),
    )


async def refuse_not_owned(call: Call, of: Holder) -> None:
    """Refuse who may write only what it owns, and owns not this (403)."""
    if isinstance(of, Application):
        await call.refuse_not_owned(application_id=of.id)
    else:
        await call.refuse_not_owned(principal_id=of.id)


def owned(of: Holder) -> dict[str, Any]:
    """Return which ownerships are those of an object, in the words of their index."""
    return {"tenant_id": of.tenant_id, "application_id" if isinstance(of, Application) else "principal_id": of.id}


async def owners(call: Call, store: Transaction, of: Sequence[Ownership]) -> list[dict[str, Any]]:
    """Write owners, as the directory objects that they are."""
    found = await related.named(store.principals, [each.owner_id for each in of])
    known = await related.named(store.applications, [each.application_id for each in found.values()])
    return [
        {
            "@odata.type": "#microsoft.graph.servicePrincipal",
            **principal.write(each, known.get(each.application_id), base=call.graph, beta=call.beta),
        }
        for each in found.values()
    ]


def referred(reference: object, name: str, kind: str) -> UUID:
    """Read the address of a directory object, on whatever host: the id of the service principal that it means."""
    found = _PRINCIPAL.fullmatch(reference) if isinstance(reference, str) else None
    guid = read_guid(found["id"]) if found else None
    if guid is None:
        raise invalid(name, kind, "the address of a service principal ends in /directoryObjects/ID")
    return guid


async def _owners(call: Call, of: Holder) -> Answer:
    _refuse_asked(call, of)

    async def write(store: Transaction, shown: Sequence[Ownership]) -> list[dict[str, Any]]:
        return await owners(call, store, shown)

    return await page_with(call, "directoryObjects", lambda store: store.ownerships, write, **owned(of))


async def _owners_by_reference(call: Call, of: Holder) -> Answer:
    _refuse_asked(call, of)

    def write(owner: Ownership) -> dict[str, Any]:
        return {REFERENCE: link(call, f"directoryObjects/{owner.owner_id}")}

    return await page(call, "Collection($ref)", lambda store: store.ownerships, write, **owned(of))


def _refuse_asked(call: Call, of: Holder) -> None:
    _refuse_condition(call, of)
    if call.options.orderby is not None:
        raise Refused(QUERY_UNSUPPORTED, property="owners", kind=evidence.kind(of))


async def _number_of_owners(call: Call, of: Holder) -> Answer:
    _refuse_condition(call, of)
    return await counted(call, lambda store: store.ownerships, **owned(of))


def _refuse_condition(call: Call, of: Holder) -> None:
    if call.options.condition is not None:  # its properties would be those of the ownership
        raise Refused(QUERY_UNSUPPORTED, property="owners", kind=evidence.kind(of))


async def _add_owner(call: Call, of: Holder) -> Answer:
    if unknown := call.body.keys() - {REFERENCE}:
        raise invalid(min(unknown), evidence.kind(of), "there is no such member")
    await ownership.add(call.by, of, referred(call.body.get(REFERENCE), REFERENCE, evidence.kind(of)))
    return NOTHING


async def _remove_owner(call: Call, of: Holder) -> Answer:
    owner_id = read_guid(call.keys[1].value)
    if owner_id is None:
        raise Refused(OBJECT_NOT_FOUND, id=call.keys[1].value)
    await ownership.remove(call.by, of, owner_id)
    return NOTHING


async def _add_password(call: Call, of: Holder) -> Answer:
    wanted = merged(parts.SECRET, AddPassword, call.body).password_credential or PasswordCredential()
    _refuse_given(wanted, ("custom_key_identifier", "hint", "key_id", "secret_text"))
    made = await evidence.add_secret(
        call.by,
        of.id,
        display_name=wanted.display_name,
        starts_at=wanted.start_date_time,
        ends_at=wanted.end_date_time,
    )
    shown = written(parts.password_credential(made.secret, made.value))
    return entity(call, "microsoft.graph.passwordCredential", shown)


async def _remove_password(call: Call, of: Holder) -> Answer:
    body = merged(parts.SECRET, RemovePassword, call.body)
    await evidence.remove_secret(call.by, of.id, _key_id(body.key_id, parts.SECRET))
    return NOTHING


async def _add_key(call: Call, of: Holder) -> Answer:
    body = merged(parts.KEY, AddKey, call.body)
    wanted = parts.given_certificate(body.key_credential)
    made = await evidence.roll_in(call.by, of.id, wanted, body.proof)
    return entity(call, "microsoft.graph.keyCredential", written(parts.key_credential(made)))


async def _remove_key(call: Call, of: Holder) -> Answer:
    body = merged(parts.KEY, RemoveKey, call.body)
    await evidence.roll_out(call.by, of.id, _key_id(body.key_id, parts.KEY), body.proof)
    return NOTHING


def _key_id(text: str, kind: str) -> UUID:
    return given(read_guid(text), "keyId", kind)


def _refuse_given(wanted: PasswordCredential, names: Sequence[str]) -> None:
    for name, member in parts.members(PasswordCredential).items():
        if member.name in names and getattr(wanted, member.name) is not None:
            raise invalid(name, parts.SECRET, "the server says this")
