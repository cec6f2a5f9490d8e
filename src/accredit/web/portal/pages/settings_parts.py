"""What every page of settings begins with: its tabs, and what was just done that no tenant's audit log has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.web.portal.words import _

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.web.portal.visit import Visit

PART: Final = "settings"
_SAID: Final = {
    "tenant-deleted": _("The tenant was deleted."),
    "key-made": _("The next key is published; it signs when every cache has seen it."),
    "keys-replaced": _("A new key signs from now on; every other one of its algorithm is withdrawn."),
    "key-withdrawn": _("The key was withdrawn."),
    "signed-out": _("The session was ended."),
    "role-given": _("The role was given."),
    "role-taken": _("The role was taken away."),
}
"""Changes of the whole instance: their records belong to no tenant."""


def around(visit: Visit, tab: str) -> dict[str, Any]:
    """Return what ``parts/settings.html`` shows. ``tab``: the last part of the tab's path; "" for the tenant."""
    tabs = [
        ("", _("Tenant")),
        ("policy", _("Policy")),
        ("administrators", _("Administrators")),
        ("keys", _("Signing keys")),
        ("export", _("Export")),
        ("server", _("Server")),
        ("about", _("About")),
    ]
    if visit.may("instance"):
        tabs.insert(2, ("tenants", _("Tenants")))
    return {
        "tabs": [(visit.url(PART, *([part] if part else [])), text, part == tab) for part, text in tabs],
        "said": _SAID.get(visit.query("said"), ""),
    }


def done(visit: Visit, *parts: object, said: str) -> Response:
    """Lead to a page of settings that says what was done."""
    return visit.done(PART, *parts, said=said)
