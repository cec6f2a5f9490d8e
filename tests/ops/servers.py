"""Servers as an operator starts them: processes of the command line, of either profile, on free ports."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar

import httpx2

from accredit import config
from accredit.administer import Administrator
from accredit.app.local import Local, local
from accredit.signins import Actor

T = TypeVar("T")

WITHIN = 30.0  # seconds, on a machine that is busy with other tests
PUBLIC = "sts.corp.test"
COMMAND = (sys.executable, "-m", "accredit")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """This process's variables without any of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")} | more


def command(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        (*COMMAND, *arguments), env=environment(**more), capture_output=True, text=True, timeout=WITHIN, check=False
    )


def until(holds: Callable[[], object], within: float = WITHIN) -> None:
    ends = monotonic() + within
    while not holds():
        assert monotonic() < ends, "it did not happen in time"
        sleep(0.01)


@dataclass
class Server:
    """One process that serves ``data``."""

    process: "subprocess.Popen[bytes]"
    data: Path
    ready_file: Path
    log: Path
    ready: Mapping[str, Any]
    port: int
    emulator: bool
    options: tuple[str, ...] = ()
    _closed: list[Callable[[], None]] = field(default_factory=list)

    @cached_property
    def http(self) -> httpx2.Client:
        """A client of the public listener: TLS with the emulator's CA, plain HTTP where a proxy stands in front."""
        if self.emulator:
            context = ssl.create_default_context(cafile=self.ready["ca_file"])
            made = httpx2.Client(base_url=self.ready["url"], verify=context, trust_env=False, timeout=30)
        else:
            made = httpx2.Client(
                base_url=f"http://127.0.0.1:{self.port}", headers={"host": PUBLIC}, trust_env=False, timeout=30
            )
        self._closed.append(made.close)
        return made

    @cached_property
    def admin(self) -> httpx2.Client:
        made = httpx2.Client(base_url=self.ready["admin_url"], trust_env=False, timeout=30)
        self._closed.append(made.close)
        return made

    def connect(self) -> socket.socket:
        """A raw connection to the public listener."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        if not self.emulator:
            return made
        return ssl.create_default_context(cafile=self.ready["ca_file"]).wrap_socket(made, server_hostname="localhost")

    @property
    def host(self) -> str:
        return f"localhost:{self.port}" if self.emulator else PUBLIC

    @property
    def memory(self) -> int:
        """Resident memory in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

    def token(self, tenant: str, form: Mapping[str, str], **headers: str) -> httpx2.Response:
        return self.http.post(f"/{tenant}/oauth2/v2.0/token", data=dict(form), headers=headers)

    @contextmanager
    def store(self) -> Iterator[Local]:
        """The store, opened beside the server."""
        profile = "emulator" if self.emulator else "production"
        url = str(self.ready["url"])
        with local(config.read({}, secrets=None, profile=profile, data=str(self.data), public_url=url)) as opened:
            yield opened

    def administer(self, change: Callable[[Administrator], Coroutine[Any, Any, T]]) -> T:
        with self.store() as opened:
            return opened.run(change(opened.administrator(Actor(name="test", kind="local"))))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process and return its exit code."""
        for each in self._closed:
            each()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def start(folder: Path, *options: str, emulator: bool = True, before: str = "", **more: str) -> Server:
    """Start a server with its data in ``folder``; ``before``: Python that runs in its process first."""
    data, ready_file, log = folder / "data", folder / "ready.json", folder / "server.log"
    port = free_port()
    told = ["serve", "--data", str(data), "--ready-file", str(ready_file), "--port", str(port), "--admin-port", "0"]
    told += ["--profile", "emulator"] if emulator else ["--public-url", f"https://{PUBLIC}"]
    program = f"import sys\n{before}\nfrom accredit.cli import main\nsys.exit(main())"
    how = (sys.executable, "-c", program) if before else COMMAND
    with log.open("ab") as said:
        process = subprocess.Popen((*how, *told, *options), env=environment(**more), stdout=said, stderr=said)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        return ready_file.exists() and json.loads(ready_file.read_text())["pid"] == process.pid

    try:
        until(answers)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return Server(process, data, ready_file, log, json.loads(ready_file.read_text()), port, emulator, options)


@contextmanager
def serving(folder: Path, *options: str, emulator: bool = True, before: str = "", **more: str) -> Iterator[Server]:
    """Start a server, and end it when the block ends unless it has ended."""
    server = start(folder, *options, emulator=emulator, before=before, **more)
    try:
        yield server
    finally:
        server.stop()


def initialise(folder: Path, *options: str) -> dict[str, Any]:
    """Make a production data directory; returns what the command printed."""
    told = ("--data", str(folder / "data"), "-o", "json")
    done = command("init", "--domain", "corp.test", "--public-url", f"https://{PUBLIC}", *options, *told)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
