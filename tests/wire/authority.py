"""A whole emulator in process, on SQLite, with a clock that stands still: requests go straight into its application."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio.from_thread

from accredit import config
from accredit.administer import Administrator, issuers
from accredit.app import seed
from accredit.app.compose import build
from accredit.app.folder import begin_emulator, find
from accredit.app.runtime import Runtime
from accredit.exchange import JWT_BEARER
from accredit.signins import Event
from accredit.stores.event_reader import EventReader

BASE = "https://localhost:8443"
NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
TENANT = str(seed.TENANT_ID)
WORKLOAD = str(seed.WORKLOAD_ID)
ADMIN = str(seed.ADMIN_ID)
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"
ORDERS_SCOPE = "api://orders/.default"


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def code(self) -> int | None:
        """The AADSTS number of a refusal."""
        return self.json["error_codes"][0] if self.json["error_codes"] else None


@dataclass
class Wire:
    """What a test does with the emulator, without waiting."""

    runtime: Runtime
    clock: Clock
    portal: anyio.from_thread.BlockingPortal
    client: tuple[str, int] = ("127.0.0.1", 50_000)

    @property
    def administrator(self) -> Administrator:
        return self.runtime.administrator

    def run(self, call: Any, *arguments: Any, **options: Any) -> Any:
        """Run a coroutine function where the authority runs."""

        async def called() -> Any:
            return await call(*arguments, **options)

        return self.portal.call(called)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        application: Any = None,
    ) -> Answer:
        """Send one request and return the whole answer."""
        path, _, query = path.partition("?")
        sent = {"host": "localhost:8443", "content-length": str(len(body)), **(headers or {})}
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items() if value],
            "client": self.client,
        }
        told: list[Any] = []
        parts = [body[at : at + 65_536] for at in range(0, len(body), 65_536)] or [b""]

        async def receive() -> dict[str, Any]:
            part = parts.pop(0) if parts else b""
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            told.append(message)

        self.run(application or self.runtime.front, scope, receive, send)
        start, *rest = told
        named = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], named, b"".join(each.get("body", b"") for each in rest))

    def post(
        self, form: Mapping[str, str | None], path: str = TOKEN_PATH, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form; members that are ``None`` are left out."""
        body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
        return self.ask("POST", path, body, {"content-type": FORM, **(headers or {})})

    def mint(self, **params: Any) -> str:
        """Mint a token of the GitHub dialect."""
        request: dict[str, Any] = {"dialect": "github", "params": params}
        request |= {name: params.pop(name) for name in ("overrides", "header", "faults") if name in params}
        return str(self.runtime.test_issuer.mint(request).token)

    def form(self, **changed: str | None) -> dict[str, str | None]:
        """Return the five fields of an honest request, with changes; the assertion is honest when none is given."""
        assertion = changed.pop("client_assertion") if "client_assertion" in changed else self.mint()
        fields: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "client_id": WORKLOAD,
            "client_assertion_type": JWT_BEARER,
            "client_assertion": assertion,
            "scope": ORDERS_SCOPE,
        }
        return fields | changed

    def events(self) -> list[Event]:
        """Return every event, newest first."""
        with EventReader(self.runtime.folder.database) as reader:
            return list(reader.last(seed.TENANT_ID, limit=500))


@contextmanager
def wire(folder: Path, *, upload: bool = True, at: datetime = NOW, **settings: Any) -> Iterator[Wire]:
    """Run an emulator in ``folder``. ``upload``: GitHub's keys are uploaded, nothing is fetched. ``at``: its clock."""
    clock = Clock(at)
    told = config.read({}, secrets=None, profile="emulator", data=str(folder), **{"log_level": "error"} | settings)
    with anyio.from_thread.start_blocking_portal() as portal:

        async def begin() -> Runtime:
            where = find(told)
            await begin_emulator(where, BASE, clock)
            runtime = await build(told, base=BASE, folder=where, clock=clock)
            await runtime.start()
            return runtime

        runtime = portal.call(begin)
        made = Wire(runtime, clock, portal)
        try:
            if upload:
                upload_github(made)
            yield made
        finally:
            portal.call(runtime.close)


def upload_github(made: Wire) -> None:
    """Give the emulator GitHub's keys, as the test issuer publishes them."""
    keys = made.ask("GET", "/idp/github/.well-known/jwks").body.decode()
    made.run(issuers.upload, made.administrator, seed.marked("issuer github"), keys)
