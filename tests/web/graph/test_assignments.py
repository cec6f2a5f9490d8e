"""App role assignments, from both ends: who may grant what, and that it holds in the next exchange."""

import json
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from accredit.administer import applications, tenants
from accredit.app import seed
from accredit.directory import AppRole, wellknown
from accredit.interop.graph import opaque
from tests.support.every import every
from tests.web.graph.callers import GRAPH_SCOPE, Caller, Graph
from tests.web.graph.trusting import ABSENT, audited, refused
from tests.wire.authority import BASE, Answer

READ = "Application.Read.All"
WRITE = "Application.ReadWrite.All"
ASSIGN = "AppRoleAssignment.ReadWrite.All"
GRAPH_ID = str(seed.marked("principal graph"))
ORDERS = str(seed.marked("principal Orders API"))
ORDERS_ROLE = str(seed.marked(seed.ORDERS_ROLE))
NOTHING = str(UUID(int=0))
MAIL_READ = next(str(each.id) for each in wellknown.principals()["graph"].app_roles if each.value == "Mail.Read")


def body(principal: str, resource: str = ORDERS, role: str = ORDERS_ROLE) -> dict[str, Any]:
    kind = {"@odata.type": "#microsoft.graph.appRoleAssignment"}
    return {**kind, "principalId": principal, "resourceId": resource, "appRoleId": role}


def path(end: object, side: str = "appRoleAssignments") -> str:
    return f"/v1.0/servicePrincipals/{end}/{side}"


def ask(graph: Graph, method: str, where: str, told: object = None, *roles: str) -> Answer:
    return graph.ask(method, where, graph.caller(*(roles or (ASSIGN, READ))).token, told)


@pytest.fixture
def client(graph: Graph) -> Caller:
    return graph.new_caller()


def test_a_role_is_granted_shown_on_both_sides_and_taken_away(graph: Graph, client: Caller) -> None:
    who = str(client.principal.id)
    answer = ask(graph, "POST", path(who), body(who))
    assert answer.status == 201
    made = answer.json
    assert opaque.read(made["id"]) is not None
    assert answer.headers["location"] == f"{BASE}{path(who)}/{made['id']}"
    context = f"{BASE}/v1.0/$metadata#servicePrincipals('{who}')/appRoleAssignments"
    assert made == {
        "@odata.context": f"{context}/$entity",
        "id": made["id"],
        "deletedDateTime": None,
        "appRoleId": ORDERS_ROLE,
        "createdDateTime": made["createdDateTime"],
        "principalDisplayName": client.principal.display_name,
        "principalId": who,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": "Orders API",
        "resourceId": ORDERS,
    }
    plain = {name: value for name, value in made.items() if "@" not in name}
    assert ask(graph, "GET", path(who)).json == {"@odata.context": context, "value": [plain]}
    assert ask(graph, "GET", f"{path(who)}/{made['id']}").json == made
    for_orders = path(ORDERS, "appRoleAssignedTo")
    assert plain in ask(graph, "GET", for_orders).json["value"]
    assert ask(graph, "GET", f"{for_orders}/{made['id']}").json["id"] == made["id"]
    assert int(ask(graph, "GET", f"{path(who)}/$count").body) == 1
    assert ask(graph, "DELETE", f"{for_orders}/{made['id']}").status == 204
    assert ask(graph, "GET", path(who)).json["value"] == []
    for _ in range(5):
        assert refused(ask(graph, "GET", f"{path(who)}/{made['id']}"))[:2] == (404, "Request_ResourceNotFound")
    assert ask(graph, "DELETE", f"{path(who)}/{made['id']}").status == 404


def roles_of(graph: Graph, client: Caller, scope: str = "api://orders/.default") -> list[str]:
    payload = graph.token(str(client.application.app_id), client.secret, scope).split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return list(claims.get("roles", ()))


def test_it_holds_in_the_next_exchange_and_no_more_when_it_is_gone(graph: Graph, client: Caller) -> None:
    who = str(client.principal.id)
    assert roles_of(graph, client) == []
    made = ask(graph, "POST", path(ORDERS, "appRoleAssignedTo"), body(who)).json
    assert roles_of(graph, client) == ["Orders.Read.All"]
    assert ask(graph, "DELETE", f"{path(who)}/{made['id']}").status == 204
    assert roles_of(graph, client) == []


