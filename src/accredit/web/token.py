"""The token endpoints, v1.0 and v2.0: a form comes in, an access token or a refusal goes out. Bare ASGI."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec

from accredit.errors import (
    BROKEN,
    ISSUER_UNREACHABLE,
    TOO_MANY_REQUESTS,
    TRANSIENT,
    US,
    VERB_NOT_ALLOWED,
    Refused,
)
from accredit.exchange import AFTER_PROOF, PresentedSecret, TokenRequest
from accredit.tokens import V2
from accredit.tokens.claims import EARLY
from accredit.web import form, sender
from accredit.web.answers import NOT_STORED, STRICT_TRANSPORT, answer, read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from accredit.ports import Authority
    from accredit.signins import Sender
    from accredit.tokens import AccessToken
    from accredit.web.answers import Header, Receive, Scope, Send
    from accredit.web.errors import Errors
    from accredit.web.limits import Admission, Patience
    from accredit.web.sender import Senders

LARGEST_BODY: Final = 131_072  # bytes, before the form is looked at
RETRY_AFTER: Final = 1  # seconds, with 429 and 503
_UNAUTHORIZED: Final = 401
_UNCOUNTED: Final = AFTER_PROOF | {ISSUER_UNREACHABLE.name}  # a dead issuer must not lock out those who trust it
_LATER: Final = frozenset({TOO_MANY_REQUESTS.name, TRANSIENT.name})  # refusals that say when to come again


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Serves one authority. ``observed`` is told of every outcome and of every error of our own."""

    authority: Authority
    exchange: Callable[[TokenRequest, Authority], Awaitable[AccessToken]]
    senders: Senders
    errors: Errors
    admission: Admission
    observed: Callable[[TokenRequest | None, Sender, Refused | None, float], None]
    broken: Callable[[Sender, BaseException], None]
    seconds: Callable[[], float]  # monotonic
    patience: Patience | None = None  # None: nobody is limited (emulator)
    explanation: Callable[[TokenRequest, Refused], Awaitable[Mapping[str, Any] | None]] | None = None
    strict_transport: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send, tenant: str, version: int) -> None:
        """Answer one request to ``/{tenant}/oauth2/v2.0/token`` (version 2) or ``/{tenant}/oauth2/token`` (1)."""
        started = self.seconds()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        fields, unreadable = await _fields(scope, headers, receive)
        who = self._sender(scope, headers, fields, started)
        request = None
        try:
            if unreadable is not None:
                raise unreadable  # noqa: TRY301  one place turns whatever went wrong into an answer
            basic = sender.basic(scope["headers"]) if b"authorization" in headers else None
            request = TokenRequest.from_form(who, tenant, fields, basic=basic, version=version)
            token = await self._judged(request)
        except Exception as error:  # noqa: BLE001  the one place where an error of our own becomes an answer
            await self._refuse(send, headers, request, who, self._refusal(request, who, error, started))
        else:
            self.observed(request, who, None, self.seconds() - started)
            await answer(send, 200, self._headers(who), granted_v2(token) if version == V2 else granted_v1(token))

    def _refusal(self, request: TokenRequest | None, who: Sender, error: Exception, started: float) -> Refused:
        refused = error if isinstance(error, Refused) else Refused(BROKEN)
        if refused is not error:
            self.broken(who, error)
        refused.__traceback__ = None  # frames that hold what it leads back to would live on until the next collection
        self.observed(request, who, refused, self.seconds() - started)
        return refused

    async def _judged(self, request: TokenRequest) -> AccessToken:
        """Exchange, within the limits. Over its limit a sender is judged with keys at hand, and only proof helps."""
        authority, patience, address = self.authority, self.patience, request.sender.address
        limited = False
        if patience is not None and patience.failures.exceeded(address, request.client_id):
            limited, authority = True, replace(authority, keys=patience.keys_at_hand)
        self.admission.enter()
        try:
            token = await self.exchange(request, authority)
            if patience is not None:
                patience.failures.shared.granted(address, request.client_id)
            return token
        except Refused as refused:
            proven = refused.policy or refused.row.name in _UNCOUNTED
            if patience is None or refused.row.move == US or proven:
                raise
            if limited:
                patience.failures.limited += 1
                raise Refused(TOO_MANY_REQUESTS, detail="too many failed exchanges from this address") from refused
            patience.failures.count(address, request.client_id)
            raise
        finally:
            self.admission.leave()

    def _sender(self, scope: Scope, headers: Mapping[bytes, bytes], fields: Mapping[str, str], began: float) -> Sender:
        others = fields
        if scope["query_string"] and sender.CORRELATION not in fields:
            others = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        return self.senders.read(scope, headers, others, began)

    def _headers(self, who: Sender) -> list[Header]:
        headers = [*NOT_STORED, (b"x-ms-request-id", str(who.trace).encode())]
        if who.echo_correlation:
            headers.append((b"client-request-id", str(who.correlation).encode()))
        if self.strict_transport:
            headers.append(STRICT_TRANSPORT)
        return headers

    async def _refuse(
        self, send: Send, sent: Mapping[bytes, bytes], request: TokenRequest | None, who: Sender, refused: Refused
    ) -> None:
        said = await self._explained(request, who, refused) if self.explanation and request else None
        status, body = self.errors.body(refused, who, self.authority.clock(), said)
        headers = self._headers(who)
        if refused.row is VERB_NOT_ALLOWED:
            headers.append((b"allow", b"POST"))
        later = RETRY_AFTER if refused.retry_after is None and refused.row.name in _LATER else refused.retry_after
        if later is not None:
            headers.append((b"retry-after", str(later).encode()))
        if status == _UNAUTHORIZED and sent.get(b"authorization", b"")[:6].lower() == b"basic ":
            headers.append((b"www-authenticate", b'Basic realm="accredit"'))
        await answer(send, status, headers, body)

    async def _explained(self, request: TokenRequest, who: Sender, refused: Refused) -> Mapping[str, Any] | None:
        """Explain a refusal. What goes wrong in here is recorded; the refusal is answered without an explanation."""
        try:
            return await self.explanation(request, refused) if self.explanation else None
        except Exception as error:  # noqa: BLE001  the refusal stands, whatever the words for it
            self.broken(who, error)
            return None


