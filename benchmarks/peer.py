"""The peer, npm ``oidc-provider``: started, warmed and asked like the product. See ``peer.mjs``."""

from __future__ import annotations

import http.client
import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from benchmarks import load, minting
from benchmarks.machine import Tree, free_port, pinned, refuse_other_listeners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.machine import Cores

ROOT = Path(__file__).parent.parent
NODE = ROOT / ".env/clients-node/bin/node"
MODULES = ROOT / "tests/clients/node"
CLIENTS = 100
WARMING = 1_000  # requests with each algorithm
RESOURCES = {"RS256": "urn:resource:rs256", "ES256": "urn:resource:es256"}
START = 30.0  # seconds for the peer to listen


@dataclass(frozen=True, slots=True)
class Peer:
    port: int
    tree: Tree
    key: minting.Key
    version: str

    def requests(self, algorithm: str, count: int) -> list[bytes]:
        """Token requests for the resource whose tokens bear ``algorithm``, each with an assertion of its own."""
        issuer = f"http://127.0.0.1:{self.port}"
        names = [f"client-{number % CLIENTS}" for number in range(count)]
        signed = minting.together(
            self.key.sign, (minting.claims(issuer=name, subject=name, audience=issuer) for name in names)
        )
        rest = f"&grant_type=client_credentials&resource={quote(RESOURCES[algorithm], safe='')}&scope=read"
        return [
            minting.request(
                f"127.0.0.1:{self.port}",
                "/token",
                f"client_id={name}&client_assertion_type={minting.ASSERTION_TYPE}&client_assertion={assertion}{rest}",
            )
            for name, assertion in zip(names, signed, strict=True)
        ]

    def key_set(self) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/jwks")
        found: dict[str, Any] = json.load(connection.getresponse())
        connection.close()
        return found

    def warm(self, cores: Cores) -> None:
        """Let the engine compile what it runs often."""
        for algorithm in RESOURCES:
            run = load.saturating(cores.load, self.port, self.requests(algorithm, WARMING))
            run.refuse_other_than(200, what=f"warming the peer with {algorithm}")

    def expected(self, algorithm: str) -> dict[str, Any]:
        return {"iss": f"http://127.0.0.1:{self.port}", "aud": RESOURCES[algorithm], "scope": "read"}


@contextmanager
def running(core: int, directory: Path) -> Iterator[Peer]:
    """Run the peer on a core."""
    if not NODE.exists():
        raise SystemExit("Node is not set up: run scripts/setup.sh clients-node")
    key, port = minting.Key.new("client"), free_port()
    options = directory / "peer.json"
    clients = [f"client-{number}" for number in range(CLIENTS)]
    options.write_text(json.dumps({"port": port, "modules": str(MODULES), "clients": clients, "jwk": key.jwk()}))
    with (directory / "peer.log").open("w") as log, pinned(core):
        process = subprocess.Popen(
            [NODE, Path(__file__).with_suffix(".mjs"), options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={"NODE_ENV": "production"},
        )
    try:
        assert process.stdout is not None
        if not (said := process.stdout.readline()):
            raise SystemExit(f"the peer did not start: {(directory / 'peer.log').read_text()}")
        peer = Peer(port, Tree(process.pid), key, json.loads(said)["version"])
        refuse_other_listeners(port, peer.tree)
        yield peer
    finally:
        process.terminate()
        process.wait(START)
