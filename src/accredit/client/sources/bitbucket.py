"""Bitbucket Pipelines: the step's own variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Detection, Surroundings

VARIABLE: Final = "BITBUCKET_STEP_OIDC_TOKEN"
HOW: Final = "give the step oidc: true, and its audiences"


@dataclass(frozen=True, slots=True)
class Bitbucket:
    """The token of a job, which has one and no other."""

    name: ClassVar[str] = "bitbucket"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "preset"
    around: Surroundings

    def detect(self) -> Detection:
        """Look for the variable."""
        return self.around.seen(VARIABLE, "BITBUCKET_BUILD_NUMBER", HOW)

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Return the variable."""
        return self.around.need(self.name, VARIABLE, HOW)
