"""Registering a certificate: reading the file, and how long its registration holds."""

from __future__ import annotations

from datetime import UTC
from hashlib import sha1
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from accredit.administer.limits import invalid, refuse_name
from accredit.assertions import registered
from accredit.assertions.compact import SELF_SIGNED
from accredit.directory import Certificate
from accredit.errors import VALUE_TAKEN, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from accredit.directory import GivenCertificate
    from accredit.ports import Ids

KIND: Final = "KeyCredential"
LARGEST_FILE: Final = 64 * 1_024  # octets of a certificate file


def register(given: GivenCertificate, beside: Sequence[Certificate], ids: Ids, now: datetime) -> Certificate:
    """Read a certificate that is not among those ``beside`` it, and has not expired."""
    if given.display_name is not None:
        refuse_name(given.display_name, KIND)
    der = _der(given.data)
    key_id = given.key_id or ids.object()
    key = registered(der, key_id)
    if not set(key.algorithms) & set(SELF_SIGNED):
        raise _unfit("no client signs with a key of this type: RSA, P-256 or P-384")
    begins, ends = key.not_before.astimezone(UTC), key.not_after.astimezone(UTC)
    certificate = Certificate(
        key_id=key_id,
        der=der,
        thumbprint=sha1(der, usedforsecurity=False).hexdigest().upper(),
        starts_at=given.starts_at or begins,
        ends_at=given.ends_at or ends,
        display_name=given.display_name,
    )
    if certificate.ends_at <= now:
        raise _unfit(f"the certificate expired {certificate.ends_at.isoformat()}")
    if not begins <= certificate.starts_at < certificate.ends_at <= ends:
        raise invalid("endDateTime", KIND, f"within the certificate's validity, {begins} to {ends}")
    if any(each.thumbprint == certificate.thumbprint for each in beside):
        raise Refused(VALUE_TAKEN, property="keyCredentials", detail="this certificate is registered already")
    if any(each.key_id == key_id for each in beside):
        raise Refused(VALUE_TAKEN, property="keyId", detail=f"another certificate has the id {key_id}")
    return certificate


def relisted(
    before: Sequence[Certificate], listed: Sequence[GivenCertificate], ids: Ids, now: datetime
) -> tuple[Certificate, ...]:
    """Return the certificates that a list names: registered ones by their id, and new ones with their data."""
    known = {each.key_id: each for each in before}
    kept: list[Certificate] = []
    for each in listed:
        found = known.get(each.key_id) if each.key_id is not None else None
        if found is not None and (each.data is None or _der(each.data) == found.der):
            if found.key_id in {other.key_id for other in kept}:
                raise Refused(VALUE_TAKEN, property="keyId", detail=f"{found.key_id} is listed twice")
            kept.append(_renamed(found, each.display_name))
        elif each.data is None:
            raise _unfit(f"there is no certificate {each.key_id}, and no key is given")
        else:
            kept.append(register(each, kept, ids, now))
    return tuple(kept)


def _renamed(certificate: Certificate, name: str | None) -> Certificate:
    if name is None or name == certificate.display_name:
        return certificate
    refuse_name(name, KIND)
    return replace(certificate, display_name=name)


def _der(data: bytes | None) -> bytes:
    if data is None or len(data) > LARGEST_FILE:
        raise _unfit("none is given" if data is None else f"larger than {LARGEST_FILE} bytes")
    try:
        pem = b"-----BEGIN" in data
        found = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise _unfit("neither a PEM nor a DER certificate") from error
    return found.public_bytes(Encoding.DER)


def _unfit(reason: str) -> Refused:
    return invalid("keyCredentials", "Application", reason)
