"""The test issuer: tokens right and wrong, what comes of them, issuers that fail, a clock that is set. In an emulator
of its own: what is done here is done to the whole of it.
"""

import json
import re
import shlex
from time import sleep
from types import SimpleNamespace

import pytest

from accredit.app import seed
from accredit.testidp.dialect import dialects
from accredit.testidp.faults import FAULTS
from accredit.testidp.outages import OUTAGES
from accredit.web.portal.room import EMULATOR_ROUTES, Room
from tests.cli.conftest import ran
from tests.portal.scene import exchange
from tests.support.emulator import running
from tests.support.every import every

PAGE = f"{seed.TENANT_DOMAIN}/test-issuer"
ISSUERS = f"{PAGE}/issuers"
AUTHORITY = f"{PAGE}/authority"
ACCESS = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(tmp_path_factory.mktemp("bench")) as found:
        yield found


@pytest.fixture(autouse=True)
def ordinary(served):
    """Every test ends with an emulator as it usually is."""
    yield
    token = {"authorization": f"Bearer {served.ready['control_token']}"}
    assert served.http.post(f"{served.url}/idp/_reset", json={}, headers=token).status_code == 200
    for _ in range(50):  # until a back-off has ended that an outage began
        if "access_token" in exchange(served, served.ready["workload"]["client_id"], served.mint()):
            return
        sleep(0.1)


def minting(portal, **fields):
    return portal.get(PAGE).form("mint").set(fields)


def token_of(page):
    return page.form("mint").fields["token"]


def decoded(page):
    blocks = [each.raw for each in page.root.one("div", id="decoded").all("pre")]
    return [json.loads(each) for each in blocks]


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_offers_every_dialect_and_every_fault(portal):
    page = portal.get(PAGE)
    offered = [each["value"] for each in page.root.one("select", id="dialect").all("option")]
    assert sorted(offered) == sorted(dialects())
    assert [each["value"] for each in page.root.all("input", name="fault")] == [*FAULTS]


@every("dialect", [*[*dialects()][::5], "spiffe"])
def test_a_dialect_has_a_form_and_mints(portal, dialect):
    page = portal.send("POST", PAGE, f"dialect={dialect}&do=mint")
    assert page.status == 200, page.text
    assert set(dialects()[dialect].parameters) == {
        each["name"].removeprefix("param.") for each in page.form("mint").controls if each["name"].startswith("param.")
    }
    _, claims = decoded(page)
    assert claims["iss"] or dialect == "spiffe"


def test_a_token_says_what_was_chosen_and_is_shown(portal, served):
    page = minting(
        portal,
        **{
            "param.environment": "staging",
            "overrides": '{"actor": "someone", "head_ref": null}',
            "header": '{"x": 1}',
            "lifetime": "120",
        },
    ).submit("Mint")
    header, claims = decoded(page)
    assert claims["sub"].endswith(":environment:staging")
    assert (claims["actor"], claims["head_ref"], header["x"]) == ("someone", None, 1)
    assert claims["exp"] - claims["iat"] == 120
    assert token_of(page) in page.text
    assert page.form("mint").fields["param.environment"] == "staging"


def test_a_preview_shows_the_claims_and_nothing_else(portal):
    form = minting(portal, **{"param.environment": "staging"})
    part = portal.send("POST", f"{PAGE}/preview", "dialect=github&param.environment=staging", {"hx_request": "true"})
    assert "environment:staging" in part.html
    assert "<html" not in part.html
    assert form.element["hx-post"].endswith("/preview")
    wrong = portal.send("POST", f"{PAGE}/preview", "dialect=github&overrides=nothing", {"hx_request": "true"})
    assert "no JSON object" in wrong.html


WRONG = {
    "claims that are no object": ({"overrides": "[1]"}, "overrides", "no JSON object"),
    "a header that is no JSON": ({"header": "{"}, "header", "no JSON object"),
    "a life that is no number": ({"lifetime": "soon"}, "lifetime", "whole number of seconds"),
    "a date that is no number": ({"time.exp": "soon"}, "time.exp", "whole number of seconds"),
    "a repository without an owner": ({"param.repository": "alone"}, "param.repository", "owner/name"),
    "a life that is too long": ({"lifetime": "999999999"}, "lifetime", "whole number of seconds"),
    "an instance that is none": ({"instance": "No!"}, "instance", "lower case letters"),
}


