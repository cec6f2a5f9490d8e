"""The reader of pages that the other tests rely on: it sends what a browser would send."""

import httpx2
import pytest

from tests.portal.html import parse
from tests.portal.page import Page, Visitor
from tests.support.every import every

FORM = """<!doctype html><title> A  page </title><main><h1>One <em>thing</em></h1>
<p>first</p><p>second &lt;b&gt;<script>unseen</script></p><a href="/portal/next?x=1">on</a>
<form action="/portal/here" method="post" name="edit">
<input name="plain" value="as it was"><input name="off" disabled value="x"><input value="has no name">
<input type="checkbox" name="box" value="1"><input type="checkbox" name="boxes" value="a" checked>
<input type="checkbox" name="boxes" value="b"><input type="radio" name="one" value="l" checked>
<input type="radio" name="one" value="r"><textarea name="long">
two
lines</textarea><select name="list"><option value="1">first<option value="2" selected>second</select>
<fieldset disabled><input name="inside" value="x"></fieldset>
<button name="do" value="save">Save</button><button name="do" value="drop" formaction="/portal/there">Drop</button>
<button type="button" name="no">Nothing</button></form></main>"""
FORM = FORM.replace("first<option", "first</option><option").replace("second</select>", "second</option></select>")
AS_IT_STANDS = [("plain", "as it was"), ("boxes", "a"), ("one", "l"), ("long", "two\nlines"), ("list", "2")]
SENT = {
    "as it stands": ({}, AS_IT_STANDS),
    "a text": ({"plain": "new"}, [("plain", "new"), *AS_IT_STANDS[1:]]),
    "a box is checked": ({"box": True}, [AS_IT_STANDS[0], ("box", "1"), *AS_IT_STANDS[1:]]),
    "boxes of one name": (
        {"boxes": ["a", "b"]},
        [AS_IT_STANDS[0], ("boxes", "a"), ("boxes", "b"), *AS_IT_STANDS[2:]],
    ),
    "another of two": ({"one": "r"}, [*AS_IT_STANDS[:2], ("one", "r"), *AS_IT_STANDS[3:]]),
    "lines": ({"long": "a\nb"}, [*AS_IT_STANDS[:3], ("long", "a\r\nb"), AS_IT_STANDS[4]]),
    "another option": ({"list": "1"}, [*AS_IT_STANDS[:4], ("list", "1")]),
}
IMPOSSIBLE = {
    "a field that is not there": {"elsewhere": "x"},
    "a field that is disabled": {"off": "x"},
    "an option that is not offered": {"list": "3"},
}


def page(body=FORM):
    answer = httpx2.Response(200, text=body)
    return Page(Visitor(httpx2.Client(), "https://portal.test"), "https://portal.test/portal/", answer)


def test_what_a_page_says():
    shown = page()
    assert (shown.title, shown.h1, shown.links) == ("A page", "One thing", [("on", "/portal/next?x=1")])
    assert "first second <b> on" in shown.text
    assert "unseen" not in shown.text


@every("filled, sent", SENT.values(), ids=SENT)
def test_what_a_form_sends(filled, sent):
    assert page().form("edit").set(filled).pairs() == sent


def test_the_button_that_is_pressed_is_sent_and_may_lead_elsewhere():
    requests = []

    def answered(request):
        requests.append((request.method, request.url.path, request.content))
        return httpx2.Response(200, text="<main></main>")

    with httpx2.Client(transport=httpx2.MockTransport(answered)) as http:
        shown = Page(
            Visitor(http, "https://portal.test"), "https://portal.test/portal/", httpx2.Response(200, text=FORM)
        )
        shown.form("/here").submit()
        shown.form("/here").submit("Drop")
    assert [(method, path, body.rpartition(b"&")[2]) for method, path, body in requests] == [
        ("POST", "/portal/here", b"do=save"),
        ("POST", "/portal/there", b"do=drop"),
    ]


@every("filled", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_nobody_fills_in_what_a_page_does_not_offer(filled):
    with pytest.raises(AssertionError):
        page().form("edit").set(filled)


@every("html", ["<p><b></p></b>", "<div>", "</p>", '<a href="1" href="2"></a>', "<ul><li></ul>"])
def test_what_is_not_well_formed_is_told(html):
    with pytest.raises(AssertionError):
        parse(html)
