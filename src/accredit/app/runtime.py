"""One running authority: what it is made of, what runs in the background, what it tells about itself."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from accredit.administer import signing_keys
from accredit.app.explained import explanation_of
from accredit.app.folder import ALGORITHMS
from accredit.errors import TRANSIENT, Refused
from accredit.signing import refuse_foreign
from accredit.stores.encoding import SIGNING_KEYS
from accredit.stores.sqlite import refuse_other_schema
from accredit.tokens.keys import published
from accredit.trust.presets import catalogue
from accredit.web.token import kind_of_evidence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from uuid import UUID

    from accredit import observe
    from accredit.administer import Administrator
    from accredit.app.exporting import Exporter
    from accredit.app.folder import Folder
    from accredit.app.issuer_keys import Watched
    from accredit.app.log_state import LogState
    from accredit.app.place_mark import PlaceMark
    from accredit.config import Settings
    from accredit.exchange import TokenRequest
    from accredit.outbound import IssuerKeys, Rules
    from accredit.ports import Authority
    from accredit.signing import TokenMint
    from accredit.signins import Sender
    from accredit.stores.events import EventLog
    from accredit.stores.health import Damage
    from accredit.stores.lookup import SqliteLookup
    from accredit.stores.snapshot import Snapshot
    from accredit.stores.sqlite import SqliteRegistry
    from accredit.tokens import SigningKey
    from accredit.web.answers import Application, Receive, Scope, Send
    from accredit.web.limits import Admission

REFRESHED_EVERY: Final = 2.0  # seconds between two looks for what other processes changed; no request waits for it
AGAIN_AFTER: Final = 1.0  # seconds, after something that should not end has ended
MOST_LABELS: Final = 10_000
LOG_LOOKED_AT: Final = 1.0  # seconds between two looks at whether the sign-in log can be written
PLACE_KEPT_EVERY: Final = 1.0  # seconds between two notes of how far the sign-in log has come
NEWS_WRITTEN_EVERY: Final = 0.1  # seconds between two times that what fetches showed is written, at least
TENDED_EVERY: Final = 3_600.0  # seconds between two looks at the age of our signing keys


@dataclass(slots=True)
class Following:
    """What else is kept of the directory besides the snapshot, and must follow its changes."""

    lookup: SqliteLookup
    keys: IssuerKeys
    mint: TokenMint
    signing: tuple[SigningKey, ...]

    def heard(self, touched: frozenset[UUID] | None) -> None:
        """Take a change over before it is acknowledged; ``None``: anything may have changed."""
        self.keys.forget(touched if touched is not None else {each.issuer.id for each in self.keys.records()})
        if touched is None or SIGNING_KEYS in touched:
            signing = self.lookup.signing_keys()
            self.mint.set_keys(signing)
            self.signing = signing


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Stand where an application is put before anything listens."""
    raise RuntimeError("nothing listens yet")


