"""Assertions that an application signs itself, with a certificate or key registered on it (RFC 7523 section 2.2).

Rule 1: only keys registered on the application count; keys of issuers never do, and the reverse.
Rule 2: clients are lenient in four ways, and so are we, here alone: padded thumbprints, thumbprints in hex, ECDSA in
strict DER, no key reference at all.
Rule 3: ``x5c`` in the header is a hint that is not needed, and is not read.
Rule 4: who changes the keys of an object proves to hold one of them with a JWT made for that and nothing else: its
audience is no token endpoint, so neither kind of JWT passes for the other.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from datetime import datetime
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from accredit.assertions import compact
from accredit.assertions.times import refuse_long_lived, refuse_untimely, span
from accredit.errors import (
    ASSERTION_AUDIENCE,
    ASSERTION_OF_ANOTHER,
    CLAIM_MISSING,
    KEY_EXPIRED,
    KEY_NOT_REGISTERED,
    KEY_REFERENCE_MISSING,
    KEY_UNSUITABLE,
    LIFETIME_TOO_LONG,
    PROPERTY_INVALID,
    SIGNATURE_INVALID,
    Refused,
)
from accredit.issuers import base64url
from accredit.issuers.record import MAX_SKEW

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from accredit.assertions.compact import Presented
    from accredit.issuers.material import PublicKey  # noqa: TC004  nobody decodes a key, so msgspec never reads the annotation
    from accredit.issuers.record import KeyReference

MAX_LIFETIME: Final = 86_400  # seconds, assumed
PROOF_AUDIENCE: Final = "00000002-0000-0000-c000-000000000000"
PROOF_LIFETIME: Final = 600  # seconds, from nbf to exp
MAX_TRIED: Final = 32  # registered keys that an assertion without key reference may be tried with
_HEX_SHA1: Final = 40  # digits
_PROOF: Final = compact.Policy(algorithms=compact.SELF_SIGNED, types=None, key_reference_required=False)
_SEAL: Final = object()


class RegisteredKey(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The public key of a certificate that is registered on an application. Thumbprints are of the certificate."""

    key_id: UUID
    public_key: PublicKey
    algorithms: tuple[str, ...]
    not_before: datetime  # aware UTC
    not_after: datetime  # aware UTC
    x5t: bytes  # SHA-1, 20 octets
    x5t_s256: bytes  # SHA-256, 32 octets


@dataclass(frozen=True, slots=True)
class SelfProven:
    """An assertion that the application itself signed. Made by ``verify_self_signed`` only."""

    presented: Presented
    key: RegisteredKey
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("SelfProven is the result of verify_self_signed() and cannot be made otherwise")


