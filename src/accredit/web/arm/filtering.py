"""The filters of Azure Resource Manager that its clients send: terms joined by ``and``, each of one of two forms."""

from __future__ import annotations

import re
from typing import Final

from accredit.errors import ARM_QUERY_UNSUPPORTED, Refused

LONGEST: Final = 1_000  # characters
_TERM: Final = re.compile(
    r"\s*(?:(?P<function>\w+)\(\s*(?:'(?P<argument>(?:[^']|'')*)')?\s*\)|(?P<name>\w+)\s+eq\s+'(?P<value>(?:[^']|'')*)')"
    r"\s*(?:\band\b|\Z)",
    re.IGNORECASE,
)


def read(text: str, served: frozenset[str]) -> dict[str, str]:
    """Return the terms: the name of a property or function in lower case, and its value. 400 for any not ``served``."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _TERM.match(text, at) if len(text) <= LONGEST else None
        name = (match["function"] or match["name"]).lower() if match else ""
        if match is None or name not in served or name in found:
            raise Refused(ARM_QUERY_UNSUPPORTED, option="$filter", reason=text)
        found[name] = (match["argument"] or match["value"] or "").replace("''", "'")
        at = match.end()
    return found
