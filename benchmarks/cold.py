"""B11: from the command to the first token, in a data directory that does not exist yet; and the memory it took.

Also what a test waits for: the same application in a thread of the test's process, with keys that are ready.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from benchmarks import oracle
from benchmarks.figures import Figure, Target, median, rounded, spread
from benchmarks.machine import Tree, pinned, refuse_other_listeners

if TYPE_CHECKING:
    from benchmarks.machine import Cores

SECONDS = Target("<=", 1.0, 0.6)
MEGABYTES = Target("<=", 90.0, 60.0)
KIT = Target("<=", 50.0, 30.0)  # milliseconds
STARTS = 7
KIT_STARTS = 20
SAMPLE = Target("<=", 5.0, 3.0)  # seconds of all tests of examples/orders
SAMPLE_PROJECT = Path(__file__).parents[1] / "examples/orders"
SAMPLE_PLUGINS = ("-p", "accredit.testing.plugin", "-p", "xdist.plugin", "-p", "no:cacheprovider", "-q")
LONGEST = 20.0  # seconds for one start
LOOK_EVERY = 0.001  # seconds between two looks for the ready file
KIT_PROGRAM = """
import json, sys, time
begun = time.perf_counter()
from accredit.testing import authority
taken = []
for _ in range(int(sys.argv[1]) + 1):
    with authority() as found:
        taken.append((time.perf_counter() - begun) * 1e3)
        assert found.http.get(found.openid_configuration).json()["issuer"] == found.issuer
    begun = time.perf_counter()
print(json.dumps(taken))
"""
"""Starts an authority several times in one process. The first start imports what serves, and makes the keys."""
RESOURCE = "api://orders"
MINT = {
    "dialect": "github",
    "params": {
        "repository": "octo-org/octo-repo",
        "repository_id": "456789",
        "repository_owner_id": "123456",
        "environment": "production",
        "immutable": True,
    },
}


@dataclass(frozen=True, slots=True)
class Start:
    seconds: float  # from the command to the first token
    ready: float  # seconds until the ready file was there
    memory: float  # megabytes, resident, with the first token
    cpu: float  # seconds


def b11(cores: Cores, path: Path, *, quick: bool) -> Figure:
    """One start does not count: it leaves compiled modules and warm file caches, as an installation does."""
    starts = [_start(cores, path, number) for number in range((STARTS if quick else 2 * STARTS) + 1)][1:]
    seconds = [each.seconds for each in starts]
    details = {
        "of_starts": [rounded(each) for each in seconds],
        "spread": spread(seconds),
        "ready_s": rounded(median([each.ready for each in starts])),
        "cpu_s": rounded(median([each.cpu for each in starts])),
        "starts": len(starts),
    }
    kit, first = _kit(cores, path, STARTS if quick else KIT_STARTS)
    details |= {"kit_of_starts_ms": [rounded(each) for each in kit], "kit_with_imports_ms": rounded(first)}
    further = {
        "memory_mb": (median([each.memory for each in starts]), MEGABYTES),
        "kit_ms": (median(kit), KIT),
        "sample_project_s": (_sample(path, workers=0), SAMPLE),
        "sample_project_in_parallel_s": (_sample(path, workers=2), SAMPLE),
    }
    return Figure("B11", median(seconds), SECONDS, further=further, details=details)


def _kit(cores: Cores, path: Path, number: int) -> tuple[list[float], float]:
    """Return how long the test kit takes to start, in milliseconds: again and again; and first, with its imports.

    The keys are made by a process before: a machine on which a test has run once has them.
    """
    environment = {**os.environ, "XDG_CACHE_HOME": str(path / "cache")}
    taken: list[float] = []
    for starts in (0, number):
        command = [sys.executable, "-c", KIT_PROGRAM, str(starts)]
        with pinned(cores.measured):
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        said, _ = process.communicate(timeout=LONGEST + KIT_STARTS)
        if process.returncode:
            raise SystemExit("the test kit did not start")
        taken = json.loads(said)
    return taken[1:], taken[0]


def _sample(path: Path, *, workers: int) -> float:
    """Return the seconds that the tests of the sample project take, with what they import."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(path / "cache"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", *SAMPLE_PLUGINS, "-n", str(workers)]
    begun = time.perf_counter()
    ended = subprocess.run(
        command, cwd=SAMPLE_PROJECT, env=environment, stdout=subprocess.DEVNULL, timeout=LONGEST + 40, check=False
    )
    if ended.returncode:
        raise SystemExit("the tests of the sample project failed")
    return time.perf_counter() - begun


