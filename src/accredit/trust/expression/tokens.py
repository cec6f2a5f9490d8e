"""A position in the text of an expression, and what can stand there: a literal, a name, a quoted value.

Nothing is skipped unless it is asked for: white space is a character like any other.
"""

from typing import NoReturn

from accredit.errors import EXPRESSION_SYNTAX, Refused

QUOTE = "'"
SHOWN = 16  # characters of what was found instead


class Cursor:
    """Reads from left to right; what is not there is refused with its position, counted from 1."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0  # characters read

    @property
    def ended(self) -> bool:
        """Whether everything is read."""
        return self.at == len(self.text)

    def literal(self, *spellings: str) -> str:
        """Read one of the spellings, the first that stands here."""
        found = next((spelling for spelling in spellings if self.text.startswith(spelling, self.at)), None)
        if found is None:
            self.refuse(" or ".join(f'"{spelling}"' for spelling in spellings))
        self.at += len(found)
        return found

    def name(self) -> str:
        """Read up to a quote, which stays; at least one character."""
        close = self.text.find(QUOTE, self.at)
        name = self.text[self.at : close if close >= 0 else len(self.text)]
        if not name:
            self.refuse("the name of a claim")
        self.at += len(name)
        return name

    def quoted(self, least: int = 1) -> str:
        """Read a value between quotes, of at least so many characters; a doubled quote in it is one quote."""
        self.literal(QUOTE)
        start = self.at
        while True:
            close = self.text.find(QUOTE, self.at)
            if close < 0:
                self.at = len(self.text)
                self.refuse(f"the quote that closes the value opened at position {start}")
            self.at = close + 1
            if not self.text.startswith(QUOTE, self.at):
                break
            self.at += 1
        if close - start < least:
            self.at = start
            self.refuse("a value of at least one character")
        return self.text[start:close].replace(QUOTE * 2, QUOTE)

    def refuse(self, expected: str, hint: str = "") -> NoReturn:
        """Say what stands here instead of what was expected."""
        found = self.text[self.at : self.at + SHOWN]
        instead = f'found "{found}"' if found else "found the end"
        self.fail(f"Expected {expected} at {self.place(self.at)}, {instead}{hint}")

    def fail(self, reason: str) -> NoReturn:
        """Refuse the text."""
        raise Refused(EXPRESSION_SYNTAX, reason=reason, expression=self.text)

    def place(self, at: int) -> str:
        """Name a place in the text."""
        return f"position {at + 1}"
