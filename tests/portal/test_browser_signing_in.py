"""Signing in as Chromium does it: across origins, under the policy of our pages, with script and without."""

import pytest

from tests.portal import chromium as browsers
from tests.portal.organisation import portal_of
from tests.portal.window import PHONE, WIDE, Look, open_window
from tests.support.emulator import running


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with running(tmp_path_factory.mktemp("provider")) as found:
        yield found


@pytest.fixture(scope="module")
def served(provider, tmp_path_factory):
    with portal_of(provider, tmp_path_factory.mktemp("portal")) as found:
        yield found


@pytest.fixture(scope="module")
def chromium(served, provider):
    with browsers.running([served, provider]) as found:
        yield found


LOOKS = [Look(), Look("dark", PHONE, script=False)]


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_somebody_signs_in_at_the_provider_and_out(chromium, served, look):
    with open_window(chromium, served.url, look) as seen:
        seen.open("/portal/tenants")
        wrong = looked_at(seen)
        seen.page.get_by_role("button", name="Sign in with Contoso").press("Enter")
        seen.page.get_by_role("button", name="Ada Lovelace").click()
        seen.page.wait_for_url("**/portal/tenants")
        assert "Admin" in seen.page.locator("main").inner_text()
        seen.page.locator("details.account summary").click()
        seen.page.get_by_role("button", name="Sign out").click()
        seen.page.wait_for_url("**/portal/signed-out")
        assert wrong + looked_at(seen) == []


def test_somebody_without_a_role_is_told_so(chromium, served):
    with open_window(chromium, served.url, LOOKS[0]) as seen:
        seen.open("/portal/sign-in")
        seen.page.get_by_role("button", name="Sign in with Contoso").click()
        with seen.answers(403):
            seen.page.get_by_role("button", name="Mallory").click()
            seen.page.wait_for_url("**/oidc/callback?**")
        assert seen.page.locator("h1").inner_text() == "You have no role here"
        assert looked_at(seen) == []


def looked_at(seen):
    """What axe and the width say of a page, light and dark, wide and narrow."""
    wrong = []
    before = seen.look
    for theme, width in (("light", WIDE), ("dark", PHONE)):
        seen.turn(theme, width)
        wrong += [*seen.violations(), *seen.too_wide()]
    seen.turn(before.theme, before.width)
    return wrong
