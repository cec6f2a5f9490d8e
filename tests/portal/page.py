"""The portal as a browser without script meets it: pages that are read, links that are followed, forms that are sent.

A form is sent as a browser sends it: what is disabled or unchecked is left out, a list sends the option that is
selected, and nothing can be filled in that the page does not offer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import urlencode, urljoin, urlsplit

from tests.portal.html import Element, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

MOST_REDIRECTS = 5
CONTROLS = ("input", "select", "textarea")
BUTTONS = ("submit", "image")

Value: TypeAlias = "str | bool | Sequence[str]"
"""Of a field: text; whether a box is checked; the values of boxes or options of one name that are chosen."""


class Link(NamedTuple):
    text: str
    href: str


@dataclass
class Visitor:
    """Somebody with a browser that runs no script, and with cookies of their own."""

    http: httpx2.Client  # may be shared: it is made to forget cookies
    base: str  # origin, as https://localhost:8443
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Page:
        """Open a page; redirects are followed. ``path``: from the origin on, or below /portal, or a whole address."""
        return self.send("GET", path, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        follow: bool = True,
    ) -> Page:
        """Make one request, whatever comes of it. ``headers``: ``_`` for ``-``; an empty one is left out."""
        url = urljoin(f"{self.base}/portal/", path)
        told = {"sec-fetch-site": "same-origin"}
        told |= {name.replace("_", "-").lower(): value for name, value in (headers or {}).items()}
        told = {name: value for name, value in told.items() if value}
        for _ in range(MOST_REDIRECTS):
            sent = {"content-type": "application/x-www-form-urlencoded", **told} if body is not None else told
            answer = self._request(method, url, body, sent)
            if not (follow and answer.is_redirect):
                return Page(self, url, answer)
            method, body = ("GET", None) if answer.status_code in {301, 302, 303} else (method, body)
            url = urljoin(url, answer.headers["location"])
        raise AssertionError(f"more than {MOST_REDIRECTS} redirects, the last to {url}")

    def _request(self, method: str, url: str, body: str | None, headers: dict[str, str]) -> httpx2.Response:
        if self.cookies and url.startswith(f"{self.base}/"):
            headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        answer = self.http.request(method, url, content=body, headers=headers, follow_redirects=False)
        self.http.cookies.clear()
        for each in answer.headers.get_list("set-cookie"):
            name, _, value = each.partition(";")[0].partition("=")
            assert name.startswith("__Host-"), f"the cookie {name} could be set by another host"
            self.cookies[name] = value
            if "max-age=0" in each.lower():
                del self.cookies[name]
        return answer


@dataclass(frozen=True)
class Page:
    """What was answered, and where it stands after redirects."""

    visitor: Visitor
    url: str
    answer: httpx2.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def headers(self) -> httpx2.Headers:
        return self.answer.headers

    @property
    def html(self) -> str:
        return self.answer.text

    @property
    def path(self) -> str:
        """The address without the origin and without the query."""
        return urlsplit(self.url).path

    @cached_property
    def root(self) -> Element:
        return parse(self.html)

    @property
    def text(self) -> str:
        """All that a reader sees of the page."""
        return self.root.text

    @property
    def main(self) -> Element:
        """The page without the frame around it."""
        return self.root.one("main")

    @property
    def title(self) -> str:
        return " ".join(next(each for each in self.root if each.tag == "title").raw.split())

    @property
    def h1(self) -> str:
        return self.root.one("h1").text

    @property
    def links(self) -> list[Link]:
        return [Link(each.text, each["href"]) for each in self.root.all("a") if "href" in each]

    def link(self, text: str) -> str:
        """Where the link with this text leads; the first of those that contain it, if none is equal."""
        found = [each for each in self.links if each.text == text] or [each for each in self.links if text in each.text]
        assert found, f"no link {text!r} among {[each.text for each in self.links]}"
        return found[0].href

    def follow(self, text: str) -> Page:
        return self.visitor.get(urljoin(self.url, self.link(text)))

    @property
    def forms(self) -> list[Form]:
        return [Form(self, each) for each in self.root.all("form")]

    def form(self, wanted: str = "") -> Form:
        """The form with this name, id or end of its action, or with this button; "": the only one in main."""
        if not wanted:
            return Form(self, self.main.one("form"))
        found = [each for each in self.forms if each.is_called(wanted)]
        assert len(found) == 1, f"{len(found)} forms {wanted!r}: {[str(each) for each in self.forms]}"
        return found[0]

    @property
    def rows(self) -> list[list[str]]:
        """The texts of all cells of all tables, row by row, heads included."""
        return [[cell.text for cell in row.all("th", "td")] for row in self.root.all("tr")]


@dataclass
class Form:
    """A form of a page, as it stands until it is sent."""

    page: Page
    element: Element
    filled: dict[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.element.get('action')} [{', '.join(each.text for each in self.buttons)}]"

    @property
    def method(self) -> str:
        return self.element.get("method", "get").upper()

    @property
    def action(self) -> str:
        return urljoin(self.page.url, self.element.get("action") or self.page.url)

    @property
    def controls(self) -> list[Element]:
        """Its fields, and those elsewhere on the page that say they are its own."""
        own = [each for each in self.element.all(*CONTROLS) if "form" not in each]
        if id_ := self.element.get("id"):
            own += self.page.root.all(*CONTROLS, form=id_)
        return [each for each in own if each.get("name") and each.get("type") not in {"button", "reset", *BUTTONS}]

    @property
    def buttons(self) -> list[Element]:
        """What sends it."""
        own = [each for each in self.element.all("button") if "form" not in each]
        if id_ := self.element.get("id"):
            own += self.page.root.all("button", form=id_)
        found = [each for each in own if each.get("type", "submit") == "submit"]
        return found + [each for each in self.element.all("input") if each.get("type") in BUTTONS]

    @property
    def fields(self) -> dict[str, str]:
        """What would be sent, the last value of each name."""
        return dict(self.pairs())

    def is_called(self, wanted: str) -> bool:
        named = (self.element.get("name"), self.element.get("id"))
        return wanted in named or self.action.endswith(wanted) or any(each.text == wanted for each in self.buttons)

    def fill(self, **fields: Value) -> Form:
        """Fill fields in. A name with a dash is given with ``_``, unless the page has it with ``_``."""
        return self.set(fields)

    def set(self, fields: Mapping[str, Value]) -> Form:
        names = {each["name"] for each in self.controls if "disabled" not in each}
        for name, value in fields.items():
            known = name if name in names else name.replace("_", "-")
            assert known in names, f"no field {name!r} among {sorted(names)} of {self}"
            self._offered(known, value)
            self.filled[known] = value
        return self

    def _offered(self, name: str, value: Value) -> None:
        """Refuse what nobody can choose."""
        controls = [each for each in self.controls if each["name"] == name]
        choices = {
            choice
            for each in controls
            for choice in (
                [_value(option) for option in each.all("option") if "disabled" not in option]
                if each.tag == "select"
                else [each.get("value", "on")] * (each.get("type") in {"radio", "checkbox"})
            )
        }
        if not choices or isinstance(value, bool):
            return
        for each in [value] if isinstance(value, str) else value:
            assert each in choices, f"{name} offers {sorted(choices)}, not {each!r}"

    def pairs(self, button: Element | None = None) -> list[tuple[str, str]]:
        """What is sent, in the order of the page."""
        found = [(each["name"], value) for each in self.controls if not _disabled(each) for value in self._values(each)]
        if button is not None and button.get("name"):
            found.append((button["name"], button.get("value")))
        return found

    def _values(self, control: Element) -> Sequence[str]:
        filled = self.filled.get(control["name"])
        kind = control.tag if control.tag != "input" else control.get("type", "text")
        if kind in {"radio", "checkbox"}:
            return [control.get("value", "on")] * _is_checked(control, filled)
        if kind == "select":
            return _selected(control, filled)
        if filled is None:
            return [control.raw.removeprefix("\n") if kind == "textarea" else control.get("value")]
        assert isinstance(filled, str), f"{control['name']} is a field for text"
        return [filled.replace("\n", "\r\n") if kind == "textarea" else filled]

    def submit(self, button: str | None = None, **headers: str) -> Page:
        """Send it, with the button of this text; without one with the first, as the key Enter does."""
        pressed = self._pressed(button)
        url = urljoin(self.page.url, pressed.get("formaction")) if pressed and "formaction" in pressed else self.action
        method = pressed.get("formmethod", self.method).upper() if pressed else self.method
        body = urlencode(self.pairs(pressed))
        if method == "GET":
            return self.page.visitor.send("GET", f"{url.partition('?')[0]}?{body}", headers=headers)
        return self.page.visitor.send("POST", url, body, headers)

    def _pressed(self, text: str | None) -> Element | None:
        buttons = [each for each in self.buttons if "disabled" not in each]
        if text is None:
            return buttons[0] if buttons else None
        found = [each for each in buttons if text in {each.text, each.get("value"), each.get("aria-label")}]
        assert len(found) == 1, f"{len(found)} buttons {text!r} in {self}"
        return found[0]


def _disabled(control: Element) -> bool:
    above: Element | None = control
    while above is not None:
        if "disabled" in above and above.tag in {"fieldset", *CONTROLS}:
            return True
        above = above.above
    return False


def _value(option: Element) -> str:
    return option.get("value", option.text)


def _is_checked(control: Element, filled: Value | None) -> bool:
    if filled is None:
        return "checked" in control
    if isinstance(filled, bool):
        return filled
    return control.get("value", "on") in ([filled] if isinstance(filled, str) else filled)


def _selected(control: Element, filled: Value | None) -> Sequence[str]:
    options = control.all("option")
    if filled is not None:
        return [filled] if isinstance(filled, str) else [_value(each) for each in options if _value(each) in filled]  # type: ignore[operator]
    chosen = [_value(each) for each in options if "selected" in each]
    return chosen if chosen or "multiple" in control else [_value(each) for each in options[:1]]
