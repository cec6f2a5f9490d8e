r"""The grammar of version 2, which is ours: that of version 1 and what it lacks. One method per rule.

    expr    = and *( WS "or" WS and )
    and     = primary *( WS "and" WS primary )
    primary = "(" [WS] expr [WS] ")" / "exists(" path ")" / compare
    compare = path WS ( "eq" / "ne" / "contains" ) WS scalar
            / path WS [ "not" WS ] "in" WS "[" scalar *( "," [WS] scalar ) "]"
            / path WS "matches" WS glob
    path    = "claims" 1*( "['" NAME "']" )
    scalar  = "'" *( char / "''" ) "'" / [ "-" ] ( "0" / %x31-39 *DIGIT ) / "true" / "false"
    glob    = a text in quotes, of literals, "?", "*", "**", "\*", "\?", "\\"
    WS      = 1*( SP / HTAB / LF )

Everything is bounded here, so that nothing that is stored can be slow, or too large to be judged.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, NoReturn, cast

from accredit.trust.expression import glob
from accredit.trust.expression.glob import Glob, PatternError
from accredit.trust.expression.tokens import Cursor
from accredit.trust.expression.tree import Atom, Group, Node, width

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.trust.expression.tree import Operand, Operator, Scalar

MOST_ATOMS: Final = 32
DEEPEST: Final = 8  # parentheses inside each other
LONGEST_PATH: Final = 6  # names
MOST_ELEMENTS: Final = 64  # of one list
MOST_WILDCARDS: Final = 16  # of one pattern
LONGEST_PATTERN: Final = 600  # characters, as long as any subject
MOST_BRANCHES: Final = 64  # of the disjunctive form
LONGEST_WORD: Final = 20  # characters that are looked at to guess what was meant
LARGEST: Final = 2**53 - 1  # what every reader of JSON takes for the same integer (RFC 8259 section 6)
RESERVED: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
"""Claims that a credential and the checks of time judge, each in one place."""

BLANK: Final = " \t\n"
_WORD: Final = re.compile(r"[^\s'\"()\[\],]+")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?![0-9A-Za-z_.])")
_MEANT: Final = {
    "&&": "and",
    "||": "or",
    "=": "eq",
    "==": "eq",
    "equal": "eq",
    "equals": "eq",
    "!=": "ne",
    "<>": "ne",
    "neq": "ne",
    "=~": "matches",
    "~": "matches",
    "like": "matches",
    "startswith": "matches",
    "endswith": "matches",
    "has": "contains",
    "not": "not in",
}
_VALUES: Final = {
    "null": '; nothing equals null: "exists(…)" asks whether there is a value',
    '"': "; texts stand in single quotes",
}
_PRIMARIES: Final = {
    "not": '; there is no "not" for conditions: use "ne" or "not in"',
    "!": '; there is no "not" for conditions: use "ne" or "not in"',
    "claims": "; a claim is named as in claims['sub']",
}


def read(text: str) -> Node:
    """Read an expression, compile its patterns. EXPRESSION_SYNTAX: another grammar, or beyond a bound."""
    reader = _Reader(text)
    root = reader.expression()
    if not reader.ended:
        reader.unexpected("the end")
    if (branches := width(root)) > MOST_BRANCHES:
        reader.fail(
            f'The expression is too complex: with each "or" and "in" written out it has {branches} branches; '
            f"{MOST_BRANCHES} are the most. Make several credentials of it"
        )
    return root


class _Reader(Cursor):
    """Reads one expression; counts what is bounded as a whole."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.atoms = 0
        self.depth = 0

    def expression(self) -> Node:
        return self._joined("or", lambda: self._joined("and", self._primary))

    def place(self, at: int) -> str:
        """Name a place in the text; in one of several lines, by line, too."""
        line = self.text.count("\n", 0, at)
        if not line:
            return super().place(at)
        return f"{super().place(at)} (line {line + 1}, character {at - self.text.rindex(chr(10), 0, at)})"

    def unexpected(self, closing: str) -> NoReturn:
        """Refuse what stands behind a condition."""
        start = self.at
        if not self._blanks():
            self.refuse(f'{closing}, or white space and "and" or "or"')
        if self.ended:
            self.at = start  # white space behind the last word is what is wrong
        self.refuse(f'"and", "or" or {closing}', self._meant(("and", "or")))

    def _joined(self, kind: Literal["and", "or"], part: Callable[[], Node]) -> Node:
        parts = [part()]
        while self._joint(kind):
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        flat: list[Node] = []
        for each in parts:  # parentheses around a group of the same kind say nothing
            flat += each.parts if isinstance(each, Group) and each.kind == kind else (each,)
        return Group(kind, tuple(flat), flat[0].start, flat[-1].end)

    def _joint(self, kind: str) -> bool:
        """Read ``and`` or ``or`` with its white space, if that is what stands here."""
        start = self.at
        if not self._blanks() or self._word() != kind:
            self.at = start
            return False
        self.at += len(kind)
        self._space(f'"{kind}"')
        return True

    def _primary(self) -> Node:
        if self._stands("("):
            return self._parenthesised()
        start = self.at
        if self.atoms == MOST_ATOMS:
            self.fail(f"One comparison too many at {self.place(start)}: {MOST_ATOMS} are the most")
        self.atoms += 1
        if self._stands("exists("):
            self.literal("exists(")
            path = self._path()
            self.literal(")")
            return Atom(path, "exists", None, None, start, self.at)
        if not self._stands("claims["):
            self.refuse('"claims[\'", "exists(" or "("', _PRIMARIES.get(self._sign().partition(".")[0], ""))
        return self._comparison(start)

    def _parenthesised(self) -> Node:
        if self.depth == DEEPEST:
            self.fail(f"Parentheses too deep inside each other at {self.place(self.at)}: {DEEPEST} is the most")
        self.depth += 1
        self.literal("(")
        self._blanks()
        node = self.expression()
        end = self.at
        self._blanks()
        if not self._stands(")"):
            self.at = end
            self.unexpected('")"')
        self.literal(")")
        self.depth -= 1
        return node

    def _path(self) -> tuple[str, ...]:
        self.literal("claims['")
        names: list[str] = []
        while True:
            at = self.at
            names.append(self.name())
            if not names[1:] and names[0] in RESERVED:
                self.fail(
                    f'"{names[0]}" at {self.place(at)} cannot be asked for: the credential itself and the checks of '
                    "time and replay decide on it"
                )
            if len(names) > LONGEST_PATH:
                self.fail(f"One name too many at {self.place(at)}: a path has at most {LONGEST_PATH}")
            self.literal("']")
            if not self._stands("["):
                return tuple(names)
            self.literal("['")

    def _comparison(self, start: int) -> Atom:
        path = self._path()
        self._space("the claim")
        operator = self._operator()
        self._space(f'"{operator}"')
        operand, pattern = self._operand(operator)
        return Atom(path, operator, operand, pattern, start, self.at)

    def _operator(self) -> Operator:
        word = self._word()
        if word == "not":
            self.at += len(word)
            self._space('"not"')
            if self._word() == "in":
                self.at += len("in")
                return "not in"
            self.refuse('"in"')
        if word not in _OPERANDS:
            self.refuse('"eq", "ne", "in", "not in", "matches" or "contains"', self._meant((*_OPERANDS, "not in")))
        self.at += len(word)
        return cast("Operator", word)

    def _operand(self, operator: Operator) -> tuple[Operand, Glob | None]:
        if operator == "matches":
            return self._pattern()
        if operator in {"in", "not in"}:
            return self._list(), None
        return self._scalar(), None

    def _list(self) -> tuple[Scalar, ...]:
        self.literal("[")
        found = [self._scalar()]
        while not self._stands("]"):
            if not self._stands(","):
                self.refuse('"," or "]"')
            self.literal(",")
            self._blanks()
            if len(found) == MOST_ELEMENTS:
                self.fail(f"One value too many at {self.place(self.at)}: a list has at most {MOST_ELEMENTS}")
            found.append(self._scalar())
        self.literal("]")
        return tuple(found)

    def _scalar(self) -> Scalar:
        if self._stands("'"):
            return self.quoted(0)
        word = self._word()
        if word in {"true", "false"}:
            self.at += len(word)
            return word == "true"
        found = _INTEGER.match(self.text, self.at)
        if not found:
            hint = _VALUES.get(self._sign(), "") or self._meant(("true", "false"))
            self.refuse("a text in quotes, an integer, true or false", hint)
        return self._integer(found[0])

    def _integer(self, digits: str) -> int:
        number = int(digits)
        if abs(number) > LARGEST:
            self.fail(f"The integer at {self.place(self.at)} is too large: {LARGEST} is the largest")
        self.at += len(digits)
        return number

    def _pattern(self) -> tuple[str, Glob]:
        at = self.at
        pattern = self.quoted(0)
        if len(pattern) > LONGEST_PATTERN:
            self.fail(f"The pattern at {self.place(at)} is longer than {LONGEST_PATTERN} characters: {len(pattern)}")
        try:
            wildcards = sum(len(token.symbol) > 1 for token in glob.tokens(pattern, 2, len(glob.literal(pattern, 2))))
        except PatternError as error:
            self.at = at + 1 + error.at + pattern[: error.at].count("'")  # each was written twice
            self.refuse(error.expected)
        if wildcards > MOST_WILDCARDS:
            self.fail(f"The pattern at {self.place(at)} has {wildcards} wildcards; {MOST_WILDCARDS} are the most")
        return pattern, glob.parse(pattern, 2)

    def _stands(self, literal: str) -> bool:
        return self.text.startswith(literal, self.at)

    def _blanks(self) -> bool:
        """Skip white space; return whether there was any."""
        start = self.at
        while self.text[self.at : self.at + 1] and self.text[self.at] in BLANK:
            self.at += 1
        return self.at > start

    def _space(self, behind: str) -> None:
        if not self._blanks():
            self.refuse(f"white space behind {behind}")

    def _word(self) -> str:
        """Return the word that stands here, without reading it."""
        found = _WORD.match(self.text, self.at)
        return found[0] if found else ""

    def _sign(self) -> str:
        """Return what stands here as a mistake would be looked up."""
        word, first = self._word(), self.text[self.at : self.at + 1]
        return word.lower() if word and first != "!" else first

    def _meant(self, known: tuple[str, ...]) -> str:
        """Guess what was meant by the word that stands here."""
        word = self._word()[:LONGEST_WORD].lower()
        meant = _MEANT.get(word, word)
        if meant not in known:
            meant = next(iter(get_close_matches(meant, known, 1)), "")
        return f'; did you mean "{meant}"?' if meant else ""


_OPERANDS: Final = ("eq", "ne", "in", "matches", "contains")
