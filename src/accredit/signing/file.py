"""Private keys at rest in a file or a table, sealed with the master key; and the signer that opens one.

Rule 1: a private key is stored as AES-256-GCM under the master key, its kid authenticated with it: a sealed key
moved to another kid does not open.
Rule 2: the master key is a file that only its owner can read, or a credential that systemd hands over. It is never made
silently where one is expected.
Rule 3: a key is opened once and kept. Opening costs far more than signing when the library validates it again; the seal
has authenticated it already.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn, cast

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

from accredit.errors import MASTER_KEY, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from accredit.tokens import SigningKey

MASTER_KEY_SIZE: Final = 32  # octets: AES-256
CREDENTIAL: Final = "accredit-master-key"  # the name of the systemd credential
_FORM: Final = b"\x01"  # of what ``seal`` writes: nonce, ciphertext and tag follow
_NONCE: Final = 12  # octets
_COORDINATE: Final = 32  # octets of r and of s on P-256
_PADDING: Final = padding.PKCS1v15()
_HASH: Final = SHA256()
_ECDSA: Final = ec.ECDSA(SHA256())
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def create_master_key(path: Path) -> bytes:
    """Make the master key file, readable by its owner only. ``MASTER_KEY`` when there is a file already."""
    key = os.urandom(MASTER_KEY_SIZE)
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        _refuse(f"{path} exists already", error)
    except OSError as error:
        _refuse(f"{path} cannot be made: {error.strerror}", error)
    with os.fdopen(made, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def load_master_key(path: Path, *, credentials: Path | None = None) -> bytes:
    """Read the master key: from the directory of systemd's credentials if it has one, else from ``path``.

    ``MASTER_KEY`` when it is missing, has another size, or (the file) belongs to or is open to others.
    """
    if credentials is not None and (credentials / CREDENTIAL).exists():
        return _sized(_read(credentials / CREDENTIAL, guarded=False), credentials / CREDENTIAL)  # systemd guards it
    return _sized(_read(path, guarded=True), path)


def seal(master_key: bytes, plaintext: bytes, *, kid: str) -> bytes:
    """Encrypt a private key for storage, bound to its ``kid``."""
    nonce = os.urandom(_NONCE)
    return _FORM + nonce + AESGCM(master_key).encrypt(nonce, plaintext, _FORM + kid.encode())


def unseal(master_key: bytes, sealed: bytes, *, kid: str) -> bytes:
    """Decrypt what ``seal`` made. ``MASTER_KEY`` for another master key, another kid, or altered bytes."""
    form, nonce, ciphertext = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        return AESGCM(master_key).decrypt(nonce, ciphertext, form + kid.encode())
    except (InvalidTag, ValueError) as error:  # ValueError: too short to be sealed
        _refuse(f"does not open signing key {kid}", error)


def refuse_foreign(master_key: bytes, keys: Sequence[SigningKey]) -> None:
    """Raise ``MASTER_KEY`` for a master key that opens none of ``keys``: what it sealed would open for nobody else.

    One is enough: withdrawn keys stay, so that a store with a key that was sealed wrongly can be put right.
    """
    for each in keys:
        with suppress(Refused):
            unseal(master_key, each.sealed, kid=each.kid)
            return
    if keys:
        _refuse("opens none of the signing keys in the database: it is another one than the server's")


class Signer(msgspec.Struct, frozen=True, gc=False):
    """An opened signing key. It has no ``repr`` of its material: the library's key objects print none."""

    kid: str
    algorithm: str
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    def sign(self, signing_input: bytes) -> bytes:
        """Return the JWS signature (RFC 7518): PKCS#1 v1.5, or r and s side by side."""
        if self.algorithm == "RS256":  # not isinstance: asking an abstract class costs more than a microsecond
            return cast("rsa.RSAPrivateKey", self.private_key).sign(signing_input, _PADDING, _HASH)
        r, s = decode_dss_signature(cast("ec.EllipticCurvePrivateKey", self.private_key).sign(signing_input, _ECDSA))
        return r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE)


def open_signer(key: SigningKey, master_key: bytes) -> Signer:
    """Open a signing key. ``MASTER_KEY`` when the master key is another one."""
    octets = unseal(master_key, key.sealed, kid=key.kid)
    private_key = load_der_private_key(octets, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private_key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError(f"signing key {key.kid} is of an unknown kind")
    return Signer(key.kid, key.algorithm, private_key)


def _read(path: Path, *, guarded: bool) -> bytes:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for its writer
    except FileNotFoundError as error:
        _refuse(f"is missing: there is no {path}", error)
    except OSError as error:
        _refuse(f"cannot be read: {path}: {error.strerror}", error)
    try:
        if guarded:
            _refuse_open(os.fstat(opened), path)
        return os.read(opened, MASTER_KEY_SIZE + 1)
    except OSError as error:
        _refuse(f"cannot be read: {path}: {error.strerror}", error)
    finally:
        os.close(opened)


def _refuse_open(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        _refuse(f"{path} is not a file")
    if found.st_uid != os.geteuid():
        _refuse(f"{path} belongs to another user")
    if found.st_mode & _OTHERS:
        _refuse(f"{path} is open to others (mode {stat.S_IMODE(found.st_mode):04o}, not 0600)")


def _sized(key: bytes, path: Path) -> bytes:
    if len(key) != MASTER_KEY_SIZE:
        size = f"{len(key)}" if len(key) < MASTER_KEY_SIZE else f"more than {MASTER_KEY_SIZE}"
        _refuse(f"{path} has {size} bytes, not {MASTER_KEY_SIZE}")
    return key


def _refuse(reason: str, error: Exception | None = None) -> NoReturn:
    raise Refused(MASTER_KEY, reason=reason) from error
