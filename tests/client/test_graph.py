"""Pages are followed at the address that was asked and at no other; many reads go together; refusals are raised."""

import json
from uuid import UUID

import pytest

from accredit.cli.there import finish
from accredit.client import OtherRefusal
from accredit.errors import AUTHORITY_UNREACHABLE, OBJECT_NOT_FOUND, PRIVILEGES_MISSING, Refused
from tests.client.conftest import CLIENT

ABSENT = {"error": {"code": "Request_ResourceNotFound", "message": OBJECT_NOT_FOUND.template.format(id="x")}}
DENIED = {"error": {"code": "Authorization_RequestDenied", "message": PRIVILEGES_MISSING.template}}


def test_a_collection_is_read_to_its_last_page(server, signed_in):
    elsewhere = "https://public.example/beta/things?$skiptoken=a%2Bb"
    server.say((200, {"value": [{"id": 1}], "@odata.nextLink": elsewhere}), (200, {"value": [{"id": 2}]}))
    found = signed_in().graph.every("/things", filter="name eq 'a b&c'", top="1")
    assert found == [{"id": 1}, {"id": 2}]
    assert [each.path for each in server.asked] == [
        "/beta/things?$filter=name%20eq%20%27a%20b%26c%27&$top=1",
        "/beta/things?$skiptoken=a%2Bb",
    ]


def test_a_link_that_leads_out_of_the_api_is_not_followed(server, signed_in):
    server.say((200, {"value": [], "@odata.nextLink": "https://evil.example/v1.0/things"}))
    with pytest.raises(Refused) as refused:
        signed_in().graph.every("/things")
    assert refused.value.row is AUTHORITY_UNREACHABLE
    assert len(server.asked) == 1


def test_many_reads_go_together_by_twenty(server, signed_in):
    def answered(numbers):
        return {"responses": [{"id": str(n), "status": 200, "body": {"n": n}} for n in reversed(numbers)]}

    server.say((200, answered(range(20))), (200, answered(range(1))))
    found = signed_in().graph.together([f"/things/{n}" for n in range(21)])
    assert [each["n"] for each in found] == [*range(20), 0]
    assert [len(json.loads(each.body)["requests"]) for each in server.asked] == [20, 1]
    assert signed_in().graph.together([]) == []


def test_one_refusal_among_many_is_raised(server, signed_in):
    server.say(
        (200, {"responses": [{"id": "0", "status": 200, "body": {}}, {"id": "1", "status": 404, "body": ABSENT}]})
    )
    with pytest.raises(Refused) as refused:
        signed_in().graph.together(["/a", "/b"])
    assert refused.value.row is OBJECT_NOT_FOUND


def test_an_answer_that_is_no_object_is_refused(server, signed_in):
    for body in (b"x", b"[]", b""):
        server.say((200, body))
        with pytest.raises(OtherRefusal):
            signed_in().graph.get("/x")


def test_an_absence_is_an_empty_list_where_one_is_asked_for(server, signed_in):
    found = []

    async def story():
        async with signed_in().reading() as store:
            server.say((404, ABSENT))
            found.append(await store.applications.find(id=UUID(CLIENT)))
            server.say((403, DENIED))
            with pytest.raises(Refused) as refused:
                await store.applications.find(id=UUID(CLIENT))
            assert refused.value.row is PRIVILEGES_MISSING

    finish(story())
    assert found == [[]]


def test_who_may_not_read_the_log_knows_nothing_of_the_use_of_credentials(server, signed_in):
    server.say((200, {"responses": [{"id": "0", "status": 403, "body": DENIED}]}))
    assert signed_in().log.last_used(UUID(CLIENT), [UUID(int=1)]) is None
    server.say((500, {}))
    with pytest.raises(OtherRefusal):
        signed_in().log.last_used(UUID(CLIENT), [UUID(int=1)])


def test_the_last_use_is_looked_for_on_later_pages_too(server, signed_in):
    link = f"{server.url}/beta/auditLogs/signIns?$skiptoken=x"
    page = {"id": "0", "status": 200, "body": {"value": [], "@odata.nextLink": link}}
    server.say((200, {"responses": [page]}), (200, {"value": [{"createdDateTime": "2026-11-23T12:00:00Z"}]}))
    found = signed_in().log.last_used(UUID(CLIENT), [UUID(int=1)])
    assert str(found[UUID(int=1)]) == "2026-11-23 12:00:00+00:00"
