"""Every page in Chromium: axe finds nothing, the console is silent, the policy forbids nothing, nothing overflows."""

import itertools
from pathlib import Path
from typing import get_args

import pytest

from tests.portal.pages import PAGES
from tests.portal.scene import furnish
from tests.portal.window import PHONE, WIDE, Look, Theme
from tests.support.emulator import running

PICTURES = Path(__file__).parents[2] / "docs/portal"
LOOKS = tuple(itertools.product(get_args(Theme), (PHONE, WIDE)))
ALSO = {"": ("light", WIDE), "dark": ("dark", WIDE), "phone": ("light", PHONE)}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An emulator of its own: what other tests leave behind is on no picture."""
    with running(tmp_path_factory.mktemp("shown")) as found:
        yield found


@pytest.fixture(scope="module")
def scene(served):
    return furnish(served)


def reached(seen, shown, scene):
    """Open a page as its row says, and say what is wrong with how it was answered."""
    with seen.answers(shown.status):
        answer = seen.open(shown.path.format(**scene.names))
    for label, value in shown.fills.items():
        seen.page.get_by_label(label, exact=True).fill(value)
    if shown.presses:
        with seen.answers(422), seen.page.expect_navigation() as led:
            seen.page.get_by_role("button", name=shown.presses, exact=True).click()
        answer = led.value
    for each in shown.opens:
        seen.page.locator("summary", has_text=each).first.click()
    return [] if answer.status == shown.status else [f"answered {answer.status}: {seen.page.title()}"]


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
@pytest.mark.parametrize("shown", PAGES, ids=[each.name for each in PAGES])
def test_a_page(shown, script, scene, window, request):
    with window(Look(script=script), shown.who) as seen:
        wrong = reached(seen, shown, scene)
        for theme, width in LOOKS:
            seen.turn(theme, width)
            wrong += [f"{seen.look}: {each}" for each in (*seen.violations(), *seen.too_wide())]
        if script and request.config.getoption("--screenshots"):
            pictures(seen, shown)
    assert not wrong, "\n".join(wrong)


def pictures(seen, shown):
    """Write the page as it looks before anything is scrolled, with the pointer nowhere."""
    PICTURES.mkdir(exist_ok=True)
    for kind in ("", *shown.also):
        seen.turn(*ALSO[kind])
        seen.page.evaluate("() => { scrollTo(0, 0); document.activeElement.blur(); }")
        seen.page.screenshot(path=PICTURES / f"{'-'.join(filter(None, (shown.name, kind)))}.png", scale="css")
