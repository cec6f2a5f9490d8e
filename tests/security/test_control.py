"""The control interface of the test issuers against a web page that drives it: every rule on every route."""

import json

import pytest

pytestmark = pytest.mark.slow

ROUTES = {
    "/idp/_mint": {"dialect": "github", "params": {}},
    "/idp/custom/_rotate": {},
    "/idp/custom/_down": {"mode": None},
}


@pytest.fixture(params=ROUTES)
def route(request):
    return request.param


def drive(server, route, method="POST", *, token=True, **headers):
    sent = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if token:
        sent.setdefault("authorization", f"Bearer {server.ready['control_token']}")
    body = json.dumps(ROUTES[route])
    return server.http.request(method, route, content=body, headers=sent)


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
    assert status == (200 if route == "/idp/_mint" else 401)


def test_the_token_is_of_256_bits_and_new_with_each_start(server):
    assert len(server.ready["control_token"]) >= 43


def test_the_admin_listener_and_the_public_one_do_not_answer_for_each_other(server):
    for path in ("/metrics", "/readyz", "/livez"):
        assert server.http.get(path).status_code == 404
    assert server.admin.post("/idp/_mint", json={}).status_code in (404, 405)
    assert server.admin.get("/common/discovery/keys").status_code == 404
