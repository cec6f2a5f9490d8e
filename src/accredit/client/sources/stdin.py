"""Standard input, which somebody else writes a token to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from accredit.client.sources.source import LONGEST, Detection
from accredit.errors import SOURCE_MISSING, SOURCE_REFUSED, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings


@dataclass(frozen=True, slots=True)
class Stdin:
    """What standard input holds, once."""

    name: ClassVar[str] = "stdin"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "preset"
    around: Surroundings

    def detect(self) -> Detection:
        """It is there for whoever names it; nothing is read to find out."""
        return Detection(found=True, why="it was named")

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Read it to its end."""
        found = self.around.typed(LONGEST + 1)
        if len(found) > LONGEST:
            raise Refused(SOURCE_REFUSED, source=self.name, reason=f"it holds more than {LONGEST} characters")
        if not found.strip():
            raise Refused(SOURCE_MISSING, source=self.name, reason="it is empty")
        return found.strip()
