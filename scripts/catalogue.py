#!/usr/bin/env python3
"""Write docs/presets.md from the presets: what there is, what proves it, and of each its form, modes and claims.

catalogue.py            write it
catalogue.py --check    fail when it is not what it would be
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from difflib import unified_diff
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/presets.md"
sys.path.insert(0, str(ROOT))

from accredit.trust import presets  # noqa: E402  after the path: the repository is no package
from accredit.trust.presets.claims import Claim  # noqa: E402
from accredit.trust.presets.model import Clause, Field, Mode, Preset  # noqa: E402
from accredit.trust.presets.not_issuers import entries as not_issuers  # noqa: E402
from accredit.trust.presets.writing import clause_text, operands  # noqa: E402
from tests.trust.presets import platforms  # noqa: E402

FIXTURES = {"kubernetes": "kubernetes-1.36-token.json"}  # tokens of the real software, in tests/data
EVIDENCE = {
    "doc": "documentation",
    "src": "source",
    "obs": "seen running",
    "cat": "a public catalogue",
    "asm": "not confirmed",
}
KINDS: dict[tuple[str, str | None], str] = {
    ("id", "tenant"): "id of the tenant",
    ("id", "project"): "id of the project",
    ("id", "account"): "id of the account",
    ("id", "person"): "id of a person",
    ("id", None): "id",
    ("name", None): "name",
    ("run", None): "new in every run",
    ("person", None): "person",
    ("chosen", None): "chosen by the workload",
    ("meta", None): "describes",
    ("bounded", None): "one of a few words",
}
HEAD = """# Presets

A preset knows a platform: what to fill in, which issuer, subject or expression and audience follow from it, what its
tokens say, and what to paste at its side. `accredit preset list` shows them, `accredit preset show ID` one of them, and
`accredit credential add --preset ID` fills in the form. They are files of data in `src/accredit/trust/presets/`; this
page is written from them by `scripts/catalogue.py`.

**Proven** says that its form, a token of the platform that matches and at least five that nearly do are tested, with
the reason that is given for each of the five. **Unproven** says that the facts were collected and no more: look at a
token of the platform before you rely on it ([`accredit explain TOKEN`](explain.md)).

