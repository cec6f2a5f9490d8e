"""From the Common Expression Language: what Google Cloud and OpenBao take as conditions over claims, as version 2.

Rule 1: what is imported takes nothing that CEL would not take. Where CEL raises an error, the import says no.
Rule 2: what has no equal here is refused, with its place in the CEL text: nothing is left out, or nearly translated.

lark is not loaded before something is read: some 50 ms.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal, NoReturn, cast

import msgspec

from accredit.errors import INPUT_INVALID, Refused
from accredit.trust.expression import glob
from accredit.trust.expression.grammar import LONGEST_TEXT, parse
from accredit.trust.expression.tree import Atom, Expression, Group
from accredit.trust.expression.version_2 import RESERVED
from accredit.trust.expression.writing import spell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lark import Lark, Token, Tree

    from accredit.trust.expression.tree import Node, Operand, Operator, Scalar

    Read = Tree[Token]

DEEPEST: Final = 50  # conditions inside each other
SHOWN: Final = 16  # characters of what is refused
ROOTS: Final = ("assertion", "claims")  # what Google Cloud and OpenBao call the claims of a token
_PATTERNS: Final = {"startsWith": "{}**", "endsWith": "**{}", "contains": "**{}**"}
_REFUSED: Final = {
    "conditional": "there is no choice by ? and :",
    "arithmetic": "nothing is calculated",
    "minus": "nothing is calculated",
    "select": "a claim alone is no condition: compare it, with == true if it is a boolean",
    "index": "a claim alone is no condition: compare it, with == true if it is a boolean",
    "name": "a name alone is no condition",
    "list": "a value alone is no condition",
    "text": "a value alone is no condition",
    "integer": "a value alone is no condition",
    "number": "a value alone is no condition",
}
_NE: Final = (
    "at position {at}: without this claim, or with one of another type, the condition does not hold; CEL raises an "
    "error, or accepts"
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPED: Final = {**dict(zip("nrtabfv", "\n\r\t\a\b\f\v", strict=True)), **{each: each for each in "\\'\"`?"}}


class CelImport(msgspec.Struct, frozen=True, gc=False):
    """An expression of version 2, and where it takes less than CEL did."""

    expression: Expression
    notes: tuple[str, ...] = ()


def read(text: str) -> CelImport:
    """Import a condition. INPUT_INVALID, with the place: no CEL, or nothing that version 2 can say."""
    if len(text) > LONGEST_TEXT:
        raise _refused(f"it is {len(text)} characters long; {LONGEST_TEXT} is the most")
    importer = _Importer(text)
    node = importer.condition(_tree(text), negated=False)
    try:
        return CelImport(parse(spell(node), 2), tuple(dict.fromkeys(importer.notes)))
    except Refused as error:  # beyond a bound
        raise _refused(error.fields["reason"]) from error


class _Importer:
    """Translates one tree; keeps what is to be told."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.notes: list[str] = []
        self.depth = 0

    def condition(self, of: Read, *, negated: bool) -> Node:
        if self.depth == DEEPEST:
            self.refuse(of, f"conditions are nested deeper than {DEEPEST}")
        self.depth += 1
        translate = _CONDITIONS.get(of.data)
        if translate is None:
            self.refuse(of, _REFUSED[of.data])
        node = translate(self, of, negated)
        self.depth -= 1
        return node

    def negation(self, of: Read, negated: bool) -> Node:  # noqa: FBT001  which way round, in all of these
        return self.condition(_child(of, 0), negated=not negated)

    def joined(self, of: Read, negated: bool) -> Node:  # noqa: FBT001
        is_and = (of.data == "conjunction") is not negated  # De Morgan
        kind: Literal["and", "or"] = "and" if is_and else "or"
        flat: list[Node] = []
        for child in of.children:
            part = self.condition(cast("Read", child), negated=negated)
            flat += part.parts if isinstance(part, Group) and part.kind == kind else (part,)
        return Group(kind, tuple(flat), 0, 0)

    def comparison(self, of: Read, negated: bool) -> Node:  # noqa: FBT001
        left, sign, right = _child(of, 0), str(of.children[1]), _child(of, 2)
        if sign == "in":
            return self._membership(of, left, right, negated=negated)
        if sign not in {"==", "!="}:
            self.refuse(of, f"nothing is compared by {sign}")
        if _is_path(right) and not _is_path(left):
            left, right = right, left
        equal = (sign == "==") is not negated
        return self._atom(of, left, "eq" if equal else "ne", self._scalar(right))

    def method(self, of: Read, negated: bool) -> Node:  # noqa: FBT001
        name = str(of.children[1])
        if name == "matches":
            self.refuse(of, "there are no regular expressions; matches has * and ?")
        if name not in _PATTERNS:
            self.refuse(of, f"there is no function {name}")
        if negated:
            self.refuse(of, f"there is no opposite of {name}")
        (argument,) = self._arguments(of, _child(of, 2))
        value = self._scalar(argument)
        if not isinstance(value, str):
            self.refuse(argument, f"{name} takes a text")
        return self._atom(of, _child(of, 0), "matches", _PATTERNS[name].format(glob.escaped(value)))

    def function(self, of: Read, negated: bool) -> Node:  # noqa: FBT001
        name = str(of.children[0])
        if name != "has":
            self.refuse(of, f"there is no function {name}")
        if negated:
            self.refuse(of, "there is no opposite of exists: an absent claim never makes a condition true")
        (argument,) = self._arguments(of, _child(of, 1))
        return self._atom(of, argument, "exists", None)

    def refuse(self, of: Read, why: str) -> NoReturn:
        at = of.meta.start_pos
        raise _refused(f"{why}; found at position {at + 1}: {self.text[at : min(at + SHOWN, of.meta.end_pos)]}")

    def _membership(self, of: Read, left: Read, right: Read, *, negated: bool) -> Node:
        if _is_path(right):
            if negated:
                self.refuse(of, "there is no opposite of contains")
            return self._atom(of, right, "contains", self._scalar(left))
        if right.data != "list" or not right.children:
            self.refuse(right, "in takes a list of values, or a claim")
        values = tuple(self._scalar(cast("Read", each)) for each in right.children)
        return self._atom(of, left, "not in" if negated else "in", values)

    def _atom(self, of: Read, claim: Read, operator: Operator, operand: Operand) -> Atom:
        if operator in {"ne", "not in"}:
            self.notes.append(_NE.format(at=of.meta.start_pos + 1))
        return Atom(self._path(claim), operator, operand, None, 0, 0)

    def _arguments(self, of: Read, arguments: Read) -> tuple[Read]:
        if len(arguments.children) != 1:
            self.refuse(of, "one argument is expected")
        return (_child(arguments, 0),)

    def _path(self, of: Read) -> tuple[str, ...]:
        names: list[str] = []
        node = of
        while node.data in {"select", "index"}:
            names.append(self._name(node))
            node = _child(node, 0)
        root = str(node.children[0]) if node.data == "name" else ""
        if root not in ROOTS or not names:
            hint = ": name the claim that it is made of" if root in {"google", "attribute"} else ""
            self.refuse(of, f"a claim is expected, as in assertion.sub{hint}")
        path = (*reversed(names),)
        if path[0] in RESERVED:
            self.refuse(of, f"{path[0]} cannot be asked for: the credential itself decides on it")
        if any("'" in name or not name for name in path):
            self.refuse(of, "the name of a claim is not empty, and has no quote in it")
        return path

    def _name(self, of: Read) -> str:
        if of.data == "select":
            return str(of.children[1])
        name = self._scalar(_child(of, 1))
        if not isinstance(name, str):
            self.refuse(of, "elements of lists have no names here")
        return name

    def _scalar(self, of: Read) -> Scalar:
        inner = _child(of, 0) if of.data == "minus" else of
        if inner.data == "integer":
            return int(str(inner.children[0])) * (-1 if of.data == "minus" else 1)
        word = str(of.children[0]) if of.data == "name" else ""
        if of.data != "text" and word not in {"true", "false"}:
            self.refuse(of, "a text, an integer, true or false is expected")
        return word == "true" if word else self._text(of)

    def _text(self, of: Read) -> str:
        written = str(of.children[0])
        raw = written[0] in "rR"
        quote, inner = written[-1], written[2 if raw else 1 : -1]
        if raw:
            if quote in inner:
                self.refuse(of, "a quote in a raw text")
            return inner
        try:
            text = _ESCAPE.sub(_character, inner)
            text.encode()
        except (KeyError, ValueError, OverflowError):
            self.refuse(of, "an escape that CEL does not have")
        return text


