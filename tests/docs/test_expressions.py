"""What docs/expressions.md shows is read as it says: every condition, every row about wildcards and about CEL."""

import re

import pytest

from accredit.errors import Refused
from accredit.trust.expression import parse, version_2
from accredit.trust.expression.cel import read
from accredit.trust.expression.glob import parse as pattern
from tests.conftest import ROOT
from tests.support.every import every

PAGE = (ROOT / "docs" / "expressions.md").read_text(encoding="utf-8")
SHOWN = [
    each
    for each in re.findall(r"`((?:claims\[|exists\(claims)[^`]*)`", PAGE)
    if " " in each or each.startswith("exists")
]


def test_it_can_be_found():
    for page in ("README.md", "CHANGELOG.md"):
        assert "docs/expressions.md" in (ROOT / page).read_text(encoding="utf-8"), page


def test_conditions_are_shown():
    assert len(SHOWN) >= 9


@every("text", SHOWN)
def test_a_condition_that_is_shown_is_one(text):
    assert parse(text, 2).text == text


def test_the_example_of_a_command_holds_an_expression():
    (text,) = re.findall(r'--expression "([^"]+)" --language-version 2', PAGE)
    assert parse(text, 2).atoms


def test_the_example_of_a_mistake_is_answered_so():
    (said,) = re.findall(r"^    (Expected .*)$", PAGE, re.MULTILINE)
    with pytest.raises(Refused) as refused:
        parse("claims['a'] == 'b'", 2)
    assert refused.value.fields["reason"] == said


def test_wildcards_take_what_the_table_says():
    heads = re.findall(r"`(release/[*?]+)`", PAGE.partition("| | stands for |")[2].partition("\n")[0])
    rows = re.findall(r"^\| `[*?]+` \| .*$", PAGE, re.MULTILINE)
    shown = [re.findall(r"`(release/[^`]+)`", row)[0] for row in rows]
    fits = [[pattern(head, 2).matches(value) for value in shown] for head in heads]
    assert fits == [[True, False, False], [True, True, False], [True, True, True]]


def test_the_bounds_that_are_named_are_those():
    for bound in (
        f"{version_2.MOST_ATOMS} comparisons",
        f"parentheses {version_2.DEEPEST} deep",
        f"paths of {version_2.LONGEST_PATH} names",
        f"lists of {version_2.MOST_ELEMENTS} values",
        f"{version_2.LONGEST_PATTERN} characters and {version_2.MOST_WILDCARDS} wildcards",
        f"{version_2.MOST_BRANCHES} branches",
    ):
        assert bound in " ".join(PAGE.split())


CEL = {
    "assertion.a == 's'": "claims['a'] eq 's'",
    "'x' in assertion.groups": "claims['groups'] contains 'x'",
    "assertion.x.startsWith('p')": "claims['x'] matches 'p**'",
    "assertion.x.endsWith('p')": "claims['x'] matches '**p'",
    "assertion.x.contains('p')": "claims['x'] matches '**p**'",
    "has(assertion.x)": "exists(claims['x'])",
}


@every("text", CEL)
def test_cel_is_read_as_the_table_says(text):
    written = CEL[text]
    for part in (text.removeprefix("assertion.x").removeprefix("assertion.a "), written.removeprefix("claims['x'] ")):
        assert part.split(" 's'")[0].removeprefix("claims['a'] ") in PAGE
    assert read(text).expression.text == written
