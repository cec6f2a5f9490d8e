"""Calls of Azure Resource Manager, sent to an emulator in process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accredit.administer import evidence
from accredit.app import seed
from accredit.directory import azure
from tests.web.graph.callers import Caller, Graph
from tests.wire.authority import BASE, Answer

SUBSCRIPTION = f"/subscriptions/{azure.subscription_of(seed.TENANT_ID)}"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
DEFINITIONS = "providers/Microsoft.Authorization/roleDefinitions"
READER = UUID("acdd72a7-3385-48ef-bd42-f606fba81ae7")
CONTRIBUTOR = UUID("b24988ac-6180-42a0-ab88-20f7382dd24c")
BOT = str(seed.marked("principal deploy-bot"))
SCOPE = f"{BASE}/arm/.default"


@dataclass
class Arm:
    """``graph`` makes callers, each with the roles that a test gives it."""

    graph: Graph

    def token(self, *roles: str) -> str:
        """A token for this API of an application with these roles."""
        caller: Caller = self.graph.caller(*roles)
        secret = self.graph.wire.run(evidence.add_secret, self.graph.wire.administrator, caller.application.id).value
        return self.graph.token(str(caller.application.app_id), secret, SCOPE)

    def admin(self) -> str:
        """A token of the emulator's administrator."""
        return self.graph.token(str(seed.ADMIN_ID), seed.ADMIN_SECRET, SCOPE)

    def ask(
        self,
        method: str,
        path: str,
        token: str | None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        version: str = "2022-04-01",
    ) -> Answer:
        joint = "&" if "?" in path else "?"
        return self.graph.ask(method, f"{path}{joint}api-version={version}", token, body, headers)

    def assign(self, token: str, scope: str, name: str, **properties: Any) -> Answer:
        """Assign a role on a scope: Reader to deploy-bot, where nothing else is said."""
        role = f"{SUBSCRIPTION}/{DEFINITIONS}/{READER}"
        given = {"roleDefinitionId": role, "principalId": BOT, **properties}
        return self.ask("PUT", f"{scope.rstrip('/')}/{ASSIGNMENTS}/{name}", token, {"properties": given})

    def listed(self, token: str, scope: str, query: str = "") -> list[str]:
        """The names of the assignments that a scope's list shows."""
        answer = self.ask("GET", f"{scope.rstrip('/')}/{ASSIGNMENTS}{query}", token)
        assert answer.status == 200, answer.body
        return [each["name"] for each in answer.json["value"]]
