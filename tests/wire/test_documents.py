"""Discovery, keys, instance discovery and cloud metadata, byte for byte."""

import json
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha1
from pathlib import Path

from tests.support.every import every
from tests.wire.authority import BASE, TENANT, Wire, wire

CLAIMS_V2 = [
    "sub",
    "iss",
    "cloud_instance_name",
    "cloud_instance_host_name",
    "cloud_graph_host_name",
    "msgraph_host",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "nonce",
    "preferred_username",
    "name",
    "tid",
    "ver",
    "at_hash",
    "c_hash",
    "email",
]


def v2(name: str, issuer: str, region: str | None) -> str:
    claims = json.dumps(CLAIMS_V2, separators=(",", ":"))
    return (
        f'{{"token_endpoint":"{BASE}/{name}/oauth2/v2.0/token","token_endpoint_auth_methods_supported":'
        f'["client_secret_post","private_key_jwt","client_secret_basic"],"jwks_uri":"{BASE}/{name}/discovery/v2.0/keys",'
        '"response_modes_supported":["query","fragment","form_post"],"subject_types_supported":["pairwise"],'
        '"id_token_signing_alg_values_supported":["RS256"],"response_types_supported":["code","id_token",'
        f'"code id_token","id_token token"],"scopes_supported":["openid","profile","email",'
        f'"offline_access"],"issuer":"{issuer}",'
        f'"request_uri_parameter_supported":false,"userinfo_endpoint":"{BASE}/oidc/userinfo","authorization_endpoint":'
        f'"{BASE}/{name}/oauth2/v2.0/authorize","device_authorization_endpoint":"{BASE}/{name}/oauth2/v2.0/devicecode",'
        '"http_logout_supported":true,"frontchannel_logout_supported":true,"end_session_endpoint":'
        f'"{BASE}/{name}/oauth2/v2.0/logout","claims_supported":{claims},"kerberos_endpoint":"{BASE}/{name}/kerberos",'
        f'"tenant_region_scope":{json.dumps(region)},"cloud_instance_name":"localhost:8443","cloud_graph_host_name":'
        f'"localhost:8443","msgraph_host":"localhost:8443","rbac_url":"{BASE}"}}'
    )


@every(
    ("asked", "name", "issuer", "region"),
    [
        (TENANT, TENANT, f"{BASE}/{TENANT}/v2.0", "EU"),
        (TENANT.upper(), TENANT, f"{BASE}/{TENANT}/v2.0", "EU"),
        ("contoso.test", TENANT, f"{BASE}/{TENANT}/v2.0", "EU"),
        ("common", "common", f"{BASE}/{{tenantid}}/v2.0", None),
        ("organizations", "organizations", f"{BASE}/{{tenantid}}/v2.0", None),
    ],
)
def test_discovery_of_version_2(shared: Wire, asked: str, name: str, issuer: str, region: str | None) -> None:
    answer = shared.ask("GET", f"/{asked}/v2.0/.well-known/openid-configuration")
    assert answer.body.decode() == v2(name, issuer, region)
    assert answer.headers["cache-control"] == "max-age=86400, private"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET, OPTIONS"


def test_discovery_of_version_1(shared: Wire) -> None:
    found = shared.ask("GET", f"/{TENANT}/.well-known/openid-configuration").json
    assert found["issuer"] == f"{BASE}/{TENANT}/"
    assert found["token_endpoint"] == f"{BASE}/{TENANT}/oauth2/token"
    assert found["jwks_uri"] == f"{BASE}/{TENANT}/discovery/keys"
    assert found["microsoft_multi_refresh_token"] is True
    assert found["check_session_iframe"] == f"{BASE}/{TENANT}/oauth2/checksession"
    assert "request_uri_parameter_supported" not in found


def test_discovery_of_nobody_is_refused(shared: Wire) -> None:
    assert shared.ask("GET", "/nobody.test/v2.0/.well-known/openid-configuration").code == 900023
    answer = shared.ask("GET", "/11111111-2222-4333-8444-555555555555/v2.0/.well-known/openid-configuration")
    assert (answer.status, answer.code) == (400, 90002)


def test_keys_of_both_versions_and_their_certificates(shared: Wire) -> None:
    for name, issuer in ((TENANT, f"{BASE}/{TENANT}/v2.0"), ("common", f"{BASE}/{{tenantid}}/v2.0")):
        keys = shared.ask("GET", f"/{name}/discovery/v2.0/keys").json["keys"]
        assert [each["issuer"] for each in keys] == [issuer] * len(keys)
    rsa, ec = keys
    assert list(rsa) == ["kty", "use", "kid", "x5t", "n", "e", "x5c", "issuer", "alg"]
    assert list(ec) == ["kty", "use", "kid", "x5t", "crv", "x", "y", "x5c", "issuer", "alg"]
    for each in keys:
        thumbprint = (
            urlsafe_b64encode(sha1(b64decode(each["x5c"][0]), usedforsecurity=False).digest()).rstrip(b"=").decode()
        )
        assert (each["x5t"], each["kid"]) == (thumbprint, "emulator-" + thumbprint)
    assert "issuer" not in shared.ask("GET", f"/{TENANT}/discovery/keys").json["keys"][0]


