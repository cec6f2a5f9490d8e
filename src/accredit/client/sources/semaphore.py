"""Semaphore: the job's own variable. What it is for, the organization's address, cannot be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Detection, Surroundings

VARIABLE: Final = "SEMAPHORE_OIDC_TOKEN"
HOW: Final = "the organization has to have OpenID Connect enabled"


@dataclass(frozen=True, slots=True)
class Semaphore:
    """The token of a job, which has one and no other."""

    name: ClassVar[str] = "semaphore"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "fixed"
    around: Surroundings

    def detect(self) -> Detection:
        """Look for the variable."""
        return self.around.seen(VARIABLE, "SEMAPHORE", HOW)

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Return the variable."""
        return self.around.need(self.name, VARIABLE, HOW)
