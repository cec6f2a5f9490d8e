"""A sign-in's result, evidence and proof in words: what every face that shows the log says alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.errors import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.errors import Row
    from accredit.signins.event import Event, Evidence

_FIRST_OF_ENTRA: Final = 10_000  # our own numbers have four digits
_QUOTED: Final = re.compile(r"(?:AADSTS|ACC)?([1-9][0-9]{3,8})", re.ASCII | re.IGNORECASE)
_EVIDENCE: Final[Mapping[Evidence, str]] = {
    "none": "nothing was looked at yet",
    "clientSecret": "client secret",
    "certificate": "certificate",
    "clientAssertion": "assertion of its own",
    "federatedIdentityCredential": "federated identity credential",
}
_PROVEN: Final[Mapping[Evidence, str]] = {
    "clientSecret": "what was sent is a secret of the application",
    "certificate": "the application's certificate signed it",
}
_OTHERWISE: Final = {
    "unproven": "what is registered here does not bear it out: anyone can send this",
    "unknown": "nobody has proven who sent it: anyone can send this",
}


def code(number: int) -> str:
    """Return a code as people quote it."""
    return f"AADSTS{number}" if number >= _FIRST_OF_ENTRA else f"ACC{number}"


def number(quoted: str) -> int | None:
    """Read a code as people quote it: ``AADSTS700213``, ``700213``, ``ACC2500``. ``None``: no refusal has it."""
    found = _QUOTED.fullmatch(quoted)
    return int(found[1]) if found is not None and rows(int(found[1])) else None


def rows(number: int) -> list[Row]:
    """Return the rows of the catalogue that have a number; those that share one differ by their text."""
    return [row for row in CATALOGUE.values() if row.label == code(number)]


def meaning(number: int) -> str:
    """Return what a code says, as far as its first sentence, without what differs each time."""
    if number == 0:
        return "granted"
    if not (known := rows(number)):
        return ""
    return known[0].template.partition(". ")[0].format_map(dict.fromkeys(known[0].fields, "…")).rstrip(".")


def named(number: int, failure: str) -> str:
    """Return the catalogue's name for a refusal with this text, in words; empty where several rows may be it."""
    fitting = [row for row in rows(number) if failure.startswith(row.template.partition("{")[0])]
    names = {row.name.lower().replace("_", " ") for row in fitting}
    return names.pop() if len(names) == 1 else ""


def evidence(of: Evidence) -> str:
    """Name evidence in full."""
    return _EVIDENCE[of]


def proof(of: Event) -> str:
    """Say why an event is, or is not, proven."""
    why = _OTHERWISE.get(of.proof) or _PROVEN.get(of.evidence)
    if why is not None:
        return why
    return f"signed with key {of.kid} of the registered issuer" if of.kid else "signed by the registered issuer"


__all__ = ["code", "evidence", "meaning", "named", "number", "proof", "rows"]
