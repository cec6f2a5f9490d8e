"""Version 2 of the expression language a second time: slow, short, and written without looking at the first one.

Reads texts that are known to be right, and nothing else.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

TEXT = r"'(?:[^']|'')*'"
SCALAR = rf"(?:{TEXT}|-?\d+|true|false)"
PATH = r"claims(?:\['[^']+'\])+"
ATOM = re.compile(
    rf"exists\((?P<there>{PATH})\)|(?P<path>{PATH})\s+(?P<operator>eq|ne|matches|contains|in|not\s+in)\s+"
    rf"(?P<operand>{SCALAR}|\[[^\]']*(?:{TEXT}[^\]']*)*\])"
)
WORDS = {"**": ".*", "*": "[^/:@]*", "?": "[^/:@]", r"\*": r"\*", r"\?": r"\?", r"\\": r"\\"}
LONGEST = 4096


def holds(text: str, claims: Mapping[str, Any]) -> bool:
    """Whether an expression holds."""
    python = ATOM.sub(lambda found: str(_atom(found, claims)), text)
    return bool(eval(re.sub(r"\s+", " ", python)))  # noqa: S307  nothing but True, False, and, or, parentheses


def _atom(found: re.Match[str], claims: Mapping[str, Any]) -> bool:
    values: list[Any] = [claims]
    for name in re.findall(r"\['([^']+)'\]", found["there"] or found["path"]):
        values = [each[name] for each in values if isinstance(each, dict) and name in each]
    if not values or (isinstance(values[0], str) and len(values[0]) > LONGEST):
        return False
    if found["there"]:
        return values != [None]
    return _compared(re.sub(r"\s+", " ", found["operator"]), values[0], found["operand"])


def _compared(operator: str, value: Any, operand: str) -> bool:
    if operator == "matches":
        return isinstance(value, str) and _pattern(_scalar(operand)).fullmatch(value) is not None
    operands = [_scalar(each) for each in re.findall(SCALAR, operand)]
    # As JSON a value has its type written on it: 1, 1.0, true and "1" are four texts.
    said, wanted = json.dumps(value), [json.dumps(each) for each in operands]
    if operator == "contains":
        return isinstance(value, list) and wanted[0] in map(json.dumps, value)
    if operator in {"eq", "in"}:
        return said in wanted
    return said not in wanted and type(value) in map(type, operands)


def _scalar(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return json.loads(text)


def _pattern(pattern: str) -> re.Pattern[str]:
    tokens = re.findall("|".join(map(re.escape, WORDS)) + "|.", pattern, re.DOTALL)
    return re.compile("".join(WORDS.get(each) or re.escape(each) for each in tokens), re.DOTALL)
