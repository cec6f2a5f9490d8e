"""Text in the languages that trusts are written in, so that no value is ever more than text there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMED: Final = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_OF_HCL: Final = {**_NAMED, '"': r"\""}
_OF_BICEP: Final = {**_NAMED, "'": r"\'"}
_INTERPOLATION: Final = re.compile(r"([$%]*)([$%])\{")
_LONGEST: Final = 60  # characters of an identifier


def hcl(text: str) -> str:
    r"""Write text for HCL. ``${`` and ``%{`` are doubled; what stands before them is escaped, lest it take part."""
    escaped = "".join(_OF_HCL.get(each) or _visible(each, "\\U{:08x}") for each in text)
    return '"' + _INTERPOLATION.sub(_doubled, escaped) + '"'


def bicep(text: str) -> str:
    r"""Write text for Bicep: between single quotes, ``${`` with a backslash."""
    escaped = "".join(_OF_BICEP.get(each) or _visible(each, "\\u{{{:x}}}") for each in text)
    return "'" + escaped.replace("${", r"\${") + "'"


def yaml(text: str) -> str:
    """Write text for YAML: between double quotes, so that no character of it is anything but text."""
    return '"' + "".join(map(_of_yaml, text)) + '"'


def _of_yaml(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}"


def identifiers(texts: Iterable[str]) -> list[str]:
    """Return a name for each text that is a name in every one of these languages; no two are alike."""
    made: dict[str, int] = {}
    found: list[str] = []
    for text in texts:
        name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST].lower() or "application_id"
        name = name if name[0].isalpha() else f"_{name}"
        while made.setdefault(name, 0):
            made[name] += 1
            name = f"{name}_{made[name]}"
        made[name] = 1
        found.append(name)
    return found


def _doubled(match: re.Match[str]) -> str:
    before = "".join(f"\\u{ord(each):04x}" for each in match[1])
    return f"{before}{match[2]}{match[2]}{{"


def _visible(character: str, form: str) -> str:
    return character if character.isprintable() else form.format(ord(character))
