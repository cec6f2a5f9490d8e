"""Whether the numbers of a public key may be trusted to verify anything. Each rule has an id that people see.

Rule 1: general libraries accept 1024-bit moduli, an exponent of 1 and keys with the ROCA weakness in places; these
checks are ours and run first.
Rule 2: a key of a certificate and a key of a JWK pass the same rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

if TYPE_CHECKING:
    from cryptography import x509

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm)
"""What the library raises for a certificate or key that it cannot read."""

MODULUS_BITS: Final = range(2_048, 8_192 + 1)
EXPONENTS: Final = range(65_537, 2**32)
ED25519_OCTETS: Final = 32
_ED25519_BITS: Final = 256

CURVES: Final[dict[str, ec.EllipticCurve]] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_CURVE_NAMES: Final = {curve.name: name for name, curve in CURVES.items()}

# Which JWS algorithms (RFC 7518 section 3.1, RFC 8037, RFC 9864) a key can serve, by its type and curve.
RSA_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("RSA", ""): RSA_ALGORITHMS,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
}


class Weak(ValueError):
    """A key that breaks the rule ``rule``; the message is the reason."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


def certificate(der: bytes) -> x509.Certificate:
    """Read a certificate (DER). One of ``UNREADABLE`` is raised for what is none."""
    from cryptography import x509  # noqa: PLC0415  costs more than everything else here, and most never meet one

    try:
        return x509.load_der_x509_certificate(der)
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from error


def kind(key: object) -> tuple[str, str]:
    """Return ``kty`` and curve name of a key of ``cryptography``. Raises ``Weak`` for a kind that is not used here."""
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVE_NAMES:
            _refuse("KP-05", f"the curve {key.curve.name}")
        return "EC", _CURVE_NAMES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "OKP", "Ed25519"
    return _refuse("KP-01", "neither RSA, EC nor Ed25519")


def algorithms(key: PublicKey) -> tuple[str, ...]:
    """Every algorithm that ``key`` can serve. Raises ``Weak``."""
    return ALGORITHMS[kind(key)]


def size(key: PublicKey) -> int:
    """Return how large a key is, in bits: its modulus, or the field of its curve."""
    return _ED25519_BITS if isinstance(key, ed25519.Ed25519PublicKey) else key.key_size


def refuse_weak(key: object) -> PublicKey:
    """Return ``key`` when its numbers may be trusted. Raises ``Weak``."""
    kind(key)
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        refuse_weak_rsa(numbers.n, numbers.e)
    return key  # type: ignore[return-value]  # kind() lets only the three types pass


def refuse_weak_rsa(n: int, e: int) -> None:
    """KP-02, KP-03 and KP-04 on modulus and exponent. Raises ``Weak``."""
    if n.bit_length() not in MODULUS_BITS:
        _refuse("KP-02", f"a modulus of {n.bit_length()} bits, not {MODULUS_BITS[0]} to {MODULUS_BITS[-1]}")
    divisor = next((prime for prime in _SMALL_PRIMES if n % prime == 0), None)
    if divisor:
        _refuse("KP-02", f"a modulus that {divisor} divides")
    if e not in EXPONENTS or e % 2 == 0:
        _refuse("KP-03", "a public exponent that is not odd and between 65537 and 2^32")
    if is_roca(n):
        _refuse("KP-04", "a modulus with the fingerprint of CVE-2017-15361 (ROCA): its private key can be computed")


def is_roca(n: int) -> bool:
    """Whether ``n`` bears the fingerprint of CVE-2017-15361: modulo each of 38 primes it is a power of 65537.

    A modulus made otherwise bears it with a probability of about 2^-28.
    """
    return all(n % prime in powers for prime, powers in _ROCA)


def rsa_key(n: int, e: int) -> rsa.RSAPublicKey:
    """Build an RSA key. Raises ``Weak``."""
    refuse_weak_rsa(n, e)
    return rsa.RSAPublicNumbers(e, n).public_key()


def ec_key(curve: str, x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    """Build a key on one of the three curves from coordinates of exactly the field's length. Raises ``Weak``."""
    octets = (CURVES[curve].key_size + 7) // 8
    if len(x) != octets or len(y) != octets:
        _refuse("KP-05", f"coordinates that are not {octets} octets long")
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), CURVES[curve])
    try:
        return numbers.public_key()
    except ValueError as error:
        reason = "a point that is not on the curve"
        raise Weak("KP-05", reason) from error


def ed25519_key(x: bytes) -> ed25519.Ed25519PublicKey:
    """Build an Ed25519 key from 32 octets. Raises ``Weak``."""
    if len(x) != ED25519_OCTETS:
        _refuse("KP-06", f"a public key that is not {ED25519_OCTETS} octets long")
    return ed25519.Ed25519PublicKey.from_public_bytes(x)


def _primes(limit: int) -> tuple[int, ...]:
    return tuple(n for n in range(2, limit) if all(n % d for d in range(2, int(n**0.5) + 1)))


def _powers(prime: int) -> frozenset[int]:
    return frozenset(pow(65_537, exponent, prime) for exponent in range(prime - 1))


_SMALL_PRIMES: Final = _primes(1_000)
_ROCA: Final = tuple((prime, _powers(prime)) for prime in _primes(168) if prime > 2)  # noqa: PLR2004  from 3 on


def _refuse(rule: str, reason: str) -> NoReturn:
    raise Weak(rule, reason)
