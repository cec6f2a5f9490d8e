"""Signing in at the organisation's provider: another process, a real code, a real token.

RFC 9700, rows O-2.1, O-4.4 (mix-up), O-4.7 (forged answers).
"""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from accredit.administer import people
from accredit.testidp.native.organisation import CLIENT, SECRET
from accredit.web.portal.entry import ATTEMPTS
from tests.portal.organisation import issuer_of, portal_of, settings
from tests.portal.page import Visitor
from tests.portal.people import cookie
from tests.support.emulator import running
from tests.support.every import every


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """The organisation's provider: an emulator of its own, of which only the test issuer is used."""
    with running(tmp_path_factory.mktemp("provider")) as found:
        yield found


@pytest.fixture(scope="module")
def served(provider, tmp_path_factory):
    with portal_of(provider, tmp_path_factory.mktemp("portal")) as found:
        yield found


@pytest.fixture
def visitor(served):
    return Visitor(served.http, served.url)


def begun(visitor, wanted="/portal/tenants"):
    """Press the button; where the browser is led."""
    page = visitor.send("POST", "oidc/start", urlencode({"next": wanted}), follow=False)
    assert page.status == 200, page.text
    seconds, _, url = page.headers["refresh"].partition("; url=")
    assert seconds == "0"
    assert page.root.one("main").one("a").attributes["href"] == url, "and a link, where that does not work"
    return url


def answered(provider, url, person="ada"):
    """Choose who one is at the provider; where that leads back to."""
    looked = provider.http.get(url)
    assert looked.status_code == 200, looked.text
    chosen = provider.http.post(url, data={"person": person})
    assert chosen.status_code == 303
    return chosen.headers["location"]


def signed_in(visitor, provider, person="ada", wanted="/portal/tenants"):
    return visitor.get(answered(provider, begun(visitor, wanted), person), sec_fetch_site="cross-site")


def changed(url, **changes):
    """The same address with other parameters; ``None`` leaves one out."""
    parts = urlsplit(url)
    asked = {name: value for name, [value] in parse_qs(parts.query).items()} | changes
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return parts._replace(query=query).geturl()


def test_the_page_offers_the_provider_by_its_name(visitor):
    page = visitor.get("sign-in")
    assert "Sign in with Contoso" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("person", "name", "role"),
    [
        ("ada", "Ada Lovelace", "Admin"),
        ("grace", "Grace Hopper", "Operator"),
        ("katherine", "Katherine Johnson", "Reader"),
    ],
)
def test_people_have_the_roles_of_their_groups(visitor, served, provider, person, name, role):
    page = signed_in(visitor, provider, person)
    assert (page.status, page.path) == (200, "/portal/tenants")
    assert name in page.text
    assert role in page.main.text
    assert set(visitor.cookies) == {cookie(served)}, "the handshake is over"


def test_somebody_without_a_role_learns_that_and_what_an_administrator_needs(visitor, provider):
    page = signed_in(visitor, provider, "mallory")
    assert (page.status, visitor.cookies) == (403, {})
    for each in (
        "mallory",
        issuer_of(provider),
        "groups",
        "accredit admin add --issuer",
        "--claim sub --value mallory",
    ):
        assert each in page.text
    assert "portal-admins" not in page.html, "nobody learns which groups have roles"


def test_a_mapping_that_is_removed_ends_it_with_the_next_request(visitor, served, provider):
    given = {"issuer": issuer_of(provider), "claim": "sub", "value": "mallory", "role": "reader"}
    made = served.administer(lambda by: people.add(by, tenant_id=served.tenant_id, **given))
    assert signed_in(visitor, provider, "mallory").path == "/portal/tenants"
    before = dict(visitor.cookies)
    assert visitor.get("tenants").path == "/portal/tenants"
    assert visitor.cookies == before
    more = {**given, "claim": "aud", "value": CLIENT, "role": "operator"}
    added = served.administer(lambda by: people.add(by, tenant_id=served.tenant_id, **more))
    assert "Reader" in visitor.get("tenants").main.text, "a claim that no mapping named at their sign-in was not kept"
    for each in (made, added):
        served.administer(lambda by, each=each: people.remove(by, each.id))
    assert visitor.get("tenants").path == "/portal/sign-in"
    assert visitor.cookies == {}


def test_another_role_is_another_session_id(visitor, served, provider):
    given = {"issuer": issuer_of(provider), "claim": "sub", "value": "grace", "role": "admin"}
    signed_in(visitor, provider, "grace")
    before = dict(visitor.cookies)
    made = served.administer(lambda by: people.add(by, tenant_id=served.tenant_id, **given))
    assert "Admin" in visitor.get("tenants").main.text
    assert visitor.cookies.keys() == before.keys()
    assert visitor.cookies != before
    assert Visitor(served.http, served.url, before).get("tenants").path == "/portal/sign-in"
    served.administer(lambda by: people.remove(by, made.id))


