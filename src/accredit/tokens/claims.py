"""What an access token says: a decision to issue, as the claims of version 1.0 or 2.0.

Rule 1: only a proof fits into a ``Grant``, only a ``Grant`` becomes claims: one for an unproven claim is a type error.
Rule 2: members stand in the order in which Entra ID writes them.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from binascii import b2a_base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from accredit.assertions import Proven, SelfProven
from accredit.directory import Client, KnownSecret, Resource, Tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

Proof = Proven | SelfProven | KnownSecret
"""What fits into a grant: a federated assertion, a self-signed one, or a secret, each made by its own proof only."""

V2: Final = 2  # of endpoints, of issuers and of tokens; the other one is 1
EARLY: Final = 300  # seconds before now that a token is valid from, so that a slow clock elsewhere accepts it
_text: Final = lru_cache(maxsize=65_536)(str)  # the ids of a directory, printed once each
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_UTI_LENGTH: Final = 22  # characters of 16 octets without padding
GRAPH: Final = "00000003-0000-0000-c000-000000000000"
_GRAPH_WIDS: Final = ("0997a1d0-0d1d-4acb-b408-d5ca73121e90",)  # the directory role in Entra ID's tokens for Graph
_RH_MARK: Final = b"\x5c\x0a"  # the two bytes that stand in front and in the tail of ``rh``; not public what they mean

METHOD: Final[Mapping[type[Proof], str]] = {KnownSecret: "1", SelfProven: "2", Proven: "2"}
"""``appidacr``/``azpacr``: 1 a secret, 2 a certificate or any other assertion (for federated ones as observed)."""


class Grant(msgspec.Struct, frozen=True, gc=False):
    """A decision to issue. ``wanted`` is the resource's identifier as the client asked for it."""

    trace: UUID
    tenant: Tenant
    client: Client
    proof: Proof
    resource: Resource
    wanted: str
    roles: tuple[str, ...]

    @property
    def lifetime(self) -> int:
        """Seconds that the token lives from now."""
        return self.client.application.token_lifetime or self.tenant.token_lifetime


class AccessToken(msgspec.Struct, frozen=True, gc=False):
    """A minted token with what its answer says beside it. Not printed: a bearer token belongs to its bearer."""

    value: str
    issued_at: int  # seconds since the epoch, "now"
    lifetime: int  # seconds
    wanted: str

    def __repr__(self) -> str:
        return f"AccessToken(<masked>, lifetime={self.lifetime}, wanted={self.wanted!r})"


def issuer(base: str, tenant_id: UUID, version: int) -> str:
    """Return the issuer of a tenant's tokens of a version: what its discovery document says, byte for byte."""
    return f"{base}/{_text(tenant_id)}/v2.0" if version == V2 else f"{base}/{_text(tenant_id)}/"


def claims(grant: Grant, base: str, now: int, aio: str, *, graph_extras: bool = True) -> dict[str, Any]:
    """Return the claims of ``grant``, shaped by the version that the *resource* asks for. ``now``: epoch seconds.

    ``graph_extras``: tokens of version 1.0 for Microsoft Graph also carry the client's name and ``wids`` (assumed).
    """
    if grant.resource.token_version == V2:
        return _v2(grant, base, now, aio)
    return _v1(grant, base, now, aio, graph_extras=graph_extras)


def _v1(grant: Grant, base: str, now: int, aio: str, *, graph_extras: bool) -> dict[str, Any]:
    tenant_id, app_id = _text(grant.tenant.id), _text(grant.client.app_id)
    principal, iss = _text(grant.client.principal.id), issuer(base, grant.tenant.id, 1)
    for_graph = graph_extras and _text(grant.resource.app_id) == GRAPH
    body = {"aud": grant.wanted, "iss": iss, **_times(grant, now), "aio": aio}
    if for_graph:
        body["app_displayname"] = grant.client.display_name
    body |= {"appid": app_id, "appidacr": METHOD[type(grant.proof)]}
    if grant.client.application.both_client_claims:
        body["azp"] = app_id
    body |= {"idp": iss, "idtyp": "app", "oid": principal, "rh": rh(grant.tenant.id, grant.resource.app_id)}
    if grant.roles:
        body["roles"] = grant.roles
    body |= {"sub": principal, "tid": tenant_id, "uti": uti(grant.trace), "ver": "1.0"}
    if for_graph:
        body["wids"] = _GRAPH_WIDS
    return body


def _v2(grant: Grant, base: str, now: int, aio: str) -> dict[str, Any]:
    client, tenant_id = grant.client, grant.tenant.id
    app_id, principal = _text(client.app_id), _text(client.principal.id)
    body = {
        "aud": _text(grant.resource.app_id),
        "iss": issuer(base, tenant_id, 2),
        "iat": now - EARLY,
        "nbf": now - EARLY,
        "exp": now + grant.lifetime,
        "aio": aio,
        "azp": app_id,
        "azpacr": METHOD[type(grant.proof)],
        "idtyp": "app",
        "oid": principal,
        "rh": rh(tenant_id, grant.resource.app_id),
        "roles": grant.roles,
        "sub": principal,
        "tid": _text(tenant_id),
        "uti": uti(grant.trace),
        "ver": "2.0",
    }
    if client.application.both_client_claims:
        body["appid"] = app_id
    if not grant.roles:
        del body["roles"]
    return body


def _times(grant: Grant, now: int) -> dict[str, int]:
    return {"iat": now - EARLY, "nbf": now - EARLY, "exp": now + grant.lifetime}


def uti(trace: UUID) -> str:
    """Return the token identifier: the request's trace id in Microsoft's byte order, base64url without padding."""
    return b2a_base64(trace.bytes_le, newline=False)[:_UTI_LENGTH].translate(_URL_SAFE).decode()


@lru_cache(maxsize=4_096)
def rh(tenant_id: UUID, resource_app_id: UUID) -> str:
    """Return ``rh``: opaque to everyone, in the shape that Entra ID's tokens have."""
    body = b"\x01" + _RH_MARK + tenant_id.bytes_le + resource_app_id.bytes_le + _RH_MARK + bytes(3)
    return f"1.{urlsafe_b64encode(body).rstrip(b'=').decode()}."
