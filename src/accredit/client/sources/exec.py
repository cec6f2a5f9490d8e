"""Another program that prints a token: a list of arguments, which no shell reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

AUDIENCE: Final = "ACCREDIT_AUDIENCE"
"""The variable in which the program is told what the token is to be for."""


@dataclass(frozen=True, slots=True)
class Exec:
    """What a program prints, and nothing else with it."""

    name: ClassVar[str] = "exec"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "preset"
    around: Surroundings
    command: tuple[str, ...] = ()

    def detect(self) -> Detection:
        """It is there for whoever names it; it is not run to find out."""
        why = f"{self.command[0]} was named" if self.command else "no program was named"
        return Detection(bool(self.command), why)

    def fetch(self, audience: str) -> str:
        """Run it."""
        if not self.command:
            raise Refused(SOURCE_MISSING, source=self.name, reason="no program was named")
        environment = {**self.around.environment, AUDIENCE: audience}
        return self.around.run(self.name, self.command, environment=environment)
