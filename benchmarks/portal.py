"""B15: what a page of the portal takes, in an emulator's own tenant and in one with 10^5 applications.

Every page goes through the whole application, from the bytes of a request to the bytes of its answer, in this process:
what is measured is the server's time, without the network's and the browser's.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from accredit import config
from accredit.app import seed
from accredit.app.compose import build
from accredit.app.folder import find
from benchmarks import crowd, inside
from benchmarks.figures import ROUNDS, Figure, Target, median, millis, rounded
from benchmarks.machine import pinned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from accredit.app.folder import Folder
    from accredit.app.runtime import Runtime
    from accredit.config import Settings
    from benchmarks.machine import Cores

MILLISECONDS = Target("<=", 100.0, 50.0)
APPLICATIONS = 100_000
CALLS = 10  # of each page in a quick round
OURS = (b"sec-fetch-site", b"same-origin")
FORM = (b"content-type", b"application/x-www-form-urlencoded")
TENANT = f"/portal/{seed.TENANT_DOMAIN}"


@dataclass(slots=True)
class Visitor:
    """Somebody signed in. A page that is not there, or a refusal, ends the benchmark."""

    runtime: Runtime
    cookie: bytes = b""

    async def sign_in(self) -> None:
        told = await inside.ask(self.runtime.front, "POST", "/portal/sign-in/emulator", b"next=", [OURS, FORM])
        if told.status != 303:
            raise SystemExit(f"signing in: {told.status} {told.body[:2000]!r}")
        self.cookie = next(value for name, value in told.headers if name == b"set-cookie").split(b";")[0]

    async def took(self, path: str, found: str = "") -> float:
        told = await inside.ask(self.runtime.front, "GET", path, more=[OURS, (b"cookie", self.cookie)])
        if told.status != 200 or found not in told.body.decode():
            raise SystemExit(f"{path}: {told.status}, {found!r} expected: {told.body[:2000]!r}")
        return told.seconds


def b15(cores: Cores, path: Path, *, quick: bool) -> Figure:
    """The figure is the slowest page of both tenants; each page has to hold."""
    calls = CALLS if quick else 5 * CALLS
    took: dict[str, list[list[float]]] = {}
    begun = time.monotonic()
    for name, applications in (("emulator", 0), ("crowd", APPLICATIONS)):
        settings = config.read({}, secrets=None, profile="emulator", data=str(path / name), log_level="error")
        folder = find(settings)
        crowd.fill(folder, applications or 1)
        with pinned(cores.measured):
            took |= asyncio.run(_measured(settings, folder, name, applications or 1, calls))
    worst = {kind: median([millis(each, 0.99) for each in rounds]) for kind, rounds in took.items()}
    details = {
        "applications": APPLICATIONS,
        "p50_ms": {kind: rounded(median([millis(each, 0.5) for each in rounds])) for kind, rounds in took.items()},
        "rounds": ROUNDS,
        "calls_of_each_page": calls,
        "with_filling_s": round(time.monotonic() - begun, 1),
    }
    further = {kind: (value, MILLISECONDS) for kind, value in worst.items()}
    return Figure("B15", max(worst.values()), MILLISECONDS, further=further, details=details)


async def _measured(
    settings: Settings, folder: Folder, name: str, applications: int, calls: int
) -> dict[str, list[list[float]]]:
    runtime = await build(settings, base=crowd.BASE, folder=folder, clock=lambda: datetime.now(UTC))
    await runtime.start()
    try:
        visitor = Visitor(runtime)
        await visitor.sign_in()
        pages = _pages(random.Random(15), applications)  # noqa: S311  the same pages every time
        for page in pages.values():
            await visitor.took(*page())  # what is made with the first of its kind
        gc.collect()
        gc.freeze()
        took: dict[str, list[list[float]]] = {f"{name}_{kind}": [] for kind in pages}
        for _ in range(ROUNDS):
            for kind, page in pages.items():
                took[f"{name}_{kind}"].append([await visitor.took(*page()) for _ in range(calls)])
        return took
    finally:
        await runtime.close()


def _pages(dice: random.Random, applications: int) -> dict[str, Callable[[], tuple[str, str]]]:
    """The pages by name: where each is, and what must be on it."""

    def plain(path: str) -> Callable[[], tuple[str, str]]:
        return lambda: (f"{TENANT}{path}", "</html>")

    def one(part: str) -> Callable[[], tuple[str, str]]:
        def made() -> tuple[str, str]:
            app_id = crowd.app_id(dice.randrange(applications))
            return f"{TENANT}/applications/{app_id}{part}", "</html>" if part else str(app_id)

        return made

    def begins() -> tuple[str, str]:
        name = crowd.name(dice.randrange(applications))
        return f"{TENANT}/applications?name={name}", name

    def searched() -> tuple[str, str]:
        name = crowd.name(dice.randrange(applications))
        return f"{TENANT}/search?q={name}", name

    return {
        "overview": plain(""),
        "applications": plain("/applications"),
        "enterprise_apps": plain("/enterprise-apps"),
        "sign_ins": plain("/sign-ins"),
        "issuers": plain("/issuers"),
        "settings": plain("/settings"),
        "applications_by_name": begins,
        "search": searched,
        "application": one(""),
        "credentials": one("/credentials"),
        "add_credential": one("/credentials/new"),
        "permissions": one("/permissions"),
    }
