"""Expressions of ARM templates (``"[format('{0}/x', parameters('name'))]"``), as far as a template alone can tell them.

Rule 1: what a deployment decides (parameters without a default, functions of the resource manager) is not guessed:
``Unresolved`` names it.
Rule 2: the work is bounded by the length of the text, of what it makes, and by the depth of what refers to what.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Look = Callable[[str, str, int], Any]

LONGEST: Final = 24_576  # characters of an expression (Azure Resource Manager, limits of templates)
DEEPEST: Final = 24
_TOKEN: Final = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+)|([A-Za-z_][A-Za-z0-9_]*)|([()\[\].,]))")
_PLACE: Final = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")


class Unresolved(Exception):
    """The template alone does not tell; the text says what would."""


def is_expression(text: str) -> bool:
    """Whether a string of a template is an expression, and no text."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def literal(text: str) -> str:
    """Return the text that a string of a template stands for, where it is no expression."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def written(text: str) -> str:
    """Write text as a string of a template."""
    return f"[{text}" if text.startswith("[") and text.endswith("]") else text


def evaluate(text: str, look: Look, depth: int = 0) -> Any:  # noqa: ANN401  any JSON value
    """Return the value of an expression. ``look(function, name, depth)`` finds parameters, variables and resources.

    Raises ``Unresolved``.
    """
    if len(text) > LONGEST or depth > DEEPEST:
        raise Unresolved("an expression that is too large")
    reader = _Reader(text[1:-1], look, depth)
    value = reader.value()
    if reader.token() is not None:
        reader.fail()
    return value


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str, look: Look, depth: int) -> None:
        self._tokens = _tokens(text)
        self._look = look
        self._depth = depth
        self._open = 0

    def token(self) -> str | None:
        """Return the next token, and leave it there."""
        return self._tokens[0] if self._tokens else None

    def fail(self) -> NoReturn:
        """Raise what is said of an expression that is none."""
        raise Unresolved(f"an expression that cannot be read at {self.token() or 'its end'!r}")

    def value(self) -> Any:  # noqa: ANN401  any JSON value
        """Read a value with the members that are taken of it."""
        self._open += 1
        if self._open > DEEPEST or not self._tokens:
            self.fail()
        found = self._primary(self._tokens.pop(0))
        while self.token() in {".", "["}:
            found = _member(found, self._name())
        self._open -= 1
        return found

    def _primary(self, token: str) -> Any:  # noqa: ANN401  any JSON value
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.lstrip("-").isdigit():
            return int(token)
        if not token[0].isalpha() or self.token() != "(":
            self._tokens.insert(0, token)
            self.fail()
        return self._called(token)

    def _called(self, name: str) -> Any:  # noqa: ANN401  any JSON value
        function = name.lower()
        self._tokens.pop(0)
        arguments: list[Any] = []
        while self.token() != ")":
            arguments.append(self.value())
            if self.token() == ",":
                self._tokens.pop(0)
            elif self.token() != ")":
                self.fail()
        self._tokens.pop(0)
        if function in {"parameters", "variables", "reference"} and arguments and isinstance(arguments[0], str):
            return self._look(function, arguments[0], self._depth + 1)
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](*map(_text, arguments))
        raise Unresolved(f"{name}()")

    def _name(self) -> Any:  # noqa: ANN401  text or a number
        if self._tokens.pop(0) == ".":
            return self._tokens.pop(0) if self._tokens else self.fail()
        found = self.value()
        if self.token() != "]":
            self.fail()
        self._tokens.pop(0)
        return found


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unresolved(f"an expression that cannot be read at {text[at : at + 20]!r}")
        found.append(match[0].strip())
        at = match.end()
    return found


def _member(of: Any, name: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(of, dict) and name in of:
        return of[name]
    if isinstance(of, list) and isinstance(name, int) and 0 <= name < len(of):
        return of[name]
    raise Unresolved(f"the member {name!r} of something")


def _text(value: Any) -> str:  # noqa: ANN401  any JSON value
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise Unresolved("a value that is not text")


def _format(form: str = "", *values: str) -> str:
    parts: list[str] = []
    at = 0
    for match in _PLACE.finditer(form):
        if match[1] is not None and int(match[1]) >= len(values):
            raise Unresolved("a format with too few values")
        parts += [form[at : match.start()], match[0][0] if match[1] is None else values[int(match[1])]]
        at = match.end()
    return _concat(*parts, form[at:])


def _concat(*values: str) -> str:
    if sum(map(len, values)) > LONGEST:
        raise Unresolved("an expression that is too large")
    return "".join(values)


_FUNCTIONS: Final[Mapping[str, Callable[..., str]]] = {"format": _format, "concat": _concat}
