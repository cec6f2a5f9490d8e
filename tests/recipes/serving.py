"""The APIs of the recipes, each served as its page says: a real server in a process of its own, on a loopback port."""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

import httpx2
import pytest

from tests.recipes.presented import Shown

ROOT = Path(__file__).parents[2]
PAGES, CODE = ROOT / "docs/recipes", ROOT / "examples/recipes"
STARTS_WITHIN = 30.0  # seconds, on a machine that is busy with other tests
ENDS_WITHIN = 10.0  # seconds
SERVED = re.compile(r"^```sh\n((?:export .*\n)+)(.*8000.*)\n```$", re.MULTILINE)
NOBODY = "https://localhost:9"  # discard: nothing answers here


def commands(page: str) -> list[list[str]]:
    """What a page says to start its APIs with; the port is 8000."""
    return [shlex.split(command) for _, command in SERVED.findall((PAGES / page).read_text("utf-8"))]


def settings(page: str) -> set[str]:
    """The variables that a page sets before."""
    exports = "".join(lines for lines, _ in SERVED.findall((PAGES / page).read_text("utf-8")))
    return set(re.findall(r"^export (\w+)=", exports, re.MULTILINE))


def configured(what: Shown, **changes: str) -> dict[str, str]:
    """The variables of an API that takes these tokens."""
    roots = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), what.ca_file)
    found = {"ISSUER": what.issuer, "AUDIENCE": what.audience, "EMULATOR": "accepted", **roots, **changes}
    return {name: value for name, value in found.items() if value}


@contextmanager
def served(
    command: list[str], folder: Path, variables: Mapping[str, str], programs: Path = Path(sys.executable).parent
) -> Iterator[httpx2.Client]:
    """Start one API; what is given is a client of it. It ends with the block."""
    port = _free_port()
    told = [part.replace("8000", str(port)) for part in command]
    process = subprocess.Popen(
        [programs / told[0], *told[1:]],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PORT": str(port), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            yield client
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=ENDS_WITHIN)
        process.kill()
        process.wait()


def until_it_answers(client: httpx2.Client) -> None:
    """Wait until a server answers at all."""
    until = monotonic() + STARTS_WITHIN
    while monotonic() < until:
        with suppress(httpx2.TransportError):
            client.get("/orders")
            return
        sleep(0.05)
    pytest.fail("the API of the recipe does not answer", pytrace=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
