"""Every refusal of the token endpoint as a caller gets it, field by field. The texts stand here twice on purpose."""

import dataclasses
import gc
import json
import re
import weakref
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace

from accredit.administer import credentials, issuers, principals, tenants
from accredit.app import seed
from accredit.directory import Certificate
from accredit.errors import CATALOGUE, SIGNATURE_INVALID, Refused
from accredit.exchange import JWT_BEARER
from accredit.issuers import base64url
from tests.forge import Certified, certificate, claims, token
from tests.support.every import every
from tests.wire.authority import ADMIN, BASE, NOW, ORDERS_SCOPE, TENANT, TOKEN_PATH, WORKLOAD, Answer, Wire, wire

DOC = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
CERT = "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials"
GITHUB = "https://token.actions.githubusercontent.com"
SECOND = timedelta(seconds=1)
IMMUTABLE = "repo:octo-org@123456/octo-repo@456789"
OTHER_ID = "11111111-2222-4333-8444-555555555555"
VALID, EXPIRED = certificate("ES256"), certificate("ES256", valid=(-10, -1))


@dataclass(frozen=True)
class Row:
    """What is sent, and what comes back."""

    send: Callable[[Wire], Answer]
    code: int | str  # of Entra ID, or our own
    error: str
    text: str
    status: int = 0
    uri: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)  # beside those of every refusal
    token_endpoint: bool = True

    @property
    def expected_status(self) -> int:
        return self.status or (401 if self.error == "invalid_client" else 400)

    @property
    def label(self) -> str:
        return f"AADSTS{self.code}" if isinstance(self.code, int) else self.code


def posts(**changed: Any) -> Callable[[Wire], Answer]:
    return lambda wire: wire.post(wire.form(**changed))


def mints(*, overrides: dict[str, Any] | None = None, **params: Any) -> Callable[[Wire], Answer]:
    more = {"overrides": overrides} if overrides else {}
    return lambda wire: wire.post(wire.form(client_assertion=wire.mint(**params, **more)))


def faults(*names: str) -> Callable[[Wire], Answer]:
    return lambda wire: wire.post(wire.form(client_assertion=wire.mint(faults=list(names))))


def signs(
    by: Certified | None = None, header: dict[str, Any] | None = None, **changed: Any
) -> Callable[[Wire], Answer]:
    """Send an assertion that the workload signed itself, with a certificate's key."""
    by = by or VALID
    said = claims(**{"iss": WORKLOAD, "sub": WORKLOAD, "aud": f"{BASE}/{TENANT}/v2.0"} | changed)
    named = header or {"kid": ..., "x5t": base64url.encode(by.sha1)}
    return posts(client_assertion=token(said, alg="ES256", key=by.key, header=named))


def secret(**changed: Any) -> Callable[[Wire], Answer]:
    given = {"client_assertion": None, "client_assertion_type": None, "client_id": ADMIN}
    return posts(**given, **changed)


def at(path: str, **changed: Any) -> Callable[[Wire], Answer]:
    return lambda wire: wire.post(wire.form(**changed), path)


