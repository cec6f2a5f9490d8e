"""Light, dark, or as the system says: a choice that is kept in a cookie, so that it needs no script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse

from accredit.web.portal.paths import own_path
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.web.portal.visit import Visit

COOKIE: Final = "__Host-accredit_theme"
THEMES: Final = frozenset({"auto", "light", "dark"})
_YEAR: Final = 31_536_000  # seconds


async def choose(visit: Visit) -> Response:
    """Keep the choice, and show the same page again."""
    form = await visit.form()
    answer = RedirectResponse(own_path(form.text("next")), 303)
    theme = form.text("theme")
    if theme in THEMES:
        answer.set_cookie(COOKIE, theme, max_age=_YEAR, path="/", secure=True, httponly=True, samesite="lax")
    return answer


ROUTES: Final = (Route("POST", "/theme", choose, "nobody"),)
