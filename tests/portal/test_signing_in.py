"""Signing in without a provider: the emulator's button, the one-time link, and out again."""

from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from accredit.app.local import run
from accredit.app.portal_links import make_link
from accredit.query import Compare, Query
from accredit.stores.portal_sessions import PortalSessions
from accredit.web.portal.entry import ATTEMPTS
from accredit.web.portal.paths import own_path
from accredit.web.portal.session import digest
from tests.portal.page import Visitor
from tests.portal.people import cookie
from tests.support.emulator import running
from tests.support.every import every


@pytest.fixture
def visitor(served):
    return Visitor(served.http, served.url)


@contextmanager
def store(served):
    with closing(PortalSessions(served.data / "accredit.db")) as sessions:
        yield sessions


def link(served):
    with served.store() as local:
        return run(make_link(local.folder, served.url))


def audits(served, activity):
    """The instance's records of one activity, newest first."""

    async def read(local):
        async with local.registry.reading() as view:
            query = Query(condition=Compare("activityDisplayName", "eq", activity), limit=50)
            return (await view.audits.search(query, tenant_id=None)).things

    with served.store() as local:
        return list(run(read(local)))


def test_who_is_not_signed_in_is_led_there_and_back(visitor, served):
    page = visitor.send("GET", "tenants", follow=False)
    assert (page.status, page.headers["location"]) == (303, "/portal/sign-in?next=/portal/tenants")
    page = visitor.get("tenants")
    assert page.path == "/portal/sign-in"
    after = page.form().submit()
    assert (after.status, after.path) == (200, "/portal/tenants")
    assert cookie(served) in visitor.cookies
    assert visitor.get("sign-in").path != "/portal/sign-in", "who is signed in is led on"


NEXT = {
    "/portal/contoso.test/applications?after=x": True,
    "/portal": True,
    "https://evil.test/": False,
    "//evil.test/": False,
    "/\\evil.test": False,
    "/portal/../../evil": False,
    "/portal//evil.test": False,
    "/portalevil": False,
    "/other": False,
    "/portal\r\nset-cookie: a=b": False,
    "javascript:alert(1)": False,
    "/portal/\u202e": False,
    "/portal/" + "x" * 2_000: False,
    "": False,
}


@every("wanted, own", NEXT.items(), ids=NEXT)
def test_a_sign_in_leads_below_the_portal_and_nowhere_else(wanted, own):
    assert own_path(wanted) == (wanted if own else "/portal")


@pytest.mark.parametrize("wanted", ["https://evil.test/", "//evil.test/portal", "/portal\\@evil.test"])
def test_open_redirects_are_none(visitor, served, wanted):
    page = visitor.send("GET", f"sign-in?next={wanted}")
    assert "evil.test" not in page.html
    sent = visitor.send("POST", "sign-in/emulator", f"next={wanted}", follow=False)
    assert (sent.status, sent.headers["location"]) == (303, "/portal")


@pytest.mark.parametrize("path", ["sign-in/emulator", "sign-out", "oidc/start", "link/AAAA", "theme"])
def test_forms_of_other_sites_are_refused_before_anything_is_looked_at(visitor, path):
    for told in (
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "", "origin": "https://evil.test"},
        {"sec_fetch_site": ""},
    ):
        page = visitor.send("POST", path, "", told, follow=False)
        assert page.status == 403
        assert "set-cookie" not in page.headers


def test_a_browser_that_does_not_say_the_site_says_the_origin(visitor, served):
    page = visitor.send("POST", "sign-in/emulator", "", {"sec_fetch_site": "", "origin": served.url}, follow=False)
    assert page.status == 303


