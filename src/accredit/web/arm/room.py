"""The room of Azure Resource Manager: a request comes in, is admitted, authorised and read; its answer goes out.

Rule 1: nothing of a call is looked at before its token is: without one, nobody learns what exists.
Rule 2: every answer that is no success has this API's envelope, whatever went wrong.
Rule 3: calls have places of their own, and so have bodies that are on their way: neither takes those of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote

import msgspec

from accredit.errors import (
    ARM_BODY_INVALID,
    ARM_QUERY_UNSUPPORTED,
    ARM_UNAUTHORIZED,
    ARM_VERSION_MISSING,
    GRAPH_BROKEN,
    Refused,
)
from accredit.issuers import strictjson
from accredit.web.acting import acting
from accredit.web.answers import JSON, STRICT_TRANSPORT, answer, read_body_within
from accredit.web.arm import routes
from accredit.web.arm.call import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.errors import Row
    from accredit.ports import Authority, Registry
    from accredit.signins import Sender
    from accredit.web.answers import Header, Receive, Scope, Send
    from accredit.web.bearer import Bearers, Caller
    from accredit.web.places import Places
    from accredit.web.sender import Senders
    from accredit.web.watch import Watch

LARGEST: Final = 65_536  # bytes of a body
ARRIVES_WITHIN: Final = 15.0  # seconds: a body
DEEPEST: Final = 8  # containers in containers
MOST_MEMBERS: Final = 200
MOST_OPTIONS: Final = 50
NO_ROUTE: Final = "none"  # the label of calls that reached no route
RETRY_AFTER: Final = 1  # seconds
_UNAUTHORIZED: Final = 401
_LATER: Final = frozenset({429, 503})
_ALWAYS: Final = (JSON, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
_OURS: Final = "client-request-id"
_CODES: Final[Mapping[int, str]] = {
    401: "InvalidAuthenticationToken",
    403: "AuthorizationFailed",
    404: "ResourceNotFound",
    409: "Conflict",
    413: "RequestContentTooLarge",
    503: "ServerUnavailable",
}
"""What a status is called where a row has no code that clients of an API know; every other one is a BadRequest."""


@dataclass(frozen=True, slots=True)
class Room:
    """Serves one authority under ``/subscriptions``, ``/tenants`` and ``/providers``."""

    authority: Authority
    registry: Registry
    bearers: Bearers
    senders: Senders
    catalogue: Mapping[str, Row]  # how refusals are worded; an operator may override it
    places: Places  # of calls that are answered
    bodies: Places  # of bodies that are on their way
    watch: Watch
    emulator: bool = False
    any_token: bool = False  # every token of ours may do everything
    strict_transport: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        other = headers.get(b"x-ms-client-request-id", b"").decode("latin-1")  # as the Azure CLI calls it
        who = self.senders.read(scope, headers, {_OURS: other})
        told, more = await self._told(scope, headers, receive, who)
        named = ((b"x-ms-request-id", str(who.trace).encode()),)
        correlated = ((b"x-ms-correlation-request-id", str(who.correlation).encode()),)
        strict = (STRICT_TRANSPORT,) if self.strict_transport else ()
        body = b"" if told.body is None else msgspec.json.encode(told.body)
        head = scope["method"] == "HEAD"
        await answer(send, told.status, (*_ALWAYS, *named, *correlated, *strict, *more), body, head=head)

    async def _told(
        self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive, who: Sender
    ) -> tuple[Answer, tuple[Header, ...]]:
        """Answer a call, whatever goes wrong in it."""
        route = NO_ROUTE
        try:
            caller = await self._caller(scope, who)
            raw: bytes = scope.get("raw_path") or quote(scope["path"], safe="/").encode()
            found = routes.find(scope["method"], raw.decode("latin-1"))
            route = found.route.template
            query = _query(scope["query_string"])
            self._refuse_unauthorized(caller, found)
            body: Mapping[str, Any] = {}
            if found.route.method == "PUT":
                with self.bodies.taken(caller):
                    body = _read(await read_body_within(ARRIVES_WITHIN, headers, receive, LARGEST))
                caller = await self._caller(scope, who)  # what was revoked while the body was on its way is gone
                self._refuse_unauthorized(caller, found)
            call = Call(
                by=acting(
                    self.authority, self.registry, caller, who, emulator=self.emulator, all_rights=self.any_token
                ),
                caller=caller,
                scope=found.scope,
                name=found.name,
                path=found.path,
                query=query,
                base=self.authority.base,
                body=body,
            )
            with self.places.taken(caller):
                told = await found.route.handler(call)
        except Refused as refused:
            return self._refused(scope, who, route, refused)
        except Exception as error:  # noqa: BLE001  the one place where an error of our own becomes an answer
            self.watch.broken(who, error)
            return self._refused(scope, who, route, Refused(GRAPH_BROKEN))
        self.watch.answered(scope["method"], route, told.status)
        return told, ()

    async def _caller(self, scope: Scope, who: Sender) -> Caller:
        return await self.bearers.caller(
            [value for name, value in scope["headers"] if name == b"authorization"], who.user_agent
        )

    def _refuse_unauthorized(self, caller: Caller, found: routes.Found) -> None:
        if self.any_token or not found.route.roles or found.route.roles & caller.roles:
            return
        raise Refused(
            ARM_UNAUTHORIZED,
            client=caller.client.app_id,
            principal=caller.client.principal.id,
            action=found.route.action,
            scope=found.scope,
        )

    def _refused(self, scope: Scope, who: Sender, route: str, refused: Refused) -> tuple[Answer, tuple[Header, ...]]:
        row = self.catalogue.get(refused.row.name, refused.row)
        method, status = scope["method"], row.status
        self.watch.answered(method, route, status)
        self.watch.refused(who, refused, {"method": method, "route": route, "status": status})
        code = row.error if row.family == "graph" else _CODES.get(status, "BadRequest")
        more: tuple[Header, ...] = ()
        if status == _UNAUTHORIZED:
            more = ((b"www-authenticate", b"Bearer"),)
        elif status in _LATER:
            more = ((b"retry-after", str(RETRY_AFTER).encode()),)
        message = row.template.format_map(refused.fields)
        return Answer(status, {"error": {"code": code, "message": message}}), more


def _query(raw: bytes) -> Mapping[str, str]:
    """Return the options of a call by their names in lower case, the first of each. 400 without an api-version."""
    try:
        said = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_OPTIONS)
    except ValueError as error:
        raise Refused(ARM_QUERY_UNSUPPORTED, option="api-version", reason=error) from None
    found = {name.lower(): value for name, value in reversed(said)}
    if not found.get("api-version"):
        raise Refused(ARM_VERSION_MISSING)
    return found


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        found = strictjson.loads(body, depth=DEEPEST, members=MOST_MEMBERS)
    except ValueError as error:
        raise Refused(ARM_BODY_INVALID, reason=error) from None
    if not isinstance(found, dict):
        raise Refused(ARM_BODY_INVALID, reason="the body is not a JSON object")
    return found
