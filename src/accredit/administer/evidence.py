"""What an application can prove itself with besides federation: client secrets and certificates.

Rule 1: a secret's value is made here from full entropy, returned once, and kept as a salted hash. Nobody chooses one.
Rule 2: of a certificate only the public part is kept, whatever else the file holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from hashlib import sha1
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from accredit.administer.administrator import as_json
from accredit.administer.credentials import ACTIVITY
from accredit.administer.limits import invalid, refuse_name
from accredit.assertions import registered
from accredit.assertions.compact import SELF_SIGNED
from accredit.directory import Certificate, Secret, digest
from accredit.errors import OBJECT_NOT_FOUND, VALUE_TAKEN, Refused
from accredit.signins import Modified, Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import Application

SECRETS: Final = "PasswordCredentials"
CERTIFICATES: Final = "KeyCredentials"
LIFETIME: Final = timedelta(days=730)  # of a secret, unless its end is given
LONGEST_LIFETIME: Final = timedelta(days=36_525)
MOST: Final = 20  # secrets, and certificates, of one application
LARGEST_FILE: Final = 64 * 1_024  # octets of a certificate file
_HINT: Final = 3  # characters of a secret that stay readable


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret just made, with the value that is shown once."""

    secret: Secret
    value: str = field(repr=False)


async def add_secret(
    by: Administrator,
    application_id: UUID,
    *,
    display_name: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> NewSecret:
    """Make a client secret: valid from now for two years, unless dates (aware UTC) are given."""
    if display_name is not None:
        refuse_name(display_name, "PasswordCredential")
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        starts = starts_at or change.at
        ends = ends_at or starts + LIFETIME
        if not starts < ends <= starts + LONGEST_LIFETIME or ends <= change.at:
            raise invalid(
                "endDateTime", "PasswordCredential", "it must lie after the start, in the future, within 100 years"
            )
        _refuse_too_many(before.secrets, "passwordCredentials")
        value, salt = by.ids.secret(), by.ids.salt()
        secret = Secret(
            key_id=by.ids.object(),
            salt=salt,
            digest=digest(salt, value.encode()),
            hint=value[:_HINT],
            starts_at=starts,
            ends_at=ends,
            display_name=display_name,
        )
        await _put(change, before, replace(before, secrets=(*before.secrets, secret)), SECRETS)
    return NewSecret(secret, value)


async def remove_secret(by: Administrator, application_id: UUID, key_id: UUID) -> None:
    """Remove a client secret; it proves nothing from now on."""
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        kept = tuple(each for each in before.secrets if each.key_id != key_id)
        if kept == before.secrets:
            raise Refused(OBJECT_NOT_FOUND, id=key_id)
        await _put(change, before, replace(before, secrets=kept), SECRETS)


async def add_certificate(
    by: Administrator, application_id: UUID, data: bytes, *, display_name: str | None = None
) -> Certificate:
    """Register a certificate (PEM or DER): RSA of 2048 bits or more, P-256 or P-384, not expired."""
    if display_name is not None:
        refuse_name(display_name, "KeyCredential")
    der = _der(data)
    key_id = by.ids.object()
    key = registered(der, key_id)
    if not set(key.algorithms) & set(SELF_SIGNED):
        raise invalid("keyCredentials", "Application", "no client signs with a key of this type: RSA, P-256 or P-384")
    certificate = Certificate(
        key_id=key_id,
        der=der,
        thumbprint=sha1(der, usedforsecurity=False).hexdigest().upper(),
        starts_at=key.not_before.astimezone(UTC),
        ends_at=key.not_after.astimezone(UTC),
        display_name=display_name,
    )
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        if certificate.ends_at <= change.at:
            raise invalid("keyCredentials", "Application", f"the certificate expired {certificate.ends_at.isoformat()}")
        if any(each.thumbprint == certificate.thumbprint for each in before.certificates):
            raise Refused(VALUE_TAKEN, property="keyCredentials", detail="this certificate is registered already")
        _refuse_too_many(before.certificates, "keyCredentials")
        await _put(change, before, replace(before, certificates=(*before.certificates, certificate)), CERTIFICATES)
    return certificate


async def remove_certificate(by: Administrator, application_id: UUID, key_id: UUID) -> None:
    """Remove a certificate; what its key signs proves nothing from now on."""
    async with by.change() as change:
        before = await change.store.applications.get(application_id)
        kept = tuple(each for each in before.certificates if each.key_id != key_id)
        if kept == before.certificates:
            raise Refused(OBJECT_NOT_FOUND, id=key_id)
        await _put(change, before, replace(before, certificates=kept), CERTIFICATES)


def _der(data: bytes) -> bytes:
    if len(data) > LARGEST_FILE:
        raise invalid("keyCredentials", "Application", f"larger than {LARGEST_FILE} bytes")
    try:
        pem = b"-----BEGIN" in data
        found = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise invalid("keyCredentials", "Application", "neither a PEM nor a DER certificate") from error
    return found.public_bytes(Encoding.DER)


def _refuse_too_many(held: Sequence[object], name: str) -> None:
    if len(held) >= MOST:
        raise invalid(name, "Application", f"at most {MOST}; remove one that is no longer used")


async def _put(change: Change, before: Application, after: Application, name: str) -> None:
    await change.store.applications.put(after)
    shown = Modified(name, _written(before, name), _written(after, name))
    target = Target(id=after.id, kind="Application", name=after.display_name, modified=(shown,))
    await change.record(ACTIVITY, "Update", target, tenant_id=after.tenant_id)


def _written(application: Application, name: str) -> str:
    held: tuple[Secret | Certificate, ...] = application.secrets if name == SECRETS else application.certificates
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
