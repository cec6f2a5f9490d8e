"""The addresses of the test issuers, bare ASGI: ``/idp/{dialect}/…`` for everybody, and the control of them.

Rule 1: documents are GET. Control is POST with a JSON body, and with the control token; minting a token and beginning a
job go without it where the emulator says so (loopback).
Rule 2: a web page must not be able to drive it: JSON only, no other site, no CORS header, no OPTIONS. Host names are
checked before a request comes here.
Rule 3: what is wrong is said as JSON: what, where, and what to do; nothing else leaves. A platform's own clients are
answered as the platform does (``native``).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from accredit.errors import CONTROL_TOKEN, CROSS_SITE, INPUT_INVALID, MEDIA_TYPE, METHOD_NOT_ALLOWED, NOT_FOUND, Refused
from accredit.issuers import strictjson
from accredit.testidp.changes import STRANGER_CERTIFICATE, STRANGER_JWKS, certificate
from accredit.testidp.dialect import find
from accredit.testidp.draft import write
from accredit.testidp.native.catalogue import read
from accredit.testidp.native.organisation import AUTHORIZE
from accredit.testidp.outages import MOVED, Answer, Request, Which, honest
from accredit.testidp.wire import body_of, headers_of, of_another_site, refusal, send_answer, shaped

if TYPE_CHECKING:
    from accredit.testidp.mint import TestIssuer
    from accredit.testidp.native.catalogue import Natives
    from accredit.testidp.platforms import Platform
    from accredit.testidp.wire import Receive, Scope, Send

Control = Callable[[Mapping[str, object]], Mapping[str, object]]
"""What ``POST /idp/_name`` does: from the JSON object of its body to that of its answer. Refuses with ``Refused``."""

ROOT: Final = "/idp"
OPEN: Final = frozenset({"mint", "environment"})  # controls that go without the token, where the emulator says so
_DEPTH, _MEMBERS = 32, 2_000  # of the JSON of a control request


class Rotate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_rotate``: whether the keys so far stay published."""

    keep_previous: bool = True


