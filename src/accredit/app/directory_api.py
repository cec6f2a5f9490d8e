"""Microsoft Graph's face, put together: one room for both versions, with places and a journal of its own."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit import observe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.app.runtime import Runtime
    from accredit.errors import Refused
    from accredit.signins import Sender
    from accredit.web.answers import Application, Receive, Scope, Send
    from accredit.web.token import TokenEndpoint

PATHS: Final = ("v1.0", "beta")  # first segments
UNDER_WAY: Final = (16, 14, 12)  # calls at once: in all, of a tenant, of an application (Terraform makes ten)
ON_THEIR_WAY: Final = (128, 96, 16)  # bodies at once, of whom as above


class Later:
    """A room that is put together when somebody enters it: tens of milliseconds that the first token need not wait."""

    __slots__ = ("_make", "_room")

    def __init__(self, make: Callable[[], Application]) -> None:
        self._make = make
        self._room: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._room is None:
            self._room = self._make()
            gc.freeze()  # what it is made of stays: looking through it again and again took 20 ms each time
        await self._room(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Watched:
    """Counts and logs the calls to one API."""

    requests: observe.Requests
    journal: observe.Journal

    def answered(self, method: str, route: str, status: int) -> None:
        self.requests.count(method, route, status)

    def refused(self, sender: Sender, refused: Refused, more: Mapping[str, object]) -> None:
        self.journal.refused(sender, refused, more)

    def broken(self, sender: Sender, error: BaseException) -> None:
        self.journal.broken(sender, error)


def rooms(runtime: Runtime, tokens: TokenEndpoint) -> dict[str, Application]:
    """Return the room of Microsoft Graph under the first segment of each of its paths."""
    return dict.fromkeys(PATHS, Later(lambda: room(runtime, tokens)))


def room(runtime: Runtime, tokens: TokenEndpoint) -> Application:
    """Put the room together, with all that its first question would load."""
    from accredit.interop.odata import read_options
    from accredit.stores import searching  # noqa: F401  and SQLAlchemy with it
    from accredit.stores.event_pages import EventPages
    from accredit.web.bearer import Bearers
    from accredit.web.graph import permissions
    from accredit.web.graph.errors import Envelopes
    from accredit.web.graph.room import ROUTES, Room
    from accredit.web.graph.router import Router
    from accredit.web.places import Places, Shares

    read_options("$filter=id eq ''", kind="")  # makes the parser's tables
    pages = EventPages(runtime.folder.database, runtime.damage)
    runtime.let_go(pages.close)
    return Room(
        authority=runtime.authority,
        registry=runtime.registry,
        log=pages,
        key_watch=runtime.issuers.watch,
        bearers=Bearers(runtime.authority, runtime.published),
        router=Router(ROUTES, permissions.table()),
        senders=tokens.senders,
        envelopes=Envelopes(tokens.errors.catalogue),
        places=Places(Shares(*UNDER_WAY), "calls are under way"),
        bodies=Places(Shares(*ON_THEIR_WAY), "bodies are on their way"),
        watch=Watched(runtime.metrics.graph, observe.Journal(runtime.journal.log, what="graph")),
        emulator=runtime.folder.emulator,
        any_token=runtime.folder.emulator and runtime.settings.graph_authorization == "any-token",
        strict_transport=tokens.strict_transport,
    )
