"""An organisation's provider, at which people sign in: authorization code with PKCE, as the portal asks for it.

Rule 1: four people are known, three of whom have a group; whoever stands before the page chooses who they are.
Rule 2: one client is known, by its secret, which everybody knows. Its answers go to this machine only.
Rule 3: a code is redeemed once, within a minute, with the verifier and the address that it was made for.
Rule 4: what is wrong with a question is answered here and not where it says: nobody is led away by it.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from accredit.issuers import base64url, url
from accredit.testidp.outages import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from accredit.testidp.native import Asked

DIALECT: Final = "custom"
AUTHORIZE: Final = "/authorize"
CLIENT: Final = "accredit-portal"
SECRET: Final = "organisation-portal-secret"  # noqa: S105  everybody knows it: an emulator's
PEOPLE: Final[Mapping[str, Mapping[str, object]]] = {
    "ada": {"name": "Ada Lovelace", "groups": ["everybody", "portal-admins"]},
    "grace": {"name": "Grace Hopper", "groups": ["everybody", "portal-operators"]},
    "katherine": {"name": "Katherine Johnson", "groups": ["everybody", "portal-readers"]},
    "mallory": {"name": "Mallory", "groups": ["everybody"]},
}
"""Who signs in: the subject, and what else is said of them."""
CODE_LIVES: Final = 60.0  # seconds
LIFETIME: Final = 300  # seconds, of an ID token
MOST_CODES: Final = 1_000
_NEEDED: Final = ("client_id", "redirect_uri", "response_type", "state", "nonce", "code_challenge")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_HTML: Final = "text/html; charset=utf-8"
_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class Code:
    """Somebody chose who they are, and the client has not asked for the token yet."""

    person: str
    redirect_uri: str
    nonce: str
    challenge: str
    made_at: datetime


@dataclass(slots=True)
class Organisation:
    """The provider."""

    clock: Callable[[], datetime]
    _codes: OrderedDict[str, Code] = field(default_factory=OrderedDict)

    def authorize(self, asked: Asked, issuer: str) -> Answer:
        """Ask who somebody is (``GET``), and lead back with a code (``POST``)."""
        said = {name: values[0] for name, values in asked.query.items() if len(values) == 1}
        if wrong := _wrong(said):
            return Answer(_page("<p>This sign-in cannot go on.</p>", wrong), 400, _HTML)
        if asked.method != "POST":
            return Answer(_page(_buttons(), f"{said['client_id']} asks who you are."), 200, _HTML, _NOT_KEPT)
        person = dict(asked.form()).get("person", ("",))[0]
        if person not in PEOPLE:
            return _back(said["redirect_uri"], {"error": "access_denied", "state": said["state"], "iss": issuer})
        code = base64url.encode(secrets.token_bytes(_OCTETS))  # noqa: TID251  as of jobs' secrets
        self._codes[code] = Code(person, said["redirect_uri"], said["nonce"], said["code_challenge"], self.clock())
        if len(self._codes) > MOST_CODES:
            self._codes.popitem(last=False)
        return _back(said["redirect_uri"], {"code": code, "state": said["state"], "iss": issuer})

    def redeem(self, form: Mapping[str, tuple[str, ...]], client: str, secret: str) -> Mapping[str, object]:
        """Return what the ID token for a code says. Raises ``ValueError`` with the error, and ``LookupError``.

        ``LookupError``: it is no client of ours.
        """
        if client != CLIENT or not hmac.compare_digest(secret.encode(), SECRET.encode()):
            raise LookupError("Client authentication failed.")
        one = {name: values[0] for name, values in form.items() if len(values) == 1}
        code = self._codes.pop(one.get("code", ""), None)
        if code is None or (self.clock() - code.made_at).total_seconds() > CODE_LIVES:
            raise ValueError("The code is unknown, was used before, or is too old.")
        if one.get("redirect_uri") != code.redirect_uri:
            raise ValueError("The code was made for another redirect_uri.")
        if base64url.encode(sha256(one.get("code_verifier", "").encode()).digest()) != code.challenge:
            raise ValueError("The code_verifier is not the one of the code_challenge.")
        return {"sub": code.person, "aud": CLIENT, "nonce": code.nonce, **PEOPLE[code.person]}

    def discovery(self, address: str) -> Mapping[str, object]:
        """Return what the discovery document says of it."""
        return {
            "authorization_endpoint": address + AUTHORIZE,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile", "groups"],
            "authorization_response_iss_parameter_supported": True,
        }


_NOT_KEPT: Final = (("cache-control", "no-store"),)


def _wrong(said: Mapping[str, str]) -> str:
    """Say what is wrong with a question; empty: nothing."""
    missing = [name for name in _NEEDED if not said.get(name)]
    if missing:
        return f"missing, or there several times: {', '.join(missing)}"
    if said["client_id"] != CLIENT:
        return f"the client is unknown; there is {CLIENT}"
    if said["response_type"] != "code" or "openid" not in said.get("scope", "").split():
        return "only response_type code with the scope openid is played here"
    if said.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(said["code_challenge"]):
        return "PKCE is needed, with S256"
    try:
        leads_here = url.split(said["redirect_uri"]).loopback
    except ValueError as error:
        return f"redirect_uri: {error}"
    return "" if leads_here else "redirect_uri leads to another machine"


def _back(redirect_uri: str, answer: Mapping[str, str]) -> Answer:
    headers = (("location", f"{redirect_uri}?{urlencode(answer)}"), *_NOT_KEPT)
    return Answer(b"", 303, _HTML, headers)


def _buttons() -> str:
    rows = (
        f'<p><button name="person" value="{escape(key)}">{escape(str(each["name"]))}</button></p>'
        for key, each in PEOPLE.items()
    )
    return f'<form method="post">{"".join(rows)}<p><button name="person" value="">None of them</button></p></form>'


def _page(body: str, told: str) -> bytes:
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">'
    title = "<title>Test organisation</title><main><h1>Test organisation</h1>"
    return f"{head}{title}<p>{escape(told)}</p>{body}</main></html>".encode()
