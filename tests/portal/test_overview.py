"""The overview, what is found by searching, and what help says: of an emulator in which something has happened."""

import time
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from accredit.administer import tenants
from accredit.app import seed
from accredit.errors import CATALOGUE
from accredit.interop import help as told
from accredit.issuers.watching import KeyState
from accredit.trust.lint import RULES
from accredit.web.portal import charts
from accredit.web.portal.pages import attention
from tests.portal.scene import KUBERNETES, UPLOADED, furnish
from tests.support.emulator import running
from tests.support.every import every

HOME = seed.TENANT_DOMAIN
EMPTY = "empty.test"
QUICK = 0.1  # seconds of a page


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(tmp_path_factory.mktemp("overview")) as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def scene(served):
    found = furnish(served)
    served.administer(lambda by: tenants.create(by, display_name="Empty", domains=(EMPTY,)))
    return found


def cards(page):
    """The cards of a page, by their headings."""
    return {each.one("h2").text: each for each in page.main.all("section", class_="card")}


def test_the_overview_counts_and_every_number_leads_to_what_it_counts(portal):
    page = portal.get(HOME)
    found = cards(page)
    assert "granted 1 refused 4" in found["Exchanges"].text
    refused = [each for each in found["Why sign-ins failed"].all("a") if "aria-label" in each]
    assert sorted(each["aria-label"].rpartition(" ")[2] for each in refused) == [
        "AADSTS700027",
        "AADSTS700212",
        "AADSTS700213",
        "AADSTS7002131",
    ]
    log = portal.get(refused[0]["href"])
    assert len(log.rows) == 2
    bars = [each for each in found["Exchanges"].all("svg")[0].all("a") if each.all("rect", class_="refused")]
    counted = portal.get(bars[-1]["href"])
    assert len(counted.rows) > 1


@every("span, bars", [("24h", 24), ("7d", 28), ("30d", 30), ("nonsense", 24)])
def test_a_time_has_its_bars_and_a_table_of_the_same(portal, span, bars):
    found = cards(portal.get(f"{HOME}?span={span}"))["Exchanges"]
    drawn, rows = found.one("svg").all("a"), found.one("tbody").all("tr")
    assert len(drawn) == len(rows) == bars
    assert [each["href"] for each in drawn] == [each.one("a")["href"] for each in reversed(rows)]
    assert {each["tabindex"] for each in drawn} == {"-1"}
    assert sum(int(row.all("td")[1].text) for row in rows) == 4
    asked = [parse_qs(urlsplit(each["href"]).query) for each in drawn]
    assert [each["to"] for each in asked[:-1]] == [each["from"] for each in asked[1:]]


def test_two_cards_follow_the_log_and_nothing_else_moves(portal):
    page = portal.get(f"{HOME}?span=7d")
    moving = [each for each in page.main if "hx-get" in each]
    assert [each["hx-trigger"] for each in moving] == ["every 30s"] * 2
    for each in moving:
        part = portal.get(each["hx-get"], hx_request="true")
        (card,) = part.root.all("section")
        assert (card["id"], card["hx-get"]) == (each["id"], each["hx-get"])
        assert "<html" not in part.html


def test_what_needs_attention_is_named_and_led_to(portal, scene):
    found = cards(portal.get(HOME))
    assert "1 mutable or broad subject payments-api: github-any-branch" in found["Needs attention"].text
    assert found["Needs attention"].all("a")[0]["href"].endswith(f"/applications/{scene.payments}/credentials")
    assert "keys uploaded" in found["Issuers"].text
    assert UPLOADED in found["Issuers"].text
    assert "Add application" in found["Recent changes"].text


def test_the_overview_is_quick(portal):
    """On a machine that others use, too: one of several looks is."""
    for _ in range(20):
        began = time.perf_counter()
        portal.get(HOME)
        if time.perf_counter() - began < QUICK:
            return
    pytest.fail(f"no look took less than {QUICK} s")


