"""What an application can prove itself with besides federation: client secrets and certificates.

Rule 1: a secret's value is made here from full entropy, returned once, and kept as a salted hash. Nobody chooses one.
Rule 2: of a certificate only the public part is kept, whatever else the file holds.
Rule 3: they stand on an application or on its service principal; which of the two an id means, its object says.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec.structs import replace

from accredit import assertions
from accredit.administer import certificates
from accredit.administer.administrator import as_json
from accredit.administer.findings import ACTIVITY
from accredit.administer.limits import invalid, refuse_name
from accredit.directory import SALT, Application, Certificate, GivenCertificate, Secret, ServicePrincipal, digest
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.issuers import base64url
from accredit.signins import Modified, Target

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.assertions import RegisteredKey

SECRETS: Final = "PasswordCredentials"
CERTIFICATES: Final = "KeyCredentials"
LIFETIME: Final = timedelta(days=730)  # of a secret, unless its end is given
LONGEST_LIFETIME: Final = timedelta(days=36_525)
MOST: Final = 20  # secrets, and certificates, of one object
_SECRET: Final = 32  # octets
_HINT: Final = 3  # characters of a secret that stay readable

Holder = Application | ServicePrincipal
H = TypeVar("H", bound=Holder)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret just made, with the value that is shown once."""

    secret: Secret
    value: str = field(repr=False)


