"""What one call may cost: pages and batches end early, what belongs to a thing is few, and others have their turn."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from accredit.app import seed
from accredit.directory import Application, Ownership, ServicePrincipal
from accredit.web.graph import room
from accredit.web.graph.budget import Budget
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.wire.authority import BASE, NOW

APPLICATIONS = 130
OWNERS = 25
OURS = "$filter=startswith(displayName,'weighed')"


@pytest.fixture(scope="module", autouse=True)
def filled(graph: Graph) -> None:
    """Applications with 25 owners each, put there in one change."""

    async def fill() -> None:
        async with graph.wire.runtime.registry.transaction() as change:
            owners = [await principal(change, f"owner {at}") for at in range(OWNERS)]
            for at in range(APPLICATIONS):
                of = await application(change, f"weighed {at:03}")
                for owner in owners if at < 110 else ():
                    made = Ownership(
                        id=uuid4(),
                        tenant_id=seed.TENANT_ID,
                        owner_id=owner.id,
                        created_at=NOW,
                        application_id=of.id,
                    )
                    await change.ownerships.add(made)

    graph.wire.run(fill)


async def application(change: Any, name: str) -> Application:
    made = Application(id=uuid4(), tenant_id=seed.TENANT_ID, app_id=uuid4(), display_name=name, created_at=NOW)
    return await change.applications.add(made)  # type: ignore[no-any-return]


async def principal(change: Any, name: str) -> ServicePrincipal:
    of = await application(change, name)
    made = ServicePrincipal(
        id=uuid4(),
        tenant_id=seed.TENANT_ID,
        app_id=of.app_id,
        display_name=name,
        created_at=NOW,
        application_id=of.id,
        owner_tenant_id=seed.TENANT_ID,
    )
    return await change.principals.add(made)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def token(graph: Graph) -> str:
    return graph.caller("Application.Read.All").token


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An answer may weigh 20,000 bytes."""
    with monkeypatch.context() as patch:
        patch.setattr(room, "Budget", lambda: Budget(20_000))
        yield


def walk(graph: Graph, token: str, path: str) -> list[list[dict[str, Any]]]:
    pages = []
    while path:
        assert len(pages) < 50, "there is no end to it"
        answer = graph.ask("GET", path, token)
        assert answer.status == 200, answer.body
        pages.append(answer.json["value"])
        path = answer.json.get("@odata.nextLink", "").removeprefix(BASE)
    return pages


def names(pages: list[list[dict[str, Any]]]) -> list[str]:
    return [each["displayName"] for shown in pages for each in shown]


EVERY = [f"weighed {at:03}" for at in range(APPLICATIONS)]


@pytest.mark.usefixtures("small")
def test_a_page_ends_early_where_it_weighs_enough_and_its_link_leads_to_the_rest(graph: Graph, token: str) -> None:
    pages = walk(graph, token, f"/v1.0/applications?{OURS}&$orderby=displayName&$top=999")
    assert names(pages) == EVERY
    assert len(pages) > 3
    assert max(len(json.dumps(each)) for each in pages) < 2 * 20_000 + 40_000  # of the page, and of what was begun


def test_pages_are_as_large_as_they_were_asked_for(graph: Graph, token: str) -> None:
    pages = walk(graph, token, f"/v1.0/applications?{OURS}&$orderby=displayName&$top=120")
    assert [len(each) for each in pages] == [120, 10]
    assert names(pages) == EVERY
    first = graph.ask("GET", f"/v1.0/applications?{OURS}&$count=true&$top=60", token).json
    assert (first["@odata.count"], len(first["value"])) == (APPLICATIONS, 60)


def test_a_page_that_brings_others_along_has_a_hundred_and_twenty_of_each(graph: Graph, token: str) -> None:
    path = f"/v1.0/applications?{OURS}&$orderby=displayName&$top=999&$expand=owners&$select=displayName"
    pages = walk(graph, token, path)
    assert [len(each) for each in pages] == [100, 30]
    assert names(pages) == EVERY
    owners = [len(each["owners"]) for shown in pages for each in shown]
    assert owners == [20] * 110 + [0] * 20
    shown = pages[0][0]["owners"]
    assert {each["@odata.type"] for each in shown} == {"#microsoft.graph.servicePrincipal"}
    assert len({each["displayName"] for each in shown}) == 20
    of = graph.ask("GET", f"/v1.0/applications?{OURS}&$top=1", token).json["value"][0]["id"]
    every = walk(graph, token, f"/v1.0/applications/{of}/owners?$top=10")
    assert sorted(names(every)) == sorted(f"owner {at}" for at in range(OWNERS))
    assert graph.ask("GET", f"/v1.0/applications/{of}/owners/$count", token).body == b"25"
    assert graph.ask("GET", f"/v1.0/applications/{of}/owners/$count?$filter=id%20eq%20'x'", token).status == 400


