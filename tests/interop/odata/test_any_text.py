"""Whatever a stranger sends is read or refused: no text brings about another exception."""

from collections.abc import Callable

from hypothesis import event, given
from hypothesis import strategies as st

from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.interop.odata import read_filter, read_options, read_skiptoken
from accredit.query import Order

WORDS = """
    a displayName x tags/any( /any( /all( x: : , ( ) ' '' 'v' " "displayName:v" and or not eq ne in has startswith(
    contains( true null
    1 -5 1.5 9999999999999999999 2026-11-23 2026-02-30T00:00:00Z 2026-11-23T25:61:00+99:99 / $ $count
    3f1b9d6c-2a64-4a6e-9c7b-0d5f2f7b1e11 é \\ desc asc %zz %ff * ;
"""
STRANGE = ("\0", "\ud800", "\u017ftartswith(", "fal\u017fe", "\u0663", "\n", "\u2028")  # long s, an Arabic digit three
PIECES = st.sampled_from((*WORDS.split(), *STRANGE))
JUMBLE = st.lists(PIECES, max_size=20).map(" ".join) | st.lists(PIECES, max_size=20).map("".join)
NAMES = st.sampled_from(
    ["filter", "select", "top", "count", "orderby", "search", "expand", "skiptoken", "skip", "format", "apply", ""]
)
PARAMETERS = st.tuples(st.sampled_from(["$", "%24", ""]), NAMES, st.sampled_from(["=", ""]), JUMBLE | st.text())
QUERIES = st.lists(PARAMETERS.map("".join), max_size=3).map("&".join)


def read_or_refused(call: Callable[[], object]) -> None:
    try:
        call()
    except Refused as refused:
        event(refused.row.name)
        assert refused.row in (QUERY_SYNTAX, QUERY_UNSUPPORTED)  # noqa: PT017  any other exception rises


@given(JUMBLE | st.text())
def test_any_text_is_read_or_refused_as_a_filter(text):
    read_or_refused(lambda: read_filter(text, kind="Application"))


@given(QUERIES | st.text() | st.binary())
def test_any_query_is_read_or_refused(query):
    read_or_refused(lambda: read_options(query, kind="Application"))


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{0,60}", fullmatch=True))
def test_any_skiptoken_is_read_or_refused(text):
    read_or_refused(lambda: read_skiptoken(text, Order("displayName")))
