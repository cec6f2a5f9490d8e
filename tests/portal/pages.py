"""Every page of the portal, in one table.

Whoever writes a page adds its row here. ``test_browser_every_page`` opens each in Chromium, light and dark, on a phone
and on a wide screen, with script and without, and has axe look at it; a picture of it stands in ``docs/portal``::

    .venv/bin/python -m pytest tests/portal/test_browser_every_page.py -n0 --screenshots

writes the pictures (``-k NAME``: of that page only). ``{name}`` in a path is an id of ``scene.Scene``, or ``{tenant}``.
What a page needs besides is added to the scene, for all to see. A page that is reached by sending a form, or that is
opened by somebody else, says so in its row. A page whose route has no row fails ``test_every_route_has_a_page``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.portal.people import Who


@dataclass(frozen=True, slots=True)
class Shown:
    """A page. ``route``: the path of its row in ROUTES, where ``path`` does not tell."""

    name: str  # of its picture
    path: str  # below /portal
    who: Who = "admin"
    status: int = 200
    also: tuple[str, ...] = ()  # more pictures: "dark", "phone"
    opens: tuple[str, ...] = ()  # summaries of what is folded, to be looked at unfolded
    presses: str = ""  # a button: the page that its form leads to is looked at
    fills: Mapping[str, str] = field(default_factory=dict)  # fields by label, before that


PAGES: Final = (
    Shown("sign-in", "/sign-in", who="nobody"),
    Shown("tenants", "/tenants"),
    Shown("applications", "/{tenant}/applications", also=("dark", "phone")),
    Shown("applications-none-found", "/{tenant}/applications?name=nothing"),
    Shown("not-found", "/{tenant}/nothing", status=404),
)
