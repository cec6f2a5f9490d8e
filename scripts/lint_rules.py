#!/usr/bin/env python3
"""Write docs/lint.md: every rule of `accredit lint`, what it is about, and what to do.

lint_rules.py            write it
lint_rules.py --check    fail when it is not what it would be
"""

import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from accredit.trust.lint import LEVELS, RULES, Rule

DOCUMENT = Path(__file__).parent.parent / "docs/lint.md"
HEAD = """\
# What lint says

`accredit lint` looks for trust that is too broad, mistaken or forgotten: in what is stored (`accredit lint --all`),
or in a file, without an authority and without a network: an export of ours, what `az ad app federated-credential
list` prints, Microsoft Graph's JSON, a Terraform plan, ARM JSON compiled from Bicep ([every form](moving.md#forms)).

```console
$ accredit lint -f trusts.json
main   trusts.json:2
  ! warn  FIC-NAME-ONLY
    The owner octo-org is pinned by its name only, not by its id.
    The repository octo-repo is pinned by its name only, not by its id.
    why   Names can be given up and taken by others; ids cannot. Whoever gets the name gets the
          trust with it.
    fix   Trust the subject that has the ids in it, or use an expression with `and
          claims['repository_owner_id'] eq '…' and claims['repository_id'] eq '…'`.
    as in repo:octo-org/octo-repo:ref:refs/heads/main →
          repo:octo-org@OWNER_ID/octo-repo@REPOSITORY_ID:ref:refs/heads/main
```

It prints text (a reason once, however many credentials have it), JSON, SARIF for code scanning, or annotations for
the log of a workflow, and exits with 3 when it has found something: [its options](command-line.md#lint). The same is
said when a credential is saved, and refused there only where [the tenant's policy](policy.md) says so.

An **error** can never match, or lets strangers in. A **warning** is wider than it looks, or will stop working. An
**info** is worth knowing. Where a rule has several levels, the usual one is given here; the finding says which it is,
and why. A rule that lacks a fact (the issuer's keys, when a credential was last used) is silent. ° marks what Entra
ID itself refuses: in a tenant that is portable to Entra ID it is refused whatever the policy.

An expression is as weak as its weakest way through: each side of an `or` and each element of an `in` is judged by
itself. `exists`, `ne` and `not in` pin nothing, nor does the id of a person; an id pins what it is the id of and
nothing else.
"""
ABSENT = {
    "FIC-RECYCLED": "The same names with another id than before. Ids are not learnt from sign-ins yet; pin them, and a"
    " repository that was created again does not match.",
    "FIC-AUDIT-ONLY": "A credential that grants nothing yet. One is enabled or disabled; there is no third state.",
}
"""What the catalogue of such rules has and this program has not, and why."""


def text() -> str:
    """The whole document."""
    return "\n".join((HEAD, *_table(), "", *(line for rule in RULES for line in _section(rule)), *_absent()))


def _table() -> Iterator[str]:
    yield "| rule | level | |"
    yield "|---|---|---|"
    for rule in sorted(RULES, key=lambda each: (LEVELS.index(each.level), each.id)):
        yield f"| [{rule.id}](#{rule.id.lower()}){'°' if rule.refused else ''} | {rule.level} | {rule.title} |"


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}\n"
    yield f"**{rule.title}** · {rule.level}{' · refused by Entra ID' if rule.refused else ''}\n"
    yield f"{rule.why}\n"
    yield f"*What to do:* {rule.remedy}\n"
    if rule.example:
        yield "```text"
        yield from (f"{word:<8}{line}" for word, line in (("before", rule.before), ("after", rule.after)) if line)
        yield "```\n"


def _absent() -> Iterator[str]:
    yield "### Rules that are not here\n"
    yield from (f"- **{name}**: {why}" for name, why in ABSENT.items())
    yield ""


def main(*words: str) -> int:
    """Write the document, or say how it differs."""
    after = text()
    if "--check" not in words:
        DOCUMENT.write_text(after, "utf-8")
        return 0
    before = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
    difference = unified_diff(before.splitlines(), after.splitlines(), "as it is", "as it would be", lineterm="", n=0)
    print(*difference, sep="\n")
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