MISMATCH = f"your federated identity credential Subject, Audience and Issuer against the presented assertion. {DOC}"
FORM_ROWS: dict[str, Row] = {
    "GET on the token endpoint": Row(
        lambda wire: wire.ask("GET", TOKEN_PATH),
        900561,
        "invalid_request",
        "The endpoint only accepts POST requests. Received a GET request.",
        headers={"allow": "POST"},
    ),
    "a JSON body is not read": Row(
        lambda wire: wire.ask("POST", TOKEN_PATH, b'{"grant_type":"x"}', {"content-type": "application/json"}),
        900144,
        "invalid_request",
        "The request body must contain the following parameter: 'grant_type'.",
    ),
    "no scope": Row(
        posts(scope=None), 900144, "invalid_request", "The request body must contain the following parameter: 'scope'."
    ),
    "no client_id beside a federated assertion": Row(
        posts(client_id=None),
        900144,
        "invalid_request",
        "The request body must contain the following parameter: 'client_id'.",
    ),
    "no client_assertion_type": Row(
        posts(client_assertion_type=None),
        900144,
        "invalid_request",
        "The request body must contain the following parameter: 'client_assertion_type'.",
    ),
    "no resource on the endpoint of version 1.0": Row(
        at(f"/{TENANT}/oauth2/token"),
        900144,
        "invalid_request",
        "The request body must contain the following parameter: 'resource'.",
    ),
    "secret and assertion at once": Row(
        posts(client_secret="x"),
        90023,
        "invalid_request",
        "The request is malformed: more than one kind of client authentication was sent.",
    ),
    "another assertion type": Row(
        posts(client_assertion_type="urn:x"),
        90023,
        "invalid_request",
        f"The request is malformed: client_assertion_type 'urn:x' is not {JWT_BEARER}.",
    ),
    "a grant that is not offered": Row(
        posts(grant_type="password"),
        70003,
        "unsupported_grant_type",
        "The app requested an unsupported grant type 'password'.",
    ),
    "on behalf of": Row(
        posts(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", requested_token_use="on_behalf_of"),
        70003,
        "unsupported_grant_type",
        "The app requested an unsupported grant type 'urn:ietf:params:oauth:grant-type:jwt-bearer'.",
    ),
    "resource on the endpoint of version 2.0": Row(
        posts(resource="api://orders"),
        901002,
        "invalid_request",
        "The 'resource' request parameter isn't supported.",
    ),
    "fmi_path": Row(
        posts(fmi_path="a/b"), 901002, "invalid_request", "The 'fmi_path' request parameter isn't supported."
    ),
    "requested_token_use": Row(
        posts(requested_token_use="x"),
        901002,
        "invalid_request",
        "The 'requested_token_use' request parameter isn't supported.",
    ),
    "req_cnf": Row(posts(req_cnf="x"), 901002, "invalid_request", "The 'req_cnf' request parameter isn't supported."),
    "a proof-of-possession token": Row(
        posts(token_type="pop"), 901002, "invalid_request", "The 'token_type' request parameter isn't supported."
    ),
    "no evidence": Row(
        posts(client_assertion=None, client_assertion_type=None),
        7000216,
        "invalid_client",
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    ),
}
WHO_ROWS: dict[str, Row] = {
    "a tenant that is no name": Row(
        at("/not_a_tenant/oauth2/v2.0/token"),
        900023,
        "invalid_request",
        "Specified tenant identifier 'not_a_tenant' is neither a valid DNS name, nor a valid external domain.",
        uri=True,
    ),
    "a domain nobody has": Row(
        at("/fabrikam.test/oauth2/v2.0/token"),
        900023,
        "invalid_request",
        "Specified tenant identifier 'fabrikam.test' is neither a valid DNS name, nor a valid external domain.",
        uri=True,
    ),
    "a tenant id nobody has": Row(
        at(f"/{OTHER_ID}/oauth2/v2.0/token"),
        90002,
        "invalid_request",
        f"Tenant '{OTHER_ID}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    ),
    "common": Row(
        at("/common/oauth2/v2.0/token"),
        9001023,
        "invalid_request",
        "The grant type isn't supported over the /common or /consumers endpoints. Please use the /organizations or "
        "tenant-specific endpoint.",
    ),
    "consumers": Row(
        at("/consumers/oauth2/v2.0/token"),
        9001023,
        "invalid_request",
        "The grant type isn't supported over the /common or /consumers endpoints. Please use the /organizations or "
        "tenant-specific endpoint.",
    ),
    "an unknown client": Row(
        posts(client_id=OTHER_ID),
        700016,
        "unauthorized_client",
        f"Application with identifier '{OTHER_ID}' was not found in the directory 'Contoso'. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You may have sent your authentication request to the wrong tenant.",
        uri=True,
    ),
    "a client that cannot be one, with control characters": Row(
        posts(client_id="a\r\nb\x1b"),
        700016,
        "unauthorized_client",
        "Application with identifier 'a\ufffd\ufffdb\ufffd' was not found in the directory 'Contoso'. This can happen "
        "if the application has not been installed by the administrator of the tenant or consented to by any user in "
        "the tenant. You may have sent your authentication request to the wrong tenant.",
        uri=True,
    ),
}
SCOPE_ROWS: dict[str, Row] = {
    "bytes that are no text": Row(
        lambda wire: wire.ask(
            "POST",
            TOKEN_PATH,
            b"grant_type=client_credentials&client_id=%s&client_secret=x&scope=%%ff%%2F.default" % WORKLOAD.encode(),
            {"content-type": "application/x-www-form-urlencoded"},
        ),
        70011,
        "invalid_scope",
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter "
        "'scope' is not valid. The scope \ufffd/.default is not valid.",
    ),
    "no /.default": Row(
        posts(scope="api://orders/Read"),
        1002012,
        "invalid_scope",
        "The provided value for scope api://orders/Read is not valid. Client credential flows must have a scope value "
        "with /.default suffixed to the resource identifier (application ID URI).",
    ),
    "two resources": Row(
        posts(scope="api://orders/.default https://graph.microsoft.com/.default"),
        1002012,
        "invalid_scope",
        "The provided value for scope api://orders/.default https://graph.microsoft.com/.default is not valid. Client "
        "credential flows must have a scope value with /.default suffixed to the resource identifier (application ID "
        "URI).",
    ),
    "an unknown resource": Row(
        posts(scope="api://other/.default"),
        500011,
        "invalid_resource",
        "The resource principal named api://other was not found in the tenant named Contoso. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You might have sent your authentication request to the wrong tenant.",
        uri=True,
    ),
}
MALFORMED = ("invalid_request", "JWT token is invalid or malformed.")
ASSERTION_ROWS: dict[str, Row] = {
    "not a token": Row(posts(client_assertion="x"), 50027, *MALFORMED, uri=True),
    "50,000 segments": Row(posts(client_assertion="a." * 50_000), 50027, *MALFORMED, uri=True),
    "deep JSON": Row(faults("deep_json"), 50027, *MALFORMED, uri=True),
    "NaN": Row(faults("nan_claim"), 50027, *MALFORMED, uri=True),
    "a member twice": Row(faults("dup_claim"), 50027, *MALFORMED, uri=True),
    "a header member twice": Row(faults("dup_header"), 50027, *MALFORMED, uri=True),
    "a huge date": Row(faults("exp_huge"), 50027, *MALFORMED, uri=True),
    "a date as text": Row(faults("exp_string"), 50027, *MALFORMED, uri=True),
    "crit": Row(faults("crit"), 50027, *MALFORMED, uri=True),
    "an encrypted token": Row(faults("jwe"), 50027, *MALFORMED, uri=True),
    "another type of token": Row(
        faults("typ_at_jwt"),
        5002727,
        "invalid_request",
        "Invalid JWT header type specified, must be 'JWT' or 'http://openid.net/specs/jwt/1.0'.",
    ),
    "no key reference": Row(
        faults("no_kid"),
        5002723,
        "invalid_client",
        "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified in "
        "token header.",
        uri=True,
    ),
    "alg none": Row(
        faults("alg_none"),
        5002738,
        "invalid_client",
        "Invalid JWT token. 'none' is not a supported signature algorithm. Supported signing algorithms are: "
        "'RS256,RS384,RS512'",
        uri=True,
    ),
    "HMAC with the public key": Row(
        faults("hs256_with_public_key"),
        5002738,
        "invalid_client",
        "Invalid JWT token. 'HS256' is not a supported signature algorithm. Supported signing algorithms are: "
        "'RS256,RS384,RS512'",
        uri=True,
    ),
    "no audience": Row(
        faults("no_aud"),
        90014,
        "invalid_request",
        "The required field 'aud' is missing from the credential. Ensure that you have all the necessary parameters "
        "for the login request.",
        uri=True,
    ),
    "no expiry": Row(
        faults("no_exp"),
        90014,
        "invalid_request",
        "The required field 'exp' is missing from the credential. Ensure that you have all the necessary parameters "
        "for the login request.",
        uri=True,
    ),
    "no subject, though issuer and audience are known": Row(
        faults("no_sub"),
        90014,
        "invalid_request",
        "The required field 'sub' is missing from the credential. Ensure that you have all the necessary parameters "
        "for the login request.",
        uri=True,
    ),
}
TRUST_ROWS: dict[str, Row] = {
    "an issuer that differs by a slash": Row(
        faults("iss_slash"),
        700211,
        "invalid_client",
        f"No matching federated identity record found for presented assertion issuer '{GITHUB}/'. Please check "
        + MISMATCH,
    ),
    "another audience": Row(
        mints(overrides={"aud": "https://github.com/octo-org"}),
        700212,
        "invalid_client",
        "No matching federated identity record found for presented assertion audience 'https://github.com/octo-org'. "
        "Please check " + MISMATCH,
    ),
    "another subject": Row(
        mints(branch="main"),
        700213,
        "invalid_client",
        f"No matching federated identity record found for presented assertion subject '{IMMUTABLE}:ref:refs/heads/main'"
        f". Check {MISMATCH}",
    ),
    "the subject in another case": Row(
        mints(environment="Production"),
        7002138,
        "invalid_client",
        f"No matching federated identity record found for presented assertion subject '{IMMUTABLE}:environment:Produc"
        "tion'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Check "
        "your federated identity credential Subject, Audience and Issuer against the presented assertion. See "
        f"documentation at: {DOC}. See breaking change notification and remediation at: https://learn.microsoft.com/"
        "en-us/entra/identity-platform/reference-breaking-changes#august-2024.",
    ),
    "a client without credentials": Row(
        posts(client_id=ADMIN),
        70025,
        "invalid_client",
        "The client 'accredit-admin' has no configured federated identity credentials.",
    ),
}
PROOF_ROWS: dict[str, Row] = {
    "a bad signature": Row(
        faults("bad_signature"), 700027, "invalid_client", "Client assertion failed signature validation."
    ),
    "a key of its own in the header": Row(
        faults("jwk_header"), 700027, "invalid_client", "Client assertion failed signature validation."
    ),
    "an unknown key": Row(
        lambda wire: wire.post(wire.form(client_assertion=wire.mint(header={"kid": "nobody"}))),
        7000272,
        "invalid_client",
        "The certificate with identifier nobody used to sign the federated credential could not be found in the "
        f"metadata of identity provider {GITHUB}. Please validate that your Identity Provider's metadata exposes the "
        "key used to sign the incoming token.",
        uri=True,
    ),
    "an unknown key that looks like a thumbprint": Row(
        lambda wire: wire.post(wire.form(client_assertion=wire.mint(header={"kid": "AQIDBAUGBwgJCgsMDQ4PEBESExQ"}))),
        7000272,
        "invalid_client",
        "The certificate with identifier 0102030405060708090A0B0C0D0E0F1011121314 used to sign the federated "
        f"credential could not be found in the metadata of identity provider {GITHUB}. Please validate that your "
        "Identity Provider's metadata exposes the key used to sign the incoming token.",
        uri=True,
    ),
    "expired": Row(
        mints(overrides={"iat": 1795438000, "nbf": 1795437400, "exp": 1795442099.5}),
        700024,
        "invalid_client",
        "Client assertion is not within its valid time range. Current time: 2026-11-23T14:00:00.0000000Z, assertion "
        "valid from 2026-11-23T12:36:40.0000000Z, expiry time of assertion 2026-11-23T13:54:59.5000000Z. Review the "
        f"documentation at {CERT} .",
        uri=True,
    ),
    "not yet valid": Row(
        mints(overrides={"iat": 1795442400, "nbf": 1795442701, "exp": 1795443000}),
        700024,
        "invalid_client",
        "Client assertion is not within its valid time range. Current time: 2026-11-23T14:00:00.0000000Z, assertion "
        "valid from 2026-11-23T14:05:01.0000000Z, expiry time of assertion 2026-11-23T14:10:00.0000000Z. Review the "
        f"documentation at {CERT} .",
        uri=True,
    ),
    "valid for more than 25 hours": Row(
        mints(overrides={"iat": 1795442400, "nbf": 1795442400, "exp": 1795442400 + 90_001}),
        70023,
        "invalid_request",
        "External OIDC Provider token must have a lifetime of less than or equal to 1.01:00:00",
    ),
    "self-signed for another client": Row(
        signs(iss=OTHER_ID, sub=OTHER_ID),
        700021,
        "invalid_client",
        "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at "
        f"{CERT} .",
        uri=True,
    ),
    "self-signed with a certificate that nobody registered": Row(
        signs(header={"kid": "nobody"}),
        700027,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - "
        "The key was not found.]",
    ),
    "a wrong secret": Row(
        secret(client_secret="wrong"),
        7000215,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{ADMIN}'.",
        uri=True,
    ),
}
OTHER_ROWS: dict[str, Row] = {
    "an instance that is not ours": Row(
        lambda wire: wire.ask("GET", "/common/discovery/instance?authorization_endpoint=https://login.example/common"),
        50049,
        "invalid_instance",
        "Unknown or invalid instance.",
        token_endpoint=False,
    ),
    "a path of nobody": Row(
        lambda wire: wire.ask("GET", "/oidc/nowhere"),
        *("ACC2404", "invalid_request", "This path is not served here."),
        status=404,
        token_endpoint=False,
    ),
    "a path of nobody below a tenant": Row(
        lambda wire: wire.ask("GET", f"/{TENANT}/nowhere"),
        *("ACC2404", "invalid_request", "This path is not served here."),
        status=404,
        token_endpoint=False,
    ),
    "deleting keys": Row(
        lambda wire: wire.ask("DELETE", f"/{TENANT}/discovery/v2.0/keys"),
        *("ACC2405", "invalid_request", "This path accepts GET, OPTIONS only."),
        status=405,
        headers={"allow": "GET, OPTIONS"},
        token_endpoint=False,
    ),
    "writing metadata": Row(
        lambda wire: wire.ask("POST", "/metadata/endpoints"),
        *("ACC2405", "invalid_request", "This path accepts GET only."),
        status=405,
        headers={"allow": "GET"},
        token_endpoint=False,
    ),
    "a body that is announced to be too large": Row(
        lambda wire: wire.ask("POST", TOKEN_PATH, b"", {"content-length": "131073"}),
        *("ACC2413", "invalid_request", "The request body is larger than 131072 bytes."),
        status=413,
    ),
    "a host of somebody else": Row(
        lambda wire: wire.ask("GET", "/", headers={"host": "evil.example:8443"}),
        *("ACC2421", "invalid_request", "This host name is not served here."),
        status=421,
        token_endpoint=False,
    ),
    "signing in with a browser": Row(
        lambda wire: wire.ask("GET", f"/{TENANT}/oauth2/v2.0/authorize"),
        "ACC2501",
        "unsupported_response_type",
        "accredit signs in workloads only; there is no interactive sign-in here.",
        status=501,
        token_endpoint=False,
    ),
}
ROWS = FORM_ROWS | WHO_ROWS | SCOPE_ROWS | ASSERTION_ROWS | TRUST_ROWS | PROOF_ROWS | OTHER_ROWS


def refused(answer: Answer, row: Row) -> None:
    """Compare an answer with its row, member by member, in order."""
    body = answer.json
    members = ["error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"]
    assert list(body) == members + (["error_uri"] if row.uri else [])
    trace, correlation = body["trace_id"], body["correlation_id"]
    assert body["error_codes"] == ([row.code] if isinstance(row.code, int) else [])
    assert body["error_description"] == (
        f"{row.label}: {row.text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: 2026-11-23 14:00:00Z"
    )
    assert (body["error"], answer.status, body["timestamp"]) == (row.error, row.expected_status, "2026-11-23 14:00:00Z")
    assert body.get("error_uri") == (f"{BASE}/error?code={row.code}" if row.uri else None)
    assert UUID(trace).bytes[-1] == 0
    assert answer.headers["x-ms-request-id"] == trace
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers.get("cache-control") == ("no-store, no-cache" if row.token_endpoint else None)
    rare = ("allow", "retry-after", "www-authenticate", "set-cookie")
    assert {name: answer.headers[name] for name in rare if name in answer.headers} == row.headers


@every("row", ROWS.values(), ids=ROWS.keys())
def test_a_refusal_is_answered_as_the_contract_says(row: Row, shared: Wire) -> None:
    refused(row.send(shared), row)


# ── refusals that something has to be changed for, each in an emulator of its own ────────────────────────────────────


def trusts(wire: Wire, **given: Any) -> None:
    """Give the workload another credential."""
    known = {"name": "another", "issuer": GITHUB, "audiences": ("api://AzureADTokenExchange",)}
    wire.run(credentials.add, wire.administrator, seed.marked("application deploy-bot"), **known | given)


async def put(wire: Wire, shelf: str, key: UUID, **changed: Any) -> None:
    async with wire.runtime.registry.transaction() as change:
        found = getattr(change, shelf)
        await found.put(replace(await found.get(key), **changed))


def an_expression(wire: Wire) -> Answer:
    text = "claims['sub'] matches 'repo:octo-org@123456/*' and claims['repository_owner_id'] eq '999'"
    trusts(wire, subject=None, expression=text)
    return wire.post(wire.form(client_assertion=wire.mint(branch="main")))


def its_own_issuer(wire: Wire) -> Answer:
    own = f"{BASE}/{TENANT}/v2.0"
    trusts(wire, issuer=own, subject="x")
    return wire.post(wire.form(client_assertion=wire.mint(overrides={"iss": own, "sub": "x"})))


def a_disabled_application(wire: Wire) -> Answer:
    wire.run(principals.update, wire.administrator, seed.marked("principal deploy-bot"), enabled=False)
    return wire.post(wire.form())


def no_principal(wire: Wire) -> Answer:
    wire.run(principals.delete, wire.administrator, seed.marked("principal deploy-bot"))
    return wire.post(wire.form())


def a_public_client(wire: Wire) -> Answer:
    wire.run(put, wire, "applications", seed.marked("application deploy-bot"), public=True)
    return wire.post(wire.form())


async def expire(wire: Wire) -> None:
    key = seed.marked("application accredit-admin")
    async with wire.runtime.registry.transaction() as change:
        found = await change.applications.get(key)
        past = tuple(replace(each, starts_at=NOW - 2 * SECOND, ends_at=NOW - SECOND) for each in found.secrets)
        await change.applications.put(replace(found, secrets=past))


def an_expired_secret(wire: Wire) -> Answer:
    wire.run(expire, wire)
    return secret(client_secret=seed.ADMIN_SECRET, scope=ORDERS_SCOPE)(wire)


def an_assignment_demanded(wire: Wire) -> Answer:
    wire.run(put, wire, "principals", seed.marked("principal Orders API"), assignment_required=True)
    assert wire.post(wire.form()).status == 200
    return secret(client_secret=seed.ADMIN_SECRET)(wire)


def an_issuer_out_of_reach(wire: Wire) -> Answer:
    wire.run(put, wire, "issuers", seed.marked("issuer github"), key_source="discovery", jwks=None)
    return wire.post(wire.form())  # nothing listens where the test issuer would answer


def a_blocked_issuer(wire: Wire) -> Answer:
    wire.run(issuers.block, wire.administrator, seed.marked("issuer github"))
    return wire.post(wire.form())


def an_issuer_not_allowed(wire: Wire) -> Answer:
    assert wire.post(wire.form()).status == 200
    wire.run(tenants.update, wire.administrator, seed.TENANT_ID, allowed_issuers=("https://idp.test",))
    return wire.post(wire.form())


def names_only(wire: Wire) -> Answer:
    subject = "repo:octo-org/octo-repo:environment:production"
    wire.run(put, wire, "credentials", seed.marked(seed.CREDENTIAL), subject=subject)
    token = wire.mint(overrides={"sub": subject})
    assert wire.post(wire.form(client_assertion=token)).status == 200
    wire.run(tenants.update, wire.administrator, seed.TENANT_ID, immutable_ids="enforce")
    return wire.post(wire.form(client_assertion=token))


def an_algorithm_that_the_tenant_does_not_allow(wire: Wire) -> Answer:
    wire.run(tenants.update, wire.administrator, seed.TENANT_ID, allowed_algorithms=("RS384", "RS512"))
    return wire.post(wire.form())


def a_life_that_the_tenant_does_not_allow(wire: Wire) -> Answer:
    wire.run(tenants.update, wire.administrator, seed.TENANT_ID, max_assertion_lifetime=60)
    return wire.post(wire.form())


def an_assertion_twice(wire: Wire) -> Answer:
    wire.run(issuers.update, wire.administrator, seed.marked("issuer github"), replay="enforce")
    form = wire.form()
    assert wire.post(form).status == 200
    return wire.post(form)


def a_weak_key(wire: Wire) -> Answer:
    weak = '{"keys":[{"kty":"RSA","kid":"weak","n":"%s","e":"AQAB"}, %s]}'
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  that it is too small is the point
    number = small.public_key().public_numbers().n
    good = wire.ask("GET", "/idp/github/.well-known/jwks").json["keys"][0]
    document = weak % (base64url.encode(number.to_bytes(128, "big")), json.dumps(good))
    wire.run(issuers.upload, wire.administrator, seed.marked("issuer github"), document)
    return wire.post(wire.form(client_assertion=wire.mint(header={"kid": "weak"})))


def certifies(wire: Wire, by: Certified) -> None:
    """Register a certificate, valid or not."""
    begins, ends = (NOW - timedelta(days=10), NOW - timedelta(days=1)) if by is EXPIRED else (NOW, NOW)
    known = Certificate(
        key_id=UUID(int=12), der=by.der, thumbprint=by.sha1.hex().upper(), starts_at=begins, ends_at=ends
    )
    wire.run(put, wire, "applications", seed.marked("application deploy-bot"), certificates=(known,))


def another_audience(wire: Wire) -> Answer:
    certifies(wire, VALID)
    assert signs()(wire).status == 200
    return signs(aud="https://somebody.example")(wire)


def an_expired_certificate(wire: Wire) -> Answer:
    certifies(wire, EXPIRED)
    return signs(EXPIRED)(wire)


def too_many_at_once(wire: Wire) -> Answer:
    admission = wire.runtime.front.tokens.admission  # type: ignore[union-attr]
    admission.under_way = admission.most
    return wire.post(wire.form())


def no_key_signs(wire: Wire) -> Answer:
    wire.runtime.authority.mint.set_keys(())  # type: ignore[attr-defined]
    return wire.post(wire.form())


def an_accident(wire: Wire) -> Answer:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("a secret detail")

    front = wire.runtime.front
    tokens = dataclasses.replace(front.tokens, exchange=broken)  # type: ignore[union-attr]
    wire.runtime.front = dataclasses.replace(front, tokens=tokens)  # type: ignore[type-var]
    return wire.post(wire.form())


CHANGED: dict[str, Row] = {
    "an expression that does not hold": Row(
        an_expression,
        7002131,
        "invalid_client",
        f"No matching federated identity record found for presented assertion subject '{IMMUTABLE}:ref:refs/heads/main'"
        " or no federated identity credential expression matched. Please check your federated identity credential "
        f"Subject, Expression, Audience and Issuer against the presented assertion. {DOC}",
    ),
    "what this authority issued itself": Row(
        its_own_issuer,
        700222,
        "invalid_client",
        "AAD-issued tokens may not be used for federated identity flows.",
    ),
    "a disabled application": Row(
        a_disabled_application,
        7000112,
        "unauthorized_client",
        f"Application '{WORKLOAD}'(deploy-bot) is disabled.",
    ),
    "an application without a service principal": Row(
        no_principal,
        7000229,
        "unauthorized_client",
        f"The client application {WORKLOAD} is missing service principal in the tenant {TENANT}.",
    ),
    "a public client": Row(
        a_public_client,
        700025,
        "invalid_client",
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    ),
    "an expired secret": Row(
        an_expired_secret,
        7000222,
        "invalid_client",
        f"The provided client secret keys for app '{ADMIN}' are expired. Visit the Azure portal to create new keys for "
        "your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
    ),
    "a resource that demands an assignment": Row(
        an_assignment_demanded,
        501051,
        "invalid_grant",
        f"Application '{ADMIN}'(accredit-admin) is not assigned to a role for the application '{seed.ORDERS_ID}'"
        "(Orders API).",
    ),
    "an issuer that cannot be reached": Row(
        an_issuer_out_of_reach, 90061, "invalid_request", "Request to External OIDC endpoint failed."
    ),
    "an issuer that is blocked": Row(
        a_blocked_issuer,
        700238,
        "invalid_client",
        "Workload identity federation is blocked in this tenant by policy.",
    ),
    "an issuer that the tenant does not allow": Row(
        an_issuer_not_allowed,
        700238,
        "invalid_client",
        "Workload identity federation is blocked in this tenant by policy.",
    ),
    "trust by names, where the tenant demands ids": Row(
        names_only,
        700238,
        "invalid_client",
        "Workload identity federation is blocked in this tenant by policy.",
    ),
    "an algorithm that the tenant does not allow": Row(
        an_algorithm_that_the_tenant_does_not_allow,
        5002738,
        "invalid_client",
        "Invalid JWT token. 'RS256' is not a supported signature algorithm. Supported signing algorithms are: "
        "'RS384,RS512'",
        uri=True,
    ),
    "a life that the tenant does not allow": Row(
        a_life_that_the_tenant_does_not_allow,
        70023,
        "invalid_request",
        "External OIDC Provider token must have a lifetime of less than or equal to 00:01:00",
    ),
    "an assertion that was used before": Row(
        an_assertion_twice, 700027, "invalid_client", "Client assertion failed signature validation."
    ),
    "a key that is too weak": Row(
        a_weak_key, 5002730, "invalid_request", "Invalid JWT token. Unsupported key for the signing algorithm."
    ),
    "self-signed for another audience": Row(
        another_audience,
        700023,
        "invalid_client",
        f"Client assertion audience claim does not match Realm issuer. Review the documentation at {CERT} .",
    ),
    "self-signed with an expired certificate": Row(
        an_expired_certificate,
        700027,
        "invalid_client",
        "Client assertion contains an invalid signature. [Reason - The key used is expired., Thumbprint of key used by "
        f"client: '{EXPIRED.sha1.hex().upper()}', Found key 'Start=11/13/2026 14:00:00, End=11/22/2026 14:00:00']",
    ),
    "too many requests at once": Row(
        too_many_at_once,
        90055,
        "temporarily_unavailable",
        "There are too many incoming requests.",
        status=429,
        headers={"retry-after": "1"},
    ),
    "no key that signs": Row(
        no_key_signs,
        90033,
        "temporarily_unavailable",
        "A transient error has occurred. Please try again.",
        status=503,
        headers={"retry-after": "1"},
    ),
    "an error of our own": Row(
        an_accident,
        "ACC2500",
        "server_error",
        "An unexpected error occurred; it is recorded under the trace id.",
        status=500,
    ),
}


@pytest.mark.parametrize("row", CHANGED.values(), ids=CHANGED.keys())
def test_a_refusal_after_a_change_is_answered_as_the_contract_says(row: Row, emulator: Wire) -> None:
    refused(row.send(emulator), row)


TWINS = (  # one answer to all of these; the event says which it was
    {"FEDERATION_BLOCKED", "FEDERATION_FORBIDDEN", "IDS_DEMANDED"},
    {"SIGNATURE_INVALID", "ASSERTION_REUSED"},
)


def names(row: Row) -> set[str]:
    """The rows of the catalogue that this one can be an answer of."""
    return {
        name
        for name, each in CATALOGUE.items()
        if each.label == row.label
        and re.fullmatch(
            "".join(
                re.escape(text) + ("(?s:.*)" if field else "") for text, field, _, _ in Formatter().parse(each.template)
            ),
            row.text,
        )
    }


def test_every_refusal_of_the_token_endpoint_is_compared_field_by_field() -> None:
    compared = [names(row) for row in (ROWS | CHANGED).values()]
    assert all(len(each) == 1 or each in TWINS for each in compared)
    wanted = {name for name, row in CATALOGUE.items() if row.family == "sts" and row.stage == "first"}
    own = {"NOT_FOUND", "METHOD_NOT_ALLOWED", "BODY_TOO_LARGE", "HOST_NOT_SERVED", "BROKEN", "NOT_IMPLEMENTED"}
    assert set().union(*compared) == wanted | own


def test_the_event_of_a_refusal_says_more_than_its_answer(emulator: Wire) -> None:
    a_weak_key(emulator)
    assert "KP-02" in emulator.events()[0].detail
    an_issuer_out_of_reach(emulator)
    event = emulator.events()[0]
    assert "connect" in event.detail
    assert event.credential_name == seed.CREDENTIAL
    a_disabled_application(emulator)
    assert emulator.events()[0].code == 7000112


def test_the_event_says_which_of_two_policies_it_was(emulator: Wire) -> None:
    an_issuer_not_allowed(emulator)
    event = emulator.events()[0]
    assert (event.detail, event.proof) == ("the issuer is not one that the tenant allows", "proven")
    a_blocked_issuer(emulator)
    event = emulator.events()[0]
    assert (event.detail, event.proof) == ("the issuer record is blocked", "unknown")


def test_an_error_of_our_own_is_told_without_a_word_about_it(emulator: Wire) -> None:
    body = an_accident(emulator).body
    assert b"secret" not in body
    assert b"ZeroDivision" not in body


def test_a_body_that_grows_beyond_the_limit_without_saying_so(shared: Wire) -> None:
    body = b"grant_type=client_credentials&x=" + b"a" * 10_000_000
    answer = shared.ask(
        "POST", TOKEN_PATH, body, {"content-type": "application/x-www-form-urlencoded", "content-length": ""}
    )
    assert answer.status == 413


def test_an_explanation_that_breaks_does_not_lose_the_refusal(emulator: Wire) -> None:
    seen: list[BaseException] = []

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError

    front = emulator.runtime.front
    tokens = dataclasses.replace(front.tokens, explanation=broken, broken=lambda _, error: seen.append(error))  # type: ignore[union-attr]
    front = dataclasses.replace(front, tokens=tokens)  # type: ignore[type-var]
    body = urlencode({name: value for name, value in emulator.form(scope="api://other/.default").items() if value})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = emulator.ask("POST", TOKEN_PATH, body.encode(), headers, application=front)
    assert (answer.status, answer.code) == (400, 500011)
    assert "accredit_explain" not in answer.json
    assert [type(each) for each in seen] == [ZeroDivisionError]


def test_a_refusal_is_gone_with_its_answer(emulator: Wire) -> None:
    """One that stayed until a collection would keep a request's every frame and the assertion: a flood's main cost."""
    seen: list[weakref.ref[Refused]] = []

    def made() -> Refused:
        refused = Refused(SIGNATURE_INVALID)
        seen.append(weakref.ref(refused))
        return refused

    async def refusing(*_: Any) -> None:
        raise made()

    front = emulator.runtime.front
    tokens = dataclasses.replace(front.tokens, exchange=refusing)  # type: ignore[union-attr]
    emulator.runtime.front = dataclasses.replace(front, tokens=tokens)  # type: ignore[type-var]
    gc.disable()
    try:
        assert emulator.post(emulator.form()).code == 700027
        assert [each() for each in seen] == [None]
    finally:
        gc.enable()


def test_basic_is_challenged_and_only_basic(shared: Wire) -> None:
    value = "Basic " + b64encode(f"{ADMIN}:wrong".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": ORDERS_SCOPE}
    answer = shared.post(form, headers={"authorization": value})
    assert (answer.status, answer.code) == (401, 7000215)
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_status_of_401_means_exactly_invalid_client() -> None:
    for row in CATALOGUE.values():
        if row.family == "sts":
            assert (row.status == 401) == (row.error == "invalid_client"), row.name


def test_the_separator_can_be_the_old_one(tmp_path: Path) -> None:
    with wire(tmp_path / "data", error_separator="crlf", explain_to_caller=True) as old:
        answer = old.post(old.form(client_assertion=old.mint(branch="main")))
    assert re.search(r"federation\r\nTrace ID: [0-9a-f-]{36}\r\nCorrelation ID: ", answer.json["error_description"])
    assert answer.json["accredit_explain"]["cause"] == "ENTITY_TYPE"
