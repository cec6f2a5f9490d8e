"""What no template may do, found by reading them all: run code, escape nothing, speak without gettext."""

import re
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import jinja2
from jinja2 import nodes
from jinja2.ext import InternationalizationExtension

import accredit.web.portal
from tests.support.every import every

PORTAL = Path(accredit.web.portal.__file__).parent
TEMPLATES = sorted((PORTAL / "templates").rglob("*.html"))
SOURCES = sorted(PORTAL.rglob("*.py"))
HTMX_4_0_1 = "89b09a0392a9077ce037bb913f023dd349fa19bdb980df556d943d386bf0bfe8"  # sha256 of htmx.js as it was released
LARGEST_SHEET = 15 * 1024  # octets
ALLOWED = {
    "hx-get", "hx-post", "hx-target", "hx-swap", "hx-trigger", "hx-include", "hx-indicator", "hx-sync", "hx-validate",
    "hx-push-url",
}  # fmt: skip
HTMX_ASKS = ("hx-get", "hx-post")
MARKUP_IN = {
    "words.py": {'Markup(f"{count:,}".replace(",", "\\u202f"))'}
}  # digits; and it tells what is escaped already
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
WORDS = re.compile(r"(?!AADSTS|ACC\d)\b[A-Za-z]{2,}")
# What is called so in every language, as codes are.
NAMES = {"accredit", "htmx", "HTTP", "JSON", "ms", "iss", "sub", "aud", "alg", "kid", "uti", "jti", "sha256", "sha"}
SPOKEN = ("title", "placeholder", "aria-label", "alt")


def names(paths):
    return [str(each.relative_to(PORTAL)) for each in paths]


class Tags(HTMLParser):
    """The start tags of a template, whatever Jinja writes between them, and the text that stands in it."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[dict[str, str] | None] = []  # around each of them
        self.form: dict[str, str] | None = None
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.feed(JINJA.sub(lambda found: "\n" * found[0].count("\n") + " ", source))
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.form = attributes if tag == "form" else self.form
        self.tags.append((tag, attributes))
        self.forms.append(self.form)
        self.inside.append(tag)

    def handle_endtag(self, tag):
        self.form = None if tag == "form" else self.form
        if tag in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(tag) :]

    def handle_data(self, data):
        if not {"code", "pre", "script", "style"} & set(self.inside):
            self.texts.append(data)


@every("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_prints_nothing_unescaped(path):
    source = path.read_text()
    tree = jinja2.Environment(extensions=[InternationalizationExtension], autoescape=True).parse(source)
    filters = {each.name for each in tree.find_all(nodes.Filter)}
    assert not filters & {"safe", "forceescape", "tojson", "xmlattr", "urlize"}, filters
    assert not list(tree.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier))), "autoescape is off"
    assert "Markup" not in source


@every("path", SOURCES, ids=names(SOURCES))
def test_no_page_calls_a_text_safe(path):
    assert path.name in MARKUP_IN or "Markup" not in path.read_text()
    assert set(re.findall(r"Markup\(.*\)", path.read_text())) <= MARKUP_IN.get(path.name, set())


@every("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_template_has_no_code_and_no_style_in_it(path):
    for tag, attributes in Tags(path.read_text()).tags:
        assert tag != "style", "rules stand in portal.css"
        assert tag != "script" or "src" in attributes, "code stands in portal.js"
        assert "style" not in attributes, f"<{tag} style>: rules stand in portal.css"
        assert not [each for each in attributes if each.startswith("on")], f"<{tag}>: code stands in portal.js"
        assert not [value for value in attributes.values() if value.strip().lower().startswith("javascript:")]


@every("path", TEMPLATES, ids=names(TEMPLATES))
def test_no_attribute_of_htmx_evaluates_code(path):
    for tag, attributes in Tags(path.read_text()).tags:
        used = {each.removeprefix("data-") for each in attributes if each.removeprefix("data-").startswith("hx-")}
        assert used <= ALLOWED, f"<{tag}>: {used - ALLOWED}"
        for name in used:
            value = attributes.get(name, attributes.get(f"data-{name}", ""))
            assert not re.search(r"js:|javascript:", value), f"{name}={value!r} is code"
            assert name != "hx-trigger" or not re.search(r"[\[\]]", value), f"{value!r} has a filter, which is code"


@every("path", TEMPLATES, ids=names(TEMPLATES))
def test_a_form_with_a_live_preview_is_validated_by_the_server(path):
    """htmx validates a form before each request of it, and moves the focus to the first field that is empty."""
    found = Tags(path.read_text())
    for (tag, attributes), form in zip(found.tags, found.forms, strict=True):
        if form is None or not any(each in attributes for each in HTMX_ASKS):
            continue
        assert "novalidate" in form, f"the form around <{tag}> has no novalidate"
        assert form.get("hx-validate") == "false", f"the form around <{tag}> has no hx-validate"


@every("path", TEMPLATES, ids=names(TEMPLATES))
def test_every_text_goes_through_gettext(path):
    found = Tags(path.read_text())
    texts = [text for text in found.texts if set(WORDS.findall(text)) - NAMES]
    said = [each[name] for _, each in found.tags for name in SPOKEN if set(WORDS.findall(each.get(name, ""))) - NAMES]
    assert not texts, f"not through gettext: {[' '.join(each.split()) for each in texts]}"
    assert not said, f"not through gettext: {said}"


@every("path", TEMPLATES, ids=names(TEMPLATES))
def test_what_leads_out_of_the_portal_tells_nothing(path):
    for tag, attributes in Tags(path.read_text()).tags:
        if attributes.get("target") == "_blank":
            assert "noopener" in attributes.get("rel", ""), f"<{tag}> opens a window that can reach back"
        for name in ("src", "href", "action"):
            assert tag == "a" or not attributes.get(name, "").startswith(("http:", "https:", "//", "data:"))


def test_there_are_templates():
    assert len(TEMPLATES) >= 4


def test_the_sheet_stays_small_and_asks_for_nothing():
    sheet = (PORTAL / "static/portal.css").read_text()
    assert len(sheet.encode()) <= LARGEST_SHEET
    assert not re.search(r"url\(|@import|@font-face", sheet)
    sides = re.findall(r"(?<![-\w])(?:margin|padding|border|inset)?-?(?:left|right)\s*:", sheet)
    assert not sides, f"logical properties, please: {sides}"


def test_htmx_is_the_released_file():
    assert sha256((PORTAL / "static/htmx.js").read_bytes()).hexdigest() == HTMX_4_0_1


def test_our_script_evaluates_nothing():
    source = (PORTAL / "static/portal.js").read_text()
    assert not re.search(r"\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write", source)


def test_nothing_else_is_served():
    kinds = {each.suffix for each in (PORTAL / "static").iterdir()}
    assert kinds <= {".css", ".js", ".svg"}
    assert not [each.name for each in (PORTAL / "static").iterdir() if ".min." in each.name]
