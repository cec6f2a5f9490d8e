"""Paths and filters of Azure Resource Manager: whatever is sent, it is read or refused."""

import string

from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import ARM_NOT_FOUND, ARM_QUERY_UNSUPPORTED, Refused
from accredit.web.arm import filtering, routes

PIECES = (
    "/",
    "//",
    "subscriptions",
    "providers",
    "Microsoft.Authorization",
    "roleAssignments",
    "roledefinitions",
    "%2F",
    "%00",
)
WORDS = ("atScope()", "principalId", " eq ", " and ", "'", "''", "assignedTo(", ")", "(", "x")
SERVED = frozenset({"atscope", "principalid", "assignedto"})


def outcome(call, *arguments):
    """What a call returns, or the row that it refuses with."""
    try:
        return call(*arguments)
    except Refused as refused:
        return refused.row


@given(
    st.sampled_from(["GET", "PUT", "DELETE", "HEAD"]),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12),
)
def test_a_path_has_a_route_or_is_refused(method, parts):
    found = outcome(routes.find, method, "/".join(parts))
    if found is not ARM_NOT_FOUND:
        assert found.route.method == method
        assert found.scope.startswith("/")
        assert found.scope.isprintable()
        assert not found.scope.endswith("/") or found.scope == "/"


@given(st.lists(st.sampled_from(WORDS) | st.text(string.printable, max_size=6), max_size=12).map("".join))
def test_a_filter_has_terms_or_is_refused(text):
    found = outcome(filtering.read, text, SERVED)
    if found is not ARM_QUERY_UNSUPPORTED:
        assert found.keys() <= SERVED


@given(st.text(max_size=40), st.booleans())
def test_what_a_term_says_is_what_was_meant(value, first):
    quoted = "principalId eq '" + value.replace("'", "''") + "'"
    text = f"atScope() and {quoted}" if first else f" {quoted}  AND  atscope() "
    assert filtering.read(text, SERVED) == {"atscope": "", "principalid": value}