_CONDITIONS: Final[Mapping[str, Callable[[_Importer, Read, bool], Node]]] = {
    "negation": _Importer.negation,
    "conjunction": _Importer.joined,
    "disjunction": _Importer.joined,
    "comparison": _Importer.comparison,
    "method": _Importer.method,
    "function": _Importer.function,
}


def _tree(text: str) -> Read:
    from lark import UnexpectedCharacters, UnexpectedToken  # noqa: PLC0415  see above

    try:
        return _parser().parse(text)
    except UnexpectedCharacters as error:
        at = cast("int", error.pos_in_stream)  # lark's own types say None
    except UnexpectedToken as error:
        at = len(text) if error.token.type == "$END" else error.token.start_pos or 0
    if at == len(text):
        raise _refused("something is missing at the end")
    raise _refused(f'"{text[at : at + SHOWN]}" cannot stand at position {at + 1}')


@cache
def _parser() -> Lark:
    from lark import Lark  # noqa: PLC0415

    grammar = files(__package__).joinpath("cel.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _child(of: Read, number: int) -> Read:
    return cast("Read", of.children[number])


def _is_path(of: Read) -> bool:
    return of.data in {"select", "index"}


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    return chr(int(code, 16)) if code else _ESCAPED[found[4]]


def _refused(reason: str) -> Refused:
    return Refused(INPUT_INVALID, what="the CEL expression", reason=reason)
