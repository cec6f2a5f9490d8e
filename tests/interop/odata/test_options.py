"""The query of a request, as clients encode it."""

import pytest

from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.interop.odata import Options, read_options, write_skiptoken
from accredit.query import And, Compare, Or, Order, StartsWith
from tests.support.every import every

APP = Compare("appId", "eq", "a b")
NAME = StartsWith("displayName", "x")
AFTER = write_skiptoken(("demo", "k1"), Order("displayName"))
FIRST = write_skiptoken((None, "k1"), None)

READ = {
    "nothing": ("", Options()),
    "as az encodes": ("$filter=appId%20eq%20'a%20b'", Options(filter=APP)),
    "as Terraform encodes": ("%24filter=appId+eq+%27a+b%27", Options(filter=APP)),
    "as SDKs encode": ("%24filter=appId%20eq%20%27a%20b%27&%24top=5", Options(filter=APP, top=5)),
    "in octets": (b"$filter=appId+eq+'a+b'", Options(filter=APP)),
    "without the dollar sign": ("filter=appId eq 'a b'&top=5&count=true", Options(filter=APP, top=5, count=True)),
    "in another case": ("$Filter=appId eq 'a b'", Options(filter=APP)),
    "an ampersand inside a text": ("$filter=a eq 'x%26y=z'", Options(filter=Compare("a", "eq", "x&y=z"))),
    "letters beyond ASCII": ("$filter=a eq '%C3%A9'", Options(filter=Compare("a", "eq", "é"))),
    "the same in plain octets": ("$filter=a eq 'é'".encode(), Options(filter=Compare("a", "eq", "é"))),
    "a choice of properties": ("$select=id, appId,api/x", Options(select=frozenset({"id", "appId", "api/x"}))),
    "a property that carries an annotation": ("$select=@odata.type", Options(select=frozenset({"@odata.type"}))),
    "every property": ("$select=*", Options()),
    "every property, and one": ("$select=id,*", Options()),
    "no property": ("$select=", Options()),
    "the smallest page": ("$top=1", Options(top=1)),
    "the largest page": ("$top=999", Options(top=999)),
    "no count": ("$count=false", Options()),
    "a count, as Python programs write it": ("$count=True", Options(count=True)),
    "an order": ("$orderby=displayName", Options(orderby=Order("displayName"))),
    "an order, upwards": ("$orderby=displayName asc", Options(orderby=Order("displayName"))),
    "an order, downwards": (
        "$orderby=createdDateTime DESC",
        Options(orderby=Order("createdDateTime", descending=True)),
    ),
    "an order by a property of a property": ("$orderby=status/errorCode", Options(orderby=Order("status/errorCode"))),
    "an order by a property named like a direction": (
        "$orderby=desc desc",
        Options(orderby=Order("desc", descending=True)),
    ),
    "a search": ('$search="displayName:x"', Options(search=NAME)),
    "a search, encoded": ("%24search=%22displayName%3Ax%22", Options(search=NAME)),
    "a search for a text with spaces": (
        '$search="displayName: a b "',
        Options(search=StartsWith("displayName", "a b")),
    ),
    "a search for quotes": (r'$search="displayName:\"x\\"', Options(search=StartsWith("displayName", '"x\\'))),
    "a search for a colon": ('$search="displayName:x:y"', Options(search=StartsWith("displayName", "x:y"))),
    "two searches": (
        '$search="displayName:x" AND "displayName:y"',
        Options(search=And((NAME, StartsWith("displayName", "y")))),
    ),
    "one search of three": (
        '$search=("displayName:x" OR "displayName:y") AND "displayName:x"',
        Options(search=And((Or((NAME, StartsWith("displayName", "y"))), NAME))),
    ),
    "what belongs to it": (
        "$expand=owners,appRoleAssignments,owners",
        Options(expand=("owners", "appRoleAssignments")),
    ),
    "nothing that belongs to it": ("$expand=", Options()),
    "a page that goes on": (
        f"$orderby=displayName&$skiptoken={AFTER}",
        Options(orderby=Order("displayName"), skiptoken=("demo", "k1")),
    ),
    "a page that goes on, the token first": (
        f"$skiptoken={AFTER}&$orderby=displayName asc",
        Options(orderby=Order("displayName"), skiptoken=("demo", "k1")),
    ),
    "a page that goes on without an order": (f"$skiptoken={FIRST}", Options(skiptoken=(None, "k1"))),
    "a format": ("$format=json", Options()),
    "what is no option": ("api-version=1.6&x&&=&api-version=2", Options()),
    "50 parameters": ("&".join(["x=1"] * 49 + ["$top=2"]), Options(top=2)),
}