@pytest.mark.usefixtures("small")
def test_parts_that_no_longer_fit_are_not_run_and_told_to_come_again(graph: Graph) -> None:
    path = f"/applications?{OURS}&$top=999"
    made = {
        "id": "3",
        "method": "POST",
        "url": "/applications",
        "headers": {"content-type": "application/json"},
        "body": {"displayName": "did not fit"},
    }
    parts = [{"id": "1", "method": "GET", "url": path}, {"id": "2", "method": "GET", "url": "/me"}, made]
    answer = graph.ask("POST", "/v1.0/$batch", graph.admin(), {"requests": parts}).json
    told = {each["id"]: each for each in answer["responses"]}
    assert {name: each["status"] for name, each in told.items()} == {"1": 200, "2": 429, "3": 429}
    assert told["1"]["body"]["@odata.nextLink"].startswith(BASE)
    assert told["3"]["headers"]["Retry-After"] == "1"
    found = graph.ask("GET", "/v1.0/applications?$filter=displayName eq 'did not fit'", graph.admin()).json
    assert found["value"] == []


@pytest.mark.usefixtures("small")
def test_objects_by_their_ids_are_no_more_than_one_answer_may_hold(graph: Graph, token: str) -> None:
    pages = walk(graph, token, f"/v1.0/applications?{OURS}&$top=999")
    ids = [each["id"] for shown in pages for each in shown]
    few = graph.ask("POST", "/v1.0/directoryObjects/getByIds", token, {"ids": [*ids[:10], str(uuid4())]})
    assert [each["id"] for each in few.json["value"]] == ids[:10]
    assert graph.ask("POST", "/v1.0/directoryObjects/getByIds", token, {"ids": ids}).status == 429


CALLS: dict[str, Callable[[list[str]], tuple[str, str, Any]]] = {
    "a page": lambda _: ("GET", f"/v1.0/applications?{OURS}&$top=999", None),
    "a page of service principals": lambda _: ("GET", "/v1.0/servicePrincipals?$top=20&$expand=owners", None),
    "a page that brings others along": lambda _: ("GET", f"/v1.0/applications?{OURS}&$top=40&$expand=owners", None),
    "objects by their ids": lambda ids: ("POST", "/v1.0/directoryObjects/getByIds", {"ids": ids}),
    "changes": lambda _: ("GET", "/v1.0/auditLogs/directoryAudits?$top=999", None),
    "a batch": lambda _: (
        "POST",
        "/v1.0/$batch",
        {"requests": [{"id": str(at), "method": "GET", "url": "/me"} for at in range(20)]},
    ),
}
TURNS = {"changes": 1, "a page": 6, "objects by their ids": 5}  # else 20


@every("name", CALLS)
def test_others_have_their_turn_while_it_is_answered(graph: Graph, name: str) -> None:
    token = graph.caller("Directory.Read.All", "AuditLog.Read.All", "Application.Read.All").token
    found = graph.ask("GET", f"/v1.0/applications?{OURS}&$top=999&$select=id", token).json["value"]
    method, path, sent = CALLS[name]([each["id"] for each in found])
    path, _, query = path.partition("?")
    body = b"" if sent is None else json.dumps(sent).encode()
    headers = [
        (b"host", b"localhost:8443"),
        (b"authorization", b"Bearer " + token.encode()),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    async def turns() -> int:
        answered = asyncio.create_task(graph.wire.runtime.front(scope, receive, send))
        had = 0
        while not answered.done():
            await asyncio.sleep(0)
            had += 1
        return had

    had = graph.wire.run(turns)
    assert told[0]["status"] == 200, told
    assert had > TURNS.get(name, 20)
