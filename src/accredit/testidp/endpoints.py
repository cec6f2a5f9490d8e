"""The addresses of the test issuers, bare ASGI: ``/idp/{dialect}/…`` for everybody, and the control of them.

Rule 1: documents are GET. Control is POST with a JSON body of at most 64 KiB, and with the control token; minting goes
without the token where the emulator says so (loopback).
Rule 2: a web page must not be able to drive it: JSON only, no other site, no CORS header, no OPTIONS. Host names are
checked before a request comes here.
Rule 3: what is wrong is said as JSON: what, where, and what to do; nothing else leaves.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from accredit.errors import (
    BODY_TOO_LARGE,
    CONTROL_TOKEN,
    CROSS_SITE,
    INPUT_INVALID,
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Refused,
)
from accredit.issuers import strictjson
from accredit.testidp.changes import STRANGER_CERTIFICATE, STRANGER_JWKS, certificate
from accredit.testidp.dialect import dialects
from accredit.testidp.draft import write
from accredit.testidp.outages import HELD, MOVED, Answer, Request, Which, honest

if TYPE_CHECKING:
    from accredit.testidp.mint import Platform, TestIssuer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Shape = TypeVar("Shape", bound=msgspec.Struct)

ROOT: Final = "/idp"
DISCOVERY: Final = "/.well-known/openid-configuration"
LIMIT: Final = 64 * 1024  # octets of a control request
_DEPTH, _MEMBERS = 32, 2_000  # of its JSON


class Rotate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_rotate``: whether the keys so far stay published."""

    keep_previous: bool = True


class Down(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``_down``: how the issuer's documents are wrong; null makes them right again."""

    mode: str | None


class Endpoints:
    """The ASGI application. ``control_token`` ``None`` lifts the token (loopback only), not the other rules."""

    def __init__(self, issuer: TestIssuer, *, control_token: str | None, open_mint: bool = True) -> None:
        self._issuer = issuer
        self._control_token = control_token
        self._open_mint = open_mint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Refused as refused:
            answer = _refusal(refused)
        await _send(answer, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = str(scope["path"]).removeprefix(ROOT)
        name, _, rest = path.removeprefix("/").partition("/")
        if path == "/_mint" or rest in ("_rotate", "_down"):
            body = await self._control(scope, receive, mint=path == "/_mint")
            return Answer(write(self._act(name, rest, body)), headers=(("cache-control", "no-store"),))
        if not any(name == each.name or name in each.aliases for each in dialects().values()):
            raise Refused(NOT_FOUND)
        if scope["method"] != "GET":
            raise Refused(METHOD_NOT_ALLOWED, valid_verbs="GET")
        return self._document(self._issuer.platform(name), f"/{rest}", scope["query_string"])

    def _document(self, platform: Platform, path: str, query: bytes) -> Answer:
        keyring, used = platform.keyring, platform.default_algorithm
        documents: dict[str, tuple[Which, Callable[[], dict[str, object]]]] = {
            DISCOVERY: ("discovery", lambda: _discovery(platform)),
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
        request = Request(which, platform.address + path, make())
        return honest(request) if platform.outage is None or query == MOVED else platform.outage.change(request)

    async def _control(self, scope: Scope, receive: Receive, *, mint: bool) -> Mapping[str, object]:
        """Let a control request in and return its body, or refuse it."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] != "POST":
            raise Refused(METHOD_NOT_ALLOWED, valid_verbs="POST")
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise Refused(CROSS_SITE)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(MEDIA_TYPE, accepted="application/json")
        if not (mint and self._open_mint):
            self._refuse_without_token(headers.get("authorization", ""))
        return _object(await _body(receive))

    def _refuse_without_token(self, authorization: str) -> None:
        if self._control_token is None:
            return
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._control_token.encode()):
            raise Refused(CONTROL_TOKEN)

    def _act(self, name: str, rest: str, body: Mapping[str, object]) -> dict[str, object]:
        if not rest:
            minted = self._issuer.mint(body)
            return {"token": minted.token, "claims": minted.claims, "header": minted.header}
        platform = self._issuer.platform(name)
        if rest == "_rotate":
            self._issuer.rotate(name, keep_previous=_read(body, Rotate).keep_previous)
            return {"kids": [key.kid for key in platform.keyring.published(platform.default_algorithm)]}
        mode = _read(body, Down).mode
        self._issuer.down(name, mode)
        return {"mode": mode}


def _discovery(platform: Platform) -> dict[str, object]:
    """Return the discovery document: it says the platform's real issuer, and where its keys are here."""
    jwks_uri = platform.address + platform.dialect.jwks_path
    return {"issuer": platform.issuer, "jwks_uri": jwks_uri, **platform.dialect.discovery}


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > LIMIT:
            raise Refused(BODY_TOO_LARGE, limit=LIMIT)
        if not message.get("more_body"):
            return body


def _object(body: bytes) -> Mapping[str, object]:
    try:
        found = strictjson.loads(body or b"{}", depth=_DEPTH, members=_MEMBERS)
    except ValueError as error:
        raise Refused(INPUT_INVALID, what="the request body", reason=str(error)) from error
    if not isinstance(found, dict):
        raise Refused(INPUT_INVALID, what="the request body", reason="it must be a JSON object")
    return found


def _read(body: Mapping[str, object], kind: type[Shape]) -> Shape:
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise Refused(INPUT_INVALID, what="the request", reason=str(error)) from error


def _refusal(refused: Refused) -> Answer:
    row = refused.row
    said = {"error": row.error, "error_description": str(refused), "code": row.code, "advice": row.advice}
    headers = [("cache-control", "no-store")]
    if row is CONTROL_TOKEN:
        headers.append(("www-authenticate", "Bearer"))
    if row is METHOD_NOT_ALLOWED:
        headers.append(("allow", refused.fields["valid_verbs"]))
    return Answer(write({name: value for name, value in said.items() if value}), row.status, headers=tuple(headers))


async def _send(answer: Answer, receive: Receive, send: Send) -> None:
    if answer.delay and await _gone(receive, answer.delay):
        return
    headers = [("content-type", answer.content_type), ("x-content-type-options", "nosniff"), *answer.headers]
    if not answer.drip:
        headers.append(("content-length", str(len(answer.body))))
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    rest = answer.body
    if answer.drip:
        for _ in range(min(len(rest), int(HELD / answer.drip))):
            await send({"type": "http.response.body", "body": rest[:1], "more_body": True})
            rest = rest[1:]
            if await _gone(receive, answer.drip):
                return
    await send({"type": "http.response.body", "body": rest})


async def _gone(receive: Receive, seconds: float) -> bool:
    """Wait; whether the reader went away meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True
