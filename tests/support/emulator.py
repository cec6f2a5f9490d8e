"""A running emulator in a process of its own, and what a test may do beside it: mint, administer, read its log.

One for each worker of a test run; whatever a test changes, it changes for an application of its own (``workload.py``).
"""

import json
import os
import signal
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import jwt
import pytest
from prometheus_client.parser import text_string_to_metric_families

from accredit import config
from accredit.administer import Administrator
from accredit.app.local import Local, local
from accredit.signins import Actor, Event

T = TypeVar("T")

STARTS_WITHIN = 30.0  # seconds, on a machine that is busy with other tests
ENDS_WITHIN = 30.0  # seconds


@dataclass(frozen=True)
class Emulator:
    """Where an emulator answers, and everything its ready file says."""

    data: Path
    ready: Mapping[str, Any]

    @property
    def url(self) -> str:
        return str(self.ready["url"])

    @property
    def host(self) -> str:
        """Host and port, as clients send them."""
        return self.url.removeprefix("https://")

    @property
    def ca_file(self) -> Path:
        return Path(self.ready["ca_file"])

    @property
    def tenant_id(self) -> UUID:
        return UUID(self.ready["tenant_id"])

    @cached_property
    def http(self) -> httpx2.Client:
        """A plain client that trusts the emulator's CA."""
        return httpx2.Client(verify=ssl.create_default_context(cafile=self.ca_file), trust_env=False, timeout=30)

    def token_endpoint(self, tenant: UUID | str | None = None, version: int = 2) -> str:
        path = "oauth2/v2.0/token" if version == 2 else "oauth2/token"
        return f"{self.url}/{tenant or self.tenant_id}/{path}"

    def mint(self, dialect: str = "github", **body: object) -> str:
        """A token of one of the emulator's test issuers; ``body``: params, overrides, header, faults."""
        answer = self.http.post(f"{self.ready['idp_url']}/_mint", json={"dialect": dialect, **body})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    @contextmanager
    def store(self) -> Iterator[Local]:
        """The emulator's store, opened beside it, as a command of another process opens it."""
        with local(
            config.read({}, secrets=None, profile="emulator", data=str(self.data), public_url=self.url)
        ) as found:
            yield found

    def administer(self, change: Callable[[Administrator], Coroutine[Any, Any, T]]) -> T:
        """Make one change of the directory beside the server; when this returns, the next request sees it."""
        with self.store() as store:
            return store.run(change(store.administrator(Actor(name="test", kind="local"))))

    def events(self, app_id: UUID, tenant_id: UUID | None = None) -> list[Event]:
        """The sign-ins of one application, newest first."""
        with self.store() as store, store.events() as log:
            return log.last(tenant_id or self.tenant_id, app_id)

    def exchanges(self) -> Counter[tuple[str, str, str]]:
        """How often the token endpoint answered, by result, code and kind of evidence."""
        return self._counted("accredit_exchanges_total", "result", "code", "evidence")

    def fetches(self) -> Counter[str]:
        """How often each issuer was asked for its documents, with success or without."""
        found = self._counted("accredit_issuer_fetch_total", "issuer")
        return Counter({issuer: times for (issuer,), times in found.items()})

    def _counted(self, metric: str, *labels: str) -> Counter[Any]:
        """Add up a metric over all labels but these."""
        text = httpx2.get(f"{self.ready['admin_url']}/metrics", trust_env=False).text
        found: Counter[Any] = Counter()
        for family in text_string_to_metric_families(text):
            for each in family.samples:
                if each.name == metric:
                    found[tuple(each.labels[label] for label in labels)] += int(each.value)
        return found

    def keys(self, tenant: UUID | str, version: int = 2) -> jwt.PyJWKClient:
        """The published key set, read by PyJWT."""
        path = "discovery/v2.0/keys" if version == 2 else "discovery/keys"
        return _keys(f"{self.url}/{tenant}/{path}", self.ca_file)


@cache  # for each key set
def _keys(url: str, ca_file: Path) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(url, ssl_context=ssl.create_default_context(cafile=ca_file))


@contextmanager
def running(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """Start an emulator with its data in ``folder``, wait until it answers, and end it when the block ends."""
    data, ready_file, said = folder / "data", folder / "ready.json", folder / "emulator.log"
    command = (sys.executable, "-m", "accredit", "serve", "--profile", "emulator", "--port", "0")
    with said.open("wb") as log:
        process = subprocess.Popen(
            (*command, "--data", str(data), "--ready-file", str(ready_file), *options),
            env={**os.environ, **(environment or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        emulator = Emulator(data, _until_ready(process, ready_file, said))
        try:
            yield emulator
        finally:
            emulator.http.close()
    finally:
        _end(process)


def _until_ready(process: "subprocess.Popen[bytes]", ready_file: Path, said: Path) -> dict[str, Any]:
    until = monotonic() + STARTS_WITHIN
    while not ready_file.exists():
        if process.poll() is not None or monotonic() > until:
            pytest.fail(f"the emulator did not start:\n{said.read_text()}", pytrace=False)
        sleep(0.02)
    found: dict[str, Any] = json.loads(ready_file.read_text())
    return found


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator of this worker, shared by all its tests."""
    with running(tmp_path_factory.mktemp("emulator")) as found:
        yield found
