"""The query of a request: what is asked for, by which option."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from accredit.errors import QUERY_SYNTAX, QUERY_UNSUPPORTED, Refused
from accredit.interop.odata.filtering import read_filter
from accredit.interop.odata.ordering import read_orderby, read_search
from accredit.interop.odata.skiptoken import Cursor, read_skiptoken
from accredit.query import And, Condition, Order, StartsWith, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

LONGEST: Final = 32_768  # characters of a query, encoded
LONGEST_NAME: Final = 256  # characters of one name in a list
MOST_PARAMETERS: Final = 50
GREATEST_TOP: Final = 999  # things on a page of directory objects (assumed)
NAME: Final = "displayName"
ORDERED_BY_NAME: Final = frozenset({"Application", "ServicePrincipal"})  # kinds with an index of names
SEARCHED: Final = ("displayName",)  # what is searched in directory objects; Graph searches descriptions too

T = TypeVar("T")

_KNOWN: Final = frozenset(
    {"filter", "select", "top", "count", "orderby", "search", "expand", "skiptoken", "skip", "format"}
)
_TOP: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_NAME: Final = re.compile(r"\*|[A-Za-z_@][A-Za-z0-9_.@/-]*")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What one request asks for. Absent: everything, in the order and the pages that the resource chooses."""

    filter: Condition | None = None
    select: frozenset[str] = frozenset()  # names of properties, as they were written; empty: the usual ones
    top: int | None = None  # 1 and more
    count: bool = False
    orderby: Order | None = None  # as it was asked for, or as the filter suggests
    search: Condition | None = None
    expand: tuple[str, ...] = ()
    skiptoken: Cursor | None = None  # written for ``orderby``

    def selects(self, name: str) -> bool:
        """Whether a property is asked for by its name, in whatever case."""
        return fold(name) in map(fold, self.select)

    @property
    def condition(self) -> Condition | None:
        """``filter`` and ``search`` in one."""
        if self.filter is None or self.search is None:
            return self.filter if self.search is None else self.search
        return And((self.filter, self.search))


def read_options(
    query: str | bytes, *, kind: str, greatest_top: int = GREATEST_TOP, searched: Collection[str] = SEARCHED
) -> Options:
    """Read a query, still encoded, for things of ``kind`` (``Application``).

    It is form-decoded: ``+`` is a space. An option may stand without its ``$``; its name is read in any case. What has
    no ``$`` and is no option (``api-version``) is nobody's business here, and ``$format`` changes nothing: every answer
    is JSON. ``searched``: the properties that ``$search`` may name. Raises ``Refused``: QUERY_SYNTAX, among others for
    ``$skip``, an unknown option and one that is given twice; QUERY_UNSUPPORTED.
    """
    given = _given(query)
    wanted = _read(given, "filter", lambda text: read_filter(text, kind=kind))
    order = _read(given, "orderby", lambda text: read_orderby(text, kind=kind)) or _implied(wanted, kind)
    return Options(
        filter=wanted,
        select=_read(given, "select", _select) or frozenset(),
        top=_read(given, "top", lambda text: _top(text, greatest_top)),
        count=_read(given, "count", _count) or False,
        orderby=order,
        search=_read(given, "search", lambda text: read_search(text, kind=kind, searched=searched)),
        expand=_read(given, "expand", lambda text: _expand(text, kind)) or (),
        skiptoken=_read(given, "skiptoken", lambda text: read_skiptoken(text, order)),
    )


def _implied(wanted: Condition | None, kind: str) -> Order | None:
    """Return the order of a list of names that begin alike: by name, for then a page of many is found without all."""
    terms = wanted.terms if isinstance(wanted, And) else (wanted,)
    alike = any(isinstance(each, StartsWith) and fold(each.name) == fold(NAME) for each in terms)
    return Order(NAME) if alike and kind in ORDERED_BY_NAME else None


def _read(given: Mapping[str, str], option: str, reader: Callable[[str], T]) -> T | None:
    return reader(given[option]) if option in given else None


def _given(query: str | bytes) -> dict[str, str]:
    """The options by name, without their ``$``."""
    found: dict[str, str] = {}
    for written, value in _decoded(query):
        name = written.casefold().removeprefix("$")
        if name not in _KNOWN:
            if written.startswith("$"):
                raise Refused(QUERY_SYNTAX, option=name, reason=f"the query option '{written}' is not supported")
            continue
        if name in found:
            raise Refused(QUERY_SYNTAX, option=name, reason="the query option is given more than once")
        if "\0" in value:  # PostgreSQL has no text with it
            raise Refused(QUERY_SYNTAX, option=name, reason="the character NUL cannot occur in any value")
        found[name] = value
    if "skip" in found:
        raise Refused(QUERY_SYNTAX, option="skip", reason="follow '@odata.nextLink' instead")
    return found


def _decoded(query: str | bytes) -> list[tuple[str, str]]:
    try:
        text = query.decode() if isinstance(query, bytes) else query
        text.encode()  # half a surrogate pair has no form in UTF-8
        if len(text) > LONGEST:
            reason = f"it is longer than {LONGEST} characters"
        else:
            return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeError:
        reason = "it is not UTF-8"
    except ValueError:
        reason = f"it has more than {MOST_PARAMETERS} parameters"
    raise Refused(QUERY_SYNTAX, option="query", reason=reason)


def _select(text: str) -> frozenset[str]:
    names = frozenset(_names(text, "select"))
    return frozenset() if "*" in names else names


def _expand(text: str, kind: str) -> tuple[str, ...]:
    nested, _, options = text.partition("(")
    if options or "*" in nested:  # options of what is expanded, and everything at once
        raise Refused(QUERY_UNSUPPORTED, property=nested.rpartition(",")[2].strip(), kind=kind)
    return tuple(dict.fromkeys(_names(text, "expand")))


def _names(text: str, option: str) -> list[str]:
    """Names between commas. A list without any asks for nothing, as some programs do."""
    names = [name.strip(" \t") for name in text.split(",")] if text.strip(" \t") else []
    for name in names:
        if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
            raise Refused(QUERY_SYNTAX, option=option, reason=f"'{name}' is not the name of a property")
    return names


def _top(text: str, greatest: int) -> int:
    if _TOP.fullmatch(text) and 1 <= int(text) <= greatest:
        return int(text)
    raise Refused(QUERY_SYNTAX, option="top", reason=f"'{text}' is not a number from 1 to {greatest}")


def _count(text: str) -> bool:
    if text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    raise Refused(QUERY_SYNTAX, option="count", reason=f"'{text}' is neither true nor false")
