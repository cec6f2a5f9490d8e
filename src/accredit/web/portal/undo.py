"""The reverse of a change, where there is one: what the page behind a change offers.

Rule 1: a reverse is a link to where it is done, with its own confirmation: nothing is undone by a click on a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

import msgspec

from accredit.administer.credentials import ACTIVITY
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from accredit.signins import Audit, Target


class Visiting(Protocol):
    """The request, as far as it matters here."""

    def url(self, *parts: object, **query: object) -> str:
        """Return an address below the tenant."""

    def may(self, needs: Literal["admin"]) -> bool:
        """Whether the person may open what needs a role."""


class Reverse(NamedTuple):
    """Where a change is taken back."""

    url: str
    text: str


def _of(visit: Visiting, target: Target, text: str, *parts: str) -> Reverse | None:
    """Return a page of an application or a service principal; none for the other end of what ties two together."""
    if not target.modified:
        return None
    return Reverse(visit.url(_COLLECTIONS[target.kind], target.id, *parts), text)


def _updated_application(visit: Visiting, target: Target) -> Reverse | None:
    """Return the page on which what was changed is changed back."""
    changed = {each.name: each.after for each in target.modified}
    if "disabled" in changed:
        off = changed["disabled"] == "true"
        return _of(
            visit, target, _("Enable it again") if off else _("Disable it again"), "enable" if off else "disable"
        )
    for name, part in _PAGES.items():
        if name in changed:
            return _of(visit, target, _("Change it back"), part)
    return _of(visit, target, _("Change it back"), "manifest")


def _updated_principal(visit: Visiting, target: Target) -> Reverse | None:
    changed = {each.name: each.after for each in target.modified}
    if "enabled" in changed:
        off = changed["enabled"] == "false"
        return _of(
            visit, target, _("Enable it again") if off else _("Disable it again"), "enable" if off else "disable"
        )
    return _of(visit, target, _("Change it back")) if "assignmentRequired" in changed else None


def _updated_credentials(visit: Visiting, target: Target) -> Reverse | None:
    """Return where what an application signs in with is taken back: what was added goes, what was changed is edited."""
    for each in target.modified:
        before, after = _by_id(each.before), _by_id(each.after)
        path = ("applications", target.id, "credentials", *_KINDS.get(each.name, ()))
        if new := [*(after.keys() - before.keys())]:
            verb, text = ("remove", _("Remove it again")) if _KINDS.get(each.name) else ("delete", _("Delete it again"))
            return Reverse(visit.url(*path, new[0], verb), text)
        if each.name == _FEDERATED and after:
            id_, now = next(iter(after.items()))
            was = before.get(id_, {})
            if was.get("enabled") is not now.get("enabled"):
                off = not now.get("enabled")
                text = _("Enable it again") if off else _("Disable it again")
                return Reverse(visit.url(*path, id_, "enable" if off else "disable"), text)
            return Reverse(visit.url(*path, id_, "edit"), _("Change it back"))
    return None


def names_changed(target: Target) -> Sequence[str]:
    """Return what the credentials, secrets and certificates are called that a change was about."""
    found = []
    for each in target.modified:
        if each.name == _FEDERATED or each.name in _KINDS:
            before, after = _by_id(each.before), _by_id(each.after)
            about = [
                after.get(id_, before.get(id_, {})) for id_ in {**before, **after} if before.get(id_) != after.get(id_)
            ]
            found += [str(one.get("name") or one.get("displayName") or "") for one in about]
    return [each for each in found if each]


def _by_id(text: str) -> dict[str, dict[str, Any]]:
    """Return what a record says of credentials, by their ids."""
    try:
        listed = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.MsgspecError:  # a record of something else
        return {}
    return {str(each.get("id") or each.get("keyId")): each for each in listed}


_FEDERATED: Final = "FederatedIdentityCredentials"
_KINDS: Final = {"PasswordCredentials": ("secrets",), "KeyCredentials": ("certificates",)}
_COLLECTIONS: Final = {"Application": "applications", "ServicePrincipal": "enterprise-apps"}
_PAGES: Final = {
    "displayName": "edit",
    "description": "edit",
    "identifierUris": "edit",
    "tokenVersion": "edit",
    "tokenLifetime": "edit",
    "appRoles": "roles",
    "requiredResourceAccess": "permissions",
}
"""Where members of an application are changed; of several that were, the first tells."""
_REVERSES: Final[Mapping[str, Callable[[Visiting, Target], Reverse | None]]] = {
    "Add application": lambda visit, target: Reverse(
        visit.url("applications", target.id, "delete"), _("Delete it again")
    ),
    "Update application": _updated_application,
    "Update service principal": _updated_principal,
    "Add owner to application": lambda visit, target: _of(visit, target, _("Remove the owner again"), "owners"),
    "Remove owner from application": lambda visit, target: _of(visit, target, _("Add the owner again"), "owners"),
    "Add owner to service principal": lambda visit, target: _of(visit, target, _("Remove the owner again"), "owners"),
    "Remove owner from service principal": lambda visit, target: _of(visit, target, _("Add the owner again"), "owners"),
    "Add app role assignment to service principal": lambda visit, target: _of(visit, target, _("Revoke it"), "held"),
    ACTIVITY: _updated_credentials,
    "Add issuer": lambda visit, target: Reverse(visit.url("issuers", target.id, "delete"), _("Delete it again")),
    "Update issuer": lambda visit, target: Reverse(visit.url("issuers", target.id, "edit"), _("Change it back")),
    "Update tenant": lambda visit, _target: Reverse(visit.url("settings"), _("Change it back")),
    "Add role mapping": lambda visit, target: Reverse(
        visit.url("settings", "administrators", target.id, "remove"), _("Take it away again")
    ),
}
"""By activity, as the audit record names it."""


def reverses(visit: Visiting, audit: Audit, target: Target) -> Sequence[Reverse]:
    """Return where a change of ``target`` is taken back; nothing where it cannot be, or where the person may not."""
    found = _REVERSES.get(audit.activity)
    reverse = found(visit, target) if found is not None and visit.may("admin") else None
    return () if reverse is None else (reverse,)
