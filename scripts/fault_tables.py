#!/usr/bin/env python3
"""Write the tables in docs/faults.md: what can be made wrong, and the refusal and the cause that follow.

fault_tables.py            write them
fault_tables.py --check    fail when they are not what they would be
"""

import re
import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/faults.md"
HEAD = "| name | what it does | entra | extended | cause |"
KID = re.compile(r"`[\w-]{43}`")  # of a key that is made anew each time
sys.path.insert(0, str(ROOT))

from accredit.testidp import FAULTS, OUTAGES  # noqa: E402  the repository is no package
from tests.support.faults import outcome  # noqa: E402
from tests.testidp.workbench import issuer  # noqa: E402


def tokens() -> Iterator[str]:
    """One row for each fault of a token, with what is said of it today."""
    yield from _head(HEAD + " what is said |")
    idp = issuer()
    for each in FAULTS.values():
        told = outcome(idp, each.name, "entra" if each.entra else "extended")
        said = KID.sub("`…`", told.said).replace("|", "\\|") if told.code else ""
        yield _row(each.name, each.sentence, _code(each.entra), _code(each.extended), _cause(each.cause), said)


def issuers() -> Iterator[str]:
    """One row for each fault of an issuer."""
    yield from _head(HEAD)
    for each in OUTAGES.values():
        other = f", extended {_cause(each.cause_extended)}" if each.cause_extended else ""
        yield _row(each.name, each.sentence, _code(each.entra), _code(each.extended), _cause(each.cause) + other)


TABLES = {"faults of a token": tokens, "faults of an issuer": issuers}


def _head(cells: str) -> tuple[str, str]:
    return cells, "|" + "---|" * (cells.count("|") - 1)


def _row(name: str, *cells: str) -> str:
    return "| " + " | ".join((f"`{name}`", *cells)) + " |"


def _code(code: int | None) -> str:
    return "accepted" if code is None else f"AADSTS{code}"


def _cause(cause: str) -> str:
    return f"`{cause}`" if cause else ""


def filled(text: str) -> str:
    """Put every table between its marks. Raises ``ValueError`` when they are missing."""
    for name, rows in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of the {name} -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{DOCUMENT}: the marks of the {name} are missing")
        text = head + begin + "\n".join(rows()) + "\n" + end + tail
    return text


def main(*words: str) -> int:
    """Write the tables, or say how they differ."""
    before = DOCUMENT.read_text("utf-8")
    after = filled(before)
    if "--check" not in words:
        DOCUMENT.write_text(after, "utf-8")
        return 0
    print(
        *unified_diff(before.splitlines(), after.splitlines(), "as it is", "as it would be", lineterm="", n=0), sep="\n"
    )
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
