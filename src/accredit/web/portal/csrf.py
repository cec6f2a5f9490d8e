"""Requests that change something come from our own pages, and browsers say so.

Rule 1: an unsafe method needs ``Sec-Fetch-Site: same-origin``, or ``none``: somebody typed it. No page can set that
header.
Rule 2: a browser that does not send it sends ``Origin``, which then is ours to the letter. Without either: refused.
Rule 3: all of this holds for the forms of signing in, too: nobody is signed in as somebody else by another site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.web.answers import answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.web.answers import Application, Receive, Scope, Send

_SAFE: Final = frozenset({"GET", "HEAD"})
_OURS: Final = frozenset({b"same-origin", b"none"})
_REFUSED: Final = (
    b"This request does not come from a page of this portal, so it was refused and nothing has changed. "
    b"Open the portal at its own address and try again.\n"
)
_PLAIN: Final = (b"content-type", b"text/plain; charset=utf-8")
_FORBIDDEN: Final = 403


class SameOrigin:
    """Middleware that refuses what other sites send. ``origin``: our own, as browsers write it."""

    def __init__(self, app: Application, *, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] == "http" and scope["method"] not in _SAFE and not own(scope["headers"], self._origin):
            await answer(send, _FORBIDDEN, [_PLAIN], _REFUSED)
            return
        await self._app(scope, receive, send)


def own(headers: Sequence[tuple[bytes, bytes]], origin: str) -> bool:
    """Whether an unsafe request comes from a page of ours. A header that was sent twice says nothing."""
    site = [value for name, value in headers if name == b"sec-fetch-site"]
    if site:
        return len(site) == 1 and site[0] in _OURS
    return [value for name, value in headers if name == b"origin"] == [origin.encode()]
