"""An authority's view of issuers without the authority: a store on disk, real TLS on this machine, a clock that moves.

The issuer answers as one of the test issuer's outages, or as it is told.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

from accredit.administer import Administrator, issuers, probing, tenants
from accredit.app.folder import Folder
from accredit.app.issuer_keys import Watched, watched
from accredit.directory import Tenant
from accredit.errors import Refused
from accredit.issuers import Issuer, KeyReference, freshness
from accredit.issuers.probe import Probe, Step
from accredit.outbound import OwnCa, Rules, emulator
from accredit.outbound.resolve import Resolve
from accredit.query import Compare, Query
from accredit.signins import Actor, Audit
from accredit.stores.fresh import create
from accredit.stores.health import Damage
from accredit.stores.sqlite import SqliteRegistry
from accredit.testidp import bad_keys
from accredit.testidp.outages import HELD, OUTAGES, Answer, Request, Which
from tests.outbound.rig import Server, Site, resolving, server, site
from tests.support.ports import CountedIds
from tests.testidp import workbench

LOCAL = server("localhost", "127.0.0.1")
HERE = resolving(localhost=["127.0.0.1"])
ANYWHERE = emulator(own_ca=OwnCa(frozenset({"localhost", "127.0.0.1"}), LOCAL.ca))
SHORT = replace(freshness.EMULATOR, fetch_within=0.4, connect_within=0.3)
"""The limits of an emulator, for who has no time to wait for an issuer that hangs."""


@lru_cache
def jwk(number: int = 0) -> Mapping[str, Any]:
    """A key of GitHub's test issuer; another one for each number."""
    honest = workbench.shared().platform("github").keyring.published("RS256")[0].jwk
    return honest if not number else {**dict(bad_keys.behind_many(honest)[number]), "use": "sig", "alg": "RS256"}  # type: ignore[call-overload]


@dataclass
class Ward:
    """Everything at hand: ``url`` is the issuer's, answered by ``site``."""

    database: Path
    site: Site
    by: Administrator
    registry: SqliteRegistry
    tenant: Tenant
    side: Watched
    at: list[datetime]
    seconds: list[float]
    keys: list[Mapping[str, Any]] = field(default_factory=lambda: [jwk()])

    @property
    def url(self) -> str:
        return f"https://localhost:{self.site.port}"

    def advance(self, **by: float) -> None:
        self.at[0] += timedelta(**by)
        self.seconds[0] += timedelta(**by).total_seconds()

    async def record(self, **members: Any) -> Issuer:
        return await issuers.create(self.by, self.tenant.id, members.pop("url", self.url), **members)

    def publish(self, outage: str = "", *keys: Mapping[str, Any], issuer: str = "", jwks_uri: str = "") -> None:
        """Answer as an honest issuer with these keys, or with what an outage makes of it."""
        discovery = {"issuer": issuer or self.url, "jwks_uri": jwks_uri or f"{self.url}/keys"}
        documents: dict[Which, tuple[str, dict[str, Any]]] = {
            "discovery": ("/.well-known/openid-configuration", discovery),
            "jwks": ("/keys", {"keys": list(keys or self.keys)}),
        }
        for which, (path, document) in documents.items():
            asked = Request(which, self.url + path, document)
            answer = OUTAGES[outage].change(asked) if outage else Answer(json.dumps(document).encode())
            self.site.answers[path] = _served(answer)

    async def probe(self, **asked: Any) -> Probe:
        """Probe an issuer, a minute after whatever was done before."""
        self.advance(minutes=2)
        return await probing.probe(self.by, self.side.watch, self.tenant.id, **asked)

    async def fetch(self, record: Issuer) -> None:
        """Fetch the keys as a sign-in does, and write down what that shows."""
        self.advance(minutes=10)
        with suppress(Refused):  # it stands in the history
            await self.side.keys.of(record, KeyReference(alg="RS256", kid=str(self.keys[0]["kid"])))
        await asyncio.to_thread(self.side.news.write)

    async def drifts(self) -> list[dict[str, Any]]:
        """Every drift that was told, oldest first, as what its record says."""
        return [
            {each.name: json.loads(each.after) for each in audit.targets[0].modified}
            for audit in await self.audits("Issuer drift")
        ]

    async def audits(self, activity: str) -> list[Audit]:
        condition = Compare("activityDisplayName", "eq", activity)
        async with self.registry.reading() as store:
            found = await store.audits.search(Query(condition=condition, limit=999), tenant_id=self.tenant.id)
        return [*reversed(found.things)]


@asynccontextmanager
async def ward(
    folder: Path,
    *,
    portability: Any = "entra",
    tls: Server | None = LOCAL,
    rules: Rules = ANYWHERE,
    resolve: Resolve = HERE,
) -> AsyncIterator[Ward]:
    """Open one in an empty folder."""
    found = Folder(folder, folder / "master.key", emulator=True)
    create(found.database)
    at, seconds = [datetime.now(UTC)], [1_000.0]
    registry = SqliteRegistry(found.database)
    by = Administrator(registry, CountedIds(), lambda: at[0], Actor(name="ada"), emulator=True)
    side = watched(
        found,
        rules,
        while_waiting=nullcontext,
        clock=lambda: at[0],
        seconds=lambda: seconds[0],
        log=structlog.get_logger(),
        damage=Damage(),
        limits=SHORT,
        resolve=resolve,
    )
    try:
        tenant = await tenants.create(by, display_name="Contoso", domains=("contoso.test",), portability=portability)
        async with site(tls) as answering:
            made = Ward(found.database, answering, by, registry, tenant, side, at, seconds)
            made.publish()
            yield made
    finally:
        await side.keys.close()
        side.news.close()
        registry.close()


def steps(of: Probe) -> dict[str, Step]:
    return {each.id: each for each in of.steps}


def ids(of: Probe, status: str) -> str:
    return " ".join(each.id for each in of.steps if each.status == status)


def _served(answer: Answer) -> Any:
    lines = [f"HTTP/1.1 {answer.status} As told", f"content-type: {answer.content_type}"]
    lines += [f"content-length: {len(answer.body)}", *(f"{name}: {value}" for name, value in answer.headers)]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"

    async def serve(writer: asyncio.StreamWriter) -> None:
        if answer.cut:
            return
        writer.write(head if answer.delay == 0 else b"")
        if answer.delay or answer.drip:
            await writer.drain()
            await asyncio.sleep(HELD)  # ended with the site
        writer.write(answer.body)
        await writer.drain()

    return serve
