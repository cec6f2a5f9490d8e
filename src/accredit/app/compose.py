"""From settings to one running authority: the only place that names every adapter."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from accredit import assertions, errors, observe
from accredit.administer import Administrator
from accredit.app import directory_api, hosts, portal, resource_manager
from accredit.app.chance import SystemIds
from accredit.app.drift import Drift
from accredit.app.issuer_keys import watched
from accredit.app.log_state import LogState
from accredit.app.marks import own_issuers, refuse_emulator
from accredit.app.place_mark import MARK, PlaceMark
from accredit.app.runtime import Explained, Following, Observed, Runtime
from accredit.app.scraped import Exported, Scraped
from accredit.directory import wellknown
from accredit.exchange import exchange
from accredit.explain import worded
from accredit.outbound import Rules
from accredit.outbound.at_hand import KeysAtHand
from accredit.ports import Authority
from accredit.signing import TokenMint
from accredit.signins import Actor
from accredit.stores.events import EventLog
from accredit.stores.exports import OTLP
from accredit.stores.lookup import SqliteLookup
from accredit.stores.snapshot import Snapshot
from accredit.stores.sqlite import SqliteRegistry, refuse_other_schema
from accredit.stores.sqlite_events import Caps, Reserve, SqliteSink
from accredit.stores.walfile import refuse_lost_transactions
from accredit.tokens import issuer
from accredit.web.admin import Admin
from accredit.web.errors import Errors
from accredit.web.front import Front
from accredit.web.limits import Admission, Failures, Patience
from accredit.web.sender import Senders
from accredit.web.shared import Shared
from accredit.web.token import TokenEndpoint
from accredit.web.wellknown import WellKnown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from uuid import UUID

    import structlog

    from accredit.app.exporting import Exporter
    from accredit.app.folder import Folder
    from accredit.app.test_issuers import Surroundings
    from accredit.config import Settings
    from accredit.ports import Clock
    from accredit.stores.health import Damage

_CHANCE: Final = random.Random()  # noqa: S311  it spreads load and guards nothing; the module's own is for tests to seed
MEGABYTE: Final = 2**20
_HOLDER: Final = 16  # octets that tell one exporting process from another


async def build(
    settings: Settings,
    *,
    base: str,
    folder: Folder,
    clock: Clock,
    ca_file: Path | None = None,
    listeners: frozenset[tuple[str, int]] = frozenset(),
    around: Surroundings | None = None,
) -> Runtime:
    """Compose an authority that answers as ``base``. The folder is filled (``folder``); nothing listens yet.

    ``around``: where an emulator answers besides.
    """
    refuse_lost_transactions(folder.database)
    refuse_other_schema(folder.database)
    lookup, provoking = SqliteLookup(folder.database), _provoking(folder, clock)
    clock = provoking.clock if provoking else clock
    try:
        strangers = _strangers(settings, base, folder, clock, ca_file, listeners)
        runtime = await _composed(settings, base, folder, clock, lookup, strangers, provoking)
        _listen(runtime, around, ca_file)
    except BaseException:
        lookup.close()
        raise
    return runtime


async def _composed(
    settings: Settings,
    base: str,
    folder: Folder,
    clock: Clock,
    lookup: SqliteLookup,
    strangers: tuple[Any, Rules],
    provoking: Any,  # noqa: ANN401  its module is the emulator's only
) -> Runtime:
    (test_issuer, rules), damage = strangers, lookup.damage
    ids, admission = SystemIds(), Admission(settings.under_way)
    log = observe.logger(level=settings.log_level, as_json={"json": True, "console": False}.get(settings.log_format))
    metrics, journal, drift = observe.Metrics(), observe.Journal(log), Drift(log)
    metrics.registry.register(drift)
    if not folder.emulator:
        refuse_emulator(lookup)
    signing = lookup.signing_keys()
    issuers = watched(
        folder,
        rules,
        while_waiting=admission.given_back,
        clock=clock,
        seconds=provoking.clock.seconds if provoking else time.monotonic,
        log=log,
        damage=damage,
    )
    metrics.registry.register(issuers.news)
    following = Following(
        lookup,
        issuers.keys,
        TokenMint(base, signing, folder.master_key(), aio=ids.aio, graph_extras=settings.graph_extras),
        signing,
    )
    snapshot = Snapshot(lookup, heard=following.heard, derived=_derived(base))
    snapshot.version = (await lookup.changes(0))[0]  # nothing is kept yet, so it is current
    registry = SqliteRegistry(folder.database, snapshot.apply, damage=damage)
    sink = _sink(settings, folder, clock, damage)
    events = EventLog(sink, lambda: snapshot.version, worded=worded, heard=drift.heard)
    authority = Authority(
        base=base,
        own_issuers=own_issuers((base,), await _emitted(registry, lookup, base), emulator=folder.emulator),
        policies={"entra": assertions.ENTRA, "extended": assertions.EXTENDED},
        clock=clock,
        ids=ids,
        directory=snapshot,
        keys=following.keys,
        mint=following.mint,
        signins=events,
    )
    return Runtime(
        settings=settings,
        base=base,
        folder=folder,
        authority=authority,
        registry=registry,
        snapshot=snapshot,
        following=following,
        issuers=issuers,
        log=events,
        metrics=metrics,
        journal=journal,
        log_state=LogState(events, journal),
        place_mark=PlaceMark(folder.path / MARK, lookup.place, journal),
        administrator=_system(registry, authority, folder),
        test_issuer=test_issuer,
        provoking=provoking,
        damage=damage,
        exporter=_exporter(settings, base, folder, clock, log),
        admission=admission,
        rules=rules,
    )


def _listen(runtime: Runtime, around: Surroundings | None, ca_file: Path | None) -> None:
    """Put the two listeners' applications in front of an authority."""
    settings, authority, base, admission = runtime.settings, runtime.authority, runtime.base, runtime.admission
    emulator_only, provoking = runtime.folder.emulator, runtime.provoking
    failures = Failures(time.monotonic, shared=Shared(time.monotonic, hosts.networks(settings, "shared_networks")))
    tokens = TokenEndpoint(
        authority=authority,
        exchange=provoking.around(exchange) if provoking else exchange,
        senders=Senders(authority.ids, hosts.networks(settings, "trusted_proxies")),
        errors=Errors(base, errors.override(settings.refusals), settings.error_separator),
        admission=admission,
        observed=Observed(runtime.metrics, runtime.journal, runtime.snapshot, runtime.log_state),
        broken=runtime.journal.broken,
        seconds=time.perf_counter,
        patience=None if emulator_only else Patience(failures, KeysAtHand(authority.keys)),
        explanation=provoking.explaining(Explained, authority) if provoking and settings.explain_to_caller else None,
        strict_transport=settings.strict_transport and not emulator_only,
    )
    runtime.metrics.registry.register(
        Scraped(
            runtime.following.keys.standings,
            runtime.log,
            runtime.published,
            lambda: {"process": admission.limited, "sender": failures.limited},
        )
    )
    if runtime.exporter is not None:
        runtime.metrics.registry.register(Exported(runtime.exporter))
    rooms = {
        each: room
        for face in (directory_api, resource_manager, portal)
        for each, room in face.rooms(runtime, tokens).items()
    }
    if runtime.test_issuer is not None:
        from accredit.app import provoking_control, test_issuers

        controls = provoking_control.Controls(provoking).all()
        rooms["idp"] = test_issuers.serve(runtime, around or test_issuers.Surroundings(), ca_file, controls)
    documents = WellKnown(authority, runtime.published, hosts.known(settings, base), settings.region)
    recorded = provoking.recorded.of(tokens) if provoking else tokens
    runtime.front = Front(recorded, documents, hosts.served(settings, base), rooms, runtime.journal.broken)
    runtime.admin = Admin(hosts.of_admin(settings), runtime.ready, runtime.metrics.text, runtime.remarks)


