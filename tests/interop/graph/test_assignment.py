"""The JSON of an app role assignment, and what a body asks to be granted."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from accredit import errors
from accredit.directory import DEFAULT_ACCESS, Assignment
from accredit.errors import Refused
from accredit.interop.graph import assignment as graph
from tests.support.every import every

PLAIN = Assignment(
    id=UUID("00112233-4455-6677-8899-aabbccddeeff"),
    tenant_id=UUID(int=1),
    principal_id=UUID(int=2),
    resource_id=UUID(int=3),
    role_id=UUID(int=4),
    created_at=datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
)
BODY = {"principalId": str(UUID(int=2)), "resourceId": str(UUID(int=3)), "appRoleId": str(UUID(int=4))}


def test_these_members_stand_there_in_this_order():
    assert list(graph.write(PLAIN, "deploy-bot", "Orders API").items()) == [
        ("id", "ABEiM0RVZneImaq7zN3u_w"),
        ("deletedDateTime", None),
        ("appRoleId", str(UUID(int=4))),
        ("createdDateTime", "2026-11-23T14:00:00Z"),
        ("principalDisplayName", "deploy-bot"),
        ("principalId", str(UUID(int=2))),
        ("principalType", "ServicePrincipal"),
        ("resourceDisplayName", "Orders API"),
        ("resourceId", str(UUID(int=3))),
    ]


def test_what_is_written_is_read_as_it_was():
    assert graph.read(graph.write(PLAIN, "a", "b"), PLAIN.tenant_id) == PLAIN


@every(
    "more",
    [
        {},
        {"@odata.type": "#microsoft.graph.appRoleAssignment"},
        {"principalType": "ServicePrincipal", "deletedDateTime": None, "id": None, "createdDateTime": None},
    ],
)
def test_a_body_asks_for_a_role(more):
    assert graph.wanted(BODY | more) == graph.Wanted(UUID(int=2), UUID(int=3), UUID(int=4))


def test_access_without_a_role_is_asked_for_by_zeros():
    assert graph.wanted(BODY | {"appRoleId": str(UUID(int=0))}).role_id == DEFAULT_ACCESS


REFUSED = {
    "no principal": ({"principalId": ...}, "principalId"),
    "no resource": ({"resourceId": ...}, "resourceId"),
    "no role": ({"appRoleId": ...}, "appRoleId"),
    "a role that is null": ({"appRoleId": None}, "appRoleId"),
    "a role by its value": ({"appRoleId": "Things.Read"}, "appRoleId"),
    "a user": ({"principalType": "User"}, "principalType"),
    "an id": ({"id": "ABEiM0RVZneImaq7zN3u_w"}, "id"),
    "a name": ({"principalDisplayName": "deploy-bot"}, "principalDisplayName"),
    "a time": ({"createdDateTime": "2026-11-23T14:00:00Z"}, "createdDateTime"),
    "a member that Graph does not have": ({"colour": "red"}, "colour"),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    more, name = REFUSED[sentence]
    with pytest.raises(Refused) as caught:
        graph.wanted({name: value for name, value in (BODY | more).items() if value is not ...})
    assert caught.value.row is errors.PROPERTY_INVALID
    assert caught.value.fields == {"property": name, "kind": "AppRoleAssignment"}
