"""``summarizedSignIn`` of Microsoft Graph: sign-ins of a window that are alike, as one.

Rule 1: its id is that of the first of them, which is found by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.interop.graph import signin
from accredit.interop.graph.parts import instant

if TYPE_CHECKING:
    from accredit.interop.graph.parts import Json
    from accredit.signins.summary import Summary

KIND: Final = "SummarizedSignIn"
NO_MANAGED_IDENTITY: Final = "none"
NO_AGENT: Final = "notAgentic"
_OF_FIRST: Final = (
    "appId",
    "appDisplayName",
    "ipAddress",
    "conditionalAccessStatus",
    "resourceDisplayName",
    "resourceId",
)


def write(of: Summary) -> Json:
    """Write what a window saw."""
    first = signin.write(of.first, explained=False)
    status: dict[str, Any] = first["status"]
    return {
        "id": first["id"],
        "signInCount": of.count,
        "aggregationDateTime": instant(of.window),
        "firstSignInDateTime": instant(of.first_at),
        "userPrincipalName": "",
        **{name: first[name] for name in _OF_FIRST},
        "tenantId": str(of.first.tenant_id),
        "servicePrincipalName": first["servicePrincipalName"],
        "servicePrincipalId": first["servicePrincipalId"],
        "status": {
            "errorCode": of.first.code,
            "failureReason": status["failureReason"] if of.first.code else None,  # as Graph's samples have it
            "additionalDetails": None,  # of one sign-in, and not of the others
        },
        "managedServiceIdentity": {
            "msiType": NO_MANAGED_IDENTITY,
            "associatedResourceId": None,
            "federatedTokenId": None,
            "federatedTokenIssuer": None,
        },
        "agent": {"agentType": NO_AGENT, "parentAppId": None},
    }