def test_a_link_is_looked_at_as_often_as_wanted_and_used_once(served):
    address = link(served)
    for _ in range(3):
        looking = Visitor(served.http, served.url)
        page = looking.get(address)
        assert (page.status, page.headers["referrer-policy"], looking.cookies) == (200, "no-referrer", {})
    page = page.form().submit()
    assert page.path in {"/portal/contoso.test", "/portal/tenants"}  # the tenant, or all, where others have made more
    assert cookie(served) in looking.cookies
    with store(served) as sessions:
        (session,) = [each for each in run(sessions.all()) if each.person.how == "link"]
    assert session.access([]).instance
    signed = audits(served, "Sign in to the portal")[0]
    assert {each.name: each.after for each in signed.targets[0].modified} == {
        "signInMethod": '"link"',
        "breakGlass": "true",
    }
    assert (signed.actor.kind, signed.actor.address) == ("person", "127.0.0.1")
    again = Visitor(served.http, served.url)
    assert again.get(address).status == 410
    used = again.send("POST", address, "")
    assert (used.status, again.cookies) == (410, {})
    assert used.headers["referrer-policy"] == "no-referrer"
    secret = address.rpartition("/")[2]
    assert secret not in (served.data.parent / "emulator.log").read_text()
    assert secret not in served.http.get(f"{served.ready['admin_url']}/metrics").text


def test_a_link_that_is_too_old_signs_nobody_in(served, visitor):
    at = datetime.now(UTC) - timedelta(minutes=15)
    with store(served) as sessions:
        run(sessions.make_link(digest(b"old"), made_at=at, expires_at=at + timedelta(minutes=15)))
    for method, body in (("GET", None), ("POST", "")):
        page = visitor.send(method, "link/b2xk", body)
        assert (page.status, visitor.cookies) == (410, {})
        assert "accredit admin link" in page.text


@every("path", ["link/!!", "link/A", "link/%00", "link/" + "A" * 9_000])
def test_what_is_no_link_is_answered_like_one_that_was_used(served, path):
    page = Visitor(served.http, served.url).get(path)
    assert page.status == 410
    assert "cannot be used" in page.text


def test_somebody_signs_out(portal, served):
    assert portal.get("tenants").status == 200
    copy = Visitor(served.http, served.url, dict(portal.cookies))
    page = portal.send("POST", "sign-out", "")
    assert (page.path, portal.cookies) == ("/portal/signed-out", {})
    assert copy.get("tenants").path == "/portal/sign-in"
    assert audits(served, "Sign out of the portal")[0].targets[0].name == "Emulator's administrator"


def test_a_session_that_is_ended_elsewhere_is_over_at_once(portal, served):
    with store(served) as sessions:
        for each in run(sessions.all()):
            run(sessions.remove(each.id))
    assert portal.get("tenants").path == "/portal/sign-in"


def test_no_page_says_how_to_send_strict_transport_to_an_emulator(visitor):
    told = visitor.get("sign-in").headers
    assert "strict-transport-security" not in told
    assert (told["referrer-policy"], told["cache-control"]) == ("no-referrer", "no-store")
    assert "frame-ancestors 'none'" in told["content-security-policy"]


def test_who_guesses_links_has_to_wait_and_nobody_who_has_one(tmp_path):
    """In an emulator of its own: the address that has failed is everybody's here."""
    with running(tmp_path) as emulator:
        guessing = Visitor(emulator.http, emulator.url)
        good = link(emulator)
        answers = [guessing.send("POST", f"link/{'A' * 43}", "") for _ in range(ATTEMPTS.burst + 2)]
        assert [each.status for each in answers] == [410] * ATTEMPTS.burst + [429] * 2
        assert (answers[-1].headers["retry-after"], guessing.cookies) == ("60", {})
        assert "Too many attempts" in answers[-1].text
        with_one = Visitor(emulator.http, emulator.url)
        assert with_one.send("POST", good, "").status == 200
        assert cookie(emulator) in with_one.cookies
        again = guessing.send("POST", good, "")
        assert (again.status, guessing.cookies) == (429, {}), "it was used up"
        assert guessing.get("sign-in").status == 200
