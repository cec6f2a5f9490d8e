"""The claims of a token as an event keeps them: as text, with a mark for what each was in JSON.

Rule 1: a set that was seen before is found again by its values, and not made again: workloads say the same all day.
Rule 2: what is long is not remembered, so that whoever sends it fills no memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.signins.event import MOST_CLAIMS, claim_kept, is_personal, kept
from accredit.trust.match_set import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.trust import Wanted

KINDS: Final = {
    "s": "string",
    "b": "boolean",
    "i": "integer",
    "f": "number",
    "n": "null",
    "l": "list",
    "o": "object",
    "t": "text",
    "p": "person",
}
"""What a claim was. ``t`` is a string that is not kept as it was: cut, escaped or masked. ``p`` is not kept at all."""
LONGEST_REMEMBERED: Final = 2_048  # characters of the values of a set
MOST_REMEMBERED: Final = 2_048  # sets
_KIND: Final[Mapping[type, str]] = {str: "s", bool: "b", int: "i", float: "f", type(None): "n", list: "l", dict: "o"}
_TEXTS: Final = frozenset({str, type(None), type(ABSENT)})


class MatchSet(msgspec.Struct, frozen=True, gc=False):
    """What an event says of the claims of a token."""

    claims: tuple[tuple[str, str], ...]
    kinds: str  # a letter for each of the claims
    lacking: tuple[str, ...]  # claims that were looked for, and that the token does not have


_IN_A_KEY: Final[Mapping[type, object]] = {list: "l", dict: "o"}  # their types are compared as well
_NOTHING: Final = MatchSet((), "", ())


class _Remembered(msgspec.Struct, frozen=True, gc=False):
    found: MatchSet
    types: tuple[type, ...] | None  # None: texts only, which equal nothing but texts


_known: Final[dict[tuple[Wanted, tuple[Any, ...]], _Remembered]] = {}


def match_set(wanted: Wanted, claims: Mapping[str, Any]) -> MatchSet:
    """Return what is kept of the claims of a token."""
    if not wanted.names:
        return _NOTHING
    values = wanted.values(claims)
    try:
        remembered = _known.get(key := (wanted, values))
    except TypeError:  # a list or an object: only that it is there is kept
        remembered = _known.get(key := (wanted, tuple([_IN_A_KEY.get(type(each), each) for each in values])))
    if remembered is not None and (remembered.types is None or remembered.types == tuple(map(type, values))):
        return remembered.found
    found = _made(wanted, values)
    if sum(len(each) for each in values if isinstance(each, str)) <= LONGEST_REMEMBERED:
        if len(_known) >= MOST_REMEMBERED:
            _known.clear()
        types = tuple(map(type, values))
        _known[key] = _Remembered(found, None if _TEXTS.issuperset(types) else types)
    return found


def _made(wanted: Wanted, values: tuple[Any, ...]) -> MatchSet:
    """Make the set; where the characters for all are used up, ``…`` stands for a value."""
    found, kinds, left = list[tuple[str, str]](), list[str](), MOST_CLAIMS
    for name, value in zip(wanted.names, values, strict=True):
        if value is not ABSENT:
            text = kept(claim_kept(name, value), left)
            found.append((name, text))
            kinds.append(_kind(name, value, text))
            left = max(left - len(text), 0)
    lacking = tuple(name for name, value in zip(wanted.names, values, strict=True) if value is ABSENT)
    return MatchSet(tuple(found), "".join(kinds), lacking)


def _kind(name: str, value: object, text: str) -> str:
    if is_personal(name):
        return "p"
    if isinstance(value, str):
        return "s" if value == text else "t"
    kind = _KIND.get(type(value), "o")
    return "t" if kind in "if" and text.endswith("…") else kind


__all__ = ["KINDS", "MatchSet", "match_set"]
