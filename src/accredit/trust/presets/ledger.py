"""What a token says that its platform's ledger does not know: a platform changed, and nobody told us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.trust.presets.model import Preset

MOST_UNLISTED: Final = 20
_DEEPEST: Final = 6  # levels of objects, as many as an expression can name


def unlisted(preset: Preset, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the claims that the ledger does not know, at most ``MOST_UNLISTED``; members as ``claim.member``.

    An object of which the ledger lists no member is the platform's own affair.
    """
    return tuple(sorted(_unlisted(preset, (), claims)))[:MOST_UNLISTED]


def _unlisted(preset: Preset, above: tuple[str, ...], claims: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for name, value in claims.items():
        path = (*above, name)
        below = [each for each in preset.claims if len(each.path) > len(path) and each.path[: len(path)] == path]
        if not below and preset.claim(path) is None:
            found.add(".".join(path))
        elif below and isinstance(value, dict) and len(path) < _DEEPEST:
            found |= _unlisted(preset, path, value)
    return found