def _system(registry: SqliteRegistry, authority: Authority, folder: Folder) -> Administrator:
    """Return the one who changes the directory when nobody asked: signing keys that grow old."""
    return Administrator(
        registry,
        authority.ids,
        authority.clock,
        Actor(name="accredit", kind="system"),
        base=authority.base,
        own_issuers=authority.own_issuers,
        emulator=folder.emulator,
    )


def _provoking(folder: Folder, clock: Clock) -> Any:  # noqa: ANN401  see above
    """Return what a test may do to an emulator; ``None`` in production, which does not even import it."""
    if not folder.emulator:
        return None
    from accredit.app.clock import SettableClock
    from accredit.app.provoking import Provoking

    return Provoking(SettableClock(clock))


def _derived(base: str) -> Mapping[str, UUID]:
    """Return the names of well-known resources that follow from our public URL."""
    known = wellknown.principals().values()
    return {name: each.app_id for each in known for name in wellknown.derived(each, base)}


async def _emitted(registry: SqliteRegistry, lookup: SqliteLookup, base: str) -> frozenset[str]:
    """Return every issuer string that we ever emitted, those of the present public URL included."""
    stored = lookup.emitted()
    today = {issuer(base, tenant, version) for tenant in lookup.tenant_ids() for version in (1, 2)}
    if not today <= stored:
        async with registry.transaction() as change:
            await change.emit(sorted(today))
    return stored | today


def _strangers(
    settings: Settings,
    base: str,
    folder: Folder,
    clock: Clock,
    ca_file: Path | None,
    listeners: frozenset[tuple[str, int]],
) -> tuple[Any, Rules]:
    """Return the emulator's test issuer, if there is one, and the rules for connections to strangers."""
    if not folder.emulator:
        return None, Rules(own_listeners=listeners)
    from accredit.app import test_issuers

    return test_issuers.issuer(settings, base, folder, clock, ca_file)


def _sink(settings: Settings, folder: Folder, clock: Clock, damage: Damage) -> SqliteSink:
    kept, export = settings.retention, OTLP if settings.export.otlp.endpoint else ""
    return SqliteSink(
        folder.database,
        clock,
        caps=Caps(
            age=timedelta(days=kept.days),
            size=kept.megabytes * MEGABYTE,
            counts=timedelta(days=kept.count_days),
            export=export,
        ),
        reserve=Reserve(share=kept.reserve_percent / 100, size=kept.reserve_megabytes * MEGABYTE),
        damage=damage,
    )


def _exporter(
    settings: Settings, base: str, folder: Folder, clock: Clock, log: structlog.BoundLogger
) -> Exporter | None:
    """Return what sends the sign-in log elsewhere, where that is wanted; nothing is imported for it elsewhere."""
    if not settings.export.otlp.endpoint:
        return None
    from accredit.app.exporting import Exporter

    return Exporter(
        settings.export.otlp,
        folder.database,
        base=base,
        holder=SystemIds().octets(_HOLDER),
        clock=clock,
        jitter=_CHANCE.random,
        log=log,
    )
