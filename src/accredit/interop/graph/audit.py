"""``directoryAudit`` of Microsoft Graph: who changed what.

Rule 1: an application has no member for the address that it called from: that and its agent, where they are known,
stand among ``additionalDetails``.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from accredit.interop.graph.parts import Json, instant
from accredit.signins import Actor, Audit, Modified, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

CATEGORY: Final = "ApplicationManagement"
AGENT: Final = "User-Agent"
ADDRESS: Final = "ipaddr"
RESULT: Final = "success"  # what was not done leaves no record


def write(of: Audit) -> Json:
    """Write the record of a change."""
    return {
        "id": str(of.id),
        "activityDateTime": instant(of.at),
        "activityDisplayName": of.activity,
        "additionalDetails": [{"key": key, "value": value} for key, value in _details(of.actor).items() if value],
        "category": CATEGORY,
        "correlationId": str(of.correlation_id),
        "initiatedBy": _initiated_by(of.actor),
        "loggedByService": "Core Directory",
        "operationType": of.operation,
        "result": RESULT,
        "resultReason": "",
        "targetResources": [_target(each) for each in of.targets],
    }


def read(json: Mapping[str, Any], tenant_id: UUID) -> Audit:
    """Read the record of a change as ``write`` wrote it: its time to the second."""
    return Audit(
        id=UUID(json["id"]),
        at=datetime.fromisoformat(json["activityDateTime"]),
        tenant_id=tenant_id,
        activity=json["activityDisplayName"],
        operation=json["operationType"],
        actor=_actor(json),
        targets=tuple(map(_target_read, json["targetResources"])),
        correlation_id=UUID(json["correlationId"]),
    )


def _target_read(json: Mapping[str, Any]) -> Target:
    changed = json["modifiedProperties"]
    return Target(
        id=UUID(json["id"]),
        kind=json["type"],
        name=json["displayName"],
        modified=tuple(Modified(each["displayName"], each["oldValue"], each["newValue"]) for each in changed),
    )


def _actor(json: Mapping[str, Any]) -> Actor:
    app, user = json["initiatedBy"]["app"], json["initiatedBy"]["user"]
    details = {each["key"]: each["value"] for each in json["additionalDetails"]}
    agent = details.get(AGENT, "")
    if user:
        address = user["ipAddress"] or ""
        return Actor(name=user["displayName"], id=user["id"] or "", address=address, user_agent=agent)
    told = {"name": app["displayName"], "id": app["servicePrincipalId"] or "", "app_id": app["appId"] or ""}
    kind: Literal["application", "system"] = "application" if told["id"] else "system"
    return Actor(**told, kind=kind, address=details.get(ADDRESS, ""), user_agent=agent)


def _details(of: Actor) -> dict[str, str]:
    """Return what there is no member for."""
    return {AGENT: of.user_agent, ADDRESS: of.address if _is_app(of) else ""}


def _is_app(of: Actor) -> bool:
    return of.kind in ("application", "system")


def _initiated_by(of: Actor) -> Json:
    """Write who did it: an application, this authority itself among them, or a person."""
    if _is_app(of):
        app = {
            "appId": of.app_id or None,
            "displayName": of.name,
            "servicePrincipalId": of.id or None,
            "servicePrincipalName": None,
        }
        return {"app": app, "user": None}
    user = {"id": of.id or None, "displayName": of.name, "userPrincipalName": None, "ipAddress": of.address or None}
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
