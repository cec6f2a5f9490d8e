"""Who signed in to the portal, and who changed what: found by filters, told before and after."""

from urllib.parse import urlencode

import pytest

from accredit.app import seed
from tests.portal.scene import furnish
from tests.support.emulator import running
from tests.support.every import every

LOG = f"{seed.TENANT_DOMAIN}/sign-ins"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(tmp_path_factory.mktemp("audits")) as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def scene(served):
    return furnish(served)


def rows(page):
    """The rows of a page's table, by the words above them."""
    return [dict(zip(page.rows[0], row, strict=True)) for row in page.rows[1:]] if page.rows else []


def test_sign_ins_to_the_portal_are_shown_to_who_administers_the_instance(portal, visits):
    found = rows(portal.get(f"{LOG}/admin"))
    assert found[0]["What"] == "Signed in"
    assert found[0]["How"] == "the emulator's button"
    page = visits("reader").get(f"{LOG}/admin")
    assert "Your own sign-ins" in page.text
    assert rows(page) == []
    assert "Emulator's administrator" not in page.main.text


AUDITS = {
    "everything": ({}, 5),
    "an activity": ({"activity": "Add application"}, 2),
    "an activity with a dash as keyboards have it": ({"activity": "Update application - Cert"}, 4),
    "an activity that is none": ({"activity": "Nothing"}, 0),
    "who made it": ({"actor": "test", "activity": "Add application"}, 2),
    "somebody else": ({"actor": "somebody"}, 0),
    "what was changed, by name": ({"target": "reports"}, 2),
    "a time that is over": ({"to": "2020-01-01T00:00"}, 0),
}


@every("asked, least", AUDITS.values(), ids=AUDITS)
def test_changes_are_found(portal, asked, least):
    page = portal.get(f"{LOG}/audit?{urlencode(asked)}")
    assert page.status == 200
    assert len(rows(page)) >= least
    assert bool(rows(page)) is bool(least)


def test_a_change_is_told_before_and_after(portal, scene):
    page = portal.get(f"{LOG}/audit?target={scene.payments}&activity=Update+application+-+Cert")
    record = portal.get(page.main.one("tbody").all("a")[-1]["href"])
    assert record.h1.startswith("Update application")
    assert "trust widened" in record.text
    assert [each.text for each in record.main.all("span", class_="mark pass")]
    assert record.link("payments-api").endswith(f"/applications/{scene.payments}")
    assert portal.get(f"{LOG}/audit/{scene.payments}").status == 404


def test_what_nothing_is_called_is_said_at_its_field(portal):
    page = portal.get(f"{LOG}/audit?target=no+such+thing")
    assert page.status == 422
    assert page.main.one(id="target-problem")
