#!/usr/bin/env python3
"""Write the table of docs/token-sources.md from the registry of sources.

source_table.py            write it
source_table.py --check    fail when it is not what it would be
"""

import sys
from dataclasses import fields
from difflib import unified_diff
from pathlib import Path

from accredit.client.sources import registry
from accredit.client.sources.source import Surroundings

DOCUMENT = Path(__file__).parent.parent / "docs/token-sources.md"
BEGIN, END = "<!-- table: sources -->\n", "<!-- end: sources -->\n"
WHO = {"chosen": "who asks", "preset": "the job's definition", "fixed": "the platform"}
PROOFS = {
    "client": "unmodified client",
    "endpoint": "test issuer",
    "program": "program",
    "surroundings": "surroundings",
    "nothing": "nothing",
}
HEAD = ("source", "platform", "where the token is", "audience by", "one a job", "takes", "extra", "proven by")


def rows() -> list[tuple[str, ...]]:
    """Return one row for each source, in the order in which they are looked for."""
    found: list[tuple[str, ...]] = []
    for each in registry.SOURCES:
        source = registry.source(each.name, Surroundings(environment={}))
        aliases = "".join(f", `{alias}`" for alias in each.aliases)
        takes = ", ".join(f"`{one.name}`" for one in fields(source) if one.name != "around")  # type: ignore[arg-type]  # each is one
        test = f"[{PROOFS[each.proof]}](../{each.test}): {each.proven}"
        shot = "yes" if source.one_shot else ""
        extra = f"`{each.extra}`" if each.extra else ""
        found.append(
            (f"`{each.name}`{aliases}", each.title, each.reads, WHO[source.audience], shot, takes, extra, test)
        )
    return found


def written(document: str) -> str:
    """Return the document with its table as it should be. ``ValueError`` when the place for it is missing."""
    before, found, rest = document.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError("the document has no place for the table")
    lines = [f"| {' | '.join(each)} |" for each in (HEAD, ("---",) * len(HEAD), *rows())]
    return "".join((before, BEGIN, "\n", *(f"{line}\n" for line in lines), "\n", END, after))


def main(*arguments: str) -> int:
    """Write the table, or compare it."""
    now = DOCUMENT.read_text("utf-8")
    wanted = written(now)
    if "--check" not in arguments:
        DOCUMENT.write_text(wanted, "utf-8")
        return 0
    lines = unified_diff(now.splitlines(), wanted.splitlines(), "as it is", "as it should be", lineterm="")
    print("\n".join(lines))
    return int(now != wanted)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
