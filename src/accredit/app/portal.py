"""The portal, put together: one room with a log of its own questions, made when somebody enters it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from accredit import observe
from accredit.app.directory_api import Later

if TYPE_CHECKING:
    from accredit.app.runtime import Runtime
    from accredit.stores.portal_sessions import PortalSessions
    from accredit.web.answers import Application
    from accredit.web.portal.session import Keeper
    from accredit.web.token import TokenEndpoint

PATH: Final = "portal"  # the first segment


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
    from accredit.web.portal.signin import SigningIn

    pages, sessions = EventPages(runtime.folder.database, runtime.damage), PortalSessions(runtime.folder.database)
    runtime.let_go(pages.close)
    runtime.let_go(sessions.close)
    journal = observe.Journal(runtime.journal.log, what="portal")
    return Room(
        Portal(
            authority=runtime.authority,
            registry=runtime.registry,
            log=pages,
            senders=tokens.senders,
            renderer=Renderer(),
            keeper=_keeper(runtime, sessions),
            signing=SigningIn(seconds=time.monotonic),
            broken=journal.broken,
            emulator=runtime.folder.emulator,
            strict_transport=tokens.strict_transport,
        )
    )


def _keeper(runtime: Runtime, sessions: PortalSessions) -> Keeper:
    from accredit.web.portal.session import Keeper, Limits, cookie_name

    wanted, authority = runtime.settings.portal, runtime.authority
    return Keeper(
        sessions,
        authority.ids,
        authority.clock,
        cookie=cookie_name(urlsplit(authority.base).port if runtime.folder.emulator else None),
        limits=Limits(timedelta(minutes=wanted.idle_minutes), timedelta(hours=wanted.absolute_hours)),
    )
