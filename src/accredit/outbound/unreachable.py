"""The one way in which a visit to an issuer fails, with the step that failed."""

from __future__ import annotations

from typing import Literal

from accredit.errors import ISSUER_UNREACHABLE, Refused, shown

Step = Literal[
    "url", "dns", "address", "connect", "tls", "protocol", "status", "redirect", "size", "time", "encoding", "wait"
]

SHOWN = 200  # characters of a stranger's text that a detail may quote


class Unreachable(Refused):
    """90061, detail ``<step>: <what>``. ``answered``: the issuer was reached, and its answer was no."""

    def __init__(self, step: Step, what: str, *, answered: bool = False) -> None:
        super().__init__(ISSUER_UNREACHABLE, detail=f"{step}: {what}")
        self.step: Step = step
        self.answered = answered


def quoted(text: bytes | str) -> str:
    """Return a stranger's text as it may stand in a detail: bounded, printable, in quotes."""
    read = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    return f"'{shown(read[:SHOWN])}'"