An id is never given to another; a name is free again when its owner gives it up. What the workload chooses restricts
nothing.
"""


def main(*words: str) -> int:
    """Write the page, or say how it differs."""
    before = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
    after = page()
    if "--check" not in words:
        DOCUMENT.write_text(after, "utf-8")
        return 0
    print(
        *unified_diff(before.splitlines(), after.splitlines(), "as it is", "as it would be", lineterm="", n=0), sep="\n"
    )
    return int(before != after)


def page() -> str:
    """The whole page."""
    every = [presets.preset(name) for name in presets.ids()]
    parts = [HEAD, "## All presets\n", overview(every)]
    parts += ["## Not issuers\n", "\n".join(f"- **{each.name}**: {each.reason}" for each in not_issuers()) + "\n"]
    parts += [chapter(each) for each in every]
    return "\n".join(parts)


def overview(every: list[Preset]) -> str:
    """One row for each preset, and what proves it."""
    mine, nearly = (import_module(f"tests.trust.presets.test_{each}") for each in ("goldens", "near_misses"))
    goldens = Counter([each.preset for each in platforms.GOLDENS.values()])
    goldens.update(presets.preset(name).id for (name, *_), _ in mine.GOLDEN.values())
    misses = Counter(platforms.GOLDENS[each.golden].preset for each in platforms.MISSES.values())
    misses.update(nearly.FORMS[each.form].preset for each in nearly.MISSES.values())
    proof = "samples | goldens | near misses | fixture"
    rows = [f"| preset | platform | standing | issuer | audience | forms of subject | {proof} |", "|" + "---|" * 10]
    for each in every:
        fixture = FIXTURES.get(each.id, "")
        if fixture:
            json.loads((ROOT / "tests/data" / fixture).read_text("utf-8"))
        forms = ", ".join(form.name for form in each.subject_forms)
        numbers = (len(each.samples) or "", goldens[each.id] or "", misses[each.id] or "", "yes" if fixture else "")
        link = f"[`{each.id}`](#{each.id})"
        cells = (link, each.title, each.standing, issuers(each), audience(each), forms, *numbers)
        rows.append(row(*cells))
    return "\n".join(rows) + "\n"


def issuers(preset: Preset) -> str:
    """How its issuers look, in short."""
    written = preset.issuer.canonical or preset.issuer.templates
    plain = [each.rpartition("?}")[2] for each in written]
    return "<br>".join(f"`{each}`" for each in dict.fromkeys(plain))


def audience(preset: Preset) -> str:
    """Who decides about the audience."""
    if preset.audience.control == "fixed":
        return "fixed: " + ", ".join(f"`{each.rpartition('?}')[2]}`" for each in preset.audience.fixed)
    return "by the workload" if preset.audience.control == "chosen" else "by the operator"


def chapter(preset: Preset) -> str:
    """All of one preset."""
    return "\n".join(part for part in _chapter(preset) if part)


def _chapter(preset: Preset) -> Iterator[str]:
    yield f'<a id="{preset.id}"></a>\n\n## {preset.title}\n'
    aliases = f" Also called {', '.join(f'`{each}`' for each in preset.aliases)}." if preset.aliases else ""
    facts = f"{preset.standing.capitalize()}; facts of {preset.verified_at}, [documentation]({preset.docs_url})."
    yield f"{preset.summary} {facts}{aliases}\n"
    if preset.unsupported:
        yield f"**Not supported.** {preset.unsupported}\n"
    if preset.audience.how:
        yield f"{preset.audience.how.replace('{audience}', '…')}\n"
    if preset.fields:
        yield "| field | what is wanted | example |\n|---|---|---|"
        yield "\n".join(row(f"`{each.name}`", wanted(each), example(each)) for each in preset.fields) + "\n"
    if not preset.unsupported:
        yield "| mode | what is trusted | what is compared |\n|---|---|---|"
        yield (
            "\n".join(row(f"`{each.id}`", f"{each.title}. {each.help}", compared(each)) for each in preset.modes) + "\n"
        )
    if preset.claims:
        yield "| claims | what they are |\n|---|---|"
        yield "\n".join(row(names, kind) for kind, names in ledger(preset)) + "\n"
    yield f"Sources: {'; '.join(f'{each.says} ({EVIDENCE[each.evidence]})' for each in preset.sources)}.\n"


def wanted(field: Field) -> str:
    """What to fill in."""
    choices = f" One of {', '.join(f'`{each}`' for each in field.choices)}." if field.choices else ""
    return f"{'**Needed.** ' if field.required else ''}{field.help}{choices}"


def example(field: Field) -> str:
    """An example, or what is taken when nothing is filled in."""
    return f"`{field.default}` unless filled in" if field.default else f"`{field.example}`" if field.example else ""


def compared(mode: Mode) -> str:
    """The subject, or the clauses, with the names of the fields in their places."""
    if mode.subject is not None:
        return f"subject `{mode.subject}`"
    return "<br>".join(f"`{clause(each)}`" + (f" (with {each.when})" if each.when else "") for each in mode.clauses)


def clause(each: Clause) -> str:
    """One clause as it would be written."""
    return clause_text(each, operands(each))


def ledger(preset: Preset) -> Iterator[tuple[str, str]]:
    """Of each kind of claim the names."""
    found = defaultdict(list)
    for claim in preset.claims:
        found[KINDS.get((claim.cls, claim.of), KINDS[claim.cls, None])].append(name(claim))
    yield from ((words, ", ".join(found[words])) for words in KINDS.values() if words in found)


def name(claim: Claim) -> str:
    """A claim, with its type where that is not a string."""
    path = claim.path[0] + "".join(f"['{each}']" for each in claim.path[1:])
    kind = "" if claim.type == "string" else f" ({claim.type})"
    return f"`{path}`{kind}"


def row(*cells: object) -> str:
    """A row of a table."""
    return "| " + " | ".join(str(each).replace("|", "\\|").replace("\n", " ") for each in cells) + " |"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
