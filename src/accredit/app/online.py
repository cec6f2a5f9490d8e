"""The keys of registered issuers for one command, fetched as the exchange fetches them, under its rules."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accredit import __version__
from accredit.app.chance import now
from accredit.app.key_watch import KeyWatching
from accredit.errors import ISSUER_UNREACHABLE, Refused
from accredit.issuers import freshness
from accredit.outbound import Fetcher, IssuerKeys, OwnCa, Rules
from accredit.outbound import emulator as emulated
from accredit.stores.issuer_history import IssuerHistory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from accredit.app.folder import Folder
    from accredit.config import Settings
    from accredit.issuers import Issuer, KeyReference
    from accredit.ports import Keys

ANY_ADDRESS = "0.0.0.0"  # noqa: S104  a name for every address of this machine; nothing is bound


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of asking: keys at hand, and why those of a record could not be had, by its id."""

    keys: Keys
    refused: Mapping[UUID, Refused]


def fetched(
    records: Sequence[Issuer],
    wanted: KeyReference,
    settings: Settings,
    *,
    emulator: bool,
    base: str = "",
    ca: str = "",
) -> Fetched:
    """Fetch the keys of ``records``, looking for ``wanted``. Not to be called while an event loop runs.

    ``base``: the URL of the running emulator, whose test issuers answer for the platforms; the one on the usual port
    when it is empty. ``ca``: its CA (PEM), if it has one of its own.
    """
    limits = freshness.EMULATOR if emulator else freshness.PRODUCTION
    rules = _emulated(settings, base, ca) if emulator else _production(settings)
    fetcher = Fetcher(limits, rules, user_agent=f"accredit/{__version__}")
    keys = IssuerKeys(fetcher, limits, clock=time.monotonic, jitter=lambda: 0.0)
    return Fetched(keys, asyncio.run(_fetched(keys, records, wanted)))


def beside(settings: Settings, folder: Folder, *, base: str = "") -> KeyWatching:
    """Return what a command knows of issuers beside a server: what that wrote, and visits under its rules."""
    limits = freshness.EMULATOR if folder.emulator else freshness.PRODUCTION
    ca = (folder.path / "ca.pem").read_text("utf-8") if folder.emulator else ""
    rules = _emulated(settings, base, ca) if folder.emulator else _production(settings)
    fetcher = Fetcher(limits, rules, user_agent=f"accredit/{__version__}")
    return KeyWatching(fetcher, limits, IssuerHistory(folder.database), now, time.monotonic)


async def _fetched(keys: IssuerKeys, records: Sequence[Issuer], wanted: KeyReference) -> Mapping[UUID, Refused]:
    refused: dict[UUID, Refused] = {}
    try:
        for each in records:
            try:
                await keys.of(each, wanted)
            except Refused as error:
                if error.row is ISSUER_UNREACHABLE:  # else the keys are at hand, and the one that is wanted is none
                    refused[each.id] = error
    finally:
        await keys.close()
    return refused


def _production(settings: Settings) -> Rules:
    ports = (settings.port, settings.admin_port)
    return Rules(own_listeners=frozenset((ANY_ADDRESS, port) for port in ports))


def _emulated(settings: Settings, base: str, ca: str) -> Rules:
    from accredit.testidp.dialect import entries

    base = base.rstrip("/") or f"https://localhost:{settings.port}"
    answers = {each.issuer: f"{base}/idp/{name}" for name, each in entries().items() if each.issuer}
    own_ca = OwnCa(frozenset(("localhost", "127.0.0.1", "::1")), ca) if ca else None
    return emulated(overrides={**answers, **settings.issuer_overrides}, own_ca=own_ca)
