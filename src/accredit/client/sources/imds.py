"""A managed identity of Azure: from App Service and its kin by ``IDENTITY_ENDPOINT``, else from the machine's metadata.

Such a token is made for a resource of an Entra tenant, so an audience is the identifier of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlencode

from accredit.client.sources.answers import object_of, refused
from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

HOST: Final = "http://169.254.169.254"
PATH: Final = "/metadata/identity/oauth2/token"
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Imds:
    """The identity of a machine, a function or an app. ``client_id``: which one, where there are several."""

    name: ClassVar[str] = "imds"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "chosen"
    around: Surroundings
    client_id: str = ""

    def detect(self) -> Detection:
        """Look at the variables. A machine without them is asked only when this source is named."""
        wanted = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
        missing = next((each for each in wanted if not self.around.value(each)), None)
        return Detection(missing is None, f"{missing} is not set" if missing else "IDENTITY_ENDPOINT is set")

    def fetch(self, audience: str) -> str:
        """Ask for a token. ``SOURCE_MISSING``, ``SOURCE_UNREACHABLE``, ``SOURCE_REFUSED``."""
        place, version, headers = self._endpoint()
        query = {"api-version": version, "resource": audience}
        if self.client_id:
            query["client_id"] = self.client_id
        answer = self.around.ask(self.name, "GET", f"{place}?{urlencode(query)}", headers=headers, near=True)
        token = object_of(answer).get("access_token")
        if answer.status != _OK or not isinstance(token, str):
            raise refused(self.name, answer)
        return token

    def _endpoint(self) -> tuple[str, str, dict[str, str]]:
        """Return the address, the version of its interface, and the header that lets a request in."""
        endpoint = self.around.value("IDENTITY_ENDPOINT")
        if not endpoint:
            host = self.around.value("AZURE_POD_IDENTITY_AUTHORITY_HOST") or HOST
            return host.rstrip("/") + PATH, "2018-02-01", {"Metadata": "true"}
        for name, of in (("IDENTITY_SERVER_THUMBPRINT", "Service Fabric"), ("IMDS_ENDPOINT", "Azure Arc")):
            if self.around.value(name):
                reason = f"IDENTITY_ENDPOINT is that of {of}, which is not asked from here"
                raise Refused(SOURCE_MISSING, source=self.name, reason=reason)
        return endpoint, "2019-08-01", {"X-IDENTITY-HEADER": self.around.need(self.name, "IDENTITY_HEADER")}