def _start(cores: Cores, path: Path, number: int) -> Start:
    ready_file, log = path / f"ready-{number}.json", path / f"serve-{number}.log"
    command = [sys.executable, "-m", "accredit", "serve", "--profile", "emulator", "--port", "0"]
    command += ["--data", str(path / f"data-{number}"), "--ready-file", str(ready_file)]
    with log.open("w") as written:
        begun = time.perf_counter()
        with pinned(cores.measured):
            process = subprocess.Popen(command, stdout=written, stderr=written)
        try:
            with pinned(cores.load):
                ready = _ready(process, ready_file, log)
                became_ready = time.perf_counter() - begun
                answer = _first_token(ready)
                seconds = time.perf_counter() - begun
            tree = Tree(process.pid)
            found = Start(seconds, became_ready, tree.memory(), tree.cpu())
            _refuse_unverified(ready, answer, tree)
        finally:
            process.terminate()
            process.wait(LONGEST)
    return found


def _ready(process: subprocess.Popen[bytes], ready_file: Path, log: Path) -> dict[str, Any]:
    ends = time.perf_counter() + LONGEST
    while not ready_file.exists():
        if process.poll() is not None or time.perf_counter() > ends:
            raise SystemExit(f"the emulator did not start:\n{log.read_text()[-4000:]}")
        time.sleep(LOOK_EVERY)
    ready: dict[str, Any] = json.loads(ready_file.read_text())
    return ready


def _first_token(ready: dict[str, Any]) -> bytes:
    """Mint an assertion and exchange it, as a client without any library would."""
    idp, workload = urlsplit(ready["idp_url"]), ready["workload"]
    minted = _asked(ready, "POST", f"{idp.path}/_mint", json.dumps(MINT), "application/json")
    form = {
        "client_id": workload["client_id"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": json.loads(minted)["token"],
        "grant_type": "client_credentials",
        "scope": f"{RESOURCE}/.default",
    }
    path = f"/{ready['tenant_id']}/oauth2/v2.0/token"
    return _asked(ready, "POST", path, urlencode(form), "application/x-www-form-urlencoded")


def _asked(ready: dict[str, Any], method: str, path: str, body: str = "", kind: str = "text/plain") -> bytes:
    url = urlsplit(ready["url"])
    context = ssl.create_default_context(cafile=ready["ca_file"])
    connection = http.client.HTTPSConnection(str(url.hostname), url.port, timeout=10, context=context)
    try:
        connection.request(method, path, body or None, {"Content-Type": kind} if body else {})
        answer = connection.getresponse()
        found = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise SystemExit(f"{method} {path}: {answer.status} {found[:2000]!r}")
    return found


def _refuse_unverified(ready: dict[str, Any], answer: bytes, tree: Tree) -> None:
    refuse_other_listeners(int(urlsplit(ready["url"]).port or 0), tree)
    keys = json.loads(_asked(ready, "GET", f"/{ready['tenant_id']}/discovery/v2.0/keys"))
    expected = {"iss": f"{ready['url']}/{ready['tenant_id']}/v2.0", "azp": ready["workload"]["client_id"]}
    oracle.refuse_unverified([answer], keys, algorithm="RS256", expected=expected)
