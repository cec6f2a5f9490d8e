"""The exchange: an assertion for an access token, at any authority that speaks Entra ID's protocol, Entra ID included.

Rule 1: an authority is asked at an https address only, and what it puts off is asked again, as ``http`` says.
Rule 2: a token that it has just seen expire is asked for once more at its source, where that gives another.
Rule 3: neither token is in anything that is raised. What an assertion says of itself may be: that is what mends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote, urlencode

import msgspec

from accredit.client import refusals
from accredit.client.evidence import ASSERTION_TYPE
from accredit.client.refusals import OtherRefusal
from accredit.client.sources import claims
from accredit.errors import INPUT_INVALID, NOT_IN_TIME, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.client.http import Answer, Http
    from accredit.client.renewing import Assertion
    from accredit.client.sources.claims import Claims

ENTRA: Final = "https://login.microsoftonline.com"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_OK: Final = 200
_BROKEN: Final = frozenset({500, 502, 504})
_LONGEST: Final = 200  # characters of one claim in an explanation


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. ``tenant``: an id or a domain; ``scope``: ``RESOURCE/.default``."""

    tenant: str
    client_id: str
    scope: str


class _Granted(msgspec.Struct):
    access_token: Annotated[str, msgspec.Meta(pattern=r"^[!-~]+\Z")]  # RFC 6749 appendix A.12: it goes into headers
    expires_in: int | str  # seconds; version 1 writes numbers as text
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """An access token. Its bearer may do what it allows, so it is in no ``repr``."""

    value: str = field(repr=False)
    expires_at: datetime
    scope: str


def exchange(http: Http, request: Request, assertion: Assertion, clock: Callable[[], datetime]) -> Exchanged:
    """Return an access token. A row ``SOURCE_...``, ``AUTHORITY_UNREACHABLE``, or what the authority refuses it for.

    ``clock``: the current instant, aware UTC.
    """
    try:
        return _once(http, request, assertion, clock)
    except (Refused, OtherRefusal) as refused:
        if not _is_late(refused) or not assertion.forget():
            raise
    return _once(http, request, assertion, clock)


def _is_late(refused: Refused | OtherRefusal) -> bool:
    """Whether the assertion had ended, in our words or in others."""
    if isinstance(refused, OtherRefusal):
        return refused.code == NOT_IN_TIME.label
    return refused.row is NOT_IN_TIME


def _once(http: Http, request: Request, assertion: Assertion, clock: Callable[[], datetime]) -> Exchanged:
    given = assertion.given()
    form = {
        "grant_type": "client_credentials",
        "client_id": request.client_id,
        "scope": request.scope,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": given.value,
    }
    path = f"/{quote(request.tenant, safe='')}/oauth2/v2.0/token"
    asked = clock()
    body = urlencode(form).encode()
    answer = http.send("POST", path, body, _FORM)
    if answer.status in _BROKEN:  # asking again changes nothing there
        answer = http.send("POST", path, body, _FORM)
    if answer.status != _OK:
        raise _refusal(answer, given.claims)
    return _read(answer, request, asked)


def _read(answer: Answer, request: Request, asked: datetime) -> Exchanged:
    try:
        found = msgspec.json.decode(answer.body, type=_Granted)
        ends = asked + timedelta(seconds=int(found.expires_in))
        return Exchanged(found.access_token, ends, found.scope or request.scope)
    except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        reason = "it says 200, and holds no access token"
        raise Refused(INPUT_INVALID, what="the authority's answer", reason=reason) from None  # it stands in the error


def _refusal(answer: Answer, said: Claims) -> Refused | OtherRefusal:
    """Return what the authority said, with what the assertion says and the ids by which its log has the attempt."""
    found = refusals.of_token_endpoint(answer.status, answer.body)
    lines = [each for each in (_told(said), _ids(answer)) if each]
    if isinstance(found, OtherRefusal):
        more = "\n".join([*([found.detail] if found.detail else []), *lines])
        return OtherRefusal(found.status, found.code, found.message, more, token=True)
    return Refused(found.row, detail="\n".join([*([found.detail] if found.detail else []), *lines]), **found.fields)


def _told(said: Claims) -> str:
    """Return what an authority compares, as the token has it."""
    named = {"issuer": said.get("iss"), "subject": said.get("sub"), "audience": ", ".join(claims.audiences(said))}
    parts = [f"{name} {str(value)[:_LONGEST]}" for name, value in named.items() if value]
    return f"The token that was sent says, unverified: {'; '.join(parts)}." if parts else ""


def _ids(answer: Answer) -> str:
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    error = found if isinstance(found, dict) else {}
    named = {"trace": error.get("trace_id"), "correlation": error.get("correlation_id")}
    parts = [f"{name} id {str(value)[:_LONGEST]}" for name, value in named.items() if value]
    return f"In the authority's log: {', '.join(parts)}." if parts else ""
