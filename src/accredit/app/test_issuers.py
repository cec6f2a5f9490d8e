"""The test issuers of an emulator as an authority carries them: made, trusted, and put behind addresses.

Imported by an emulator only. What is imported from ``testidp`` is imported when it is needed.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from accredit.app import fresh_tenant
from accredit.app.chance import SystemIds
from accredit.app.judge import LOOPBACKS
from accredit.issuers import base64url
from accredit.outbound import OwnCa, Rules, emulator
from accredit.signing.developmentca import WRONG, wrong_file
from accredit.testidp import Endpoints, TestIssuer
from accredit.testidp.impostors import Impostors
from accredit.testidp.native import Places
from accredit.testidp.native.catalogue import Natives, Outside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.app.folder import Folder
    from accredit.app.runtime import Runtime
    from accredit.config import Settings
    from accredit.ports import Clock
    from accredit.testidp.endpoints import Control

LOOPBACK_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
SOCKET: Final = "job.sock"
LONGEST_SOCKET: Final = 100  # octets: the kernel's own limit is 107
LONGEST_NAME: Final = 16  # octets, of a temporary folder
_CONTROL_TOKEN: Final = 32  # octets


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where an emulator answers besides its address: what stands for a machine's metadata server, and a socket."""

    metadata_url: str = ""  # http on loopback
    socket: str = ""  # path of a Unix socket


def issuer(
    settings: Settings, base: str, folder: Folder, clock: Clock, ca_file: Path | None
) -> tuple[TestIssuer, Rules]:
    """Return the test issuers, and the rules for connections to strangers: what stands for whom, whose CA is known."""
    made = TestIssuer(base, clock=clock, ids=SystemIds(), data=folder.path)
    made.impostors = Impostors({each: wrong_file(folder.path, each) for each in WRONG}, made.key_set)
    own_ca = OwnCa(frozenset(LOOPBACK_HOSTS), ca_file.read_text("utf-8")) if ca_file else None
    return made, emulator(overrides=made.answers(settings.issuer_overrides), own_ca=own_ca)


def serve(
    runtime: Runtime, around: Surroundings, ca_file: Path | None, controls: Mapping[str, Control] | None = None
) -> Endpoints:
    """Give the runtime its control token, its platforms and what answers around jobs; return the room ``/idp``.

    Nothing is open where strangers could come by: beyond loopback minting needs the control token, too. On loopback a
    setting opens the rest.
    """
    ca = ca_file.read_text("utf-8") if ca_file else ""
    open_mint = runtime.settings.host in {*LOOPBACKS, "localhost"}
    natives = Natives(runtime.test_issuer, Places(runtime.base, around.metadata_url, around.socket, ca, open_mint))
    runtime.natives = natives
    runtime.around = around
    runtime.provoking.heal = partial(_heal, runtime.test_issuer, natives)
    runtime.let_go(runtime.test_issuer.impostors.close)
    if around.socket:
        runtime.let_go(lambda: _remove(Path(around.socket), runtime.folder))
    runtime.control_token = base64url.encode(runtime.authority.ids.octets(_CONTROL_TOKEN))
    runtime.metadata = Outside(natives, "metadata", _hosts(around.metadata_url))
    runtime.socket = Outside(natives, "socket", None)
    return Endpoints(
        runtime.test_issuer,
        control_token=None if runtime.settings.open_control else runtime.control_token,
        open_mint=open_mint,
        controls={**(controls or {}), "tenant": fresh_tenant.controlled(runtime.administrator)},
        natives=natives,
    )


def _heal(issuers: TestIssuer, natives: Natives) -> None:
    issuers.heal()
    natives.heal()


def _hosts(url: str) -> frozenset[str]:
    port = urlsplit(url).port if url else None
    return frozenset(f"{each}:{port}" for each in ("localhost", "127.0.0.1", "[::1]"))


def socket_path(folder: Folder) -> Path:
    """Return where the socket of jobs is made: beside the data, or, where that path is too long, in its own folder."""
    path = folder.path.absolute() / SOCKET
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    usual = Path(tempfile.gettempdir()) / SOCKET
    short = len(os.fsencode(usual)) + LONGEST_NAME <= LONGEST_SOCKET
    return Path(tempfile.mkdtemp(prefix="job-", dir=None if short else "/tmp")) / SOCKET  # noqa: S108  it is a folder of its own


def _remove(socket: Path, folder: Folder) -> None:
    """Take a socket away, and the folder that was made for it alone."""
    socket.unlink(missing_ok=True)
    if socket.parent != folder.path.absolute():
        socket.parent.rmdir()
