"""A browser as the keeper of sessions sees it: cookies that it sends, and takes."""

from __future__ import annotations

from starlette.requests import Request

from accredit.web.portal.headers import _COOKIES


class Browser:
    """Keeps cookies as a browser does. ``told``: the last ``Set-Cookie`` of each answer, whole."""

    def __init__(self, **cookies: str) -> None:
        self.cookies = dict(cookies)
        self.told: list[str] = []

    def request(self, query: str = "", *, timer: bool = False) -> Request:
        """Begin a request; ``taken`` ends it. ``timer``: a page asks for a part of itself."""
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = [(b"cookie", sent.encode())] if sent else []
        headers += [(b"hx-request", b"true")] if timer else []
        scope = {"type": "http", "method": "GET", "path": "/portal", "query_string": query.encode(), "headers": headers}
        return Request({**scope, _COOKIES: []})

    def taken(self, request: Request) -> None:
        """Take the cookies of the answer to a request."""
        self.told = request.scope[_COOKIES]
        for each in self.told:
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value
            if "Max-Age=0" in each:
                del self.cookies[name]
