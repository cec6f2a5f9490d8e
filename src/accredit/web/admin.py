"""The admin listener: is it alive, is it ready, what has it done. Never on the public address. Bare ASGI."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.web.answers import JSON, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.web.answers import Receive, Scope, Send

# Probes address pods and machines by number. No web page can make a browser do so under a name of its own.
_ADDRESS: Final = re.compile(rb"(?:[0-9.]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")
_METRICS: Final = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Admin:
    """Serves one process. ``ready`` returns each condition by name: an empty text when it holds, else what is wrong.

    ``remarks``: what else there is to say, by name, whether it is well or not.
    """

    hosts: frozenset[bytes]
    ready: Callable[[], Mapping[str, str]]
    metrics: Callable[[], bytes]
    remarks: Callable[[], Mapping[str, str]] = dict

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        hosts = [value.lower() for name, value in scope["headers"] if name == b"host"]
        path, head = scope["path"], scope["method"] == "HEAD"
        if len(hosts) != 1 or not (hosts[0] in self.hosts or _ADDRESS.fullmatch(hosts[0])):
            await _say(send, 421, {"error": "This host name is not served here."}, head=head)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _say(send, 405, {"error": "This path accepts GET only."}, head=head)
        elif path == "/livez":
            await _say(send, 200, {"status": "ok"}, head=head)
        elif path in {"/readyz", "/startupz"}:
            await self._readiness(scope, send, head=head)
        elif path == "/metrics":
            await answer(send, 200, (_METRICS,), self.metrics(), head=head)
        else:
            await _say(send, 404, {"error": "This path is not served here."}, head=head)

    async def _readiness(self, scope: Scope, send: Send, *, head: bool) -> None:
        """Issuers are no part of it: one dead identity provider must not drain the fleet."""
        conditions = self.ready()
        wrong = {name: reason for name, reason in conditions.items() if reason}
        said: dict[str, object] = {"status": "not ready" if wrong else "ok"}
        if b"verbose" in scope["query_string"]:
            said["conditions"] = {name: reason or "ok" for name, reason in conditions.items()}
            said |= {"remarks": remarks} if (remarks := self.remarks()) else {}
        await _say(send, 503 if wrong else 200, said, head=head)


async def _say(send: Send, status: int, body: Mapping[str, object], *, head: bool) -> None:
    await answer(send, status, (JSON, (b"cache-control", b"no-store")), msgspec.json.encode(body), head=head)
