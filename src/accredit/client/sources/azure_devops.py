"""Azure Pipelines: a job that may use a service connection asks the address in its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlencode

from accredit.client.sources.answers import object_of, refuse_clear, refused
from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

URL: Final = "SYSTEM_OIDCREQUESTURI"
BEARER: Final = "SYSTEM_ACCESSTOKEN"
CONNECTION: Final = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"
HOW: Final = f"run it in a task that has the connection, with env: {BEARER}: $(System.AccessToken)"
VERSION: Final = "7.1"
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class AzureDevops:
    """A token of a service connection. ``connection``: its id, where no task has put it into the environment."""

    name: ClassVar[str] = "azure_devops"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "fixed"
    around: Surroundings
    connection: str = ""

    def detect(self) -> Detection:
        """Look for the address, the token that it takes, and a connection."""
        missing = [each for each in (URL, BEARER) if not self.around.value(each)]
        if not self._connection():
            missing.append(f"{CONNECTION} (or a connection that is named)")
        if not missing:
            return Detection(found=True, why=f"{URL} and {BEARER} are set")
        if self.around.value("TF_BUILD").lower() == "true":
            why = f"TF_BUILD is true, but {missing[0]} is not set: {HOW}"
            return Detection(found=False, why=why, partly=True)
        return Detection(found=False, why=f"{missing[0]} is not set")

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the platform has one
        """Ask for a token. ``SOURCE_MISSING``, ``SOURCE_UNREACHABLE``, ``SOURCE_REFUSED``."""
        url, bearer = (self.around.need(self.name, each, HOW) for each in (URL, BEARER))
        refuse_clear(url, BEARER)
        connection = self._connection()
        if not connection:
            reason = f"{CONNECTION} is not set, and no connection was named"
            raise Refused(SOURCE_MISSING, source=self.name, reason=reason, detail=HOW)
        query = urlencode({"api-version": VERSION, "serviceConnectionId": connection})
        headers = {
            "Authorization": f"Bearer {bearer}",
            "Content-Type": "application/json",
            "X-TFS-FedAuthRedirect": "Suppress",  # a refusal is one, and no page to sign in
        }
        answer = self.around.ask(self.name, "POST", f"{url.rstrip('/')}?{query}", headers=headers)
        token = object_of(answer).get("oidcToken")
        if answer.status != _OK or not isinstance(token, str):
            raise refused(self.name, answer, HOW)
        return token

    def _connection(self) -> str:
        return self.connection or self.around.value(CONNECTION)
