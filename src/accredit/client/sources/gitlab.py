"""GitLab CI: the variables that the job's ``id_tokens`` name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from accredit.client.sources import claims
from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

HOW: Final = "give the job id_tokens: NAME: aud: AUDIENCE"


@dataclass(frozen=True, slots=True)
class Gitlab:
    """A token of a job. ``variable``: which; else the first by name that is for the audience that is asked for."""

    name: ClassVar[str] = "gitlab"
    one_shot: ClassVar[bool] = True
    audience: ClassVar[Audience] = "preset"
    around: Surroundings
    variable: str = ""

    def detect(self) -> Detection:
        """Look for a job with a token."""
        if self.around.value("GITLAB_CI") != "true":
            return Detection(found=False, why="GITLAB_CI is not true")
        if self.variable:
            return self.around.seen(self.variable, "GITLAB_CI", HOW)
        if held := self._held():
            return Detection(found=True, why=f"GITLAB_CI is true, and {', '.join(held)} holds a token")
        return Detection(found=False, why=f"GITLAB_CI is true, but no variable holds a token: {HOW}", partly=True)

    def fetch(self, audience: str) -> str:
        """Return the variable that is named, else one whose token is for ``audience``."""
        if self.variable:
            return self.around.need(self.name, self.variable, HOW)
        held = self._held()
        for each, said in held.items():
            if audience in claims.audiences(said):
                return self.around.value(each)
        others = "; ".join(f"{each}: {', '.join(claims.audiences(said))}" for each, said in held.items())
        reason = f"no variable holds one for {audience}"
        raise Refused(SOURCE_MISSING, source=self.name, reason=reason, detail=f"{others}. {HOW}" if others else HOW)

    def _held(self) -> dict[str, claims.Claims]:
        """Return what the tokens say that variables hold, by variable."""
        read = {each: claims.read(value.strip()) for each, value in sorted(self.around.environment.items())}
        return {each: said for each, said in read.items() if said is not None and "aud" in said}