@every(("query", "options"), READ.values(), ids=READ)
def test_a_query_is_read(query, options):
    assert read_options(query, kind="Application") == options


REFUSED = {
    "skip": ("$skip=5", "Invalid skip clause: follow '@odata.nextLink' instead"),
    "skip without a dollar sign": ("skip=5", "Invalid skip clause: follow '@odata.nextLink' instead"),
    "an unknown option": ("$apply=x", "Invalid apply clause: the query option '$apply' is not supported"),
    "an option without a name": ("$=x", "Invalid  clause: the query option '$' is not supported"),
    "one option twice": ("$top=1&$top=1", "Invalid top clause: the query option is given more than once"),
    "one option in two ways": ("$top=1&top=1", "Invalid top clause: the query option is given more than once"),
    "an empty filter": ("$filter=", "Invalid filter clause: the end at character 1, expected "),
    "an option without a value": ("$filter", "Invalid filter clause: the end at character 1, expected "),
    "a NUL": ("$filter=a eq '%00'", "Invalid filter clause: the character NUL cannot occur in any value"),
    "octets that are not UTF-8": ("$filter=a eq '%ff'", "Invalid query clause: it is not UTF-8"),
    "plain octets that are not UTF-8": (b"$filter=a eq '\xff'", "Invalid query clause: it is not UTF-8"),
    "half a surrogate pair": ("$filter=a eq '\ud800'", "Invalid query clause: it is not UTF-8"),
    "half a surrogate pair in a name": ("$\ud800=1", "Invalid query clause: it is not UTF-8"),
    "51 parameters": ("&".join(["x=1"] * 51), "Invalid query clause: it has more than 50 parameters"),
    "32,769 characters": ("x" * 32_769, "Invalid query clause: it is longer than 32768 characters"),
    "no page": ("$top=0", "Invalid top clause: '0' is not a number from 1 to 999"),
    "too large a page": ("$top=1000", "Invalid top clause: '1000' is not a number from 1 to 999"),
    "a page below nothing": ("$top=-1", "Invalid top clause: '-1' is not a number from 1 to 999"),
    "a page of other digits": ("$top=\u0663", "Invalid top clause: '\u0663' is not a number from 1 to 999"),
    "a page of very many digits": ("$top=" + "0" * 9 + "1", "Invalid top clause: '0000000001' is not a number from"),
    "a count that is none": ("$count=1", "Invalid count clause: '1' is neither true nor false"),
    "a choice of nothing among others": (
        "$select=id,,appId",
        "Invalid select clause: '' is not the name of a property",
    ),
    "a choice of a call": ("$select=f(x)", "Invalid select clause: 'f(x)' is not the name of a property"),
    "a name of 257 characters": ("$select=" + "x" * 257, "Invalid select clause: 'xxx"),
    "an order without a property": ("$orderby=", "Invalid orderby clause: the end at character 1, expected a property"),
    "an order in no direction": ("$orderby=a up", "Invalid orderby clause: 'up' at character 3, expected "),
    "a search without quotes": (
        "$search=displayName:x",
        "Invalid search clause: 'displayName' at character 1, expected",
    ),
    "a search without a property": ('$search="x"', 'Invalid search clause: "x" does not have the form "property:text"'),
    "a search for nothing": (
        '$search="displayName: "',
        'Invalid search clause: "displayName: " does not have the form',
    ),
    "21 searches": (
        "$search=" + " OR ".join(['"displayName:x"'] * 21),
        "Invalid search clause: it has more than 20 conditions",
    ),
    "an order by more than anybody reads": (
        "$orderby=" + ",".join("a" * 300),
        "Invalid orderby clause: it has more than 500 words and signs",
    ),
    "a search that does not end": ('$search="displayName:x', "Invalid search clause: '\"' at character 1, expected"),
    "a token that is none": ("$skiptoken=abc", "Invalid skiptoken clause: it is damaged, or was not made here"),
    "a token of another order": (
        f"$skiptoken={AFTER}",
        "Invalid skiptoken clause: it belongs to a list in another order",
    ),
    "a token of the other direction": (
        f"$skiptoken={AFTER}&$orderby=displayName desc",
        "Invalid skiptoken clause: it belongs to a list in another order",
    ),
}


