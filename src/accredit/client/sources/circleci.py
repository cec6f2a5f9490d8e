"""CircleCI: its command, which makes a token for any audience; else the job's variable, for the organization."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

VARIABLES: Final = ("CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN")
HOW: Final = "a job has them that uses a context; without one, the command circleci is needed"


@dataclass(frozen=True, slots=True)
class Circleci:
    """The token of a job, with the organization's issuer."""

    name: ClassVar[str] = "circleci"
    around: Surroundings

    @property
    def one_shot(self) -> bool:
        """Whether there is only the variable."""
        return self._command is None

    @property
    def audience(self) -> Audience:
        """Who chooses the audience: the variable's is the organization."""
        return "fixed" if self.one_shot else "chosen"

    def detect(self) -> Detection:
        """Look for a job."""
        if self.around.value("CIRCLECI") != "true":
            return Detection(found=False, why="CIRCLECI is not true")
        if self._command:
            return Detection(found=True, why="CIRCLECI is true, and there is the command circleci")
        held = [each for each in VARIABLES if self.around.value(each)]
        if held:
            return Detection(found=True, why=f"{held[0]} is set")
        why = f"CIRCLECI is true, but neither {' nor '.join(VARIABLES)} is set: {HOW}"
        return Detection(found=False, why=why, partly=True)

    def fetch(self, audience: str) -> str:
        """Have the command make one, else return the variable."""
        if command := self._command:
            asked = [command, "run", "oidc", "get", "--claims", json.dumps({"aud": audience})]
            return self.around.run(self.name, asked, environment=self.around.environment)
        for each in VARIABLES:
            if found := self.around.value(each):
                return found
        raise Refused(SOURCE_MISSING, source=self.name, reason=f"neither {' nor '.join(VARIABLES)} is set", detail=HOW)

    @property
    def _command(self) -> str | None:
        return shutil.which("circleci", path=self.around.environment.get("PATH", ""))
