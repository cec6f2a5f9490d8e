"""What the token endpoint was asked, and what it answered, for tests to look at. Emulator only.

Rule 1: no token and no secret is kept: an assertion is its claims, unverified, and its hash; a field that may hold
something secret is its name.
Rule 2: memory is bounded: the newest requests are kept, and of large ones fewer.
Rule 3: nothing here changes a request or its answer.
"""

from __future__ import annotations

import re
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.errors import Refused, masked, shown
from accredit.issuers import base64url, strictjson
from accredit.web import form, sender
from accredit.web.token import TokenEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.web.answers import Message, Receive, Scope, Send

MOST: Final = 1_000  # requests
LARGEST: Final = 131_072  # octets of a body that are looked at; the endpoint reads no more
LARGEST_ALL: Final = 6 * 1_024 * 1_024  # octets of all bodies whose requests are kept
NOT_KEPT: Final = "(not kept)"
_KEPT: Final = frozenset(
    {
        *("grant_type", "client_id", "scope", "resource", "client_assertion_type", "client_info"),
        *("token_type", "requested_token_use", "claims", "response_type"),
    }
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z_.-]{0,39}", re.ASCII)  # of a field; a secret is no such word
_CODE: Final = re.compile(r"\w+")
_DEPTH, _MEMBERS = 32, 2_000  # of a claim set that is shown


class Shown(msgspec.Struct, frozen=True):
    """An assertion as it may be shown. Nothing in it was verified."""

    sha256: str  # of the whole, hexadecimal
    header: dict[str, Any]  # empty where it cannot be read
    claims: dict[str, Any]  # the same


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request to the token endpoint, and its outcome."""

    at: datetime  # by the emulator's clock
    tenant: str  # as the caller wrote it
    version: int  # of the endpoint
    client_id: str  # of the form or of HTTP Basic; "": none was given
    form: dict[str, str]  # what may be kept; of every other field only that it was sent
    assertion: Shown | None
    user_agent: str
    correlation_id: str  # as the caller sent it
    status: int
    error: str  # the code, such as AADSTS700213; "" for a token


class Recorded:
    """What a token endpoint was asked lately."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Asked, int]] = deque()
        self._size = 0  # octets

    def all(self) -> tuple[Asked, ...]:
        """Return what is kept, oldest first."""
        return tuple(each for each, _ in tuple(self._kept))

    def clear(self) -> None:
        """Forget what is kept."""
        self._kept, self._size = deque(), 0

    def keep(self, asked: Asked, size: int) -> None:
        """Keep one more, whose body had so many octets, in place of the oldest when there are too many."""
        self._kept.append((asked, size))
        self._size += size
        while len(self._kept) > MOST or (self._size > LARGEST_ALL and len(self._kept) > 1):
            self._size -= self._kept.popleft()[1]

    def of(self, endpoint: TokenEndpoint) -> TokenEndpoint:
        """Return the same endpoint, recorded."""
        made = {each.name: getattr(endpoint, each.name) for each in fields(endpoint)}
        return RecordedEndpoint(**made, recorded=self)


@dataclass(frozen=True, slots=True)
class RecordedEndpoint(TokenEndpoint):
    """A token endpoint that tells what it was asked."""

    recorded: Recorded | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send, tenant: str, version: int) -> None:
        heard = _Heard()
        try:
            await TokenEndpoint.__call__(self, scope, heard.received(receive), heard.sent(send), tenant, version)
        finally:
            if self.recorded is not None:
                self.recorded.keep(_asked(self.authority.clock(), scope, tenant, version, heard), len(heard.body))


class _Heard:
    """What went by of one request and its answer."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 0
        self.answer = b""

    def received(self, receive: Receive) -> Receive:
        async def receiving() -> Message:
            message = await receive()
            if len(self.body) <= LARGEST:
                self.body += message.get("body", b"")
            return message

        return receiving

    def sent(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            self.status = message.get("status", self.status)
            if self.status >= 400:  # noqa: PLR2004  only a refusal is looked at: a grant holds a token
                self.answer += message.get("body", b"")
            await send(message)

        return sending


def _asked(at: datetime, scope: Scope, tenant: str, version: int, heard: _Heard) -> Asked:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    fields: dict[str, str] = {}
    with suppress(Refused):
        fields = form.read(headers.get(b"content-type", b""), heard.body)
    basic = None
    with suppress(Refused):
        basic = sender.basic(scope["headers"])
    assertion = fields.get("client_assertion", "")
    return Asked(
        at=at,
        tenant=shown(tenant),
        version=version,
        client_id=shown(fields.get("client_id") or (basic[0] if basic else "")),
        form={_named(name): shown(value) if name in _KEPT else NOT_KEPT for name, value in fields.items()},
        assertion=_shown(assertion) if assertion else None,
        user_agent=_header(headers, b"user-agent"),
        correlation_id=_header(headers, b"client-request-id") or shown(fields.get("client-request-id", "")),
        status=heard.status,
        error=_error(heard.answer),
    )


def _named(field: str) -> str:
    """Return a field's name, if it is one: who forgets a sign of equality writes a value there."""
    return field if _NAME.fullmatch(field) else NOT_KEPT


def _header(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return shown(headers.get(name, b"").decode("latin-1"))


def _shown(token: str) -> Shown:
    header, _, rest = token.strip().partition(".")
    return Shown(sha256(token.strip().encode()).hexdigest(), _object(header), _object(rest.partition(".")[0]))


def _object(segment: str) -> dict[str, Any]:
    found: object = None
    with suppress(ValueError):
        found = strictjson.loads(base64url.decode(segment), depth=_DEPTH, members=_MEMBERS)
    return _without_tokens(found) if isinstance(found, dict) else {}


def _without_tokens(value: Any) -> Any:  # noqa: ANN401  JSON
    """Return JSON in which a token that is a value, which nobody should send, is masked."""
    if isinstance(value, dict):
        return {name: _without_tokens(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_tokens(each) for each in value]
    return masked(value) if isinstance(value, str) else value


def _error(answer: bytes) -> str:
    """Return the code that a refusal begins with."""
    try:
        said = msgspec.json.decode(answer)["error_description"] if answer else ""
    except (msgspec.DecodeError, LookupError, TypeError):
        return ""
    found = _CODE.match(said)
    return found[0] if found else ""
