"""What prototypes taught: focus stays where somebody types, a subject is copied to the letter, little is announced."""

import jwt
import pytest
from playwright.sync_api import expect

from accredit.app import seed
from tests.portal.hands import Keyboard
from tests.portal.scene import furnish
from tests.portal.window import PHONE, Look
from tests.portal.written import write_everywhere
from tests.support.emulator import running

CARET = "() => [document.activeElement.id, document.activeElement.selectionStart]"
LIVE = '[role="status"], [role="alert"], [role="log"], [aria-live]:not([aria-live="off"]), output'


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(tmp_path_factory.mktemp("rules")) as found:
        yield found


@pytest.fixture(scope="module")
def scene(served):
    return furnish(served)


@pytest.fixture
def form(scene):
    return f"/{seed.TENANT_DOMAIN}/applications/{scene.empty}/credentials/new"


def test_a_live_preview_does_not_steal_the_focus(window, form):
    """Required fields behind and before it are empty: nothing may jump to them while somebody types."""
    with window() as seen:
        seen.open(f"{form}?preset=other")
        subject = seen.page.locator("#f-subject")
        subject.click()
        for typed in ("repo:octo-org/", "octo-repo:", "environment:production"):
            with seen.page.expect_response(lambda answer: "do=live" in answer.url):
                seen.page.keyboard.type(typed)
            seen.page.wait_for_function("() => !document.querySelector('.htmx-request')")
            id_, caret = seen.page.evaluate(CARET)
            assert (id_, caret) == ("f-subject", len(subject.input_value()))
        assert subject.input_value() == "repo:octo-org/octo-repo:environment:production"
        assert seen.page.locator(":user-invalid").count() == 0


def test_choosing_a_scenario_keeps_what_was_typed_and_where_somebody_is(window, form):
    with window() as seen:
        hands = Keyboard(seen)
        seen.open(form)
        hands.fill("Name", "kept")
        hands.choose("Federated credential scenario", "Other issuer")
        seen.page.locator("#f-issuer").wait_for()
        assert seen.focused() == "preset"
        hands.tick("Claims matching expression", "radio")
        seen.page.locator("#expression").wait_for()
        assert seen.page.evaluate("() => [document.activeElement.name, document.activeElement.value]") == [
            "mode",
            "expression",
        ]
        assert seen.page.locator("#name").input_value() == "kept"


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_a_pasted_token_fills_in_its_exact_subject(window, form, served, script):
    """Not one that is put together from other claims: it would not match the very token that was pasted."""
    pasted = served.mint(params={"environment": "production"}, overrides={"repository": "other/name"})
    claims = jwt.decode(pasted, options={"verify_signature": False})
    with window(Look(script=script)) as seen:
        seen.open(form)
        seen.page.locator("summary", has_text="Paste it").click()
        seen.page.get_by_label("Token", exact=True).fill(pasted)
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Fill the form").click()
        trusted = seen.page.locator("#preview .trust")
        expect(trusted.locator("dd").nth(0)).to_have_text(claims["iss"])
        expect(trusted.locator("dd").nth(1)).to_have_text(claims["sub"])
        assert seen.page.locator("#token").input_value() == ""
        assert pasted not in seen.page.content()


def test_only_the_verdict_is_announced(window, form, served):
    with window() as seen:
        seen.open(form)
        assert seen.page.locator(LIVE).count() == 0
        seen.page.locator("summary", has_text="Paste it").click()
        seen.page.get_by_label("Token", exact=True).fill(served.mint(params={"environment": "production"}))
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Fill the form").click()
        spoken = seen.page.locator(LIVE).all_inner_texts()
        assert len(spoken) == 1, spoken
        assert len(spoken[0].split()) <= 12, spoken


def test_a_slash_searches_but_where_somebody_types(window, form):
    with window() as seen:
        seen.open(form)
        seen.page.keyboard.press("/")
        assert seen.focused() == "search"
        seen.page.locator("#description").click()
        seen.page.keyboard.press("/")
        assert (seen.focused(), seen.page.locator("#description").input_value()) == ("description", "/")


def test_an_id_is_copied(window, scene):
    with window() as seen:
        seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        seen.open(f"/{seed.TENANT_DOMAIN}/applications/{scene.empty}")
        seen.page.get_by_role("button", name="Copy Object ID", exact=True).click()
        assert seen.page.evaluate("() => navigator.clipboard.readText()") == str(scene.empty)


@pytest.mark.parametrize("width", [PHONE, 1280])
def test_a_theme_that_was_chosen_stays(window, width):
    with window(Look("light", width)) as seen:
        seen.open("/tenants")
        seen.page.locator("summary", has_text="Ada").click()
        with seen.page.expect_navigation():
            seen.page.get_by_role("button", name="Dark", exact=True).click()
        seen.open(f"/{seed.TENANT_DOMAIN}/applications")
        assert seen.page.evaluate("() => getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_what_strangers_wrote_runs_nowhere(window, served):
    """The pages that show most of it, in a real browser: no dialog, no request, no report."""

    write_everywhere(served)
    told = next(each for each in served.events(seed.WORKLOAD_ID) if "onerror" in (each.subject or ""))
    home = f"/{seed.TENANT_DOMAIN}"
    with window(who="everything") as seen:
        seen.page.on("dialog", lambda dialog: seen.went_wrong.append(f"a dialog: {dialog.message}"))
        for path in ("/tenants", f"{home}/applications", f"{home}/issuers", f"{home}/sign-ins/{told.id}"):
            seen.open(path)
            assert "<img src=x" in seen.page.inner_text("main") or "%3Cimg%20src=x" in seen.page.inner_text("main")
