#!/usr/bin/env python3
"""Write src/accredit/trust/presets/index.json: what tells the presets apart without reading them all.

preset_index.py            write it
preset_index.py --check    fail when it is not what it would be
"""

import json
import re
import sys
from pathlib import Path

from accredit.trust.presets import templates
from accredit.trust.presets.catalogue import load
from accredit.trust.presets.claims import Claim
from accredit.trust.presets.model import Preset

FOLDER = Path(__file__).parent.parent / "src/accredit/trust/presets"
INDEX = FOLDER / "index.json"
SOMEWHERE = "some.example.test"
SPECIAL = set("\\^$.|?*+()[]{}")
KEPT = {"id", "name", "bounded"}


def read() -> list[Preset]:
    """Every preset, in order of ids."""
    return [load(each.read_text("utf-8"), each.name) for each in sorted(FOLDER.glob("*.toml"))]


def prefix(pattern: str) -> str:
    """The literal text that everything begins with that fits a pattern."""
    found = ""
    at = 0
    while at < len(pattern):
        escaped = pattern[at] == "\\" and at + 1 < len(pattern) and not pattern[at + 1].isalnum()
        if not escaped and pattern[at] in SPECIAL:
            break
        at += 2 if escaped else 1
        found += pattern[at - 1]
    if at < len(pattern) and pattern[at] in "?*{":
        found = found[:-1]  # what may be missing
    return "" if "|" in _top_level(pattern) else found


def _top_level(pattern: str) -> str:
    """The pattern without its groups, classes and escapes."""
    depth, inside, kept, at = 0, False, "", 0
    while at < len(pattern):
        each = pattern[at]
        if each == "\\":
            at += 2
            continue
        if inside:
            inside = each != "]"
        elif each == "[":
            inside = True
        elif each in "()":
            depth += 1 if each == "(" else -1
        elif depth == 0:
            kept += each
        at += 1
    return kept


def entry(preset: Preset) -> dict[str, object]:
    """The row of one preset."""
    return {
        "id": preset.id,
        "aliases": list(preset.aliases),
        "match": preset.issuer.match,
        "prefix": prefix(preset.issuer.match),
        "hosts": list(preset.issuer.hosts),
        "open": (runs := preset.id != "other" and any(_anywhere(preset, each) for each in preset.issuer.templates)),
        "speaks": [each.regex for each in preset.subject_forms] if runs else [],
        "kept": [list(each.path) for each in preset.claims if _is_kept(each)],
    }


def _is_kept(claim: Claim) -> bool:
    """Whether the log keeps a claim: it says whose workload it is or what kind, not which run, and of no person."""
    return claim.cls in KEPT and claim.of != "person" and not claim.path[-1].endswith("*")


def _anywhere(preset: Preset, template: str) -> bool:
    """Whether the platform may have an issuer, at its operator's address, that nothing tells to be its own.

    That is so where a place is all of the host, or of the issuer, the field takes anybody's address, and the pattern of
    the platform's issuers does not.
    """
    written = template.rpartition("?}")[2]
    whole = written.startswith("{")
    if not (whole or written.startswith("https://{")):
        return False
    first, _, rest = written.removeprefix("https://")[1:].partition("}")
    field = preset.field(first)
    somewhere = f"https://{SOMEWHERE}" if whole else SOMEWHERE
    if field is None or not re.fullmatch(field.pattern or "|".join(field.choices), somewhere):
        return False
    examples = {each.name: each.example or each.default for each in preset.fields}
    issuer = f"{'' if whole else 'https://'}{somewhere}{templates.parse(rest).fill(examples) or ''}"
    return not (preset.issuer.match and re.fullmatch(preset.issuer.match, issuer))


def text() -> str:
    """The whole file: what has the longest literal beginning first, because it says the most."""
    entries = sorted((entry(each) for each in read()), key=lambda each: (-len(str(each["prefix"])), str(each["id"])))
    return "[\n" + ",\n".join(f"  {json.dumps(each)}" for each in entries) + "\n]\n"


def main() -> int:
    wanted = text()
    if "--check" in sys.argv[1:]:
        if INDEX.read_text("utf-8") == wanted:
            return 0
        print(f"{INDEX} is not what scripts/preset_index.py would write", file=sys.stderr)
        return 1
    INDEX.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