def test_an_empty_tenant_is_told_how_to_begin(portal, visits):
    page = portal.get(EMPTY)
    assert page.h1 == "First steps in Empty"
    assert page.link("New application").endswith(f"/{EMPTY}/applications/new")
    assert page.status == 200
    assert visits("reader").get(EMPTY).status == 404


def visiting(served, *, days):
    """Whoever looks at the emulator's directory so many days later, as far as notices need to know."""
    now = began(served) + timedelta(days=days)
    return SimpleNamespace(now=now, url=lambda *parts: "/".join(map(str, parts)))


def began(served):
    (event, *_) = served.events(seed.WORKLOAD_ID)
    return event.at


def looked(served):
    async def look(by):
        async with by.registry.reading() as store:
            applications = await store.applications.find(tenant_id=seed.TENANT_ID)
            held = {each.id: await store.credentials.find(application_id=each.id) for each in applications}
            return (
                attention.Looked(applications, held, whole=True),
                await store.signing_keys.find(),
                await store.issuers.find(),
            )

    return served.administer(look)


def test_what_time_brings_is_told(served):
    found, keys, issuers = looked(served)
    later = visiting(served, days=91)
    unused = attention._unused(later, found, {})  # noqa: SLF001  a clock cannot be moved in a server that others use
    assert unused[0].text.endswith("credentials were not used in 90 days")
    assert {each.more for each in unused[0].links} == {"never used"}
    assert attention._unused(visiting(served, days=0), found, {}) == []  # noqa: SLF001
    ends = [key.ends_at for each in found.applications for key in (*each.secrets, *each.certificates)]
    for days, level, said in ((1, "fail", "have expired"), (-7, "warn", "expire")):
        after = (max(ends) - began(served)).days + days
        notices = attention._expiring(visiting(served, days=after), found)  # noqa: SLF001
        assert sum(len(each.links) for each in notices) == len(ends)
        assert (notices[-1].level, said in notices[-1].text.replace("expires", "expire")) == (level, True)
    rotating = attention._rotating(visiting(served, days=80), keys)  # noqa: SLF001
    assert {each.text.partition(" in ")[0] for each in rotating} == {
        "The signing key for RS256 rotates",
        "The signing key for ES256 rotates",
    }
    assert attention._rotating(visiting(served, days=0), keys) == []  # noqa: SLF001
    silent = [(each, KeyState(failure="no answer") if each.url == KUBERNETES else KeyState(keys=1)) for each in issuers]
    (notice,) = attention._silent(later, silent)  # noqa: SLF001
    assert (notice.level, notice.text, notice.links[0].text) == ("fail", "1 issuer does not answer", KUBERNETES)


HEIGHTS = {
    "nothing": ([], 1, []),
    "only nothings": ([(0, 0)], 1, [(0, 0)]),
    "all of the room": ([(5, 5)], 10, [(100, 100)]),
    "a number that is small is seen": ([(9_999, 1)], 10_000, [(199.98, 3)]),
    "a round number above": ([(130, 0)], 200, [(130, 0)]),
}


@every("numbers, most, heights", HEIGHTS.values(), ids=HEIGHTS)
def test_a_bar_is_as_high_as_its_number(numbers, most, heights):
    chart = charts.bars([charts.Number("", *each, "") for each in numbers])
    assert chart.most == most
    drawn = [(each.granted_height, each.refused_height) for each in chart.bars]
    assert drawn == [pytest.approx(each, abs=0.1) for each in heights]
    for each in chart.bars:
        assert 0 <= each.refused_top <= each.granted_top <= charts.HEIGHT
        assert 0 <= each.left < each.left + each.width <= charts.WIDTH


