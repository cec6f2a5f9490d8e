"""Throw-away keys, and JWTs of any shape signed with them. Nothing here uses the code under test."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha1, sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"
SUBJECT = "repo:octo-org/octo-repo:ref:refs/heads/main"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
HASHES: Mapping[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES: Mapping[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
CURVE_NAMES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
KINDS = {alg: {"R": "RSA", "P": "RSA"}.get(alg[0], alg[:2] if alg.startswith("Ed") else alg) for alg in ALGORITHMS}


def b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def compact_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """An RSA key; another one for another number."""
    return _rsa_key(bits, number)


def key_for(alg: str, number: int = 0) -> PrivateKey:
    """A private key that serves ``alg``; another one for another number."""
    kind = KINDS[alg]
    return _rsa_key(2048, number) if kind == "RSA" else _elliptic_key(kind, number)


@cache  # for each number
def _rsa_key(bits: int, number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache  # for each number
def _elliptic_key(kind: str, number: int) -> PrivateKey:
    return ec.generate_private_key(CURVES[kind]) if kind in CURVES else ed25519.Ed25519PrivateKey.generate()


def octets_of(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def jwk(key: PrivateKey, **members: object) -> dict[str, Any]:
    """The public JWK of ``key``; a member given as ``None`` is left out."""
    found: dict[str, Any]
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        found = {"kty": "RSA", "n": b64(octets_of(numbers.n)), "e": b64(octets_of(numbers.e))}
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        point, size = key.public_key().public_numbers(), (key.curve.key_size + 7) // 8
        name = next(CURVE_NAMES[alg] for alg, curve in CURVES.items() if curve.name == key.curve.name)
        found = {"kty": "EC", "crv": name, "x": b64(point.x.to_bytes(size)), "y": b64(point.y.to_bytes(size))}
    else:
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        found = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
    return {name: value for name, value in {**found, "use": "sig", **members}.items() if value is not None}


def jwks(*keys: object) -> bytes:
    return compact_json({"keys": list(keys)})


def sign(alg: str, key: PrivateKey, signed: bytes, *, der: bool = False) -> bytes:
    """A signature over ``signed``; ECDSA as r and s side by side, or in DER."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    digest = HASHES[alg[2:]]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(signed, ec.ECDSA(digest))
        size = (key.curve.key_size + 7) // 8
        return signature if der else b"".join(number.to_bytes(size) for number in decode_dss_signature(signature))
    scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    if alg.startswith("PS"):
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return key.sign(signed, scheme, digest)


def claims(**changes: object) -> dict[str, Any]:
    """The claims of a token valid at ``NOW``; a change to ``...`` leaves the claim out."""
    usual = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "iat": AT, "nbf": AT - 600, "exp": AT + 300, "jti": "1"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def assemble(header: object, payload: object, signature: bytes = b"signature") -> str:
    """A compact JWS of any content: octets are taken as they are, anything else is written as JSON."""
    parts = [each if isinstance(each, bytes) else compact_json(each) for each in (header, payload)]
    return ".".join(b64(each) for each in (*parts, signature))


def token(
    payload: object = None,
    *,
    alg: str = "RS256",
    key: PrivateKey | None = None,
    header: Mapping[str, object] | None = None,
    der: bool = False,
) -> str:
    """A signed token; ``header`` changes the header, a change to ``...`` leaves the member out."""
    members = {"alg": alg, "kid": "key-1", "typ": "JWT", **(header or {})}
    first = compact_json({name: value for name, value in members.items() if value is not ...})
    second = payload if isinstance(payload, bytes) else compact_json(claims() if payload is None else payload)
    signed = f"{b64(first)}.{b64(second)}"
    return f"{signed}.{b64(sign(alg, key or key_for(alg), signed.encode(), der=der))}"


@dataclass(frozen=True)
class Certified:
    """A self-signed certificate, and the names clients know it by."""

    key: PrivateKey
    der: bytes

    @property
    def sha1(self) -> bytes:
        return sha1(self.der, usedforsecurity=False).digest()

    @property
    def sha256(self) -> bytes:
        return sha256(self.der).digest()


def certificate(alg: str = "RS256", number: int = 0, valid: tuple[int, int] = (-1, 365)) -> Certified:
    """A certificate for a key that serves ``alg``, valid so many days from ``NOW``."""
    return certify(key_for(alg, number), valid)


def certify(key: PrivateKey, valid: tuple[int, int] = (-1, 365)) -> Certified:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throw-away")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=NOW + timedelta(days=valid[0]),
        not_valid_after=NOW + timedelta(days=valid[1]),
    )
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Certified(key, builder.sign(key, digest).public_bytes(serialization.Encoding.DER))