def test_access_without_a_role_is_granted_by_zeros(graph: Graph, client: Caller) -> None:
    who = str(client.principal.id)
    required = graph.ask("PATCH", f"/v1.0/servicePrincipals/{ORDERS}", graph.caller(WRITE).token, DEMANDED)
    assert required.status == 204
    try:
        fields = {"grant_type": "client_credentials", "client_secret": client.secret, "scope": "api://orders/.default"}
        fields["client_id"] = str(client.application.app_id)
        assert graph.wire.post(fields).json["error_codes"] == [501051]
        made = ask(graph, "POST", path(who), body(who, role=NOTHING))
        assert (made.status, made.json["appRoleId"]) == (201, NOTHING)
        assert roles_of(graph, client) == []
    finally:
        graph.ask("PATCH", f"/v1.0/servicePrincipals/{ORDERS}", graph.caller(WRITE).token, FREE)


DEMANDED = {"appRoleAssignmentRequired": True}
FREE = {"appRoleAssignmentRequired": False}


def test_roles_of_graph_itself_are_not_for_who_may_write_applications(graph: Graph, client: Caller) -> None:
    who = str(client.principal.id)
    wanted = body(who, GRAPH_ID, MAIL_READ)
    denied = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    assert ask(graph, "POST", path(who), body(who), WRITE).status == 201
    assert refused(ask(graph, "POST", path(who), wanted, WRITE)) == denied
    assert refused(ask(graph, "POST", path(GRAPH_ID, "appRoleAssignedTo"), wanted, WRITE)) == denied
    made = ask(graph, "POST", path(who), wanted)
    assert made.status == 201
    assert refused(ask(graph, "DELETE", f"{path(who)}/{made.json['id']}", None, WRITE)) == denied
    assert "Mail.Read" in roles_of(graph, client, GRAPH_SCOPE)
    assert ask(graph, "DELETE", f"{path(who)}/{made.json['id']}").status == 204


def disabled(graph: Graph, who: str, member: str) -> tuple[str, str]:
    """The principal of an API that offers one role, which nobody can be granted; and the role."""
    role = AppRole(
        id=uuid4(),
        value="Some.Role",
        display_name="x",
        enabled=member != "disabled",
        member_types=("User",) if member == "people" else ("Application",),
    )
    made = graph.wire.run(
        applications.create, graph.wire.administrator, seed.TENANT_ID, display_name="api", app_roles=(role,)
    )
    return str(graph.principal_of(made).id), str(role.id)


NOT_FOUND = (400, "Request_BadRequest", "Permission being assigned was not found on application")


@pytest.mark.parametrize("member", ["disabled", "people"])
def test_a_role_that_is_not_for_it_is_not_granted(graph: Graph, client: Caller, member: str) -> None:
    who = str(client.principal.id)
    resource, role = disabled(graph, who, member)
    assert refused(ask(graph, "POST", path(who), body(who, resource, role))) == NOT_FOUND


def test_what_is_in_another_tenant_is_not_there_whichever_end_it_is(own: Graph) -> None:
    by = own.wire.administrator
    tenant = own.wire.run(tenants.create, by, display_name="B", domains=("b.test",), enable=["graph"])

    async def foreign() -> str:
        async with own.wire.runtime.registry.reading() as store:
            return str((await store.principals.find(tenant_id=tenant.id))[0].id)

    for far in (own.wire.run(foreign), str(uuid4())):  # as if there were nothing of that id
        assert refused(ask(own, "POST", path(ORDERS, "appRoleAssignedTo"), body(far, ORDERS, NOTHING))) == absent(far)
        assert refused(ask(own, "POST", path(BOT), body(BOT, far, NOTHING))) == absent(far)


def invalid(member: str) -> tuple[int, str, str]:
    text = f"Invalid value specified for property '{member}' of resource 'AppRoleAssignment'."
    return 400, "Request_BadRequest", text


def absent(what: str) -> tuple[int, str, str]:
    text = f"Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    return 404, "Request_ResourceNotFound", text


BOT = str(seed.marked("principal deploy-bot"))
EXISTS = (400, "Request_BadRequest", "Permission being assigned already exists on the object")
REFUSALS: dict[str, tuple[str, dict[str, Any], tuple[int, str, str]]] = {
    "a role that it holds": (path(BOT), body(BOT), EXISTS),
    "a role that it holds, from the other side": (path(ORDERS, "appRoleAssignedTo"), body(BOT), EXISTS),
    "a role that the API does not offer": (path(BOT), body(BOT, role=MAIL_READ), NOT_FOUND),
    "another principal than that of the path": (path(BOT), body(ORDERS), invalid("principalId")),
    "another resource than that of the path": (
        path(ORDERS, "appRoleAssignedTo"),
        body(BOT, GRAPH_ID, MAIL_READ),
        invalid("resourceId"),
    ),
    "an application in place of its service principal": (
        path(ORDERS, "appRoleAssignedTo"),
        body(str(seed.marked("application deploy-bot"))),
        absent(str(seed.marked("application deploy-bot"))),
    ),
    "a resource that is not there": (path(BOT), body(BOT, ABSENT), absent(ABSENT)),
    "a principal that is not there": (path(ABSENT), body(ABSENT), absent(ABSENT)),
    "no role": (path(BOT), {"principalId": BOT, "resourceId": ORDERS}, invalid("appRoleId")),
    "nothing": (path(BOT), {}, invalid("appRoleId")),
}


