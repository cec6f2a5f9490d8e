"""The logs: what is found by which filter, how one sign-in is told, and what nobody has proven leads nowhere."""

import json
import shlex
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from accredit.administer import applications, credentials
from accredit.app import seed
from accredit.signins import checks
from accredit.web.graph.logs import ROUTES as GRAPH
from accredit.web.graph.logs import SIGNINS
from accredit.web.portal.pages.sign_ins import Found
from accredit.web.portal.render import Renderer
from tests.cli.conftest import ran
from tests.portal.scene import exchange, furnish
from tests.support.emulator import running
from tests.support.every import every
from tests.support.workload import AUDIENCE, principal_of

LOG = f"{seed.TENANT_DOMAIN}/sign-ins"
SUBJECT = "repo:octo-org@123456/octo-repo@456789:environment:production"
GITHUB = "https://token.actions.githubusercontent.com"
QUICK = 0.1  # seconds of a page, the server's and the reader's
TRIES = 20  # on a machine that others use, too
HEAD = 1


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(tmp_path_factory.mktemp("log")) as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def scene(served):
    return furnish(served)


@pytest.fixture(scope="module")
def events(served):
    return served.events(seed.WORKLOAD_ID)


@pytest.fixture(scope="module")
def busy(served, scene):
    """An application with 52 grants that are alike, and four refusals that are."""
    assert scene.refused

    async def trusted(by):
        made = await applications.create(by, seed.TENANT_ID, display_name="busy-bot")
        await credentials.add(by, made.id, name="github", issuer=GITHUB, subject=SUBJECT, audiences=(AUDIENCE,))
        await principal_of(by, seed.TENANT_ID, made.app_id)
        return str(made.app_id)

    app_id = served.administer(trusted)
    granted, refused = (served.mint(params={"environment": each}) for each in ("production", "staging"))
    for token, times in ((granted, 52), (refused, 4)):
        for _ in range(times):
            exchange(served, app_id, token)
    return app_id


def rows(page):
    """The rows of a page's table, by the words above them."""
    return [dict(zip(page.rows[0], row, strict=True)) for row in page.rows[HEAD:]] if page.rows else []


def shown(page):
    """How the sign-ins of a page ended, the newest first."""
    return [f"{row['Status'].split()[1]} {row['Service principal']}" for row in rows(page)]


def quick(look):
    """Whether a page can be had at once, whatever else the machine does meanwhile."""
    for _ in range(TRIES):
        began = time.perf_counter()
        look()
        if time.perf_counter() - began < QUICK:
            return True
    return False


BOTH = {"Granted deploy-bot", "Refused deploy-bot"}
GRANTED = {"Granted deploy-bot"}
REFUSED = {"Refused deploy-bot"}
BOT = {"application": "deploy-bot"}
FILTERS = {
    "an application by its name": (BOT, BOTH),
    "an application by its client id": ({"application": str(seed.WORKLOAD_ID)}, BOTH),
    "another application": ({"application": "payments-api"}, {"Refused payments-api"}),
    "an application that is none": ({"application": "nobody"}, set()),
    "granted": ({**BOT, "status": "granted"}, GRANTED),
    "refused": ({**BOT, "status": "refused"}, REFUSED),
    "a resource by its identifier": ({**BOT, "resource": "api://orders"}, GRANTED),
    "a resource by its name": ({**BOT, "resource": "Orders API"}, GRANTED),
    "a resource that is none": ({**BOT, "resource": "api://nothing"}, set()),
    "an issuer": ({**BOT, "issuer": GITHUB}, BOTH),
    "the beginning of an issuer": ({**BOT, "issuer": "https://token*"}, BOTH),
    "another issuer": ({**BOT, "issuer": "https://example.com"}, set()),
    "a credential by its name": ({"credential": "github-production"}, BOTH),  # it matched a forged token, too
    "the beginning of its name": ({"credential": "github-prod*", "status": "granted"}, GRANTED),
    "a code": ({**BOT, "code": "AADSTS700213"}, REFUSED),
    "a code by its number": ({**BOT, "code": "700213"}, REFUSED),
    "an address": ({**BOT, "address": "127.0.0.1"}, BOTH),
    "the beginning of an address": ({**BOT, "address": "127.*"}, BOTH),
    "another address": ({**BOT, "address": "203.0.113.9"}, set()),
    "what is proven": ({**BOT, "proof": "proven"}, BOTH),
    "what nobody has proven": ({**BOT, "proof": "unproven"}, REFUSED),
    "a subject": ({**BOT, "subject": SUBJECT}, BOTH),
    "the last hour": ({**BOT, "time": "1h"}, BOTH),
    "the last month": ({**BOT, "time": "30d"}, BOTH),
    "any time": ({**BOT, "time": "all"}, BOTH),
    "a time that is over": ({**BOT, "from": "2020-01-01T00:00", "to": "2020-02-01T00:00"}, set()),
    "since a time": ({**BOT, "from": "2020-01-01T00:00"}, BOTH),
}