class Down(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_down``: how the issuer's documents are wrong; null makes them right again."""

    mode: str | None


class Endpoints:
    """The ASGI application. ``control_token`` ``None`` lifts the token (loopback only), not the other rules.

    ``controls``: further ones by name, each at ``POST /idp/_name``. ``natives``: what platforms' own clients ask.
    """

    def __init__(
        self,
        issuer: TestIssuer,
        *,
        control_token: str | None,
        open_mint: bool = True,
        controls: Mapping[str, Control] | None = None,
        natives: Natives | None = None,
    ) -> None:
        self._issuer = issuer
        self._control_token = control_token
        self._open = OPEN if open_mint else frozenset()
        self._natives = natives
        self._controls: dict[str, Control] = {"mint": self._mint, **(controls or {})}
        if natives is not None:
            self._controls["environment"] = natives.environment

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Refused as refused:
            answer = refusal(refused)
        await send_answer(answer, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = str(scope["path"]).removeprefix(ROOT)
        name, _, rest = path.removeprefix("/").partition("/")
        if name.startswith("_") and not rest and name[1:] in self._controls:
            body = await self._control(scope, receive, without_token=name[1:] in self._open)
            return _done(self._controls[name[1:]](body))
        if path.rpartition("/")[2] in ("_rotate", "_down"):
            body = await self._control(scope, receive)
            find(name)  # a slip in the name is told as one
            return _done(self._act(*self._issuer.locate(path), body))
        platform, below = self._issuer.locate(path)
        if self._natives is not None and (not of_another_site(headers_of(scope)) or _opened(scope, below)):
            asked = await read(scope, receive, below, platform.instance)
            answer = self._natives.of_issuer(platform.dialect.name, asked)
            if answer is not None:
                return answer
        if scope["method"] != "GET":
            raise Refused(METHOD_NOT_ALLOWED, valid_verbs="GET")
        return self._document(platform, below, scope["query_string"])

    def _document(self, platform: Platform, path: str, query: bytes) -> Answer:
        keyring, used = platform.keyring, platform.default_algorithm
        documents: dict[str, tuple[Which, Callable[[], dict[str, object]]]] = {
            **{each: ("discovery", lambda: self._discovery(platform)) for each in platform.dialect.discovery_paths},
            platform.dialect.jwks_path: ("jwks", lambda: {"keys": [key.jwk for key in keyring.published(used)]}),
        }
        if path == STRANGER_JWKS:
            return Answer(write({"keys": [key.jwk for key in keyring.strangers()]}))
        if path == STRANGER_CERTIFICATE:
            now = int(self._issuer.clock().timestamp())
            chain = b"".join(certificate(key, now).public_bytes(Encoding.PEM) for key in keyring.strangers())
            return Answer(chain, content_type="application/pem-certificate-chain")
        if path not in documents:
            raise Refused(NOT_FOUND)
        which, make = documents[path]
        request = Request(which, platform.address + path, make(), self._issuer.impostors)
        return honest(request) if platform.outage is None or query == MOVED else platform.outage.change(request)

    async def _control(self, scope: Scope, receive: Receive, *, without_token: bool = False) -> Mapping[str, object]:
        """Let a control request in and return its body, or refuse it."""
        headers = headers_of(scope)
        if scope["method"] != "POST":
            raise Refused(METHOD_NOT_ALLOWED, valid_verbs="POST")
        if of_another_site(headers):
            raise Refused(CROSS_SITE)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(MEDIA_TYPE, accepted="application/json")
        if not without_token:
            self._refuse_without_token(headers.get("authorization", ""))
        return _object(await body_of(receive))

    def _refuse_without_token(self, authorization: str) -> None:
        if self._control_token is None:
            return
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._control_token.encode()):
            raise Refused(CONTROL_TOKEN)

    def _mint(self, body: Mapping[str, object]) -> dict[str, object]:
        minted = self._issuer.mint(body)
        return {"token": minted.token, "claims": minted.claims, "header": minted.header}

    def _act(self, platform: Platform, what: str, body: Mapping[str, object]) -> dict[str, object]:
        name, instance = platform.dialect.name, platform.instance
        if what == "/_rotate":
            keep = shaped(body, Rotate).keep_previous
            self._issuer.rotate(name, keep_previous=keep, instance=instance)
            return {"kids": [key.kid for key in platform.keyring.published(platform.default_algorithm)]}
        if what != "/_down":
            raise Refused(NOT_FOUND)
        mode = shaped(body, Down).mode
        self._issuer.down(name, mode, instance=instance)
        return {"mode": mode}

    def _discovery(self, platform: Platform) -> dict[str, object]:
        """Return the discovery document: it says the platform's real issuer, and where its keys are here."""
        address = platform.address
        said = {"issuer": platform.issuer, "jwks_uri": address + platform.dialect.jwks_path}
        played = {} if self._natives is None else self._natives.discovery(platform.dialect.name, address)
        return {**said, **platform.dialect.discovery, **played}


def _opened(scope: Scope, path: str) -> bool:
    """Whether a browser was led to the page at which people sign in: by nature from another site."""
    return (scope["method"], path, headers_of(scope).get("sec-fetch-mode")) == ("GET", AUTHORIZE, "navigate")


def _done(said: Mapping[str, object]) -> Answer:
    """Answer a control request."""
    written = json.dumps(dict(said), separators=(",", ":"), default=msgspec.to_builtins)
    return Answer(written.encode(), headers=(("cache-control", "no-store"),))


def _object(body: bytes) -> Mapping[str, object]:
    try:
        found = strictjson.loads(body or b"{}", depth=_DEPTH, members=_MEMBERS)
    except ValueError as error:
        raise Refused(INPUT_INVALID, what="the request body", reason=str(error)) from error
    if not isinstance(found, dict):
        raise Refused(INPUT_INVALID, what="the request body", reason="it must be a JSON object")
    return found
