"""A collection, page by page, as clients follow its links."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from accredit.administer import applications
from accredit.app import seed
from accredit.directory import Application
from accredit.ports import Transaction
from accredit.web.graph.answers import Answer
from accredit.web.graph.call import Call
from accredit.web.graph.pages import counted, page, page_with
from accredit.web.graph.route import Route
from tests.support.every import every
from tests.web.graph.callers import Graph, room
from tests.wire.authority import BASE

NAMES = ["paged Äpfel", "paged b", "Paged B", "paged c & d", "paged e", "paged f", "paged g"]


def written(of: Application) -> dict[str, Any]:
    return {"id": str(of.id), "displayName": of.display_name}


async def listed(call: Call) -> Answer:
    return await page(call, "applications", lambda store: store.applications, written, tenant_id=call.caller.tenant.id)


async def with_tenants(call: Call) -> Answer:
    async def write(store: Transaction, shown: Sequence[Application]) -> list[dict[str, Any]]:
        return [{"id": str(each.id), "of": (await store.tenants.get(each.tenant_id)).display_name} for each in shown]

    return await page_with(call, "x", lambda store: store.applications, write, tenant_id=call.caller.tenant.id)


async def number_of(call: Call) -> Answer:
    return await counted(call, lambda store: store.applications, tenant_id=call.caller.tenant.id)


ROUTES = (
    Route("GET", "applications", listed),
    Route("GET", "applications/$count", number_of),
    Route("GET", "servicePrincipals", with_tenants),
)


@pytest.fixture(scope="module", autouse=True)
def filled(graph: Graph) -> Iterator[None]:
    graph.room = room(graph.wire, ROUTES)
    for name in NAMES:
        graph.wire.clock.advance(seconds=0.25)
        graph.wire.run(applications.create, graph.wire.administrator, seed.TENANT_ID, display_name=name)
    yield
    graph.room = None


@pytest.fixture(scope="module")
def token(graph: Graph) -> str:
    return graph.admin()


def walk(graph: Graph, token: str, query: str, version: str = "v1.0") -> list[list[dict[str, Any]]]:
    """All pages, following the links as they are."""
    pages, path = [], f"/{version}/applications?{query}"
    while path:
        assert len(pages) < 20, "there is no end to it"
        answer = graph.ask("GET", path, token)
        assert answer.status == 200, answer.body
        pages.append(answer.json["value"])
        link = answer.json.get("@odata.nextLink", "")
        assert link.startswith(f"{BASE}/{version}/applications?") or not link
        path = link.removeprefix(BASE)
    return pages


OURS = "%24filter=startswith(displayName,%27paged%27)"

ORDERS: dict[str, tuple[str, list[str]]] = {
    "by name": ("$orderby=displayName", sorted(NAMES, key=str.casefold)),
    "by name, downwards": ("$orderby=displayName+desc", sorted(NAMES, key=str.casefold, reverse=True)),
    "by time, which is finer than it is shown": ("$orderby=createdDateTime", NAMES),
    "by time, downwards": ("%24orderby=createdDateTime%20desc", NAMES[::-1]),
}


@every("row", ORDERS.values(), ids=ORDERS.keys())
@every("top", [1, 2, 3, 6, 7, 8])
def test_pages_put_together_are_the_collection(graph: Graph, token: str, row: tuple[str, list[str]], top: int) -> None:
    order, expected = row
    pages = walk(graph, token, f"{OURS}&{order}&$top={top}")
    names = [each["displayName"] for shown in pages for each in shown]
    assert [name.casefold() for name in names] == [name.casefold() for name in expected]
    assert set(names) == set(NAMES)
    assert [len(shown) for shown in pages[:-1]] == [top] * (len(pages) - 1)
    assert 0 < len(pages[-1]) <= top


def test_without_an_order_nothing_is_left_out_or_shown_twice(graph: Graph, token: str) -> None:
    ids = [each["id"] for shown in walk(graph, token, f"{OURS}&$top=2", "beta") for each in shown]
    assert len(ids) == len(set(ids)) == len(NAMES)


def test_a_link_has_the_options_that_were_sent(graph: Graph, token: str) -> None:
    query = "%24filter=startswith(displayName,%27paged+c+%26+d%27)+or+displayName+eq+%27paged+e%27&$top=1&$count=true"
    first = graph.ask("GET", f"/v1.0/applications?{query}", token).json
    assert first["@odata.count"] == 2
    sent = parse_qs(urlsplit(first["@odata.nextLink"]).query)
    (skiptoken,) = sent.pop("$skiptoken")
    assert sent == {
        "$filter": ["startswith(displayName,'paged c & d') or displayName eq 'paged e'"],
        "$top": ["1"],
        "$count": ["true"],
    }
    second = graph.ask("GET", first["@odata.nextLink"].removeprefix(BASE), token).json
    assert second["@odata.count"] == 2
    assert "@odata.nextLink" not in second
    assert {each["displayName"] for each in first["value"] + second["value"]} == {"paged c & d", "paged e"}
    other = graph.ask("GET", f"/v1.0/applications?$orderby=displayName&$skiptoken={skiptoken}", token)
    assert other.status == 400, "a place in a list of another order"


def test_pages_hold_still_while_others_add(graph: Graph, token: str) -> None:
    path = f"/v1.0/applications?{OURS}&$orderby=displayName&$top=3"
    first = graph.ask("GET", path, token).json
    made = graph.wire.run(
        applications.create, graph.wire.administrator, seed.TENANT_ID, display_name="paged a, before all"
    )
    second = graph.ask("GET", first["@odata.nextLink"].removeprefix(BASE), token).json
    graph.wire.run(applications.delete, graph.wire.administrator, made.id)
    shown = [each["id"] for each in first["value"] + second["value"]]
    assert len(shown) == len(set(shown)) == 6


def test_a_page_has_a_hundred_where_nobody_says_otherwise(graph: Graph, token: str) -> None:
    made = [
        graph.wire.run(applications.create, graph.wire.administrator, seed.TENANT_ID, display_name=f"many {each}")
        for each in range(101)
    ]
    pages = walk(graph, token, "$filter=startswith(displayName,'many')")
    assert [len(each) for each in pages] == [100, 1]
    assert graph.ask("GET", "/v1.0/applications/$count?$filter=startswith(displayName,'many')", token).body == b"101"
    for each in made:
        graph.wire.run(applications.delete, graph.wire.administrator, each.id)


def test_what_is_written_with_the_help_of_others(graph: Graph, token: str) -> None:
    answer = graph.ask("GET", f"/v1.0/servicePrincipals?{OURS}&$top=2&$select=of", token).json
    assert answer["value"] == [{"of": "Contoso"}] * 2
    assert answer["@odata.nextLink"].startswith(f"{BASE}/v1.0/servicePrincipals?")


UNASKED: dict[str, tuple[str, str]] = {
    "a property that is not asked for": ("$filter=notes+eq+'x'", "Request_UnsupportedQuery"),
    "an order that is not served": ("$orderby=notes", "Request_UnsupportedQuery"),
    "a damaged token": ("$skiptoken=AAAA", "BadRequest"),
    "more than a page may hold": ("$top=1000", "BadRequest"),
    "skipping": ("$skip=1", "BadRequest"),
}


@every("row", UNASKED.values(), ids=UNASKED.keys())
def test_what_is_not_served_is_never_ignored(graph: Graph, token: str, row: tuple[str, str]) -> None:
    query, code = row
    answer = graph.ask("GET", f"/v1.0/applications?{query}", token)
    assert (answer.status, answer.json["error"]["code"]) == (400, code)
