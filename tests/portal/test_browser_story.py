"""The whole story, as an administrator does it: with a mouse, with the keyboard alone, and without script.

Register an application, say what it may do, consent, say whom it trusts; a job exchanges its token; its sign-in is in
the log, by its credential, and leads back to the application. Then tokens that are refused: for a proven one a mended
credential is offered, for one that nobody has proven nothing is.
"""

from uuid import UUID

import pytest

from accredit.app import seed
from tests.portal.hands import Keyboard, Mouse
from tests.portal.scene import exchange
from tests.portal.window import Look
from tests.support.workload import GITHUB

WAYS = {
    "mouse": (Mouse, Look()),
    "keyboard": (Keyboard, Look()),
    "without-script": (Mouse, Look(script=False)),
}
TENANT = "Contoso"
AUDIENCE = "api://story"
REPOSITORY = "repo:octo-org@123456/octo-repo@456789"
EXPRESSION = f"claims['sub'] matches '{REPOSITORY}:environment:story-*'"


def token(emulator, environment, **more):
    """A job's token, by the test issuer, for the audience that the administrator wrote down."""
    return emulator.mint(params={"environment": environment, "audience": AUDIENCE}, **more)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", WAYS)
def test_an_application_is_registered_trusted_and_found_in_the_log(way, window, served):
    hands_of, look = WAYS[way]
    name = f"story-{way}"
    with window(look) as seen:
        hands = hands_of(seen)
        seen.open(f"/{seed.TENANT_DOMAIN}/applications")
        client_id = register(hands, name)
        permit(hands)
        trust(hands, name, script=look.script)
        answer = exchange(served, client_id, token(served, "story-main"))
        assert "access_token" in answer, answer
        find(hands, name)
        refused_but_proven(hands, served, client_id, name)
        refused_and_unproven(hands, served, client_id)


def register(hands, name):
    """Return the new application's client id, as its page says it."""
    hands.press("New application", "link")
    hands.fill("Name", name)
    hands.press("Create")
    page = hands.window.page
    assert page.get_by_role("heading", level=1).inner_text() == name
    essentials = page.locator("dt", has_text="Application (client) ID").locator("xpath=following-sibling::dd[1]//code")
    return str(UUID(essentials.first.inner_text()))


def permit(hands):
    page = hands.window.page
    hands.press("API permissions", "link")
    hands.press("Add a permission", "link")
    hands.press("Orders API", "link")
    hands.tick("Orders.Read.All")
    hands.press("Review")
    hands.press("Add permissions")
    assert page.get_by_text("Not granted", exact=True).first.is_visible()
    hands.press(f"Grant admin consent for {TENANT}", "link")
    hands.press("Grant admin consent")
    assert page.get_by_role("row", name="Orders.Read.All").get_by_text("Granted", exact=True).is_visible()


def trust(hands, name, *, script):
    page = hands.window.page
    hands.press("Certificates & secrets", "link")
    hands.press("Add credential", "link")
    hands.choose("Federated credential scenario", "Other issuer")
    if not script:
        hands.press("Show its form")
    hands.tick("Claims matching expression", "radio")
    if not script:
        hands.press("Show its fields")
    hands.fill("Issuer", GITHUB)
    hands.fill("Claims matching expression", EXPRESSION)
    hands.unfold("Audience")
    hands.fill("Audience", AUDIENCE)
    hands.fill("Name", f"{name}-github")
    if script:
        page.locator("#preview").get_by_text(AUDIENCE).first.wait_for()
    hands.press("Add")
    row = page.get_by_role("row", name=f"{name}-github")
    assert row.get_by_text("story-*").first.is_visible()


def find(hands, name):
    """From the log to the sign-in, to the credential that made it, and back to the application."""
    page = hands.window.page
    newest(hands, name)
    main = page.get_by_role("main")
    assert main.get_by_text("Federated identity credential", exact=True).first.is_visible()
    shown = page.locator("dt", has_text="Credential").locator("xpath=following-sibling::dd[1]").first
    assert shown.get_by_text(f"{name}-github").is_visible()
    UUID(shown.locator("code").first.inner_text())
    hands.press(name, "link")
    assert page.get_by_role("heading", level=1).inner_text() == name


def newest(hands, name):
    """Open the newest sign-in of an application."""
    page = hands.window.page
    hands.press("Sign-in logs", "link")
    assert "Service principal sign-ins" in page.title()
    hands.fill("Application", name)
    hands.press("Filter")
    first = page.locator("tbody tr").first.locator("th a").first
    hands.press(first.inner_text(), "link")


def refused_but_proven(hands, served, client_id, name):
    page = hands.window.page
    proven = token(served, "release")
    assert "error" in exchange(served, client_id, proven)
    newest(hands, name)
    main = page.get_by_role("main")
    assert main.get_by_text("AADSTS", exact=False).first.is_visible()
    assert main.get_by_text("environment:release").first.is_visible()
    hands.press(f"Edit {name}-github", "link")
    hands.press("Save")
    answer = exchange(served, client_id, token(served, "release"))
    assert "access_token" in answer, answer


def refused_and_unproven(hands, served, client_id):
    page = hands.window.page
    forged = token(served, "elsewhere", faults=["bad_signature"])
    assert "error" in exchange(served, client_id, forged)
    newest(hands, client_id)
    offers = page.get_by_role("main").get_by_role("link").all_inner_texts()
    assert not [each for each in offers if each.startswith(("Add a credential", "Edit "))]
    assert page.get_by_text("Nobody has proven who sent this").is_visible()
