"""Who exists: tenants, applications, service principals, the roles they offer and hold."""

from accredit.directory.application import (
    ORGANIZATIONS,
    Application,
    Certificate,
    Client,
    KnownSecret,
    Secret,
    ServicePrincipal,
    SigningAlgorithm,
    Tenant,
    digest,
    permitted,
    prove_secret,
    read_tenant,
)
from accredit.directory.permissions import (
    DEFAULT_ACCESS,
    AppRole,
    Assignment,
    Held,
    Resource,
    held,
    identifier_key,
)

__all__ = [
    "DEFAULT_ACCESS",
    "ORGANIZATIONS",
    "AppRole",
    "Application",
    "Assignment",
    "Certificate",
    "Client",
    "Held",
    "KnownSecret",
    "Resource",
    "Secret",
    "ServicePrincipal",
    "SigningAlgorithm",
    "Tenant",
    "digest",
    "held",
    "identifier_key",
    "permitted",
    "prove_secret",
    "read_tenant",
]