def test_keys_are_not_sent_twice_to_who_has_them(shared: Wire) -> None:
    path = f"/{TENANT}/discovery/v2.0/keys"
    tag = shared.ask("GET", path).headers["etag"]
    for told in (tag, f"W/{tag}", "*", f'"other", {tag}', f'W/"a,b" ,W/{tag},"c"', f"{tag},"):
        for method in ("GET", "HEAD"):
            answer = shared.ask(method, path, headers={"if-none-match": told})
            assert (answer.status, answer.body) == (304, b""), told
            assert answer.headers["etag"] == tag
            assert "content-length" not in answer.headers
    for told in ('"other"', tag.strip('"'), 'W/""', "W/*", f'"{tag[1:-1]}x"'):
        answer = shared.ask("GET", path, headers={"if-none-match": told})
        assert answer.status == 200, told
        assert answer.headers["content-length"] == str(len(answer.body))
    head = shared.ask("HEAD", path)
    assert (head.body, head.headers["content-length"]) == (b"", str(len(answer.body)))


def test_a_preflight_request_is_answered_without_a_length(shared: Wire) -> None:
    answer = shared.ask("OPTIONS", f"/{TENANT}/discovery/v2.0/keys")
    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers


def test_instance_discovery(shared: Wire) -> None:
    path = "/common/discovery/instance?api-version=1.1&authorization_endpoint="
    found = shared.ask("GET", f"{path}{BASE}/contoso.test/oauth2/v2.0/authorize").body.decode()
    assert found == (
        f'{{"tenant_discovery_endpoint":"{BASE}/contoso.test/v2.0/.well-known/openid-configuration","api-version":"1.1",'
        '"metadata":[{"preferred_network":"localhost:8443","preferred_cache":"localhost:8443","aliases":["localhost:8443"]}]}'
    )
    for other in ("https://login.example/common/oauth2/v2.0/authorize", "http://localhost:8443/common", ""):
        answer = shared.ask("GET", path + other)
        assert (answer.status, answer.code, answer.json["error"]) == (400, 50049, "invalid_instance")


def test_cloud_metadata_in_its_three_shapes(shared: Wire) -> None:
    one = shared.ask("GET", "//metadata/endpoints?api-version=2022-09-01").json
    assert one["authentication"] == {
        "loginEndpoint": BASE,
        "audiences": [f"{BASE}/arm", BASE],
        "tenant": "common",
        "identityProvider": "AAD",
    }
    assert (one["name"], one["resourceManager"], one["microsoftGraphResourceId"]) == ("Accredit", BASE, BASE)
    assert shared.ask("GET", "/metadata/endpoints").json == one
    assert shared.ask("GET", "/metadata/endpoints?api-version=2019-05-01").json == [one]
    legacy = shared.ask("GET", "/metadata/endpoints?api-version=2015-01-01").json
    assert list(legacy) == ["galleryEndpoint", "graphEndpoint", "portalEndpoint", "authentication"]


def test_the_help_page_of_a_code_says_what_helps_and_nothing_of_the_caller(shared: Wire) -> None:
    page = shared.ask("GET", "/error?code=700213")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b"Compare the two subjects" in page.body
    hostile = shared.ask("GET", "/error?code=%3Cscript%3E")
    assert b"script" not in hostile.body


def test_the_help_page_says_what_the_refusal_says(tmp_path: Path) -> None:
    words = {"SUBJECT_NOT_TRUSTED": {"template": "Nobody trusts '{presented}'."}}
    with wire(tmp_path / "data", refusals=words) as changed:
        refused = changed.post(changed.form(client_assertion=changed.mint(branch="main")))
        page = changed.ask("GET", "/error?code=700213")
    assert refused.json["error_description"].startswith("AADSTS700213: Nobody trusts 'repo:")
    assert b"Nobody trusts '{presented}'." in page.body


def test_hosts_are_allowed_by_name(shared: Wire) -> None:
    for host in ("localhost:8443", "127.0.0.1:8443", "[::1]:8443", "LOCALHOST:8443"):
        assert shared.ask("GET", "/metadata/endpoints", headers={"host": host}).status == 200, host
    for host in ("", "localhost", "localhost:9", "evil.test", "localhost:8443.evil.test"):
        assert shared.ask("GET", "/metadata/endpoints", headers={"host": host}).status == 421, host


def test_the_admin_listener(shared: Wire) -> None:
    admin = shared.runtime.admin
    host = {"host": "127.0.0.1:8444"}
    assert shared.ask("GET", "/livez", headers=host, application=admin).json == {"status": "ok"}
    ready = shared.ask("GET", "/readyz?verbose", headers=host, application=admin)
    assert (ready.status, ready.json["conditions"]) == (
        200,
        dict.fromkeys(("serving", "database", "directory", "sign-in log", "signing key"), "ok"),
    )
    assert b"accredit_exchanges_total" in shared.ask("GET", "/metrics", headers=host, application=admin).body
    assert shared.ask("GET", "/nothing", headers=host, application=admin).status == 404
    assert shared.ask("POST", "/livez", headers=host, application=admin).status == 405
    assert shared.ask("GET", "/livez", headers={"host": "evil.test"}, application=admin).status == 421
    shared.runtime.draining = True
    assert shared.ask("GET", "/readyz", headers=host, application=admin).status == 503
    shared.runtime.draining = False
