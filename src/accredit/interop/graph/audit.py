"""``directoryAudit`` of Microsoft Graph: who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.interop.graph.parts import Json, instant

if TYPE_CHECKING:
    from accredit.signins import Actor, Audit, Target

CATEGORY: Final = "ApplicationManagement"
RESULT: Final = "success"  # what was not done leaves no record


def write(of: Audit) -> Json:
    """Write the record of a change."""
    return {
        "id": str(of.id),
        "activityDateTime": instant(of.at),
        "activityDisplayName": of.activity,
        "additionalDetails": [],
        "category": CATEGORY,
        "correlationId": str(of.correlation_id),
        "initiatedBy": _initiated_by(of.actor),
        "loggedByService": "Core Directory",
        "operationType": of.operation,
        "result": RESULT,
        "resultReason": "",
        "targetResources": [_target(each) for each in of.targets],
    }


def _initiated_by(of: Actor) -> Json:
    """Write who did it: an application, this authority itself among them, or a person."""
    if of.kind in ("application", "system"):
        app = {
            "appId": of.app_id or None,
            "displayName": of.name,
            "servicePrincipalId": of.id or None,
            "servicePrincipalName": None,
        }
        return {"app": app, "user": None}
    user = {"id": of.id or None, "displayName": of.name, "userPrincipalName": None, "ipAddress": None}
    return {"app": None, "user": user}


def _target(of: Target) -> Json:
    return {
        "id": str(of.id),
        "displayName": of.name,
        "type": of.kind,
        "userPrincipalName": None,
        "groupType": None,
        "modifiedProperties": [
            {"displayName": each.name, "oldValue": each.before, "newValue": each.after} for each in of.modified
        ],
    }
