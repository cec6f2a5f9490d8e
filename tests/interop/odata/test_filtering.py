"""What programs send as $filter, and what is made of it."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.interop.odata import read_filter, write_filter
from accredit.query import ITSELF, And, Any, Compare, Not, OneOf, Or, StartsWith
from tests.refusals import refusal
from tests.support.every import every

APP_ID = "3f1b9d6c-2a64-4a6e-9c7b-0d5f2f7b1e11"
A, B, C = (Compare(name, "eq", 1) for name in "abc")

READ = {
    "an appId, as az asks": (f"appId eq '{APP_ID}'", Compare("appId", "eq", APP_ID)),
    "the beginning of a name, as az asks": ("startswith(displayName,'demo')", StartsWith("displayName", "demo")),
    "the same as SDK samples write it": ("startsWith(displayName, 'demo')", StartsWith("displayName", "demo")),
    "an identifier URI, as az asks": (
        "identifierUris/any(s:s eq 'api://orders')",
        Any("identifierUris", Compare(ITSELF, "eq", "api://orders")),
    ),
    "sign-ins of workloads": (
        "(signInEventTypes/any(t: t eq 'servicePrincipal')) and appId eq 'a' and createdDateTime ge 2026-11-23T00:00Z",
        And(
            (
                Any("signInEventTypes", Compare(ITSELF, "eq", "servicePrincipal")),
                Compare("appId", "eq", "a"),
                Compare("createdDateTime", "ge", datetime(2026, 11, 23, tzinfo=UTC)),
            )
        ),
    ),
    "sign-ins that are not interactive": (
        "signInEventTypes/any(t: t ne 'interactiveUser')",
        Any("signInEventTypes", Compare(ITSELF, "ne", "interactiveUser")),
    ),
    "a property of a property": ("status/errorCode eq 0", Compare("status/errorCode", "eq", 0)),
    "three levels of properties": ("a/b/c ne null", Compare("a/b/c", "ne", None)),
    "a beginning inside any": ("tags/any(t:startswith(t,'Win'))", Any("tags", StartsWith(ITSELF, "Win"))),
    "several conditions inside any": (
        "tags/any(t:t eq 'a' or not(t eq 'b'))",
        Any("tags", Or((Compare(ITSELF, "eq", "a"), Not(Compare(ITSELF, "eq", "b"))))),
    ),
    "a member of the elements": (
        "targetResources/any(t: t/id eq 'x' or startswith(t/id,'y'))",
        Any("targetResources/id", Or((Compare(ITSELF, "eq", "x"), StartsWith(ITSELF, "y")))),
    ),
    "a collection that is not empty": ("identifierUris/any()", Any("identifierUris")),
    "a collection of a property": (
        "api/knownClientApplications/any(c:c eq 'x')",
        Any("api/knownClientApplications", Compare(ITSELF, "eq", "x")),
    ),
    "a collection whose name is a keyword's": ("any/any(any:any eq 'x')", Any("any", Compare(ITSELF, "eq", "x"))),
    "a list": ("appId in ('a','b')", OneOf("appId", ("a", "b"))),
    "a list of one, without spaces": ("appId in('a')", OneOf("appId", ("a",))),
    "a list inside any": ("tags/any(t:t in ('a', 'b'))", Any("tags", OneOf(ITSELF, ("a", "b")))),
    "true": ("accountEnabled eq true", Compare("accountEnabled", "eq", True)),
    "false, in capitals": ("accountEnabled ne FALSE", Compare("accountEnabled", "ne", False)),
    "a number below zero": ("count gt -5", Compare("count", "gt", -5)),
    "the least number": (f"count ge {-(2**63)}", Compare("count", "ge", -(2**63))),
    "the greatest number": (f"count le {2**63 - 1}", Compare("count", "le", 2**63 - 1)),
    "a GUID without quotes": (f"id eq {APP_ID.upper()}", Compare("id", "eq", APP_ID)),
    "an apostrophe, doubled": ("displayName eq 'O''Hara'", Compare("displayName", "eq", "O'Hara")),
    "nothing but an apostrophe": ("displayName eq ''''", Compare("displayName", "eq", "'")),
    "the empty text": ("displayName eq ''", Compare("displayName", "eq", "")),
    "keywords inside a text": ("displayName eq 'a and (b'", Compare("displayName", "eq", "a and (b")),
    "a text in other scripts": ("displayName eq 'Zürich 東京'", Compare("displayName", "eq", "Zürich 東京")),
    "a time with a fraction": (
        "t lt 2026-11-23T07:08:09.1234567Z",
        Compare("t", "lt", datetime(2026, 11, 23, 7, 8, 9, 123456, tzinfo=UTC)),
    ),
    "a time with a short fraction": (
        "t lt 2026-11-23T07:08:09.5Z",
        Compare("t", "lt", datetime(2026, 11, 23, 7, 8, 9, 500000, tzinfo=UTC)),
    ),
    "a time elsewhere": ("t lt 2026-11-23T01:00:00+02:00", Compare("t", "lt", datetime(2026, 11, 22, 23, tzinfo=UTC))),
    "a time without seconds, in small letters": (
        "t lt 2026-11-23t01:02z",
        Compare("t", "lt", datetime(2026, 11, 23, 1, 2, tzinfo=UTC)),
    ),
    "a date": ("t ge 2026-11-23", Compare("t", "ge", datetime(2026, 11, 23, tzinfo=UTC))),
    "keywords in capitals": ("a EQ 1 AND NOT (b Eq 1)", And((A, Not(B)))),
    "not without a space": ("not(a eq 1)", Not(A)),
    "not without parentheses": ("not a eq 1 and b eq 1", And((Not(A), B))),
    "not not": ("not not a eq 1", Not(Not(A))),
    "and before or": ("a eq 1 or b eq 1 and c eq 1", Or((A, And((B, C))))),
    "or in parentheses": ("(a eq 1 or b eq 1) and c eq 1", And((Or((A, B)), C))),
    "a chain": ("a eq 1 and b eq 1 and c eq 1", And((A, B, C))),
    "a chain with parentheses keeps them": ("(a eq 1 and b eq 1) and c eq 1", And((And((A, B)), C))),
    "parentheses around each term": ("((a eq 1)) or (b eq 1)", Or((A, B))),
    "no spaces at parentheses": ("(a eq 1)and(b eq 1)or(c eq 1)", Or((And((A, B)), C))),
    "spaces and tabs at both ends": (" \ta eq 1\t ", A),
    "names that begin with keywords": (
        "notes eq 'n' and order eq 1 and android eq 1 and information in ('i')",
        And(
            (
                Compare("notes", "eq", "n"),
                Compare("order", "eq", 1),
                Compare("android", "eq", 1),
                OneOf("information", ("i",)),
            )
        ),
    ),
    "names that are keywords": ("eq eq 1 and in in (1)", And((Compare("eq", "eq", 1), OneOf("in", (1,))))),
}


@every(("text", "condition"), READ.values(), ids=READ)
def test_what_clients_send_is_read(text, condition):
    assert read_filter(text, kind="Application") == condition


def test_booleans_and_numbers_are_told_apart():
    true, one = read_filter("a eq true", kind="Application"), read_filter("a eq 1", kind="Application")
    assert (type(true.value), type(one.value)) == (bool, int)


TERM = "a eq 1"
NO_QUERIES = {
    "nothing": ("", "the end at character 1, expected '(' or 'not' or a function or a property"),
    "spaces": ("  ", "the end at character 3, expected '(' or 'not' or a function or a property"),
    "a name alone": ("displayName", "the end at character 12, expected '/all(' or '/any(' or 'in' or an operator"),
    "no value": ("a eq", "the end at character 5, expected a value"),
    "a value without quotes": ("a eq b", "'b' at character 6, expected a value"),
    "a text that does not end": ("a eq 'b", "''' at character 6, expected a value"),
    "an apostrophe that is not doubled": ("a eq 'O'Hara'", "''' at character 6, expected a value"),
    "an unknown operator": ("a like 'b'", "'like' at character 3, expected '/all(' or '/any(' or 'in' or an operator"),
    "a keyword that goes on": ("a eqs 'b'", "'eqs' at character 3, expected '/all(' or '/any(' or 'in' or an operator"),
    "half a conjunction": ("a eq 1 and", "the end at character 11, expected '(' or 'not' or a function or a property"),
    "a parenthesis too many": ("a eq 1)", "')' at character 7, expected the end"),
    "a parenthesis too few": ("(a eq 1", "the end at character 8, expected ')'"),
    "an empty list": ("a in ()", "')' at character 7, expected a value"),
    "any without its end": ("a/any(", "the end at character 7, expected ')' or a variable"),
    "any of a variable alone": (
        "a/any(x:x)",
        "')' at character 10, expected '/all(' or '/any(' or 'in' or an operator",
    ),
    "all of nothing": ("a/all()", "')' at character 7, expected a variable"),
    "a decimal number": ("a eq 1.5", "'1' at character 6, expected a value"),
    "a number and a word": ("a eq 1and b eq 1", "'1' at character 6, expected a value"),
    "a number beyond 64 bits": (f"a eq {2**63}", f"{2**63} is not a number of 64 bits"),
    "a number below 64 bits": (f"a eq {-(2**63) - 1}", f"{-(2**63) - 1} is not a number of 64 bits"),
    "30 February": ("a ge 2026-02-30", "2026-02-30 is not a time"),
    "25 o'clock": ("a ge 2026-02-03T25:00:00Z", "2026-02-03T25:00:00Z is not a time"),
    "before the year 1": ("a ge 0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00 is not a time"),
    "a time without an offset": ("a ge 2026-02-03T05:00:00", "'2' at character 6, expected a value"),
    "a line break": ("a eq 1\nand b eq 1", "'�' at character 7, expected "),
    "a semicolon": ("a eq 1; drop", "';' at character 7, expected "),
    "letters that are not ASCII": ("größe eq 1", "'ö' at character 3, expected "),
    "startswith of one argument": ("startswith(a)", "startswith takes a property and a text in quotes"),
    "startswith of a number": ("startswith(a,1)", "startswith takes a property and a text in quotes"),
    "startswith turned round": ("startswith('a',a)", "startswith takes a property and a text in quotes"),
    "startswith of a call": ("startswith(tolower(a),'a')", "startswith takes a property and a text in quotes"),
    "8,193 characters": (TERM.ljust(8_193), "it is longer than 8192 characters"),
    "51 levels": ("not(" * 50 + TERM + ")" * 50, "it is nested deeper than 50"),
    "201 values": (f"a in ({','.join('1' * 200)})", "it has more than 200 terms"),
    "21 comparisons": (" or ".join([TERM] * 21), "it has more than 20 conditions"),
    "11 questions to collections": (
        " and ".join(["tags/any(t:t eq 'a')"] * 11),
        "it has more than 20 conditions",
    ),
    "501 words and signs": ("(" * 249 + TERM + ")" * 249, "it has more than 500 words and signs"),
    "8,000 parentheses": ("(" * 8_000, "it has more than 500 words and signs"),
}


@every(("text", "reason"), NO_QUERIES.values(), ids=NO_QUERIES)
def test_what_is_no_filter_is_refused_with_what_is_wrong_and_where(text, reason):
    with pytest.raises(Refused) as refused:
        read_filter(text, kind="Application")
    assert refused.value.row is QUERY_SYNTAX
    assert refused.value.message.startswith(f"Invalid filter clause: {reason}")


AT_THE_LIMIT = {
    "8,192 characters": TERM.ljust(8_192),
    "50 levels": "not(" * 49 + TERM + ")" * 49,
    "500 words and signs": "(" * 248 + f"not {TERM}" + ")" * 248,
    "200 values": f"a in ({','.join('1' * 199)})",
    "50 ids": f"appId in ({','.join(['57a671b2-b4c8-4a87-9b73-3f8848456127'] * 50)})",
    "20 comparisons": " and ".join([TERM] * 20),
}


@every("text", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_what_just_stays_within_the_limits_is_read(text):
    read = read_filter(text, kind="Application")
    assert read_filter(write_filter(read), kind="Application") == read


UNSUPPORTED = {
    "contains": ("contains(displayName,'x')", "displayName"),
    "endswith": ("endsWith(displayName,'x')", "displayName"),
    "a function of a property": ("tolower(displayName) eq 'x'", "displayName"),
    "a function of a function": ("length(trim(notes)) gt 1", "notes"),
    "a function in a list": ("tolower(displayName) in ('x')", "displayName"),
    "a function of nothing": ("now() gt 2026-11-23", "now"),
    "a function of literals": ("concat('a','b') eq 'x'", "concat"),
    "a function as a condition, of nothing": ("now()", "now"),
    "all": ("tags/all(t:t eq 'x')", "tags"),
    "has": ("style has 'x'", "style"),
    "more than true": ("accountEnabled gt true", "accountEnabled"),
    "less than nothing": ("notes le null", "notes"),
    "two members of an element": ("targetResources/any(t:t/id eq 'x' and t/type eq 'y')", "targetResources/id"),
    "an element and a member of it": ("tags/any(t:t eq 'x' or t/id eq 'y')", "tags/id"),
    "a member of another thing than the element": ("tags/any(t:u/id eq 'x')", "u/id"),
    "a function of a member of an element": ("tags/any(t:contains(t/id,'x'))", "tags/id"),
    "an order of nothing, for a member": ("tags/any(t:t/id gt null)", "tags/id"),
    "any inside a member": ("tags/any(t:t/id/any(u:u eq 'x'))", "tags/id"),
    "something else inside any": ("tags/any(t:displayName eq 'x')", "displayName"),
    "the variable in another case": ("tags/any(t:T eq 'x')", "T"),
    "any inside any": ("tags/any(t:t/any(u:u eq 'x'))", "tags"),
    "a comparison inside any that is none": ("tags/any(t:t ge false)", "tags"),
    "a function of an element": ("tags/any(t:length(t) gt 1)", "tags"),
    "a function inside any": ("tags/any(t:contains(t,'x'))", "tags"),
}


@every(("text", "name"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_is_a_filter_and_not_served_is_refused_by_name(text, name):
    with pytest.raises(Refused) as refused:
        read_filter(text, kind="Application")
    assert (refused.value.row, refused.value.fields) == (QUERY_UNSUPPORTED, {"property": name, "kind": "Application"})


WRITTEN = {
    "a text": (Compare("a", "eq", "O'Hara"), "a eq 'O''Hara'"),
    "true": (Compare("a", "ne", True), "a ne true"),
    "nothing": (Compare("a", "eq", None), "a eq null"),
    "a time elsewhere": (
        Compare("a", "ge", datetime(2026, 11, 23, 1, tzinfo=timezone(timedelta(hours=2)))),
        "a ge 2026-11-22T23:00:00Z",
    ),
    "an element": (Any("tags", StartsWith(ITSELF, "a")), "tags/any(x:startswith(x,'a'))"),
    "not": (Not(And((A, B))), "not(a eq 1 and b eq 1)"),
    "or inside and": (And((Or((A, B)), C)), "(a eq 1 or b eq 1) and c eq 1"),
}


@every(("condition", "text"), WRITTEN.values(), ids=WRITTEN)
def test_a_condition_is_written_as_programs_write_it(condition, text):
    assert write_filter(condition) == text


WORST = {
    "opening parentheses": "(" * 8_192,
    "not": "not " * 2_048,
    "apostrophes": "a eq " + "'" * 8_001,
    "a text without end": "a eq '" + "x" * 8_000,
    "a long name": "x" * 8_192,
    "a long path": "x/" * 4_096,
    "spaces": "a" + " " * 8_000 + "!",
    "digits": "a eq " + "1" * 8_000,
    "any inside any": "a/any(a:" * 1_000,
    "calls inside calls": "f(" * 4_000,
    "comparisons": " or ".join(["a eq 1"] * 800),
}


@pytest.mark.timeout(5)
@every("text", WORST.values(), ids=WORST)
def test_what_is_made_to_be_slow_is_refused_quickly(text):
    assert refusal(read_filter, text, kind="Application") is QUERY_SYNTAX


def test_the_parser_is_not_loaded_before_it_is_needed():
    code = "import sys, accredit.interop.odata as it; it.read_options('$top=5', kind='X'); print('lark' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
