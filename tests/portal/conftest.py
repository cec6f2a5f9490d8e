"""Who visits the portal: without script (``portal``, ``reader``, ...), and in Chromium (``window``)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.portal.page import Visitor
from tests.portal.people import Who, cookie, session, visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from playwright.sync_api import Browser

    from tests.portal.window import Look, Window
    from tests.support.emulator import Emulator

SIGN_IN = "sign-in"
_HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", action="store_true", help="write the portal's pictures, docs/portal/*.webp")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files test_browser_*.py are the group ``browser``, and run one after the other: Chromium takes both cores."""
    for item in items:
        if item.path.parent == _HERE and item.path.name.startswith("test_browser_"):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="module")
def served(emulator: Emulator) -> Emulator:
    """The emulator that a file of tests looks at; a file that wants one of its own defines this anew."""
    return emulator


@pytest.fixture
def portal(served: Emulator) -> Visitor:
    """The emulator's administrator, who pressed the one button that signs in."""
    made = Visitor(served.http, served.url)
    made.get(SIGN_IN).form().submit()
    assert cookie(served) in made.cookies
    return made


@pytest.fixture
def visits(served: Emulator) -> Callable[[Who], Visitor]:
    """Make a visitor with a role, or with none."""
    return partial(visitor, served)


@pytest.fixture
def reader(served: Emulator) -> Visitor:
    return visitor(served, "reader")


@pytest.fixture
def operator(served: Emulator) -> Visitor:
    return visitor(served, "operator")


@pytest.fixture
def admin(served: Emulator) -> Visitor:
    return visitor(served, "admin")


@pytest.fixture(scope="module")
def chromium(served: Emulator) -> Iterator[Browser]:
    """Chromium, for all tests of a file."""
    from tests.portal import chromium as browsers  # noqa: PLC0415  Playwright is for those who use it

    with browsers.running([served]) as found:
        yield found


@pytest.fixture
def window(chromium: Browser, served: Emulator) -> Callable[..., AbstractContextManager[Window]]:
    """Open a window of somebody who is signed in: ``with window(Look("dark", PHONE)) as seen``."""
    from tests.portal.window import USUAL, open_window  # noqa: PLC0415

    def signed_in(look: Look = USUAL, who: Who = "admin") -> AbstractContextManager[Window]:
        cookies = {} if who == "nobody" else {cookie(served): session(served, who, "Ada Lovelace")}
        return open_window(chromium, served.url, look, cookies)

    return signed_in