@every("grouped", [True, False], ids=["grouped", "each"])
@every("asked, found", FILTERS.values(), ids=FILTERS)
def test_a_filter_finds_what_it_says(portal, asked, found, grouped):
    page = portal.get(f"{LOG}?{urlencode(asked if grouped else {**asked, 'group': 'off'})}")
    assert page.status == 200
    assert set(shown(page)) == found
    assert ("No sign-in meets this" in page.text) is not bool(found)


def test_ids_find_one_sign_in_wherever_it_is(portal, scene, events):
    one = next(each for each in events if each.id == scene.refused)
    for asked in ({"request": one.id}, {"correlation": one.correlation_id}, {"request": str(one.id).upper()}):
        assert shown(portal.get(f"{LOG}?{urlencode(asked)}")) == ["Refused deploy-bot"]
    granted = next(each for each in events if not each.code)
    assert shown(portal.get(f"{LOG}?credential={granted.credential_id}&status=granted")) == ["Granted deploy-bot"]
    assert shown(portal.get(f"{LOG}?resource={granted.resource_app_id}&application=deploy-bot")) == [
        "Granted deploy-bot"
    ]
    assert shown(portal.get(f"{LOG}?application={scene.deploy_bot}&status=granted")) == ["Granted deploy-bot"]


WRONG = {
    "a code that no refusal has": ("code", "AADSTS1"),
    "an id that is none": ("request", "7"),
    "another id that is none": ("correlation", "x"),
    "an address that is none": ("address", "example.com"),
    "a status that is none": ("status", "maybe"),
    "a proof that is none": ("proof", "maybe"),
    "a time that is none": ("from", "yesterday"),
    "a time before the first": ("from", "1600-01-01T00:00"),
    "a span that is none": ("time", "5y"),
    "what is too long": ("issuer", "x" * 601),
}


@every("name, value", WRONG.values(), ids=WRONG)
def test_what_cannot_be_read_is_refused_at_its_field(portal, name, value):
    page = portal.get(f"{LOG}?{urlencode({name: value})}")
    assert page.status == 422
    field = page.main.one(id=name)
    assert field["aria-invalid" if field.tag == "input" else "id"]
    assert page.main.one(id=f"{name}-problem").text.startswith("✗")
    assert "This was not saved" not in page.text
    if name != "time":
        assert field.get("value", value) == value


def test_an_end_before_its_beginning_is_refused(portal):
    page = portal.get(f"{LOG}?{urlencode({'from': '2026-01-02T00:00', 'to': '2026-01-01T00:00'})}")
    assert page.status == 422
    assert page.main.one(id="to-problem")


def test_a_form_leaves_no_empty_fields_in_the_address(portal):
    page = portal.get(LOG).form("Filter").fill(status="refused").submit()
    assert page.status == 200
    assert parse_qs(urlsplit(page.url).query) == {"status": ["refused"], "time": ["24h"]}
    emptied = page.form("Filter").fill(status="", time="24h").submit()
    assert parse_qs(urlsplit(emptied.url).query) == {"time": ["24h"]}


