"""The JSON of a delegated grant, both ways, and what a body says of one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit import errors
from accredit.directory import DelegatedGrant
from accredit.errors import Refused
from accredit.interop.graph import grant as graph
from tests.support.every import every

PLAIN = DelegatedGrant(
    id=UUID("00112233-4455-6677-8899-aabbccddeeff"),
    tenant_id=UUID(int=1),
    client_id=UUID(int=2),
    resource_id=UUID(int=3),
    created_at=datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
    scope="User.Read",
)
ONES = replace(PLAIN, consent_type="Principal", user_id=UUID(int=9), scope="")
BODY = {
    "clientId": str(UUID(int=2)),
    "consentType": "AllPrincipals",
    "principalId": None,
    "resourceId": str(UUID(int=3)),
    "scope": "User.Read",
}
DATES = {"startTime": "2026-11-23T14:00:00Z", "expiryTime": "2027-11-23T14:00:00Z"}


def test_these_members_stand_there_in_this_order():
    assert list(graph.write(PLAIN, beta=False).items()) == [("id", "ABEiM0RVZneImaq7zN3u_w"), *BODY.items()]
    assert list(graph.write(PLAIN, beta=True))[6:] == ["accredit"]


@pytest.mark.parametrize("of", [PLAIN, ONES])
def test_what_beta_writes_is_read_as_it_was(of):
    assert graph.read(graph.write(of, beta=True), of.tenant_id) == of


def test_v1_does_not_say_when_it_was_made_so_it_is_not_read():
    with pytest.raises(Refused):
        graph.read(graph.write(PLAIN, beta=False), PLAIN.tenant_id)


def wanted(body, *, beta=False):
    return graph.wanted({name: value for name, value in body.items() if value is not ...}, beta=beta)


def test_a_body_asks_for_permissions():
    assert wanted(BODY) == graph.Wanted(UUID(int=2), UUID(int=3), "AllPrincipals", None, "User.Read")
    one = BODY | {"consentType": "Principal", "principalId": str(UUID(int=9)), "scope": ...}
    assert wanted(one) == graph.Wanted(UUID(int=2), UUID(int=3), "Principal", UUID(int=9), "")


def test_beta_takes_the_dates_that_it_demands_and_keeps_none():
    assert wanted(BODY | DATES, beta=True) == wanted(BODY)


REFUSED = {
    "no client": ({"clientId": ...}, "clientId"),
    "no resource": ({"resourceId": ...}, "resourceId"),
    "nobody who consents": ({"consentType": ...}, "consentType"),
    "an unknown way to consent": ({"consentType": "Everybody"}, "consentType"),
    "a user that is no id": ({"principalId": "ada"}, "principalId"),
    "a scope that is a list": ({"scope": ["User.Read"]}, "scope"),
    "an id": ({"id": "ABEiM0RVZneImaq7zN3u_w"}, "id"),
    "dates, in v1.0": (DATES, "expiryTime"),
    "what is ours, in v1.0": ({"accredit": {}}, "accredit"),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    more, name = REFUSED[sentence]
    with pytest.raises(Refused) as caught:
        wanted(BODY | more)
    assert caught.value.row is errors.PROPERTY_INVALID
    assert caught.value.fields == {"property": name, "kind": "OAuth2PermissionGrant"}


def test_what_is_ours_is_not_asked_for():
    with pytest.raises(Refused):
        wanted(BODY | {"accredit": {"createdDateTime": None}}, beta=True)


@every(
    ("body", "expected"),
    [
        ({}, "User.Read"),
        ({"scope": "Mail.Read"}, "Mail.Read"),
        ({"scope": None}, ""),
        (BODY | {"id": "ABEiM0RVZneImaq7zN3u_w", "scope": "Mail.Read"}, "Mail.Read"),
    ],
)
def test_a_body_changes_the_scope(body, expected):
    assert graph.scope(body, PLAIN, beta=False) == expected


@every(
    "body",
    [
        {"consentType": "Principal"},
        {"clientId": str(UUID(int=3))},
        {"resourceId": str(UUID(int=2))},
        {"principalId": str(UUID(int=9))},
        {"id": "x"},
        {"accredit": {"createdDateTime": None}},
    ],
)
def test_nothing_else_of_it_changes(body):
    with pytest.raises(Refused) as caught:
        graph.scope(body, PLAIN, beta=True)
    assert caught.value.fields["property"] == next(iter(body))
