"""The thin JWS: which signature algorithms exist here, and the one function that checks a signature.

Rule 1: asymmetric algorithms only. ``none``, HMAC and RSA1_5 have no code path.
Rule 2: the algorithm fixes hash, padding and encoding; nothing is taken from the key or guessed (RFC 7518 section 3).
Rule 3: ECDSA is r and s side by side, each of exactly the order's length; strict DER only where the caller says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.issuers.material import PublicKey

    Verify = Callable[[PublicKey, bytes, bytes, bool], bool]


@lru_cache(maxsize=16)
def _is_rsa(kind: type[PublicKey]) -> bool:
    """Whether keys of this class are RSA's; remembered, since asking an abstract class costs over a microsecond."""
    return issubclass(kind, rsa.RSAPublicKey)


@dataclass(frozen=True, slots=True)
class _Rsa:
    """RSASSA-PKCS1-v1_5, or RSASSA-PSS with a salt as long as the hash."""

    padding: padding.AsymmetricPadding
    hash: hashes.HashAlgorithm

    def __call__(self, key: PublicKey, signed: bytes, signature: bytes, der: bool) -> bool:  # noqa: FBT001, ARG002
        if not _is_rsa(type(key)):
            return False
        public = cast("rsa.RSAPublicKey", key)
        # As long as the modulus (RFC 8017 section 8.1.2): OpenSSL takes a PSS signature without its leading zeros, too.
        if len(signature) != (public.key_size + 7) // 8:
            return False
        try:
            public.verify(signature, signed, self.padding, self.hash)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Ecdsa:
    """ECDSA on one curve; ``order`` is the number of its points."""

    curve: str
    order: int
    hash: ec.ECDSA

    def __call__(self, key: PublicKey, signed: bytes, signature: bytes, der: bool) -> bool:  # noqa: FBT001
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != self.curve:
            return False
        pair = self._raw(signature) or (_strict_der(signature) if der else None)
        if pair is None or not all(0 < number < self.order for number in pair):
            return False
        try:
            key.verify(encode_dss_signature(*pair), signed, self.hash)
        except InvalidSignature:
            return False
        return True

    def _raw(self, signature: bytes) -> tuple[int, int] | None:
        octets = (self.order.bit_length() + 7) // 8
        if len(signature) != 2 * octets:
            return None
        return int.from_bytes(signature[:octets]), int.from_bytes(signature[octets:])


def _strict_der(signature: bytes) -> tuple[int, int] | None:
    """Read an ECDSA signature in DER, one spelling only: writing it again gives the same octets."""
    try:
        pair = decode_dss_signature(signature)
    except ValueError:
        return None
    return pair if encode_dss_signature(*pair) == signature else None


def _eddsa(key: PublicKey, signed: bytes, signature: bytes, der: bool) -> bool:  # noqa: FBT001, ARG001
    if not isinstance(key, ed25519.Ed25519PublicKey):
        return False
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _pss(digest: hashes.HashAlgorithm) -> _Rsa:
    return _Rsa(padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH), digest)


_SHA256, _SHA384, _SHA512 = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()
_P256: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P384: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_P521: Final = 2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7

ALGORITHMS: Final[Mapping[str, Verify]] = {
    "RS256": _Rsa(padding.PKCS1v15(), _SHA256),
    "RS384": _Rsa(padding.PKCS1v15(), _SHA384),
    "RS512": _Rsa(padding.PKCS1v15(), _SHA512),
    "PS256": _pss(_SHA256),
    "PS384": _pss(_SHA384),
    "PS512": _pss(_SHA512),
    "ES256": _Ecdsa("secp256r1", _P256, ec.ECDSA(_SHA256)),
    "ES384": _Ecdsa("secp384r1", _P384, ec.ECDSA(_SHA384)),
    "ES512": _Ecdsa("secp521r1", _P521, ec.ECDSA(_SHA512)),
    "EdDSA": _eddsa,
    "Ed25519": _eddsa,
}


def verify_signature(
    alg: str, public_key: PublicKey, signing_input: bytes, signature: bytes, *, der: bool = False
) -> bool:
    """Whether ``signature`` over ``signing_input`` holds under ``public_key`` and ``alg``.

    A key of another type than the algorithm's is no match. ``der`` also takes an ECDSA signature in strict DER, which
    one client of Entra ID sends in assertions that applications sign themselves. Raises ``KeyError`` for an algorithm
    that has no code here: callers have judged the algorithm before.
    """
    return ALGORITHMS[alg](public_key, signing_input, signature, der)