@every("row", REFUSALS.values(), ids=REFUSALS.keys())
def test_refused_is(graph: Graph, row: tuple[str, dict[str, Any], tuple[int, str, str]]) -> None:
    where, told, expected = row
    assert refused(ask(graph, "POST", where, told)) == expected


@every("key", ["/abc", f"/{ABSENT}", "(name='ABEiM0RVZneImaq7zN3u_w')", "/ABEiM0RVZneImaq7zN3u_w"])
def test_another_id_is_not_there(graph: Graph, key: str) -> None:
    assert ask(graph, "GET", path(BOT) + key).status == 404


def test_an_assignment_of_somebody_else_is_not_there(graph: Graph) -> None:
    (theirs, *_) = ask(graph, "GET", path(BOT)).json["value"]
    assert ask(graph, "GET", f"{path(ORDERS)}/{theirs['id']}").status == 404


def test_a_filter_names_them_as_they_are_shown(graph: Graph) -> None:
    shown = ask(graph, "GET", path(BOT)).json["value"]
    one = shown[0]

    def ids(condition: str) -> set[str]:
        answer = ask(graph, "GET", f"{path(BOT)}?$filter={quote(condition)}")
        assert answer.status == 200, answer.body
        return {each["id"] for each in answer.json["value"]}

    every = {each["id"] for each in shown}
    assert len(every) > 1
    assert ids(f"id eq '{one['id']}'") == {one["id"]}
    assert ids(f"id ne '{one['id']}'") == every - {one["id"]}
    assert ids(f"id in ('{one['id']}','x')") == {one["id"]}
    assert ids(f"not(id eq '{one['id']}') or id eq '{one['id']}'") == every
    assert ids(f"id eq '{opaque.read(one['id'])}'") == set(), "nobody is shown the other form"
    assert ids(f"resourceId eq {ORDERS} and id eq '{one['id']}'") <= {one["id"]}
    count = ask(graph, "GET", f"{path(BOT)}/$count?$filter=" + quote(f"id eq '{one['id']}'"))
    assert count.body == b"1"
    assert refused(ask(graph, "GET", f"{path(BOT)}?$filter=id%20eq%20true"))[1] == "Request_UnsupportedQuery"


def test_pages_follow_one_another(graph: Graph) -> None:
    where, found = f"{path(GRAPH_ID, 'appRoleAssignedTo')}?$top=7", list[str]()
    for _ in range(100):
        answer = ask(graph, "GET", where).json
        found += [each["id"] for each in answer["value"]]
        if "@odata.nextLink" not in answer:
            break
        where = answer["@odata.nextLink"].removeprefix(BASE)
    assert len(set(found)) == len(found) == int(ask(graph, "GET", path(GRAPH_ID, "appRoleAssignedTo") + "/$count").body)


def test_both_changes_leave_a_record(graph: Graph, client: Caller) -> None:
    who = str(client.principal.id)
    made = ask(graph, "POST", path(who), body(who)).json
    ask(graph, "DELETE", f"{path(who)}/{made['id']}")
    mine = {each.activity: each for each in audited(graph) if str(each.targets[0].id) == who}
    granted = mine["Add app role assignment to service principal"]
    taken = mine["Remove app role assignment from service principal"]
    assert granted.actor.id == str(graph.caller(ASSIGN, READ).principal.id)
    assert {(each.name, each.before, each.after) for each in taken.targets[0].modified} == {
        ("AppRole.Id", f'"{ORDERS_ROLE}"', "null"),
        ("AppRole.Value", '"Orders.Read.All"', "null"),
    }


def test_where_trust_is_guarded_granting_needs_the_role_for_it_and_taking_away_does_not(own: Graph) -> None:
    client = own.new_caller()
    who = str(client.principal.id)
    wide = own.caller(ASSIGN, READ, "Accredit.Trust.Widen")
    own.caller(ASSIGN, READ)
    own.wire.run(tenants.update, own.wire.administrator, seed.TENANT_ID, trust_changes="owner_may_narrow")
    assert refused(ask(own, "POST", path(who), body(who)))[0] == 403
    made = own.ask("POST", path(who), wide.token, body(who))
    assert made.status == 201
    assert ask(own, "DELETE", f"{path(who)}/{made.json['id']}").status == 204
    itself = str(wide.principal.id)
    assert refused(own.ask("POST", path(itself), wide.token, body(itself)))[0] == 403
