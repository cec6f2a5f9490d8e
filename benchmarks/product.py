"""The product in its production profile: a data directory made and filled, a server started on a core of its own.

Plain HTTP on loopback, as behind a proxy that ends TLS; everything else is the default: the durable sign-in log, the
metrics, the limits, one process.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from accredit.app.folder import ALGORITHMS, DATABASE, MASTER_KEY, Folder
from accredit.issuers import Issuer, IssuerUrl
from accredit.signing import create_master_key
from accredit.stores import fresh
from accredit.stores.memory import MemoryRegistry
from accredit.trust import DEFAULT_AUDIENCE
from benchmarks import directory, load, minting
from benchmarks.directory import CREDENTIALS, TENANT, Contents
from benchmarks.machine import Tree, free_port, pinned, refuse_other_listeners

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.machine import Cores

HOST = "sts.benchmark.test"
PATH = f"/{TENANT}/oauth2/v2.0/token"
START = 30.0  # seconds for the server to be ready
STOP = 30.0  # seconds for it to end
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Product:
    """A running server, and what it takes to ask it for tokens."""

    port: int
    tree: Tree
    contents: Contents
    keys: Sequence[minting.Key]  # of the issuers

    def requests(self, algorithm: str, count: int) -> list[bytes]:
        """Requests for all applications in turn, each with another of its credentials, and an assertion of its own."""
        places = [self.place(number) for number in range(count)]
        made: dict[int, list[str]] = {}
        for index, key in enumerate(self.keys):
            mine = [each for each in places if each[1] % len(self.keys) == index]
            made[index] = minting.together(key.sign, (self.claims(*each) for each in mine))[::-1]
        return [
            self.request(algorithm, str(directory.client_id(application)), made[credential % len(self.keys)].pop())
            for application, credential in places
        ]

    def place(self, number: int) -> tuple[int, int]:
        """Application and credential of the request of this number."""
        rounds, application = divmod(number, self.contents.applications)
        return application, (application + rounds) % CREDENTIALS

    def claims(self, application: int, credential: int, age: float = 0.0) -> dict[str, Any]:
        issuer, subject = self.contents.issuer(credential).url, directory.subject(application, credential)
        return minting.claims(issuer=issuer, subject=subject, audience=DEFAULT_AUDIENCE, age=age)

    def request(self, algorithm: str, client_id: str, assertion: str) -> bytes:
        scope = quote(f"{directory.RESOURCES[algorithm]}/.default", safe="")
        form = (
            f"client_id={client_id}&client_assertion_type={minting.ASSERTION_TYPE}&client_assertion={assertion}"
            f"&grant_type=client_credentials&scope={scope}"
        )
        return minting.request(HOST, PATH, form)

    def key_set(self) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", f"/{TENANT}/discovery/v2.0/keys", headers={"Host": HOST})
        found: dict[str, Any] = json.load(connection.getresponse())
        connection.close()
        return found

    def expected(self, algorithm: str) -> dict[str, Any]:
        resource = directory.numbered(directory.RESOURCE, list(directory.RESOURCES).index(algorithm))
        return {"iss": f"https://{HOST}/{TENANT}/v2.0", "aud": str(resource), "roles": [directory.ROLE], "ver": "2.0"}

    def warm(self, cores: Cores) -> None:
        """Have every application ask once: from then on the directory answers from memory."""
        run = load.saturating(cores.load, self.port, self.requests("ES256", self.contents.applications))
        run.refuse_other_than(200, what="warming")


def uploaded(key: minting.Key) -> Issuer:
    """An issuer whose keys an administrator uploaded: no network is needed to judge its assertions."""
    return Issuer(
        id=directory.numbered(directory.ISSUER, 0),
        tenant_id=TENANT,
        url=IssuerUrl("https://issuer.benchmark.test"),
        algorithms=("RS256",),
        key_source="uploaded",
        jwks=json.dumps({"keys": [key.jwk()]}),
    )


@contextmanager
def running(core: int, path: Path, contents: Contents, keys: Sequence[minting.Key]) -> Iterator[Product]:
    """Make a data directory below ``path`` and serve it on a core."""
    fill(folder(path), contents)
    with serving(core, path, contents, keys) as server:
        yield server


def folder(path: Path) -> Folder:
    """The data directory below ``path``."""
    return Folder(path / "data", path / "data" / MASTER_KEY, emulator=False)


@contextmanager
def serving(
    core: int, path: Path, contents: Contents, keys: Sequence[minting.Key], *, before: str = ""
) -> Iterator[Product]:
    """Serve the data directory below ``path`` on a core. ``before``: Python that runs in the server's process first."""
    port, admin_port = free_port(), free_port()
    settings = path / "accredit.toml"
    settings.write_text(
        f'profile = "production"\npublic_url = "https://{HOST}"\ndata = "{folder(path).path}"\n'
        f'host = "127.0.0.1"\nport = {port}\nadmin_port = {admin_port}\nlog_format = "json"\n'
    )
    log = path / "server.log"
    program = f"import sys\n{before}\nfrom accredit.cli import main\nsys.exit(main())"
    how = ("-c", program) if before else ("-m", "accredit")
    with log.open("w") as written, pinned(core):
        process = subprocess.Popen(
            [sys.executable, *how, "serve", "--config", settings], stdout=written, stderr=written, cwd=ROOT
        )
    try:
        tree = Tree(process.pid)
        _await_ready(process, admin_port, log)
        refuse_other_listeners(port, tree)
        yield Product(port, tree, contents, keys)
    except load.Lost as error:
        raise SystemExit(f"{error}; the server said:\n{log.read_text()[-4000:]}") from error
    finally:
        process.terminate()
        process.wait(STOP)


def fill(folder: Folder, contents: Contents) -> None:
    """Make a production server's data directory that holds ``contents``."""
    folder.path.mkdir(mode=0o700)
    make = folder.make_key(create_master_key(folder.master_key_file))
    registry = MemoryRegistry()
    directory.write(registry, contents)

    async def add_keys() -> None:
        async with registry.transaction() as change:
            for algorithm in ALGORITHMS:
                await change.signing_keys.add(make(algorithm, datetime.now(UTC)))

    asyncio.run(add_keys())
    fresh.create(folder.path / DATABASE, registry)


def _await_ready(process: subprocess.Popen[bytes], admin_port: int, log: Path) -> None:
    ends = time.monotonic() + START
    while time.monotonic() < ends and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", admin_port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise SystemExit(f"the server is not ready:\n{log.read_text()[-4000:]}")
