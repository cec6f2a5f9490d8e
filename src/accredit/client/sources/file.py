"""A file that holds a token. Whoever renews it replaces it; it is read again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from accredit.client.sources.source import Detection, there
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings


@dataclass(frozen=True, slots=True)
class File:
    """What a file holds."""

    name: ClassVar[str] = "file"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "preset"
    around: Surroundings
    file: str = ""

    def detect(self) -> Detection:
        """Look whether it is there."""
        if not self.file:
            return Detection(found=False, why="no file was named")
        found = there(Path(self.file))
        return Detection(found=found, why=f"{self.file} {'is there' if found else 'is not there'}")

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the protocol's signature
        """Read it."""
        if not self.file:
            raise Refused(SOURCE_MISSING, source=self.name, reason="no file was named")
        return self.around.file(self.name, self.file)
