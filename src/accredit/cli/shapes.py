"""The JSON of each thing, with the keys of Microsoft Graph; what only accredit has stands beside them.

Rule 1: no secret, salt, digest, sealed key or token has a key here. The value of a new secret is added by the one
command that makes it.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    from accredit.directory import Application, AppRole, Assignment, Certificate, Secret, ServicePrincipal, Tenant
    from accredit.issuers import Issuer
    from accredit.signins import Audit, Event
    from accredit.signins.usage import Use
    from accredit.tokens import SigningKey
    from accredit.trust import FederatedCredential

Json = dict[str, Any]


def instant(moment: datetime | None) -> str | None:
    """Write an instant as Graph does: UTC, whole seconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tenant(of: Tenant, *, emulator: bool = False) -> Json:
    """Write an organization, with the rules that are in force in it."""
    return {
        "id": str(of.id),
        "displayName": of.display_name,
        "verifiedDomains": [{"name": name, "isDefault": n == 0} for n, name in enumerate(of.domains)],
        "portability": of.portability,
        "multiAudience": of.several_audiences,
        "tokenLifetime": of.token_lifetime,
        "trustChanges": of.who_widens(emulator=emulator),
        "allowedIssuers": _listed(of.allowed_issuers),
        "allowedIssuersMode": of.allowed_issuers_mode,
        "allowedAlgorithms": _listed(of.allowed_algorithms),
        "maxAssertionLifetime": of.max_assertion_lifetime,
        "immutableIds": of.immutable_ids,
        "lint": of.lint,
        "createdDateTime": instant(of.created_at),
    }


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def app_role(of: AppRole) -> Json:
    """Write an appRole."""
    return {
        "id": str(of.id),
        "value": of.value,
        "displayName": of.display_name,
        "description": of.description,
        "isEnabled": of.enabled,
        "allowedMemberTypes": ["Application"],
    }


def application(of: Application) -> Json:
    """Write an application."""
    return {
        "id": str(of.id),
        "appId": str(of.app_id),
        "displayName": of.display_name,
        "description": of.description,
        "identifierUris": list(of.identifier_uris),
        "appRoles": [app_role(each) for each in of.app_roles],
        "api": {"requestedAccessTokenVersion": of.token_version},
        "passwordCredentials": [secret(each) for each in of.secrets],
        "keyCredentials": [certificate(each) for each in of.certificates],
        "isFallbackPublicClient": of.public,
        "isDisabled": of.disabled,
        "signingAlgorithm": of.signing_algorithm,
        "tokenLifetime": of.token_lifetime,
        "createdDateTime": instant(of.created_at),
    }


def principal(of: ServicePrincipal, names: tuple[str, ...], roles: tuple[AppRole, ...]) -> Json:
    """Write a servicePrincipal; ``names`` and ``roles`` are those in force, its application's or its own."""
    return {
        "id": str(of.id),
        "appId": str(of.app_id),
        "displayName": of.display_name,
        "accountEnabled": of.enabled,
        "appRoleAssignmentRequired": of.assignment_required,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [str(of.app_id), *names],
        "appRoles": [app_role(each) for each in roles],
        "appOwnerOrganizationId": str(of.owner_tenant_id or of.tenant_id),
        "createdDateTime": instant(of.created_at),
    }


def credential(of: FederatedCredential, use: Use | None = None) -> Json:
    """Write a federatedIdentityCredential."""
    expression = of.expression
    return {
        "id": str(of.id),
        "name": of.name,
        "issuer": of.issuer.url,
        "subject": of.subject,
        "claimsMatchingExpression": (
            {"value": expression.text, "languageVersion": expression.language_version} if expression else None
        ),
        "notPortable": list(of.not_portable),
        "audiences": [of.audience],
        "description": of.description,
        "isEnabled": of.enabled,
        **last_used(use),
        "createdDateTime": instant(of.created_at),
    }


