"""An application of one test, and what a caller of the directory API does with what it trusts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accredit.administer import applications
from accredit.app import seed
from accredit.directory import Application
from accredit.query import Query
from accredit.signins import Audit
from tests.web.graph.callers import Graph
from tests.wire.authority import Answer

GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"
SUBJECT = "repo:o/r:environment:prod"
TEXT = "claims['sub'] matches 'repo:o/*' and claims['repository_id'] eq '1'"
MATCHING = {"value": TEXT, "languageVersion": 1}
ABSENT = str(UUID(int=2**100))
A_W = "Application.ReadWrite.All"


class Trusting:
    """One application, and what a caller does with its credentials."""

    def __init__(self, graph: Graph, *, version: str = "v1.0", token: str | None = None) -> None:
        self.graph = graph
        self.version = version
        self.token = token or graph.caller(A_W).token
        made = graph.wire.run(applications.create, graph.wire.administrator, seed.TENANT_ID, display_name="trusting")
        assert isinstance(made, Application)
        self.application = made

    @property
    def path(self) -> str:
        return f"/{self.version}/applications/{self.application.id}/federatedIdentityCredentials"

    def ask(
        self, method: str, rest: str = "", body: object = None, headers: Mapping[str, str] | None = None, **changed: str
    ) -> Answer:
        path = f"/{changed.get('version', self.version)}" + self.path.removeprefix(f"/{self.version}")
        return self.graph.ask(method, path + rest, changed.get("token", self.token), body, headers)

    def add(self, **members: Any) -> Answer:
        """POST a credential that is in order, with changes; members that are ``...`` are left out."""
        known: dict[str, Any] = {
            "@odata.type": "#microsoft.graph.federatedIdentityCredential",
            "name": "gh-prod",
            "issuer": GITHUB,
            "subject": SUBJECT,
            "audiences": [AUDIENCE],
        }
        body = {name: value for name, value in (known | members).items() if value is not ...}
        return self.ask("POST", body=body)

    def stored(self, shelf: str = "credentials") -> list[Any]:
        async def read() -> list[Any]:
            async with self.graph.wire.runtime.registry.reading() as store:
                if shelf == "issuers":
                    return list((await store.issuers.search(Query(limit=1_000), tenant_id=seed.TENANT_ID)).things)
                return list(await store.credentials.find(application_id=self.application.id))

        found: list[Any] = self.graph.wire.run(read)
        return found


def refused(answer: Answer) -> tuple[int, str, str]:
    error = answer.json["error"]
    return answer.status, error["code"], error["message"]


def audited(graph: Graph) -> list[Audit]:
    """The records of changes, newest first."""

    async def read() -> list[Audit]:
        async with graph.wire.runtime.registry.reading() as store:
            return list((await store.audits.search(Query(limit=100), tenant_id=seed.TENANT_ID)).things)

    found: list[Audit] = graph.wire.run(read)
    return found
