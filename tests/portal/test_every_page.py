"""What holds for all pages that can be reached by links, read without a browser; and what strangers can write on them.

Everything that an administrator can fill in, and everything that a token can carry, is filled with what would be code
anywhere else: in HTML, in an attribute, in an address, in a template, in a script.
"""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from accredit.app import seed
from tests.portal.crawl import crawl
from tests.portal.pages import PAGES
from tests.portal.people import visitor
from tests.portal.routes import ALL, paths, route_of
from tests.portal.scene import furnish
from tests.portal.written import CORPUS, HIDDEN, PRODUCT, write_everywhere
from tests.support.emulator import running
from tests.support.every import every

PICTURES = Path(__file__).parents[2] / "docs/portal"
# No pages of their own: they lead elsewhere, are parts of others, or files.
LEADING = {"", "/", "/oidc/callback", "/link/{link}", "/signed-out", "/{tenant}/settings/export/{form}"}
LEADING |= {"/{tenant}/overview/exchanges", "/{tenant}/overview/failures"}
VIEWS = 40  # pages that there are at least


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """An emulator of its own, in which strangers and an administrator have written what they could."""
    with running(tmp_path_factory.mktemp("written")) as found:
        yield found


@pytest.fixture(scope="module")
def opened(served):
    """Every page that can be reached, as whoever may see all of them sees it."""
    names = furnish(served).names
    write_everywhere(served)
    starts = [each.path.format(**names).removeprefix("/") for each in PAGES if each.status == 200]
    return crawl(visitor(served, "everything", CORPUS), "", *starts)


@pytest.fixture(scope="module")
def pages(opened):
    return [each for each in opened if "text/html" in each.headers["content-type"]]


def complained(pages, complaint):
    """What is wrong, page by page."""
    return [f"{urlsplit(page.url).path}: {said}" for page in pages for said in complaint(page)]


def test_every_link_leads_somewhere(opened):
    assert [(each.url, each.status) for each in opened if each.status != 200] == []
    assert len(opened) >= VIEWS


def foreign(page):
    for each in page.root:
        assert not [name for name in each.attributes if name.startswith("on")], (page.url, each)
        if each.tag == "script" and not each.get("src").startswith("/portal/static/"):
            yield f"a script that is not ours: {each.raw}"
        if each.tag in {"img", "iframe", "object", "embed", "style", "base", "foreignobject"}:
            yield f"<{each.tag}> {each.attributes}"
        for name in ("href", "src", "action", "formaction", "hx-get", "hx-post"):
            target = each.get(name)
            if target and not target.startswith(("/portal", "#", "?", "https://")):
                yield f"{name}={target!r}"
            if target.startswith("https://") and (each.tag != "a" or "evil" in target):
                yield f"{name}={target!r}"


def test_what_strangers_wrote_is_text(pages):
    assert not complained(pages, foreign)


def test_what_strangers_wrote_is_there_to_be_read(pages):
    """As many pages show it as have something of it to show: a page that leaves it out proves nothing."""
    showing = {route_of(page.path.removeprefix("/portal")) for page in pages if "onerror=alert(1)" in page.text}
    assert len(showing) >= 6, showing


def test_nothing_that_strangers_wrote_is_computed(pages):
    assert not [each.url for each in pages if str(PRODUCT) in each.html]


def test_nothing_that_strangers_wrote_hides_or_turns_round(pages):
    assert not complained(pages, lambda page: {repr(each) for each in HIDDEN.findall(page.html)})


def outline(page):
    ids = Counter(each["id"] for each in page.root if "id" in each)
    yield from (f"the id {each} stands {times} times" for each, times in ids.items() if times > 1)
    yield from (f"{len(page.root.all(tag))} of <{tag}>" for tag in ("h1", "main") if len(page.root.all(tag)) != 1)
    if not page.title.endswith("accredit"):
        yield f"the title {page.title!r}"
    led = [each["for"] for each in page.root.all("label") if "for" in each]
    led += [each["href"][1:] for each in page.root.all("a") if each.get("href").startswith("#")]
    yield from (f"the id {each!r} is not there" for each in led if each not in ids)


def test_every_page_is_well_formed(pages):
    assert not complained(pages, outline)


def named(page):
    labels = {each.get("for") for each in page.root.all("label")}
    for each in page.root.all("input", "select", "textarea"):
        if each.get("type") in {"hidden", "submit"}:
            continue
        if each.get("id") not in labels and "aria-label" not in each and "aria-labelledby" not in each:
            yield f"a field without a label: {each.attributes}"
    for each in page.root.all("button", "a"):
        if not each.text and "aria-label" not in each:
            yield f"<{each.tag}> without a name: {each.attributes}"


def test_every_field_and_button_has_a_name(pages):
    assert not complained(pages, named)


def instants(page):
    for each in page.root.all("time"):
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each.get("datetime")):
            yield f"a time that machines cannot read: {each.attributes}"


def test_every_time_is_utc(pages):
    assert not complained(pages, instants)


HEADERS = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@every("name, value", HEADERS.items(), ids=HEADERS)
def test_every_answer_says_what_browsers_may_do(opened, name, value):
    assert not [each.url for each in opened if value not in each.headers.get(name, "it does not say")]


def test_no_answer_lets_itself_be_framed(opened):
    assert not [each.url for each in opened if "frame-ancestors 'none'" not in each.headers["content-security-policy"]]


def test_every_page_is_looked_at_in_a_browser():
    """A page has a row in PAGES. Parts of pages, and what only leads elsewhere, have none."""
    shown = ((each.route or each.path).replace("{tenant}", seed.TENANT_DOMAIN) for each in PAGES)
    assert set(paths()) - {route_of(re.sub("[{}]", "", each)) for each in shown} - LEADING == set()


def test_every_page_has_its_picture():
    expected = {f"{'-'.join(filter(None, (each.name, kind)))}.webp" for each in PAGES for kind in ("", *each.also)}
    assert len({each.name for each in PAGES}) == len(PAGES)
    assert {each.name for each in PICTURES.glob("*.webp")} == expected


def test_every_route_is_listed_once():
    assert [each for each, times in Counter(route[:2] for route in ALL).items() if times > 1] == []
