"""Which calls are served: a method, a form of path, and who handles it. Resource modules export their ``ROUTES``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from accredit.errors import GRAPH_PATH_UNKNOWN, Refused
from accredit.interop.odata.options import GREATEST_TOP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

    Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

ANYTHING: Final = "DirectoryObject"
KINDS: Final[Mapping[str, str]] = {
    "applications": "Application",
    "servicePrincipals": "ServicePrincipal",
    "federatedIdentityCredentials": "FederatedIdentityCredential",
    "appRoleAssignments": "AppRoleAssignment",
    "appRoleAssignedTo": "AppRoleAssignment",
    "oauth2PermissionGrants": "OAuth2PermissionGrant",
    "users": "User",
    "groups": "Group",
    "organization": "Organization",
    "domains": "Domain",
    "signIns": "SignIn",
    "directoryAudits": "DirectoryAudit",
    "getSummarizedServicePrincipalSignIns": "SummarizedSignIn",
    "appCredentialSignInActivities": "AppCredentialSignInActivity",
    "servicePrincipalSignInActivities": "ServicePrincipalSignInActivity",
    "accredit.issuers": "Issuer",
    "accredit.presets": "Preset",
    "accredit.migration": "Migration",
    "credentialUsage": "CredentialUsage",
    "signInHours": "SignInHour",
}
"""What a collection holds, in the words of refusals. A collection that is not here holds directory objects."""


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of call. ``template``: ``applications/{}/owners/$ref``; ``{}`` is a key, everything else is literal."""

    method: Method
    template: str
    handler: Handler
    greatest_top: int = GREATEST_TOP  # things that one page may hold
    asked: bool = True  # by options; where not, a query is not even read
    beta: bool = False  # in that version only

    @property
    def kind(self) -> str:
        """What the options of the call are about: things of the last collection in its path."""
        named = [each for each in reversed(self.template.split("/")) if each in KINDS or each == "owners"]
        return KINDS.get(named[0], ANYTHING) if named else ANYTHING


def in_beta(method: Method, template: str, handler: Handler, *, greatest_top: int = GREATEST_TOP) -> Route:
    """Return the route of a call that v1.0 has not: 404 there."""

    @wraps(handler)
    async def handle(call: Call) -> Answer:
        if not call.beta:
            raise Refused(GRAPH_PATH_UNKNOWN, segment=call.path.split("/")[0])
        return await handler(call)

    return Route(method, template, handle, greatest_top, beta=True)
