"""What lists of the sign-in log say in a word, and how a code is read that somebody typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.cli.failures import Said
from accredit.cli.grammar import did_you_mean
from accredit.errors import CATALOGUE, INPUT_INVALID, Refused
from accredit.signins import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.signins.event import Evidence

_SHORT: Final[Mapping[Evidence, str]] = {
    "none": "",
    "clientSecret": "secret",
    "certificate": "certificate",
    "clientAssertion": "assertion",
    "federatedIdentityCredential": "assertion",
}


def number(quoted: str) -> int:
    """Read a code as people quote it: ``AADSTS700213``, ``700213``, ``ACC2500``. ``INPUT_INVALID``."""
    found = words.number(quoted)
    if found is not None:
        return found
    known = [row.label for row in CATALOGUE.values() if row.family in ("sts", "local")]
    hint = did_you_mean(quoted if quoted.upper().startswith(("AADSTS", "ACC")) else f"AADSTS{quoted}", known)
    refused = Refused(INPUT_INVALID, what=f"--code {quoted}", reason=f"no refusal has this code; {hint}".rstrip("; "))
    raise Said(refused, fix="accredit help CODE explains one; another version's: --filter 'status/errorCode eq N'.")


def how(shape: Mapping[str, Any]) -> str:
    """Name the evidence of a sign-in in a list: the credential where one is known."""
    return shape["federatedCredentialName"] or _SHORT[shape["clientCredentialType"]]
