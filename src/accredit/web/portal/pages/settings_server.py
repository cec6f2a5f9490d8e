"""The server's own settings, where each comes from, and how it is backed up. Read-only: they are frozen after start.

Rule 1: what the whole instance is made of is shown to who administers it; the rest see how long their log is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.web.portal.pages.settings_parts import INSTANCE, around
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.web.portal.visit import Visit

_FOR_ALL: Final = ("profile", "public_url", "region", "retention.days", "retention.count_days")
DANGEROUS: Final = (
    *("expose_emulator", "open_control", "explain_to_caller", "issuer_overrides", "refusals", "graph_authorization"),
    "trusted_proxies",
)
"""Settings that let more through than a server does by itself: marked when they are set."""
BACKUP: Final = ("accredit db backup accredit-copy.db", "accredit db check", "accredit db status")


async def show(visit: Visit) -> Response:
    """Show the settings."""
    every = visit.may("instance")
    rows = [_row(each) for each in visit.portal.tools["settings"] if every or each["name"] in _FOR_ALL]
    return await visit.page(
        "settings_server.html", **around(visit, "server"), rows=rows, backup=BACKUP if every else ()
    )


def _row(of: dict[str, Any]) -> dict[str, Any]:
    value = of["value"]
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return {**of, "text": text, "dangerous": of["name"] in DANGEROUS and of["source"] != "default"}


ROUTES: Final = (
    Route("GET", f"/{INSTANCE}/server", show, "instance"),
    Route("GET", "/{tenant}/settings/server", show, "reader"),
)