async def _fields(
    scope: Scope, headers: Mapping[bytes, bytes], receive: Receive
) -> tuple[dict[str, str], Refused | None]:
    """Read the form; what cannot be read is a refusal beside no fields, so that it is answered like every other one."""
    try:
        if scope["method"] != "POST":
            raise Refused(VERB_NOT_ALLOWED, valid_verbs="POST", invalid_verb=scope["method"])  # noqa: TRY301
        return form.read(headers.get(b"content-type", b""), await read_body(headers, receive, LARGEST_BODY)), None
    except Refused as refused:
        return {}, refused


def kind_of_evidence(request: TokenRequest | None) -> str:
    """Return the label under which an exchange is counted."""
    if request is None:
        return "none"
    return "secret" if isinstance(request.evidence, PresentedSecret) else "assertion"


def granted_v2(token: AccessToken) -> bytes:
    """Return the answer of version 2.0: integers; the lifetime one second short, as Entra ID prints it."""
    seconds = token.lifetime - 1
    return b'{"token_type":"Bearer","expires_in":%d,"ext_expires_in":%d,"access_token":"%s"}' % (
        seconds,
        seconds,
        token.value.encode(),
    )


def granted_v1(token: AccessToken) -> bytes:
    """Return the answer of version 1.0: everything is text."""
    return msgspec.json.encode(
        {
            "token_type": "Bearer",
            "expires_in": str(token.lifetime),
            "ext_expires_in": str(token.lifetime),
            "expires_on": str(token.issued_at + token.lifetime),
            "not_before": str(token.issued_at - EARLY),
            "resource": token.wanted,
            "access_token": token.value,
        }
    )
