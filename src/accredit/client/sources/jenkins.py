"""Jenkins: the variable or the file that the job's credentials binding names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings


@dataclass(frozen=True, slots=True)
class Jenkins:
    """The token of a build. ``variable``: as the binding names it, a text or the path of a file; or ``file``."""

    name: ClassVar[str] = "jenkins"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "preset"
    around: Surroundings
    variable: str = ""
    file: str = ""

    def detect(self) -> Detection:
        """Look for the variable: Jenkins gives it any name."""
        if not self.variable and not self.file:
            return Detection(found=False, why="the variable or the file has to be named")
        if self.file:
            return Detection(found=True, why=f"{self.file} was named")
        return self.around.seen(self.variable)

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Return what the variable says, or what the file says that it or ``file`` names."""
        if self.file:
            return self.around.file(self.name, self.file)
        if not self.variable:
            raise Refused(SOURCE_MISSING, source=self.name, reason="neither variable nor file was named")
        found = self.around.need(self.name, self.variable, "name it in withCredentials([...])")
        return self.around.file(self.name, found) if found.startswith("/") else found
