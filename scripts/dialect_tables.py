#!/usr/bin/env python3
"""Write what follows from the dialects' files: their index, and the tables of docs/test-issuer.md.

The index tells them apart without reading them all; the tables say what they speak, what may be asked, and what proves
them.

dialect_tables.py            write them
dialect_tables.py --check    fail when they are not what they would be
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Final

from accredit.testidp import Dialect, dialect, dialects
from accredit.testidp.dialect import load
from accredit.trust import presets

ROOT: Final = Path(__file__).parent.parent
DOCUMENT: Final = ROOT / "docs/test-issuer.md"
INDEX: Final = ROOT / "src/accredit/testidp/dialects" / dialect.INDEX
BEGIN, END = "<!-- {}: written by scripts/dialect_tables.py -->", "<!-- end of {} -->"
SETS = json.loads((ROOT / "tests/data/sample-claims.json").read_text("utf-8"))["samples"]
EVIDENCE = {
    "doc": "from [documentation]({})",
    "obs": "seen on a real one",
    "src": "from source code",
    "cat": "from a public catalogue",
    "asm": "assumed",
    "made-up": "made up",
}
PLATFORMS = "tests/clients/platforms"
# The platform's own client, unmodified, that gets its token here, and the test in which it does
CLIENTS = {
    "github": ("`id`", f"{PLATFORMS}/test_id.py"),
    "gitlab": ("`id`", f"{PLATFORMS}/test_id.py"),
    "kubernetes": ("`kubernetes`", f"{PLATFORMS}/test_kubernetes.py"),
    "aws": ("`boto3`", f"{PLATFORMS}/test_boto3.py"),
    "azure_devops": ("`azure-identity`", f"{PLATFORMS}/test_azure_pipelines.py"),
    "google": ("`google-auth`", f"{PLATFORMS}/test_google_auth.py"),
    "entra": ("`azure-identity`", f"{PLATFORMS}/test_managed_identity.py"),
    "spiffe": ("`spiffe`", f"{PLATFORMS}/test_spiffe.py"),
    **dict.fromkeys(
        ("auth0", "keycloak", "okta", "custom"), ("`requests-oauthlib`", f"{PLATFORMS}/test_token_endpoints.py")
    ),
}
RECORDED = {"kubernetes": "tests/data/kubernetes-1.36-token.json"}  # a token of a real one, minted again by the suite


def table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Write a table in Markdown."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(each.replace("|", "\\|") for each in line) + " |" for line in lines)


def code(text: str) -> str:
    return f"`{text}`"


def proven(of: Dialect) -> str:
    """Say what stands behind a dialect: clients, recorded tokens, and the documented sets, by their evidence."""
    said = []
    if of.name in CLIENTS:
        client, test = CLIENTS[of.name]
        said.append(f"[{client}](../{test}), unmodified")
    if of.name in RECORDED:
        said.append(f"a [recorded token](../{RECORDED[of.name]})")
    kinds = Counter(SETS[name]["evidence"] for name in of.samples)
    document = presets.preset(of.preset).docs_url if of.preset else ""
    for kind, count in sorted(kinds.items()):
        said.append(f"{count} {'set' if count == 1 else 'sets'} {EVIDENCE[kind].format(document)}")
    return "; ".join(said) or "-"


def standing(of: Dialect) -> str:
    return f"{code(of.preset)}, {presets.preset(of.preset).standing}" if of.preset else "-"


def spoken() -> Iterator[tuple[str, ...]]:
    for name, each in sorted(dialects().items()):
        issuer = code(each.issuer) if each.issuer else "its own address"
        yield (
            code(name),
            ", ".join(map(code, each.aliases)) or "-",
            each.title,
            issuer,
            code(each.jwks_path),
            ", ".join(each.algorithms),
            str(each.lifetime),
            standing(each),
            proven(each),
        )


def asked(of: Dialect) -> Iterator[tuple[str, ...]]:
    for name, each in of.parameters.items():
        default = "" if each.default is None else code(json.dumps(each.default).strip('"'))
        if default and each.unless:
            default += f", unless {' or '.join(map(code, each.unless))} is given"
        choices = f" ({', '.join(map(code, each.one_of))})" if each.one_of else ""
        yield code(name), each.says + choices, each.wanted, default or "-"


def parameters() -> str:
    parts = []
    for name, each in sorted(dialects().items()):
        samples = ", ".join(map(code, each.samples)) or "none"
        parts.append(f"### {each.title}: {code(name)}\n\nSamples: {samples}.\n")
        parts.append(table(("parameter", "says", "takes", "unless given"), asked(each)) + "\n")
    return "\n".join(parts).rstrip()


HEADS = ("dialect", "also", "platform", "issuer", "keys", "algorithms", "seconds", "preset", "proven by")


def written(document: str) -> str:
    """Return the document with its generated parts as they would be today."""
    for part, text in {"dialects": table(HEADS, spoken()), "parameters": parameters()}.items():
        begin, end = BEGIN.format(part), END.format(part)
        before, _, rest = document.partition(begin)
        document = f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}"
    return document


def index() -> str:
    """Return the index as it would be today."""
    files = sorted(INDEX.parent.glob("*.toml"))
    read = [load(each.read_text("utf-8")) for each in files]
    rows = [{"name": each.name, "aliases": list(each.aliases), "issuer": each.issuer} for each in read]
    return "[\n" + ",\n".join(f"  {json.dumps(each)}" for each in rows) + "\n]\n"


def main(*arguments: str) -> int:
    """Write index and document; with ``--check`` say how they differ, and return 1 when they do."""
    before = INDEX.read_text("utf-8") if INDEX.exists() else "[]"
    if "--check" not in arguments:
        INDEX.write_text(index(), "utf-8")
        dialect.entries.cache_clear()
        DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
        return 0
    document = DOCUMENT.read_text("utf-8")
    differing = [(before, index()), (document, written(document))]
    for old, new in differing:
        sys.stdout.writelines(unified_diff(old.splitlines(True), new.splitlines(True), "written", "today"))  # noqa: FBT003
    return int(any(old != new for old, new in differing))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
