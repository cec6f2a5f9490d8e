"""B13: what the directory API takes to answer, with 10^5 applications in its database.

Every call goes through the whole application, from the bytes of a request to the bytes of its answer, in this process:
what is measured is the server's time, without the network's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from accredit import config
from accredit.app import seed
from accredit.app.compose import build
from accredit.app.folder import find
from benchmarks import crowd, inside
from benchmarks.figures import ROUNDS, Figure, Target, median, millis, rounded
from benchmarks.machine import pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from accredit.app.folder import Folder
    from accredit.app.runtime import Runtime
    from accredit.config import Settings
    from benchmarks.machine import Cores

MILLISECONDS = Target("<=", 20.0, 10.0)
APPLICATIONS = 100_000
PAGE = 100  # applications
CALLS = 60  # of each kind in a quick round
FORM = b"application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    seconds: float
    body: dict[str, Any]

    @property
    def values(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["value"]
        return found


@dataclass(slots=True)
class Api:
    """The application of one server, asked without a connection. An answer that is no success ends the benchmark."""

    runtime: Runtime
    token: str = ""

    async def ask(self, method: str, path: str, body: bytes = b"", more: Sequence[tuple[bytes, bytes]] = ()) -> Answer:
        token = [(b"authorization", f"Bearer {self.token}".encode())] if self.token else []
        told = await inside.ask(self.runtime.front, method, path, body, [*token, *more])
        if told.status != 200:
            raise SystemExit(f"{method} {path}: {told.status} {told.body[:2000]!r}")
        return Answer(told.seconds, json.loads(told.body))

    async def get(self, path: str) -> Answer:
        return await self.ask("GET", path)

    async def sign_in(self) -> None:
        """Take a token as the emulator's administrator."""
        fields = {
            "grant_type": "client_credentials",
            "client_id": str(seed.ADMIN_ID),
            "client_secret": seed.ADMIN_SECRET,
            "scope": "https://graph.microsoft.com/.default",
        }
        path = f"/{seed.TENANT_ID}/oauth2/v2.0/token"
        answer = await self.ask("POST", path, urlencode(fields).encode(), [(b"content-type", FORM)])
        self.token = answer.body["access_token"]


def b13(cores: Cores, path: Path, *, quick: bool) -> Figure:
    """The figure is the slowest kind of call; each of them has to hold."""
    settings = config.read({}, secrets=None, profile="emulator", data=str(path / "data"), log_level="error")
    folder = find(settings)
    begun = time.monotonic()
    crowd.fill(folder, APPLICATIONS)
    filled = time.monotonic() - begun
    with pinned(cores.measured):
        took, pages = asyncio.run(_measured(settings, folder, CALLS if quick else 10 * CALLS))
    worst = {kind: median([millis(each, 0.99) for each in rounds]) for kind, rounds in took.items()}
    details = {
        "applications": APPLICATIONS,
        "pages_walked": pages,
        "p50_ms": {kind: rounded(median([millis(each, 0.5) for each in rounds])) for kind, rounds in took.items()},
        "p99_ms_of_rounds": {kind: [rounded(millis(each, 0.99)) for each in rounds] for kind, rounds in took.items()},
        "rounds": ROUNDS,
        "calls_of_each_kind": len(next(iter(took.values()))[0]),
        "filled_in_s": round(filled, 1),
        "database_mb": round(folder.database.stat().st_size / 1e6),
    }
    further = {kind: (value, MILLISECONDS) for kind, value in worst.items()}
    return Figure("B13", max(worst.values()), MILLISECONDS, further=further, details=details)


async def _measured(settings: Settings, folder: Folder, calls: int) -> tuple[dict[str, list[list[float]]], int]:
    runtime = await build(settings, base=crowd.BASE, folder=folder, clock=lambda: datetime.now(UTC))
    await runtime.start()
    try:
        api = Api(runtime)
        await api.sign_in()
        gc.collect()
        gc.freeze()  # as the server does when it is ready, before its first call
        links = await _walk(api)
        kinds = _kinds(random.Random(13), links)  # noqa: S311  the same calls every time
        took: dict[str, list[list[float]]] = {kind: [] for kind in kinds}
        for _ in range(ROUNDS):
            for kind, call in kinds.items():
                took[kind].append([await call().took(api) for _ in range(calls)])
        return took, len(links) + 1
    finally:
        await runtime.close()


async def _walk(api: Api) -> list[str]:
    """Follow the pages from the first to the last; every application stands on exactly one of them."""
    links, seen = [f"/v1.0/applications?$top={PAGE}"], list[str]()
    while links[-1]:
        answer = await api.get(links[-1])
        seen += [each["appId"] for each in answer.values]
        at = urlsplit(answer.body.get("@odata.nextLink", ""))
        links.append(f"{at.path}?{at.query}" if at.path else "")
    expected = {str(crowd.app_id(number)) for number in range(APPLICATIONS)}
    if len(seen) != len(set(seen)) or not expected <= set(seen):
        raise SystemExit(f"{len(seen)} applications on all pages, {len(set(seen))} of them different")
    return links[1:-1]


@dataclass(frozen=True, slots=True)
class Call:
    """One call, and the appIds that it has to find; ``None``: a full page of whatever there is."""

    path: str
    app_ids: list[str] | None = None

    async def took(self, api: Api) -> float:
        answer = await api.get(self.path)
        found = [each["appId"] for each in answer.body.get("value", [answer.body])]
        if len(found) != PAGE if self.app_ids is None else found != self.app_ids:
            raise SystemExit(f"{self.path} found {found}")
        return answer.seconds


def _kinds(dice: random.Random, links: Sequence[str]) -> dict[str, Callable[[], Call]]:
    """The calls by the name of their kind: each time another one."""
    deep = links[len(links) // 2 : -1]
    alike = [crowd.COMMON, *(crowd.COMMON + each for each in crowd.NAMES)]

    def by(clause: Callable[[int], str], of: str = "applications") -> Callable[[], Call]:
        def made() -> Call:
            number = dice.randrange(APPLICATIONS)
            return Call(f"/v1.0/{of}?$filter={quote(clause(number))}", [str(crowd.app_id(number))])

        return made

    def key() -> Call:
        app_id = str(crowd.app_id(dice.randrange(APPLICATIONS)))
        return Call(f"/v1.0/applications(appId='{app_id}')", [app_id])

    def begins_alike() -> Call:
        return Call(f"/v1.0/applications?$filter=startswith(displayName,'{dice.choice(alike)}')&$top={PAGE}")

    return {
        "first_page": lambda: Call(f"/v1.0/applications?$top={PAGE}"),
        "deep_page": lambda: Call(dice.choice(deep)),
        "app_id": by(lambda number: f"appId eq '{crowd.app_id(number)}'"),
        "app_id_key": key,
        "name_begins_one": by(lambda number: f"startswith(displayName,'{crowd.name(number)}')"),
        "name_begins_page": begins_alike,
        "identifier": by(lambda number: f"identifierUris/any(s:s eq '{crowd.identifier(number)}')"),
        "principal_name": by(lambda n: f"servicePrincipalNames/any(c:c eq '{crowd.app_id(n)}')", "servicePrincipals"),
    }