@every("fields, field, says", WRONG.values(), ids=WRONG)
def test_what_cannot_be_minted_is_said_at_its_field(portal, fields, field, says):
    page = minting(portal, **fields).submit("Mint")
    assert page.status == 422
    assert says in page.root.one("p", id=f"{field}-problem").text
    assert page.form("mint").fields[field] == next(iter(fields.values()))


def test_faults_that_do_not_fit_together_are_refused(portal):
    both = minting(portal, fault=["no_sub", "sub_case"]).submit("Mint")
    assert (both.status, "sub_case" in both.main.text) == (422, True)


def test_a_sample_is_minted(portal):
    page = minting(portal, sample="github_custom_template_ids").submit("Mint")
    assert decoded(page)[1]["sub"] == "repository_owner_id:123456:repository_id:456789:ref:refs/heads/main"


# ── what comes of a token ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_token_is_exchanged_and_the_access_token_stays_hidden(portal, served):
    page = minting(portal).submit("Mint and exchange")
    assert "An access token was issued" in page.text
    assert '"Orders.Read.All"' in page.html.replace("&#34;", '"')
    assert ACCESS.findall(page.html.replace(token_of(page), "")) == []
    event = page.follow("The event in the sign-in log")
    assert event.status == 200
    assert any(not each.code for each in served.events(seed.WORKLOAD_ID))


@every("name", ["expired", "sub_case", "bad_signature", "no_aud", "aud_array"])
def test_a_fault_has_the_code_that_the_page_says(portal, name):
    page = minting(portal, fault=[name]).submit("Mint and exchange")
    code = FAULTS[name].entra
    if code is None:
        assert "An access token was issued" in page.text
        return
    refused = page.root.one("p", role="status").text
    assert f"AADSTS{code}" in refused
    assert page.root.all("ul", **{"class": "plain"})  # its explanation, step by step


def test_the_token_on_the_page_is_explained_and_exchanged_as_it_is(portal):
    minted = minting(portal, **{"param.environment": "staging"}).submit("Mint")
    explained = minted.form("mint").submit("Explain this token")
    assert token_of(explained) == token_of(minted)
    assert "It would be refused" in explained.text
    assert "AADSTS700213" in explained.text
    assert "environment:production" in explained.text
    exchanged = explained.form("mint").submit("Exchange this token")
    assert token_of(exchanged) == token_of(minted)
    assert "AADSTS700213" in exchanged.text
    good = minting(portal).submit("Mint and explain")
    assert "It would be accepted" in good.text


@every("typed, says", {"": "Say which application", "nobody": "No application"}.items(), ids=["nothing", "no name"])
def test_an_application_that_is_none_is_said_at_its_field(portal, typed, says):
    page = minting(portal, application=typed).submit("Mint and exchange")
    assert page.status == 422
    assert says in page.root.one("p", id="application-problem").text


def test_an_application_that_is_not_there_is_the_token_endpoints_to_refuse(portal):
    page = minting(portal, application="00000000-0000-0000-0000-000000000007").submit("Mint and exchange")
    assert "AADSTS700016" in page.text


# ── issuers and the authority ────────────────────────────────────────────────────────────────────────────────────────


def test_an_issuer_fails_in_a_named_way_until_it_is_right_again(portal):
    page = portal.get(ISSUERS)
    assert [each["value"] for each in page.root.all("input", name="outage")] == ["", *OUTAGES]
    minting(portal).submit("Mint and exchange")
    wrong = page.form("outage").fill(outage="status_500").submit()
    assert "wrong: status_500" in wrong.text
    assert "GitHub Actions: status_500" in portal.get(PAGE).text
    portal.get(AUTHORITY).form("Advance").fill(amount="10", unit="minutes").submit("Advance")
    refused = minting(portal).submit("Mint and exchange")
    assert "AADSTS90061" in refused.text
    right = portal.get(ISSUERS).form("outage").fill(outage="").submit()
    assert "as they should be" in right.text


