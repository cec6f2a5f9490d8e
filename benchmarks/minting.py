"""Assertions, made before anything is measured: every request has one of its own."""

from __future__ import annotations

import base64
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")

LIFE = 3_600  # seconds that an assertion is valid
ASSERTION_TYPE = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"


@dataclass(frozen=True, slots=True)
class Key:
    """An RSA-2048 key of somebody who asserts."""

    kid: str
    private: rsa.RSAPrivateKey

    @classmethod
    def new(cls, kid: str) -> Key:
        return cls(kid, rsa.generate_private_key(public_exponent=65_537, key_size=2048))

    def jwk(self) -> dict[str, str]:
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": encoded(numbers.n.to_bytes(256, "big")),
            "e": encoded(numbers.e.to_bytes(3, "big")),
        }

    def sign(self, claims: Mapping[str, Any]) -> str:
        head = unsigned(self.kid, claims)
        return f"{head}.{encoded(self.private.sign(head.encode(), PKCS1v15(), SHA256()))}"


def together(make: Callable[[T], str], of: Iterable[T]) -> list[str]:
    """Make many with both cores: signatures are made outside of the interpreter's lock."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(make, of))


def unsigned(kid: str, claims: Mapping[str, Any]) -> str:
    """Header and claims of a compact token."""
    header = {"alg": "RS256", "kid": kid, "typ": "JWT"}
    return f"{encoded(msgspec.json.encode(header))}.{encoded(msgspec.json.encode(claims))}"


def forged(kid: str, claims: Mapping[str, Any]) -> str:
    """A token whose signature has the right length, and is a number below every modulus: it costs a verification."""
    signature = b"\0" + secrets.token_bytes(255)
    return f"{unsigned(kid, claims)}.{encoded(signature)}"


def claims(*, issuer: str, subject: str, audience: str, age: float = 0.0) -> dict[str, Any]:
    """Claims of an assertion that was made ``age`` seconds ago, with an identifier of its own."""
    now = int(time.time() - age)
    return {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "jti": secrets.token_hex(16),
        "iat": now,
        "nbf": now,
        "exp": now + LIFE,
    }


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def request(host: str, path: str, form: str) -> bytes:
    """A whole HTTP/1.1 request."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: benchmark\r\nAccept: application/json\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}"
    ).encode()
