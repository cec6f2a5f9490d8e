"""The portal, put together: one room with a log of its own questions, made when somebody enters it."""

from __future__ import annotations

import hmac
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from accredit import observe
from accredit.app.directory_api import Later

if TYPE_CHECKING:
    from accredit.app.runtime import Runtime
    from accredit.stores.portal_sessions import PortalSessions
    from accredit.web.answers import Application
    from accredit.web.portal.entry import SigningIn
    from accredit.web.portal.session import Keeper
    from accredit.web.token import TokenEndpoint

PATH: Final = "portal"  # the first segment
_HANDSHAKES: Final = b"accredit: handshakes of the portal"  # what a key that is made of the master key is for


def rooms(runtime: Runtime, tokens: TokenEndpoint) -> dict[str, Application]:
    """Return the portal's room under the first segment of its paths; none where the settings switch it off."""
    return {PATH: Later(lambda: room(runtime, tokens))} if runtime.settings.portal.enabled else {}


def room(runtime: Runtime, tokens: TokenEndpoint) -> Application:
    """Put the room together."""
    from accredit.stores import searching  # noqa: F401  and SQLAlchemy with it
    from accredit.stores.event_pages import EventPages
    from accredit.stores.portal_sessions import PortalSessions
    from accredit.web.portal.portal import Portal
    from accredit.web.portal.render import Renderer
    from accredit.web.portal.room import Room

    pages, sessions = EventPages(runtime.folder.database, runtime.damage), PortalSessions(runtime.folder.database)
    runtime.let_go(pages.close)
    runtime.let_go(sessions.close)
    journal = observe.Journal(runtime.journal.log, what="portal")
    return Room(
        Portal(
            authority=runtime.authority,
            registry=runtime.registry,
            log=pages,
            key_watch=runtime.issuers.watch,
            senders=tokens.senders,
            renderer=Renderer(),
            keeper=_keeper(runtime, sessions),
            signing=_signing(runtime, journal),
            broken=journal.broken,
            emulator=runtime.folder.emulator,
            strict_transport=tokens.strict_transport,
            tools=_tools(runtime, tokens),
        )
    )


def _tools(runtime: Runtime, tokens: TokenEndpoint) -> dict[str, Any]:
    """Return what only this composition can put together for pages, by name."""
    from accredit.app.settings_shown import rows

    tools: dict[str, Any] = {
        "settings": rows(runtime.settings, {}, other="command line or settings file"),
        "make_key": lambda: runtime.folder.make_key(runtime.folder.master_key()),
    }
    if runtime.test_issuer is None:
        return tools
    from accredit.app.bench import Workbench
    from accredit.web.portal.bench import TOOL

    return {**tools, TOOL: Workbench(runtime, tokens)}


def _keeper(runtime: Runtime, sessions: PortalSessions) -> Keeper:
    from accredit.web.portal.session import Keeper, Limits, cookie_name

    wanted, authority = runtime.settings.portal, runtime.authority
    return Keeper(
        sessions,
        authority.ids,
        authority.clock,
        cookie=cookie_name(_port(runtime)),
        limits=Limits(timedelta(minutes=wanted.idle_minutes), timedelta(hours=wanted.absolute_hours)),
    )


def _signing(runtime: Runtime, journal: observe.Journal) -> SigningIn:
    from accredit.app.portal_provider import provider
    from accredit.web.portal.entry import SigningIn
    from accredit.web.portal.handshake import Handshakes

    key = hmac.digest(
        runtime.folder.master_key(), _HANDSHAKES, "sha256"
    )  # the same in every process, and after a start
    return SigningIn(
        seconds=time.monotonic,
        handshakes=Handshakes(key, _port(runtime)),
        provider=provider(runtime, time.monotonic),
        refused=lambda who, refused: journal.refused(who, refused, {"what": "sign-in"}),
    )


def _port(runtime: Runtime) -> int | None:
    """Return the port that stands in the names of cookies: an emulator's."""
    return urlsplit(runtime.base).port if runtime.folder.emulator else None