def secret(of: Secret) -> Json:
    """Write a passwordCredential, without its value: nobody knows it any more."""
    return {
        "keyId": str(of.key_id),
        "displayName": of.display_name,
        "hint": of.hint,
        "startDateTime": instant(of.starts_at),
        "endDateTime": instant(of.ends_at),
    }


def certificate(of: Certificate) -> Json:
    """Write a keyCredential."""
    return {
        "keyId": str(of.key_id),
        "displayName": of.display_name,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "customKeyIdentifier": of.thumbprint,
        "startDateTime": instant(of.starts_at),
        "endDateTime": instant(of.ends_at),
    }


def last_used(use: Use | None) -> Json:
    """Write when something last signed an application in, beside what it is."""
    return {"lastSignInDateTime": instant(use.last_at) if use is not None else None}


def assignment(of: Assignment, holder: ServicePrincipal, resource: ServicePrincipal, value: str) -> Json:
    """Write an appRoleAssignment."""
    return {
        "id": str(of.id),
        "appRoleId": str(of.role_id),
        "appRoleValue": value,
        "principalId": str(of.principal_id),
        "principalDisplayName": holder.display_name,
        "principalType": "ServicePrincipal",
        "resourceId": str(of.resource_id),
        "resourceDisplayName": resource.display_name,
        "createdDateTime": instant(of.created_at),
    }


def issuer(of: Issuer, credentials: int | None = None) -> Json:
    """Write an issuer record. Its uploaded keys appear by their ids."""
    return {
        "id": str(of.id),
        "issuer": of.url,
        "keySource": of.key_source,
        "jwksUri": of.jwks_url,
        "keyIds": _key_ids(of),
        "algorithms": list(of.algorithms),
        "isBlocked": of.blocked,
        "requireKid": of.require_kid,
        "maxLifetime": of.max_lifetime,
        "skew": of.skew,
        "replay": of.replay,
        "networks": list(of.networks),
        "ports": list(of.ports),
        "allowedJwksHosts": list(of.allowed_jwks_hosts),
        "hasCaBundle": of.ca_bundle is not None,
        "credentials": credentials,
    }


def _key_ids(of: Issuer) -> list[str]:
    if of.jwks is None:
        return []
    from accredit.issuers import jwks

    return [each.kid or each.thumbprint for each in jwks.parse(of.jwks, of, uploaded=True).keys]


def signing_key(of: SigningKey, state: str) -> Json:
    """Write a signing key: what is public of it."""
    return {
        "kid": of.kid,
        "alg": of.algorithm,
        "state": state,
        "x5t": of.thumbprint,
        "createdDateTime": instant(of.created_at),
        "activatesDateTime": instant(of.activates_at),
        "withdrawnDateTime": instant(of.withdrawn_at),
    }


_OF_GRAPH: Final = (  # members of Graph's signIn that say something here
    *("id", "createdDateTime", "appId", "appDisplayName", "servicePrincipalId", "correlationId"),
    *("ipAddress", "userAgent", "status", "clientCredentialType", "federatedCredentialId"),
    *("servicePrincipalCredentialKeyId", "servicePrincipalCredentialThumbprint"),
    *("resourceId", "resourceDisplayName", "resourceServicePrincipalId"),
    *("uniqueTokenIdentifier", "processingTimeInMilliseconds"),
)


def event(of: Event) -> Json:
    """Write a signIn: Graph's members and values, and beside them what Graph shows under ``accredit``."""
    from accredit.interop.graph import signin

    written = signin.write(of)
    return {**{name: written[name] for name in _OF_GRAPH}, "uti": of.uti or None, **written[signin.OURS]}


def audit(of: Audit) -> Json:
    """Write a directoryAudit, and beside Graph's members what it did to trust, and what differs."""
    from accredit.explain.effect import effect
    from accredit.interop.graph import audit as graph
    from accredit.signins.difference import differences

    found = [
        {"path": list(each.path), "change": each.kind, "oldValue": each.old, "newValue": each.new}
        for each in differences(of)
    ]
    return {**graph.write(of), "trust": effect(of), "differences": found}
