"""What everybody may read: discovery documents, key sets, instance discovery, cloud metadata, help pages. Bare ASGI.

Rule 1: every absolute URL is made of the configured public base, never of the ``Host`` header.
Rule 2: documents are computed when asked for and kept by tenant and kind; nothing derived from the base is stored.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec

from accredit import tokens
from accredit.directory import read_tenant
from accredit.errors import GRANT_NEEDS_TENANT, INSTANCE_UNKNOWN, METHOD_NOT_ALLOWED, NOT_IMPLEMENTED, Refused
from accredit.tokens import V2
from accredit.web.answers import HTML, JSON, PUBLISHED, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from accredit.ports import Authority
    from accredit.tokens import SigningKey
    from accredit.web.answers import Header, Scope, Send
    from accredit.web.errors import Errors

READING: Final = ("GET", "HEAD")
ALIASES: Final = ("common", "organizations")
LEGACY_METADATA: Final = ("2015-01-01", "1.0")
LIST_METADATA: Final = "2019-05-01"
_TAGS: Final = re.compile(rb'"[\x21\x23-\x7e\x80-\xff]*"')  # without W/: weak or not is no difference here
_SUBJECTS: Final = ["pairwise"]
_MODES: Final = ["query", "fragment", "form_post"]
_METHODS: Final = ["client_secret_post", "private_key_jwt", "client_secret_basic"]
_CLAIMS: Final = (
    *("sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host"),
    *("aud", "exp", "iat", "auth_time", "acr"),
)
_CLAIMS_V2: Final = (*_CLAIMS, "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email")
_CLAIMS_V1: Final = (*_CLAIMS, "amr", "nonce", "email", "given_name", "family_name", "nickname")


def discovery_v2(base: str, name: str, issuer: str, region: str | None) -> dict[str, Any]:
    """Return the OpenID configuration of version 2.0. ``name``: tenant id, ``common`` or ``organizations``."""
    host = urlsplit(base).netloc
    return {
        "token_endpoint": f"{base}/{name}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": _METHODS,
        "jwks_uri": f"{base}/{name}/discovery/v2.0/keys",
        "response_modes_supported": _MODES,
        "subject_types_supported": _SUBJECTS,
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{base}/oidc/userinfo",
        "authorization_endpoint": f"{base}/{name}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/{name}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{base}/{name}/oauth2/v2.0/logout",
        "claims_supported": _CLAIMS_V2,
        "kerberos_endpoint": f"{base}/{name}/kerberos",
        "tenant_region_scope": region,
        "cloud_instance_name": host,
        "cloud_graph_host_name": host,
        "msgraph_host": host,
        "rbac_url": base,
    }


def discovery_v1(base: str, name: str, issuer: str, region: str | None) -> dict[str, Any]:
    """Return the OpenID configuration of version 1.0."""
    host = urlsplit(base).netloc
    return {
        "token_endpoint": f"{base}/{name}/oauth2/token",
        "token_endpoint_auth_methods_supported": _METHODS,
        "jwks_uri": f"{base}/{name}/discovery/keys",
        "response_modes_supported": _MODES,
        "subject_types_supported": _SUBJECTS,
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
        "scopes_supported": ["openid"],
        "issuer": issuer,
        "microsoft_multi_refresh_token": True,
        "authorization_endpoint": f"{base}/{name}/oauth2/authorize",
        "device_authorization_endpoint": f"{base}/{name}/oauth2/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{base}/{name}/oauth2/logout",
        "claims_supported": _CLAIMS_V1,
        "check_session_iframe": f"{base}/{name}/oauth2/checksession",
        "userinfo_endpoint": f"{base}/{name}/openid/userinfo",
        "kerberos_endpoint": f"{base}/{name}/kerberos",
        "tenant_region_scope": region,
        "cloud_instance_name": host,
        "cloud_graph_host_name": host,
        "msgraph_host": host,
        "rbac_url": base,
    }


def cloud_metadata(base: str) -> dict[str, Any]:
    """Return the description of this authority as a cloud, as the Azure CLI and Terraform read it."""
    host = urlsplit(base).netloc
    return {
        "name": "Accredit",
        "portal": f"{base}/portal",
        "authentication": {
            "loginEndpoint": base,
            "audiences": [f"{base}/arm", base],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": base,
        "microsoftGraphResourceId": base,
        "graph": f"{base}/",
        "graphAudience": f"{base}/",
        "media": f"{base}/media",
        "batch": f"{base}/batch",
        "gallery": f"{base}/gallery",
        "sqlManagement": f"{base}/sql",
        "activeDirectoryDataLake": f"{base}/datalake",
        "vmImageAliasDoc": f"{base}/aliases.json",
        "ossrdbmsResourceId": f"{base}/ossrdbms",
        "suffixes": {
            "keyVaultDns": f"vault.{host}",
            "storage": f"storage.{host}",
            "acrLoginServer": f"acr.{host}",
            "sqlServerHostname": f"sql.{host}",
        },
    }


@dataclass(frozen=True, slots=True)
class WellKnown:
    """Serves the public documents of one authority. ``keys`` returns the signing keys that are published now."""

    authority: Authority
    keys: Callable[[], Sequence[SigningKey]]
    hosts: tuple[str, ...]  # host names with port under which this authority is known
    region: str | None = None
    _kept: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def discovery(self, scope: Scope, send: Send, tenant: str, version: int) -> None:
        """Answer ``/{tenant}/[v2.0/].well-known/openid-configuration``. 900023 90002 for a tenant that is none."""
        if await _options(scope, send):
            return
        name = await self._name(tenant)
        kept = self._kept.get((name, f"discovery{version}"))
        if kept is None:
            base = self.authority.base
            issuer = tokens.issuer(base, UUID(name), version) if name not in ALIASES else _templated(base, version)
            region = None if name in ALIASES else self.region
            made = (discovery_v2 if version == V2 else discovery_v1)(base, name, issuer, region)
            kept = self._kept[(name, f"discovery{version}")] = msgspec.json.encode(made)
        await answer(send, 200, PUBLISHED, kept, head=scope["method"] == "HEAD")

    async def key_set(self, scope: Scope, send: Send, tenant: str, version: int) -> None:
        """Answer ``/{tenant}/discovery/[v2.0/]keys``: the keys that sign now, soon, or signed what is still valid."""
        if await _options(scope, send):
            return
        name = await self._name(tenant)
        issuer = None
        if version == V2:  # version 1.0 has no issuer member
            base = self.authority.base
            issuer = tokens.issuer(base, UUID(name), V2) if name not in ALIASES else _templated(base, V2)
        body = msgspec.json.encode(tokens.key_set(self.keys(), issuer))
        tag = f'"{sha256(body).hexdigest()[:32]}"'.encode()
        headers: list[Header] = [*PUBLISHED, (b"etag", tag)]
        if _known(scope, tag):
            await answer(send, 304, headers, b"")
            return
        await answer(send, 200, headers, body, head=scope["method"] == "HEAD")

    async def instance(self, scope: Scope, send: Send) -> None:
        """Answer ``/common/discovery/instance``. 50049 for a host that is not ours."""
        _refuse_writing(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        endpoint = query.get("authorization_endpoint", [""])[0]
        try:
            asked = urlsplit(endpoint)
        except ValueError as error:
            raise Refused(INSTANCE_UNKNOWN) from error
        if (asked.scheme != "https" and endpoint) or asked.netloc.lower() not in self.hosts:
            raise Refused(INSTANCE_UNKNOWN)
        tenant = asked.path.strip("/").split("/")[0] or "common"
        body = {
            "tenant_discovery_endpoint": f"https://{asked.netloc}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": query.get("api-version", ["1.1"])[0],
            "metadata": [
                {"preferred_network": self.hosts[0], "preferred_cache": self.hosts[0], "aliases": list(self.hosts)}
            ],
        }
        await answer(send, 200, (JSON,), msgspec.json.encode(body), head=scope["method"] == "HEAD")

    async def metadata(self, scope: Scope, send: Send) -> None:
        """Answer ``/metadata/endpoints`` in the shape that the asked api-version has."""
        _refuse_writing(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        version = query.get("api-version", [""])[0]
        found: Any = cloud_metadata(self.authority.base)
        if version == LIST_METADATA:
            found = [found]
        elif version in LEGACY_METADATA:
            found = _legacy(found)
        await answer(send, 200, (JSON,), msgspec.json.encode(found), head=scope["method"] == "HEAD")

    async def help(self, scope: Scope, send: Send, errors: Errors) -> None:
        """Answer ``/error?code=N``, where ``error_uri`` leads to, in the words that ``errors`` refuses with."""
        _refuse_writing(scope)
        code = parse_qs(scope["query_string"].decode("latin-1")).get("code", [""])[0]
        headers = (HTML, (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"))
        await answer(send, 200, headers, errors.page(code), head=scope["method"] == "HEAD")

    async def interactive(self, _scope: Scope, _send: Send) -> None:
        """Answer what is advertised only because clients demand the member: nobody signs in here with a browser."""
        raise Refused(NOT_IMPLEMENTED)

    async def _name(self, tenant: str) -> str:
        with suppress(Refused):  # a key that another process withdrew is gone with the next request
            await self.authority.directory.refresh()
        lower = tenant.lower()
        if lower in ALIASES:
            return lower
        try:
            found = await self.authority.directory.tenant(read_tenant(tenant), "")
        except Refused as refused:
            if refused.row is GRANT_NEEDS_TENANT:  # "consumers": no directory of ours has people in it
                raise Refused(NOT_IMPLEMENTED) from refused
            raise
        return str(found.id)


def _templated(base: str, version: int) -> str:
    return f"{base}/{{tenantid}}/v2.0" if version == V2 else f"{base}/{{tenantid}}/"


def _legacy(found: Mapping[str, Any]) -> dict[str, Any]:
    login = found["authentication"]
    return {
        "galleryEndpoint": found["gallery"],
        "graphEndpoint": found["graph"],
        "portalEndpoint": found["portal"],
        "authentication": {"loginEndpoint": login["loginEndpoint"], "audiences": login["audiences"]},
    }


def _refuse_writing(scope: Scope) -> None:
    if scope["method"] not in READING:
        raise Refused(METHOD_NOT_ALLOWED, valid_verbs="GET")


def _known(scope: Scope, tag: bytes) -> bool:
    """Whether the caller has what ``tag`` names (RFC 9110 section 13.1.2: a list, weakly compared, or ``*``)."""
    told = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    return told.strip() == b"*" or tag in _TAGS.findall(told)


async def _options(scope: Scope, send: Send) -> bool:
    """Answer a preflight request; refuse what is neither that nor reading."""
    if scope["method"] == "OPTIONS":
        await answer(send, 204, PUBLISHED, b"")
        return True
    if scope["method"] not in READING:
        raise Refused(METHOD_NOT_ALLOWED, valid_verbs="GET, OPTIONS")
    return False
