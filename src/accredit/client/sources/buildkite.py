"""Buildkite: its agent makes a token for any audience."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

AGENT: Final = "buildkite-agent"
TOKEN: Final = "BUILDKITE_AGENT_ACCESS_TOKEN"  # noqa: S105  the name of a variable
IDS: Final = "organization_id,pipeline_id"


@dataclass(frozen=True, slots=True)
class Buildkite:
    """The token of a step, with the ids that outlive a name. ``lifetime``: seconds; the agent's own if not said."""

    name: ClassVar[str] = "buildkite"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "chosen"
    around: Surroundings
    claims: str = IDS  # that it is to have besides, with commas
    subject_claim: str = ""  # that is to be its subject
    lifetime: str = ""

    def detect(self) -> Detection:
        """Look for the agent and its token."""
        if not self.around.value(TOKEN):
            return Detection(found=False, why=f"{TOKEN} is not set")
        if self._agent is None:
            why = f"{TOKEN} is set, but there is no {AGENT}: put it into PATH"
            return Detection(found=False, why=why, partly=True)
        return Detection(found=True, why=f"{TOKEN} is set, and there is {AGENT}")

    def fetch(self, audience: str) -> str:
        """Have the agent ask for one."""
        if self._agent is None:
            raise Refused(SOURCE_MISSING, source=self.name, reason=f"there is no {AGENT} in PATH")
        claims = [part for each in self.claims.split(",") if each.strip() for part in ("--claim", each.strip())]
        subject = ["--subject-claim", self.subject_claim] if self.subject_claim else []
        lifetime = ["--lifetime", self.lifetime] if self.lifetime else []
        asked = [self._agent, "oidc", "request-token", "--audience", audience, *lifetime, *claims, *subject]
        return self.around.run(self.name, asked, environment=self.around.environment)

    @property
    def _agent(self) -> str | None:
        return shutil.which(AGENT, path=self.around.environment.get("PATH", ""))
