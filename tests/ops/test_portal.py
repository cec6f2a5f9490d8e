"""The portal of a production server, from ``accredit init`` on: the link, the cookie, the headers."""

import pytest

from tests.ops.servers import PUBLIC, command, initialise, serving

pytestmark = pytest.mark.slow
URL = f"https://{PUBLIC}"
OURS = {"sec-fetch-site": "same-origin"}
SESSION = "__Host-accredit_session"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("portal")
    return folder, initialise(folder)["portalLink"]


@pytest.fixture(scope="module")
def server(made):
    with serving(made[0], emulator=False) as found:
        yield found


def signed_in(server, link):
    """Sign in with a link; the cookie as it was set."""
    path = link.removeprefix(URL)
    assert server.http.get(path).status_code == 200
    answer = server.http.post(path, headers=OURS)
    assert answer.status_code == 303
    server.http.cookies.clear()
    return answer.headers["set-cookie"]


def accredit(server, *words):
    done = command("admin", *words, "--data", str(server.data), ACCREDIT_PUBLIC_URL=URL)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_link_of_init_signs_in_once_with_a_cookie_that_is_sent_here_only(made, server):
    assert made[1].startswith(f"{URL}/portal/link/")
    cookie = signed_in(server, made[1])
    name, _, rest = cookie.partition("=")
    assert (name, rest.partition("; ")[2]) == (SESSION, "Path=/; Secure; HttpOnly; SameSite=Lax")
    seen = server.http.get("/portal/tenants", headers={"cookie": cookie.partition(";")[0]})
    assert "corp.test" in seen.text
    assert server.http.post(made[1].removeprefix(URL), headers=OURS).status_code == 410


def test_transport_is_strict_and_there_is_no_button_that_signs_anybody_in(server):
    page = server.http.get("/portal/sign-in")
    assert page.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "accredit admin link" in page.text
    assert "emulator" not in page.text.lower()
    for path in ("sign-in/emulator", "oidc/start"):
        answer = server.http.post(f"/portal/{path}", headers=OURS)
        assert (answer.status_code, answer.headers.get("set-cookie")) == (404, None)


def test_another_origin_than_the_public_url_changes_nothing(server):
    for origin in (f"https://{PUBLIC}:8443", f"http://{PUBLIC}", "null"):
        assert server.http.post("/portal/sign-out", headers={"origin": origin}).status_code == 403
    assert server.http.post("/portal/sign-out", headers={"origin": URL}).status_code == 303


def test_the_host_makes_another_link_lists_who_is_signed_in_and_ends_it(server):
    cookie = signed_in(server, accredit(server, "link")).partition(";")[0]
    assert server.http.get("/portal/tenants", headers={"cookie": cookie}).status_code == 200
    assert "Administrator by link" in accredit(server, "sessions", "-o", "json")
    accredit(server, "sign-out", "--all")
    assert server.http.get("/portal/tenants", headers={"cookie": cookie}).status_code == 303
    assert accredit(server, "sessions", "-o", "json") == "[]"
