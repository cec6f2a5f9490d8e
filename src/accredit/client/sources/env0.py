"""env0: the deployment's own variable. What it is for cannot be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Detection, Surroundings

VARIABLE: Final = "ENV0_OIDC_TOKEN"
HOW: Final = "enable OIDC tokens in the settings of the organization"


@dataclass(frozen=True, slots=True)
class Env0:
    """The token of a job, which has one and no other."""

    name: ClassVar[str] = "env0"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "fixed"
    around: Surroundings

    def detect(self) -> Detection:
        """Look for the variable."""
        return self.around.seen(VARIABLE, "ENV0_ENVIRONMENT_ID", HOW)

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Return the variable."""
        return self.around.need(self.name, VARIABLE, HOW)
