"""HCP Terraform and Terraform Enterprise: the run's own variable, one for each tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Detection, Surroundings

VARIABLE: Final = "TFC_WORKLOAD_IDENTITY_TOKEN"
AUDIENCE: Final = "TFC_WORKLOAD_IDENTITY_AUDIENCE"


@dataclass(frozen=True, slots=True)
class Terraform:
    """The token of a run. ``tag``: of which, where the workspace asks for several."""

    name: ClassVar[str] = "terraform"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "preset"
    around: Surroundings
    tag: str = ""

    def detect(self) -> Detection:
        """Look for the variable."""
        return self.around.seen(self._tagged(VARIABLE), "TFC_RUN_ID", self._how())

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Return the variable."""
        return self.around.need(self.name, self._tagged(VARIABLE), self._how())

    def _tagged(self, variable: str) -> str:
        return f"{variable}_{self.tag.upper()}" if self.tag else variable

    def _how(self) -> str:
        return f"set the variable {self._tagged(AUDIENCE)} of the workspace to what the token is to be for"
