"""The one way in which a visit to an issuer fails, with the step that failed."""

from __future__ import annotations

from typing import Final, Literal

from accredit.errors import ISSUER_UNREACHABLE, Refused, shown

Step = Literal[
    "url", "dns", "address", "connect", "tls", "protocol", "status", "redirect", "size", "time", "encoding", "wait"
]

NOT_ACCEPTED: Final = "the certificate is not accepted"
SHOWN = 200  # characters of a stranger's text that a detail may quote


class Unreachable(Refused):
    """90061, detail ``<step>: <what>``. ``answered``: the issuer was reached, and its answer was no."""

    def __init__(self, step: Step, what: str, *, answered: bool = False) -> None:
        super().__init__(ISSUER_UNREACHABLE, detail=f"{step}: {what}")
        self.step: Step = step
        self.answered = answered

    def of(self, document: str, note: str = "") -> Unreachable:
        """Return the same, saying which document was wanted."""
        found = Unreachable(self.step, "", answered=self.answered)
        found.detail = f"{document}: {self.detail}{note}"
        return found

    @property
    def word(self) -> str:
        """The step, and apart from the others that a certificate is not accepted."""
        return "certificate" if self.step == "tls" and NOT_ACCEPTED in self.detail else self.step


def why(error: OSError) -> str:
    """Return what the system, or the library, calls a failure."""
    return str(getattr(error, "reason", None) or error.strerror or str(error) or type(error).__name__)


def quoted(text: bytes | str, *, most: int = SHOWN) -> str:
    """Return a stranger's text as it may stand in a detail: bounded, printable, in quotes."""
    read = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    return f"'{shown(read[:most])}'"
