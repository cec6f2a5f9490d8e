"""Azure Pipelines: a job asks the address in its environment for a token of a service connection.

Sources: Azure DevOps' REST reference, and what Microsoft's own clients send.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from accredit.testidp.native import Asked, Environment, Job, Native, json_answer, text_answer

if TYPE_CHECKING:
    from accredit.testidp.outages import Answer

VERSIONS: Final = ("7.1", "7.2")
CONNECTION: Final = "connection_id"  # parameter of the dialect
_ROUTE: Final = re.compile(
    r"(?:/[^/]+)*/_apis/distributedtask/hubs/[^/]+/plans/(?P<plan>[^/]+)/jobs/(?P<job>[^/]+)/oidctoken"
)


class AzureDevOps(Native):
    """An organization of Azure DevOps."""

    dialects = ("azure_devops",)

    def answer(self, asked: Asked) -> Answer | None:
        """``POST …/oidctoken?api-version=7.1&serviceConnectionId=…``: ``{"oidcToken": token}``."""
        if not _ROUTE.fullmatch(asked.path):
            return None
        if asked.method != "POST":
            return _refused(405, "The requested resource does not support http method 'GET'.", allow="POST")
        job = self.jobs.of(asked.bearer, *self.dialects)
        if job is None:
            return self._unknown(asked)
        version = (asked.one("api-version") or "").partition("-")[0]  # 7.2-preview.1, too
        if version not in VERSIONS:
            return _refused(400, "No api-version was supplied for the request, or none that is known here (7.1).")
        connection = asked.one("serviceConnectionId")
        if connection is not None and connection.lower() != str(job.value(CONNECTION)).lower():
            return _refused(404, f"No service connection found with identifier {connection}.")
        return json_answer({"oidcToken": self.jobs.mint(job).token})

    def _unknown(self, asked: Asked) -> Answer:
        """Send whoever is unknown to the sign-in page, unless he says that he is no browser."""
        if asked.headers.get("x-tfs-fedauthredirect", "").lower() == "suppress":
            return text_answer("", 401, www_authenticate="Bearer")
        return text_answer("", 302, location=f"{self.jobs.places.base}/_signin")

    def environment(self, job: Job) -> Environment:
        """What an agent gives the tasks of a job that may use the connection."""
        plan, of_plan = (uuid5(NAMESPACE_URL, f"{job.secret}/{each}") for each in ("plan", "job"))
        organization = f"{self.jobs.address(job)}/{quote(str(job.value('organization')))}/"
        hub = f"{organization}{quote(str(job.value('project')))}/_apis/distributedtask/hubs/build"
        return Environment(
            {
                "TF_BUILD": "True",
                "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": organization,
                "SYSTEM_TEAMPROJECT": str(job.value("project")),
                "SYSTEM_OIDCREQUESTURI": f"{hub}/plans/{plan}/jobs/{of_plan}/oidctoken",
                "SYSTEM_ACCESSTOKEN": job.secret,
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": str(job.value(CONNECTION)),
            }
        )


def _refused(status: int, message: str, **headers: str) -> Answer:
    said = {"$id": "1", "innerException": None, "message": message, "typeKey": "VssServiceException", "errorCode": 0}
    return json_answer(said, status, **headers)
