"""The keys of the test issuers: made on first use, kept, published, rotated. They protect nothing.

Rule 1: a foreign issuer's keys are its own: nothing here ever sees a key of the authority.
Rule 2: a key serves one algorithm and says so in its JWK.
Rule 3: with a folder, a key outlives the process, so that tokens and pinned key ids survive a restart. The files are
unencrypted, 0600: whoever reads them can imitate an issuer that only an emulator trusts.
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from threading import RLock
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from pathlib import Path

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Sign = Callable[[bytes], bytes]

RSA_BITS: Final = 2048  # what the platforms use; making one takes some 60 ms
KEPT: Final = 2  # keys of one algorithm that are published: the one that signs and the one before
_PEM: Final = re.compile(rb"-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----\n", re.DOTALL)


def _rsa() -> PrivateKey:
    return rsa.generate_private_key(65537, RSA_BITS)


def _pkcs1(digest: hashes.HashAlgorithm) -> Callable[[PrivateKey, bytes], bytes]:
    def sign(key: PrivateKey, message: bytes) -> bytes:
        assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101  the table below pairs maker and signer
        return key.sign(message, padding.PKCS1v15(), digest)

    return sign


def _pss(digest: hashes.HashAlgorithm) -> Callable[[PrivateKey, bytes], bytes]:
    def sign(key: PrivateKey, message: bytes) -> bytes:
        assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101  see above
        return key.sign(message, padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH), digest)

    return sign


def _ecdsa(digest: hashes.HashAlgorithm) -> Callable[[PrivateKey, bytes], bytes]:
    def sign(key: PrivateKey, message: bytes) -> bytes:
        """Sign, and write r and s side by side, each as long as the field (RFC 7518 section 3.4)."""
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101  see above
        size = (key.key_size + 7) // 8  # octets
        return b"".join(
            part.to_bytes(size, "big") for part in decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
        )

    return sign


def _eddsa(key: PrivateKey, message: bytes) -> bytes:
    assert isinstance(key, ed25519.Ed25519PrivateKey)  # noqa: S101  see above
    return key.sign(message)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How a key is made, and how it signs."""

    make: Callable[[], PrivateKey]
    sign: Callable[[PrivateKey, bytes], bytes]


# fmt: off
ALGORITHMS: Final = {
    "RS256": Algorithm(_rsa, _pkcs1(hashes.SHA256())),
    "RS384": Algorithm(_rsa, _pkcs1(hashes.SHA384())),
    "RS512": Algorithm(_rsa, _pkcs1(hashes.SHA512())),
    "PS256": Algorithm(_rsa, _pss(hashes.SHA256())),
    "PS384": Algorithm(_rsa, _pss(hashes.SHA384())),
    "PS512": Algorithm(_rsa, _pss(hashes.SHA512())),
    "ES256": Algorithm(lambda: ec.generate_private_key(ec.SECP256R1()), _ecdsa(hashes.SHA256())),
    "ES384": Algorithm(lambda: ec.generate_private_key(ec.SECP384R1()), _ecdsa(hashes.SHA384())),
    "ES512": Algorithm(lambda: ec.generate_private_key(ec.SECP521R1()), _ecdsa(hashes.SHA512())),
    "EdDSA": Algorithm(ed25519.Ed25519PrivateKey.generate, _eddsa),
}
# fmt: on


class Key:
    """One key of an issuer. Its id is its thumbprint (RFC 7638)."""

    def __init__(self, algorithm: str, private: PrivateKey) -> None:
        self.algorithm = algorithm
        self.private = private

    @classmethod
    def made(cls, algorithm: str) -> Key:
        return cls(algorithm, ALGORITHMS[algorithm].make())

    def sign(self, message: bytes) -> bytes:
        return ALGORITHMS[self.algorithm].sign(self.private, message)

    @cached_property
    def kid(self) -> str:
        required = msgspec.json.encode(_material(self.private), order="sorted")
        return urlsafe_b64encode(sha256(required).digest()).rstrip(b"=").decode()

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as the issuer publishes it."""
        return {**_material(self.private), "kid": self.kid, "use": "sig", "alg": self.algorithm}

    @property
    def pem(self) -> bytes:
        """The private key, for the issuer's own file."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _material(private: PrivateKey) -> dict[str, str]:
    """Return the members that make up the public key, and no others."""
    if isinstance(private, rsa.RSAPrivateKey):
        numbers = private.public_key().public_numbers()
        return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _octets(private.public_key().public_bytes_raw())}
    point = private.public_key().public_numbers()
    size = (private.key_size + 7) // 8  # octets
    curve = f"P-{private.key_size}"
    return {"kty": "EC", "crv": curve, "x": _number(point.x, size), "y": _number(point.y, size)}


