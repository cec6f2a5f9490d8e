"""Names of properties, as programs write them that do not mind case: filters, orders, searches and selections."""

from typing import Any
from urllib.parse import quote

from accredit.app import seed
from tests.support.every import every
from tests.web.graph.callers import Graph

APPLICATION = f"applications(appId='{seed.WORKLOAD_ID}')"
OURS = "https://localhost:8443"


def ask(graph: Graph, path: str) -> dict[str, Any]:
    token = graph.caller("Directory.Read.All", "AuditLog.Read.All").token  # made once: that is recorded, too
    answer = graph.ask("GET", f"/beta/{quote(path, safe='/$?=&()')}", token)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


SAME: dict[str, tuple[str, str]] = {
    "a filter": (
        "applications?$filter=displayName eq 'deploy-bot'",
        "applications?$filter=DISPLAYNAME eq 'deploy-bot'",
    ),
    "a prefix, and the order that follows from it": (
        "applications?$filter=startswith(displayName,'d')",
        "applications?$filter=startswith(displayname,'d')",
    ),
    "a collection that follows from our address": (
        f"servicePrincipals?$filter=servicePrincipalNames/any(n:n eq '{OURS}')",
        f"servicePrincipals?$filter=serviceprincipalnames/any(n:n eq '{OURS}')",
    ),
    "an order": ("applications?$orderby=displayName desc", "applications?$orderby=displayname desc"),
    "a search": ('applications?$search="displayName:deploy"', 'applications?$search="displayname:deploy"'),
    "a selection": (f"{APPLICATION}?$select=id,displayName", f"{APPLICATION}?$select=ID,displayname"),
    "what is shown on request only": (
        f"{APPLICATION}?$select=oauth2RequirePostResponse",
        f"{APPLICATION}?$select=oauth2requirepostresponse",
    ),
    "a collection that is at hand": ("domains?$filter=isDefault eq true", "domains?$filter=isdefault eq true"),
    "changes": (
        "auditLogs/directoryAudits?$orderby=activityDateTime",
        "auditLogs/directoryAudits?$orderby=activitydatetime",
    ),
    "sign-ins": ("auditLogs/signIns?$filter=status/errorCode eq 0", "auditLogs/signIns?$filter=Status/errorcode eq 0"),
}


@every("row", SAME.values(), ids=SAME.keys())
def test_names_are_read_in_any_case(graph: Graph, row: tuple[str, str]) -> None:
    plain, other = (ask(graph, path) for path in row)
    assert plain.get("value", True)
    assert len(plain) > 1
    for each in (plain, other):
        each.pop("@odata.context")
    assert plain == other


def test_the_opaque_id_of_an_assignment_is_found_under_any_name_of_it(graph: Graph) -> None:
    path = f"servicePrincipals(appId='{seed.ADMIN_ID}')/appRoleAssignments"
    first = ask(graph, path)["value"][0]
    for asked in ("id eq '{}'", "ID eq '{}'", "Id in ('{}')"):
        assert ask(graph, f"{path}?$filter={asked.format(first['id'])}")["value"] == [first], asked


def test_what_is_explained_of_a_sign_in_is_asked_for_in_any_case(graph: Graph) -> None:
    assert "accredit" in ask(graph, "auditLogs/signIns?$select=id,Accredit&$top=1")["value"][0]
