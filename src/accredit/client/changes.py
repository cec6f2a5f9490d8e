"""Changes of the directory over Graph: named, and called, as those that an administrator makes beside the store.

Rule 1: nothing is judged here. What may be changed, and by whom, the authority says.
Rule 2: a change that Graph knows no single call for reads first and writes the whole member: an app role, a list of
certificates. Who changes the same member at the same moment may be overwritten, as with every client of Graph.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.client.graph import segment
from accredit.client.shelves import TENANT, TRUST, View
from accredit.directory import DEFAULT_ACCESS, AppRole, Secret
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.interop.graph import application, assignment, credential, organization, parts, principal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from accredit.client.graph import Graph, Json
    from accredit.directory import Application, Assignment, Certificate, ServicePrincipal, Tenant
    from accredit.trust import FederatedCredential

_APPLICATION: Final = {
    "display_name": "displayName",
    "description": "description",
    "identifier_uris": "identifierUris",
    "public": "isFallbackPublicClient",
    "disabled": "isDisabled",
}
_API: Final = {"token_version": "requestedAccessTokenVersion"}
_OURS: Final = {"signing_algorithm": "signingAlgorithm", "token_lifetime": "tokenLifetime"}
_TRUST: Final = {  # of a credential, what Graph has no member for
    "enabled": "enabled",
    "multi_audience": "multiAudience",
    "listed_audiences": "listedAudiences",
    "issuer_id": "issuerRecordId",
}
_CREDENTIAL: Final = ("name", "issuer", "subject", "audiences", "description")


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret just made, with the value that is shown once."""

    secret: Secret
    value: str = field(repr=False)


class Applications:
    """Applications and their app roles. ``new_id`` makes the id of a role."""

    def __init__(self, graph: Graph, new_id: Callable[[], UUID]) -> None:
        self._graph = graph
        self._new_id = new_id

    async def create(self, _tenant_id: UUID, /, *, with_principal: bool = True, **members: Any) -> Application:  # noqa: ANN401  by name
        """Create an application and, unless it is not wanted yet, its service principal."""
        made = self._graph.post("/applications", _application(members))
        if with_principal:
            self._graph.post("/servicePrincipals", {"appId": made["appId"]})
        return application.read(made, self._graph.token.tenant_id)

    async def update(self, application_id: UUID, **members: Any) -> Application:  # noqa: ANN401  by name
        """Change what is given."""
        self._graph.patch(f"/applications/{application_id}", _application(members))
        return await self._read(application_id)

    async def delete(self, application_id: UUID) -> None:
        """Delete an application with its credentials and its service principal."""
        self._graph.delete(f"/applications/{application_id}")

    async def add_role(
        self, application_id: UUID, *, value: str, display_name: str = "", description: str = ""
    ) -> AppRole:
        """Offer a permission to applications."""
        role = AppRole(id=self._new_id(), value=value, display_name=display_name or value, description=description)
        before = await self._read(application_id)
        self._put_roles(application_id, (*before.app_roles, role))
        return role

    async def enable_role(self, application_id: UUID, role: UUID, *, enabled: bool) -> AppRole:
        """Enable or disable an app role."""
        before = await self._read(application_id)
        after = tuple(
            msgspec.structs.replace(each, enabled=enabled) if each.id == role else each for each in before.app_roles
        )
        self._put_roles(application_id, after)
        return next(each for each in after if each.id == role)

    async def remove_role(self, application_id: UUID, role: UUID) -> None:
        """Remove an app role, which must be disabled, and every grant of it."""
        before = await self._read(application_id)
        self._put_roles(application_id, tuple(each for each in before.app_roles if each.id != role))

    def _put_roles(self, application_id: UUID, roles: tuple[AppRole, ...]) -> None:
        written = [parts.written(parts.role(each)) for each in roles]
        self._graph.patch(f"/applications/{application_id}", {"appRoles": written})

    async def _read(self, application_id: UUID) -> Application:
        return await View(self._graph).applications.get(application_id)