@every(("query", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_query_is_refused_with_the_option_and_the_reason(query, message):
    with pytest.raises(Refused) as refused:
        read_options(query, kind="Application")
    assert refused.value.row is QUERY_SYNTAX
    assert refused.value.message.startswith(message)


UNSUPPORTED = {
    "an order by two": ("$orderby=displayName,createdDateTime desc", "createdDateTime"),
    "a search in another property": ('$search="notes:x"', "notes"),
    "options of what belongs to it": ("$expand=owners($select=id)", "owners"),
    "the same behind another": ("$expand=appRoleAssignments, owners($select=id)", "owners"),
    "all that belongs to it": ("$expand=*", "*"),
    "a function in a filter": ("$filter=contains(notes,'x')", "notes"),
}


@every(("query", "name"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_is_a_query_and_not_served_is_refused_by_name(query, name):
    with pytest.raises(Refused) as refused:
        read_options(query, kind="User")
    assert (refused.value.row, refused.value.fields) == (QUERY_UNSUPPORTED, {"property": name, "kind": "User"})


def test_a_resource_may_have_larger_pages_and_other_searches():
    query = '$top=1000&$search="notes:x"'
    options = read_options(query, kind="signIn", greatest_top=1000, searched=("notes",))
    assert options == Options(top=1000, search=StartsWith("notes", "x"))


CONDITIONS = {
    "neither": (Options(), None),
    "a filter": (Options(filter=APP), APP),
    "a search": (Options(search=NAME), NAME),
    "both": (Options(filter=APP, search=NAME), And((APP, NAME))),
}


@every(("options", "condition"), CONDITIONS.values(), ids=CONDITIONS)
def test_filter_and_search_are_one_condition(options, condition):
    assert options.condition == condition


BY_NAME = Order("displayName")
IMPLIED = {
    "names that begin alike": ("Application", "$filter=startswith(displayName,'x')", BY_NAME),
    "the same of service principals": ("ServicePrincipal", "$filter=startswith(displayName,'x')", BY_NAME),
    "names that begin alike, and more": (
        "Application",
        "$filter=appId ne 'x' and startsWith(displayName,'x')",
        BY_NAME,
    ),
    "another order": (
        "Application",
        "$filter=startswith(displayName,'x')&$orderby=displayName desc",
        Order("displayName", descending=True),
    ),
    "names that begin alike, or not": ("Application", "$filter=appId eq 'x' or startswith(displayName,'x')", None),
    "names that do not begin so": ("Application", "$filter=not(startswith(displayName,'x'))", None),
    "one name": ("Application", "$filter=displayName eq 'x'", None),
    "things without an index of names": ("Organization", "$filter=startswith(displayName,'x')", None),
}


@every(("kind", "query", "order"), IMPLIED.values(), ids=IMPLIED)
def test_names_that_begin_alike_are_ordered_by_name(kind, query, order):
    assert read_options(query, kind=kind).orderby == order


def test_a_selection_is_in_any_case() -> None:
    asked = read_options("$select=displayname,id", kind="Application")
    assert [asked.selects(each) for each in ("displayName", "ID", "appId")] == [True, True, False]
    assert not Options().selects("id")
