"""One-time links to the portal, made on the host: who can read the data directory is the root of all trust in it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from accredit.app.chance import SystemIds, now
from accredit.issuers import base64url
from accredit.stores.portal_sessions import PortalSessions
from accredit.web.portal.session import LINK_LIVES, OCTETS, digest

if TYPE_CHECKING:
    from accredit.app.folder import Folder

MINUTES: Final = int(LINK_LIVES.total_seconds() // 60)
PATH: Final = "/portal/link/"


async def make_link(folder: Folder, base: str) -> str:
    """Make a link that signs in once, within 15 minutes. Without a public URL its path is all there is."""
    secret, at = SystemIds().octets(OCTETS), now()
    with closing(PortalSessions(folder.database)) as sessions:
        await sessions.make_link(digest(secret), made_at=at, expires_at=at + LINK_LIVES)
    return f"{base}{PATH}{base64url.encode(secret)}"
