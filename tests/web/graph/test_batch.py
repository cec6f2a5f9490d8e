"""Several calls in one, each judged as if it had come alone."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from accredit.administer import permissions
from accredit.app import seed
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.query import Query
from accredit.signins import Target
from accredit.web.graph import batch
from accredit.web.graph.answers import NOTHING, Answer, entity, number
from accredit.web.graph.call import Call
from accredit.web.graph.route import Route
from tests.web.graph.callers import Graph, room
from tests.wire.authority import BASE

GUID = "57a671b2-b4c8-4a87-9b73-3f8848456127"
RAN: list[str] = []


async def shown(call: Call) -> Answer:
    RAN.append(call.keys[0].value)
    if call.keys[0].value == "absent":
        raise Refused(OBJECT_NOT_FOUND, id="absent")
    if call.keys[0].value == "broken":
        raise RuntimeError
    return entity(call, "applications/$entity", {"id": call.keys[0].value, "top": call.options.top})


async def made(call: Call) -> Answer:
    async with call.by.change() as change:
        target = Target(id=UUID(GUID), kind="Application", name="x")
        await change.record("Add application", "Add", target, tenant_id=seed.TENANT_ID)
    return Answer(201, {**call.body, "prefer": sorted(call.prefer)}, f"{BASE}/v1.0/applications/1")


async def gone(call: Call) -> Answer:
    RAN.append(call.keys[0].value)
    if call.keys[0].value == "revoke":
        resource, by = seed.marked("principal graph"), call.by
        await permissions.revoke(by, call.caller.client.principal.id, resource, "Application.ReadWrite.All")
    return NOTHING


async def counted(_: Call) -> Answer:
    return number(7)


ROUTES = (
    *batch.ROUTES,
    Route("GET", "applications/{}", shown),
    Route("GET", "applications/$count", counted),
    Route("POST", "applications", made),
    Route("DELETE", "applications/{}", gone),
)


@pytest.fixture(scope="module", autouse=True)
def routes(graph: Graph) -> Iterator[None]:
    graph.room = room(graph.wire, ROUTES)
    yield
    graph.room = None


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    RAN.clear()


def sent(graph: Graph, token: str, *parts: dict[str, Any], version: str = "v1.0") -> dict[str, dict[str, Any]]:
    answer = graph.ask("POST", f"/{version}/$batch", token, {"requests": list(parts)})
    assert answer.status == 200, answer.body
    responses = answer.json["responses"]
    assert [each["id"] for each in responses] == [each["id"] for each in parts]
    return {each.pop("id"): each for each in responses}


def get(name: str, path: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "method": "GET", "url": path, **more}


def test_parts_are_answered_as_they_would_be_alone(graph: Graph) -> None:
    told = sent(
        graph,
        graph.admin(),
        get("1", "/applications/a?$top=5"),
        get("2", "applications('b')"),
        get("3", "/applications/$count"),
        get("4", "/applications/absent"),
        get("5", "/planets"),
        {
            "id": "6",
            "method": "post",
            "url": "/applications",
            "headers": {"Content-Type": "application/json", "Prefer": "create-if-missing"},
            "body": {"@odata.type": "#microsoft.graph.application", "displayName": "x"},
        },
        {"id": "7", "method": "DELETE", "url": "/applications/c"},
        get("8", "/applications/broken"),
        version="beta",
    )
    statuses = {name: each["status"] for name, each in told.items()}
    assert statuses == {"1": 200, "2": 200, "3": 200, "4": 404, "5": 404, "6": 201, "7": 204, "8": 500}
    assert told["1"]["body"] == {
        "@odata.context": f"{BASE}/beta/$metadata#applications/$entity",
        "id": "a",
        "top": 5,
    }
    assert told["1"]["headers"]["Content-Type"].startswith("application/json")
    assert (told["3"]["headers"]["Content-Type"], told["3"]["body"]) == ("text/plain", "Nw==")
    assert told["4"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert told["6"]["body"] == {"displayName": "x", "prefer": ["create-if-missing"]}
    assert told["6"]["headers"]["Location"] == f"{BASE}/v1.0/applications/1"
    assert "body" not in told["7"]


def test_every_part_has_a_request_id_of_its_own(graph: Graph) -> None:
    told = sent(
        graph,
        graph.admin(),
        get("1", "/applications/a"),
        get("2", "/applications/b", headers={"client-request-id": GUID}),
    )
    ids = [each["headers"]["request-id"] for each in told.values()]
    assert len(set(ids)) == 2
    assert told["2"]["headers"]["client-request-id"] == GUID != told["1"]["headers"]["client-request-id"]


def test_every_part_is_authorised_by_itself(graph: Graph) -> None:
    reader = graph.caller("Application.Read.All").token
    told = sent(graph, reader, get("1", "/applications/a"), {"id": "2", "method": "DELETE", "url": "/applications/a"})
    assert [each["status"] for each in told.values()] == [200, 403]
    nobody = sent(graph, graph.caller().token, get("1", "/applications/a"))
    assert nobody["1"]["status"] == 403
    assert graph.ask("POST", "/v1.0/$batch", None, {"requests": [get("1", "/applications/a")]}).status == 401


def test_what_a_part_revokes_the_next_one_lacks(graph: Graph) -> None:
    caller = graph.new_caller("Application.ReadWrite.All")
    told = sent(
        graph,
        caller.token,
        {"id": "1", "method": "DELETE", "url": "/applications/revoke"},
        {"id": "2", "method": "DELETE", "url": "/applications/more"},
    )
    assert [each["status"] for each in told.values()] == [204, 403]
    assert RAN == ["revoke"]


def test_every_part_leaves_a_record_of_its_own(graph: Graph) -> None:
    part = {"method": "POST", "url": "/applications", "body": {}}
    mine = {"headers": {"client-request-id": GUID, "content-type": "application/json"}}

    async def correlations() -> list[UUID]:
        async with graph.wire.runtime.registry.reading() as store:
            records = (await store.audits.search(Query(limit=500), tenant_id=seed.TENANT_ID)).things
        return [each.correlation_id for each in records if each.targets[0].id == UUID(GUID)]

    before = graph.wire.run(correlations)
    sent(graph, graph.admin(), {"id": "1", **part, **mine}, {"id": "2", **part})
    found = [each for each in graph.wire.run(correlations) if each not in before]
    assert len(set(found)) == 2
    assert UUID(GUID) in found


def test_parts_run_after_those_that_they_wait_for(graph: Graph) -> None:
    told = sent(
        graph,
        graph.admin(),
        get("c", "/applications/c", dependsOn=["b"]),
        get("b", "/applications/b", dependsOn=["a"]),
        get("a", "/applications/a"),
        get("d", "/applications/d"),
    )
    assert {each["status"] for each in told.values()} == {200}
    assert [each for each in RAN if each != "d"] == ["a", "b", "c"]


def test_what_waits_for_a_failure_is_not_run(graph: Graph) -> None:
    told = sent(
        graph,
        graph.admin(),
        get("1", "/applications/absent"),
        get("2", "/applications/b", dependsOn=["1"]),
        get("3", "/applications/c", dependsOn=["2"]),
        get("4", "/applications/d"),
    )
    assert [each["status"] for each in told.values()] == [404, 424, 424, 200]
    assert told["2"]["body"]["error"]["code"] == "FailedDependency"
    assert RAN == ["absent", "d"]


def test_a_part_may_have_no_body(graph: Graph) -> None:
    told = sent(graph, graph.admin(), {"id": "1", "method": "POST", "url": "/applications"})
    assert told["1"]["body"] == {"prefer": []}


def test_the_body_of_a_part_is_json(graph: Graph) -> None:
    part = {
        "id": "1",
        "method": "POST",
        "url": "/applications",
        "body": {"a": 1},
        "headers": {"content-type": "text/plain"},
    }
    assert sent(graph, graph.admin(), part)["1"]["body"]["error"]["code"] == "BadRequest"


MANY = [get(str(each), "/applications/a") for each in range(20)]

REFUSED: dict[str, tuple[object, str]] = {
    "no requests": ({}, "requests is not a list"),
    "an empty list": ({"requests": []}, "requests is not a list"),
    "one more than there may be": ({"requests": [*MANY, get("x", "/applications/a")]}, "21 parts"),
    "one id twice": ({"requests": [get("1", "/a"), get("1", "/b")]}, "two parts have one id"),
    "an id that is no text": ({"requests": [get(1, "/a")]}, "Expected `str`"),  # type: ignore[arg-type]
    "no id": ({"requests": [{"method": "GET", "url": "/a"}]}, "missing required field `id`"),
    "an empty id": ({"requests": [get("", "/a")]}, "an id has 1 to 256 characters"),
    "no url": ({"requests": [{"id": "1", "method": "GET"}]}, "missing required field `url`"),
    "an empty url": ({"requests": [get("1", "/?$top=1")]}, "is not relative"),
    "an absolute url": ({"requests": [get("1", f"{BASE}/v1.0/applications")]}, "is not relative"),
    "an absolute url without its scheme": ({"requests": [get("1", "//evil.test/applications")]}, "is not relative"),
    "a url that cannot be read": ({"requests": [get("1", "http://[x/applications")]}, "is not relative"),
    "a batch in a batch": ({"requests": [get("1", "/$batch")]}, "is a batch itself"),
    "a batch in a batch, in capitals": ({"requests": [get("1", "/$Batch")]}, "is a batch itself"),
    "a batch in a batch, spelled otherwise": ({"requests": [get("1", "%24batch")]}, "is a batch itself"),
    "a batch in a batch, most of it spelled": ({"requests": [get("1", "/%24%62atch/")]}, "is a batch itself"),
    "queries that are longer than one may be": (
        {"requests": [get(str(each), f"/applications/a?$filter={'(' * 4_000}") for each in range(5)]},
        "its queries have 20040 characters",
    ),
    "a body that is no object": ({"requests": [get("1", "/a", body="eA==")]}, "Expected `object"),
    "a dependency that is no part": ({"requests": [get("1", "/a", dependsOn=["2"])]}, "which is no part of the batch"),
    "a part that waits for itself": ({"requests": [get("1", "/a", dependsOn=["1"])]}, "waits for itself"),
    "two that wait for each other": (
        {"requests": [get("1", "/a", dependsOn=["2"]), get("2", "/a", dependsOn=["1"])]},
        "waits for itself",
    ),
}


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED.keys())
def test_a_batch_that_is_none_is_refused_whole(graph: Graph, row: tuple[object, str]) -> None:
    answer = graph.ask("POST", "/v1.0/$batch", graph.admin(), row[0])
    assert (answer.status, answer.json["error"]["code"]) == (400, "BadRequest")
    assert answer.json["error"]["message"].startswith("Invalid batch payload format: ")
    assert row[1] in answer.json["error"]["message"]
    assert RAN == []


STRANGE = [
    "%2F%24batch",
    "%2524batch",
    "/./$batch",
    "$batch#x",
    "$batch('x')",
    "applications/../$batch",
    "%2F$BATCH",
    "%00$batch",
]


def test_no_other_spelling_leads_to_a_batch(graph: Graph) -> None:
    inner = {"method": "POST", "headers": {"content-type": "application/json"}, "body": {"requests": MANY}}
    parts = [{"id": str(at), "url": url, **inner} for at, url in enumerate(STRANGE)]
    told = sent(graph, graph.admin(), *parts)
    assert {each["status"] for each in told.values()} == {404}
    assert RAN == []


def test_members_that_are_null_are_left_out(graph: Graph) -> None:
    bare = get("1", "/applications/a", headers=None, body=None, dependsOn=None)
    assert sent(graph, graph.admin(), bare)["1"]["status"] == 200


def test_twenty_parts_are_served(graph: Graph) -> None:
    assert {each["status"] for each in sent(graph, graph.admin(), *MANY).values()} == {200}
