"""A sign-in's result and evidence in a word or two: what lists and pages of the sign-in log say alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from accredit.cli.failures import Said
from accredit.cli.grammar import did_you_mean
from accredit.errors import CATALOGUE, INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.errors import Row
    from accredit.signins.event import Evidence

_FIRST_OF_ENTRA: Final = 10_000  # our own numbers have four digits
_QUOTED: Final = re.compile(r"(?:AADSTS|ACC)?([1-9][0-9]{3,8})", re.ASCII | re.IGNORECASE)
_EVIDENCE: Final[Mapping[Evidence, tuple[str, str]]] = {  # short, and in full
    "none": ("", "nothing was looked at yet"),
    "clientSecret": ("secret", "client secret"),
    "certificate": ("certificate", "certificate"),
    "clientAssertion": ("assertion", "assertion of its own"),
    "federatedIdentityCredential": ("assertion", "federated identity credential"),
}


def code(number: int) -> str:
    """Return a code as people quote it."""
    return f"AADSTS{number}" if number >= _FIRST_OF_ENTRA else f"ACC{number}"


def number(quoted: str) -> int:
    """Read a code as people quote it: ``AADSTS700213``, ``700213``, ``ACC2500``. ``INPUT_INVALID``."""
    found = _QUOTED.fullmatch(quoted)
    if found is not None and rows(int(found[1])):
        return int(found[1])
    known = [row.label for row in CATALOGUE.values() if row.family in ("sts", "local")]
    hint = did_you_mean(quoted if quoted.upper().startswith(("AADSTS", "ACC")) else f"AADSTS{quoted}", known)
    refused = Refused(INPUT_INVALID, what=f"--code {quoted}", reason=f"no refusal has this code; {hint}".rstrip("; "))
    raise Said(refused, fix="accredit help CODE explains one; another version's: --filter 'status/errorCode eq N'.")


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


def how(shape: Mapping[str, Any]) -> str:
    """Name the evidence of a sign-in in a list: the credential where one is known."""
    return shape["federatedCredentialName"] or _EVIDENCE[shape["clientCredentialType"]][0]


def evidence(of: Evidence) -> str:
    """Name evidence in full."""
    return _EVIDENCE[of][1]
