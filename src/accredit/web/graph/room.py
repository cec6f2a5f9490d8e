"""The room of Microsoft Graph: a request comes in, is admitted, authorised and read; what its handler says goes out.

Rule 1: nothing of a call is looked at before its token is: without one, nobody learns what exists.
Rule 2: every answer that is no success has Graph's envelope, whatever went wrong.
Rule 3: calls to the directory have places of their own (``places``), so that they never take those of sign-ins. A body
that is on its way takes none of them, but one of its own.
Rule 4: nothing that one call asks for holds up the loop: it is bounded before it is begun, and long lists are written
some at a time.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

import msgspec

from accredit.directory import read_guid
from accredit.errors import GRAPH_BROKEN, GRAPH_THROTTLED, Refused
from accredit.interop.odata import Options, read_options
from accredit.signins import Sender
from accredit.web.acting import acting
from accredit.web.answers import STRICT_TRANSPORT, answer, read_body_within
from accredit.web.graph import (
    accredit,
    applications,
    assignments,
    batch,
    body,
    credentials,
    directory,
    errors,
    explain,
    figures,
    grants,
    issuer_keys,
    lint,
    logs,
    migration,
    path,
    policy,
    presets,
    principals,
    replay,
    reports,
)
from accredit.web.graph.budget import Budget
from accredit.web.graph.call import Call, Key
from accredit.web.graph.parts import Told
from accredit.web.graph.permissions import Admitted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from accredit.administer.key_watch import KeyWatch
    from accredit.ports import Authority, Registry
    from accredit.web.answers import Header, Receive, Scope, Send
    from accredit.web.bearer import Bearers, Caller
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.errors import Envelopes
    from accredit.web.graph.parts import Part
    from accredit.web.graph.path import Target
    from accredit.web.graph.route import Route
    from accredit.web.graph.router import Router, Served
    from accredit.web.places import Places
    from accredit.web.sender import Senders
    from accredit.web.signin_log import SignInLog
    from accredit.web.watch import Watch

ROUTES: Final[tuple[Route, ...]] = (
    *batch.ROUTES,
    *applications.ROUTES,
    *credentials.ROUTES,
    *principals.ROUTES,
    *assignments.ROUTES,
    *grants.ROUTES,
    *directory.ROUTES,
    *logs.ROUTES,
    *reports.ROUTES,
    *figures.ROUTES,
    *accredit.ROUTES,
    *issuer_keys.ROUTES,
    *explain.ROUTES,
    *replay.ROUTES,
    *presets.ROUTES,
    *policy.ROUTES,
    *lint.ROUTES,
    *migration.ROUTES,
)
"""Every call that is served: what the resource modules export, put together."""

JSON: Final = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
TEXT: Final = "text/plain"
WRITING: Final = frozenset({"POST", "PATCH", "PUT"})  # whose body is read
PATIENCE: Final = 1.0  # seconds: after a longer wait for a body it is asked again who calls, and what he may do
NO_ROUTE: Final = "none"  # the label of calls that reached no route
_ALWAYS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
_OURS: Final = "client-request-id"
OVERRIDE: Final = "accredit-override"
FINDINGS: Final = "accredit-findings"


@dataclass(frozen=True, slots=True)
class Ask:
    """One call as it was heard: a request, or a part of a batch."""

    who: Sender
    method: str
    path: str  # percent-encoded, from the version on
    query: str
    prefer: str
    override: str  # why the caller accepts what lint calls an error
    authorization: tuple[bytes, ...] = field(repr=False)
    body: Callable[[Caller], Awaitable[dict[str, Any]]] = field(repr=False)
    budget: Budget  # of the whole request
    part: bool = False  # of a batch, which has a place


@dataclass(frozen=True, slots=True)
class Room:
    """Serves one authority under ``/v1.0`` and ``/beta``."""

    authority: Authority
    registry: Registry
    log: SignInLog
    key_watch: KeyWatch
    bearers: Bearers
    router: Router
    senders: Senders
    envelopes: Envelopes
    places: Places  # of calls that are answered
    bodies: Places  # of bodies that are on their way
    watch: Watch
    emulator: bool = False
    any_token: bool = False  # every token of ours may do everything
    strict_transport: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        ask = self._heard(scope, receive)
        told = await self._told(ask)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.headers.items()]
        await answer(send, told.status, [*headers, *self._always()], _octets(told.body), head=ask.method == "HEAD")

    def _heard(self, scope: Scope, receive: Receive) -> Ask:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        other = headers.get(b"x-ms-client-request-id", b"").decode("latin-1")  # as the Azure CLI calls it
        raw: bytes = scope.get("raw_path") or quote(scope["path"], safe="/()'=$").encode()

        async def read(caller: Caller) -> dict[str, Any]:
            with self.bodies.taken(caller):
                octets = await read_body_within(body.ARRIVES_WITHIN, headers, receive, body.LARGEST)
                return body.read(headers.get(b"content-type", b"").decode("latin-1"), octets)

        return Ask(
            self.senders.read(scope, headers, {_OURS: other}),
            scope["method"],
            raw.decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            ",".join(_all(scope, b"prefer")),
            unquote(headers.get(OVERRIDE.encode(), b"").decode("latin-1")),
            tuple(value for name, value in scope["headers"] if name == b"authorization"),
            read,
            Budget(),
        )

    async def _told(self, ask: Ask) -> Told:
        """Answer a call, whatever goes wrong in it."""
        route = NO_ROUTE
        try:
            caller = await self._caller(ask)
            target = path.parse(ask.path)
            served, keys = self.router.find(ask.method, target.segments)
            route = served.template
            call = await self._call(ask, caller, target, served, keys)
            with nullcontext() if ask.part else self.places.taken(call.caller):
                return self._granted(ask, route, await served.route.handler(call))
        except Refused as refused:
            return self._refused(ask, route, refused)
        except Exception as error:  # noqa: BLE001  the one place where an error of our own becomes an answer
            self.watch.broken(ask.who, error)
            return self._refused(ask, route, Refused(GRAPH_BROKEN))

    async def _caller(self, ask: Ask) -> Caller:
        return await self.bearers.caller(ask.authorization, ask.who.user_agent)

    def _admitted(self, served: Served, caller: Caller) -> Admitted:
        return Admitted() if self.any_token else served.needs.admit(caller.roles)

    async def _call(self, ask: Ask, caller: Caller, target: Target, served: Served, keys: tuple[Key, ...]) -> Call:
        """Authorise a call and read it: 403, then what its options and its body are refused for."""
        admitted, options, members = self._admitted(served, caller), _options(ask, served), dict[str, Any]()
        if ask.method in WRITING:
            now = asyncio.get_running_loop().time
            begun, members = now(), await ask.body(caller)
            if now() - begun > PATIENCE:  # what was revoked while the body was on its way is gone
                caller = await self._caller(ask)
                admitted = self._admitted(served, caller)
        return Call(
            by=acting(
                self.authority,
                self.registry,
                caller,
                ask.who,
                emulator=self.emulator,
                all_rights=self.any_token,
                owned_only=admitted.owned_only,
                override=ask.override,
            ),
            caller=caller,
            version=target.version,
            keys=keys,
            options=options,
            graph=self.authority.base,
            path=target.path,
            alone=lambda part, refused: self._alone(ask, target, part, refused),
            log=self.log,
            key_watch=self.key_watch,
            authority=self.authority,
            query=ask.query,
            body=members,
            budget=ask.budget,
            prefer=frozenset(each.strip().lower() for each in ask.prefer.split(",") if each.strip()),
            any_token=self.any_token,
            owned_only=admitted.owned_only,
            not_on_graph=admitted.not_on_graph,
        )

    async def _alone(self, whole: Ask, target: Target, part: Part, refused: Refused | None) -> Told:
        """Answer a part of a batch as if it had come alone, with the batch's token."""

        async def read(_: Caller) -> dict[str, Any]:
            if part.body is None:
                return {}
            body.refuse_other(part.header("content-type") or body.MEDIA_TYPE)
            return body.members(part.body)

        said, who = read_guid(part.header(_OURS)), whole.who
        ask = Ask(
            Sender(self.authority.ids.trace(), said or who.correlation, who.address, who.user_agent),
            part.method.upper(),
            f"/{target.version}/{part.path}",
            part.query,
            part.header("prefer"),
            unquote(part.header(OVERRIDE)),
            whole.authorization,
            read,
            whole.budget,
            part=True,
        )
        if refused is None and whole.budget.spent:
            refused = Refused(GRAPH_THROTTLED, detail="the answers to other parts fill the batch: send the rest again")
        told = await self._told(ask) if refused is None else self._refused(ask, NO_ROUTE, refused)
        written = told.encoded()
        whole.budget.left -= written.size
        return written

    def _granted(self, ask: Ask, route: str, given: Answer) -> Told:
        self.watch.answered(ask.method, route, given.status)
        headers = {} if given.body is None else {"Content-Type": TEXT if isinstance(given.body, bytes) else JSON}
        if given.location is not None:
            headers["Location"] = given.location
        if given.findings:
            headers[FINDINGS] = given.findings
        return Told(given.status, headers | _named(ask.who), given.body)

    def _refused(self, ask: Ask, route: str, refused: Refused) -> Told:
        status, said = self.envelopes.of(refused, ask.who, self.authority.clock())
        self.watch.answered(ask.method, route, status)
        self.watch.refused(ask.who, refused, {"method": ask.method, "route": route, "status": status})
        return Told(status, {"Content-Type": JSON} | errors.headers(refused, status) | _named(ask.who), said)

    def _always(self) -> Sequence[Header]:
        return (*_ALWAYS, STRICT_TRANSPORT) if self.strict_transport else _ALWAYS


def _options(ask: Ask, served: Served) -> Options:
    route = served.route
    return read_options(ask.query, kind=route.kind, greatest_top=route.greatest_top) if route.asked else Options()


def _named(who: Sender) -> dict[str, str]:
    return {"OData-Version": "4.0", "request-id": str(who.trace), _OURS: str(who.correlation)}


def _all(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]


def _octets(said: dict[str, Any] | bytes | None) -> bytes:
    if said is None:
        return b""
    return said if isinstance(said, bytes) else msgspec.json.encode(said)