LEADS = {
    "an application's object id": ("{deploy_bot}", "/applications/{deploy_bot}"),
    "its client id": (str(seed.WORKLOAD_ID), "/applications/{deploy_bot}"),
    "an id in capitals": ("{DEPLOY_BOT}", "/applications/{deploy_bot}"),
    "a service principal": ("{deploy_bot_principal}", "/enterprise-apps/{deploy_bot_principal}"),
    "a credential": ("{credential}", "/applications/{deploy_bot}/credentials"),
    "an issuer": ("{issuer}", "/issuers/{issuer}"),
    "a request": ("{refused}", "/sign-ins/{refused}"),
    "a code": ("AADSTS700213", "/portal/help/AADSTS700213"),
    "a code by its number": ("700213", "/portal/help/700213"),
    "a rule": ("fic-pr", "/portal/help/fic-pr"),
}


@every("wanted, led", LEADS.values(), ids=LEADS)
def test_one_exact_hit_is_led_to(portal, scene, wanted, led):
    names = {**scene.names, "DEPLOY_BOT": str(scene.deploy_bot).upper()}
    answer = portal.send("GET", f"{HOME}/search?q={quote(wanted.format(**names))}", follow=False)
    assert answer.status == 303
    assert answer.headers["location"].endswith(led.format(**names))


FOUND = {
    "the beginning of a name": ("pay", {"Applications": "payments-api", "Enterprise apps": "payments-api"}),
    "a name, whatever its case": ("DEPLOY", {"Applications": "deploy-bot"}),
    "a credential's name": ("k8s", {"Credentials": "payments-api: k8s-api"}),
    "the beginning of a subject": ("system:serviceaccount:", {"Credentials": "payments-api: k8s-api"}),
    "the beginning of an issuer": ("https://token.actions", {"Issuers": "https://token.actions.githubusercontent.com"}),
    "an identifier": ("api://orders", {"Applications": "Orders API"}),
}


@every("wanted, hits", FOUND.values(), ids=FOUND)
def test_what_begins_so_is_found_in_groups(portal, wanted, hits):
    found = cards(portal.get(f"{HOME}/search?q={quote(wanted)}"))
    for title, text in hits.items():
        assert text in found[title].text


@every("wanted", ["", "nothing of that kind", str(seed.TENANT_ID), "x" * 5_000, "<script>alert(1)</script>"])
def test_what_is_not_there_is_not_found(portal, wanted):
    page = portal.get(f"{HOME}/search?q={quote(wanted)}")
    assert page.status == 200
    assert not page.main.all("section")
    assert "<script>alert" not in page.html


def test_nothing_of_another_tenant_is_found(portal, visits, scene):
    for wanted in (scene.deploy_bot, scene.refused, scene.credential, scene.issuer, seed.WORKLOAD_ID):
        assert not portal.get(f"{EMPTY}/search?q={wanted}").main.all("section")
    assert visits("stranger").get(f"{HOME}/search?q=pay").status == 404


def test_the_field_above_searches(portal):
    found = portal.get(HOME).form("search").fill(q="pay").submit()
    assert found.h1 == "Search for pay"


def test_every_code_and_every_rule_has_its_page(portal):
    listed = portal.get("help")
    leads = {each.href for each in listed.links}
    for label in {each.label for each in CATALOGUE.values()} | {each.id for each in RULES}:
        assert f"/portal/help/{label}" in leads
    for row in list(CATALOGUE.values())[::7]:
        page = portal.get(f"help/{row.label}")
        assert row.label in page.h1
        assert told.MOVES[row.move] in page.text
        assert " ".join(row.template.split()) in page.text
    for rule in RULES[::5]:
        page = portal.get(f"help/{rule.id.lower()}")
        assert rule.title in page.h1
        assert " ".join(rule.remedy.split()) in page.text


def test_help_is_for_who_is_signed_in_and_finds_words(portal, visits, served):
    assert visits("reader").get("help/700213").status == 200
    assert visits("nobody").get("help").path.endswith("/sign-in")
    assert portal.get("help/AADSTS1").status == 404
    page = portal.get("help").form("Filter").fill(q="pull request").submit()
    assert any(each.href.endswith("/FIC-PR") for each in page.links)
    assert not any(each.href.endswith("/AADSTS700213") for each in page.links)
    assert "No code or rule is like that" in portal.get("help?q=zzzz").text
    assert served