def _number(value: int, size: int | None = None) -> str:
    return _octets(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _octets(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


class Keyring:
    """The keys of one issuer, by algorithm, newest first. Made or read on first use, by one thread at a time."""

    def __init__(self, issuer: str, folder: Path | None) -> None:
        self._issuer = issuer
        self._folder = folder
        self._keys: dict[str, list[Key]] = {}
        self._strangers: dict[str, Key] = {}
        self._lock = RLock()  # of two keys that are made at once one would sign and never be published

    def signing(self, algorithm: str) -> Key:
        """Return the key that signs with ``algorithm`` today."""
        with self._lock:
            return self._of(algorithm)[0]

    def published(self, default: str) -> Sequence[Key]:
        """Return every key that tokens may bear: those of the algorithms in use, of ``default`` in any case."""
        with self._lock:
            self._of(default)
            for algorithm in ALGORITHMS:
                if algorithm not in self._keys and self._path(algorithm, exists=True):
                    self._of(algorithm)
            return [key for algorithm in ALGORITHMS for key in self._keys.get(algorithm, ())]

    def rotate(self, default: str, *, keep_previous: bool) -> None:
        """Let new keys sign. The previous ones stay published until the next rotation, or are dropped at once."""
        with self._lock:
            for algorithm in {key.algorithm for key in self.published(default)}:
                previous = self._keys[algorithm] if keep_previous else []
                self._keys[algorithm] = [Key.made(algorithm), *previous][:KEPT]
                path = self._path(algorithm)
                if path is not None:
                    os.replace(self._written(path, self._keys[algorithm]), path)  # noqa: PTH105  a rename that replaces

    def stranger(self, algorithm: str) -> Key:
        """Return a key that the issuer does not publish: somebody else's."""
        with self._lock:
            if algorithm not in self._strangers:
                self._strangers[algorithm] = Key.made(algorithm)
            return self._strangers[algorithm]

    def strangers(self) -> Sequence[Key]:
        return tuple(self._strangers.values())

    def _of(self, algorithm: str) -> list[Key]:
        if algorithm not in self._keys:
            path = self._path(algorithm)
            self._keys[algorithm] = [Key.made(algorithm)] if path is None else self._kept(algorithm, path)
        return self._keys[algorithm]

    def _kept(self, algorithm: str, path: Path) -> list[Key]:
        """Read the file of an algorithm; make it when there is none. Of two processes that make it, one wins."""
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            written = self._written(path, [Key.made(algorithm)])
            try:
                path.hardlink_to(written)  # fails when the file exists, and is never seen half written
            except FileExistsError:
                pass
            finally:
                written.unlink()
        return [Key(algorithm, _loaded(pem)) for pem in _PEM.findall(path.read_bytes())]

    def _path(self, algorithm: str, *, exists: bool = False) -> Path | None:
        if self._folder is None:
            return None
        path = self._folder / f"{self._issuer}-{algorithm}.pem"
        return path if path.exists() or not exists else None

    @staticmethod
    def _written(path: Path, keys: Sequence[Key]) -> Path:
        written = path.with_name(f"{path.name}.{os.getpid()}")
        written.unlink(missing_ok=True)
        with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(b"".join(key.pem for key in keys))
        return written


def _loaded(pem: bytes) -> PrivateKey:
    # Whoever can write the file has the key anyway, and judging its primes again takes as long as making it.
    key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, PrivateKey)  # noqa: S101  nobody but this module writes the file
    return key
