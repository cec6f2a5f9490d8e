"""The whole story, as an administrator does it: with a mouse, with the keyboard alone, and without script.

Register an application, say what it may do, consent, say whom it trusts; a job exchanges its token; its sign-in is in
the log, by its credential, and leads back to the application. Then tokens that are refused: for a proven one a mended
credential is offered, for one that nobody has proven nothing is.
"""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

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
EXPRESSION = f"claims['sub'] matches '{REPOSITORY}:environment:story-*' and claims['repository_id'] eq '456789'"


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
        find(hands, served, client_id, name)
        refused_but_proven(hands, served, client_id, name)
        refused_and_unproven(hands, served, client_id)
        delete(hands, served, client_id, name)


def row(page, text):
    """The row of a table that says this."""
    return page.get_by_role("row").filter(has_text=text).first


def said(page, term):
    """What a page says of something."""
    return (
        page.locator("dt", has_text=re.compile(f"^{re.escape(term)}$")).locator("xpath=following-sibling::dd[1]").first
    )


def register(hands, name):
    """Return the new application's client id, as its page says it."""
    hands.press("New application", "link")
    hands.fill("Name", name)
    hands.press("Create")
    page = hands.window.page
    assert page.get_by_role("heading", level=1).inner_text() == name
    return str(UUID(said(page, "Application (client) ID").locator("code").inner_text()))


def permit(hands):
    page = hands.window.page
    hands.press("API permissions", "link")
    hands.press("Add a permission", "link")
    hands.press("Orders API", "link")
    hands.tick("Orders.Read.All")
    hands.press("Review")
    hands.press("Add permissions")
    expect(row(page, "Orders.Read.All")).to_contain_text("Not granted")
    hands.press(f"Grant admin consent for {TENANT}", "link")
    hands.press("Grant admin consent")
    expect(row(page, "Orders.Read.All")).to_contain_text("✓ Granted")


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
    expect(row(page, f"{name}-github")).to_contain_text("story-*")


def find(hands, served, client_id, name):
    """From the log to the sign-in, to the credential that made it, and back to the application."""
    page = hands.window.page
    newest(hands, name)
    expect(said(page, "Evidence")).to_have_text("Federated identity credential")
    expect(said(page, "Credential")).to_contain_text(f"{name}-github")
    (event,) = served.events(UUID(client_id))
    expect(said(page, "Credential").locator("code").first).to_have_text(str(event.credential_id))
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
    expect(main).to_contain_text("AADSTS700213")
    expect(main).to_contain_text("environment:release")
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
    expect(page.get_by_role("main")).to_contain_text("Nobody has proven who sent this")


def delete(hands, served, client_id, name):
    page = hands.window.page
    hands.press(name, "link")
    hands.press("Delete", "link")
    expect(page.get_by_role("main")).to_contain_text("What stops working")
    with hands.window.answers(400, 422):
        hands.press("Delete")  # nothing goes before its name is typed
    expect(page.get_by_role("alert")).to_be_visible()
    hands.fill(f"Type its name to delete it: {name}", name)
    hands.press("Delete")
    expect(page.get_by_role("status")).to_contain_text(name)
    assert "error" in exchange(served, client_id, token(served, "story-main"))
