"""The JSON of a federated identity credential, both ways, and what a body is refused for before anything is decided."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit import errors
from accredit.errors import Refused
from accredit.interop.graph import credential as graph
from accredit.issuers import Issuer, IssuerUrl
from accredit.trust import DEFAULT_AUDIENCE, FederatedCredential
from accredit.trust.expression import parse
from accredit.trust.written import WrittenTrust
from tests.support.every import every

GITHUB = "https://token.actions.githubusercontent.com"
TEXT = "claims['sub'] matches 'repo:o/*' and claims['repository_id'] eq '1'"
OTHER = "claims['sub'] matches 'repo:p/*' and claims['repository_id'] eq '2'"
TENANT, APPLICATION = UUID(int=1), UUID(int=2)
AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

PLAIN = FederatedCredential(
    id=UUID(int=0xABC),
    tenant_id=TENANT,
    application_id=APPLICATION,
    name="gh-prod",
    issuer=Issuer(id=UUID(int=4), tenant_id=TENANT, url=IssuerUrl(GITHUB), algorithms=()),
    audience=DEFAULT_AUDIENCE,
    created_at=AT,
    subject="repo:o/r:environment:prod",
)
FLEXIBLE = replace(PLAIN, subject=None, expression=parse(TEXT, 1), description="d", enabled=False)


def test_v1_shows_these_members_in_this_order():
    assert list(graph.write(PLAIN, beta=False).items()) == [
        ("id", str(PLAIN.id)),
        ("name", "gh-prod"),
        ("issuer", GITHUB),
        ("subject", "repo:o/r:environment:prod"),
        ("description", None),
        ("audiences", [DEFAULT_AUDIENCE]),
    ]


def test_v1_shows_nothing_of_an_expression_but_a_subject_that_is_null():
    found = graph.write(FLEXIBLE, beta=False)
    assert (found["subject"], "subject" in found) == (None, True)
    assert "claimsMatchingExpression" not in found
    assert "accredit" not in found


def test_beta_shows_the_expression_and_what_is_ours_behind_the_rest():
    found = graph.write(FLEXIBLE, beta=True)
    assert list(found)[5:] == ["audiences", "claimsMatchingExpression", "accredit"]
    assert found["claimsMatchingExpression"] == {"value": TEXT, "languageVersion": 1}
    assert found["accredit"] == {
        "enabled": False,
        "state": "disabled",
        "multiAudience": None,
        "listedAudiences": [],
        "issuerRecordId": str(UUID(int=4)),
        "createdDateTime": "2026-11-23T14:00:00Z",
        "notPortable": [],
    }
    ours = replace(FLEXIBLE, expression=parse("claims['sub'] matches 'repo:o/*' and claims['repository_id'] eq '1'", 2))
    assert graph.write(ours, beta=True)["accredit"]["notPortable"] == [
        "* in the pattern of sub stops at / : @; in Entra ID it would not: trust would widen"
    ]
    assert graph.write(PLAIN, beta=True)["claimsMatchingExpression"] is None
    assert graph.write(PLAIN, beta=True)["accredit"]["state"] == "enforced"


VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
CREDENTIALS = st.builds(
    lambda matching, **members: replace(PLAIN, **members, **matching),
    st.sampled_from([{"subject": "s"}, {"subject": None, "expression": parse(TEXT, 1)}]),
    name=VALUES,
    audience=VALUES,
    description=st.none() | VALUES,
    enabled=st.booleans(),
    multi_audience=st.sampled_from([None, "contained", "listed", "refuse"]),
    listed_audiences=st.lists(VALUES, max_size=3).map(tuple),
)


@given(CREDENTIALS)
def test_what_beta_wrote_is_read_back(credential):
    assert graph.read(graph.write(credential, beta=True), TENANT, APPLICATION) == credential


@given(CREDENTIALS)
def test_what_was_read_is_accepted_as_a_change_of_nothing(credential):
    body = graph.write(credential, beta=True)
    told = graph.changes(body, credential, "entra", beta=True)
    assert told == {
        "name": credential.name,
        "issuer": credential.issuer.url,
        "subject": credential.subject,
        "description": credential.description,
        "audiences": (credential.audience,),
        "expression": credential.expression and credential.expression.text,
        "enabled": credential.enabled,
        "multi_audience": credential.multi_audience,
        "listed_audiences": credential.listed_audiences,
        "issuer_id": credential.issuer.id,
        **({"language_version": 1} if credential.expression else {}),
    }


MATCHING = {"claimsMatchingExpression": {"value": TEXT, "languageVersion": 1}}
CHANGES = {  # the body, what is stored, and what is to be changed
    "one member": ({"subject": "s"}, PLAIN, {"subject": "s"}),
    "nulls": (
        {"description": None, "subject": None, "issuer": None},
        PLAIN,
        {"description": None, "subject": None, "issuer": None},
    ),
    "no audiences": ({"audiences": None}, PLAIN, {"audiences": ()}),
    "the id that it has, in another case": ({"id": str(PLAIN.id).upper()}, PLAIN, {}),
    "a name and an id that stay": ({"id": str(PLAIN.id), "name": "gh-prod"}, PLAIN, {"name": "gh-prod"}),
    "an expression": (
        {"claimsMatchingExpression": {"value": OTHER, "languageVersion": 1}},
        FLEXIBLE,
        {"expression": OTHER, "language_version": 1},
    ),
    "the text of an expression": (
        {"claimsMatchingExpression": {"value": OTHER}},
        FLEXIBLE,
        {"expression": OTHER, "language_version": 1},
    ),
    "a subject beside an expression, for administer to refuse": (
        {"subject": "s"},
        FLEXIBLE,
        {"subject": "s", "expression": TEXT, "language_version": 1},
    ),
    "an expression beside a subject, for administer to refuse": (
        MATCHING,
        PLAIN,
        {"subject": "repo:o/r:environment:prod", "expression": TEXT, "language_version": 1},
    ),
    "a subject in place of an expression": (
        {"subject": "s", "claimsMatchingExpression": None},
        FLEXIBLE,
        {"subject": "s", "expression": None},
    ),
    "an expression in place of a subject": (
        {**MATCHING, "subject": None},
        PLAIN,
        {"subject": None, "expression": TEXT, "language_version": 1},
    ),
    "no expression": ({"claimsMatchingExpression": None}, FLEXIBLE, {"expression": None}),
    "another version of the language": (
        {"claimsMatchingExpression": {"value": TEXT, "languageVersion": 2}},
        None,
        {"expression": TEXT, "language_version": 2},
    ),
    "what is ours": (
        {"accredit": {"enabled": True, "multiAudience": "listed", "listedAudiences": ["a"], "issuerRecordId": None}},
        FLEXIBLE,
        {"enabled": True, "multi_audience": "listed", "listed_audiences": ("a",), "issuer_id": None},
    ),
    "no more audiences": ({"accredit": {"listedAudiences": None}}, PLAIN, {"listed_audiences": ()}),
    "nothing of ours": ({"accredit": None}, PLAIN, {}),
    "what is ours and stays": (
        {"accredit": {"state": "disabled", "createdDateTime": "2026-11-23T14:00:00Z"}},
        FLEXIBLE,
        {},
    ),
    "its time of creation as SDKs write it": (
        {"accredit": {"createdDateTime": "2026-11-23T14:00:00.0000000+00:00"}},
        FLEXIBLE,
        {},
    ),
}


@every("sentence", CHANGES)
def test_a_body_says(sentence):
    body, stored, told = CHANGES[sentence]
    assert graph.changes(body, stored, "entra", beta=True) == told


INVALID = {  # the body, what is stored, and the member that is refused
    "a member that Graph has not": ({"subjects": "s"}, PLAIN, "subjects"),
    "a name of another type": ({"name": 5}, None, "name"),
    "a subject of another type": ({"subject": ["s"]}, PLAIN, "subject"),
    "audiences that are a text": ({"audiences": "a"}, PLAIN, "audiences"),
    "an audience of another type": ({"audiences": [5]}, PLAIN, "audiences"),
    "an audience that is null": ({"audiences": [None]}, PLAIN, "audiences"),
    "another id": ({"id": str(UUID(int=9))}, PLAIN, "id"),
    "an id that is none": ({"id": "x"}, PLAIN, "id"),
    "an id for a new one": ({"id": str(UUID(int=9))}, None, "id"),
    "an expression that is a text": ({"claimsMatchingExpression": TEXT}, None, "claimsMatchingExpression"),
    "an expression without a text": (
        {"claimsMatchingExpression": {"languageVersion": 1}},
        None,
        "claimsMatchingExpression/value",
    ),
    "an expression that is null inside": (
        {"claimsMatchingExpression": {"value": None, "languageVersion": 1}},
        None,
        "claimsMatchingExpression/value",
    ),
    "an empty expression": (
        {"claimsMatchingExpression": {"value": "", "languageVersion": 1}},
        None,
        "claimsMatchingExpression/value",
    ),
    "an expression without a version": (
        {"claimsMatchingExpression": {"value": TEXT}},
        PLAIN,
        "claimsMatchingExpression/languageVersion",
    ),
    "a version that is null": (
        {"claimsMatchingExpression": {"value": TEXT, "languageVersion": None}},
        FLEXIBLE,
        "claimsMatchingExpression/languageVersion",
    ),
    "a version that is a text": (
        {"claimsMatchingExpression": {"value": TEXT, "languageVersion": "1"}},
        FLEXIBLE,
        "claimsMatchingExpression/languageVersion",
    ),
    "a rule that is none": ({"accredit": {"multiAudience": "any"}}, PLAIN, "accredit/multiAudience"),
    "a record that is no id": ({"accredit": {"issuerRecordId": "x"}}, PLAIN, "accredit/issuerRecordId"),
    "something of ours that is not": ({"accredit": {"audit": True}}, PLAIN, "accredit/audit"),
    "ours as a text": ({"accredit": "enabled"}, PLAIN, "accredit"),
    "another state": ({"accredit": {"state": "disabled"}}, PLAIN, "accredit/state"),
    "another time of creation": (
        {"accredit": {"createdDateTime": "2026-11-23T14:00:01Z"}},
        PLAIN,
        "accredit/createdDateTime",
    ),
}


@every("sentence", INVALID)
def test_a_body_is_refused_for(sentence):
    body, stored, member = INVALID[sentence]
    with pytest.raises(Refused) as refused:
        graph.changes(body, stored, "extended", beta=True)
    assert refused.value.row is errors.PROPERTY_INVALID
    assert refused.value.fields == {"property": member, "kind": "FederatedIdentityCredential"}


def test_a_body_without_members_is_refused():
    for stored in (None, PLAIN):
        with pytest.raises(Refused) as refused:
            graph.changes({}, stored, "entra", beta=False)
        assert refused.value.row is errors.FIC_EMPTY


IN_V1 = {  # the body, the tenant's portability, what is stored, and the refusal or what is to be changed
    "an expression for a new one": (MATCHING, "entra", None, errors.SUBJECT_EMPTY),
    "an expression and no subject": ({**MATCHING, "subject": None}, "entra", None, errors.SUBJECT_EMPTY),
    "another expression": (MATCHING, "entra", FLEXIBLE, errors.SUBJECT_EMPTY),
    "a subject where an expression is stored, which is not shown": (
        {"subject": "s"},
        "entra",
        FLEXIBLE,
        {"subject": "s", "expression": TEXT, "language_version": 1},
    ),
    "a subject for an expression": (
        {"subject": "s", "claimsMatchingExpression": None},
        "entra",
        FLEXIBLE,
        {"subject": "s", "expression": None},
    ),
    "an expression where more is accepted": (
        MATCHING,
        "extended",
        None,
        {"expression": TEXT, "language_version": 1},
    ),
    "both, for administer to refuse": (
        {**MATCHING, "subject": "s"},
        "entra",
        None,
        {"subject": "s", "expression": TEXT, "language_version": 1},
    ),
    "what is ours": ({"accredit": {"enabled": True}}, "extended", PLAIN, errors.PROPERTY_INVALID),
}


@every("sentence", IN_V1)
def test_in_v1(sentence):
    body, portability, stored, expected = IN_V1[sentence]
    if isinstance(expected, dict):
        assert graph.changes(body, stored, portability, beta=False) == expected
        return
    with pytest.raises(Refused) as refused:
        graph.changes(body, stored, portability, beta=False)
    assert refused.value.row is expected


@pytest.mark.parametrize("member", ["id", "issuer"])
def test_what_graph_always_writes_is_missed_when_it_is_read(member):
    written = graph.write(PLAIN, beta=True)
    del written[member]
    with pytest.raises(Refused) as refused:
        graph.read(written, TENANT, APPLICATION)
    assert refused.value.fields["property"] == member


def test_times_are_written_in_utc_whatever_they_are_stored_in():
    east = replace(PLAIN, created_at=AT.astimezone(timezone(timedelta(hours=2))))
    assert graph.write(east, beta=True) == graph.write(PLAIN, beta=True)


@every("credential", [PLAIN, FLEXIBLE], ids=["a subject", "an expression"])
def test_a_trust_is_written_as_a_body_that_makes_it(credential):
    body = graph.of_trust(WrittenTrust.of(credential))
    members = graph.changes(body, None, "entra", beta=True)
    expression = credential.expression
    assert members == {
        "name": credential.name,
        "issuer": credential.issuer.url,
        "subject": credential.subject,
        "description": credential.description,
        "audiences": (credential.audience,),
        "expression": expression and expression.text,
        **({"language_version": expression.language_version} if expression else {}),
    }
