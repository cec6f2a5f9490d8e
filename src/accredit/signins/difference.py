"""What a change changed, member by member, from the JSON texts that its record holds of before and after.

Rule 1: every member that differs is named; nothing (``null``, an empty collection) differs from nothing in no way.
Rule 2: of two texts, the characters that differ are told apart from those that they share; what both sides share and
what they do not, put together, is the text as it was. Of a word that differs by more than it shares all is told apart.
Rule 3: records hold no secrets. Should one ever hold a member of such a name, its value is not shown.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accredit.signins.audit import Audit, Modified

Kind = Literal["added", "removed", "changed"]

HIDDEN: Final = "(not shown)"
MOST_COMPARED: Final = 40_000  # pairs of words; texts with more are compared from both ends only
LEAST_SHARED: Final = 3  # characters: what two texts share between two differences is nothing worth seeing if shorter
_SECRETS: Final = frozenset({"secretText", "salt", "digest", "sealed"})
_KEYS: Final = ("id", "keyId", "appId", "resourceAppId", "name", "key", "uri")  # what tells elements apart
_NAMES: Final = ("name", "displayName", "display_name", "value")  # what people call them
_WORD: Final = re.compile(r"\w+|\W")
_WORD_CHARACTER: Final = re.compile(r"\w")
_LAST_PART: Final = re.compile(r"\w*\Z")


class Piece(msgspec.Struct, frozen=True):
    """Some characters of a text that the other side has too, or has not."""

    text: str
    same: bool


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One value that differs. ``path``: the property, then the names of elements and members down to the value."""

    path: tuple[str, ...]
    before: tuple[Piece, ...] | None = None  # None: there was no value
    after: tuple[Piece, ...] | None = None  # None: there is none any more

    @property
    def kind(self) -> Kind:
        """Whether the value is new, gone, or another one."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def old(self) -> str | None:
        """The value before."""
        return None if self.before is None else "".join(each.text for each in self.before)

    @property
    def new(self) -> str | None:
        """The value after."""
        return None if self.after is None else "".join(each.text for each in self.after)


def differences(of: Audit) -> tuple[Difference, ...]:
    """Return what a change changed, in the order of its record."""
    return tuple(found for target in of.targets for each in target.modified for found in _of_property(each))


def _of_property(of: Modified) -> list[Difference]:
    old, new = _value(of.before), _value(of.after)
    found = list(_walk((of.name,), old, new))
    if not found and old is not None and new is not None and not _equal(old, new):  # the order alone
        return [_leaf((of.name,), old, new)]
    return found


def _value(text: str) -> Any:  # noqa: ANN401  any JSON value
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:  # of another version: it is shown as it stands
        return text


def _walk(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Difference]:  # noqa: ANN401
    if _equal(old, new):
        return
    if _each(old, new, dict):
        before, after = old or {}, new or {}
        for name in {**before, **after}:
            yield from _walk((*path, name), before.get(name), after.get(name))
    elif _each(old, new, list):
        yield from _elements(path, old or [], new or [])
    else:
        yield _leaf(path, old, new)


def _each(old: object, new: object, kind: type) -> bool:
    """Whether both are of a kind, or one is and the other is nothing."""
    return all(each is None or isinstance(each, kind) for each in (old, new))


def _elements(path: tuple[str, ...], old: list[Any], new: list[Any]) -> Iterator[Difference]:
    key = next((each for each in _KEYS if _tells_apart(each, old) and _tells_apart(each, new)), None)
    if key is None:
        yield from _members(path, old, new)
        return
    before, after = ({str(each[key]): each for each in side} for side in (old, new))
    labels = _labels({**before, **after})
    for each in {**before, **after}:
        yield from _walk((*path, labels[each]), before.get(each), after.get(each))


def _tells_apart(key: str, elements: Sequence[Any]) -> bool:
    found = {str(each[key]) for each in elements if isinstance(each, dict) and each.get(key) is not None}
    return len(found) == len(elements)


def _labels(elements: dict[str, Any]) -> dict[str, str]:
    """Return what to call each element: its name, with its key where others are called the same."""
    named = {key: next((str(each[name]) for name in _NAMES if each.get(name)), key) for key, each in elements.items()}
    often = Counter(named.values())
    return {key: name if often[name] == 1 else f"{name} ({key})" for key, name in named.items()}


def _members(path: tuple[str, ...], old: list[Any], new: list[Any]) -> Iterator[Difference]:
    """Compare lists whose elements have no names: what is gone, what is new; one for one is a change."""
    gone, come = _beyond(old, new), _beyond(new, old)
    if len(gone) == len(come) == 1:
        yield from _walk(path, gone[0], come[0])
        return
    yield from (Difference(path=path, before=_whole(_text(path, each))) for each in gone)
    yield from (Difference(path=path, after=_whole(_text(path, each))) for each in come)


def _beyond(some: list[Any], others: list[Any]) -> list[Any]:
    """Return the elements of a list that another one has not, or not as often."""
    left, found = Counter(map(_written, others)), []
    for each in some:
        if left[_written(each)] > 0:
            left[_written(each)] -= 1
        else:
            found.append(each)
    return found


def _leaf(path: tuple[str, ...], old: Any, new: Any) -> Difference:  # noqa: ANN401
    if isinstance(old, str) and isinstance(new, str) and path[-1] not in _SECRETS:
        left, right = pieces(old, new)
        return Difference(path=path, before=left, after=right)
    if old is None or new is None:
        told = (None if each is None else _text(path, each) for each in (old, new))
    else:  # a text and what is none may look alike: both are written as JSON
        told = (HIDDEN if path[-1] in _SECRETS else _written(each) for each in (old, new))
    before, after = (None if each is None else _whole(each) for each in told)
    return Difference(path=path, before=before, after=after)


def _text(path: tuple[str, ...], value: object) -> str:
    if path[-1] in _SECRETS:
        return HIDDEN
    return value if isinstance(value, str) else _written(value)


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text, same=False),)


def pieces(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Cut two texts into what they share and what they do not: by words first, inside those by characters."""
    runs: list[tuple[bool, str, str]] = []
    for same, left, right in _runs(before, after):
        if runs and not runs[-1][0] and (not same or len(left) < LEAST_SHARED):
            runs[-1] = (False, runs[-1][1] + left, runs[-1][2] + right)
        else:
            runs.append((same, left, right))
    trimmed = [
        part for same, left, right in runs for part in ([(same, left, right)] if same else _trimmed(left, right))
    ]
    return _side([(same, left) for same, left, _ in trimmed]), _side([(same, right) for same, _, right in trimmed])


