"""YAML, as much of it as JSON has: mappings, lists, text, numbers, true, false, null.

Rule 1: no alias, anchor, tag or second document, so that nothing is larger than it looks and nothing is constructed.
Rule 2: depth and count are bounded while it is read, not after.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.interop.files.node import Path

Lines: TypeAlias = "dict[Path, int]"
MOST_EVENTS: Final = 400_000
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})", re.ASCII)
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events, faster where it is built in


def loads(text: str, *, depth: int) -> tuple[Any, Lines]:
    """Return the value of a document, and on which line each of its values begins. Raises ``ValueError``."""
    reader = _Reader(depth)
    try:
        for event in _bounded(yaml.parse(text, Loader=_LOADER)):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        _refuse(f"not YAML: {error.problem}", 0 if mark is None else mark.line)
    except yaml.YAMLError as error:  # a character that YAML has no place for
        raise ValueError(f"not YAML: {' '.join(str(error).split())}") from None
    return reader.value, reader.lines


def _bounded(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    for number, event in enumerate(events):
        if number == MOST_EVENTS:
            raise ValueError("more values than anybody writes down")
        yield event


class _Reader:
    """Builds a value from the events of a document."""

    def __init__(self, depth: int) -> None:
        self.value: Any = None
        self.lines: Lines = {}
        self._depth = depth
        self._path: list[Any] = []  # of the value that comes next; None: a name comes next
        self._open: list[Any] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take one event."""
        line = 0 if event.start_mark is None else event.start_mark.line
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                _refuse("a second document", line)
        elif isinstance(event, yaml.AliasEvent):
            _refuse("an alias (*name); write out what it stands for", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._path.pop()
            self._next()
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, line)

    def _node(self, event: Any, line: int) -> None:  # noqa: ANN401  a scalar or the start of a collection
        if event.anchor is not None:
            _refuse("an anchor (&name); nothing may refer to it", line)
        if event.tag is not None:
            _refuse("a tag (!name)", line)
        if self._open and isinstance(self._open[-1], dict) and self._path[-1] is None:
            self._name(event, line)
            return
        self.lines[tuple(self._path)] = line + 1
        value = _scalar(event) if isinstance(event, yaml.ScalarEvent) else self._started(event, line)
        self._put(value)
        if value is not None and isinstance(event, yaml.CollectionStartEvent):
            self._open.append(value)
            self._path.append(None if isinstance(value, dict) else 0)
        else:
            self._next()

    def _started(self, event: Any, line: int) -> dict[str, Any] | list[Any]:  # noqa: ANN401  the start of a collection
        if len(self._open) == self._depth:
            _refuse(f"nested deeper than {self._depth}", line)
        return {} if isinstance(event, yaml.MappingStartEvent) else []

    def _name(self, event: Any, line: int) -> None:  # noqa: ANN401  whatever stands where a name must
        if not isinstance(event, yaml.ScalarEvent):
            _refuse("a name that is not text", line)
        if event.value in self._open[-1]:
            _refuse(f"the member {event.value[:64]!r} occurs twice", line)
        self._path[-1] = event.value

    def _put(self, value: Any) -> None:  # noqa: ANN401  any
        if not self._open:
            self.value = value
        elif isinstance(self._open[-1], dict):
            self._open[-1][self._path[-1]] = value
        else:
            self._open[-1].append(value)

    def _next(self) -> None:
        """Say where the value that comes next will stand."""
        if self._open:
            self._path[-1] = None if isinstance(self._open[-1], dict) else self._path[-1] + 1


def _scalar(event: yaml.ScalarEvent) -> str | int | bool | None:
    """Return a scalar: only a plain one can be anything but text (YAML 1.2, core schema, without its octals)."""
    text: str = event.value
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def _refuse(reason: str, line: int) -> NoReturn:
    """``line``: from 0."""
    raise ValueError(f"line {line + 1}: {reason}")
