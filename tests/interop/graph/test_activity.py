"""The JSON of when something was last used."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from accredit.directory import Application, Certificate, Secret, ServicePrincipal
from accredit.interop.graph import activity
from accredit.interop.graph.activity import Last
from accredit.issuers import Issuer, IssuerUrl
from accredit.signins.usage import HourCount, Use
from accredit.trust import FederatedCredential
from tests.support.every import every

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT = UUID(int=1)
SPAN = {"starts_at": NOON, "ends_at": NOON + timedelta(days=9)}
SECRET = Secret(key_id=UUID(int=0x52), salt=b"s", digest=b"d", hint="abc", display_name="ci", **SPAN)
CERTIFICATE = Certificate(key_id=UUID(int=0x51), der=b"", thumbprint="", **SPAN)
APPLICATION = Application(
    id=UUID(int=2), tenant_id=TENANT, app_id=UUID(int=3), display_name="a", created_at=NOON, secrets=(SECRET,)
)
PRINCIPAL = ServicePrincipal(
    id=UUID(int=4), tenant_id=TENANT, app_id=UUID(int=3), display_name="a", created_at=NOON, certificates=(CERTIFICATE,)
)
LAST = Last(NOON, UUID(int=9), UUID(int=8))
ACTIVITY = {"lastSignInDateTime": "2026-03-01T12:00:00Z", "lastSignInRequestId": str(UUID(int=9))}


def test_these_members_of_a_secret_stand_there_in_this_order():
    (secret,) = activity.registered(APPLICATION, None)
    assert list(activity.write_credential(secret, None).items()) == [
        ("id", b64encode(f"{SECRET.key_id}|application".encode()).decode()),
        ("keyId", str(SECRET.key_id)),
        ("keyType", "clientSecret"),
        ("keyUsage", "sign"),
        ("appId", str(UUID(int=3))),
        ("appObjectId", str(UUID(int=2))),
        ("servicePrincipalObjectId", None),
        ("resourceId", None),
        ("credentialOrigin", "application"),
        ("expirationDateTime", "2026-03-10T12:00:00Z"),
        ("createdDateTime", "2026-03-01T12:00:00Z"),
        ("signInActivity", None),
    ]


def test_a_certificate_of_a_service_principal_that_was_used():
    application = replace(APPLICATION, certificates=(replace(CERTIFICATE, key_id=UUID(int=0x50)),))
    found = list(activity.registered(application, PRINCIPAL))
    assert [(each.origin, each.key.key_id) for each in found] == [
        ("application", UUID(int=0x50)),
        ("application", UUID(int=0x52)),
        ("servicePrincipal", UUID(int=0x51)),
    ]
    written = activity.write_credential(found[2], LAST)
    assert (written["keyType"], written["keyUsage"]) == ("certificate", "verify")
    assert (written["servicePrincipalObjectId"], written["resourceId"]) == (str(UUID(int=4)), str(UUID(int=8)))
    assert written["signInActivity"] == ACTIVITY
    asked = found[2].asked()
    assert asked.keys() == activity.ASKED_OF_CREDENTIALS
    assert (asked["expirationDateTime"], asked["createdDateTime"]) == (NOON + timedelta(days=9), NOON)


def test_these_members_of_a_service_principal_stand_there_in_this_order():
    later = Last(NOON + timedelta(hours=1), UUID(int=10))
    assert list(activity.write_principal(UUID(int=3), LAST, later).items()) == [
        ("id", b64encode(str(UUID(int=3)).encode()).decode()),
        ("appId", str(UUID(int=3))),
        ("applicationAuthenticationClientSignInActivity", ACTIVITY),
        (
            "applicationAuthenticationResourceSignInActivity",
            {"lastSignInDateTime": "2026-03-01T13:00:00Z", "lastSignInRequestId": str(UUID(int=10))},
        ),
        ("delegatedClientSignInActivity", None),
        ("delegatedResourceSignInActivity", None),
        (
            "lastSignInActivity",
            {"lastSignInDateTime": "2026-03-01T13:00:00Z", "lastSignInRequestId": str(UUID(int=10))},
        ),
    ]
    assert activity.write_principal(UUID(int=3), LAST, None)["lastSignInActivity"] == ACTIVITY
    assert set(activity.write_principal(UUID(int=3), None, None).values()) == {
        str(UUID(int=3)),
        activity.principal_id(UUID(int=3)),
        None,
    }


def test_ids_are_read_as_they_were_written():
    for each in activity.registered(APPLICATION, PRINCIPAL):
        assert activity.read_credential_id(each.id) == each.key.key_id
    assert activity.read_principal_id(activity.principal_id(UUID(int=3))) == UUID(int=3)


@every("text", ["", "x", "====", "ä", b64encode(b"\xff\xff").decode(), b64encode(b"x|y").decode()])
def test_what_is_no_id(text):
    assert activity.read_credential_id(text) is None
    assert activity.read_principal_id(text) is None


def test_the_newest_grant():
    never, once = Use(refusals=3), Use(NOON, "192.0.2.7", UUID(int=9), 1)
    again = Use(NOON + timedelta(hours=1), "192.0.2.7", UUID(int=10), 1)
    assert activity.newest(()) is None
    assert activity.newest((never,)) is None
    assert activity.newest((never, again, once)) == Last(NOON + timedelta(hours=1), UUID(int=10))


def test_what_came_of_a_federated_credential():
    issuer = Issuer(id=UUID(int=5), tenant_id=TENANT, url=IssuerUrl("https://idp.test"), algorithms=("RS256",))
    credential = FederatedCredential(
        id=UUID(int=6),
        tenant_id=TENANT,
        application_id=UUID(int=2),
        name="production",
        issuer=issuer,
        audience="api://x",
        created_at=NOON,
        subject="s",
    )
    use = Use(NOON, "192.0.2.7", UUID(int=9), 4, 2)
    assert list(activity.write_usage(APPLICATION, credential, use).items()) == [
        ("id", str(UUID(int=6))),
        ("appId", str(UUID(int=3))),
        ("credentialType", "federatedIdentityCredential"),
        ("name", "production"),
        ("createdDateTime", "2026-03-01T12:00:00Z"),
        ("lastSignInDateTime", "2026-03-01T12:00:00Z"),
        ("lastSignInIpAddress", "192.0.2.7"),
        ("lastSignInRequestId", str(UUID(int=9))),
        ("grants", 4),
        ("refusals", 2),
    ]


def test_what_came_of_a_secret_that_nobody_used():
    (secret,) = activity.registered(APPLICATION, None)
    written = activity.write_usage(APPLICATION, secret, Use())
    assert written == {
        "id": str(SECRET.key_id),
        "appId": str(UUID(int=3)),
        "credentialType": "clientSecret",
        "name": "ci",
        "createdDateTime": "2026-03-01T12:00:00Z",
        "lastSignInDateTime": None,
        "lastSignInIpAddress": None,
        "lastSignInRequestId": None,
        "grants": 0,
        "refusals": 0,
    }
    assert written.keys() >= activity.ASKED_OF_USAGE


def test_what_there_was_in_an_hour():
    assert activity.write_hour(HourCount(NOON, 700213, 7, UUID(int=6))) == {
        "dateTime": "2026-03-01T12:00:00Z",
        "errorCode": 700213,
        "count": 7,
        "credentialId": str(UUID(int=6)),
        "resourceId": None,
    }
