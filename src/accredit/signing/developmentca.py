"""The emulator's own certificate authority: enough for clients to verify this machine's names, and nothing else.

Rule 1: name constraints bind the CA to the emulator's names, critically: trusted by accident, it is trusted for them.
Rule 2: the CA's key exists while the leaf is being signed and is never written anywhere.
Rule 3: the chain passes strict verification (RFC 5280): critical constraints and usage, both key identifiers.
Rule 4: files appear complete or not at all; those that do not belong together are made again.
Rule 5: beside the honest certificate there are some that nobody should accept, for tests of who accepts them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

LASTS: Final = timedelta(days=30)
RENEWED_BEFORE: Final = timedelta(days=7)  # its end
LOCAL_NAMES: Final = ("localhost", "127.0.0.1", "::1")
WRONG: Final = ("expired", "wrong_name", "unknown_ca")
"""What is wrong with the certificates beside the honest one; each is in a file with its key."""
OTHER_NAME: Final = "other.localhost"  # one that the CA may certify, and no client asks for
_EARLY: Final = timedelta(hours=1)  # clocks in containers are slow
_DAY: Final = timedelta(days=1)
_IDENTIFIED: Final = 8  # hex digits of the CA's key in its name: two CAs of one name confuse verifiers


@dataclass(frozen=True, slots=True)
class DevelopmentTls:
    """The emulator's TLS files. ``ca_file`` is for clients, by argument or variable, never for a whole system."""

    ca_file: Path
    certificate_file: Path
    key_file: Path
    names: tuple[str, ...]
    expires_at: datetime


def development_tls(directory: Path, names: Collection[str] = (), *, now: datetime) -> DevelopmentTls:
    """Return the TLS files in ``directory``, made when they are missing, do not fit, or end within seven days.

    They certify localhost, both loopback addresses and ``names``. ``OSError`` when they cannot be written.
    """
    wanted = tuple(dict.fromkeys((*LOCAL_NAMES, *(each.lower() for each in names))))
    now = now.replace(microsecond=0)  # certificates have whole seconds
    files = DevelopmentTls(directory / "ca.pem", directory / "tls.pem", directory / "tls.key", wanted, now + LASTS)
    ends = _fitting(files, now)
    if ends is not None:
        return DevelopmentTls(files.ca_file, files.certificate_file, files.key_file, wanted, ends)
    authority, leaf, key, wrong = issue(wanted, now)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(files.key_file, private, 0o600)
    _write(files.certificate_file, leaf.public_bytes(Encoding.PEM), 0o644)
    _write(files.ca_file, authority.public_bytes(Encoding.PEM), 0o644)
    for what, certificate in wrong.items():
        both = certificate.public_bytes(Encoding.PEM) + private
        _write(wrong_file(directory, what), both, 0o600, lasting=False)  # a start is too dear to wait for what is wrong
    return files


def wrong_file(directory: Path, what: str) -> Path:
    """Return where a certificate that nobody should accept is, with its key. ``what``: one of ``WRONG``."""
    return directory / f"tls-{what}.pem"


def make(names: Sequence[str], now: datetime) -> tuple[x509.Certificate, x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return a CA, a server certificate for ``names`` that it signed, and the server's key. The CA's own is gone."""
    authority, leaf, key, _ = issue(names, now)
    return authority, leaf, key


def issue(
    names: Sequence[str], now: datetime
) -> tuple[x509.Certificate, x509.Certificate, ec.EllipticCurvePrivateKey, Mapping[str, x509.Certificate]]:
    """Return what ``make`` does, and the certificates of the same key that nobody should accept."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca_name = _name(f"accredit development CA {identifier.digest.hex()[:_IDENTIFIED]}, not for production")
    aki = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    authority = (
        _builder(ca_name, ca_name, ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints([_constraint(each) for each in names], None), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(aki, critical=False)
        .sign(ca_key, SHA256())
    )

    def leaf(names: Sequence[str], now: datetime = now) -> x509.Certificate:
        return _leaf(_builder(_OWN, ca_name, key.public_key(), now), names, key, aki).sign(ca_key, SHA256())

    alone = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    wrong = {
        "expired": leaf(names, now - LASTS - _DAY),
        "wrong_name": leaf((OTHER_NAME,)),
        "unknown_ca": _leaf(_builder(_OWN, _OWN, key.public_key(), now), names, key, alone).sign(key, SHA256()),
    }
    return authority, leaf(names), key, wrong


def _leaf(
    builder: x509.CertificateBuilder,
    names: Sequence[str],
    key: ec.EllipticCurvePrivateKey,
    authority: x509.AuthorityKeyIdentifier,
) -> x509.CertificateBuilder:
    """Say that it is the certificate of a server that has these names."""
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + LASTS)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


_OWN: Final = _name("accredit emulator, not for production")


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _constraint(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(ip_network(address))


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _fitting(files: DevelopmentTls, now: datetime) -> datetime | None:
    """Return when the existing files end, or ``None`` when they have to be made again."""
    try:
        authority = x509.load_pem_x509_certificate(files.ca_file.read_bytes())
        leaf = x509.load_pem_x509_certificate(files.certificate_file.read_bytes())
        key = load_pem_private_key(files.key_file.read_bytes(), password=None)
        leaf.verify_directly_issued_by(authority)
        certified = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return None
    ends = min(authority.not_valid_after_utc, leaf.not_valid_after_utc)
    fits = (
        key.public_key() == leaf.public_key()
        and set(certified) == {_general(each) for each in files.names}
        and leaf.not_valid_before_utc <= now < ends - RENEWED_BEFORE
        and all(wrong_file(files.ca_file.parent, each).exists() for each in WRONG)
    )
    return ends if fits else None


def _write(path: Path, octets: bytes, mode: int, *, lasting: bool = True) -> None:
    """Write a file in one piece. It has ``mode`` from its first moment. ``lasting``: it outlives a loss of power."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        part.unlink()
    made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(made, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(octets)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