USUAL = {
    "of all": ("", "Last 24 hours"),
    "of one application": ("application=deploy-bot", "Last 30 days"),
    "of one credential": ("credential=github-production", "Last 30 days"),
    "as it is chosen": ("application=deploy-bot&time=1h", "Last hour"),
}


@every("asked, words", USUAL.values(), ids=USUAL)
def test_the_usual_time_is_said(portal, asked, words):
    assert f"Time: {words}" in portal.get(f"{LOG}?{asked}").text


def test_a_chip_takes_its_filter_away_and_no_other(portal):
    page = portal.get(f"{LOG}?status=refused&code=700213&time=7d")
    assert [each.text for each in page.main.all("span", class_="chip")] == [
        "Status: Refused \N{MULTIPLICATION SIGN}",
        "Code: 700213 \N{MULTIPLICATION SIGN}",
        "Time: Last 7 days \N{MULTIPLICATION SIGN}",
    ]
    without = {each["aria-label"]: each["href"] for each in page.main.all("a") if "aria-label" in each}
    left = parse_qs(urlsplit(without["Take away Code: 700213"]).query)
    assert left == {"status": ["refused"], "time": ["7d"]}


def test_what_is_alike_is_one_row_that_leads_to_each(portal, busy):
    page = portal.get(f"{LOG}?application={busy}&time=24h")
    assert sorted(row["Sign-ins"] for row in rows(page)) == ["4", "52"]
    each = page.follow("4")
    assert shown(each) == ["Refused busy-bot"] * 4
    assert "Group identical: off" in each.text


def test_what_one_group_need_not_have_in_common_is_shown_apart(portal):
    page = portal.get(f"{LOG}?issuer={GITHUB}")
    assert "Not grouped: sign-ins of one group differ in Issuer" in page.text
    assert "Credential" in page.rows[0]


def test_the_log_is_followed_only_where_somebody_says_so(portal):
    still = portal.get(LOG)
    assert "hx-get" not in still.html
    followed = still.follow("Follow")
    table = followed.main.one(id="log")
    assert table["hx-trigger"] == "every 5s"
    part = portal.get(table["hx-get"], hx_request="true")
    assert part.root.one(id="log")["hx-get"] == table["hx-get"]
    assert "<html" not in part.html
    assert "hx-get" not in followed.follow("Stop").html


def test_fifty_stand_on_a_page_at_once_and_the_rest_follows(portal, busy):
    asked = f"{LOG}?application={busy}&group=off&status=granted"
    page = portal.get(asked)
    assert len(shown(page)) == 50
    assert quick(lambda: portal.get(asked))
    assert len(shown(page.follow("Next page"))) == 2
    assert portal.get(f"{LOG}?after=nonsense").status == 400


def test_a_page_that_looked_so_far_only_says_so():
    """What the log answers when it has looked for a moment and found less than a page has room for."""
    found = Found((), more=(None, "7"), short=True)
    text = Renderer().text("parts/sign_ins.html", found=found, following="/go-on", tail="", wider=[], ago=str)
    assert "0 were found so far" in text
    assert 'href="/go-on"' in text


def test_a_grant_is_told(portal, scene, events):
    event = next(each for each in events if each.id == scene.granted)
    page = portal.get(f"{LOG}/{event.id}")
    assert page.h1 == "✓ Granted"
    told = page.main.text
    for said in (
        "Federated identity credential",
        "github-production",
        str(event.credential_id),
        event.uti,
        "Orders API",
    ):
        assert said in told
    for link in (
        f"applications/{scene.deploy_bot}",
        f"enterprise-apps/{scene.deploy_bot_principal}",
        f"issuers/{scene.issuer}",
    ):
        assert any(each.href.endswith(link) for each in page.links)
    assert page.link("github-production").endswith(f"/applications/{scene.deploy_bot}/credentials")


