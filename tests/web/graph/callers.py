"""Applications that call the directory API of an emulator in process, each with the roles that a test gives it."""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from accredit.administer import applications, evidence, owners, permissions
from accredit.app import directory_api, seed
from accredit.directory import Application, ServicePrincipal
from accredit.web.graph.permissions import Needs, table
from accredit.web.graph.room import Room
from accredit.web.graph.route import Route
from accredit.web.graph.router import Router
from tests.wire.authority import Answer, Wire

GRAPH_SCOPE = "https://graph.microsoft.com/.default"
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Caller:
    """An application with a secret, and the token it got last."""

    application: Application
    principal: ServicePrincipal
    secret: str
    token: str


@dataclass
class Graph:
    """The directory API of one emulator. ``room``: another one than the emulator's own."""

    wire: Wire
    room: Any = None
    _kept: dict[tuple[str, ...], Caller] = field(default_factory=dict)

    def caller(self, *roles: str) -> Caller:
        """An application that holds these roles on Microsoft Graph, the same one whenever it is asked for."""
        if roles not in self._kept:
            self._kept[roles] = self.new_caller(*roles)
        return self._kept[roles]

    def new_caller(self, *roles: str) -> Caller:
        """An application of a test's own."""
        run, by = self.wire.run, self.wire.administrator
        name = f"caller {next(_NUMBERS)}"
        application = run(applications.create, by, seed.TENANT_ID, display_name=name)
        principal = self.principal_of(application)
        for each in roles:
            self.grant(principal, each)
        secret = run(evidence.add_secret, by, application.id).value
        return Caller(application, principal, secret, self.token(str(application.app_id), secret))

    def principal_of(self, application: Application) -> ServicePrincipal:
        async def found() -> ServicePrincipal:
            async with self.wire.runtime.registry.reading() as store:
                (only,) = await store.principals.find(tenant_id=seed.TENANT_ID, app_id=application.app_id)
                return only

        principal: ServicePrincipal = self.wire.run(found)
        return principal

    def grant(self, principal: ServicePrincipal, role: str) -> Any:
        return self.wire.run(
            permissions.grant, self.wire.administrator, principal.id, seed.marked("principal graph"), role
        )

    def own(self, caller: Caller, application: Application) -> None:
        """Make a caller an owner of an application."""
        self.wire.run(owners.add, self.wire.administrator, application, caller.principal.id)

    def token(self, app_id: str, secret: str, scope: str = GRAPH_SCOPE) -> str:
        fields = {"grant_type": "client_credentials", "client_id": app_id, "client_secret": secret, "scope": scope}
        answer = self.wire.post(fields)
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"])

    def admin(self) -> str:
        """The token of the emulator's administrator, who holds every role."""
        return self.token(str(seed.ADMIN_ID), seed.ADMIN_SECRET)

    def ask(
        self,
        method: str,
        path: str,
        token: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one call; ``body`` as JSON."""
        sent = {"authorization": f"Bearer {token}"} if token else {}
        octets = b""
        if body is not None:
            sent["content-type"] = "application/json"
            octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.wire.ask(method, path, octets, {**sent, **(headers or {})}, application=self.room)


def room(wire: Wire, routes: Iterable[Route], needs: Mapping[tuple[str, str], Needs] | None = None) -> Room:
    """The emulator's room with these routes in place of its own."""
    made = directory_api.room(wire.runtime, wire.runtime.front.tokens)  # type: ignore[attr-defined]
    assert isinstance(made, Room)
    return replace(made, router=Router(routes, table() if needs is None else needs))