def _runs(before: str, after: str) -> Iterator[tuple[bool, str, str]]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) * len(new) > MOST_COMPARED:
        yield False, before, after
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield tag == "equal", "".join(old[a:b]), "".join(new[c:d])


def _trimmed(left: str, right: str) -> list[tuple[bool, str, str]]:
    """Take what two texts begin and end with alike off both."""
    begin = _shared(left, right)
    shared, left, right = left[:begin], left[begin:], right[begin:]
    end = _shared(left[::-1], right[::-1])
    last = left[len(left) - end :]
    return [(True, shared, shared), (False, left[: len(left) - end], right[: len(right) - end]), (True, last, last)]


def _shared(left: str, right: str) -> int:
    """Return with how many characters both begin, less the part of a word that is shorter than what differs then."""
    begin = alike(left, right)
    if not any(_WORD_CHARACTER.match(each, begin) for each in (left, right)):
        return begin
    part = len(_LAST_PART.search(left[:begin])[0])  # type: ignore[index]  # it matches nothing, too
    return begin - part if part < max(len(left), len(right)) - begin else begin


def alike(left: str, right: str) -> int:
    """Return with how many characters both begin."""
    return next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _side(parts: list[tuple[bool, str]]) -> tuple[Piece, ...]:
    """Return one side's pieces: none empty, neighbours of one kind joined."""
    found: list[Piece] = []
    for same, text in parts:
        if text and found and found[-1].same is same:
            found[-1] = Piece(found[-1].text + text, same)
        elif text:
            found.append(Piece(text, same))
    return tuple(found)


def _equal(old: object, new: object) -> bool:
    return _written(old) == _written(new)


def _written(value: object) -> str:
    """Write a value as JSON; the order of members tells nothing."""
    return msgspec.json.encode(value, order="sorted").decode()
