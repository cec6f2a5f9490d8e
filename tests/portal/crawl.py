"""Opening everything that the portal links to, a few pages of each kind."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urljoin, urlsplit

from tests.portal.routes import route_of

if TYPE_CHECKING:
    from tests.portal.page import Page, Visitor

ALIKE: Final = 2  # pages of one route with the same parameters that are opened
EACH: Final = 8  # pages of one route, whatever the parameters
MOST: Final = 700


def crawl(visitor: Visitor, *starts: str) -> list[Page]:
    """Every page that can be reached by links, each with the status it was answered with."""
    waiting = deque(urljoin(f"{visitor.base}/portal/", each) for each in starts)
    known, opened = set(waiting), Counter[object]()
    seen: list[Page] = []
    while waiting and len(seen) < MOST:
        url = waiting.popleft()
        route, asked = _kind(url)
        if opened[route] >= EACH or opened[route, asked] >= ALIKE:
            continue
        opened.update([route, (route, asked)])
        page = visitor.get(url)
        seen.append(page)
        if "text/html" not in page.headers["content-type"]:
            continue
        for link in page.links:
            led = urljoin(page.url, link.href).partition("#")[0]
            if led.startswith(f"{visitor.base}/portal") and led not in known:
                known.add(led)
                waiting.append(led)
    assert not waiting, f"more than {MOST} pages"
    return seen


def _kind(url: str) -> tuple[str, tuple[str, ...]]:
    """What pages that are alike have in common: their route, and what they are asked."""
    at = urlsplit(url)
    asked = tuple(sorted(name for name, value in parse_qsl(at.query) if value))
    return route_of(at.path.removeprefix("/portal")) or at.path, asked
