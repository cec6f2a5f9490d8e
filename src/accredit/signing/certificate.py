"""A new signing key with the self-signed certificate that names it: Entra ID's clients know keys by thumbprint.

What reads and makes certificates is imported when one is: every command that opens a store imports this.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accredit.signing.file import seal
from accredit.tokens import SigningKey

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

EMULATOR_NAME: Final = "accredit emulator, not for production"  # common name; one of the emulator's three marks
PRODUCTION_NAME: Final = "accredit access token signing"
RSA_BITS: Final = 2_048
CERTIFIED_FOR: Final = timedelta(days=730)  # beyond every rotation: nobody judges these dates, some print them
_EARLY: Final = timedelta(hours=1)  # clocks elsewhere are slow
_PUBLIC_EXPONENT: Final = 65_537
_COORDINATE: Final = 32  # octets on P-256

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def generate(
    algorithm: Literal["RS256", "ES256"],
    *,
    now: datetime,
    activates_at: datetime,
    master_key: bytes,
    name: str = PRODUCTION_NAME,
    kid_prefix: str = "",
) -> SigningKey:
    """Make a signing key and a certificate of common name ``name``. ``kid``: the prefix and the SHA-1 thumbprint."""
    private_key = new_private_key(algorithm)
    certificate = self_signed(private_key, name, not_before=now - _EARLY, not_after=activates_at + CERTIFIED_FOR)
    return certified(
        private_key, certificate, now=now, activates_at=activates_at, master_key=master_key, kid_prefix=kid_prefix
    )


def certified(
    private_key: PrivateKey,
    certificate: x509.Certificate,
    *,
    now: datetime,
    activates_at: datetime,
    master_key: bytes,
    kid_prefix: str = "",
) -> SigningKey:
    """Return the signing key of a private key and its certificate."""
    thumbprint = _base64url(certificate.fingerprint(SHA1()))  # noqa: S303  a name, as Entra ID gives it; nothing trusts it
    kid = kid_prefix + thumbprint
    plain = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(
        kid=kid,
        algorithm="RS256" if isinstance(private_key, rsa.RSAPrivateKey) else "ES256",
        thumbprint=thumbprint,
        certificate=certificate.public_bytes(Encoding.DER),
        public=public_members(private_key),
        sealed=seal(master_key, plain, kid=kid),
        created_at=now,
        activates_at=activates_at,
    )


def self_signed(private_key: PrivateKey, name: str, *, not_before: datetime, not_after: datetime) -> x509.Certificate:
    """Return a certificate that says nothing but the key, its name and its dates, and may not certify others."""
    from cryptography import x509  # noqa: PLC0415  as the module says
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private_key.public_key()), critical=False)
        .sign(private_key, SHA256())
    )


def common_names(certificate: bytes) -> tuple[str, ...]:
    """Return the common names in the subject of a DER certificate; none of one that cannot be read."""
    from cryptography import x509  # noqa: PLC0415  as the module says
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    try:
        subject = x509.load_der_x509_certificate(certificate).subject
    except ValueError:
        return ()
    return tuple(str(each.value) for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME))


def public_members(private_key: PrivateKey) -> dict[str, str]:
    """Return ``kty`` and the members of the public key (RFC 7518 section 6)."""
    if isinstance(private_key, rsa.RSAPrivateKey):
        numbers = private_key.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    point = private_key.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _base64url(point.x.to_bytes(_COORDINATE)),
        "y": _base64url(point.y.to_bytes(_COORDINATE)),
    }


def new_private_key(algorithm: Literal["RS256", "ES256"]) -> PrivateKey:
    """Make one; of RS256 it takes some 60 ms."""
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def _number(value: int) -> str:
    return _base64url(value.to_bytes((value.bit_length() + 7) // 8))


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
