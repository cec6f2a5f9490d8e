"""Admin sign-ins: who signed in to the portal, how, from where; also what became of sessions and one-time links.

Rule 1: these records are of the whole instance. Who administers it sees all of them, everybody else their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from accredit.query import OneOf
from accredit.web.portal.pages import audits, sign_ins
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.signins import Audit
    from accredit.web.portal.visit import Visit

WORDS: Final = {
    "Sign in to the portal": _("Signed in"),
    "Sign out of the portal": _("Signed out"),
    "End portal session": _("Session ended by somebody"),
    "Make one-time sign-in link": _("One-time link made"),
}
_METHODS: Final = {
    "oidc": _("the organisation's provider"),
    "link": _("one-time link from the host"),
    "emulator": _("the emulator's button"),
}


class Row(NamedTuple):
    """One record. ``identity``: issuer and subject at the provider; ``broken``: with a link, past the provider."""

    record: Audit
    what: str
    how: str
    identity: str
    broken: bool


async def admin_sign_ins(visit: Visit) -> Response:
    """Show a page of the sign-ins to the portal, the newest first."""
    everybody = visit.may("instance")
    condition = OneOf("activityDisplayName", tuple(WORDS))
    async with visit.reading() as store:
        found = await audits.look(visit, store, condition, tenant_id=None)
    mine = visit.by.actor.id
    records = [each for each in found.records if everybody or each.actor.id == mine]
    return await visit.page(
        "admin_sign_ins.html",
        tabs=sign_ins.tabs(visit, "admin"),
        rows=[_row(each) for each in records],
        everybody=everybody,
        following=visit.following(found.after, None) if found.after else None,
    )


def _row(of: Audit) -> Row:
    told = {each.name: _value(each.after) for target in of.targets for each in target.modified}
    how = told.get("signInMethod", "")
    identity = " ".join(filter(None, (told.get("issuer", ""), told.get("subject", ""))))
    return Row(of, WORDS[of.activity], _METHODS.get(how, how), identity, "breakGlass" in told)


def _value(text: str) -> str:
    try:
        return str(msgspec.json.decode(text))
    except msgspec.DecodeError:  # of another version: it is shown as it stands
        return text


ROUTES: Final = (Route("GET", "/{tenant}/sign-ins/admin", admin_sign_ins, "reader"),)
