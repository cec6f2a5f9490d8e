"""On which line of a JSON document something stands."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from accredit.interop.files.node import Path

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')


def lines(text: str, wanted: Collection[Path]) -> dict[Path, int]:
    """Return the line (from 1) on which each of the ``wanted`` values of a JSON document begins."""
    found: dict[Path, int] = {}
    path: list[str | int] = []
    line, name = 1, ""
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece == "\n":
            line += 1
        elif piece == ":":
            path[-1] = json.loads(name)
        elif piece == ",":
            last = path[-1]
            path[-1] = last + 1 if isinstance(last, int) else ""
        elif piece in "}]":
            path.pop()
        else:
            if (here := tuple(path)) in wanted:
                found.setdefault(here, line)
            if piece in "{[":
                path.append("" if piece == "{" else 0)
            name = piece
    return found
