"""``signIn`` of Microsoft Graph: one attempt of a service principal to sign in.

Rule 1: the members are beta's, in its order; nothing is invented: what is not known here has the value that Graph gives
to what does not apply.
Rule 2: what Graph has no member for stands under one member, ``accredit``, which is told to who asks for it.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from accredit.directory import wellknown
from accredit.interop.graph.opaque import in_base64
from accredit.interop.graph.parts import Json, dashed, instant
from accredit.signins import CheckKept, Event, VerdictKept, hashed
from accredit.signins.claim_set import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS: Final = "accredit"
EVENT_TYPES: Final = ("servicePrincipal",)
CONDITIONAL_ACCESS: Final = "notApplied"
BETA_ONLY: Final = frozenset(
    {
        "servicePrincipalCredentialKeyId",
        "servicePrincipalCredentialThumbprint",
        "federatedCredentialId",
        "clientCredentialType",
        "signInEventTypes",
    }
)
"""Members that v1.0 has not, where the tenant does as Entra ID does."""
_SUBJECT: Final = "sub eq '"  # as a clause made of a subject begins, and no expression does
GRANTED: Final = "Other."  # failureReason of a success


def write(of: Event, *, explained: bool = True) -> Json:
    """Write a sign-in. ``explained``: with what Graph has no member for."""
    written = {**_who(of), **_what(of), **_risk(of)}
    return {**written, OURS: _ours(of)} if explained else written


def read(json: Mapping[str, Any], tenant_id: UUID) -> Event:
    """Read a sign-in as ``write`` wrote it: its time to the second, of its token's id the hash."""
    ours, status = json[OURS], json["status"]
    assertion = ours["assertion"] or {}
    told: dict[str, Any] = {
        "id": json["id"],
        "at": json["createdDateTime"],
        "tenant_id": tenant_id,
        "app_id": json["appId"],
        "app_name": json["appDisplayName"],
        "principal_id": json["servicePrincipalId"],
        "correlation_id": json["correlationId"],
        "address": json["ipAddress"],
        "user_agent": json["userAgent"],
        "code": status["errorCode"],
        "failure": status["failureReason"] if status["errorCode"] else "",
        "detail": status["additionalDetails"] or "",
        "evidence": json["clientCredentialType"],
        "credential_id": json["federatedCredentialId"] or None,
        "key_id": json["servicePrincipalCredentialKeyId"] or None,
        "thumbprint": json["servicePrincipalCredentialThumbprint"],
        "resource_app_id": json["resourceId"],
        "resource_principal_id": json["resourceServicePrincipalId"],
        "resource_name": json["resourceDisplayName"] or "",
        **{name: ours[wire] for name, wire in _PLAIN.items()},
        **{name: assertion[wire] for name, wire in _OF_ASSERTION.items() if assertion},
        "claims": tuple((each["key"], each["value"]) for each in ours["claims"]),
        "claim_kinds": "".join(_LETTERS[each["type"]] for each in ours["claims"] if each["type"] is not None),
        "claims_lacking": tuple(ours["claimsLacking"]),
        "clause": _clause_of(ours),
        "nearest": (ours["nearest"] or {}).get("difference", ""),
        "verdicts": tuple(map(_verdict_kept, ours["verdicts"])),
    }
    types = _types()
    return Event(**{name: msgspec.convert(value, types[name]) for name, value in told.items()})


_LETTERS: Final = {kind: letter for letter, kind in KINDS.items()}
_PLAIN: Final = {  # members of an event, and what they are called under ``accredit``
    "proof": "proof",
    "credential_name": "federatedCredentialName",
    "issuer_id": "issuerRecordId",
    "wanted": "requestedResource",
    "roles": "roles",
    "duration": "durationMilliseconds",
    "count": "count",
    "last_at": "lastDateTime",
    "last_id": "lastId",
    "subjects": "subjects",
    "policies": "policies",
}
_OF_ASSERTION: Final = {  # the same under ``accredit/assertion``
    "issuer": "issuer",
    "subject": "subject",
    "audiences": "audiences",
    "algorithm": "alg",
    "kid": "kid",
    "token_id": "jti",
    "digest": "sha256",
    "issued": "iat",
    "expires": "exp",
    "keys_stale": "keysStaleSeconds",
    "reused": "reused",
    "first_address": "firstIpAddress",
}


def _who(of: Event) -> Json:
    return {
        "id": str(of.id),
        "createdDateTime": instant(of.at),
        "appId": str(of.app_id),
        "appDisplayName": of.app_name,
        "servicePrincipalId": str(of.principal_id),
        "servicePrincipalName": of.app_name,
        "servicePrincipalCredentialKeyId": str(of.key_id or ""),
        "servicePrincipalCredentialThumbprint": of.thumbprint,
        "federatedCredentialId": str(of.credential_id or ""),
        "clientCredentialType": of.evidence,
        "signInEventTypes": list(EVENT_TYPES),
        "status": {
            "errorCode": of.code,
            "failureReason": of.failure if of.code else GRANTED,
            "additionalDetails": of.detail or None,
        },
    }


