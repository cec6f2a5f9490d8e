"""Keys that are ready when an authority for tests starts: made once for each user of a machine, and kept.

Making one RSA key takes longer than everything else about a start. No private key is part of the package: who has the
package must not be able to imitate an issuer that somebody once trusted for a test (docs/decisions/0022).

Rule 1: files are 0600 in a folder that is 0700 and this user's own; anything else there is not looked at, and keys then
live as long as the process.
Rule 2: what is kept bears the emulator's marks when it is used: the name of the certificate, the kid.
Rule 3: of several processes that make a key one wins; nobody reads half a file.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from accredit.app.chance import now
from accredit.signing.certificate import CERTIFIED_FOR, EMULATOR_NAME, certified, new_private_key, self_signed
from accredit.tokens.keys import EMULATOR_KID

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from accredit.directory import SigningAlgorithm
    from accredit.signing.certificate import PrivateKey
    from accredit.tokens import SigningKey

FOLDER: Final = Path("accredit/testing-keys-1")  # in the user's cache; another number when what lies in it changes
KEPT_FOR: Final = timedelta(days=30)  # as long as the emulator's CA: nothing of it is forever
MOST: Final = 64  # issuers' keys that are kept
LARGEST: Final = 65_536  # octets of a file
ISSUERS: Final = "testidp"  # folder of an emulator's data in which its issuers keep their keys
_ISSUER: Final = re.compile(r"[a-z0-9_]+-[A-Za-z0-9]+\.pem")  # an issuer's file; one of an instance has a dot more
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_BEGIN: Final = b"-----BEGIN PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class ReadyKeys:
    """The keys of one user. ``folder`` ``None``: there is nowhere to keep them."""

    folder: Path | None

    @classmethod
    def of_user(cls) -> ReadyKeys:
        """Return those of whoever runs this process, in its cache folder (``XDG_CACHE_HOME``, ``~/.cache``)."""
        named = os.environ.get("XDG_CACHE_HOME", "")
        try:
            root = Path(named) if named.startswith("/") else Path.home() / ".cache"
        except RuntimeError:  # nobody's home, as in some containers
            return cls(None)
        return cls(_owned(root / FOLDER))

    def signing(self, master_key: bytes) -> Callable[[SigningAlgorithm, datetime], SigningKey]:
        """Return what hands over signing keys, sealed with ``master_key``."""

        def make(algorithm: SigningAlgorithm, at: datetime) -> SigningKey:
            private_key, certificate = self._kept(algorithm) or self._made(algorithm)
            return certified(
                private_key, certificate, now=at, activates_at=at, master_key=master_key, kid_prefix=EMULATOR_KID
            )

        return make

    def lay_out(self, data: Path) -> None:
        """Put the issuers' keys that are kept where the issuers of a new emulator find theirs."""
        for each in self._issuers(self.folder):
            pem = _read(each)
            if pem.count(_BEGIN) == 1:
                with suppress(OSError):  # whoever serves from there says so in better words
                    (data / ISSUERS).mkdir(mode=0o700, parents=True, exist_ok=True)
                _write(data / ISSUERS / each.name, pem)

    def take_over(self, data: Path) -> None:
        """Keep the keys that issuers made. Those of which there are two were rotated, and are not."""
        kept = {each.name for each in self._issuers(self.folder)}
        for each in self._issuers(data / ISSUERS):
            if self.folder is not None and each.name not in kept and len(kept) < MOST:
                pem = _read(each)
                if pem.count(_BEGIN) == 1:
                    kept.add(each.name)
                    _write(self.folder / each.name, pem)

    @staticmethod
    def _issuers(folder: Path | None) -> list[Path]:
        if folder is None or not folder.is_dir():
            return []
        return sorted(each for each in folder.iterdir() if _ISSUER.fullmatch(each.name))[:MOST]

    def _path(self, algorithm: SigningAlgorithm) -> Path | None:
        return None if self.folder is None else self.folder / f"signing.{algorithm}.pem"

    def _kept(self, algorithm: SigningAlgorithm) -> tuple[PrivateKey, x509.Certificate] | None:
        """Return the key that is kept; ``None`` when there is none, or none that fits."""
        path = self._path(algorithm)
        pem = b"" if path is None else _read(path)
        try:
            # Its file is ours alone; checking the primes again would take as long as half of making them.
            private_key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
            certificate = x509.load_pem_x509_certificate(pem)
        except (ValueError, TypeError):
            return None
        wanted = rsa.RSAPrivateKey if algorithm == "RS256" else ec.EllipticCurvePrivateKey
        age = now() - certificate.not_valid_before_utc
        if not isinstance(private_key, wanted) or not timedelta() <= age < KEPT_FOR:
            return None
        return private_key, certificate

    def _made(self, algorithm: SigningAlgorithm) -> tuple[PrivateKey, x509.Certificate]:
        private_key, made_at, path = new_private_key(algorithm), now(), self._path(algorithm)
        since = made_at - timedelta(hours=1)  # clocks elsewhere are slow
        certificate = self_signed(private_key, EMULATOR_NAME, not_before=since, not_after=made_at + CERTIFIED_FOR)
        if path is not None:
            pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _write(path, pem + certificate.public_bytes(Encoding.PEM), replace=True)
        return private_key, certificate


def _owned(folder: Path) -> Path | None:
    """Return the folder, made if it is not there; ``None`` unless it is this user's alone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    alone = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS
    return folder if alone else None


def _read(path: Path) -> bytes:
    """Return a file that is this user's alone; nothing of any other."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        found = os.fstat(opened)
        alone = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS
        return os.read(opened, LARGEST) if alone else b""
    finally:
        os.close(opened)


def _write(path: Path, octets: bytes, *, replace: bool = False) -> None:
    """Write a file whole or not at all; where that cannot be, there is none. ``replace``: also one that is there."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        made.unlink(missing_ok=True)
        try:
            with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:  # noqa: PTH123
                file.write(octets)
            if replace:
                made.replace(path)
            else:
                path.hardlink_to(made)  # fails when there is one
        finally:
            made.unlink(missing_ok=True)
