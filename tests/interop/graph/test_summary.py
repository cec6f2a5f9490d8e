"""The JSON of sign-ins that are shown as one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit.interop.graph import summary as graph
from accredit.signins import Event
from accredit.signins.summary import Summary

FIRST = Event(
    id=UUID(int=1),
    at=datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC),
    tenant_id=UUID(int=2),
    app_id=UUID(int=3),
    app_name="deploy-bot",
    principal_id=UUID(int=4),
    correlation_id=UUID(int=5),
    address="192.0.2.7",
    resource_app_id=UUID(int=6),
    resource_name="Orders API",
)
SUMMARY = Summary(datetime(2026, 3, 1, tzinfo=UTC), FIRST, datetime(2026, 3, 1, 12, 0, 4, 9, tzinfo=UTC), 24)


def test_these_members_stand_there_in_this_order():
    assert list(graph.write(SUMMARY).items()) == [
        ("id", str(UUID(int=1))),
        ("signInCount", 24),
        ("aggregationDateTime", "2026-03-01T00:00:00Z"),
        ("firstSignInDateTime", "2026-03-01T12:00:04Z"),
        ("userPrincipalName", ""),
        ("appId", str(UUID(int=3))),
        ("appDisplayName", "deploy-bot"),
        ("ipAddress", "192.0.2.7"),
        ("conditionalAccessStatus", "notApplied"),
        ("resourceDisplayName", "Orders API"),
        ("resourceId", str(UUID(int=6))),
        ("tenantId", str(UUID(int=2))),
        ("servicePrincipalName", "deploy-bot"),
        ("servicePrincipalId", str(UUID(int=4))),
        ("status", {"errorCode": 0, "failureReason": None, "additionalDetails": None}),
        (
            "managedServiceIdentity",
            {
                "msiType": "none",
                "associatedResourceId": None,
                "federatedTokenId": None,
                "federatedTokenIssuer": None,
            },
        ),
        ("agent", {"agentType": "notAgentic", "parentAppId": None}),
    ]


@pytest.mark.parametrize(("code", "reason"), [(0, None), (700213, "AADSTS700213: no")])
def test_a_refusal_has_a_reason_but_no_details_of_one_of_many(code, reason):
    first = replace(FIRST, code=code, failure="AADSTS700213: no", detail="of this one only")
    status = graph.write(replace(SUMMARY, first=first))["status"]
    assert status == {"errorCode": code, "failureReason": reason, "additionalDetails": None}
