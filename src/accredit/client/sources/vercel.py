"""Vercel: the build's own variable. A function has its token in a header of each request instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Detection, Surroundings

VARIABLE: Final = "VERCEL_OIDC_TOKEN"
HOW: Final = "enable OIDC federation in the settings of the project"


@dataclass(frozen=True, slots=True)
class Vercel:
    """The token of a job, which has one and no other."""

    name: ClassVar[str] = "vercel"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "fixed"
    around: Surroundings

    def detect(self) -> Detection:
        """Look for the variable."""
        return self.around.seen(VARIABLE, "VERCEL", HOW)

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Return the variable."""
        return self.around.need(self.name, VARIABLE, HOW)
