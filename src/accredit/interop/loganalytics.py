"""A sign-in in the shape of the Azure Monitor table ``AADServicePrincipalSignInLogs``: what queries there know.

Rule 1: columns are that table's, in its order, and nothing is added: other formats have what it has no column for.
Rule 2: what is text there is text here, JSON included; nothing is null.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from accredit.interop.graph import signin

if TYPE_CHECKING:
    from accredit.signins import Event


def row(event: Event) -> dict[str, Any]:
    """Return a sign-in as one row of the table."""
    of = signin.write(event, explained=False)
    return {
        "TimeGenerated": of["createdDateTime"],
        "AppId": of["appId"],
        "AuthenticationContextClassReferences": "",
        "AuthenticationProcessingDetails": json.dumps(of["authenticationProcessingDetails"]),
        "Category": "ServicePrincipalSignInLogs",
        "ConditionalAccessPolicies": json.dumps(of["appliedConditionalAccessPolicies"]),
        "ConditionalAccessStatus": of["conditionalAccessStatus"],
        "CorrelationId": of["correlationId"],
        "DurationMs": of["processingTimeInMilliseconds"],
        "FederatedCredentialId": of["federatedCredentialId"],
        "Id": of["id"],
        "Identity": of["servicePrincipalName"],
        "IPAddress": of["ipAddress"],
        "Level": "4",  # informational, as every sign-in there, refused ones too
        "Location": of["location"]["countryOrRegion"] or "",
        "LocationDetails": json.dumps(of["location"]),
        "OperationName": "Sign-in activity",
        "OperationVersion": "1.0",
        "ResourceDisplayName": of["resourceDisplayName"] or "",
        "ResourceGroup": "Microsoft.aadiam",
        "ResourceIdentity": of["resourceId"] or "",
        "ResourceServicePrincipalId": of["resourceServicePrincipalId"] or "",
        "ResultDescription": event.failure,
        "ResultSignature": "FAILURE" if event.code else "SUCCESS",
        "ResultType": str(event.code),
        "ServicePrincipalCredentialKeyId": of["servicePrincipalCredentialKeyId"],
        "ServicePrincipalCredentialThumbprint": of["servicePrincipalCredentialThumbprint"],
        "ServicePrincipalId": of["servicePrincipalId"],
        "ServicePrincipalName": of["servicePrincipalName"],
        "Type": "AADServicePrincipalSignInLogs",
    }
