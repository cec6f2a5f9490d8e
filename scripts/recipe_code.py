#!/usr/bin/env python3
"""Write the code of examples/recipes into the pages of docs/recipes that show it.

recipe_code.py            write it
recipe_code.py --check    fail when a page shows anything else

A page says ``<!-- file: examples/recipes/flask/api.py -->`` on the line before the block.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHOWN = re.compile(r"(^<!-- file: (\S+) -->\n```\w+\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)


def written(page: str) -> str:
    """Return a page with every block as its file is."""
    return SHOWN.sub(lambda found: found[1] + (ROOT / found[2]).read_text("utf-8") + found[4], page)


def main(*arguments: str) -> int:
    """Write the pages, or compare them."""
    stale = []
    for page in sorted((ROOT / "docs/recipes").glob("*.md")):
        now = page.read_text("utf-8")
        if (wanted := written(now)) != now:
            stale.append(page.name)
            if "--check" not in arguments:
                page.write_text(wanted, "utf-8")
    if "--check" not in arguments:
        return 0
    print("".join(f"docs/recipes/{name} shows other code than its files\n" for name in stale), end="")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
