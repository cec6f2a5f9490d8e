"""The machine: which core does what, what a process tree costs, and who listens on a port. Linux.

Rule 1: what is measured has a core of its own; whatever produces the load runs on another one.
Rule 2: cost is CPU time of all threads and processes together, exact to the nanosecond, never wall time.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTENING = "0A"  # state of a socket in /proc/net/tcp
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Cores:
    measured: int
    load: int


def cores() -> Cores:
    """The first core that we may use is measured, the last one sends the load."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("benchmarks need two cores: one is measured, the other one sends the load")
    return Cores(usable[0], usable[-1])


def processor() -> str:
    """What the machine calls its processor: ratios to cryptography depend on it."""
    lines = (_PROC / "cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Run this thread, and the processes that it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Tree:
    """A process and all its descendants."""

    root: int

    def members(self) -> list[int]:
        parents = {int(each.name): _parent(each) for each in _PROC.iterdir() if each.name.isdecimal()}
        found = [self.root] if self.root in parents else []
        for pid in found:  # grows while it is read
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def cpu(self) -> float:
        """CPU seconds since the start: of living members exact, of ended ones as their parent inherited them."""
        living = 0.0
        for pid in self.members():
            try:
                living += time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED of another process: all its threads
                living += sum(int(field) for field in _stat(_PROC / str(pid))[13:15]) / _TICKS  # cutime, cstime
            except (OSError, IndexError):
                continue
        return living

    def memory(self) -> float:
        """Resident megabytes."""
        pages = 0
        for pid in self.members():
            pages += int((_PROC / str(pid) / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576

    def sockets(self) -> set[str]:
        """Inodes of every open socket."""
        found: set[str] = set()
        for pid in self.members():
            for descriptor in (_PROC / str(pid) / "fd").iterdir():
                try:
                    target = str(descriptor.readlink())
                except OSError:
                    continue
                if target.startswith("socket:["):
                    found.add(target[8:-1])
        return found


def _stat(process: Path) -> list[str]:
    """Fields of ``/proc/PID/stat`` behind the command, which may hold anything. Field 1 of the answer is the parent."""
    return (process / "stat").read_text().rpartition(")")[2].split()


def _parent(process: Path) -> int:
    try:
        return int(_stat(process)[1])
    except (OSError, IndexError):
        return 0


@dataclass(frozen=True, slots=True)
class Listening:
    address: str
    inode: str


def listening(port: int) -> list[Listening]:
    """Everything on this machine that listens on a TCP port, whatever the address."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            address, _, number = fields[1].partition(":")
            if fields[3] == _LISTENING and int(number, 16) == port:
                found.append(Listening(_address(address), fields[9]))
    return found


def refuse_other_listeners(port: int, tree: Tree) -> None:
    """Stop unless the port belongs to this process tree alone, once per address: else figures would be of others."""
    found = listening(port)
    addresses = [each.address for each in found]
    if not found or len(set(addresses)) != len(addresses) or not {each.inode for each in found} <= tree.sockets():
        raise SystemExit(f"port {port} has to be one listener's, of process {tree.root}; it is heard at {addresses}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _address(text: str) -> str:
    """Read an address as the kernel prints it: 32-bit words in the machine's byte order."""
    words = [struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))
