#!/usr/bin/env python3
"""Write the tables of docs/test-issuer.md from the dialects: what they speak, what may be asked, what proves them.

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

from accredit.testidp import Dialect, dialects
from accredit.trust import presets

ROOT: Final = Path(__file__).parent.parent
DOCUMENT: Final = ROOT / "docs/test-issuer.md"
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


def proven(dialect: Dialect) -> str:
    """Say what stands behind a dialect: clients, recorded tokens, and the documented sets, by their evidence."""
    said = []
    if dialect.name in CLIENTS:
        client, test = CLIENTS[dialect.name]
        said.append(f"[{client}](../{test}), unmodified")
    if dialect.name in RECORDED:
        said.append(f"a [recorded token](../{RECORDED[dialect.name]})")
    kinds = Counter(SETS[name]["evidence"] for name in dialect.samples)
    document = presets.preset(dialect.preset).docs_url if dialect.preset else ""
    for kind, count in sorted(kinds.items()):
        said.append(f"{count} {'set' if count == 1 else 'sets'} {EVIDENCE[kind].format(document)}")
    return "; ".join(said) or "-"


def standing(dialect: Dialect) -> str:
    return f"{code(dialect.preset)}, {presets.preset(dialect.preset).standing}" if dialect.preset else "-"


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


def asked(dialect: Dialect) -> Iterator[tuple[str, ...]]:
    for name, each in dialect.parameters.items():
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


def main(*arguments: str) -> int:
    before = DOCUMENT.read_text("utf-8")
    after = written(before)
    if "--check" in arguments:
        sys.stdout.writelines(unified_diff(before.splitlines(True), after.splitlines(True), "written", "today"))  # noqa: FBT003
        return int(before != after)
    DOCUMENT.write_text(after, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
