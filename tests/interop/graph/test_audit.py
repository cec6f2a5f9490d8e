"""The JSON of a change's record."""

from datetime import UTC, datetime
from uuid import UUID

from msgspec.structs import replace

from accredit.interop.graph import audit
from accredit.signins import Actor, Audit, Modified, Target
from tests.support.every import every

RECORD = Audit(
    id=UUID(int=1),
    at=datetime(2026, 11, 23, 14, 0, 7, 999_999, tzinfo=UTC),
    tenant_id=UUID(int=2),
    activity="Update application",
    operation="Update",
    actor=Actor(name="deployer", kind="application", id=str(UUID(int=3)), app_id=str(UUID(int=4))),
    targets=(
        Target(id=UUID(int=5), kind="Application", name="bot", modified=(Modified("displayName", '"a"', '"b"'),)),
    ),
    correlation_id=UUID(int=6),
)


WHOLE = {
    "id": str(UUID(int=1)),
    "activityDateTime": "2026-11-23T14:00:07Z",
    "activityDisplayName": "Update application",
    "additionalDetails": [],
    "category": "ApplicationManagement",
    "correlationId": str(UUID(int=6)),
    "initiatedBy": {
        "app": {
            "appId": str(UUID(int=4)),
            "displayName": "deployer",
            "servicePrincipalId": str(UUID(int=3)),
            "servicePrincipalName": None,
        },
        "user": None,
    },
    "loggedByService": "Core Directory",
    "operationType": "Update",
    "result": "success",
    "resultReason": "",
    "targetResources": [
        {
            "id": str(UUID(int=5)),
            "displayName": "bot",
            "type": "Application",
            "userPrincipalName": None,
            "groupType": None,
            "modifiedProperties": [{"displayName": "displayName", "oldValue": '"a"', "newValue": '"b"'}],
        }
    ],
}


def test_the_whole_record_in_its_order():
    written = audit.write(RECORD)
    assert written == WHOLE
    assert list(written) == list(WHOLE)


def test_where_it_came_from_stands_where_graph_has_room_for_it():
    agent = {"key": "User-Agent", "value": "az/2.70"}
    app = replace(RECORD.actor, address="192.0.2.1", user_agent="az/2.70")
    written = audit.write(replace(RECORD, actor=app))
    assert written["additionalDetails"] == [agent, {"key": "ipaddr", "value": "192.0.2.1"}]
    person = audit.write(replace(RECORD, actor=replace(app, kind="person")))
    assert person["additionalDetails"] == [agent]
    assert person["initiatedBy"]["user"]["ipAddress"] == "192.0.2.1"


READ = {
    "an application": RECORD.actor,
    "an application and where it was": replace(RECORD.actor, address="192.0.2.1", user_agent="az/2.70"),
    "somebody at the command line": Actor(name="root", id="0"),
    "somebody without a number": Actor(name="root"),
    "this authority": Actor(name="accredit", kind="system"),
}


@every("actor", READ.values(), ids=READ.keys())
def test_what_was_written_is_read_back(actor):
    whole = replace(RECORD, at=RECORD.at.replace(microsecond=0), actor=actor)
    assert audit.read(audit.write(whole), UUID(int=2)) == whole


def test_a_person_is_read_with_the_address():
    person = Actor(name="Ann", kind="person", id="1", address="192.0.2.1")
    found = audit.read(audit.write(replace(RECORD, actor=person)), UUID(int=2))
    assert audit.write(found) == audit.write(replace(RECORD, actor=person))


ACTORS = {
    "somebody at the command line": (Actor(name="root"), None, "root"),
    "a person": (Actor(name="Ann", kind="person", id="1"), None, "Ann"),
    "this authority": (Actor(name="accredit", kind="system"), "accredit", None),
}


@every("row", ACTORS.values(), ids=ACTORS.keys())
def test_who_did_it(row):
    actor, app, user = row
    by = audit._initiated_by(actor)  # noqa: SLF001  a part of the whole that is compared above
    assert (by["app"] and by["app"]["displayName"], by["user"] and by["user"]["displayName"]) == (app, user)
