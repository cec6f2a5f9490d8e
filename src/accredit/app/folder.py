"""The data directory: what lies in it, how it is made, and that nothing of an emulator ever serves in production.

What makes one is imported when one is made: every command finds its store through this module, few make one.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit import config
from accredit.app.chance import SystemIds
from accredit.app.marks import is_emulators
from accredit.errors import DATA_EXISTS, DATA_OPEN, OUTPUT_UNWRITABLE, SETTING_INVALID, Refused
from accredit.signins import Actor
from accredit.stores.lookup import SqliteLookup
from accredit.stores.sqlite import refuse_other_schema
from accredit.tokens import issuer
from accredit.tokens.keys import EMULATOR_KID

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeAlias

    from accredit.config import Settings
    from accredit.directory import SigningAlgorithm, Tenant
    from accredit.issuers import Portability
    from accredit.ports import Clock
    from accredit.tokens import SigningKey

    KeysOf: TypeAlias = Callable[[bytes], Callable[[SigningAlgorithm, datetime], SigningKey]]
    """From a master key to what makes signing keys that are sealed with it."""

SECRET_LIFE: Final = timedelta(days=3_650)  # of the emulator's documented secret
DATABASE: Final = "accredit.db"
MASTER_KEY: Final = "master.key"
ALGORITHMS: Final[tuple[SigningAlgorithm, ...]] = ("RS256", "ES256")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where one server keeps its things. ``temporary`` ones are removed when it ends."""

    path: Path
    master_key_file: Path
    emulator: bool
    temporary: bool = False

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / DATABASE

    @property
    def filled(self) -> bool:
        """Whether there is a database in it."""
        return self.database.exists()

    def master_key(self) -> bytes:
        """Read the master key: systemd's credential, if it hands one over, before the file. ``MASTER_KEY``."""
        from accredit.signing import load_master_key

        handed = "" if self.emulator else os.environ.get("CREDENTIALS_DIRECTORY", "")
        return load_master_key(self.master_key_file, credentials=Path(handed) if handed else None)

    def make_key(self, master_key: bytes) -> Callable[[SigningAlgorithm, datetime], SigningKey]:
        """Return what makes this folder's signing keys: an emulator's bear its marks."""
        from accredit.signing import EMULATOR_NAME, PRODUCTION_NAME, generate

        def make(algorithm: SigningAlgorithm, now: datetime) -> SigningKey:
            return generate(
                algorithm,
                now=now,
                activates_at=now,
                master_key=master_key,
                name=EMULATOR_NAME if self.emulator else PRODUCTION_NAME,
                kid_prefix=EMULATOR_KID if self.emulator else "",
            )

        return make

    def remove_if_temporary(self) -> None:
        """Take a temporary folder away."""
        if self.temporary:
            shutil.rmtree(self.path, ignore_errors=True)


def find(settings: Settings) -> Folder:
    """Return the folder that the settings name, made if it is an emulator's. ``OUTPUT_UNWRITABLE``."""
    emulator = settings.profile == "emulator"
    named = config.data_directory(settings)
    temporary = named is None
    path = Path(tempfile.mkdtemp(prefix="accredit-")) if named is None else named.absolute()
    try:
        if emulator:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(OUTPUT_UNWRITABLE, what=path, reason=error.strerror) from error
    key_file = Path(settings.master_key_file) if settings.master_key_file else path / MASTER_KEY
    return Folder(path, key_file, emulator, temporary)


async def begin_emulator(folder: Folder, base: str, clock: Clock, keys: KeysOf | None = None) -> None:
    """Fill an emulator's empty folder: master key, signing keys, the fixed identities. One that is filled stays.

    ``keys``: what makes its first signing keys, in place of new ones.
    """
    from accredit.app import seed
    from accredit.signing import create_master_key
    from accredit.stores import fresh
    from accredit.stores.memory import MemoryRegistry

    if folder.filled:
        refuse_production(folder)
        return
    ids, now = SystemIds(), clock()
    master_key = folder.master_key() if folder.master_key_file.exists() else create_master_key(folder.master_key_file)
    make = (keys or folder.make_key)(master_key)
    contents = MemoryRegistry()
    async with contents.transaction() as change:
        await seed.seed(change, now, ids, SECRET_LIFE)
        for algorithm in ALGORITHMS:
            # A test may set the clock to the past, and something has to sign there.
            await change.signing_keys.add(replace(make(algorithm, now), activates_at=seed.EARLIEST))
        await change.emit([issuer(base, seed.TENANT_ID, version) for version in (1, 2)])
    fresh.create(folder.database, contents)


async def begin_production(
    folder: Folder,
    *,
    clock: Clock,
    display_name: str,
    domains: tuple[str, ...],
    portability: Portability,
    enable: tuple[str, ...],
    base: str = "",
) -> Tenant:
    """Make a data directory: 0700, master key, signing keys, one tenant. What is refused leaves nothing behind.

    ``DATA_EXISTS`` when there is one, ``DATA_OPEN`` when others can read it, ``OUTPUT_UNWRITABLE``.
    """
    from accredit.administer import Administrator, tenants
    from accredit.signing import create_master_key
    from accredit.stores import fresh
    from accredit.stores.memory import MemoryRegistry

    if folder.filled:
        raise Refused(DATA_EXISTS, path=folder.database)
    contents, ids = MemoryRegistry(), SystemIds()
    by = Administrator(contents, ids, clock, Actor(name="accredit init", kind="system"), base=base)
    tenant = await tenants.create(
        by, display_name=display_name, domains=domains, portability=portability, enable=enable
    )
    _make(folder.path)
    made = not folder.master_key_file.exists()
    make = folder.make_key(create_master_key(folder.master_key_file) if made else folder.master_key())
    async with contents.transaction() as change:
        for algorithm in ALGORITHMS:
            await change.signing_keys.add(make(algorithm, clock()))
    fresh.create(folder.database, contents)
    return tenant


def _make(path: Path) -> None:
    """Make a directory for its owner only. One that exists stays as it is, and is refused when it is not."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise Refused(OUTPUT_UNWRITABLE, what=path, reason=error.strerror) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Refused(DATA_OPEN, path=path, mode=f"{mode:04o}")


def refuse_production(folder: Folder) -> None:
    """Refuse to serve a production profile's data as an emulator: its test issuers would speak for anybody.

    ``SETTING_INVALID``, ``SCHEMA_UNKNOWN``.
    """
    refuse_other_schema(folder.database)
    with closing(SqliteLookup(folder.database)) as lookup:
        if not is_emulators(lookup):
            reason = f"{folder.path} belongs to a production profile, and an emulator vouches for anybody"
            raise Refused(SETTING_INVALID, name="data", reason=reason)
