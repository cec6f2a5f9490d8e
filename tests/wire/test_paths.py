"""Paths in any case, and which of two shapes a refusal has: the token endpoint's, or Microsoft Graph's."""

from typing import Any

from tests.support.every import every
from tests.wire.authority import TENANT, Wire

GUID = "57a671b2-b4c8-4a87-9b73-3f8848456127"

OAUTH: dict[str, str] = {
    "the root": "/",
    "a tenant's": f"/{TENANT}/nowhere",
    "that of a tenant that is not there": f"/{GUID}/nowhere",
    "a tenant's by its name": "/contoso.test/nowhere",
    "an alias": "/common/nowhere",
    "nearly the token endpoint": "/applications/oauth2/v2.0/tokens",
    "nearly a discovery document": "/applications/.well-known/nowhere",
    "nearly user information": "/oidc/nowhere",
    "nearly the metadata": "/metadata/nowhere",
    "what browsers ask for": "/favicon.ico",
}
GRAPH: dict[str, tuple[str, str]] = {
    "a collection without a version": ("/applications", "applications"),
    "an object without a version": (f"/servicePrincipals/{GUID}", "servicePrincipals"),
    "another version": ("/v2.0/applications", "v2.0"),
    "a version that Graph never had": ("/1.1/applications", "1.1"),
    "nothing that anybody knows": ("//nowhere/at/all", "nowhere"),
}


@every("path", OAUTH.values(), ids=OAUTH.keys())
def test_what_could_be_about_signing_in_is_refused_as_the_token_endpoint_does(shared: Wire, path: str) -> None:
    answer = shared.ask("GET", path)
    assert (answer.status, answer.json["error"]) == (404, "invalid_request")
    assert answer.json["error_description"].startswith("ACC2404: ")


@every("row", GRAPH.values(), ids=GRAPH.keys())
def test_everything_else_has_the_envelope_of_graph_and_names_what_is_missing(
    shared: Wire, row: tuple[str, str]
) -> None:
    path, version = row
    answer = shared.ask("GET", path)
    error: dict[str, Any] = answer.json["error"]
    assert (answer.status, error["code"]) == (404, "BadRequest")
    assert error["message"] == f"Invalid version: {version}. The paths of this API begin with /v1.0 or /beta."
    assert error["innerError"]["accredit"] == "ACC2404: This path is not served here."
    assert error["innerError"]["request-id"] == answer.headers["x-ms-request-id"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_wrong_host_is_refused_in_the_shape_of_the_path(shared: Wire) -> None:
    elsewhere = {"host": "evil.example"}
    graph = shared.ask("GET", "/v1.0/applications", headers=elsewhere)
    assert (graph.status, graph.json["error"]["message"]) == (421, "This host name is not served here.")
    tokens = shared.ask("POST", f"/{TENANT}/oauth2/v2.0/token", headers=elsewhere)
    assert (tokens.status, tokens.json["error"]) == (421, "invalid_request")


@every("path", ["/V1.0/Applications", "/BETA/applications", "/v1.0/OAuth2permissiongrants"])
def test_the_directory_is_found_in_any_case(shared: Wire, path: str) -> None:
    answer = shared.ask("GET", path)
    assert (answer.status, answer.json["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_resource_manager_is_found_in_any_case(shared: Wire) -> None:
    assert shared.ask("GET", "/Subscriptions?api-version=2022-12-01").status == 401
