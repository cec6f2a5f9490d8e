#!/usr/bin/env python3
"""Write the tables of docs/directory-api.md from what is served: calls and their roles, and what a filter may name.

call_tables.py            write them
call_tables.py --check    fail when they are not what they would be
"""

import sys
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

from accredit.interop.graph import activity
from accredit.stores import kinds
from accredit.stores.audits import AUDITS
from accredit.stores.event_questions import SIGNINS, SUMMARIES
from accredit.stores.properties import Collection as Elements
from accredit.stores.properties import Questions
from accredit.web.arm import routes as arm
from accredit.web.graph import migration, permissions, room
from accredit.web.graph.router import without_casts

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs/directory-api.md"
PERMISSIONS = ROOT / "src/accredit/web/graph/permissions.toml"
FILE: dict[str, Any] = tomllib.loads(PERMISSIONS.read_text("utf-8"))
SHORT: dict[str, str] = {name: short for short, name in FILE["roles"].items()}
ASKED = {
    "applications": kinds.APPLICATIONS.questions,
    "servicePrincipals": kinds.PRINCIPALS.questions,
    "federatedIdentityCredentials": kinds.CREDENTIALS.questions,
    "appRoleAssignments, appRoleAssignedTo": kinds.ASSIGNMENTS.questions,
    "owners": kinds.OWNERSHIPS.questions,
    "oauth2PermissionGrants": kinds.DELEGATED_GRANTS.questions,
    "accredit.issuers": kinds.ISSUERS.questions,
    "auditLogs/signIns": SIGNINS,
    "auditLogs/getSummarizedServicePrincipalSignIns": SUMMARIES,
    "auditLogs/directoryAudits": AUDITS,
}
NAMED = {
    "reports/appCredentialSignInActivities": activity.ASKED_OF_CREDENTIALS,
    "reports/servicePrincipalSignInActivities": activity.ASKED_OF_PRINCIPALS,
    "accredit/credentialUsage": activity.ASKED_OF_USAGE,
    "accredit.migration": migration.ASKED,
    "accredit/signInHours": ("createdDateTime", "appId"),
}
BETA = {each.template for each in room.ROUTES if each.beta}
FUNCTIONS = {
    "getSummarizedServicePrincipalSignIns/{}": "getSummarizedServicePrincipalSignIns(aggregationWindow='{window}')"
}


def graph_calls() -> Iterator[tuple[str, str, permissions.Needs]]:
    """Every call that is served, as method and template, in the order of the permissions."""
    served = {(each.method, each.template) for each in room.ROUTES}
    for (method, template), needs in permissions.table().items():
        if (method, without_casts(template)) in served:
            yield method, template, needs


def graph_table() -> list[str]:
    """One row for each path and what it needs."""
    rows: dict[tuple[str, str], list[str]] = {}
    for method, template, needs in graph_calls():
        rows.setdefault((_path(template), _who(needs)), []).append(method)
    return _table(
        ("path", "methods", "roles, any one of"),
        ((path, ", ".join(methods), who) for (path, who), methods in rows.items()),
    )


def role_table() -> list[str]:
    """What the abbreviations stand for."""
    return _table(("in the table", "role on Microsoft Graph"), ((short, f"`{name}`") for name, short in SHORT.items()))


def arm_table() -> list[str]:
    """The calls of Azure Resource Manager."""

    def who(roles: Collection[str]) -> str:
        return ", ".join(short for name, short in SHORT.items() if name in roles) or "any token"

    rows: dict[tuple[str, str], list[str]] = {}
    for each in arm.ROUTES:
        rows.setdefault((f"`{each.template}`", who(each.roles)), []).append(each.method)
    return _table(
        ("path", "methods", "roles, any one of"),
        ((path, ", ".join(said), roles) for (path, roles), said in rows.items()),
    )


def filter_table() -> list[str]:
    """What the filter of each collection may name."""
    return _table(
        ("collection", "values", "collections, asked with any"),
        (
            *(
                (f"`{name}`", _names(asked, elements=False), _names(asked, elements=True))
                for name, asked in ASKED.items()
            ),
            *((f"`{name}`", ", ".join(f"`{each}`" for each in sorted(asked)), "-") for name, asked in NAMED.items()),
        ),
    )


TABLES: dict[str, Callable[[], list[str]]] = {
    "roles": role_table,
    "graph": graph_table,
    "arm": arm_table,
    "filters": filter_table,
}


def written(document: str) -> str:
    """Return the document with its tables as they should be. ``ValueError`` when a place for one is missing."""
    for name, make in TABLES.items():
        begin, end = f"<!-- table: {name} -->\n", f"<!-- end: {name} -->\n"
        before, found, rest = document.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the document has no place for the table {name}")
        document = "".join((before, begin, "\n", *(f"{line}\n" for line in make()), "\n", end, after))
    return document


def main(*arguments: str) -> int:
    """Write the tables, or compare them."""
    now = DOCUMENT.read_text("utf-8")
    wanted = written(now)
    if "--check" not in arguments:
        DOCUMENT.write_text(wanted, "utf-8")
        return 0
    lines = unified_diff(now.splitlines(), wanted.splitlines(), "as it is", "as it should be", lineterm="")
    print("\n".join(lines))
    return int(now != wanted)


def _path(template: str) -> str:
    beta = " (beta)" if template in BETA else ""
    for function, written_ in FUNCTIONS.items():
        template = template.replace(function, written_)
    for name in ("{key}", "{id}"):
        template = template.replace("{}", name, 1)
    return f"`/{template}`{beta}"


def _who(needs: permissions.Needs) -> str:
    if not needs.alternatives:
        return "any token"
    return ", ".join(" + ".join(_role(name, needs) for name in SHORT if name in each) for each in needs.alternatives)


def _role(name: str, needs: permissions.Needs) -> str:
    owned = needs.writes and name == needs.owned
    return SHORT[name] + (" ¹" if owned else " ²" if name in needs.not_on_graph else "")


def _names(asked: Questions, *, elements: bool) -> str:
    found = [name for name, each in asked.properties.items() if isinstance(each, Elements) == elements]
    return ", ".join(f"`{name}`" for name in found) or "-"


def _table(head: Collection[str], rows: Iterable[Collection[str]]) -> list[str]:
    return [f"| {' | '.join(each)} |" for each in (head, ["---"] * len(head), *rows)]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
