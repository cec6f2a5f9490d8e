"""Any token endpoint, by client credentials (RFC 6749 section 4.4): Keycloak, Auth0, Okta."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote_plus, urlencode

from accredit.client.sources.answers import SHOWN, object_of, refuse_clear
from accredit.client.sources.asking import place
from accredit.client.sources.source import Detection
from accredit.errors import INPUT_INVALID, SOURCE_MISSING, SOURCE_REFUSED, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

SECRET: Final = "CLIENT_SECRET"  # noqa: S105  the name of a variable
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """An access token of another identity provider, for a client that has a secret there.

    ``secret_variable``: the variable that holds the secret. ``authentication``: ``basic`` (in a header, as every server
    has to take it) or ``post`` (in the form). ``parameter``: of the form, that names the audience.
    """

    name: ClassVar[str] = "client_credentials"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "chosen"
    around: Surroundings
    url: str = ""
    client_id: str = ""
    secret_variable: str = SECRET
    scope: str = ""
    authentication: str = "basic"
    parameter: str = "audience"

    def detect(self) -> Detection:
        """It is there for whoever names it; nothing is asked to find out."""
        missing = [each for each in ("url", "client_id") if not getattr(self, each)]
        why = f"{' and '.join(missing)} must be named" if missing else f"{place(self.url)} was named"
        return Detection(not missing, why)

    def fetch(self, audience: str) -> str:
        """Ask for one."""
        detection = self.detect()
        if not detection.found:
            raise Refused(SOURCE_MISSING, source=self.name, reason=detection.why)
        refuse_clear(self.url, "a secret")
        if self.authentication not in {"basic", "post"}:
            raise Refused(INPUT_INVALID, what=f"authentication {self.authentication}", reason="it is basic or post")
        secret = self.around.need(self.name, self.secret_variable)
        form = {"grant_type": "client_credentials", self.parameter: audience, "scope": self.scope}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self.authentication == "post":
            form |= {"client_id": self.client_id, "client_secret": secret}
        else:  # RFC 6749 section 2.3.1: both are encoded before they are joined
            pair = f"{quote_plus(self.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        answer = self.around.ask(self.name, "POST", self.url, headers=headers, body=body)
        said = object_of(answer)
        if answer.status != _OK or not isinstance(said.get("access_token"), str):
            reason = f"{place(self.url)} answered {answer.status}"
            words = " ".join(str(said[each]) for each in ("error", "error_description") if each in said)
            detail = words.replace(secret, "(not shown)")[:SHOWN]  # some servers repeat what they refuse
            raise Refused(SOURCE_REFUSED, source=self.name, reason=reason, detail=detail)
        return str(said["access_token"])
