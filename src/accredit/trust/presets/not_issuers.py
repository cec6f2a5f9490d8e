"""What people take for an issuer and is none: a relying party, with the reason.

Rule 1: a reason is a whole sentence that says what to use instead; it is shown as it stands.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import msgspec

from accredit.trust.presets.model import LONGEST


class NotIssuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something whose tokens nobody can have."""

    name: str
    aliases: tuple[str, ...]  # lower case
    match: str  # the whole of what people type as its issuer
    reason: str
    evidence: str

    def is_called(self, name: str) -> bool:
        """Whether people mean this by a name or an issuer."""
        lower = name.lower()
        return lower == self.name.lower() or lower in self.aliases or re.fullmatch(self.match, lower) is not None


@cache
def entries() -> tuple[NotIssuer, ...]:
    """All that are known."""
    return msgspec.json.decode(files(__package__).joinpath("not_issuers.json").read_bytes(), type=tuple[NotIssuer, ...])


def not_an_issuer(name: str) -> str | None:
    """Say why an issuer, or the name of a platform, is no issuer; ``None``: nothing is known against it."""
    if len(name) > LONGEST:
        return None
    return next((each.reason for each in entries() if each.is_called(name)), None)
