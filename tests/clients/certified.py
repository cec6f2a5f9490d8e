"""A certificate of today, as an administrator registers it and a client signs with it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha1

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.forge import PrivateKey, rsa_key


@dataclass(frozen=True)
class Made:
    """A private key, and a self-signed certificate of it (PEM)."""

    key: PrivateKey
    certificate: bytes

    @cached_property
    def private(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def both(self) -> bytes:
        return self.private + self.certificate

    @property
    def thumbprint(self) -> str:
        """SHA-1 in hex, as administrators know it."""
        der = x509.load_pem_x509_certificate(self.certificate).public_bytes(Encoding.DER)
        return sha1(der, usedforsecurity=False).hexdigest().upper()


def made(number: int = 0) -> Made:
    """A certificate valid from yesterday for a year; another key for another number."""
    key, now = rsa_key(2048, number), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "throw-away")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=365),
    )
    return Made(key, builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
