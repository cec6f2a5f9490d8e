"""Which checks an attempt passed, told from its event."""

from uuid import UUID

from msgspec.structs import replace

from accredit.signins import Event, checks
from accredit.signins.checks import ORDER
from tests.forge import NOW
from tests.support.every import every

FEDERATED = Event(
    id=UUID(int=1),
    at=NOW,
    tenant_id=UUID(int=2),
    app_id=UUID(int=3),
    app_name="deploy-bot",
    principal_id=UUID(int=4),
    correlation_id=UUID(int=1),
    address="203.0.113.9",
    evidence="federatedIdentityCredential",
    wanted="api://orders",
    digest="d" * 64,
)
FIRST = "✓ form ✓ tenant ✓ application ✓ scope"
NEVER = "– keys – signature – times – resource – roles"  # noqa: RUF001  the mark of what was not made
MARKS = {"pass": "✓", "fail": "✗", "skip": "–"}  # noqa: RUF001

TOLD = {
    "a grant": ({"code": 0}, f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✓ times ✓ resource ✓ roles"),
    "a disabled application": (
        {"code": 7000112, "evidence": "none", "wanted": ""},
        "✓ form ✓ tenant ✗ application – scope – evidence – resource – roles",  # noqa: RUF001
    ),
    "a scope": (
        {"code": 70011, "evidence": "none", "wanted": ""},
        "✓ form ✓ tenant ✓ application ✗ scope – evidence – resource – roles",  # noqa: RUF001
    ),
    "an unreadable token": ({"code": 50027, "digest": ""}, f"{FIRST} ✗ readable – trusted {NEVER}"),  # noqa: RUF001
    "a token without iss": ({"code": 90014, "digest": ""}, f"{FIRST} ✗ readable – trusted {NEVER}"),  # noqa: RUF001
    "a token without sub": ({"code": 90014}, f"{FIRST} ✓ readable ✗ trusted {NEVER}"),
    "another subject": ({"code": 700213}, f"{FIRST} ✓ readable ✗ trusted {NEVER}"),
    "an algorithm that is never allowed": (
        {"code": 5002738, "digest": ""},
        f"{FIRST} ✗ readable – trusted {NEVER}",  # noqa: RUF001
    ),
    "an algorithm that the record does not allow": (
        {"code": 5002738},
        f"{FIRST} ✓ readable ✓ trusted ✗ keys – signature – times – resource – roles",  # noqa: RUF001
    ),
    "a blocked issuer": (
        {"code": 700238},
        f"{FIRST} ✓ readable ✓ trusted ✗ keys – signature – times – resource – roles",  # noqa: RUF001
    ),
    "an issuer that the tenant does not allow": (
        {"code": 700238, "proof": "proven"},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✓ times ✗ policy – resource – roles",  # noqa: RUF001
    ),
    "an algorithm that the tenant does not allow": (
        {"code": 5002738, "proof": "proven", "policies": ("allowedAlgorithms",)},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✓ times ✗ policy – resource – roles",  # noqa: RUF001
    ),
    "a life that the record allows, and the tenant does not": (
        {"code": 70023, "proof": "proven", "policies": ("maxAssertionLifetime",)},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✓ times ✗ policy – resource – roles",  # noqa: RUF001
    ),
    "a life that the record does not allow": (
        {"code": 70023, "proof": "proven"},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✗ times – resource – roles",  # noqa: RUF001
    ),
    "an assertion that was used before": (
        {"code": 700027, "proof": "proven", "policies": ("replay",), "reused": 1},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✓ times ✓ resource ✓ roles ✗ replay",
    ),
    "no role, where a policy would have refused it too": (
        {"code": 501051, "proof": "proven", "policies": ("immutableIds",)},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✓ times ✓ resource ✗ roles",
    ),
    "a bad signature": (
        {"code": 700027, "proof": "unproven"},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✗ signature – times – resource – roles",  # noqa: RUF001
    ),
    "no role": (
        {"code": 501051, "proof": "proven"},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✓ times ✓ resource ✗ roles",
    ),
    "a wrong secret": (
        {"code": 7000215, "evidence": "clientSecret", "digest": ""},
        f"{FIRST} ✗ secret – resource – roles",  # noqa: RUF001
    ),
    "a certificate that is none of the application's": (
        {"code": 700027, "evidence": "certificate"},
        f"{FIRST} ✓ readable ✗ key – audience – times – resource – roles",  # noqa: RUF001
    ),
    "an assertion of its own for somebody else": (
        {"code": 700023, "evidence": "certificate"},
        f"{FIRST} ✓ readable ✓ key ✗ audience – times – resource – roles",  # noqa: RUF001
    ),
    "something that broke before anything was known": (
        {"code": 2500, "evidence": "none", "wanted": "", "digest": ""},
        "✓ form ✓ tenant ✓ application – scope – evidence – resource – roles",  # noqa: RUF001
    ),
    "something that broke when all was known": (
        {"code": 90033, "proof": "proven", "credential_id": UUID(int=9), "resource_app_id": UUID(int=8)},
        f"{FIRST} ✓ readable ✓ trusted ✓ keys ✓ signature ✓ times ✓ resource – roles",  # noqa: RUF001
    ),
    "something that broke after a match": (
        {"code": 2500, "credential_id": UUID(int=9)},
        f"{FIRST} ✓ readable ✓ trusted {NEVER}",
    ),
}


@every("sentence", TOLD)
def test_how_far_an_attempt_came(sentence):
    changed, told = TOLD[sentence]
    assert " ".join(f"{MARKS[each.result]} {each.name}" for each in checks(replace(FEDERATED, **changed))) == told


def test_every_kind_of_evidence_begins_and_ends_alike():
    for order in (tuple(name for name in each if name != "replay") for each in ORDER.values()):
        assert (order[:4], order[-2:]) == (("form", "tenant", "application", "scope"), ("resource", "roles"))
