"""What a token says that its platform's ledger does not know: a platform changed, and nobody told us."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.trust.presets.model import Preset

MOST_UNLISTED: Final = 20
_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "list",
    dict: "object",
    NoneType: "null",
}
_DEEPEST: Final = 6  # levels of objects, as many as an expression can name


def unlisted(preset: Preset, claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the claims that the ledger does not know, by name, at most ``MOST_UNLISTED``, and what each is in JSON.

    Members are named ``claim.member``. An object of which the ledger lists no member is the platform's own affair.
    """
    return dict(sorted(_unlisted(preset, (), claims).items())[:MOST_UNLISTED])


def _unlisted(preset: Preset, above: tuple[str, ...], claims: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in claims.items():
        path = (*above, name)
        below = [each for each in preset.claims if len(each.path) > len(path) and each.path[: len(path)] == path]
        if not below and preset.claim(path) is None:
            found[".".join(path)] = _TYPES.get(type(value), "number")
        elif below and isinstance(value, dict) and len(path) < _DEEPEST:
            found |= _unlisted(preset, path, value)
    return found