def registered(
    der_certificate: bytes, key_id: UUID, *, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> RegisteredKey:
    """Read an X.509 certificate (DER). Raises ``Refused(PROPERTY_INVALID)`` for one whose key must not be trusted.

    Its registration may be shorter than its own validity, never longer.
    """
    from accredit.issuers import material  # noqa: PLC0415  loads cryptography, for who has a certificate

    try:
        certificate = material.certificate(der_certificate)
        public_key = material.refuse_weak(certificate.public_key())
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except material.UNREADABLE as error:
        raise _unreadable(f"the certificate cannot be used: {error}") from error
    return RegisteredKey(
        key_id=key_id,
        public_key=public_key,
        algorithms=material.algorithms(public_key),
        not_before=max(begins, starts_at or begins),
        not_after=min(ends, ends_at or ends),
        x5t=sha1(der_certificate, usedforsecurity=False).digest(),  # a name, as every client of Entra ID writes it
        x5t_s256=sha256(der_certificate).digest(),
    )


def verify_self_signed(
    presented: Presented, keys: Sequence[RegisteredKey], audiences: Collection[str], client: str, now: datetime
) -> SelfProven:
    """Prove that ``client`` signed it for one of ``audiences``: 700021, 700027 or 5002723, 700023, 700024, 70023."""
    if presented.issuer.lower() != client.lower() or not presented.self_signed:
        raise Refused(ASSERTION_OF_ANOTHER, detail="iss and sub are not the client")
    key = _signer(presented, keys)
    try:
        proven = _proven(presented, key, audiences, now)
        refuse_long_lived(presented, MAX_LIFETIME, now)
    except Refused as refused:
        refused.about = key.key_id
        raise
    return proven


def verify_possession(text: str, keys: Sequence[RegisteredKey], holder: UUID, now: datetime) -> SelfProven:
    """Prove that whoever changes the keys of the object ``holder`` has one of them. Refusals as for an assertion."""
    presented = compact.parse(text, _PROOF)
    if presented.issuer.lower() != str(holder):
        raise Refused(ASSERTION_OF_ANOTHER, detail="iss is not the id of the object")
    proven = _proven(presented, _signer(presented, keys), (PROOF_AUDIENCE,), now)
    if presented.not_before is None:
        raise Refused(CLAIM_MISSING, claim="nbf", detail="payload: nbf is missing")
    if presented.expires - presented.not_before > PROOF_LIFETIME:
        raise Refused(LIFETIME_TOO_LONG, limit=span(PROOF_LIFETIME), detail="from nbf to exp")
    return proven


def _proven(presented: Presented, key: RegisteredKey, audiences: Collection[str], now: datetime) -> SelfProven:
    """Judge key, audience and times of an assertion that ``key`` signed."""
    if not key.not_before <= now <= key.not_after:
        raise Refused(
            KEY_EXPIRED,
            thumbprint=key.x5t.hex().upper(),
            start=_printed(key.not_before),
            end=_printed(key.not_after),
            detail=f"the registered certificate {key.key_id} is outside its validity",
        )
    if not any(each in audiences for each in presented.audiences):
        raise Refused(ASSERTION_AUDIENCE, detail="aud is neither a token endpoint nor an issuer of this tenant")
    refuse_untimely(presented, MAX_SKEW, now)
    return SelfProven(presented, key, _SEAL)


def _signer(presented: Presented, keys: Sequence[RegisteredKey]) -> RegisteredKey:
    from accredit.assertions.algorithms import verify_signature  # noqa: PLC0415  loads cryptography, for who has a key

    wanted = presented.key
    meant = keys[:MAX_TRIED] if wanted.missing else [each for each in keys if _named(each, wanted)]
    fitting = [each for each in meant if wanted.alg in each.algorithms]
    for each in fitting:
        if verify_signature(wanted.alg, each.public_key, presented.signing_input, presented.signature, der=True):
            return each
    if wanted.missing:
        raise Refused(KEY_REFERENCE_MISSING, detail=f"no key reference, and none of {len(meant)} registered keys fits")
    if not meant:
        raise Refused(KEY_NOT_REGISTERED, detail=f"none of {len(keys)} registered keys is meant")
    refused = Refused(SIGNATURE_INVALID)
    if not fitting:
        refused = Refused(KEY_UNSUITABLE, detail=f"the registered key does not serve {wanted.alg}")
    refused.about = meant[0].key_id
    raise refused


def _named(key: RegisteredKey, wanted: KeyReference) -> bool:
    references = (wanted.kid, wanted.x5t, wanted.x5t_s256)
    if wanted.kid is not None and wanted.kid.lower() == str(key.key_id):
        return True
    return any(_octets(each) in (key.x5t, key.x5t_s256) for each in references if each)


def _octets(reference: str) -> bytes:
    """Read a thumbprint as clients write it: base64url with or without padding, or hex."""
    try:
        if len(reference) == _HEX_SHA1:
            return bytes.fromhex(reference)
        return base64url.decode(reference.rstrip("="))
    except ValueError:
        return b""


def _printed(moment: datetime) -> str:
    return moment.strftime("%m/%d/%Y %H:%M:%S")


def _unreadable(reason: str) -> Refused:
    return Refused(PROPERTY_INVALID, property="keyCredentials", kind="Application", detail=reason)
