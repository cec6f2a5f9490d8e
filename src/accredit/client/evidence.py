"""How a client proves to the authority who it is: the members of the token request that say so."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE: Final = 300  # seconds that an assertion of ours is valid
EARLY: Final = 60  # seconds that it may be used before it was made: clocks differ
_BITS_OF_OCTET: Final = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """One token request, as far as evidence is made for it."""

    client_id: str
    endpoint: str  # the URL that it is sent to
    now: datetime
    once: str  # random text that no other assertion has


class Evidence(Protocol):
    """Proof of who the client is."""

    @property
    def at_hand(self) -> bool:
        """Whether it can be had without asking anybody."""

    def form(self, asked: Asked) -> Mapping[str, str]:
        """Return the members of the form that prove it."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret of the application."""

    value: str = field(repr=False)
    at_hand: ClassVar[bool] = True

    def form(self, asked: Asked) -> Mapping[str, str]:  # noqa: ARG002  the protocol's signature
        """Return the secret."""
        return {"client_secret": self.value}


@dataclass(frozen=True, slots=True)
class FederatedToken:
    """A token of an issuer that the application trusts. ``read`` returns the current one: platforms rotate it."""

    read: Callable[[], str]
    at_hand: ClassVar[bool] = True

    def form(self, asked: Asked) -> Mapping[str, str]:  # noqa: ARG002  the protocol's signature
        """Return the token."""
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.read().strip()}


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate that is registered on the application, with its private key (PEM, without a password)."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    at_hand: ClassVar[bool] = True

    @classmethod
    def of_pem(cls, data: bytes, what: str) -> ClientCertificate:
        """Read both from one text. ``what``: its name in refusals. ``INPUT_INVALID``."""
        try:
            certificate, key = x509.load_pem_x509_certificate(data), load_pem_private_key(data, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            reason = "it must hold a certificate and its private key, PEM, without a password"
            raise Refused(INPUT_INVALID, what=what, reason=reason) from error
        if certificate.public_key() != key.public_key():
            raise Refused(INPUT_INVALID, what=what, reason="its private key is not that of its certificate")
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) or _algorithm(key) is None:
            raise Refused(INPUT_INVALID, what=what, reason="its key is neither RSA nor of the curves P-256 and P-384")
        return cls(certificate, key)

    def form(self, asked: Asked) -> Mapping[str, str]:
        """Return an assertion that the key has signed for this request."""
        issued = int(asked.now.timestamp())
        header = {
            "alg": _algorithm(self.key),
            "typ": "JWT",
            "x5t#S256": _base64url(sha256(self.certificate.public_bytes(Encoding.DER)).digest()),
        }
        claims = {
            "aud": asked.endpoint,
            "iss": asked.client_id,
            "sub": asked.client_id,
            "jti": asked.once,
            "nbf": issued - EARLY,
            "iat": issued,
            "exp": issued + LIFE,
        }
        signed = f"{_base64url(msgspec.json.encode(header))}.{_base64url(msgspec.json.encode(claims))}"
        assertion = f"{signed}.{_base64url(_signature(self.key, signed.encode()))}"
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def _algorithm(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str | None:
    if isinstance(key, rsa.RSAPrivateKey):
        return "PS256"
    return {"secp256r1": "ES256", "secp384r1": "ES384"}.get(key.curve.name)


def _signature(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    """Sign as RFC 7518 section 3 says."""
    if isinstance(key, rsa.RSAPrivateKey):
        digest = hashes.SHA256()
        return key.sign(signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    size = key.curve.key_size // _BITS_OF_OCTET
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256() if size == 32 else hashes.SHA384())))  # noqa: PLR2004  P-256
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
