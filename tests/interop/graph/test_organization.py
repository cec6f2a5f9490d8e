"""The JSON of a tenant, of its domains and of its settings."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit.directory import Tenant
from accredit.errors import PROPERTY_INVALID, Refused
from accredit.interop.graph import organization
from tests.support.every import every

TENANT = Tenant(
    id=UUID(int=7),
    display_name="Contoso",
    domains=("contoso.test", "contoso.example"),
    created_at=datetime(2026, 11, 23, 14, tzinfo=UTC),
)
LISTED = ("https://idp.test", "https://other.test/")
SET = replace(
    TENANT,
    portability="extended",
    multi_audience="listed",
    token_lifetime=600,
    trust_changes="owner_may_narrow",
    allowed_issuers=LISTED,
    allowed_issuers_mode="audit",
    allowed_algorithms=("RS256", "ES256"),
    max_assertion_lifetime=3_600,
    immutable_ids="enforce",
    lint="block",
)


def test_an_organization():
    assert organization.organization(TENANT) == {
        "id": str(TENANT.id),
        "displayName": "Contoso",
        "verifiedDomains": [
            {"name": "contoso.test", "isDefault": True, "isInitial": True, "capabilities": "", "type": "Managed"},
            {"name": "contoso.example", "isDefault": False, "isInitial": False, "capabilities": "", "type": "Managed"},
        ],
    }


def test_its_domains():
    first, second = organization.domains(TENANT)
    assert first == {
        "id": "contoso.test",
        "authenticationType": "Managed",
        "isAdminManaged": True,
        "isDefault": True,
        "isInitial": True,
        "isRoot": True,
        "isVerified": True,
        "supportedServices": [],
    }
    assert (second["id"], second["isDefault"], second["isInitial"]) == ("contoso.example", False, False)


@every("emulator", [True, False])
@every("of", [TENANT, SET], ids=["by default", "set"])
def test_a_reader_has_the_settings_again(of, emulator):
    assert organization.read(organization.write(of, emulator=emulator)) == (of, emulator)


CHANGES = {
    "nothing": ({}, {}),
    "what it is": (organization.write(SET, emulator=False), {
        "display_name": "Contoso",
        "domains": TENANT.domains,
        "portability": "extended",
        "multi_audience": "listed",
        "token_lifetime": 600,
        "trust_changes": "owner_may_narrow",
        "allowed_issuers": LISTED,
        "allowed_issuers_mode": "audit",
        "allowed_algorithms": ("RS256", "ES256"),
        "max_assertion_lifetime": 3_600,
        "immutable_ids": "enforce",
        "lint": "block",
    }),
    "its time with an offset": ({"createdDateTime": organization.write(SET, emulator=False)["createdDateTime"].replace(
        "Z", ".0000000+00:00"
    )}, {}),
    "a setting back to what the profile says": ({"trustChanges": None}, {"trust_changes": None}),
    "the issuers that are allowed": ({"allowedIssuers": ["https://a.test"]}, {"allowed_issuers": ("https://a.test",)}),
    "every issuer": ({"allowedIssuers": None}, {"allowed_issuers": None}),
    "every algorithm, and lives of any length": (
        {"allowedAlgorithms": None, "maxAssertionLifetime": None},
        {"allowed_algorithms": None, "max_assertion_lifetime": None},
    ),
    "policies that are only noted": (
        {"allowedIssuersMode": "audit", "immutableIds": "audit", "lint": "warn"},
        {"allowed_issuers_mode": "audit", "immutable_ids": "audit", "lint": "warn"},
    ),
    "domains": ({"domains": ["a.test"]}, {"domains": ("a.test",)}),
}  # fmt: skip


@every("row", CHANGES.values(), ids=CHANGES.keys())
def test_what_a_body_changes(row):
    body, expected = row
    assert organization.changes(body, SET, emulator=False) == expected


REFUSED = {
    "another id": ({"id": str(UUID(int=8))}, "id"),
    "another time": ({"createdDateTime": "2026-11-23T15:00:00Z"}, "createdDateTime"),
    "an emulator that is none": ({"isEmulator": True}, "isEmulator"),
    "a member that there is none of": ({"retention": 1}, "retention"),
    "a name that is none": ({"displayName": None}, "displayName"),
    "a list of issuers that is off": ({"allowedIssuersMode": "off"}, "allowedIssuersMode"),
    "ids that are perhaps demanded": ({"immutableIds": "maybe"}, "immutableIds"),
    "a life that is a text": ({"maxAssertionLifetime": "600"}, "maxAssertionLifetime"),
    "a lifetime that is a text": ({"tokenLifetime": "600"}, "tokenLifetime"),
    "an issuer that is no list": ({"allowedIssuers": "https://a.test"}, "allowedIssuers"),
    "an issuer that is a number": ({"allowedIssuers": [1]}, "allowedIssuers"),
    "a portability that there is none of": ({"portability": "all"}, "portability"),
}


@every("row", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_changed(row):
    body, name = row
    with pytest.raises(Refused) as caught:
        organization.changes(body, SET, emulator=False)
    assert (caught.value.row, caught.value.fields["property"]) == (PROPERTY_INVALID, name)
