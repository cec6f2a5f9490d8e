"""What files may say and none says yet, or none needs: on a preset that is made for it."""

from decimal import Decimal

import pytest

from accredit.errors import Refused
from accredit.trust import expression as language
from accredit.trust import presets
from accredit.trust.presets import catalogue
from accredit.trust.presets.form import FormError
from tests.support.every import every

WRITTEN = r"""
id = "made"
version = 3
title = "Made"
summary = "For tests."
tier = 2
standing = "unproven"
docs_url = "https://example.com"
verified_at = 2026-11-23
claims = [
  { name = "lists", type = "list", class = "name" },
  { name = "object", type = "object", class = "meta" },
  { name = ["object", "known"], type = "string", class = "meta" },
  { name = ["object", "tag_*"], type = "string", class = "meta" },
  { name = "opaque", type = "object", class = "meta" },
]
[issuer]
kind = "template"
templates = ["https://{left}.{right}.example", "https://{host}"]
[audience]
control = "operator"
fixed = ["api://{x}"]
[[fields]]
name = "left"
label = "Left"
pattern = '[a-z]+'
example = "l"
help = "Left."
default = "l"
[[fields]]
name = "right"
label = "Right"
pattern = '[a-z]+'
example = "r"
help = "Right."
[[fields]]
name = "host"
label = "Host"
pattern = '[a-z.]+'
example = "h.example"
default = "h.example"
help = "Host."
[[fields]]
name = "x"
label = "X"
pattern = '[ -~]+'
min = 2
max = 590
example = "xx"
help = "X."
refuse = [{ when = 'z.*', only = "kind=a", says = "Not with a." }]
[[fields]]
name = "kind"
label = "Kind"
choices = ["a", "b"]
default = "a"
help = "Kind."
[[modes]]
id = "subject"
title = "Subject"
subject = "{x}|{right}"
[[modes]]
id = "every"
title = "Every operator"
language_version = 2
clauses = [
  { claim = "a", op = "in", values = ["{x}", "{right}"] },
  { claim = "b", op = "not in", values = ["never"] },
  { claim = "c", op = "ne", value = "{x}" },
  { claim = "lists", op = "contains", value = "{x}" },
  { claim = "d", op = "exists" },
  { claim = ["object", "known"], op = "eq", integer = 7 },
  { claim = "e", op = "eq", boolean = true },
  { claim = "f", op = "matches", value = "{x}/**" },
]
[[modes]]
id = "pattern"
title = "Pattern"
clauses = [{ claim = "sub", op = "matches", value = "{x}:{right}:*" }]
[name]
templates = ["{x}"]
"""
FORM = {"right": "r", "x": "it's *?\\"}


@pytest.fixture
def made(monkeypatch):
    preset = catalogue.load(WRITTEN, "made.toml")
    monkeypatch.setattr(catalogue, "recognise", lambda *_: preset)
    return preset


def test_every_operator_is_written_and_read(made):
    found = presets.render(made, FORM, mode="every")
    assert found.expression == (
        "claims['a'] in ['it''s *?\\', 'r'] and claims['b'] not in ['never'] and claims['c'] ne 'it''s *?\\' and "
        "claims['lists'] contains 'it''s *?\\' and exists(claims['d']) and claims['object']['known'] eq 7 and "
        "claims['e'] eq true and claims['f'] matches 'it''s \\*\\?\\\\/**'"
    )
    claims = {"a": "r", "b": "", "c": "", "d": 0, "e": True, "lists": [FORM["x"]], "object": {"known": 7}}
    parsed = language.parse(found.expression, 2)
    assert language.evaluate(parsed, claims | {"f": "it's *?\\/a/b"})
    assert not language.evaluate(parsed, claims | {"f": "it's ab\\/a/b"})
    read = presets.read(found.issuer, None, found.expression, 2, audience=found.audience)
    assert (read.mode, read.values) == ("every", {"left": "l", "right": "r", "x": FORM["x"], "kind": "a"})
    assert presets.read(found.issuer, None, found.expression.replace("eq 7", "eq 8"), 2) is None
    assert presets.read(found.issuer, None, found.expression.replace("eq true", "eq 1"), 2) is None


AUDIENCES = {
    "what follows from the form": (None, "api://xx"),
    "what the operator wants": ("api://mine", "api://mine"),
}


