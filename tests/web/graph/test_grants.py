"""``oauth2PermissionGrants``: kept and given back, by tenant and by client."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from accredit.administer import applications, delegated, tenants
from accredit.app import seed
from accredit.directory import wellknown
from accredit.interop.graph import opaque
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import ABSENT, audited, refused
from tests.wire.authority import BASE, Answer

WRITE = "DelegatedPermissionGrant.ReadWrite.All"
GRAPH_ID = str(seed.marked("principal graph"))
PATH = "/v1.0/oauth2PermissionGrants"


def body(client: str, **members: Any) -> dict[str, Any]:
    """What the Azure CLI sends."""
    known = {"consentType": "AllPrincipals", "principalId": None, "resourceId": GRAPH_ID, "scope": "User.Read"}
    return {"clientId": client, **known, **members}


def ask(graph: Graph, method: str, rest: str = "", told: object = None, *, start: str = PATH) -> Answer:
    return graph.ask(method, start + rest, graph.caller(WRITE).token, told)


@pytest.fixture
def client(graph: Graph) -> str:
    return str(graph.new_caller().principal.id)


def test_one_is_kept_shown_changed_and_forgotten(graph: Graph, client: str) -> None:
    answer = ask(graph, "POST", told=body(client))
    made = answer.json
    assert answer.status == 201
    assert answer.headers["location"] == f"{BASE}{PATH}/{made['id']}"
    assert opaque.read(made["id"]) is not None
    assert made == {
        "@odata.context": f"{BASE}/v1.0/$metadata#oauth2PermissionGrants/$entity",
        "id": made["id"],
        **body(client),
    }
    assert ask(graph, "GET", f"/{made['id']}").json == made
    assert ask(graph, "GET", f"('{made['id']}')").json == made
    assert ask(graph, "PATCH", f"/{made['id']}", {"scope": "User.Read Mail.Read"}).status == 204
    assert ask(graph, "GET", f"/{made['id']}").json["scope"] == "User.Read Mail.Read"
    assert ask(graph, "DELETE", f"/{made['id']}").status == 204
    for _ in range(5):
        assert refused(ask(graph, "GET", f"/{made['id']}"))[:2] == (404, "Request_ResourceNotFound")
    activities = {each.activity for each in audited(graph) if str(each.targets[0].id) == client}
    assert activities >= {
        "Add delegated permission grant",
        "Update delegated permission grant",
        "Remove delegated permission grant",
    }


def test_they_are_listed_by_client_id_and_by_principal(graph: Graph, client: str) -> None:
    made = ask(graph, "POST", told=body(client)).json
    plain = {name: value for name, value in made.items() if "@" not in name}
    other = str(graph.new_caller().principal.id)
    ask(graph, "POST", told=body(other))
    for condition in (f"clientId eq '{client}'", f"id eq '{made['id']}'"):
        rest = "?$filter=" + quote(condition)
        found = ask(graph, "GET", rest).json
        assert found == {"@odata.context": f"{BASE}/v1.0/$metadata#oauth2PermissionGrants", "value": [plain]}
        assert ask(graph, "GET", "/$count" + rest).body == b"1"
    theirs = graph.ask("GET", f"/v1.0/servicePrincipals/{client}/oauth2PermissionGrants", graph.caller(WRITE).token)
    assert theirs.json["value"] == [plain]
    assert ask(graph, "GET", "?$filter=" + quote(f"clientId eq '{ABSENT}'")).json["value"] == []
    assert len(ask(graph, "GET").json["value"]) >= 2


def test_beta_says_when_and_takes_dates_that_it_ignores(graph: Graph, client: str) -> None:
    dates = {"startTime": "2026-11-23T14:00:00Z", "expiryTime": "2027-11-23T14:00:00Z"}
    made = ask(graph, "POST", told=body(client, **dates), start="/beta/oauth2PermissionGrants")
    assert made.status == 201
    assert set(made.json["accredit"]) == {"createdDateTime"}


def test_one_user_consents_for_itself(graph: Graph, client: str) -> None:
    user = str(uuid4())
    made = ask(graph, "POST", told=body(client, consentType="Principal", principalId=user))
    assert (made.status, made.json["principalId"]) == (201, user)
    assert ask(graph, "POST", told=body(client)).status == 201


def invalid(member: str) -> tuple[int, str, str]:
    text = f"Invalid value specified for property '{member}' of resource 'OAuth2PermissionGrant'."
    return 400, "Request_BadRequest", text


REFUSALS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "a second one": ({}, (400, "Permission being assigned already exists on the object")),
    "a client that is not there": ({"clientId": ABSENT}, (404, f"Resource '{ABSENT}' does not exist")),
    "a resource that is not there": ({"resourceId": ABSENT}, (404, f"Resource '{ABSENT}' does not exist")),
    "a user where everybody consents": ({"principalId": str(uuid4())}, (400, "property 'principalId'")),
    "no user where one consents": ({"consentType": "Principal"}, (400, "property 'principalId'")),
    "an unknown way to consent": ({"consentType": "Everybody"}, (400, "property 'consentType'")),
}


@pytest.mark.parametrize("row", REFUSALS.values(), ids=REFUSALS.keys())
def test_refused_is(graph: Graph, client: str, row: tuple[dict[str, Any], tuple[int, str]]) -> None:
    assert ask(graph, "POST", told=body(client)).status == 201
    members, (status, text) = row
    found = refused(ask(graph, "POST", told=body(client) | members))
    assert found[0] == status
    assert text in found[2]


def test_nothing_but_its_scope_changes(graph: Graph, client: str) -> None:
    made = ask(graph, "POST", told=body(client)).json
    assert refused(ask(graph, "PATCH", f"/{made['id']}", {"consentType": "Principal"})) == invalid("consentType")
    assert ask(graph, "PATCH", f"/{made['id']}", body(client, scope="Mail.Read")).status == 204


@every("key", ["/abc", f"/{ABSENT}", "(name='ABEiM0RVZneImaq7zN3u_w')", "/ABEiM0RVZneImaq7zN3u_w"])
def test_another_id_is_not_there(graph: Graph, key: str) -> None:
    assert ask(graph, "GET", key).status == 404


def test_nothing_of_another_tenant_is_there(graph: Graph) -> None:
    run, by = graph.wire.run, graph.wire.administrator
    other = run(tenants.create, by, display_name="B", domains=(f"b{uuid4().hex}.test",), enable=["graph"])
    theirs = run(applications.create, by, other.id, display_name="theirs")

    async def of(app_id: object) -> Any:
        async with graph.wire.runtime.registry.reading() as store:
            (only,) = await store.principals.find(tenant_id=other.id, app_id=app_id)
            return only

    their_client, their_graph = run(of, theirs.app_id), run(of, wellknown.principals()["graph"].app_id)
    made = run(delegated.grant, by, their_client.id, their_graph.id, "User.Read")
    assert ask(graph, "GET", f"/{opaque.write(made.id)}").status == 404
    assert ask(graph, "DELETE", f"/{opaque.write(made.id)}").status == 404
    assert opaque.write(made.id) not in {each["id"] for each in ask(graph, "GET").json["value"]}
    told = body(str(their_client.id), resourceId=str(their_graph.id))
    assert refused(ask(graph, "POST", told=told))[0] == 404
