"""Spacelift: the run's own variable or file. What the token is for, the account's host, cannot be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from accredit.client.sources.source import Detection, there

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

VARIABLE: Final = "SPACELIFT_OIDC_TOKEN"
FILE: Final = "/mnt/workspace/spacelift.oidc"


@dataclass(frozen=True, slots=True)
class Spacelift:
    """The token of a run, which has one and no other."""

    name: ClassVar[str] = "spacelift"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "fixed"
    around: Surroundings

    def detect(self) -> Detection:
        """Look for the variable, then for the file."""
        if there(self.around.path(FILE)) and not self.around.value(VARIABLE):
            return Detection(found=True, why=f"{FILE} is there")
        return self.around.seen(VARIABLE)

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Return the variable, else the file."""
        return self.around.value(VARIABLE) or self.around.file(self.name, self.around.path(FILE))
