"""A variable of the environment that holds a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings


@dataclass(frozen=True, slots=True)
class Env:
    """What a variable holds: a process has one value of it and gets no other."""

    name: ClassVar[str] = "env"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "preset"
    around: Surroundings
    variable: str = ""

    def detect(self) -> Detection:
        """Look whether it is set."""
        return self.around.seen(self.variable) if self.variable else Detection(False, "no variable was named")  # noqa: FBT003

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Return it."""
        if not self.variable:
            raise Refused(SOURCE_MISSING, source=self.name, reason="no variable was named")
        return self.around.need(self.name, self.variable)
