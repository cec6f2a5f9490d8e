"""GitHub Actions: a job whose permissions have ``id-token: write`` asks the address in its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote

from accredit.client.sources.answers import object_of, refuse_clear, refused
from accredit.client.sources.source import Detection

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
BEARER: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
HOW: Final = "give the job permissions: id-token: write"
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class GithubActions:
    """A token of a job, of github.com or of a server of its own."""

    name: ClassVar[str] = "github_actions"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "chosen"
    around: Surroundings

    def detect(self) -> Detection:
        """Look for the address and the token that it takes."""
        missing = next((each for each in (URL, BEARER) if not self.around.value(each)), None)
        if missing is None:
            return Detection(found=True, why=f"{URL} and {BEARER} are set")
        if self.around.value("GITHUB_ACTIONS") == "true":
            why = f"GITHUB_ACTIONS is true, but {missing} is not set: {HOW}"
            return Detection(found=False, why=why, partly=True)
        return Detection(found=False, why=f"{missing} is not set")

    def fetch(self, audience: str) -> str:
        """Ask for a token. ``SOURCE_MISSING``, ``SOURCE_UNREACHABLE``, ``SOURCE_REFUSED``."""
        url, bearer = (self.around.need(self.name, each, HOW) for each in (URL, BEARER))
        refuse_clear(url, BEARER)
        joined = "&" if "?" in url else "?"
        headers = {"Authorization": f"bearer {bearer}", "Accept": "application/json; api-version=2.0"}
        answer = self.around.ask(self.name, "GET", f"{url}{joined}audience={quote(audience, safe='')}", headers=headers)
        token = object_of(answer).get("value")
        if answer.status != _OK or not isinstance(token, str):
            raise refused(self.name, answer, HOW)
        return token
