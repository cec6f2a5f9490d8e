"""The reverse of a change, where there is one: what the page behind a change offers.

Rule 1: a reverse is a link to where it is done, with its own confirmation: nothing is undone by a click on a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

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


_REVERSES: Final[Mapping[str, Callable[[Visiting, Target], Reverse]]] = {
    "Add application": lambda visit, target: Reverse(
        visit.url("applications", target.id, "delete"), _("Delete it again")
    ),
    "Add issuer": lambda visit, target: Reverse(visit.url("issuers", target.id, "delete"), _("Delete it again")),
    "Update issuer": lambda visit, target: Reverse(visit.url("issuers", target.id, "edit"), _("Change it back")),
}
"""By activity, as the audit record names it."""


def reverses(visit: Visiting, audit: Audit, target: Target) -> Sequence[Reverse]:
    """Return where a change of ``target`` is taken back; nothing where it cannot be, or where the person may not."""
    found = _REVERSES.get(audit.activity)
    return (found(visit, target),) if found is not None and visit.may("admin") else ()
