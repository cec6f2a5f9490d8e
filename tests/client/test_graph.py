"""Pages are followed at the address that was asked and at no other; refusals are raised."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit.cli.profiles import Profile
from accredit.cli.session import Session
from accredit.cli.there import There, finish
from accredit.client import OtherRefusal
from accredit.errors import AUTHORITY_UNREACHABLE, OBJECT_NOT_FOUND, PRIVILEGES_MISSING, Refused
from accredit.query import Compare, Query
from accredit.signins.usage import Use
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


def test_the_use_of_credentials_is_read_to_its_last_page(server, signed_in):
    def use(number, **members):
        empty = {"lastSignInDateTime": None, "lastSignInIpAddress": None, "lastSignInRequestId": None}
        return {"id": str(UUID(int=number)), **empty, "grants": 0, "refusals": 0, **members}

    last = {"lastSignInDateTime": "2026-11-23T12:00:00Z", "lastSignInIpAddress": "::1", "grants": 3, "refusals": 2}
    link = f"{server.url}/beta/accredit/credentialUsage?$skiptoken=x"
    server.say(
        (200, {"value": [use(1)], "@odata.nextLink": link}),
        (200, {"value": [use(2, lastSignInRequestId=str(UUID(int=9)), **last)]}),
    )
    assert signed_in().log.uses(UUID(int=0), UUID(CLIENT)) == {
        UUID(int=1): Use(),
        UUID(int=2): Use(datetime(2026, 11, 23, 12, tzinfo=UTC), "::1", UUID(int=9), 3, 2),
    }


def test_a_search_goes_on_where_the_page_before_it_ended(server, signed_in):
    link = f"{server.url}/beta/auditLogs/signIns?$skiptoken=x"
    server.say((200, {"value": [], "@odata.nextLink": link}), (200, {"value": []}))
    log, query = signed_in().log, Query(condition=Compare("appId", "eq", "a'b"), limit=5_000)
    page = log.search(UUID(int=0), query)
    assert (page.things, page.after) == ([], (None, link))
    assert log.search(UUID(int=0), replace(query, after=page.after)).after is None
    assert [each.path for each in server.asked] == [
        "/beta/auditLogs/signIns?$top=1000&$filter=appId%20eq%20%27a%27%27b%27",
        "/beta/auditLogs/signIns?$skiptoken=x",
    ]


def test_who_may_not_read_the_log_is_told_that_the_use_of_credentials_is_not_known(server, signed_in, capsys):
    place = There(Session(), Profile(url=server.url, client_id=CLIENT), signed_in())
    server.say((403, DENIED), (500, {}))
    assert place.uses(UUID(int=0), UUID(CLIENT)) is None
    assert "needs AuditLog.Read.All" in " ".join(capsys.readouterr().err.split())
    with pytest.raises(OtherRefusal):
        place.uses(UUID(int=0), UUID(CLIENT))
