"""Templates of the dialects: what is rendered, with which type, and what is left out."""

from hypothesis import given
from hypothesis import strategies as st

from accredit.testidp.templates import ABSENT, first, places, render

VALUES = {"x": "a:b", "n": 5, "yes": True, "many": ["a", "b"], "null": None, "form": "v1"}

RENDERED = {
    "text": ("plain", "plain"),
    "empty text": ("", ""),
    "a lone place keeps the type of a list": ("{many}", ["a", "b"]),
    "a lone place keeps the type of a number": ("{n}", 5),
    "a lone place keeps the type of a flag": ("{yes}", True),
    "a number within a text": ("{n}.", "5."),
    "null": ("{null}", None),
    "null within a text is nothing": ("step:{null}", "step:"),
    "a colon in a subject": ("{x}|{x|sub}", "a:b|a%3Ab"),
    "what must exist is silent": ("{x?}there", "there"),
    "what must exist alone is empty": ("{x?}", ""),
    "what must be so": ("{form=v1?}one", "one"),
    "what is otherwise": ("{form=v2?}two", ABSENT),
    "what does not exist": ("{y}", ABSENT),
    "what does not exist cannot be anything": ("{y=v1?}", ABSENT),
    "braces around a place": ("{{x}}", "{a:b}"),
    "braces around no name": ("{0000-1}{A}{}", "{0000-1}{A}{}"),
    "a number": (7, 7),
    "a flag": (False, False),
    "a table": ({"a": "{n}", "b": {"c": "{x}"}}, {"a": 5, "b": {"c": "a:b"}}),
    "a member that is absent is left out": ({"a": "{n}", "b": "{y}"}, {"a": 5}),
    "a table of which nothing is left": ({"a": {"b": "{y}"}}, ABSENT),
    "an empty table": ({}, {}),
    "a list": (["{n}", "{y}", [1]], [5, [1]]),
    "a list of which nothing is left": (["{y}"], ABSENT),
    "an empty list": ([], []),
    "a table that may be": ({"?": "{form=v1?}", "a": 1}, {"a": 1}),
    "a table that may not be": ({"?": "{form=v2?}", "a": 1}, ABSENT),
    "an empty table that may be": ({"?": "{x?}"}, ABSENT),
}


def test_templates_are_rendered_as_they_say():
    wrong = {}
    for name, (template, expected) in RENDERED.items():
        found = render(template, VALUES)
        if found != expected or type(found) is not type(expected):
            wrong[name] = found
    assert wrong == {}


def test_the_first_that_can_be_filled_is_taken():
    assert first(("{y}", "{n}", "{x}"), VALUES) == 5
    assert first(("{y}", {"a": "{y}"}), VALUES) is ABSENT
    assert first(("{null}", "x"), VALUES) is None


def test_every_place_is_seen_at_any_depth():
    template = {"a": ["{x}", {"b": "{n|sub}{yes?}"}], "c": 1, "d": "{form=v1?}"}
    assert [each.name for each in places(template)] == ["x", "n", "yes", "form"]


@given(st.text(min_size=1, max_size=50))
def test_a_colon_never_ends_a_value_of_the_subject(value):
    rendered = render("environment:{x|sub}", {"x": value})
    assert isinstance(rendered, str)
    assert rendered.count(":") == 1
    assert rendered.removeprefix("environment:").replace("%3A", ":") == value.replace("%3A", ":")


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(max_size=5)))
def test_a_template_is_rendered_exactly_when_all_its_names_exist(values):
    rendered = render("{a}-{b|sub}-{c?}", values)
    assert (rendered is ABSENT) == (len(values) < 3)
