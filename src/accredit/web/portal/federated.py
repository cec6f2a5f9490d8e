"""Signing in at the organisation's own provider: there, and back (authorization code with PKCE)."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from accredit.directory.people import access_of, readable
from accredit.errors import NOT_FOUND, REQUEST_MALFORMED, Refused, shown
from accredit.web.portal import oidc, signin
from accredit.web.portal.headers import give_cookie
from accredit.web.portal.paths import ROOT, own_path
from accredit.web.portal.route import Route
from accredit.web.portal.same import command
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.web.portal.handshake import Handshake
    from accredit.web.portal.oidc import Identified, Provider
    from accredit.web.portal.visit import Visit

_BAD: Final = 400
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_UNREACHABLE: Final = 502
_ANSWER: Final = ("state", "code", "iss", "error")  # parameters that may stand there once
_LONGEST_CODE: Final = 4_096  # characters


async def start(visit: Visit) -> Response:
    """Lead to the provider, with a question that only this browser can bring the answer of.

    A page leads there and no redirect: a form may lead to our own pages only (``form-action``), redirects included.
    """
    provider, wanted = _provider(visit), own_path((await visit.form()).text("next"))
    if signin.throttled(visit):
        return await signin.too_many(visit, wanted)
    try:
        endpoints = await provider.endpoints()
    except Refused as refused:
        visit.portal.signing.tell(visit.who, refused)
        said = _("%(name)s cannot be reached from here now.") % {"name": provider.name}
        return await signin.shown(visit, wanted, said, _UNREACHABLE)
    handshakes = visit.portal.signing.handshakes
    handshake = handshakes.begin(visit.portal.authority.ids, visit.now, wanted)
    give_cookie(visit.request, handshakes.cookie(handshake))
    url = oidc.question(provider.client, endpoints, handshake)
    page = await signin.outside(visit, "leaving.html", url=url, provider=provider.name)
    page.headers["refresh"] = f"0; url={url}"
    return page


async def callback(visit: Visit) -> Response:
    """Take the provider's answer: begin a session for somebody with a role, and tell everybody else what happened."""
    provider, signing = _provider(visit), visit.portal.signing
    if signin.throttled(visit):
        return await signin.too_many(visit, ROOT)
    handshake = signing.handshakes.read(visit.request, visit.now)
    give_cookie(visit.request, signing.handshakes.over())
    if handshake is None or not _is_answer(visit, handshake):
        if handshake is not None:  # else nothing was tried: any page can lead a browser here, and have it wait
            signing.failed(visit.who.address)
        said = _("This sign-in took longer than ten minutes, or it was begun in another browser. Begin again.")
        return await signin.shown(visit, ROOT, said, _BAD)
    try:
        found = await _identified(visit, provider, handshake)
    except Refused as refused:
        signing.failed(visit.who.address)
        signing.tell(visit.who, refused)
        said = _("Signing in at %(name)s did not succeed. Try again; an administrator finds why under this request.")
        return await signin.shown(visit, handshake.next, said % {"name": provider.name}, _BAD)
    return await _welcome(visit, found, handshake.next)


async def _identified(visit: Visit, provider: Provider, handshake: Handshake) -> Identified:
    asked = visit.request.query_params
    endpoints = await provider.endpoints()
    _refuse_issuer(asked.get("iss"), provider, endpoints)
    if "error" in asked:
        _refuse(f"the provider answers '{shown(asked['error'][:100])}'")
    code = asked.get("code", "")
    if not 0 < len(code) <= _LONGEST_CODE:
        _refuse("there is no code")
    token = await provider.redeem(endpoints, code, handshake.verifier)
    return await oidc.identify(provider, token, handshake.nonce, visit.now)


async def _welcome(visit: Visit, found: Identified, wanted: str) -> Response:
    """Begin a session for whoever has a role; tell everybody else how to get one."""
    person, account = found.person, f"account {found.person.issuer} {found.person.subject}"
    if signin.throttled(visit, account):
        return await signin.too_many(visit, wanted)
    async with visit.reading() as store:
        mappings = await store.role_mappings.find()
    named = {each.claim for each in mappings if each.issuer == person.issuer}
    claims = readable(found.claims, sorted(named - {"sub"}))
    if access_of(mappings, person, claims).none:
        visit.portal.signing.failed(account)
        add = command(
            "admin", "add", issuer=person.issuer, claim="sub", value=person.subject, role="reader", tenant="TENANT"
        )
        return await signin.outside(
            visit, "no_role.html", _FORBIDDEN, person=person, names=sorted(found.claims), command=add
        )
    await signin.begin(visit, person, claims)
    return visit.go(wanted)


def _provider(visit: Visit) -> Provider:
    if visit.portal.signing.provider is None:
        raise Refused(NOT_FOUND)
    return visit.portal.signing.provider


def _is_answer(visit: Visit, handshake: Handshake) -> bool:
    """Whether a request is the one answer to what this browser began."""
    asked = visit.request.query_params
    if any(len(asked.getlist(name)) > 1 for name in _ANSWER):
        return False
    return hmac.compare_digest(asked.get("state", "").encode(), handshake.state.encode())


def _refuse_issuer(said: str | None, provider: Provider, endpoints: oidc.Endpoints) -> None:
    """Refuse an answer of another issuer, or of none where this one always says it (RFC 9207)."""
    if said is None and not endpoints.says_issuer:
        return
    if said != provider.record.url:
        _refuse("iss in the answer is missing" if said is None else f"the answer is of '{shown(said[:200])}'")


def _refuse(what: str) -> None:
    raise Refused(REQUEST_MALFORMED, reason=what)


ROUTES: Final = (
    Route("POST", "/oidc/start", start, "nobody"),
    Route("GET", "/oidc/callback", callback, "nobody"),
)
