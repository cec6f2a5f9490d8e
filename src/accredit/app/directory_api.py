"""Microsoft Graph's face, put together: one room for both versions, with places and a journal of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit import observe
from accredit.web.bearer import Bearers
from accredit.web.graph import permissions
from accredit.web.graph.call import VERSIONS
from accredit.web.graph.errors import Envelopes
from accredit.web.graph.room import ROUTES, Room
from accredit.web.graph.router import Router
from accredit.web.limits import Admission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.app.runtime import Runtime
    from accredit.errors import Refused
    from accredit.signins import Sender
    from accredit.web.answers import Application
    from accredit.web.token import TokenEndpoint

UNDER_WAY: Final = 16  # calls at once; a sign-in never waits for more than these


@dataclass(frozen=True, slots=True)
class Watched:
    """Counts and logs the calls of one process."""

    metrics: observe.Metrics
    journal: observe.Journal

    def answered(self, method: str, route: str, status: int) -> None:
        self.metrics.graph.count(method, route, status)

    def refused(self, sender: Sender, refused: Refused, more: Mapping[str, object]) -> None:
        self.journal.refused(sender, refused, more)

    def broken(self, sender: Sender, error: BaseException) -> None:
        self.journal.broken(sender, error)


def rooms(runtime: Runtime, tokens: TokenEndpoint) -> dict[str, Application]:
    """Return the room of Microsoft Graph under the first segment of each of its paths."""
    room = Room(
        authority=runtime.authority,
        registry=runtime.registry,
        bearers=Bearers(runtime.authority, runtime.published),
        router=Router(ROUTES, permissions.table()),
        senders=tokens.senders,
        envelopes=Envelopes(tokens.errors.catalogue),
        admission=Admission(UNDER_WAY),
        watch=Watched(runtime.metrics, observe.Journal(runtime.journal.log, what="graph")),
        emulator=runtime.folder.emulator,
        any_token=runtime.folder.emulator and runtime.settings.graph_authorization == "any-token",
        strict_transport=tokens.strict_transport,
    )
    return dict.fromkeys(VERSIONS, room)
