"""Every page in Chromium: axe finds nothing, the console is silent, the policy forbids nothing, nothing overflows."""

import itertools
from base64 import b64decode, b64encode
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from tests.portal.pages import PAGES
from tests.portal.people import cookie, session
from tests.portal.scene import furnish
from tests.portal.window import PHONE, WIDE, Look, Theme, open_window
from tests.support.emulator import running

PICTURES = Path(__file__).parents[2] / "docs/portal"
LOOKS = tuple(itertools.product(get_args(Theme), (PHONE, WIDE)))
NARROW = ("light", PHONE)
TO_WEBP = """async (png) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.8).split(",")[1];
}"""
ELSEWHERE = """([from, to]) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data.replaceAll(from, to);
}"""  # no picture shows where it was taken
ALSO = {"": ("light", WIDE), "dark": ("dark", WIDE), "phone": ("light", PHONE)}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An emulator of its own: what other tests leave behind is on no picture."""
    with running(tmp_path_factory.mktemp("shown")) as found:
        yield found


@pytest.fixture(scope="module")
def scene(served):
    return furnish(served)


def reached(seen, shown, scene, served):
    """Open a page as its row says, and say what is wrong with how it was answered."""
    with seen.answers(shown.status):
        answer = seen.open(shown.path.format(**scene.names))
    if shown.follows:
        with seen.page.expect_navigation() as led:
            seen.page.get_by_role("main").get_by_role("link", name=shown.follows).first.click()
        answer = led.value
    if shown.pastes:
        seen.page.locator("summary", has_text=shown.pastes).click()
        seen.page.get_by_label("Token", exact=True).fill(served.mint(params={"environment": "staging"}))
        seen.page.get_by_label("Fetch the issuer's keys").check()
    for label, value in shown.fills.items():
        seen.page.get_by_label(label, exact=True).fill(value)
    if shown.presses:
        with seen.answers(422), seen.page.expect_navigation() as led:
            seen.page.get_by_role("button", name=shown.presses, exact=True).click()
        answer = led.value
    for each in shown.opens:
        seen.page.locator("summary", has_text=each).first.click()
    return [] if answer.status == shown.status else [f"answered {answer.status}: {seen.page.title()}"]


@pytest.fixture(scope="module")
def windows(chromium, served):
    """One window for each who looks, with script and without, for all pages: opening one takes longer than a page."""
    with ExitStack() as opened:

        @cache
        def window(who, script):
            cookies = {} if who == "nobody" else {cookie(served): session(served, who, "Ada Lovelace")}
            return opened.enter_context(open_window(chromium, served.url, Look(script=script), cookies))

        yield window


@pytest.mark.parametrize("shown", PAGES, ids=[each.name for each in PAGES])
def test_a_page(shown, scene, served, windows, chromium, request):
    """Without script the page is the same but for what only serves with it or without it: that is looked at once."""
    wrong = []
    for script, looks in ((True, LOOKS), (False, (NARROW,))):
        seen = windows(shown.who, script)
        seen.turn(*NARROW)
        wrong += reached(seen, shown, scene, served)
        for look in looks:
            seen.turn(*look)
            wrong += [f"{seen.look}: {each}" for each in seen.violations()]
        for width in (PHONE, WIDE):
            seen.turn("light", width)
            wrong += [f"{seen.look}: {each}" for each in seen.too_wide()]
        if script and request.config.getoption("--screenshots"):
            seen.page.evaluate(ELSEWHERE, [str(served.data), "/var/lib/accredit"])
            pictures(seen, shown, chromium)
        wrong += [f"{seen.look}: {each}" for each in seen.told()]
    assert not wrong, "\n".join((seen.page.url, *wrong))


def pictures(seen, shown, chromium):
    """Write the page as it looks before anything is scrolled, with the pointer nowhere."""
    PICTURES.mkdir(exist_ok=True)
    for kind in ("", *shown.also):
        seen.turn(*ALSO[kind])
        seen.page.evaluate("() => { scrollTo(0, 0); document.activeElement.blur(); }")
        picture = webp(chromium, seen.page.screenshot(scale="css"))
        (PICTURES / f"{'-'.join(filter(None, (shown.name, kind)))}.webp").write_bytes(picture)


def webp(chromium, png):
    """Have Chromium write a picture again, in a third of its size."""
    page = chromium.new_page()
    try:
        return b64decode(page.evaluate(TO_WEBP, b64encode(png).decode()))
    finally:
        page.close()
