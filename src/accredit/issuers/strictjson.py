"""One strict reading of JSON from strangers: what two readers could understand differently is refused.

Rule 1: no member twice at any level, no NaN or Infinity, no lone surrogate, no byte order mark, UTF-8 only.
Rule 2: nesting, members, strings, lists and numbers are bounded; the bounds hold exactly.
Rule 3: a message names the reason and never quotes the document.
"""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder
from math import isfinite
from typing import Annotated, Any, Final, NoReturn, TypeAlias

import msgspec

EXACT: Final = 2**53 - 1  # the largest integer that every JSON reader keeps exactly (RFC 8259 section 6)
_DIGITS: Final = 15  # an integer of up to 15 characters is below EXACT
_SHORTEST_MEMBER: Final = 5  # octets: two quotes, a colon, a digit and a comma
_Plain: TypeAlias = str | Annotated[int, msgspec.Meta(ge=-EXACT, le=EXACT)] | bool | None
_Ordinary: TypeAlias = dict[str, _Plain | list[str] | dict[str, _Plain | list[str] | dict[str, _Plain]]]
_ORDINARY_DEPTH: Final = 3
_read_ordinary: Final = msgspec.json.Decoder(_Ordinary).decode
_write: Final = msgspec.json.Encoder().encode
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NAME_SHOWN: Final = 64  # characters of a member's name that a message may quote


def loads(data: bytes, *, depth: int, members: int, string: int | None = None, elements: int | None = None) -> object:
    """Read one JSON value of at most ``depth`` nested containers and ``members`` members in all.

    ``string`` bounds the characters of a string, ``elements`` the length of a list. Raises ``ValueError`` with the
    reason and without the document.
    """
    value: object = _quickly(data)
    deepest = _ORDINARY_DEPTH
    if value is None:
        text = _decode(data)
        value = _read(text)
        if "\\u" in text:
            _refuse_surrogates(value)
        deepest = data.count(b"{") + data.count(b"[")
    # Lengths and counts of octets can only overstate, and need no walk: most tokens are within them.
    longest, most = len(data) if string is None else string, len(data) if elements is None else elements
    if (
        deepest > depth
        or len(data) > longest
        or (len(data) > _SHORTEST_MEMBER * members and data.count(b":") > members)
        or (b"[" in data and data.count(b",") >= most)
    ):
        _refuse_excess(value, depth, members, longest, most)
    return value


def _quickly(data: bytes) -> dict[str, object] | None:
    """Read an ordinary object with msgspec, in a fraction of the time; ``None`` when the careful reader must look.

    msgspec keeps the last of two equal members. What it writes of a value has every member once; where that is octet by
    octet what was read, the document had every member once as well.
    """
    try:
        value: dict[str, Any] = _read_ordinary(data)
    except (ValueError, RecursionError):  # the careful reader finds the reason
        return None
    return value if _write(value) == data else None


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
            if not each.isascii() and _SURROGATE.search(each):
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