def test_a_sign_in_leads_where_it_was_meant_to_and_nowhere_else(visitor, provider):
    assert signed_in(visitor, provider, wanted="https://evil.test/portal").url.startswith(visitor.base)


def broken(provider, visitor, how):
    """The address that somebody is led back to, changed."""
    back = answered(provider, begun(visitor))
    return how(back)


CHANGES = {
    "another state": lambda url: changed(url, state="x" * 43),
    "no state": lambda url: changed(url, state=None),
    "two states": lambda url: url + "&state=x",
    "another issuer (mix-up)": lambda url: changed(url, iss="https://evil.test"),
    "no issuer, where this one always says it": lambda url: changed(url, iss=None),
    "two issuers": lambda url: url + "&iss=https://evil.test",
    "another code": lambda url: changed(url, code="x" * 43),
    "no code": lambda url: changed(url, code=None),
    "a code that is too long": lambda url: changed(url, code="x" * 5_000),
    "an error": lambda url: changed(url, code=None, error="access_denied\x1b"),
}


@every("how", CHANGES.values(), ids=CHANGES)
def test_an_answer_that_was_changed_signs_nobody_in(visits_alone, provider, how):
    visitor = visits_alone()
    page = visitor.get(broken(provider, visitor, how), sec_fetch_site="cross-site")
    assert (page.status, visitor.cookies) == (400, {})
    assert "Contoso" in page.text
    assert "access_denied" not in page.html


@pytest.fixture(scope="module")
def alone(provider, tmp_path_factory):
    """A portal whose limits other tests do not use up."""
    with portal_of(provider, tmp_path_factory.mktemp("alone")) as found:
        yield found


@pytest.fixture
def visits_alone(alone):
    return lambda: Visitor(alone.http, alone.url)


def test_an_answer_holds_in_the_browser_that_asked_and_once(visitor, served, provider):
    back = answered(provider, begun(visitor))
    stranger = Visitor(served.http, served.url)
    page = stranger.get(back)
    assert (page.status, stranger.cookies) == (400, {})
    assert "another browser" in page.text
    copy = Visitor(served.http, served.url, dict(visitor.cookies))
    assert visitor.get(back).status == 200
    again = copy.get(back)
    assert (again.status, copy.cookies) == (400, {}), "the provider redeems a code once"


def test_a_code_of_another_sign_in_is_refused_for_its_verifier(served, provider):
    """What an attacker's own code would do in somebody's browser (RFC 9700 section 4.5)."""
    theirs, mine = Visitor(served.http, served.url), Visitor(served.http, served.url)
    stolen = parse_qs(urlsplit(answered(provider, begun(theirs))).query)["code"][0]
    page = mine.get(changed(answered(provider, begun(mine)), code=stolen))
    assert (page.status, mine.cookies) == (400, {})


def test_of_refused_answers_the_journal_tells_why_and_the_page_does_not(visitor, served, provider):
    page = visitor.get(changed(answered(provider, begun(visitor)), code="x" * 43))
    trace = page.root.one("code").text
    told = (served.data.parent / "emulator.log").read_text()
    assert "invalid_grant" in told
    assert trace in told
    assert "invalid_grant" not in page.html
    assert SECRET not in told


def test_somebody_who_has_no_role_may_not_try_for_ever(visits_alone, provider):
    last = 0
    for _ in range(ATTEMPTS.burst + 1):
        last = signed_in(visits_alone(), provider, "mallory").status
        if last == 429:
            break
    assert last == 429
    assert signed_in(visits_alone(), provider, "katherine").status == 200, "others may"


def test_nobody_has_to_wait_because_another_page_led_here(visits_alone, provider):
    """A picture whose address is ours is asked for as often as its page likes; it knows no state of anybody's."""
    for _ in range(ATTEMPTS.burst + 5):
        assert visits_alone().get("oidc/callback?state=x&code=x", sec_fetch_site="cross-site").status == 400
    assert signed_in(visits_alone(), provider, "katherine").status == 200


def test_a_provider_that_does_not_answer_is_told(tmp_path, provider):
    told = settings(provider, tmp_path) | {"ACCREDIT_PORTAL__OIDC__ISSUER": "https://localhost:1/idp/custom"}
    with running(tmp_path, environment=told) as emulator:
        visitor = Visitor(emulator.http, emulator.url)
        page = visitor.send("POST", "oidc/start", "")
        assert (page.status, visitor.cookies) == (502, {})
        assert "Contoso cannot be reached" in page.text
