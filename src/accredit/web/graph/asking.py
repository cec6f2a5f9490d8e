"""What a caller asks for, in the terms of the store: where what Graph shows is not what the store keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.directory import wellknown
from accredit.interop.graph import opaque
from accredit.query import And, Any, Compare, Not, OneOf, Or, fold, matches

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.query import Condition, Scalar
    from accredit.web.graph.call import Call

NAMES: Final = "servicePrincipalNames"
ID: Final = "id"
NOBODY: Final = ""  # no id is written so


def by_opaque_ids(call: Call) -> Call:
    """Let a filter name things by the ids that Graph shows of them."""
    return _asking(call, _by_opaque_id)


def by_derived_names(call: Call) -> Call:
    """Let a filter name well-known APIs by what follows from this authority's own address, which no store keeps."""
    return _asking(call, lambda leaf: _by_derived_name(leaf, call.graph))


def _asking(call: Call, told: Callable[[Condition], Condition]) -> Call:
    asked = call.options
    if asked.filter is not None:
        call.options = replace(asked, filter=_mapped(asked.filter, told))
    return call


def _mapped(condition: Condition, told: Callable[[Condition], Condition]) -> Condition:
    match condition:
        case And(terms):
            return And(tuple(_mapped(each, told) for each in terms))
        case Or(terms):
            return Or(tuple(_mapped(each, told) for each in terms))
        case Not(term):
            return Not(_mapped(term, told))
    return told(condition)


def _by_opaque_id(leaf: Condition) -> Condition:
    match leaf:
        case Compare(name, operator, value) if fold(name) == ID:
            return Compare(ID, operator, _guid(value))
        case OneOf(name, values) if fold(name) == ID:
            return OneOf(ID, tuple(_guid(each) for each in values))
    return leaf


def _guid(value: Scalar) -> Scalar:
    """Return the id that an opaque one stands for; what is no text, the store judges."""
    return str(opaque.read(value) or NOBODY) if isinstance(value, str) else value


def _by_derived_name(leaf: Condition, base: str) -> Condition:
    if not isinstance(leaf, Any) or fold(leaf.name) != fold(NAMES):
        return leaf
    leaf = replace(leaf, name=NAMES)
    found = [
        str(each.app_id)
        for each in wellknown.principals().values()
        if matches(leaf, {NAMES: wellknown.derived(each, base)}.__getitem__)
    ]
    return Or((leaf, OneOf("appId", tuple(found)))) if found else leaf
