"""Fly.io: a machine asks the platform through a Unix socket; who asks is known by the machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from accredit.client.sources.answers import refused
from accredit.client.sources.source import Detection, there
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

SOCKET: Final = "/.fly/api"
ELSEWHERE: Final = "ACCREDIT_FLY_SOCKET"  # names another socket: that of an emulator
ADDRESS: Final = "http://localhost/v1/tokens/oidc"  # the socket stands for the host
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Fly:
    """``POST /v1/tokens/oidc`` at the machine's socket. ``socket``: its path, where it is not the usual one."""

    name: ClassVar[str] = "fly"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "chosen"
    around: Surroundings
    socket: str = ""

    def detect(self) -> Detection:
        """Look for the socket."""
        path = self._path()
        found = there(path, Path.is_socket)
        return Detection(found, f"{path} is a socket" if found else f"there is no socket {path}")

    def fetch(self, audience: str) -> str:
        """Ask for a token. ``SOURCE_MISSING``, ``SOURCE_UNREACHABLE``, ``SOURCE_REFUSED``."""
        detection = self.detect()
        if not detection.found:
            raise Refused(SOURCE_MISSING, source=self.name, reason=detection.why)
        body = json.dumps({"aud": audience}).encode()
        headers = {"Content-Type": "application/json"}
        answer = self.around.ask(self.name, "POST", ADDRESS, headers=headers, body=body, socket=str(self._path()))
        if answer.status != _OK:
            raise refused(self.name, answer)
        return answer.body.decode("ascii", errors="replace").strip()

    def _path(self) -> Path:
        return self.around.path(self.socket or self.around.value(ELSEWHERE) or SOCKET)
