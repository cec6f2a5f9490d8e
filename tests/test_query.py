"""What a condition means."""

from datetime import UTC, datetime, timedelta

import pytest

from accredit.query import ITSELF, And, Any, Compare, Not, OneOf, Or, StartsWith, comparable, fold, matches
from tests.support.every import every

AT = datetime(2026, 3, 1, tzinfo=UTC)
THING = {
    "name": "Straße",
    "empty": "",
    "none": None,
    "on": True,
    "off": False,
    "count": 5,
    "at": AT,
    "tags": ("Red", "blue"),
    "no tags": (),
}
IS_RED = Compare(ITSELF, "eq", "red")

HOLDS = {
    "text equals without regard to case": Compare("name", "eq", "STRASSE"),
    "text does not equal another": Not(Compare("name", "eq", "Strasz")),
    "nothing equals nothing": Compare("none", "eq", None),
    "nothing is not equal to something": Compare("none", "ne", "x"),
    "nothing is not the empty text": Compare("none", "ne", ""),
    "something is not equal to nothing": Compare("empty", "ne", None),
    "a flag equals itself": Compare("on", "eq", True),
    "a flag does not equal the other": Compare("off", "ne", True),
    "text is greater": Compare("name", "gt", "straps"),
    "text is not less than itself": Not(Compare("name", "lt", "strasse")),
    "text is at most itself": Compare("name", "le", "STRASSE"),
    "text is at least itself": Compare("name", "ge", "STRASSE"),
    "a number is less": Compare("count", "lt", 6),
    "a number is at most": Compare("count", "le", 6),
    "a number is not greater than itself": Not(Compare("count", "gt", 5)),
    "a number equals": Compare("count", "eq", 5),
    "a time is at least itself": Compare("at", "ge", AT),
    "a time is greater by a microsecond": Compare("at", "gt", AT - timedelta(microseconds=1)),
    "a time is not less": Not(Compare("at", "lt", AT)),
    "nothing is neither greater": Not(Compare("none", "gt", "")),
    "nor less": Not(Compare("none", "le", "z")),
    "nothing is below nothing": Not(Compare("none", "ge", None)),
    "text is not ordered with a number": Not(Compare("name", "gt", 1)),
    "a number is not ordered with text": Not(Compare("count", "lt", "9")),
    "a time is not ordered with text": Not(Compare("at", "lt", "9")),
    "one of several": OneOf("name", ("x", "STRASSE")),
    "none of several": Not(OneOf("name", ("x", None))),
    "nothing, of several": OneOf("none", ("x", None)),
    "one of no values": Not(OneOf("name", ())),
    "a prefix without regard to case": StartsWith("name", "STRASS"),
    "a prefix that ends within a folded letter": StartsWith("name", "stras"),
    "the empty prefix": StartsWith("empty", ""),
    "another prefix": Not(StartsWith("name", "trasse")),
    "nothing begins with nothing": Not(StartsWith("none", "")),
    "no flag begins with anything": Not(StartsWith("on", "T")),
    "an element equals": Any("tags", IS_RED),
    "no element equals": Not(Any("tags", Compare(ITSELF, "eq", "green"))),
    "an element that does not equal": Any("tags", Not(IS_RED)),
    "there are elements": Any("tags"),
    "there are no elements": Not(Any("no tags")),
    "none of no elements": Not(Any("no tags", Not(IS_RED))),
    "all of several": And((Compare("on", "eq", True), Any("tags"))),
    "not all of several": Not(And((Compare("on", "eq", True), Any("no tags")))),
    "at least one": Or((Compare("on", "eq", False), Any("tags"))),
    "not even one": Not(Or((Compare("on", "eq", False), Any("no tags")))),
}


@every("sentence", HOLDS)
def test_a_condition_means_this(sentence):
    condition = HOLDS[sentence]
    assert matches(condition, THING.__getitem__)
    assert not matches(Not(condition), THING.__getitem__)


def test_a_collection_is_asked_with_any_and_nothing_else_is():
    for condition in (Compare("tags", "eq", "red"), OneOf("tags", ("red",)), StartsWith("tags", "r")):
        with pytest.raises(TypeError, match="collection"):
            matches(condition, THING.__getitem__)
    for name in ("name", "none"):
        with pytest.raises(TypeError, match="any"):
            matches(Any(name), THING.__getitem__)


def test_an_element_has_no_properties():
    with pytest.raises(KeyError):
        matches(Any("tags", Compare("name", "eq", "red")), THING.__getitem__)


def test_only_text_is_folded_and_only_once():
    assert [comparable(each) for each in ("ẞ", True, 5, AT, None)] == ["ss", True, 5, AT, None]
    assert all(fold(fold(chr(each))) == fold(chr(each)) for each in range(0x10000))
