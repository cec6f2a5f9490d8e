"""The directory API of one authority, as one client may use it: JSON in, JSON out, refusals raised.

Everything is asked of ``beta``, where what Microsoft Graph has no member for stands under ``accredit``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from accredit.client import refusals
from accredit.errors import AUTHORITY_UNREACHABLE, Refused
from accredit.interop.odata.writing import write_filter
from accredit.query import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accredit.client.http import Answer, Http
    from accredit.client.tokens import AccessToken, Tokens
    from accredit.query import Query

Json = dict[str, Any]

VERSION: Final = "/beta"
MOST_PAGES: Final = 10_000
_REFUSED: Final = 300
_PRINTED: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")  # stand for themselves in a header


class Graph:
    """The directory of the tenant that the client's token is for."""

    def __init__(self, http: Http, tokens: Tokens) -> None:
        self.http = http
        self.tokens = tokens
        self.reason = ""  # why errors that lint finds in trust are accepted

    @property
    def token(self) -> AccessToken:
        """The token that requests bear."""
        return self.tokens.current()

    def get(self, path: str, *, prefer: str = "", **options: str) -> Json:
        """Read one object. ``options``: query options without their ``$``."""
        return _object(self._send("GET", _path(path, options), None, prefer))

    def pages(self, path: str, *, prefer: str = "", **options: str) -> Iterator[list[Json]]:
        """Yield a collection page by page, as the authority cuts it."""
        page = self.get(path, prefer=prefer, **options)
        for _ in range(MOST_PAGES):
            yield list(page.get("value", ()))
            if not (link := page.get("@odata.nextLink")):
                return
            page = self.at(str(link), prefer=prefer)

    def at(self, link: str, *, prefer: str = "") -> Json:
        """Read the page that a link of another one leads to."""
        return _object(self._send("GET", self._local(link), None, prefer))

    def search(self, path: str, query: Query, *, largest: int, prefer: str = "") -> Page[Json]:
        """Return a page of a collection, of at most ``largest`` things. Where it ended is a link."""
        if query.after is not None:
            page = self.at(query.after[1], prefer=prefer)
        else:
            asked = {"top": str(min(query.limit, largest))}
            if query.condition is not None:
                asked["filter"] = write_filter(query.condition)
            if query.order is not None:
                asked["orderby"] = f"{query.order.name} {'desc' if query.order.descending else 'asc'}"
            page = self.get(path, prefer=prefer, **asked)
        link = page.get("@odata.nextLink")
        return Page(page.get("value", ()), None if link is None else (None, str(link)))

    def every(self, path: str, **options: str) -> list[Json]:
        """Read a whole collection."""
        return [each for page in self.pages(path, **options) for each in page]

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Make something, or ask for an action; return what is answered, ``{}`` where that is nothing."""
        answer = self._send("POST", path, body)
        return _object(answer) if answer.body else {}

    def ask(self, path: str, body: Mapping[str, Any]) -> list[Json]:
        """Ask for an action that answers a collection, with the same body for every page; return all of it."""
        found: list[Json] = []
        for _ in range(MOST_PAGES):
            page = self.post(path, body)
            found += page.get("value", ())
            if not (link := page.get("@odata.nextLink")):
                break
            path = self._local(str(link))
        return found

    def patch(self, path: str, body: Mapping[str, Any]) -> None:
        """Change one object."""
        self._send("PATCH", path, body)

    def delete(self, path: str) -> None:
        """Delete one object, or a reference."""
        self._send("DELETE", path, None)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, prefer: str = "") -> Answer:
        """Send a request; once more with a new token where that might be answered otherwise."""
        answer = self._once(method, path, body, prefer, self.tokens.current())
        if self.tokens.outdated_by(answer.status):
            answer = self._once(method, path, body, prefer, self.tokens.renewed())
        if answer.status >= _REFUSED:
            raise refusals.of_graph(answer.status, answer.body)
        return answer

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None, prefer: str, token: AccessToken) -> Answer:
        headers = {"Authorization": f"Bearer {token.value}"}
        if prefer:
            headers["Prefer"] = prefer
        if self.reason and body is not None:
            headers["accredit-override"] = quote(self.reason, safe=_PRINTED)
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        return self.http.send(method, VERSION + path, content, headers)

    def _local(self, link: str) -> str:
        """Return the path of a link. A token is sent to the address that was asked for, and to no other."""
        _, slash, rest = link.partition(f"{VERSION}/")
        if not slash:
            raise Refused(AUTHORITY_UNREACHABLE, url=self.http.url, reason="it answered a link that leads elsewhere")
        return f"/{rest}"


def segment(value: object) -> str:
    """Write a key of a path."""
    return quote(str(value), safe="")


def _path(path: str, options: Mapping[str, str]) -> str:
    asked = "&".join(f"${name}={quote(value, safe='')}" for name, value in options.items())
    return f"{path}?{asked}" if asked else path


def _object(answer: Answer) -> Json:
    try:
        return msgspec.json.decode(answer.body, type=dict)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise refusals.OtherRefusal(answer.status, "answer", "The answer is not a JSON object.") from error
