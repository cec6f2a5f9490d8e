"""Laws of $filter: it means what the same expression means in plain Python, and what is written is read back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from operator import ge, gt, le, lt
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from accredit import query
from accredit.interop.odata import read_filter, write_filter
from accredit.query import ITSELF, And, Compare, Condition, Not, OneOf, Or, StartsWith, matches

# --- an expression, as text and as a function that Python evaluates ------------------------------------------------

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """``text`` as a program might write it, and what it means. ``binds``: 0 or, 1 and, 2 not and a single term."""

    text: str
    means: Callable[[Row], bool]
    binds: int = 2


TEXTS = ("", "a", "A", "ab", "aB'c", "Straße", "STRASSE", "''", "x and y", "東京")
NUMBERS = (-3, 0, 1, 2**63 - 1)
TIMES = tuple(
    datetime(2026, 11, 23, 7, tzinfo=UTC) + timedelta(microseconds=each) for each in (0, 1, 500_000, 3_600_000_000)
)
ORDERED = {"gt": gt, "ge": ge, "lt": lt, "le": le}
SPACE = st.sampled_from([" ", "  ", "\t"])
GAP = st.sampled_from(["", "", " "])


def cased(word: str) -> st.SearchStrategy[str]:
    return st.sampled_from([word, word, word.upper(), word.title()])


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def time_texts(at: datetime) -> st.SearchStrategy[str]:
    elsewhere = at.astimezone(timezone(timedelta(hours=-5, minutes=-30)))
    return st.sampled_from([at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), at.isoformat(), elsewhere.isoformat()])


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


@st.composite
def literals(draw: Any) -> tuple[str, Any, str]:
    """A literal as text, its value, and the property that it is compared with."""
    kind = draw(st.sampled_from(["displayName", "notes/text", "count", "createdDateTime", "enabled", "nothing"]))
    if kind == "count":
        value = draw(st.sampled_from(NUMBERS))
        return str(value), value, kind
    if kind == "createdDateTime":
        at = draw(st.sampled_from(TIMES))
        return draw(time_texts(at)), at, kind
    if kind == "enabled":
        flag = draw(st.booleans())
        return draw(cased(str(flag).lower())), flag, kind
    if kind == "nothing":
        return draw(cased("null")), None, draw(st.sampled_from(["displayName", "count", "createdDateTime", "enabled"]))
    text = draw(st.sampled_from(TEXTS))
    return quoted(text), text, kind


@st.composite
def comparisons(draw: Any) -> Expression:
    text, wanted, name = draw(literals())
    orders = ORDERED if isinstance(wanted, str | datetime) or type(wanted) is int else {}
    operator = draw(st.sampled_from(["eq", "ne", *orders]))

    def means(row: Row) -> bool:
        value = folded(row[name])
        if operator == "eq":
            return bool(value == folded(wanted))
        if operator == "ne":
            return bool(value != folded(wanted))
        return value is not None and ORDERED[operator](value, folded(wanted))

    return Expression(f"{name}{draw(SPACE)}{draw(cased(operator))}{draw(SPACE)}{text}", means)


@st.composite
def lists(draw: Any) -> Expression:
    wanted = draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4))
    written = f"{draw(GAP)},{draw(GAP)}".join(quoted(each) for each in wanted)
    return Expression(
        f"displayName {draw(cased('in'))}{draw(GAP)}({written})",
        lambda row: any(folded(row["displayName"]) == each.casefold() for each in wanted),
    )


@st.composite
def beginnings(draw: Any) -> Expression:
    prefix = draw(st.sampled_from(TEXTS))
    function = draw(st.sampled_from(["startswith", "startsWith", "STARTSWITH"]))
    return Expression(
        f"{function}(displayName,{draw(GAP)}{quoted(prefix)})",
        lambda row: row["displayName"] is not None and folded(row["displayName"]).startswith(prefix.casefold()),
    )


@st.composite
def elements(draw: Any) -> Expression:
    """Any, over a collection: its elements are asked for in the ways that a single text is."""
    variable = draw(st.sampled_from(["x", "t", "tags", "any"]))
    inner = draw(st.none() | st.deferred(lambda: trees(of_texts(variable), 3)))
    if inner is None:
        return Expression("tags/any()", lambda row: len(row["tags"]) > 0)
    return Expression(
        f"tags/{draw(cased('any'))}({variable}:{draw(GAP)}{inner.text})",
        lambda row: any(inner.means({"": each}) for each in row["tags"]),
    )


@st.composite
def of_texts(draw: Any, variable: str) -> Expression:
    wanted = draw(st.sampled_from(TEXTS))
    literal, lowered = quoted(wanted), wanted.casefold()
    return draw(
        st.sampled_from(
            [
                Expression(f"{variable} eq {literal}", lambda row: row[""].casefold() == lowered),
                Expression(f"{variable} ne {literal}", lambda row: row[""].casefold() != lowered),
                Expression(f"{variable} in ({literal})", lambda row: row[""].casefold() == lowered),
                Expression(f"startswith({variable},{literal})", lambda row: row[""].casefold().startswith(lowered)),
            ]
        )
    )


def within(part: Expression, binds: int) -> str:
    """A part of a larger expression: in parentheses where it would not hold together without."""
    return part.text if part.binds >= binds else f"({part.text})"


def trees(leaves: st.SearchStrategy[Expression], most: int) -> st.SearchStrategy[Expression]:
    return st.recursive(leaves, lambda parts: joined(parts) | negated(parts) | parenthesised(parts), max_leaves=most)


@st.composite
def joined(draw: Any, parts: st.SearchStrategy[Expression]) -> Expression:
    some = draw(st.lists(parts, min_size=2, max_size=3))
    if draw(st.booleans()):
        text = f" {draw(cased('and'))} ".join(within(each, 2) for each in some)
        return Expression(text, lambda row: all(each.means(row) for each in some), 1)
    text = f" {draw(cased('or'))} ".join(within(each, 1) for each in some)
    return Expression(text, lambda row: any(each.means(row) for each in some), 0)


@st.composite
def negated(draw: Any, parts: st.SearchStrategy[Expression]) -> Expression:
    part = draw(parts)
    space = draw(SPACE)
    text = draw(st.sampled_from([f"not({part.text})", f"NOT{space}({part.text})", f"not{space}{within(part, 2)}"]))
    return Expression(text, lambda row: not part.means(row))


@st.composite
def parenthesised(draw: Any, parts: st.SearchStrategy[Expression]) -> Expression:
    part = draw(parts)
    return Expression(f"({draw(GAP)}{part.text}{draw(GAP)})", part.means)


def expressions() -> st.SearchStrategy[Expression]:
    return trees(comparisons() | lists() | beginnings() | elements(), 8)


def rows() -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "displayName": st.none() | st.sampled_from(TEXTS),
            "notes/text": st.none() | st.sampled_from(TEXTS),
            "count": st.none() | st.sampled_from(NUMBERS),
            "createdDateTime": st.none() | st.sampled_from(TIMES),
            "enabled": st.none() | st.booleans(),
            "tags": st.lists(st.sampled_from(TEXTS), max_size=3),
        }
    )


@given(expression=expressions(), some=st.lists(rows(), min_size=1, max_size=8))
def test_a_filter_chooses_what_the_same_expression_chooses_in_python(expression, some):
    condition = read_filter(expression.text, kind="Application")
    chosen = [matches(condition, row.__getitem__) for row in some]
    event(f"chosen: {'all' if all(chosen) else 'some' if any(chosen) else 'none'}")
    assert chosen == [expression.means(row) for row in some]


# --- written and read back -------------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}(/[a-z]{1,8}){0,2}", fullmatch=True)
TEXT = st.text(max_size=30)
MOMENTS = st.datetimes(timezones=st.just(UTC))
INT64 = st.integers(-(2**63), 2**63 - 1)


def conditions(names: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
    values = st.none() | st.booleans() | INT64 | TEXT | MOMENTS
    leaves = (
        st.builds(Compare, names, st.sampled_from(["eq", "ne"]), values)
        | st.builds(Compare, names, st.sampled_from([*ORDERED]), INT64 | TEXT | MOMENTS)
        | st.builds(OneOf, names, st.lists(values, min_size=1, max_size=3).map(tuple))
        | st.builds(StartsWith, names, TEXT)
    )
    return st.recursive(
        leaves,
        lambda parts: (
            st.builds(Not, parts)
            | st.builds(And, st.lists(parts, min_size=2, max_size=3).map(tuple))
            | st.builds(Or, st.lists(parts, min_size=2, max_size=3).map(tuple))
        ),
        max_leaves=5,
    )


ANY = st.builds(query.Any, NAMES, st.none() | conditions(st.just(ITSELF)))
ALL_CONDITIONS = conditions(NAMES) | ANY | st.builds(lambda *terms: And(terms), ANY, conditions(NAMES))


@given(ALL_CONDITIONS)
def test_a_condition_that_is_written_is_read_back_as_it_was(condition):
    assert read_filter(write_filter(condition), kind="Application") == condition