def _what(of: Event) -> Json:
    tenant = str(of.tenant_id)
    return {
        "resourceId": dashed(of.resource_app_id),
        "resourceDisplayName": of.resource_name or None,
        "resourceServicePrincipalId": dashed(of.resource_principal_id),
        "resourceTenantId": tenant,
        "homeTenantId": tenant,
        "ipAddress": of.address,
        "location": {"city": None, "state": None, "countryOrRegion": None, "geoCoordinates": {}},
        "correlationId": str(of.correlation_id),
        "originalRequestId": str(of.id),
        "uniqueTokenIdentifier": in_base64(str(of.id)),
        "authenticationProtocol": "none",
        "authenticationProcessingDetails": [],
        "autonomousSystemNumber": None,
        "conditionalAccessStatus": CONDITIONAL_ACCESS,
        "appliedConditionalAccessPolicies": [],
        "crossTenantAccessType": "none",
        "incomingTokenType": "none",
        "isInteractive": False,
        "isTenantRestricted": False,
        "networkLocationDetails": [],
        "processingTimeInMilliseconds": round(of.duration),
    }


def _risk(of: Event) -> Json:
    return {
        "riskState": "none",
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskEventTypes_v2": [],
        "tokenIssuerName": "",
        "tokenIssuerType": "AzureAD",
        "userAgent": of.user_agent,
        "managedServiceIdentity": {
            "associatedResourceId": None,
            "federatedTokenId": None,
            "federatedTokenIssuer": None,
            "msiType": "none",
        },
        "appOwnerTenantId": str(of.tenant_id),
        "resourceOwnerTenantId": _owner(of),
        "sessionId": None,
    }


def _owner(of: Event) -> str | None:
    """Return the tenant that the resource is registered in: Microsoft's for its well-known APIs."""
    if of.resource_app_id is None:
        return None
    return str(wellknown.owner_tenant() if of.resource_app_id in _of_microsoft() else of.tenant_id)


@cache
def _of_microsoft() -> frozenset[UUID]:
    return frozenset(each.app_id for each in wellknown.principals().values())


def _ours(of: Event) -> Json:
    found: Json = {wire: _plain(getattr(of, name)) for name, wire in _PLAIN.items()}
    assertion = {wire: _plain(getattr(of, name)) for name, wire in _OF_ASSERTION.items()}
    assertion["jti"] = hashed(of.token_id)
    assertion["lifetimeSeconds"] = lifetime(of)
    verdicts = [
        {"credentialId": str(each.credential_id), "name": each.name, "checks": [_check(check) for check in each.checks]}
        for each in of.verdicts
    ]
    return {
        **found,
        "assertion": assertion if of.digest else None,
        "matchedClause": clause(of),
        "claims": [
            {"key": key, "value": value, "type": KINDS[kind] if kind else None}
            for (key, value), kind in zip_longest(of.claims, of.claim_kinds)
        ],
        "claimsLacking": list(of.claims_lacking),
        "nearest": _nearest(of),
        "verdicts": verdicts,
    }


def lifetime(of: Event) -> float | None:
    """Return how long the assertion lives, in seconds; ``None`` where it does not say when it was issued."""
    return None if of.issued is None or of.expires is None else of.expires - of.issued


def clause(of: Event) -> str | None:
    """Return what matched: the expression, or the subject as a clause; ``None`` where no credential did."""
    if of.credential_id is None:
        return None
    return of.clause or _SUBJECT + (of.subject or "").replace("'", "''") + "'"


def _clause_of(ours: Mapping[str, Any]) -> str:
    """Read the expression; there is none where the subject itself was equal."""
    text: str = ours["matchedClause"] or ""
    return "" if text.startswith(_SUBJECT) else text


def _nearest(of: Event) -> Json | None:
    """Return the credential that failed nearest, with its first difference; it may be the one that matched."""
    if not of.nearest:
        return None
    near = of.verdicts[0] if of.verdicts else None
    known = of.credential_id if near is None else near.credential_id
    return {
        "federatedCredentialId": dashed(known),
        "federatedCredentialName": (of.credential_name if near is None else near.name) or None,
        "difference": of.nearest,
    }


def _check(of: CheckKept) -> Json:
    return {"claim": of.claim, "expected": of.expected, "presented": of.presented, "passed": of.passed}


def _verdict_kept(json: Mapping[str, Any]) -> VerdictKept:
    checks = (CheckKept(each["claim"], each["expected"], each["presented"], each["passed"]) for each in json["checks"])
    return VerdictKept(UUID(json["credentialId"]), json["name"], tuple(checks))


def _plain(value: object) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, datetime):
        return instant(value)
    return str(value) if isinstance(value, UUID) else value


def _types() -> Mapping[str, Any]:
    return {each.name: each.type for each in msgspec.structs.fields(Event)}
