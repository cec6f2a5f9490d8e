"""API permissions of an application: what it wishes for, what it was granted, and what it really uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.administer.standing import standing
from accredit.web.portal.pages import application_parts as parts
from accredit.web.portal.pages.permissions_used import used_roles
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.responses import Response

    from accredit.administer.standing import Standing
    from accredit.web.portal.pages.permissions_used import Used
    from accredit.web.portal.visit import Visit


class Row(NamedTuple):
    """One permission as it is shown."""

    of: Standing
    description: str
    consent: bool  # whether an administrator has to consent
    used: datetime | None


async def permissions(visit: Visit) -> Response:
    """Show them, those of one API together."""
    async with visit.reading() as store:
        application = await parts.find(store, visit)
        found = await standing(store, application)
    held = {(each.key.api, each.value) for each in found if each.assignment is not None and each.offered is not None}
    used = await used_roles(visit, application.app_id, held)
    return await visit.page(
        "permissions.html",
        **parts.around(visit, application, "permissions"),
        groups=_groups(found, used),
        used=used,
        waiting=[each for each in found if each.grantable],
    )


def described(of: Standing) -> str:
    """Return what a permission is called for people, if it says more than its value."""
    for name in ("description", "admin_consent_description", "display_name", "admin_consent_display_name"):
        text: str = getattr(of.offered, name, None) or ""
        if text and text != of.value:
            return text
    return ""


def consents(of: Standing) -> bool:
    """Whether only an administrator can consent to it."""
    return of.key.kind == "Role" or getattr(of.offered, "type", "Admin") == "Admin"


def _groups(found: Sequence[Standing], used: Used) -> list[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    names = {each.key.api: each.api.name for each in found}
    for each in found:
        row = Row(each, described(each), consents(each), used.last.get((each.key.api, each.value)))
        groups.setdefault(each.key.api, []).append(row)
    return [(names[key], rows) for key, rows in groups.items()]


ROUTES: Final = (Route("GET", f"{parts.PATH}/permissions", permissions, "reader"),)
