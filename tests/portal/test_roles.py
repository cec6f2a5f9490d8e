"""Who may open what: every route, for everybody from nobody to the one who may do everything.

What a route needs stands in its row; that the handler itself refuses more is possible, less is not.
"""

import pytest

from accredit.app import seed
from accredit.directory.people import RANK
from tests.portal.people import visitor
from tests.portal.routes import ALL, filled
from tests.portal.scene import furnish
from tests.support.emulator import running
from tests.support.every import every

PEOPLE = ("nobody", "stranger", "reader", "operator", "admin", "instance", "everything")
SAYS = [f"{each.method} {each.path}" for each in ALL]
# First what needs a role; signing in or out ends the session of whoever asks; and the emulator's answers change last.
ORDERED = sorted(ALL, key=lambda each: (each.needs == "nobody", "test-issuer/authority" in each.path))


def expected(route, who):
    """What the row of a route says about somebody."""
    if route.needs == "nobody":
        return "open"
    if who == "nobody":
        return "to sign in"
    if route.of_tenant and who in {"stranger", "instance"}:
        return "not found"
    if route.needs == "session" or who == "everything":
        return "open"
    if route.needs == "instance":
        return "open" if who == "instance" else "forbidden"
    return "open" if RANK.get(who, 0) >= RANK[route.needs] else "forbidden"


def outcome(page):
    if page.status == 303 and page.headers["location"].startswith("/portal/sign-in"):
        return "to sign in"
    return {403: "forbidden", 404: "not found"}.get(page.status, "open" if page.status < 500 else "broken")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(tmp_path_factory.mktemp("roles")) as found:
        yield found


@pytest.fixture(scope="module")
def scene(served):
    return furnish(served)


@pytest.fixture
def people(served, scene):
    return {who: visitor(served, who) for who in PEOPLE}


def names(scene):
    named = scene.names | {"request": scene.names["refused"], "permission": scene.names["orders_role"], "kind": "Role"}
    named |= {"application": named["payments"], "principal": named["payments_principal"], "api": named["orders_app"]}
    return {**named, "event": named["refused"], "credential": named["k8s"], "key": named["secret"]}


@every("route", ORDERED, ids=lambda each: " ".join(each[:2]))
def test_a_route_is_open_to_whom_its_row_says(route, people, scene):
    """An empty form is sent: who may send it is told what is missing, who may not is told that."""
    path, body = filled(route.path, names(scene)), None if route.method == "GET" else ""
    found, wanted = {}, {}
    for who, person in people.items():
        page = person.send(route.method, f"/portal{path}", body, follow=False)
        wanted[who] = expected(route, who)
        found[who] = outcome(page)
        if wanted[who] == "open" and found[who] == "not found":  # the thing is not there; whoever may is told so
            found[who] = "open"
    assert found == wanted


@every("route", [each for each in ALL if each.needs != "nobody"], ids=lambda each: " ".join(each[:2]))
def test_who_is_not_signed_in_gets_no_part_of_a_page(route, people, scene):
    path, body = filled(route.path, names(scene)), None if route.method == "GET" else ""
    page = people["nobody"].send(route.method, f"/portal{path}", body, {"hx_request": "true"}, follow=False)
    assert (page.status, page.html) == (401, "")
    assert page.headers["hx-redirect"] == "/portal/sign-in"


@every("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_sent_from_elsewhere(method, people, scene):
    for route in ALL:
        path = filled(route.path, names(scene))
        for site in ({"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}, {"sec_fetch_site": ""}):
            page = people["everything"].send(method, f"/portal{path}", "", site, follow=False)
            assert page.status == 403, (path, site)
            assert "nothing has changed" in page.html


def test_a_tenant_without_a_role_looks_like_one_that_is_not_there(people):
    told = [people["stranger"].get(f"{name}/applications") for name in (seed.TENANT_DOMAIN, "nowhere.test")]
    assert [each.status for each in told] == [404, 404]
    assert told[0].main.text.partition("Request")[0] == told[1].main.text.partition("Request")[0]


def test_every_write_needs_more_than_a_reader():
    """A POST that a reader may send computes and changes nothing: it says so by its name."""
    computing = ("preview", "explain", "check", "probe", "diff", "truth", "prefill", "compare", "/test")
    computing += ("administrators/sign-out",)  # of one's own sessions, whoever one is
    weak = [says for says, each in zip(SAYS, ALL, strict=True) if each.method == "POST" and each.needs == "reader"]
    assert not [each for each in weak if not any(word in each for word in computing)]
