"""One strict reading of JSON from strangers: what two readers could understand differently is refused.

Rule 1: no member twice at any level, no NaN or Infinity, no lone surrogate, no byte order mark, UTF-8 only.
Rule 2: nesting, members, strings, lists and numbers are bounded; the bounds hold exactly.
Rule 3: a message names the reason and never quotes the document.
"""

from __future__ import annotations

from json import JSONDecodeError, JSONDecoder
from math import isfinite
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

EXACT: Final = 2**53 - 1  # the largest integer that every JSON reader keeps exactly (RFC 8259 section 6)
_DIGITS: Final = 15  # an integer of up to 15 characters is below EXACT
_UNCOUNTED: Final = -(10**9)
_quick: Final = msgspec.json.Decoder().decode
_NAME_SHOWN: Final = 64  # characters of a member's name that a message may quote


def loads(data: bytes, *, depth: int, members: int, string: int | None = None, elements: int | None = None) -> object:
    """Read one JSON value of at most ``depth`` nested containers and ``members`` members in all.

    ``string`` bounds the characters of a string, ``elements`` the length of a list. Raises ``ValueError`` with the
    reason and without the document.
    """
    value: object = _quickly(data)
    if value is None:
        text = _decode(data)
        value = _read(text)
        if "\\u" in text:
            _refuse_surrogates(value)
    # Counting octets is much faster than walking and can only overstate; most tokens need no walk.
    longest, most = len(data) if string is None else string, len(data) if elements is None else elements
    if (
        data.count(b"{") + data.count(b"[") > depth
        or data.count(b":") > members
        or len(data) > longest
        or data.count(b",") >= most
    ):
        _refuse_excess(value, depth, members, longest, most)
    return value


def _quickly(data: bytes) -> dict[str, object] | None:
    """Read an ordinary object with msgspec, in a fraction of the time; ``None`` when the careful reader must look.

    msgspec keeps the last of two equal members. That none was lost is counted: where no quote is followed by white
    space, each member's name is followed by ``":``, so there are at least as many of these as members were written.
    """
    if b'" ' in data or b"\\u" in data or b'"\n' in data or b'"\r' in data or b'"\t' in data:
        return None
    try:
        value = _quick(data)
        if type(value) is not dict or _count(value) != data.count(b'":'):
            return None
    except (ValueError, RecursionError):  # the careful reader finds the reason (3.12 decodes deeper than it counts)
        return None
    return value


def _count(value: dict[str, object] | list[object]) -> int:
    """Return how many members there are at all levels; far below zero when a number needs the careful reader."""
    inside: Iterable[object] = value
    count = 0
    if isinstance(value, dict):
        inside, count = value.values(), len(value)
    for each in inside:
        kind = type(each)
        if kind is str:
            continue
        if isinstance(each, dict | list):
            count += _count(each)
        elif kind is float or (isinstance(each, int) and not -EXACT <= each <= EXACT):
            return _UNCOUNTED
    return count


def _decode(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = None
    if text is None:  # raised out here: the decoder's own error keeps the whole document
        return _refuse("not UTF-8")
    if text.startswith("\ufeff"):
        return _refuse("it begins with a byte order mark")
    return text


def _read(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except JSONDecodeError as error:
        reason = f"not JSON: {error.msg} at character {error.pos}"
    except RecursionError:
        reason = "nested too deep to be read"
    except ValueError as error:
        reason = str(error)
    if text.lstrip()[:1] == "<":
        reason = "not JSON: it begins like a page of HTML or XML"
    return _refuse(reason)  # raised out here: the reader's own error keeps the whole document


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        once = dict.fromkeys(found)
        twice = next(name for name, _ in pairs if once.pop(name, name) is not None)  # popped before: the default
        _refuse(f"the member {_quoted(twice)} occurs twice")
    return found


def _integer(text: str) -> int:
    if len(text) > _DIGITS and (len(text) > _DIGITS + 2 or abs(int(text)) > EXACT):
        _refuse("an integer beyond 2^53 - 1")
    return int(text)


def _fraction(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        _refuse("a number that is not finite")
    return value


def _constant(_: str) -> NoReturn:
    _refuse("NaN or Infinity")


_DECODER: Final = JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)


def _refuse_surrogates(value: object) -> None:
    """Refuse half of a surrogate pair, which only an escape can bring in: it has no form in UTF-8."""
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, str):
            if not each.isascii() and any("\ud800" <= character <= "\udfff" for character in each):
                _refuse("a lone surrogate")
        elif isinstance(each, dict):
            todo.extend(each)
            todo.extend(each.values())
        elif isinstance(each, list):
            todo.extend(each)


def _refuse_excess(value: object, depth: int, members: int, string: int, elements: int) -> None:
    level, count = [value], 0
    for left in range(depth, -1, -1):
        below: list[object] = []
        for each in level:
            if isinstance(each, str):
                _refuse_long(each, string)
            elif isinstance(each, dict | list):
                if not left:
                    _refuse(f"nested deeper than {depth}")
                count += len(each) if isinstance(each, dict) else 0
                below.extend(_inside(each, elements))
        level = below
    if count > members:
        _refuse(f"more than {members} members")


def _inside(container: dict[str, object] | list[object], elements: int) -> list[object]:
    if isinstance(container, dict):
        return [*container, *container.values()]
    if len(container) > elements:
        _refuse(f"a list of more than {elements} elements")
    return container


def _refuse_long(text: str, string: int) -> None:
    if len(text) > string:
        _refuse(f"a string of more than {string} characters")


def _quoted(name: str) -> str:
    return repr(name) if len(name) <= _NAME_SHOWN else repr(name[:_NAME_SHOWN]) + " …"


def _refuse(reason: str) -> NoReturn:
    raise ValueError(reason)