class Credentials:
    """What applications trust."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def add(self, application_id: UUID, **members: Any) -> FederatedCredential:  # noqa: ANN401  by name
        """Trust something more."""
        made = self._graph.post(f"/applications/{application_id}/{TRUST}", _credential(members))
        return credential.read(made, self._graph.token.tenant_id, application_id)

    async def update(self, application_id: UUID, which: UUID, **changes: Any) -> FederatedCredential:  # noqa: ANN401
        """Change what is given. A subject takes the place of an expression, and the reverse."""
        path = f"/applications/{application_id}/{TRUST}/{segment(which)}"
        self._graph.patch(path, _alone(_credential(changes)))
        return credential.read(self._graph.get(path), self._graph.token.tenant_id, application_id)

    async def delete(self, application_id: UUID, which: UUID) -> None:
        """Trust it no more."""
        self._graph.delete(f"/applications/{application_id}/{TRUST}/{segment(which)}")


class Evidence:
    """Client secrets and certificates of applications."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def add_secret(
        self, object_id: UUID, *, display_name: str | None = None, ends_at: datetime | None = None
    ) -> NewSecret:
        """Make a client secret."""
        asked = {"displayName": display_name, "endDateTime": ends_at}
        wanted = {name: value for name, value in asked.items() if value is not None}
        made = self._graph.post(f"/applications/{object_id}/addPassword", {"passwordCredential": wanted})
        found = parts.merged("PasswordCredential", parts.PasswordCredential, made)
        return NewSecret(parts.secret(found), found.secret_text or "")

    async def remove_secret(self, object_id: UUID, key_id: UUID) -> None:
        """Remove a client secret."""
        self._graph.post(f"/applications/{object_id}/removePassword", {"keyId": str(key_id)})

    async def add_certificate(self, object_id: UUID, data: bytes, *, display_name: str | None = None) -> Certificate:
        """Register a certificate (PEM or DER)."""
        before = await self._certificates(object_id)
        new = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": b64encode(data).decode()}
        if display_name is not None:
            new["displayName"] = display_name
        self._put(object_id, [*({"keyId": str(each.key_id)} for each in before), new])
        known = {each.key_id for each in before}
        return next(each for each in await self._certificates(object_id) if each.key_id not in known)

    async def remove_certificate(self, object_id: UUID, key_id: UUID) -> None:
        """Remove a certificate."""
        before = await self._certificates(object_id)
        if key_id not in {each.key_id for each in before}:
            raise Refused(OBJECT_NOT_FOUND, id=key_id)
        self._put(object_id, [{"keyId": str(each.key_id)} for each in before if each.key_id != key_id])

    def _put(self, object_id: UUID, listed: list[dict[str, str]]) -> None:
        self._graph.patch(f"/applications/{object_id}", {"keyCredentials": listed})

    async def _certificates(self, object_id: UUID) -> tuple[Certificate, ...]:
        return (await View(self._graph).applications.get(object_id)).certificates


class Principals:
    """Service principals."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def create(self, _tenant_id: UUID, app_id: UUID, /) -> ServicePrincipal:
        """Create the service principal of an application of this tenant, or of a well-known one."""
        made = self._graph.post("/servicePrincipals", {"appId": str(app_id)})
        return principal.read(made, self._graph.token.tenant_id)

    async def update(self, principal_id: UUID, *, enabled: bool) -> ServicePrincipal:
        """Enable or disable it."""
        self._graph.patch(f"/servicePrincipals/{principal_id}", {"accountEnabled": enabled})
        return await View(self._graph).principals.get(principal_id)


class Permissions:
    """App roles granted to service principals."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def grant(self, principal_id: UUID, resource_id: UUID, role: UUID = DEFAULT_ACCESS) -> Assignment:
        """Grant an app role of the resource's principal."""
        body = {"principalId": str(principal_id), "resourceId": str(resource_id), "appRoleId": str(role)}
        made = self._graph.post(f"/servicePrincipals/{resource_id}/appRoleAssignedTo", body)
        return assignment.read(made, self._graph.token.tenant_id)

    async def revoke(self, principal_id: UUID, resource_id: UUID, role: UUID = DEFAULT_ACCESS) -> None:
        """Take an app role away again."""
        for each in self._graph.every(f"/servicePrincipals/{principal_id}/appRoleAssignments"):
            if each["resourceId"] == str(resource_id) and each["appRoleId"] == str(role):
                self._graph.delete(f"/servicePrincipals/{resource_id}/appRoleAssignedTo/{segment(each['id'])}")
                return
        raise Refused(OBJECT_NOT_FOUND, id=role)


class Tenants:
    """The tenant that the token is for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def update(self, tenant_id: UUID, **changes: Any) -> Tenant:  # noqa: ANN401  by name
        """Change what is given."""
        self._graph.patch(f"/{TENANT}", named(organization.Written, changes))
        return await View(self._graph).tenants.get(tenant_id)

    async def preview(self, _tenant_id: UUID, /, **policies: Any) -> list[Json]:  # noqa: ANN401  by name
        """Return the credentials that the tenant would refuse with other policies."""
        return self._graph.ask(f"/{TENANT}/preview", named(organization.Written, policies))


def named(kind: type[msgspec.Struct], members: Mapping[str, Any]) -> Json:
    """Write members under the names that they have in JSON. Uploaded keys are a member of their own."""
    names = {each.name: each.encode_name for each in msgspec.structs.fields(kind)} | {"uploaded": "jwks"}
    return {names[name]: _plain(value) for name, value in members.items()}


def _application(members: Mapping[str, Any]) -> Json:
    """Write members of an application as a body."""
    body = {name: _plain(members[key]) for key, name in _APPLICATION.items() if key in members}
    api = {name: members[key] for key, name in _API.items() if key in members}
    ours = {name: members[key] for key, name in _OURS.items() if key in members}
    return {**body, **({"api": api} if api else {}), **({application.OURS: ours} if ours else {})}


def _credential(members: Mapping[str, Any]) -> Json:
    """Write members of a credential as a body."""
    body: Json = {name: _plain(members[name]) for name in _CREDENTIAL if name in members}
    if "expression" in members:
        text = members["expression"]
        body[credential.EXPRESSION] = (
            None if text is None else {"value": text, "languageVersion": members.get("language_version", 1)}
        )
    ours = {name: _plain(members[key]) for key, name in _TRUST.items() if key in members}
    return {**body, **({credential.OURS: ours} if ours else {})}


def _alone(body: Json) -> Json:
    """Let the one of subject and expression that is given drive out the other, which the API leaves where it is."""
    for given, gone in (("subject", credential.EXPRESSION), (credential.EXPRESSION, "subject")):
        if body.get(given) is not None:
            return {gone: None, **body}
    return body


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
