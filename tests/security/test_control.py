"""The control interface of the test issuers against a web page that drives it: every rule on every route."""

import json
from urllib.parse import urlsplit

import httpx2
import pytest

from accredit.app.provoking import Provoking
from accredit.app.provoking_control import Controls

pytestmark = pytest.mark.slow

NOBODY = {"client_id": "nobody"}  # what is provoked for him, no other test meets
ROUTES = {
    "/idp/_mint": {"dialect": "github", "params": {}},
    "/idp/_environment": {"dialect": "github"},
    "/idp/_tenant": {},
    "/idp/_next": {"error": "AADSTS700024", **NOBODY},
    "/idp/_throttle": NOBODY,
    "/idp/_delay": {"seconds": 0},
    "/idp/_clock": {},
    "/idp/_requests": NOBODY,
    "/idp/_reset": {},
    "/idp/custom/_rotate": {},
    "/idp/custom/_down": {"mode": None},
}


OPEN = {"/idp/_mint", "/idp/_environment"}  # on loopback, so that plain scripts work


@pytest.fixture(params=ROUTES)
def route(request):
    return request.param


def drive(server, route, method="POST", *, token=True, **headers):
    sent = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if token:
        sent.setdefault("authorization", f"Bearer {server.ready['control_token']}")
    body = json.dumps(ROUTES[route])
    return server.http.request(method, route, content=body, headers=sent)


def test_every_control_is_examined():
    assert {f"/idp/_{name}" for name in Controls(Provoking()).all()} <= {*ROUTES}


def test_a_program_with_the_token_may(server, route):
    assert drive(server, route).status_code == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_page_can_send_without_asking_is_refused(server, route, media_type):
    assert drive(server, route, content_type=media_type).status_code == 415


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "x"])
def test_a_browser_on_another_site_is_refused_even_with_the_token(server, route, site):
    assert drive(server, route, sec_fetch_site=site).status_code == 403
    assert drive(server, route, sec_fetch_site="same-origin").status_code == 200


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PUT", "DELETE", "HEAD"])
def test_other_methods_are_refused_and_nothing_speaks_of_other_origins(server, route, method):
    answer = drive(server, route, method, origin="https://evil.example")
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_no_answer_lets_another_origin_read(server, route):
    answer = drive(server, route, origin="https://evil.example")
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "localhost:1", "127.0.0.1.evil.example", "169.254.169.254"]
)
def test_a_rebound_name_is_refused_on_every_listener(server, route, host):
    assert drive(server, route, host=host).status_code == 421
    assert server.http.get("/common/discovery/keys", headers={"host": host}).status_code == 421
    if host.endswith("evil.example"):
        assert server.admin.get("/metrics", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("given", ["", "Bearer wrong", "Basic x", "bearer"])
def test_what_changes_the_issuers_needs_the_token(server, route, given):
    status = drive(server, route, token=False, authorization=given or "x").status_code
    assert status == (200 if route in OPEN else 401)


def test_the_token_is_of_256_bits_and_new_with_each_start(server):
    assert len(server.ready["control_token"]) >= 43


def test_the_admin_listener_and_the_public_one_do_not_answer_for_each_other(server):
    for path in ("/metrics", "/readyz", "/livez"):
        assert server.http.get(path).status_code == 404
    assert server.admin.post("/idp/_mint", json={}).status_code in (404, 405)
    assert server.admin.get("/common/discovery/keys").status_code == 404


def test_a_page_of_another_site_gets_no_platforms_token(server):
    """Not even with the secret of a job: no browser sends those requests on a platform."""
    job = drive(server, "/idp/_environment").json()["variables"]
    url, bearer = job["ACTIONS_ID_TOKEN_REQUEST_URL"], f"bearer {job['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"
    sent = {"authorization": bearer}
    assert server.http.get(url, headers=sent).status_code == 200
    assert server.http.get(url, headers=sent | {"sec-fetch-site": "cross-site"}).status_code == 404
    assert server.http.get(url, headers=sent | {"host": "evil.example"}).status_code == 421


def test_the_metadata_listener_answers_no_rebound_name_and_no_page(server):
    url, google = server.ready["metadata_url"], {"metadata-flavor": "Google"}
    address = f"{url}/computeMetadata/v1/instance/id"
    with httpx2.Client(trust_env=False) as plain:
        assert plain.get(address, headers=google).status_code == 200
        for host in ("evil.example", "metadata.google.internal", f"localhost.evil.example:{urlsplit(url).port}"):
            assert plain.get(address, headers=google | {"host": host}).status_code == 421
        for site in ("cross-site", "same-site", "none"):
            assert plain.get(address, headers=google | {"sec-fetch-site": site}).status_code == 403
        assert plain.post(f"{url}/idp/_mint", json={"dialect": "github"}).status_code == 404