def test_an_outage_that_is_none_is_refused_in_words(portal):
    page = portal.send("POST", f"{ISSUERS}/outage", "dialect=github&outage=tired")
    assert (page.status, "tired" in page.text) == (422, True)


def test_keys_rotate_and_the_old_ones_stay_or_go(portal):
    def kids(page):
        return [each.text for each in page.root.one("ol", **{"class": "plain"}).all("code")]

    before = kids(portal.get(f"{ISSUERS}?dialect=gitlab"))
    after = kids(portal.get(f"{ISSUERS}?dialect=gitlab").form("rotate").submit("Rotate"))
    assert (len(after), after[1:]) == (2, before)
    dropped = kids(portal.get(f"{ISSUERS}?dialect=gitlab").form("rotate").submit("Rotate and drop the old keys"))
    assert (len(dropped), set(dropped) & set(after)) == (1, set())


def test_the_clock_is_set_frozen_and_given_back(portal):
    frozen = portal.get(AUTHORITY).form("Freeze").submit("Freeze")
    assert "stands still" in frozen.text
    assert "Its clock stands still" in portal.get(PAGE).text
    again = portal.get(AUTHORITY).form("Let it go on").submit("The machine's time")
    assert "not as it usually is" not in again.text


def test_the_next_answer_is_planned_and_given_once(portal):
    planned = portal.get(AUTHORITY).form("next").fill(error="AADSTS700024").submit("Plan")
    assert "1 refusal is planned" in planned.text
    assert "AADSTS700024" in minting(portal).submit("Mint and exchange").text
    assert "An access token was issued" in minting(portal).submit("Mint and exchange").text


def test_requests_are_throttled(portal):
    portal.get(AUTHORITY).form("throttle").fill(status="503", retry_after="7").submit("Plan")
    assert "AADSTS90033" in minting(portal).submit("Mint and exchange").text


def test_news_arrive_late(portal):
    page = portal.get(AUTHORITY).form("delay").fill(seconds="90").submit("Apply")
    assert "New credentials are seen after 90 s" in page.text


REFUSED = {
    "a code that nobody knows": ("next", {"error": "AADSTS1"}, "no refusal has the code"),
    "a number that is none": ("throttle", {"retry_after": "soon"}, "whole number"),
    "a clock of long ago": ("set", {"set": "1066-10-14"}, "the clock goes from"),
    "a step back": ("advance", {"amount": "-5"}, "goes forward"),
}


@every("form, fields, says", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_said(portal, form, fields, says):
    page = portal.get(AUTHORITY).form(form).set(fields).submit()
    assert page.status == 422
    assert says in page.root.one("div", **{"class": "problems"}).text
    assert page.form(form).fields[next(iter(fields))] == next(iter(fields.values()))


# ── who, and where ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_sees_and_does_nothing(reader):
    page = reader.get(PAGE)
    assert page.status == 200
    assert "Mint and exchange" not in page.text
    assert reader.send("POST", PAGE, "dialect=github").status == 403


def test_production_has_none_of_it():
    """The routes are an emulator's, and no page of the portal knows where the test issuers are."""
    assert {each.path.split("/")[2] for each in EMULATOR_ROUTES} == {"test-issuer"}

    paths = {}
    for emulator in (False, True):
        room = Room(SimpleNamespace(emulator=emulator, strict_transport=False, authority=SimpleNamespace(base="")))
        paths[emulator] = {each.path for each in vars(room)["_application"].routes}
    assert not [each for each in paths[False] if "test-issuer" in each]
    assert paths[True] - paths[False] == {f"/portal{each.path}" for each in EMULATOR_ROUTES}


def test_the_same_thing_is_a_command_and_a_request(portal, served):
    page = minting(portal, fault=["expired"], **{"param.environment": "null", "overrides": '{"a": [1]}'}).submit("Mint")
    command, request = (each.raw for each in page.root.one("details", **{"class": "same"}).all("pre"))
    words = shlex.split(command)[1:]
    done = ran(*words[: words.index("--url")], "--ready-file", str(served.data.parent / "ready.json"))
    assert done.code == 0, done.err
    body = json.loads(request.partition("\n\n")[2])
    answer = served.http.post(f"{served.url}/idp/_mint", json=body)
    assert answer.json()["claims"]["a"] == [1]
