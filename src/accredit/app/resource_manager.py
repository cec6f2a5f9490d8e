"""Azure Resource Manager's face, put together: one room, with places and a journal of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit import observe
from accredit.app.directory_api import Later, Watched

if TYPE_CHECKING:
    from accredit.app.runtime import Runtime
    from accredit.web.answers import Application
    from accredit.web.token import TokenEndpoint

PATHS: Final = ("subscriptions", "tenants", "providers")  # first segments
UNDER_WAY: Final = (8, 7, 6)  # calls at once: in all, of a tenant, of an application
ON_THEIR_WAY: Final = (64, 48, 12)  # bodies at once, of whom as above


def rooms(runtime: Runtime, tokens: TokenEndpoint) -> dict[str, Application]:
    """Return the room of Azure Resource Manager under the first segment of each of its paths."""
    return dict.fromkeys(PATHS, Later(lambda: room(runtime, tokens)))


def room(runtime: Runtime, tokens: TokenEndpoint) -> Application:
    """Put the room together."""
    from accredit.web.arm.room import Room
    from accredit.web.bearer import Bearers
    from accredit.web.places import Places, Shares

    return Room(
        authority=runtime.authority,
        registry=runtime.registry,
        bearers=Bearers(runtime.authority, runtime.published),
        senders=tokens.senders,
        catalogue=tokens.errors.catalogue,
        places=Places(Shares(*UNDER_WAY), "calls are under way"),
        bodies=Places(Shares(*ON_THEIR_WAY), "bodies are on their way"),
        watch=Watched(runtime.metrics.arm, observe.Journal(runtime.journal.log, what="arm")),
        emulator=runtime.folder.emulator,
        any_token=runtime.folder.emulator and runtime.settings.graph_authorization == "any-token",
        strict_transport=tokens.strict_transport,
    )