async def add_secret(
    by: Administrator,
    object_id: UUID,
    *,
    display_name: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> NewSecret:
    """Make a client secret: valid from now for two years, unless dates (aware UTC) are given."""
    if display_name is not None:
        refuse_name(display_name, "PasswordCredential")
    async with by.change() as change:
        before = await _writable(change, object_id)
        await refuse_widening(change, before)
        starts, ends = _dates(starts_at, ends_at, change.at)
        _refuse_too_many((*before.secrets, None), "passwordCredentials", before)
        value, salt = base64url.encode(by.ids.octets(_SECRET)), by.ids.octets(SALT)
        secret = Secret(
            key_id=by.ids.object(),
            salt=salt,
            digest=digest(salt, value.encode()),
            hint=value[:_HINT],
            starts_at=starts,
            ends_at=ends,
            display_name=display_name,
        )
        await put(change, before, replace(before, secrets=(*before.secrets, secret)))
    return NewSecret(secret, value)


async def remove_secret(by: Administrator, object_id: UUID, key_id: UUID) -> None:
    """Remove a client secret; it proves nothing from now on."""
    async with by.change() as change:
        before = await _writable(change, object_id)
        kept = tuple(each for each in before.secrets if each.key_id != key_id)
        if kept == before.secrets:
            raise Refused(OBJECT_NOT_FOUND, id=key_id)
        await put(change, before, replace(before, secrets=kept))


async def add_certificate(
    by: Administrator, object_id: UUID, data: bytes, *, display_name: str | None = None
) -> Certificate:
    """Register a certificate (PEM or DER): RSA of 2048 bits or more, P-256 or P-384, not expired."""
    async with by.change() as change:
        before = await _writable(change, object_id)
        return await _add(change, before, GivenCertificate(data=data, display_name=display_name))


async def remove_certificate(by: Administrator, object_id: UUID, key_id: UUID) -> None:
    """Remove a certificate; what its key signs proves nothing from now on."""
    async with by.change() as change:
        await _remove(change, await _writable(change, object_id), key_id)


async def roll_in(by: Administrator, object_id: UUID, given: GivenCertificate, proof: str) -> Certificate:
    """Register a certificate for whoever proves to hold a key of one that is registered already (addKey)."""
    async with by.change() as change:
        before = await _held(change, object_id)
        _refuse_unproven(before, proof, change.at)
        return await _add(change, before, given)


async def roll_out(by: Administrator, object_id: UUID, key_id: UUID, proof: str) -> None:
    """Remove a certificate for whoever proves to hold a key of a registered one (removeKey)."""
    async with by.change() as change:
        before = await _held(change, object_id)
        _refuse_unproven(before, proof, change.at)
        await _remove(change, before, key_id)


async def relist(
    change: Change,
    before: H,
    listed: Sequence[GivenCertificate] | None,
    secrets: Collection[UUID] | None,
) -> H:
    """Keep only what is listed, and register the certificates that are new, inside a change. ``None``: all stay.

    A certificate listed by its id alone stays as it is; a new secret cannot be listed, because nobody chooses one.
    """
    after = before
    if secrets is not None:
        if strange := set(secrets) - {each.key_id for each in before.secrets}:
            raise invalid("passwordCredentials", kind(before), f"there is no secret {min(strange)}; addPassword adds")
        after = replace(after, secrets=tuple(each for each in before.secrets if each.key_id in secrets))
    if listed is not None:
        kept = certificates.relisted(before.certificates, listed, change.by.ids, change.at)
        _refuse_too_many(kept, "keyCredentials", before)
        if {(each.key_id, each.der) for each in kept} - {(each.key_id, each.der) for each in before.certificates}:
            await refuse_widening(change, before)
        after = replace(after, certificates=kept)
    return await put(change, before, after)


async def put(change: Change, before: H, after: H) -> H:
    """Store the secrets and certificates of an object, with one record of what changed."""
    shown = tuple(
        Modified(name, old, new)
        for name in (SECRETS, CERTIFICATES)
        if (old := written(before, name)) != (new := written(after, name))
    )
    if after == before:
        return before
    if isinstance(after, Application):
        stored: Holder = await change.store.applications.put(after)
        activity = ACTIVITY
    else:
        stored = await change.store.principals.put(after)
        more = len(after.secrets) + len(after.certificates) > len(before.secrets) + len(before.certificates)
        activity = f"{'Add' if more else 'Remove'} service principal credentials"
    target = Target(id=after.id, kind=kind(after), name=after.display_name, modified=shown)
    await change.record(activity, "Update", target, tenant_id=after.tenant_id)
    return stored  # type: ignore[return-value]  # of the type that was put


async def refuse_widening(change: Change, holder: Holder) -> None:
    """Refuse who may not widen who can sign in as the application that an object is, or belongs to (403)."""
    tenant = await change.store.tenants.get(holder.tenant_id)
    if isinstance(holder, Application):
        change.refuse_widening(tenant, holder)
        return
    found = await change.store.applications.find(tenant_id=holder.tenant_id, app_id=holder.app_id)
    change.refuse_widening(tenant, found[0] if found else None)


def gone(holder: Holder) -> tuple[Modified, ...]:
    """Return what an object that is no more could prove itself with, for the record of that."""
    held = {SECRETS: holder.secrets, CERTIFICATES: holder.certificates}
    return tuple(Modified(name, written(holder, name), "[]") for name, each in held.items() if each)


def kind(holder: Holder) -> str:
    """Return what Microsoft Graph calls this kind of object."""
    return type(holder).__name__


def written(holder: Holder, name: str) -> str:
    """Write the secrets or the certificates of an object as a record of a change shows them."""
    held: Sequence[Secret | Certificate] = holder.secrets if name == SECRETS else holder.certificates
    return as_json(
        [
            {
                "keyId": each.key_id,
                "displayName": each.display_name,
                "startDateTime": each.starts_at,
                "endDateTime": each.ends_at,
                **({"customKeyIdentifier": each.thumbprint} if isinstance(each, Certificate) else {}),
            }
            for each in held
        ]
    )


async def _writable(change: Change, object_id: UUID) -> Holder:
    found = await _held(change, object_id)
    await change.refuse_not_owned(found)
    return found


async def _held(change: Change, object_id: UUID) -> Holder:
    for shelf in (change.store.applications, change.store.principals):
        if found := await shelf.find(id=object_id):
            return found[0]
    raise Refused(OBJECT_NOT_FOUND, id=object_id)


async def _add(change: Change, before: H, given: GivenCertificate) -> Certificate:
    await refuse_widening(change, before)
    made = certificates.register(given, before.certificates, change.by.ids, change.at)
    kept = (*before.certificates, made)
    _refuse_too_many(kept, "keyCredentials", before)
    await put(change, before, replace(before, certificates=kept))
    return made


async def _remove(change: Change, before: H, key_id: UUID) -> None:
    kept = tuple(each for each in before.certificates if each.key_id != key_id)
    if kept == before.certificates:
        raise Refused(OBJECT_NOT_FOUND, id=key_id)
    await put(change, before, replace(before, certificates=kept))


def _dates(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    starts = starts_at or now
    if abs(starts - now) <= LONGEST_LIFETIME:
        ends = ends_at or starts + LIFETIME
        if max(starts, now) < ends <= starts + LONGEST_LIFETIME:
            return starts, ends
    raise invalid("endDateTime", "PasswordCredential", "it must lie after the start, in the future, within 100 years")


def _refuse_unproven(holder: Holder, proof: str, now: datetime) -> None:
    try:
        assertions.verify_possession(proof, list(_keys(holder)), holder.id, now)
    except Refused as refused:
        raise invalid("proof", kind(holder), f"{refused} {refused.detail}".rstrip()) from refused


def _keys(holder: Holder) -> Iterator[RegisteredKey]:
    for each in holder.certificates:
        with suppress(Refused):  # one that may no longer be trusted proves nothing, and disturbs nobody
            yield assertions.registered(each.der, each.key_id, starts_at=each.starts_at, ends_at=each.ends_at)


def _refuse_too_many(held: Sequence[object], name: str, holder: Holder) -> None:
    if len(held) > MOST:
        raise invalid(name, kind(holder), f"at most {MOST}; remove one that is no longer used")
