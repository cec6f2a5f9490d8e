"""The shapes of what the directory API reads and writes, as JSON Schema, made from the types that do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.explain.replay import Replayed
from accredit.interop import findings
from accredit.interop.graph import (
    application,
    assignment,
    credential,
    directory_object,
    grant,
    issuer,
    issuer_keys,
    migration,
    organization,
    parts,
    preset,
    preview,
    principal,
)
from accredit.web.graph import batch, explain, held, lint, replay
from accredit.web.graph import parts as batched

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
TEXT: Final = {"type": "string"}
OBJECT: Final = {"type": "object"}
WRITTEN: Final[Mapping[str, tuple[Any, str]]] = {  # what stands in a collection, and what only the server says
    "Application": (
        application.Written,
        (
            "id appId createdDateTime deletedDateTime publisherDomain applicationTemplateId certification accredit "
            "verifiedPublisher disabledByMicrosoftStatus createdByAppId managerApplications"
        ),
    ),
    "ServicePrincipal": (
        principal.Written,
        (
            "id deletedDateTime createdDateTime displayName appDescription appDisplayName appRoles accredit "
            "applicationTemplateId appOwnerOrganizationId createdByAppId customSecurityAttributes isDisabled info "
            "oauth2PermissionScopes servicePrincipalNames resourceSpecificApplicationPermissions servicePrincipalType "
            "disabledByMicrosoftStatus signInAudience verifiedPublisher samlMetadataUrl"
        ),
    ),
    "FederatedIdentityCredential": (credential.Written, "id accredit"),
    "AppRoleAssignment": (
        assignment.Written,
        "id deletedDateTime createdDateTime principalDisplayName principalType resourceDisplayName",
    ),
    "OAuth2PermissionGrant": (grant.Written, "id accredit"),
    "Organization": (organization.Organization, ""),
    "Domain": (organization.Domain, ""),
    "Tenant": (organization.Written, "id createdDateTime isEmulator"),
    "Issuer": (issuer.Written, "id url keySource jwks blocked credentials"),
    "IssuerProbe": (issuer_keys.WrittenProbe, ""),
    "IssuerKeyState": (issuer_keys.WrittenState, ""),
    "IssuerHistory": (issuer_keys.WrittenHistory, ""),
    "IssuerDocument": (issuer_keys.WrittenText, ""),
    "Preset": (preset.Written, ""),
    "RenderedPreset": (preset.Filled, ""),
    "Explanations": (explain.Explanations, ""),
    "Replayed": (Replayed, ""),
    "Finding": (findings.Written, ""),
    "Findings": (lint.Findings, ""),
    "Migration": (migration.Written, ""),
    "PolicyFinding": (preview.PolicyFinding, ""),
    "PasswordCredential": (parts.PasswordCredential, ""),
    "KeyCredential": (parts.KeyCredential, ""),
}
BODIES: Final[Mapping[str, Any]] = {
    "NewIssuer": issuer.Made,
    "UploadedKeys": issuer.Uploaded,
    "ProbedUrl": issuer_keys.Asked,
    "PresetForm": preset.Asked,
    "ExplainedToken": explain.Asked,
    "ReplayedChange": replay.Asked,
    "LintedTrusts": lint.Asked,
    "GetByIds": directory_object.GetByIds,
    "AddPassword": held.AddPassword,
    "RemovePassword": held.RemovePassword,
    "AddKey": held.AddKey,
    "RemoveKey": held.RemoveKey,
    "BatchPart": batched.Part,
}
WRITABLE: Final = ("Application", "ServicePrincipal", "FederatedIdentityCredential", "OAuth2PermissionGrant")
MADE: Final = (*WRITABLE, "AppRoleAssignment")
CHANGED: Final = (*WRITABLE, "Issuer", "Tenant")
URL: Final = {
    "type": "string",
    "format": "uri",
    "pattern": "^https://[a-z0-9.-]+(/[A-Za-z0-9._~-]*)*$",
    "maxLength": 600,
}
NAME: Final = {"type": "string", "minLength": 1, "maxLength": 256}
GUID: Final = {"type": "string", "format": "uuid"}
BOUND: Final = {"type": "array", "items": {"type": "string", "format": "uri"}}
LIMITS: Final[Mapping[str, Json]] = {  # of bodies, beyond what types say
    "Application": {"displayName": NAME, "owners@odata.bind": BOUND},
    "ServicePrincipal": {"appId": GUID, "owners@odata.bind": BOUND},
    "FederatedIdentityCredential": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$"},
        "issuer": URL,
        "subject": {"type": ["string", "null"], "maxLength": 600},
        "description": {"type": ["string", "null"], "maxLength": 600},
        "audiences": {"type": "array", "items": {**NAME, "maxLength": 600}, "minItems": 1, "maxItems": 1},
    },
    "NewIssuer": {"url": URL},
    "GetByIds": {"ids": {"type": "array", "items": GUID, "minItems": 1, "maxItems": directory_object.MOST}},
}
REQUIRED: Final = {
    "FederatedIdentityCredential": ["name", "issuer", "audiences"],
    "Application": ["displayName"],
    "ServicePrincipal": ["appId"],
}  # in a POST


def schemas() -> Json:
    """Every schema by its name."""
    types = {**{name: each for name, (each, _) in WRITTEN.items()}, **BODIES}
    _, found = msgspec.json.schema_components(types.values(), ref_template="{name}")
    names = {each: _named(each, types) for each in found}
    shown = {names[name]: _renamed(each, names) for name, each in found.items()}
    for name, (_, server) in WRITTEN.items():
        required = shown[name].pop("required", [])  # what is shown may lack anything: $select leaves members out
        settable = {member: each for member, each in shown[name]["properties"].items() if member not in server.split()}
        needed = REQUIRED.get(name, [each for each in required if each in settable])
        if name in CHANGED:
            shown[f"Changed{name}"] = _body(settable | _limits(name, bound=False))
        if name in MADE:
            shown[f"New{name}"] = {**_body(settable | _limits(name, bound=True)), "required": needed}
    for name, each in shown.items():
        if name not in WRITTEN and not name.startswith(("New", "Changed")):
            each["additionalProperties"] = False
        if name in BODIES:
            each["properties"] |= LIMITS.get(name, {})
    return dict(sorted({**shown, **_others()}.items()))


def _named(found: str, types: Mapping[str, Any]) -> str:
    """The name of a schema: ours for the types that we name, and what a type is part of where names collide."""
    for name, each in types.items():
        if found in (each.__name__, f"{each.__module__}.{each.__name__}"):
            return name
    module, _, short = found.rpartition(".")
    of = (name for name, each in types.items() if each.__module__ == module)
    return f"{next(of)}.{short.lower()}" if module else found


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401  JSON
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {
        name: _renamed(each, names) for name, each in schema.items() if name != "title" or not isinstance(each, str)
    }
    if isinstance(told.get("$ref"), str):
        told["$ref"] = ref(names[told["$ref"]])["$ref"]
    return told


def _limits(name: str, *, bound: bool) -> Json:
    return {member: each for member, each in LIMITS.get(name, {}).items() if bound or "@" not in member}


def _body(properties: Json) -> Json:
    """A body: what else stands in it is refused, but for annotations."""
    return {
        "type": "object",
        "properties": properties,
        "patternProperties": {"@odata\\.type$": TEXT},
        "additionalProperties": False,
    }


def _others() -> Json:
    """What no type says."""
    parts_of_batch = {"type": "array", "items": ref("BatchPart"), "minItems": 1, "maxItems": batch.MOST}
    identity = {name: {"type": ["string", "null"]} for name in ("appId", "displayName", "servicePrincipalId", "id")}
    plain = {name: {"type": ["string", "null"]} for name in ("id", "correlationId", "appId", "appDisplayName")}
    time = {"type": "string", "format": "date-time"}
    said = {
        **plain,
        **{name: {"type": ["string", "null"]} for name in ("servicePrincipalId", "resourceId", "resourceDisplayName")},
        **dict.fromkeys(("ipAddress", "clientCredentialType", "federatedCredentialId", "userAgent"), TEXT),
        "createdDateTime": time,
        "signInEventTypes": {"type": "array", "items": TEXT},
        "status": {
            "type": "object",
            "properties": {"errorCode": {"type": "integer"}, "failureReason": TEXT},
            "required": ["errorCode", "failureReason"],
        },
        "accredit": OBJECT,
    }
    texts = dict.fromkeys(("displayName", "oldValue", "newValue"), TEXT)  # the values are JSON texts
    modified = {"type": "array", "items": {"type": "object", "properties": texts}}
    target = {"id": TEXT, "displayName": TEXT, "type": TEXT, "modifiedProperties": modified}
    audited = {
        **dict.fromkeys(("id", "activityDisplayName", "category", "correlationId", "loggedByService"), TEXT),
        **dict.fromkeys(("operationType", "result", "resultReason"), TEXT),
        "activityDateTime": time,
        "additionalDetails": {"type": "array", "items": {"type": "object", "properties": {"key": TEXT, "value": TEXT}}},
        "initiatedBy": {"type": "object", "additionalProperties": {"type": ["object", "null"], "properties": identity}},
        "targetResources": {"type": "array", "items": {"type": "object", "properties": target}},
    }
    inner = {name: {"type": "string"} for name in ("date", "request-id", "client-request-id")}
    error = {
        "type": "object",
        "properties": {
            "code": TEXT,
            "message": TEXT,
            "innerError": {"type": "object", "properties": inner, "required": list(inner)},
        },
        "required": ["code", "message", "innerError"],
    }
    told = {"id": TEXT, "status": {"type": "integer"}, "headers": OBJECT, "body": {}}
    return {
        "SignIn": {"type": "object", "properties": said},
        **_figures(),
        "DirectoryAudit": {"type": "object", "properties": audited},
        "DirectoryObject": {"type": "object", "properties": {"@odata.type": TEXT, "id": TEXT}},
        "DirectoryObjects": page("DirectoryObject"),
        "PolicyFindings": page("PolicyFinding"),
        "Reference": {
            "type": "object",
            "properties": {"@odata.id": {"type": "string", "format": "uri"}},
            "required": ["@odata.id"],
            "additionalProperties": False,
        },
        "Batch": {"type": "object", "properties": {"requests": parts_of_batch}, "required": ["requests"]},
        "BatchAnswer": {
            "type": "object",
            "properties": {
                "responses": {
                    "type": "array",
                    "items": {"type": "object", "properties": told, "required": ["id", "status", "headers"]},
                }
            },
            "required": ["responses"],
        },
        "Error": {"type": "object", "properties": {"error": error}, "required": ["error"]},
    }


def _figures() -> Json:
    """What is told of many sign-ins at once."""
    some, number = {"type": ["string", "null"]}, {"type": "integer"}
    time = {"type": ["string", "null"], "format": "date-time"}
    last = {
        "type": ["object", "null"],
        "properties": {"lastSignInDateTime": time, "lastSignInRequestId": some},
        "required": ["lastSignInDateTime", "lastSignInRequestId"],
    }
    told: dict[str, Json] = {
        "SummarizedSignIn": {
            **dict.fromkeys(("id", "appId", "appDisplayName", "ipAddress", "servicePrincipalId", "tenantId"), TEXT),
            **dict.fromkeys(("servicePrincipalName", "conditionalAccessStatus", "userPrincipalName"), TEXT),
            **dict.fromkeys(("resourceId", "resourceDisplayName"), some),
            **dict.fromkeys(("aggregationDateTime", "firstSignInDateTime"), time),
            "signInCount": number,
            "status": OBJECT,
        },
        "AppCredentialSignInActivity": {
            **dict.fromkeys(("id", "keyId", "keyType", "keyUsage", "appId", "appObjectId", "credentialOrigin"), TEXT),
            **dict.fromkeys(("servicePrincipalObjectId", "resourceId"), some),
            **dict.fromkeys(("expirationDateTime", "createdDateTime"), time),
            "signInActivity": last,
        },
        "ServicePrincipalSignInActivity": {
            **dict.fromkeys(("id", "appId"), TEXT),
            "applicationAuthenticationClientSignInActivity": last,
            "applicationAuthenticationResourceSignInActivity": last,
            "lastSignInActivity": last,
        },
        "CredentialUsage": {
            **dict.fromkeys(("id", "appId", "credentialType"), TEXT),
            **dict.fromkeys(("name", "lastSignInIpAddress", "lastSignInRequestId"), some),
            **dict.fromkeys(("createdDateTime", "lastSignInDateTime"), time),
            **dict.fromkeys(("grants", "refusals"), number),
        },
        "SignInHour": {
            "dateTime": time,
            **dict.fromkeys(("errorCode", "count"), number),
            **dict.fromkeys(("credentialId", "resourceId"), some),
        },
    }
    return {name: {"type": "object", "properties": properties} for name, properties in told.items()}


def page(schema: str) -> Json:
    return {
        "type": "object",
        "properties": {
            "@odata.context": TEXT,
            "@odata.count": {"type": "integer"},
            "@odata.nextLink": {"type": "string", "format": "uri"},
            "value": {"type": "array", "items": ref(schema)},
        },
        "required": ["@odata.context", "value"],
    }


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
