"""Text to an expression, in the grammar of its language version."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from accredit.errors import EXPRESSION_SYNTAX, Refused
from accredit.trust.expression import version_1, version_2
from accredit.trust.expression.tree import Expression, Node

LANGUAGE_VERSION = 1  # the one of whoever does not say, and the only one that Entra ID knows
LONGEST_TEXT = 4096  # characters
_READERS: Final[Mapping[int, Callable[[str], Node]]] = {1: version_1.read, 2: version_2.read}
LANGUAGE_VERSIONS: Final = tuple(_READERS)


def parse(
    text: str, language_version: int = LANGUAGE_VERSION, *, known: Collection[int] = LANGUAGE_VERSIONS
) -> Expression:
    """Read an expression, compile its patterns; EXPRESSION_SYNTAX: another version, a long text, another grammar."""
    if language_version not in known:
        versions = " or ".join(map(str, known))
        reason = f"Language version {language_version} is not known; the language version must be {versions}"
        raise Refused(EXPRESSION_SYNTAX, reason=reason, expression=text)
    if len(text) > LONGEST_TEXT:
        reason = f"The expression is {len(text)} characters long; {LONGEST_TEXT} is the most"
        raise Refused(EXPRESSION_SYNTAX, reason=reason, expression=text)
    return Expression(text, language_version, _READERS[language_version](text))
