"""Which route of the portal an address belongs to, and an address for each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.web.portal.room import EMULATOR_ROUTES, ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.web.portal.route import Route

ALL: Final[tuple[Route, ...]] = (*ROUTES, *EMULATOR_ROUTES)
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
_PARAMETER: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


def paths() -> list[str]:
    """The templates of all pages that are looked at, those without parameters first: they are more exact."""
    return sorted({each.path for each in ALL if each.method == "GET"}, key=lambda path: (path.count("{"), path))


def route_of(path: str) -> str | None:
    """The template of the page at an address below /portal; ``None``: there is no such page."""
    return next((each for each in paths() if re.fullmatch(_pattern(each), path.partition("?")[0])), None)


def filled(template: str, names: Mapping[str, str]) -> str:
    """An address for a template; what has no name leads to nothing."""
    return _PARAMETER.sub(lambda found: names.get(found[1], NOTHING), template)


def _pattern(template: str) -> str:
    pieces = re.split(r"(\{[^}]*\})", template)
    return "".join("[^/]+" if each.startswith("{") else re.escape(each) for each in pieces)
