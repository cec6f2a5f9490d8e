"""The JSON of a sign-in."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.interop.graph import signin
from accredit.signins import CheckKept, Event, VerdictKept, hashed
from tests.support.every import every

AT = datetime(2026, 11, 23, 14, 0, 7, tzinfo=UTC)
TENANT = UUID(int=0x7E)
GRAPH = UUID("00000003-0000-0000-c000-000000000000")
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"

GRANTED = Event(
    id=UUID(int=0x1D),
    at=AT,
    tenant_id=TENANT,
    app_id=UUID(int=0xA0),
    app_name="deploy-bot",
    principal_id=UUID(int=0x5B),
    correlation_id=UUID(int=0xC0),
    address="192.0.2.7",
    user_agent="azsdk-python/1.25",
    evidence="federatedIdentityCredential",
    proof="proven",
    credential_id=UUID(int=0xF1C),
    credential_name="github-production",
    issuer_id=UUID(int=0x155),
    issuer="https://token.actions.githubusercontent.com",
    subject="repo:o/r:environment:prod",
    audiences=("api://AzureADTokenExchange",),
    algorithm="RS256",
    kid="kid-1",
    token_id="jti-1",
    digest="d" * 64,
    issued=1_795_442_400.0,
    expires=1_795_442_700.5,
    wanted="api://orders",
    resource_app_id=UUID(int=0x4E6),
    resource_principal_id=UUID(int=0x4E5),
    resource_name="orders",
    roles=("Orders.Read.All",),
    duration=1.6,
)
REFUSED = replace(
    GRANTED,
    code=700213,
    failure="No matching federated identity record found.",
    detail="subject",
    proof="unproven",
    credential_id=None,
    credential_name="",
    issuer_id=None,
    roles=(),
    resource_app_id=None,
    resource_principal_id=None,
    resource_name="",
    keys_stale=12.5,
    nearest="The subject differs.",
    claims=(("repository_id", "1"), ("ref", "main")),
    verdicts=(VerdictKept(UUID(int=0xF1C), "github-production", (CheckKept("sub", "a", "b", passed=False),)),),
)
AGGREGATE = Event(
    id=UUID(int=0x1D),
    at=AT,
    tenant_id=TENANT,
    app_id=UUID(int=0xA0),
    app_name="deploy-bot",
    principal_id=UUID(int=0x5B),
    correlation_id=UUID(int=0xC0),
    address="192.0.2.7",
    code=700213,
    failure="No matching federated identity record found.",
    count=812,
    last_at=AT + timedelta(seconds=59),
    last_id=UUID(int=0x2D),
    subjects=("a", "b"),
)
BY_EXPRESSION = replace(GRANTED, clause="claims['sub'] eq 'it''s'", claims=(("repository_id", "1"),), issued=None)
BY_CERTIFICATE = replace(
    AGGREGATE, code=0, failure="", count=1, evidence="certificate", key_id=UUID(int=0xCE7), thumbprint="A" * 40
)
BY_SECRET = replace(AGGREGATE, code=0, failure="", count=1, evidence="clientSecret", key_id=UUID(int=0x5EC))
EVENTS = {"granted": GRANTED, "refused": REFUSED, "an aggregate": AGGREGATE, "by a secret": BY_SECRET}
EVENTS |= {"by an expression": BY_EXPRESSION, "by a certificate": BY_CERTIFICATE}

ORDER = """
id createdDateTime appId appDisplayName servicePrincipalId servicePrincipalName servicePrincipalCredentialKeyId
servicePrincipalCredentialThumbprint federatedCredentialId clientCredentialType signInEventTypes status resourceId
resourceDisplayName resourceServicePrincipalId resourceTenantId homeTenantId ipAddress location correlationId
originalRequestId uniqueTokenIdentifier authenticationProtocol authenticationProcessingDetails autonomousSystemNumber
conditionalAccessStatus appliedConditionalAccessPolicies crossTenantAccessType incomingTokenType isInteractive
isTenantRestricted networkLocationDetails processingTimeInMilliseconds riskState riskDetail riskLevelAggregated
riskLevelDuringSignIn riskEventTypes_v2 tokenIssuerName tokenIssuerType userAgent managedServiceIdentity
appOwnerTenantId resourceOwnerTenantId sessionId accredit
""".split()  # noqa: SIM905  four members a line, and not one


def test_every_member_in_its_order():
    for each in EVENTS.values():
        assert list(signin.write(each)) == ORDER
    written = signin.write(GRANTED)
    assert list(written["status"]) == ["errorCode", "failureReason", "additionalDetails"]
    assert list(written["location"]) == ["city", "state", "countryOrRegion", "geoCoordinates"]
    assert list(written["managedServiceIdentity"]) == [
        "associatedResourceId",
        "federatedTokenId",
        "federatedTokenIssuer",
        "msiType",
    ]
    assert set(ORDER) >= signin.BETA_ONLY
    assert list(signin.write(GRANTED, explained=False)) == ORDER[:-1]


VALUES = {
    "a grant": (
        GRANTED,
        {
            "createdDateTime": "2026-11-23T14:00:07Z",
            "status": {"errorCode": 0, "failureReason": "Other.", "additionalDetails": None},
            "clientCredentialType": "federatedIdentityCredential",
            "federatedCredentialId": str(UUID(int=0xF1C)),
            "servicePrincipalCredentialKeyId": "",
            "signInEventTypes": ["servicePrincipal"],
            "uniqueTokenIdentifier": "MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDFk",
            "conditionalAccessStatus": "notApplied",
            "crossTenantAccessType": "none",
            "incomingTokenType": "none",
            "isInteractive": False,
            "processingTimeInMilliseconds": 2,
            "resourceId": str(UUID(int=0x4E6)),
            "resourceOwnerTenantId": str(TENANT),
        },
    ),
    "a grant for an API of Microsoft's": (
        replace(GRANTED, resource_app_id=GRAPH),
        {"resourceTenantId": str(TENANT), "resourceOwnerTenantId": MICROSOFT},
    ),
    "a refusal": (
        REFUSED,
        {
            "status": {
                "errorCode": 700213,
                "failureReason": "No matching federated identity record found.",
                "additionalDetails": "subject",
            },
            "federatedCredentialId": "",
            "resourceId": None,
            "resourceOwnerTenantId": None,
        },
    ),
    "by a secret": (
        BY_SECRET,
        {"clientCredentialType": "clientSecret", "servicePrincipalCredentialKeyId": str(UUID(int=0x5EC))},
    ),
}


@every("row", VALUES.values(), ids=VALUES.keys())
def test_values(row):
    event, expected = row
    written = signin.write(event)
    assert {name: written[name] for name in expected} == expected


def test_what_graph_has_no_member_for():
    ours = signin.write(REFUSED)["accredit"]
    assert ours["proof"] == "unproven"
    assert ours["requestedResource"] == "api://orders"
    assert (ours["assertion"]["issuer"], ours["assertion"]["sha256"]) == (REFUSED.issuer, REFUSED.digest)
    assert ours["verdicts"][0]["checks"] == [{"claim": "sub", "expected": "a", "presented": "b", "passed": False}]
    assert signin.write(BY_SECRET)["accredit"]["assertion"] is None
    assert signin.write(AGGREGATE)["accredit"]["count"] == 812


@every("event", EVENTS.values(), ids=EVENTS.keys())
def test_a_reader_has_the_event_again(event):
    told = msgspec.json.decode(msgspec.json.encode(signin.write(event)))
    known = replace(event, token_id=hashed(event.token_id))
    assert signin.read(told, TENANT) == known
    assert signin.write(known) == signin.write(event)


OURS = {
    "the subject is what matched": (GRANTED, "matchedClause", "sub eq 'repo:o/r:environment:prod'"),
    "quotes in it are doubled": (replace(GRANTED, subject="it's"), "matchedClause", "sub eq 'it''s'"),
    "there may be no subject": (
        replace(GRANTED, subject=None, clause="claims['a'] eq 'b'"),
        "matchedClause",
        "claims['a'] eq 'b'",
    ),
    "the expression is what matched": (BY_EXPRESSION, "matchedClause", "claims['sub'] eq 'it''s'"),
    "nothing matched": (REFUSED, "matchedClause", None),
    "claims are pairs": (BY_EXPRESSION, "claims", [{"key": "repository_id", "value": "1", "type": None}]),
    "a claim is of a type": (
        replace(BY_EXPRESSION, claim_kinds="i"),
        "claims",
        [{"key": "repository_id", "value": "1", "type": "integer"}],
    ),
    "what was not there is told": (replace(GRANTED, claims_lacking=("ref",)), "claimsLacking", ["ref"]),
    "nothing is near where nothing failed": (GRANTED, "nearest", None),
    "the nearest credential is named": (
        REFUSED,
        "nearest",
        {
            "federatedCredentialId": str(UUID(int=0xF1C)),
            "federatedCredentialName": "github-production",
            "difference": "The subject differs.",
        },
    ),
    "the one that matched is the nearest": (
        replace(GRANTED, code=700024, nearest="It expired."),
        "nearest",
        {
            "federatedCredentialId": str(UUID(int=0xF1C)),
            "federatedCredentialName": "github-production",
            "difference": "It expired.",
        },
    ),
    "there is none where nobody is trusted": (
        replace(REFUSED, verdicts=()),
        "nearest",
        {"federatedCredentialId": None, "federatedCredentialName": None, "difference": "The subject differs."},
    ),
}


@every("sentence", OURS)
def test_what_matched_and_what_was_near(sentence):
    event, member, value = OURS[sentence]
    assert signin.write(event)["accredit"][member] == value


def test_how_long_an_assertion_lives():
    assert signin.write(GRANTED)["accredit"]["assertion"]["lifetimeSeconds"] == 300.5
    assert signin.write(BY_EXPRESSION)["accredit"]["assertion"]["lifetimeSeconds"] is None
    assert signin.write(BY_CERTIFICATE)["servicePrincipalCredentialThumbprint"] == "A" * 40


def test_of_the_id_of_a_token_only_the_hash_is_told():
    jti = signin.write(GRANTED)["accredit"]["assertion"]["jti"]
    assert jti == "sha256:" + sha256(b"jti-1").hexdigest()
    assert hashed("sha256:jti") == "sha256:" + sha256(b"sha256:jti").hexdigest()
    assert hashed(None) is None


texts = st.text(max_size=5)


@given(texts, texts, st.none() | texts, st.floats(0, 1e9), st.none() | st.floats(0, 4e9), st.lists(texts).map(tuple))
def test_reading_is_the_inverse_of_writing(name, agent, subject, duration, issued, subjects):
    event = replace(
        REFUSED,
        app_name=name,
        user_agent=agent,
        subject=subject,
        duration=duration,
        issued=issued,
        subjects=subjects,
        audiences=subjects,
        token_id=hashed("jti-1"),
    )
    assert signin.read(msgspec.json.decode(msgspec.json.encode(signin.write(event))), TENANT) == event
