"""Signing in to the portal, and out again.

Rule 1: there are no passwords. People sign in at the organisation's own provider; whoever can read the data directory
makes a one-time link; in the emulator everybody is its administrator.
Rule 2: a link is looked at with GET, which changes nothing, and used with POST, once.
Rule 3: what is answered never tells whether somebody is known here. Who has proven to be somebody without a role is
told that much, and what an administrator needs to give them one.
Rule 4: a sign-in is on record before it holds; one that cannot be recorded does not hold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from accredit.administer import people
from accredit.directory.people import NOBODY, Person
from accredit.errors import NOT_FOUND, Refused
from accredit.issuers import base64url
from accredit.web.portal.headers import NO_REFERRER
from accredit.web.portal.paths import ROOT, own_path
from accredit.web.portal.route import Route
from accredit.web.portal.session import digest
from accredit.web.portal.visit import address
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.directory.people import Claims, Session
    from accredit.web.portal.visit import Visit

RETRY_AFTER: Final = 60  # seconds
OPERATOR: Final = Person(name="Administrator by link", how="link")
EMULATORS: Final = Person(name="Emulator's administrator", how="emulator")
_GONE: Final = 410
_TOO_MANY: Final = 429


async def sign_in(visit: Visit) -> Response:
    """Show how to sign in, or lead on who is signed in already."""
    wanted = own_path(visit.query("next"))
    return visit.go(wanted) if visit.session is not None else await shown(visit, wanted)


async def as_emulator(visit: Visit) -> Response:
    """Sign in as the emulator's administrator; there is none elsewhere."""
    if not visit.portal.emulator:
        raise Refused(NOT_FOUND)
    wanted = own_path((await visit.form()).text("next"))
    await begin(visit, EMULATORS, {})
    return visit.go(wanted)


async def look_at_link(visit: Visit) -> Response:
    """Show the button of a one-time link. Nothing is used up: previews of messages open links, too."""
    link = _link(visit)
    holds = link is not None and await visit.portal.keeper.sessions.link_holds(link, visit.now)
    return await _link_page(visit, holds=holds)


async def use_link(visit: Visit) -> Response:
    """Sign in with a one-time link, which is used up by that.

    A good one does so whoever has failed from the same address: nobody guesses 256 bits, and nobody keeps others out.
    """
    link = _link(visit)
    if link is None or not await visit.portal.keeper.sessions.use_link(link, visit.now):
        if throttled(visit):
            return await too_many(visit, ROOT)
        visit.portal.signing.failed(visit.who.address)
        return await _link_page(visit, holds=False)
    await begin(visit, OPERATOR, {})
    return visit.go(ROOT)


async def sign_out(visit: Visit) -> Response:
    """End the session, in the store and in the browser."""
    if visit.session is not None:
        await visit.portal.keeper.end(visit.request)
        await people.signed_out(visit.by, visit.session.person)
    return visit.go(address("signed-out"))


async def signed_out(visit: Visit) -> Response:
    """Say that it is over."""
    return await visit.page("signed_out.html")


async def begin(visit: Visit, person: Person, claims: Claims) -> Session:
    """Record that somebody signed in, and begin their session: the answer to this request sets its cookie."""
    await people.signed_in(visit.by_person(person), person)
    return await visit.portal.keeper.start(visit.request, person, claims, visit.who)


async def shown(visit: Visit, wanted: str, problem: str = "", status: int = 200) -> Response:
    """Return the page on which people sign in, saying what went wrong before."""
    provider = visit.portal.signing.provider
    told = {"next": wanted, "problem": problem, "provider": provider.name if provider else ""}
    return await outside(visit, "sign_in.html", status, **told)


async def too_many(visit: Visit, wanted: str) -> Response:
    """Return the page on which people sign in, saying that they have to wait."""
    said = _("Too many attempts have failed. Wait a minute, then try again.")
    page = await shown(visit, wanted, said, _TOO_MANY)
    page.headers["retry-after"] = str(RETRY_AFTER)
    return page


async def outside(visit: Visit, template: str, /, status: int = 200, **values: Any) -> Response:  # noqa: ANN401  for a template
    """Return a page for whoever is not signed in (yet): it shows nothing of a session, and sends no referrer."""
    page = await replace(visit, session=None, access=NOBODY).page(template, status=status, **values)
    page.headers.update(NO_REFERRER)
    return page


def throttled(visit: Visit, account: str = "") -> bool:
    """Whether too many attempts failed, from this address or of this account."""
    signing = visit.portal.signing
    return signing.exceeded(visit.who.address) or (bool(account) and signing.exceeded(account))


async def _link_page(visit: Visit, *, holds: bool) -> Response:
    return await outside(visit, "link.html", 200 if holds else _GONE, holds=holds, action=visit.request.url.path)


def _link(visit: Visit) -> bytes | None:
    """Return the link in the path as the store knows it."""
    try:
        return digest(base64url.decode(visit.request.path_params["link"]))
    except ValueError:
        return None


ROUTES: Final = (
    Route("GET", "/sign-in", sign_in, "nobody"),
    Route("POST", "/sign-in/emulator", as_emulator, "nobody"),
    Route("GET", "/link/{link}", look_at_link, "nobody"),
    Route("POST", "/link/{link}", use_link, "nobody"),
    Route("POST", "/sign-out", sign_out, "nobody"),
    Route("GET", "/signed-out", signed_out, "nobody"),
)
