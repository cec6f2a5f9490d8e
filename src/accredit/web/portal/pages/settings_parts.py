"""What every page of settings begins with: its tabs, and what was just done that no tenant's audit log has.

Rule 1: who administers the instance has no role in a tenant by that: what tenants share is also below ``/instance``,
on the same pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.web.portal.visit import address
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.web.portal.visit import Visit

PART: Final = "settings"
INSTANCE: Final = "instance"
SHARED: Final = (("tenants", _("Tenants")), ("keys", _("Signing keys")), ("server", _("Server")))
_OF_TENANT: Final = (
    ("", _("Tenant")),
    ("policy", _("Policy")),
    ("administrators", _("Administrators")),
    ("export", _("Export")),
)
_SAID: Final = {
    "tenant-made": _("The tenant was created."),
    "tenant-deleted": _("The tenant was deleted."),
    "key-made": _("The next key is published; it signs when every cache has seen it."),
    "keys-replaced": _("A new key signs from now on; every other one of its algorithm is withdrawn."),
    "key-withdrawn": _("The key was withdrawn."),
    "signed-out": _("The session was ended."),
    "role-given": _("The role was given."),
    "role-taken": _("The role was taken away."),
}
"""Changes of the whole instance: their records belong to no tenant."""


def here(visit: Visit, *parts: object, **query: object) -> str:
    """Return the address of a page of settings: below the tenant, or below the instance where there is none."""
    if visit.of is None:
        return address(INSTANCE, *parts, **query)
    return visit.url(PART, *parts, **query)


def around(visit: Visit, tab: str) -> dict[str, Any]:
    """Return what ``parts/settings.html`` shows. ``tab``: the last part of the tab's path; "" for the tenant."""
    shared = [each for each in SHARED if visit.may("instance") or each[0] != "tenants"]
    tabs = shared if visit.of is None else [*_OF_TENANT, *shared, ("about", _("About"))]
    return {
        "tabs": [(here(visit, *([part] if part else [])), text, part == tab) for part, text in tabs],
        "said": _SAID.get(visit.query("said"), ""),
        "place": lambda *parts, **query: here(visit, *parts, **query),
    }


def done(visit: Visit, *parts: object, said: str, **query: object) -> Response:
    """Lead to a page of settings that says what was done."""
    if visit.of is None:
        return visit.go(here(visit, *parts, said=said, **query))
    return visit.done(PART, *parts, said=said, **query)
