"""What every call has in common: headers, the envelope, bodies, places. The routes here are the tests' own."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any, Final
from uuid import UUID

import pytest

from accredit import errors, observe
from accredit.administer import permissions
from accredit.app import directory_api, seed
from accredit.app.directory_api import Watched
from accredit.errors import (
    NAME_TAKEN,
    PRIVILEGES_MISSING,
    STORE_BUSY,
    STORE_DAMAGED,
    SUBJECT_NOT_TRUSTED,
    TENANT_UNKNOWN,
    Refused,
)
from accredit.web.graph import body
from accredit.web.graph.answers import NOTHING, Answer, collection, entity, number
from accredit.web.graph.call import Call
from accredit.web.graph.errors import Envelopes
from accredit.web.graph.route import Route
from tests.support.every import every
from tests.web.crowd import taken
from tests.web.graph.callers import Graph, room
from tests.wire.authority import BASE

JSON: Final = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
GUID: Final = "57a671b2-b4c8-4a87-9b73-3f8848456127"


async def found(call: Call) -> Answer:
    """An entity that says what its handler got."""
    told = {
        "id": call.keys[0].value,
        "displayName": "x",
        "version": call.version,
        "prefer": sorted(call.prefer),
        "rare": 1,
        "@odata.id": "y",
    }
    return entity(call, "applications/$entity", told, on_request=frozenset({"rare"}))


async def listed(call: Call) -> Answer:
    return collection(call, "applications", [{"id": "1", "rare": 2}], count=1, on_request=frozenset({"rare"}))


async def counted(_: Call) -> Answer:
    return number(7)


async def made(call: Call) -> Answer:
    location = f"{call.graph}/{call.version}/applications/1"
    return entity(call, "applications/$entity", dict(call.body), status=201, location=location)


async def changed(call: Call) -> Answer:
    await call.refuse_not_owned(application_id=UUID(call.keys[0].value))
    return NOTHING


async def assigned(call: Call) -> Answer:
    call.refuse_roles_of(UUID(call.body["resourceAppId"]))
    return NOTHING


async def administrators(call: Call) -> Answer:
    by = call.by
    return Answer(200, {"may_widen": by.may_widen, "actor": by.actor.name, "app_id": str(by.app_id), "base": by.base})


WAYS: dict[str, Refused | Exception] = {
    "taken": Refused(NAME_TAKEN, name="a", detail="the detail"),
    "busy": Refused(STORE_BUSY, reason="disk", detail="secret of ours"),
    "damaged": Refused(STORE_DAMAGED, reason="page 7"),
    "sts": Refused(SUBJECT_NOT_TRUSTED, presented="x"),
    "plain": Refused(TENANT_UNKNOWN, tenant="x"),
    "broken": RuntimeError("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.signature of a caller"),
}


async def failing(call: Call) -> Answer:
    raise WAYS[call.keys[0].value]


ROUTES = (
    Route("GET", "applications", listed),
    Route("POST", "applications", made),
    Route("GET", "applications/{}", found),
    Route("PATCH", "applications/{}", changed),
    Route("GET", "applications/$count", counted),
    Route("GET", "groups/{}", failing),
    Route("GET", "me", administrators),
    Route("POST", "servicePrincipals/{}/appRoleAssignments", assigned),
)


@pytest.fixture(scope="module", autouse=True)
def routes(graph: Graph) -> Iterator[None]:
    graph.room = room(graph.wire, ROUTES)
    yield
    graph.room = None


@pytest.fixture(scope="module")
def admin(graph: Graph) -> str:
    return graph.admin()


async def slowly(
    graph: Graph, method: str, path: str, token: str, arriving: Sequence[bytes | Callable[[], Awaitable[None]]]
) -> tuple[int, dict[str, Any]]:
    """Send a body in parts, between which other things happen; without an empty one it does not end."""
    told: list[Any] = []
    parts = iter(arriving)

    async def receive() -> dict[str, Any]:
        for part in parts:
            if isinstance(part, bytes):
                return {"type": "http.request", "body": part, "more_body": bool(part)}
            await part()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"authorization", b"Bearer " + token.encode()), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }
    await graph.room(scope, receive, send)
    return told[0]["status"], json.loads(told[1]["body"])


def test_an_answer_has_graphs_headers(graph: Graph, admin: str) -> None:
    answer = graph.ask("GET", "/v1.0/applications/x", admin, headers={"client-request-id": GUID})
    assert answer.status == 200
    assert answer.headers["content-type"] == JSON
    assert answer.headers["odata-version"] == "4.0"
    assert answer.headers["client-request-id"] == GUID
    assert str(UUID(answer.headers["request-id"])) == answer.headers["request-id"] != GUID
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "www-authenticate" not in answer.headers
    assert "strict-transport-security" not in answer.headers


IDS = {
    "as the Azure CLI calls it": ({"x-ms-client-request-id": GUID}, GUID),
    "not a GUID": ({"client-request-id": "x\x01"}, None),
    "none": ({}, None),
}


@every("row", IDS.values(), ids=IDS.keys())
def test_a_client_request_id_is_a_guid_or_ours(
    graph: Graph, admin: str, row: tuple[dict[str, str], str | None]
) -> None:
    headers, expected = row
    told = graph.ask("GET", "/v1.0/applications/x", admin, headers=headers).headers
    assert told["client-request-id"] == (expected or told["request-id"])


def test_an_entity_begins_with_its_context_and_shows_what_is_asked_for(graph: Graph, admin: str) -> None:
    whole = graph.ask(
        "GET", "/v1.0/applications/x", admin, headers={"prefer": "Return=minimal, create-if-missing"}
    ).json
    assert list(whole) == ["@odata.context", "id", "displayName", "version", "prefer", "@odata.id"]
    assert whole["@odata.context"] == f"{BASE}/v1.0/$metadata#applications/$entity"
    assert whole["prefer"] == ["create-if-missing", "return=minimal"]
    beta = graph.ask("GET", "/beta/applications/x?%24select=version,rare,nothing", admin).json
    assert beta == {
        "@odata.context": f"{BASE}/beta/$metadata#applications/$entity",
        "version": "beta",
        "rare": 1,
        "@odata.id": "y",
    }


def test_a_collection_has_its_context_its_count_and_its_rows(graph: Graph, admin: str) -> None:
    told = graph.ask("GET", "/v1.0/applications", admin).json
    assert list(told.items()) == [
        ("@odata.context", f"{BASE}/v1.0/$metadata#applications"),
        ("@odata.count", 1),
        ("value", [{"id": "1"}]),
    ]
    assert graph.ask("GET", "/v1.0/applications?$select=rare", admin).json["value"] == [{"rare": 2}]


def test_a_count_is_plain_text(graph: Graph, admin: str) -> None:
    answer = graph.ask("GET", "/v1.0/applications/$count", admin)
    assert (answer.headers["content-type"], answer.body) == ("text/plain", b"7")


def test_what_was_made_has_a_location_and_no_annotations(graph: Graph, admin: str) -> None:
    sent = {"@odata.type": "#microsoft.graph.application", "owners@odata.bind": ["u"], "displayName": None}
    answer = graph.ask("POST", "/beta/applications/", admin, sent)
    assert (answer.status, answer.headers["location"]) == (201, f"{BASE}/beta/applications/1")
    assert answer.json == {
        "@odata.context": f"{BASE}/beta/$metadata#applications/$entity",
        "owners@odata.bind": ["u"],
        "displayName": None,
    }


def test_nothing_has_no_body_and_no_content_type(graph: Graph, admin: str) -> None:
    answer = graph.ask("PATCH", f"/v1.0/applications/{GUID}", admin, {})
    assert (answer.status, answer.body) == (204, b"")
    assert not answer.headers.keys() & {"content-type", "content-length"}


def test_a_refusal_has_graphs_envelope(graph: Graph, admin: str) -> None:
    answer = graph.ask("GET", "/v1.0/groups/taken", admin, headers={"client-request-id": GUID})
    assert answer.status == 409
    assert answer.headers["content-type"] == JSON
    assert list(answer.json) == ["error"]
    assert list(answer.json["error"].items()) == [
        ("code", "Request_MultipleObjectsWithSameKeyValue"),
        ("message", "FederatedIdentityCredential with name a already exists."),
        (
            "innerError",
            {
                "date": "2026-11-23T14:00:00",
                "request-id": answer.headers["request-id"],
                "client-request-id": GUID,
                "accredit": "the detail",
            },
        ),
    ]


CODES: dict[str, tuple[str, int, str]] = {
    "a store out of reach": ("busy", 503, "ServiceUnavailable"),
    "a damaged store": ("damaged", 500, "InternalServerError"),
    "a row of the token endpoint": ("sts", 401, "InvalidAuthenticationToken"),
    "another one": ("plain", 400, "BadRequest"),
    "an error of our own": ("broken", 500, "InternalServerError"),
}


@every("row", CODES.values(), ids=CODES.keys())
def test_rows_without_a_code_of_graphs_get_one(graph: Graph, admin: str, row: tuple[str, int, str]) -> None:
    way, status, code = row
    answer = graph.ask("GET", f"/v1.0/groups/{way}", admin)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert "accredit" not in answer.json["error"]["innerError"], "what is wrong with us is nobody's business"
    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)


def journaled(graph: Graph) -> tuple[Graph, StringIO]:
    """The same room with a journal that can be read."""
    stream = StringIO()
    journal = observe.Journal(observe.logger(stream=stream, as_json=True), what="graph")
    watch = Watched(graph.wire.runtime.metrics.graph, journal)
    return Graph(graph.wire, replace(graph.room, watch=watch)), stream


def test_an_error_of_our_own_is_journaled_under_the_request_id_without_tokens(graph: Graph, admin: str) -> None:
    noted, stream = journaled(graph)
    answer = noted.ask("GET", "/v1.0/groups/broken", admin)
    broken, refused = [json.loads(each) for each in stream.getvalue().splitlines()]
    assert (broken["event"], broken["trace"]) == ("graph.broken", answer.headers["request-id"])
    assert "RuntimeError" in broken["exception"]
    assert "eyJzdWIi" not in broken["exception"]
    assert (refused["event"], refused["route"], refused["status"]) == ("graph.refused", "groups/{}", 500)
    assert "recorded under the request id" in answer.json["error"]["message"]


UNKNOWN: dict[str, tuple[str, str, str | None, int, dict[str, str]]] = {
    "an unknown path": ("GET", "/v1.0/planets", "admin", 404, {}),
    "an unknown path without a token": ("GET", "/v1.0/planets", None, 401, {"www-authenticate": "Bearer"}),
    "another method": ("DELETE", "/v1.0/applications", "admin", 405, {"allow": "GET, POST"}),
    "a method that nobody knows": ("BREW", "/v1.0/applications", "admin", 405, {"allow": "GET, POST"}),
    "OPTIONS": ("OPTIONS", "/beta/me", "admin", 405, {"allow": "GET"}),
    "the service itself": ("GET", "/beta", "admin", 404, {}),
    "an empty key": ("GET", "/v1.0/applications//owners", "admin", 400, {}),
    "an option that does not exist": ("GET", "/v1.0/applications?$nothing=1", "admin", 400, {}),
    "a filter that does not parse": ("GET", "/v1.0/applications?$filter=a+eq", "admin", 400, {}),
}


@every("row", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_is_not_served_has_the_envelope_too(
    graph: Graph, admin: str, row: tuple[str, str, str | None, int, dict[str, str]]
) -> None:
    method, path, who, status, headers = row
    answer = graph.ask(method, path, admin if who else None)
    assert answer.status == status
    assert set(answer.json["error"]) == {"code", "message", "innerError"}
    assert headers.items() <= answer.headers.items()


def test_a_head_request_gets_no_body(graph: Graph, admin: str) -> None:
    answer = graph.ask("HEAD", "/v1.0/applications", admin)
    assert (answer.status, answer.body) == (405, b"")
    assert int(answer.headers["content-length"]) > 0


BODIES: dict[str, tuple[bytes, dict[str, str], int]] = {
    "as large as it may be": (b'{"a":"' + b"x" * (1_048_576 - 8) + b'"}', {}, 201),
    "larger": (b'{"a":"' + b"x" * (1_048_576 - 7) + b'"}', {}, 413),
    "larger, and not said so": (b'{"a":"' + b"x" * (1_048_576 - 7) + b'"}', {"content-length": ""}, 413),
    "a form": (b"a=1", {"content-type": "application/x-www-form-urlencoded"}, 400),
    "no JSON": (b"{", {}, 400),
    "nothing": (b"", {}, 201),
}


@every("row", BODIES.values(), ids=BODIES.keys())
def test_a_body_is_json_of_a_mebibyte_at_most(graph: Graph, admin: str, row: tuple[bytes, dict[str, str], int]) -> None:
    octets, headers, status = row
    answer = graph.ask("POST", "/v1.0/applications", admin, octets, headers)
    assert answer.status == status, answer.body[:200]
    if status == 413:
        assert answer.json["error"]["code"] == "RequestEntityTooLarge"


def test_nobody_learns_from_a_body_what_he_may_not_call(graph: Graph) -> None:
    assert graph.ask("POST", "/v1.0/applications", graph.caller().token, b"{").status == 403


def test_who_may_write_what_it_owns_writes_nothing_else(graph: Graph) -> None:
    caller = graph.caller("Application.ReadWrite.OwnedBy")
    mine, other = graph.new_caller().application, graph.new_caller().application
    graph.own(caller, mine)
    assert graph.ask("PATCH", f"/v1.0/applications/{mine.id}", caller.token, {}).status == 204
    refused = graph.ask("PATCH", f"/v1.0/applications/{other.id}", caller.token, {})
    assert refused.status == 403
    assert "does not own" in refused.json["error"]["innerError"]["accredit"]
    everything = graph.caller("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy")
    assert graph.ask("PATCH", f"/v1.0/applications/{other.id}", everything.token, {}).status == 204


def test_who_may_write_applications_assigns_no_roles_of_graph(graph: Graph) -> None:
    path, graph_id = f"/v1.0/servicePrincipals/{GUID}/appRoleAssignments", "00000003-0000-0000-c000-000000000000"
    writer = graph.caller("Application.ReadWrite.All").token
    assert graph.ask("POST", path, writer, {"resourceAppId": str(seed.ORDERS_ID)}).status == 204
    assert graph.ask("POST", path, writer, {"resourceAppId": graph_id}).status == 403
    assigner = graph.caller("AppRoleAssignment.ReadWrite.All", "Application.Read.All").token
    assert graph.ask("POST", path, assigner, {"resourceAppId": graph_id}).status == 204


def test_the_calling_application_is_who_changes_the_directory(graph: Graph, admin: str) -> None:
    told = graph.ask("GET", "/v1.0/me", admin).json
    assert told == {"may_widen": True, "actor": "accredit-admin", "app_id": str(seed.ADMIN_ID), "base": BASE}
    assert graph.ask("GET", "/v1.0/me", graph.caller("Application.ReadWrite.All").token).json["may_widen"] is False


def test_where_every_token_will_do_roles_do_not_matter(graph: Graph) -> None:
    token = graph.caller().token
    lax = Graph(graph.wire, replace(graph.room, any_token=True))
    assert lax.ask("GET", "/v1.0/applications", token).status == 200
    assert lax.ask("PATCH", f"/v1.0/applications/{GUID}", token, {}).status == 204
    assert lax.ask("GET", "/v1.0/me", token).json["may_widen"] is True
    assert lax.ask("GET", "/v1.0/applications").status == 401


def test_calls_beyond_the_places_are_told_to_come_again(graph: Graph, admin: str) -> None:
    with taken(graph.room.places, directory_api.UNDER_WAY[0]):
        answer = graph.ask("GET", "/v1.0/applications", admin)
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert answer.json["error"]["code"] == "TooManyRequests"
    assert answer.json["error"]["message"] == "Too many requests."
    assert graph.ask("GET", "/v1.0/applications", admin).status == 200


def test_bodies_on_their_way_take_no_place_of_calls(graph: Graph, admin: str) -> None:
    with taken(graph.room.bodies, directory_api.ON_THEIR_WAY[0]):
        assert graph.ask("GET", "/v1.0/applications", admin).status == 200
        refused = graph.ask("POST", "/v1.0/applications", admin, {"displayName": "x"})
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert graph.ask("POST", "/v1.0/applications", admin, {"displayName": "x"}).status == 201


def test_a_body_that_does_not_arrive_is_waited_for_no_longer_than_it_takes(
    graph: Graph, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "ARRIVES_WITHIN", 0.05)
    status, said = graph.wire.run(slowly, graph, "POST", "/v1.0/applications", admin, (b"{",))
    assert (status, said["error"]["code"]) == (400, "BadRequest")
    assert "within 0.05 seconds" in said["error"]["message"]


def test_what_is_revoked_while_a_body_is_on_its_way_counts(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accredit.web.graph.room.PATIENCE", 0.05)
    caller = graph.new_caller("Application.ReadWrite.All")

    async def revoke() -> None:
        resource, role = seed.marked("principal graph"), "Application.ReadWrite.All"
        await permissions.revoke(graph.wire.administrator, caller.principal.id, resource, role)
        await asyncio.sleep(0.1)

    sent = (graph, "POST", "/v1.0/applications", caller.token, (b"{}", revoke, b""))
    assert graph.wire.run(slowly, *sent)[0] == 403


def test_an_operators_words_are_used(graph: Graph, admin: str) -> None:
    catalogue = errors.override({"PRIVILEGES_MISSING": {"template": "Ask the platform team.", "status": 401}})
    own = Graph(graph.wire, replace(graph.room, envelopes=Envelopes(catalogue)))
    answer = own.ask("GET", "/v1.0/applications", graph.caller().token)
    assert (answer.status, answer.json["error"]["message"]) == (401, "Ask the platform team.")
    assert PRIVILEGES_MISSING.template != "Ask the platform team."


def test_production_demands_encrypted_transport(graph: Graph, admin: str) -> None:
    strict = Graph(graph.wire, replace(graph.room, strict_transport=True))
    assert strict.ask("GET", "/v1.0/me", admin).headers["strict-transport-security"].startswith("max-age=")


def test_calls_are_counted_by_template_and_refusals_told_without_tokens(graph: Graph, admin: str) -> None:
    noted, stream = journaled(graph)
    noted.ask("GET", "/v1.0/applications/secret-name", admin)
    noted.ask("BREW", "/v1.0/secret-name", admin)
    noted.ask("GET", "/v1.0/applications", admin[:-8] + "AAAAAAAA")
    metrics = graph.wire.runtime.metrics.text().decode()
    assert 'accredit_graph_requests_total{method="GET",route="applications/{}",status="200"}' in metrics
    assert 'accredit_graph_requests_total{method="other",route="none",status="404"}' in metrics
    assert "secret-name" not in metrics
    unknown, unsigned = [json.loads(each) for each in stream.getvalue().splitlines()]
    assert (unknown["event"], unknown["status"], unknown["route"]) == ("graph.refused", 404, "none")
    assert unsigned["status"] == 401
    assert not any(part in stream.getvalue() for part in admin.split("."))


def test_the_room_stands_behind_both_versions(graph: Graph, admin: str) -> None:
    real = Graph(graph.wire)
    for path in ("/v1.0/nothing", "/beta/nothing", "//v1.0//nothing"):
        answer = real.ask("GET", path, admin)
        assert (answer.status, answer.json["error"]["code"]) == (404, "BadRequest")