def test_a_refusal_is_told_check_by_check(portal, scene, events):
    event = next(each for each in events if each.id == scene.refused)
    page = portal.get(f"{LOG}/{event.id}")
    assert page.h1 == "✗ AADSTS700213 · subject not trusted"
    steps = [each.text for each in page.main.one("ol", class_="row plain").all("li")]
    assert [each.partition(" ")[2].partition(":")[0] for each in steps] == [each.name for each in checks(event)]
    assert steps[5] == "✗ trusted: ended the attempt"
    assert [each.text for each in page.main.all("mark")] == ["production", "staging"]
    assert event.nearest.replace("`", "") in page.main.text


def test_what_is_copied_is_what_graph_and_the_command_line_say(served, portal, scene):
    page = portal.get(f"{LOG}/{scene.refused}")
    command, request, body = (each.raw for each in page.main.all("pre"))
    assert json.loads(body)["id"] == str(scene.refused)
    assert json.loads(body)["accredit"]["proof"] == "proven"
    assert request == f"GET /beta/auditLogs/signIns/{scene.refused}"
    assert ("GET", f"{SIGNINS}/{{}}") in {(each.method, each.template) for each in GRAPH}
    assert request.removeprefix("GET /beta/").startswith(f"{SIGNINS}/")
    ended = ran(*shlex.split(command)[1:], "--data", str(served.data), "-o", "json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["id"] == str(scene.refused)


def test_what_is_proven_leads_to_a_change_of_trust(portal, scene):
    page = portal.get(f"{LOG}/{scene.refused}")
    credentials_of = f"/applications/{scene.deploy_bot}/credentials"
    assert page.link("Add a credential for this token").endswith(f"{credentials_of}/new?event={scene.refused}")
    edit = f"{credentials_of}/{scene.credential}/edit?event={scene.refused}"
    assert page.link("Edit github-production").endswith(edit)


def test_what_nobody_has_proven_leads_to_no_change_of_trust(portal, scene, events):
    unproven = [each for each in events if each.proof != "proven"]
    assert scene.unproven in {each.id for each in unproven}
    for event in unproven:
        page = portal.get(f"{LOG}/{event.id}")
        assert "Nobody has proven who sent this" in page.main.text
        assert not [each for each in page.links if "event=" in each.href or each.href.endswith(("/new", "/edit"))]
        assert "Add a credential for this token" not in page.text
        assert "Edit" not in page.main.text


def test_a_token_that_came_before_the_keys_leads_to_the_issuer(portal, scene, served):
    dropping = portal.get(f"contoso.test/issuers/{scene.issuer}").form("Drop keys now")
    dropping.submit()
    told = exchange(served, str(seed.WORKLOAD_ID), served.mint(params={"environment": "staging"}))
    page = portal.get(f"{LOG}/{told['trace_id']}")
    fetching = portal.get(page.link("Go to the issuer")).form("Fetch now")
    assert fetching.submit().status == 200
    told = exchange(served, str(seed.WORKLOAD_ID), served.mint(params={"environment": "staging"}))
    assert "Add a credential for this token" in portal.get(f"{LOG}/{told['trace_id']}").text


def test_trust_is_offered_to_an_admin_only(visits, scene):
    for who in ("reader", "operator"):
        page = visits(who).get(f"{LOG}/{scene.refused}")
        assert "It takes the role Admin" in page.text
        assert not [each for each in page.links if "event=" in each.href]
    assert "Add a credential for this token" in visits("admin").get(f"{LOG}/{scene.refused}").text


def test_a_sign_in_that_is_not_of_the_tenant_is_not_found(portal, visits, scene):
    assert portal.get(f"{LOG}/{seed.TENANT_ID}").status == 404
    assert portal.get(f"{LOG}/7").status == 404
    assert visits("stranger").get(f"fabrikam.test/sign-ins/{scene.refused}").status == 404
