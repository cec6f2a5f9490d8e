#!/usr/bin/env python3
"""Write the table of known complaints in docs/explain.md: what people ran into, and what is said of it today.

complaints.py            write it
complaints.py --check    fail when it is not what it would be
"""

import sys
from difflib import unified_diff
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/explain.md"
BEGIN, END = "<!-- complaints -->", "<!-- end of complaints -->"
sys.path.insert(0, str(ROOT))

from tests.support.complaints import CASES, explanation  # noqa: E402  the repository is no package


def table() -> str:
    """One row for each complaint."""
    rows = ["| where it was met | code | cause | what is said |", "|---|---|---|---|"]
    for case in CASES.values():
        told = explanation(case)
        code = told.code.removeprefix("AADSTS") or "accepted"
        cells = (_cell(case["source"]), code, f"`{told.cause}`" if told.cause else "", _cell(told.sentence))
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(*words: str) -> int:
    """Write the table, or say how it differs."""
    before = DOCUMENT.read_text("utf-8")
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        print(f"{DOCUMENT}: the marks {BEGIN} and {END} are missing", file=sys.stderr)
        return 1
    after = f"{head}{BEGIN}\n{table()}\n{END}{tail}"
    if "--check" not in words:
        DOCUMENT.write_text(after, "utf-8")
        return 0
    print(
        *unified_diff(before.splitlines(), after.splitlines(), "as it is", "as it would be", lineterm="", n=0), sep="\n"
    )
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