@pytest.mark.parametrize("case", AUDIENCES)
def test_an_audience_may_be_proposed(made, case):
    asked, expected = AUDIENCES[case]
    found = presets.render(made, {"right": "r", "x": "xx"}, audience=asked)
    assert found.audience == expected
    assert presets.read(found.issuer, found.subject, None, audience=found.audience).values["x"] == "xx"


REFUSED = {
    "what version 1 cannot say": ("pattern", FORM, "x", "Character 3 is ', which a pattern of language version 1"),
    "too little": ("subject", {"right": "r", "x": "x"}, "x", "It has 1 characters; 2 are the least"),
    "a pattern that is too long": ("every", {"right": "r", "x": "*" * 400}, "expression", "Shorten a field."),
    "what has no part in any mode": ("subject", {"right": "r", "x": "xx", "host": "h"}, "host", "Leave it empty."),
    "what has a part in no way of this one": ("subject", {"right": "r", "x": "zz"}, "x", "Not with a."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_with_a_form(made, case):
    mode, values, field, words = REFUSED[case]
    with pytest.raises(FormError) as refused:
        presets.render(made, values, mode=mode, audience="api://a")
    assert field in {each.field for each in refused.value.findings}
    assert words in str(refused.value)


READ = {
    "a choice that leaves no trace": (("https://l.r.example", "zz|r"), {"left": "l", "right": "r", "x": "zz"}),
    "an issuer and a subject that contradict each other": (("https://l.r.example", "xx|q"), None),
    "what would be written otherwise": (("https://h.example", "xx|r"), None),
}


@pytest.mark.parametrize("case", READ)
def test_reading_believes_no_guess(made, case):
    (issuer, subject), expected = READ[case]
    found = presets.read(issuer, subject, None, preset="unheard-of@1")
    assert (found and {name: text for name, text in found.values.items() if name != "kind"}) == expected


def test_what_the_ledger_does_not_know(made):
    claims = {
        "iss": "i",
        "lists": [],
        "new": 1,
        "object": {"known": 7, "tag_x": "", "other": {"deep": 1}},
        "opaque": {"anything": 1},
    }
    assert presets.unlisted(made, claims) == {"new": "integer", "object.other": "object"}
    values = {"text": "", "truth": True, "part": 0.5, "large": Decimal(7), "many": [], "none": None}
    assert [*presets.unlisted(made, values).values()] == ["number", "list", "null", "number", "string", "boolean"]
    assert len(presets.unlisted(made, {f"n{number}": 1 for number in range(50)})) == 20
    assert made.claim(("object", "tag_y")).path == ("object", "tag_*")
    assert made.claim(("tag_y",)) is None
    assert made.claim(("exp",)).type == "integer"


def test_a_subject_is_taken_apart_with_its_places():
    preset = presets.preset("github_actions")
    parts = preset.read_subject("repo:o@1/r@2:environment:p")
    assert parts.form.name == "immutable"
    assert (parts.values["repo_id"], parts.spans["repo_id"]) == ("2", (11, 12))
    assert (parts.segment("repo_id").cls, parts.segment("repo_id").of) == ("id", "project")
    assert preset.read_subject("repo:o/r:" + "x" * 600) is None
    assert preset.read_subject("nothing like it") is None


def test_an_attribute_that_does_not_exist():
    with pytest.raises(AttributeError, match="nonsense"):
        presets.nonsense  # noqa: B018  looking is the point


def test_a_form_error_is_a_refusal(made):
    with pytest.raises(Refused, match="ACC1009: the form of made cannot be used"):
        presets.render(made, {})


SPOKEN = ("system:serviceaccount:a:b", "spiffe://a/b", "project_path:g/p:ref_type:branch:ref:main", "0oa1@clients", "x")


@every("subject", [*SPOKEN, "x" * 601])
def test_who_speaks_so_is_found_by_the_index_as_by_reading_every_preset(subject):
    every = [presets.preset(each) for each in presets.ids()]
    running = {each.id for each in catalogue.entries() if each.open}
    found = {each.id: each.read_subject(subject) for each in every if each.id in running}
    assert {each.id: parts for each, parts in presets.speakers(subject)} == {
        name: parts for name, parts in found.items() if parts is not None
    }


@every("name", [each for each in presets.ids() if not presets.preset(each).unsupported])
def test_the_examples_of_the_fields_can_be_rendered(name):
    found = presets.preset(name)
    assert presets.render(found, presets.example(found)).issuer
