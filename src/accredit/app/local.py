"""The store of this machine, opened for one command, beside a running server or without one."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from accredit.app.chance import SystemIds, now
from accredit.app.folder import Folder, find
from accredit.app.judge import public_url
from accredit.app.marks import is_emulators, own_issuers
from accredit.errors import STORE_MISSING, Refused
from accredit.stores.event_reader import EventReader
from accredit.stores.lookup import SqliteLookup
from accredit.stores.sqlite import SqliteRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from datetime import datetime

    from accredit.administer import Administrator
    from accredit.config import Settings
    from accredit.directory import SigningAlgorithm
    from accredit.issuers import OwnIssuers
    from accredit.signins import Actor
    from accredit.tokens import SigningKey

T = TypeVar("T")


@dataclass(slots=True)
class Local:
    """What a command works with. Made by ``local``."""

    folder: Folder
    registry: SqliteRegistry
    base: str
    own_issuers: OwnIssuers

    def administrator(self, actor: Actor) -> Administrator:
        """Return whoever runs the command, with what every change needs."""
        from accredit.administer import Administrator

        return Administrator(
            self.registry,
            SystemIds(),
            now,
            actor,
            base=self.base,
            own_issuers=self.own_issuers,
            emulator=self.folder.emulator,
        )

    def events(self) -> EventReader:
        """Open the sign-in log for reading; a context manager."""
        return EventReader(self.folder.database)

    def make_key(self) -> Callable[[SigningAlgorithm, datetime], SigningKey]:
        """Return what makes a signing key, sealed with this folder's master key. ``MASTER_KEY``."""
        from accredit.signing import refuse_foreign

        master_key = self.folder.master_key()
        with closing(SqliteLookup(self.folder.database)) as lookup:
            refuse_foreign(master_key, lookup.signing_keys())
        return self.folder.make_key(master_key)

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        """Run a story to its end. The ports of a local store never suspend, so no event loop is needed."""
        return run(story)


def run(story: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never waits for anything outside this thread."""
    try:
        story.send(None)
    except StopIteration as ended:
        value: T = ended.value
        return value
    story.close()
    raise RuntimeError("a local story waited for something")


@contextmanager
def local(settings: Settings) -> Iterator[Local]:
    """Open the store that the settings name. ``STORE_MISSING`` when there is none, ``SCHEMA_UNKNOWN``.

    Whether it is an emulator's is read off what is in it, not off the command, nor off files that may lie beside it.
    """
    found = find_existing(settings)
    base = public_url(settings.public_url) if settings.public_url else ""
    registry = SqliteRegistry(found.database)
    try:
        with closing(SqliteLookup(found.database)) as lookup:
            emulator, emitted = is_emulators(lookup), lookup.emitted()
        folder = Folder(found.path, found.master_key_file, emulator)
        yield Local(folder, registry, base, own_issuers((base,) if base else (), emitted, emulator=emulator))
    finally:
        registry.close()


def find_existing(settings: Settings) -> Folder:
    """Return the folder of the settings, which has a database in it. ``STORE_MISSING``."""
    if not settings.data and settings.profile == "emulator":
        raise Refused(STORE_MISSING, path="(an emulator without --data keeps its things in a temporary folder)")
    folder = find(settings) if settings.profile == "production" else _named(settings)
    if not folder.database.exists():
        raise Refused(STORE_MISSING, path=folder.database)
    return folder


def _named(settings: Settings) -> Folder:
    return Folder(Path(settings.data), Path(settings.data) / "master.key", emulator=True)