@dataclass(slots=True)
class Runtime:
    """One authority that can answer requests. Made by ``build``; ``start`` before the first one, ``close`` last."""

    settings: Settings
    base: str
    folder: Folder
    authority: Authority
    registry: SqliteRegistry
    snapshot: Snapshot
    following: Following
    issuers: Watched
    log: EventLog
    metrics: observe.Metrics
    journal: observe.Journal
    log_state: LogState
    place_mark: PlaceMark
    administrator: Administrator
    damage: Damage
    admission: Admission
    rules: Rules
    front: Application = _nothing
    admin: Application = _nothing
    exporter: Exporter | None = None  # of the sign-in log, where one is wanted
    test_issuer: Any = None  # the emulator's
    provoking: Any = None  # what a test may do to it; the emulator's, too
    natives: Any = None  # the platforms whose jobs run there
    around: Any = None  # where they answer besides
    metadata: Application = _nothing  # stands for a machine's metadata server
    socket: Application = _nothing  # what answers jobs behind a Unix socket
    control_token: str = ""
    draining: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _closing: list[Callable[[], None]] = field(default_factory=list)

    async def start(self) -> None:
        """Open the sign-in log and begin what runs in the background."""
        catalogue.entries()  # some milliseconds, for which no sign-in shall wait
        await self.log.start()
        self.place_mark.compare()
        if self.exporter is not None:
            self.exporter.start()
        self.keep_up("sign-in log", self.log_state.look, LOG_LOOKED_AT)
        self.keep_up("place in the sign-in log", self.place_mark.keep, PLACE_KEPT_EVERY)
        self.keep_up("issuer_keys", self.following.keys.keep_fresh, AGAIN_AFTER)
        self.keep_up("issuer history", self.issuers.news.keep, NEWS_WRITTEN_EVERY)
        self.keep_up("signing_keys", self._tend, TENDED_EVERY)
        # Other processes' changes, also when no request asks: refusals then need no second look.
        self.keep_up("directory", self.snapshot.refresh, REFRESHED_EVERY)

    def keep_up(self, what: str, step: Callable[[], Awaitable[object]], every: float) -> None:
        """Do ``step`` now and so many seconds after each time it ended, however it ended, until ``close``."""
        self._tasks.append(asyncio.create_task(self._again(what, step, every)))

    def let_go(self, step: Callable[[], None]) -> None:
        """Do ``step`` with ``close``; it may wait."""
        self._closing.append(step)

    async def close(self) -> None:
        """Write what waits, let go of everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.log.close()
        if self.exporter is not None:
            await asyncio.to_thread(self.exporter.close)
        for each in (*self._closing, self.issuers.news.close):
            await asyncio.to_thread(each)
        self.following.lookup.close()
        self.registry.close()

    def published(self) -> Sequence[SigningKey]:
        """Return the signing keys that the key set shows now."""
        return published(self.following.signing, self.authority.clock())

    def ready(self) -> Mapping[str, str]:
        """Return each condition of readiness: an empty text when it holds, else what is wrong."""
        now, mint = self.authority.clock(), self.following.mint
        return {
            "serving": "draining" if self.draining else "",
            "database": self.damage.found or self._unreadable(),
            "directory": self.snapshot.failure,
            "sign-in log": self.log.trouble,
            "signing key": "; ".join(wrong for each in ALGORITHMS if (wrong := mint.trouble(each, now))),
        }

    def remarks(self) -> Mapping[str, str]:
        """Return what ``/readyz?verbose`` tells besides: no condition of readiness."""
        return {} if self.exporter is None else {"export": self.exporter.remark()}

    def _unreadable(self) -> str:
        """Say why the database cannot be read, opened anew: one whose file is gone is still open here."""
        try:
            refuse_other_schema(self.folder.database)
        except (Refused, sqlite3.Error) as error:
            return str(error)
        return ""

    async def _again(self, what: str, step: Callable[[], Awaitable[object]], every: float) -> None:
        """Do ``step`` every so many seconds, whatever goes wrong in it: nobody waits for it who would see it end."""
        while True:
            try:
                await step()
            except Refused as refused:
                self.journal.log.warning("background.not_done", what=what, reason=str(refused), detail=refused.detail)
            except Exception:  # a full disk today is no reason to stop for good
                self.journal.log.exception("background.broken", what=what)
            await asyncio.sleep(every)

    async def _tend(self) -> None:
        """Make the next signing key in time."""
        master_key = self.folder.master_key()
        refuse_foreign(master_key, self.following.signing)  # the file may be another one by now
        now, keys = self.authority.clock(), self.following.signing
        for algorithm in (each for each in ALGORITHMS if signing_keys.due(keys, each, now)):
            await signing_keys.tend(self.administrator, self.folder.make_key(master_key), algorithm)


@dataclass(frozen=True, slots=True)
class Observed:
    """What the token endpoint tells of every outcome."""

    metrics: observe.Metrics
    journal: observe.Journal
    snapshot: Snapshot
    log_state: LogState
    labels: dict[str, str] = field(default_factory=dict)  # spellings of tenants that exist

    def __call__(self, request: TokenRequest | None, who: Sender, refused: Refused | None, seconds: float) -> None:
        evidence = kind_of_evidence(request)
        tenant = self._tenant(request.tenant) if request else ""
        if refused is None:
            self.metrics.exchanges.count(tenant, "granted", "0", evidence, seconds)
            return
        self.metrics.exchanges.count(tenant, "refused", refused.row.label, evidence, seconds)
        if refused.row is not TRANSIENT or not self.log_state.turn_away():
            self.journal.refused(who, refused, {"evidence": evidence})

    def _tenant(self, name: str) -> str:
        """Return the id of a tenant that exists, however it is spelled; of any other text nothing becomes a label."""
        found = self.labels.get(name)
        if found is None:
            found = self.snapshot.known_tenant(name)
            if found and len(self.labels) < MOST_LABELS:
                self.labels[name] = found
        return found


@dataclass(frozen=True, slots=True)
class Explained:
    """The near-miss explanation for the caller of an emulator that was started with ``--explain-to-caller``."""

    authority: Authority

    async def __call__(self, request: TokenRequest, refused: Refused) -> Mapping[str, Any] | None:
        return await explanation_of(request, refused, self.authority)
