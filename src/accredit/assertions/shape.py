"""The shape of the claims that every assertion needs: present, of the right JSON type, in range. Nothing is compared.

Rule: ``iss``, ``aud`` and ``exp`` missing or empty is 90014, as is a wrong type of ``iss``, ``aud`` or ``sub``; a date
that is not a finite number in range is 50027. Whether ``sub`` is needed at all is judged after matching.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.errors import ASSERTION_MALFORMED, CLAIM_MISSING, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

LAST_SECOND: Final = 253_402_300_799  # 9999-12-31T23:59:59Z, in seconds since the epoch
MAX_AUDIENCES: Final = 16
MAX_AUDIENCE: Final = 1_000  # characters
MAX_TOKEN_ID: Final = 512  # characters; a longer jti is none


def issuer(value: Any) -> str:
    """Return ``iss``, a string that is not empty."""
    if not isinstance(value, str):
        raise _missing("iss", "missing or not a string")
    if not value:
        raise _missing("iss", "empty")
    return value


def subject(claims: Mapping[str, Any]) -> str | None:
    """Return ``sub``, which may be absent or empty here, but not of another type."""
    value = claims.get("sub")
    if value is None and "sub" not in claims:
        return None
    if not isinstance(value, str):
        raise _missing("sub", "not a string")
    return value


def audiences(value: Any) -> tuple[str, ...]:
    """Return ``aud``, a string or a list of strings, as a tuple."""
    found = tuple(value) if isinstance(value, list) else (value,)
    if not 0 < len(found) <= MAX_AUDIENCES:
        raise _missing("aud", f"a list of {len(found)}, not 1 to {MAX_AUDIENCES}")
    for each in found:
        if not isinstance(each, str):
            raise _missing("aud", "missing, or neither a string nor a list of strings")
        if not 0 < len(each) <= MAX_AUDIENCE:
            raise _missing("aud", f"one of {len(each)} characters, not 1 to {MAX_AUDIENCE}")
    return found


def expiry(value: Any) -> float:
    """Return ``exp`` in seconds since the epoch."""
    if value is None or value == "":
        raise _missing("exp", "missing, null or empty")
    return _date(value, "exp")


def date(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a date that may be absent, in seconds since the epoch."""
    return _date(claims[name], name) if name in claims else None


def token_id(value: Any) -> str | None:
    """Return ``jti`` if it can identify a token; RFC 7519 makes it optional, so anything else is none."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TOKEN_ID else None


def _date(value: Any, name: str) -> float:
    if type(value) is not int and type(value) is not float:  # True is no date
        raise Refused(ASSERTION_MALFORMED, detail=f"payload: {name} is not a number")
    if not 0 <= value <= LAST_SECOND:
        raise Refused(ASSERTION_MALFORMED, detail=f"payload: {name} is not between 1970 and the end of the year 9999")
    return value


def _missing(claim: str, reason: str) -> Refused:
    return Refused(CLAIM_MISSING, claim=claim, detail=f"payload: {claim} is {reason}")
