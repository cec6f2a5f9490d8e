"""From what is claimed to what is true: the signature under a key of the registered issuer record, then the times.

Rule 1: ``Proven`` is made by ``verify`` and by nothing else; only ``Proven`` fits into a grant.
Rule 2: issuer record, its keys and the claims are one tuple; a key of one record never proves a token for another.
Rule 3: the record's own list of algorithms holds, whatever token and key say.
Rule 4: a header that names its key means that key. Others are never tried.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from accredit.assertions.times import refuse_long_lived, refuse_untimely
from accredit.errors import (
    ALGORITHM_NOT_ALLOWED,
    FEDERATION_BLOCKED,
    ISSUER_NOT_TRUSTED,
    KEY_NOT_FOUND,
    KEY_REFERENCE_MISSING,
    KEY_UNSUITABLE,
    SIGNATURE_INVALID,
    Refused,
)
from accredit.issuers import base64url

if TYPE_CHECKING:
    from datetime import datetime

    from accredit.assertions.compact import Presented
    from accredit.issuers.keyset import KeySet, VerificationKey
    from accredit.issuers.record import Issuer, KeyReference

MAX_TRIED: Final = 8  # keys that a header without any key reference may be tried with
_SHA1_OCTETS: Final = 20
_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Proven:
    """A claim that is true: ``key`` of ``issuer`` signed ``presented``, which is valid now. Made by ``verify`` only."""

    presented: Presented
    issuer: Issuer
    key: VerificationKey
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("Proven is the result of verify() and cannot be made otherwise")


def verify(presented: Presented, issuer: Issuer, keys: KeySet, now: datetime) -> Proven:
    """Prove the claim: 5002738, 7000272, 5002730, 700027, then 700024 and 70023. ``now`` is aware UTC."""
    if presented.self_signed or presented.issuer != issuer.url:
        raise Refused(ISSUER_NOT_TRUSTED, presented=presented.issuer, detail="the record is of another issuer")
    refuse_algorithm(presented.key, issuer)
    key = signed_by(presented, issuer, keys, now)
    refuse_untimely(presented, issuer.skew, now)
    refuse_long_lived(presented, issuer.max_lifetime, now)
    return Proven(presented, issuer, key, _SEAL)


def refuse_algorithm(key: KeyReference, issuer: Issuer) -> None:
    """Refuse what the record alone decides, before a fetch is spent: it is blocked, or the algorithm is not its own."""
    if issuer.blocked:
        raise Refused(FEDERATION_BLOCKED, detail="the issuer record is blocked")
    if key.alg not in issuer.algorithms:
        raise Refused(
            ALGORITHM_NOT_ALLOWED,
            alg=key.alg,
            allowed=",".join(issuer.algorithms),
            detail="the issuer record's list of algorithms",
        )


def signed_by(presented: Presented, issuer: Issuer, keys: KeySet, now: datetime) -> VerificationKey:
    """Return the key that signed it, whatever its dates say: 7000272, 5002730, 700027."""
    from accredit.assertions.algorithms import verify_signature  # noqa: PLC0415  loads cryptography, for who has a key

    for key in _eligible(presented.key, issuer, keys, now):
        if verify_signature(presented.key.alg, key.public_key, presented.signing_input, presented.signature):
            return key
    raise Refused(SIGNATURE_INVALID, detail=_embedded(presented))


def _eligible(wanted: KeyReference, issuer: Issuer, keys: KeySet, now: datetime) -> list[VerificationKey]:
    if wanted.missing and issuer.require_kid:
        raise Refused(KEY_REFERENCE_MISSING, detail="the issuer record demands a key reference")
    at = now.timestamp()
    found = [each for each in keys.find(wanted) if each.not_after is None or at < each.not_after]
    if not found:
        _refuse_unknown(wanted, issuer, keys)
    serving = [each for each in found if wanted.alg in each.algorithms]
    if not serving:
        raise Refused(KEY_UNSUITABLE, detail=f"the key does not serve {wanted.alg}")
    if len(serving) > MAX_TRIED:
        raise _not_found(wanted, issuer, f"{len(serving)} keys could be meant, {MAX_TRIED} at most are tried")
    return serving


def _refuse_unknown(wanted: KeyReference, issuer: Issuer, keys: KeySet) -> NoReturn:
    dropped = keys.dropped_as(wanted)
    if dropped:
        raise Refused(KEY_UNSUITABLE, detail=f"{dropped.rule}: {dropped.reason}")
    raise _not_found(wanted, issuer, f"none of the issuer's {len(keys.keys)} usable keys is meant")


def _not_found(wanted: KeyReference, issuer: Issuer, detail: str) -> Refused:
    return Refused(KEY_NOT_FOUND, key=identifier(wanted), issuer=issuer.url, detail=detail)


def identifier(wanted: KeyReference) -> str:
    """Print a key reference as Entra does: 40 upper-case hex digits for a SHA-1 thumbprint, else as it is."""
    name = wanted.kid or wanted.x5t or wanted.x5t_s256 or ""
    try:
        octets = base64url.decode(name)
    except ValueError:
        return name
    return octets.hex().upper() if len(octets) == _SHA1_OCTETS else name


def _embedded(presented: Presented) -> str:
    named = [name for name in ("jwk", "jku", "x5u", "x5c") if name in presented.header]
    return f"the header's {', '.join(named)} was ignored: only registered keys count" if named else ""
