"""A condition in SQL, the same in SQLite and in PostgreSQL: as a test of a row, and as the keys that an index gives.

Rule 1: a condition is true or false, as in ``accredit.query``: SQL's third truth value never comes out of a comparison.
Rule 2: text stands folded beside the value, so an index answers; a prefix is a range of it, never a pattern.
Rule 3: what stands in a collection is looked up by its text where an index is asked, by its owner where a row is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from math import inf
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import Index, Select, UniqueConstraint, and_, case, false, not_, or_, select, true

from accredit import query as asked
from accredit.query import ITSELF, fold
from accredit.stores.kinds import KINDS
from accredit.stores.properties import ELEMENT, Collection, Constant, Property, Questions
from accredit.stores.schema import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import FromClause
    from sqlalchemy.sql import ColumnElement

    from accredit.query import Condition, Scalar

Leaf: TypeAlias = asked.Compare | asked.OneOf | asked.StartsWith

MOST_BRANCHES: Final = 50  # of one union; databases have a limit of some hundred

_ELEMENTS: Final = {kind.table: kind.elements for kind in KINDS}
_ORDERED: Final = {"gt": gt, "ge": ge, "lt": lt, "le": le}
_LAST: Final = chr(0x10FFFF)
_BEFORE_SURROGATES: Final = 0xD7FF
_AFTER_SURROGATES: Final = 0xE000


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Keys that an index gives, a union of selections: of all that can meet a condition, and maybe of others."""

    keys: tuple[Select[Any], ...]
    read: tuple[Select[Any], ...]  # the rows of an index that they come from: as many or more
    most: float = inf  # so many at most, or hardly more, as far as is known without looking


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of thing that is asked: its table, and that of what stands in its collections."""

    questions: Questions
    name: str  # of its table
    table: FromClause
    elements: str = ""
    tenant_id: object = None  # of all that is asked; None: not known

    @property
    def of_tenant(self) -> ColumnElement[bool]:
        """The test whether a row belongs to the tenant."""
        return self.table.c.tenant_id == str(self.tenant_id)

    def holds(self, condition: Condition) -> ColumnElement[bool]:
        """Return the test whether a row meets ``condition``."""
        match condition:
            case asked.And(terms):
                return and_(true(), *map(self.holds, terms))
            case asked.Or(terms):
                return or_(false(), *map(self.holds, terms))
            case asked.Not(term):
                return not_(self.holds(term))
            case asked.Any(name, inner):
                return self._stands(name, inner)
            case asked.Compare() | asked.OneOf() | asked.StartsWith():
                found = self.questions.properties[condition.name]
                if isinstance(found, Constant):
                    constant = found.value
                    return true() if asked.matches(condition, lambda _: constant) else false()
                assert isinstance(found, Property)  # noqa: S101  ``Questions.known`` has seen to it
                return _compared(condition, found, self.column(found))

    def sifting(self, condition: Condition, order: str = "") -> ColumnElement[bool]:
        """Return the same test, written so that rows are not looked up by it: only by what it says of ``order``."""
        terms = condition.terms if isinstance(condition, asked.And) else (condition,)
        of_order = [each for each in terms if order and isinstance(each, Leaf) and each.name == order]
        others = [each for each in terms if each not in of_order]
        opaque = case((and_(true(), *map(self.holds, others)), 1), else_=0) == 1
        return and_(*map(self.holds, of_order), opaque)

    def column(self, found: Property[Any]) -> ColumnElement[Any]:
        """Return where a property stands."""
        if found.through is None:
            return self.table.c[found.column]
        member, table = found.through
        other = METADATA.tables[table]
        return select(other.c[found.column]).where(other.c.id == self.table.c[member]).scalar_subquery()

    def narrowed(self, condition: Condition) -> list[Narrowed]:
        """Return what indexes say of ``condition``, the best first; each alone gives all that can meet it."""
        if self.tenant_id is None:
            return []
        match condition:
            case asked.And(terms):
                found = [*self._together(each for each in terms if isinstance(each, Leaf))]
                found += chain(*(self.narrowed(each) for each in terms if not isinstance(each, Leaf)))
                return sorted(found, key=lambda each: each.most)
            case asked.Or(terms):
                return self._either(terms)
            case asked.Any(name, inner) if inner is None or _by_index(inner):
                return [self._owners(name, inner)]
            case asked.Compare() | asked.OneOf() | asked.StartsWith():
                return [*self._together((condition,))]
        return []

    def _together(self, leaves: Iterable[Leaf]) -> Iterable[Narrowed]:
        """Yield what the indexes of columns say: one range for all that is said of one column."""
        said: dict[str, list[Leaf]] = {}
        for each in leaves:
            if _by_index(each):
                said.setdefault(each.name, []).append(each)
        these = self._alias()
        for name, terms in said.items():
            found, known = self.questions.properties[name], _indexed(self.name)
            if isinstance(found, Property) and found.through is None and found.column in known:
                keys = select(these.table.c.id).where(these.of_tenant, *map(these.holds, terms))
                yield Narrowed((keys,), (keys,), min(map(_values, terms)) if known[found.column] else inf)

    def _either(self, terms: Sequence[Condition]) -> list[Narrowed]:
        """Return the union of what indexes say of every term."""
        best = [next(iter(self.narrowed(each)), None) for each in terms[: MOST_BRANCHES + 1]]
        known = [each for each in best if each is not None]
        keys = tuple(chain.from_iterable(each.keys for each in known))
        if len(known) < len(terms) or len(keys) > MOST_BRANCHES:
            return []
        read = tuple(chain.from_iterable(each.read for each in known))
        return [Narrowed(keys, read, sum(each.most for each in known))]

    def _alias(self) -> Asked:
        return replace(self, table=_another(self.name))

    def _stands(self, name: str, inner: Condition | None) -> ColumnElement[bool]:
        """Return the test whether something in a row's collection meets ``inner``."""
        collection = self.questions.properties[name]
        assert isinstance(collection, Collection)  # noqa: S101  ``Questions.known`` has seen to it
        own = _another(self.elements)
        test = select(own.c.owner_id).where(*self._meeting(own, name, inner), own.c.owner_id == self.table.c.id)
        if (follows := collection.follows) is None:
            return test.exists()
        followed = _another(_ELEMENTS[follows.table])
        theirs = self._meeting(followed, follows.property, inner)
        other = select(followed.c.owner_id).where(*theirs, followed.c.owner_id == self.table.c[follows.member])
        return or_(test.exists(), other.exists())

    def _owners(self, name: str, inner: Condition | None) -> Narrowed:
        """Return the keys of those in whose collection something meets ``inner``."""
        collection = self.questions.properties[name]
        assert isinstance(collection, Collection)  # noqa: S101  ``Questions.known`` has seen to it
        own, most = self._found(self.elements, name, inner), _values(inner) if collection.names else inf
        if (follows := collection.follows) is None:
            return Narrowed((own,), (own,), most)
        other, these = self._found(_ELEMENTS[follows.table], follows.property, inner), self._alias()
        followed = these.table.c[follows.member].in_(other)
        return Narrowed((own, select(these.table.c.id).where(these.of_tenant, followed)), (own, other), 2 * most)

    def _found(self, elements: str, name: str, inner: Condition | None) -> Select[Any]:
        found = _another(elements)
        return select(found.c.owner_id).where(found.c.tenant_id == str(self.tenant_id), *self._said(found, name, inner))

    def _meeting(self, elements: FromClause, name: str, inner: Condition | None) -> list[ColumnElement[bool]]:
        return [elements.c.tenant_id == self.table.c.tenant_id, *self._said(elements, name, inner)]

    def _said(self, elements: FromClause, name: str, inner: Condition | None) -> list[ColumnElement[bool]]:
        said = [elements.c.property == name]
        return said if inner is None else [*said, Asked(_OF_ELEMENTS, "", elements).holds(inner)]


_OF_ELEMENTS: Final = Questions(properties={ITSELF: ELEMENT})


@cache
def _another(name: str) -> FromClause:
    """Return a table under another name, for a selection within one of the table itself."""
    return METADATA.tables[name].alias()


@cache
def _indexed(name: str) -> Mapping[str, bool]:
    """Return the columns by which a tenant's rows are found, and whether a value belongs to one row at most."""
    table = METADATA.tables[name]
    found = {each.name: True for each in table.c if each.unique or each.primary_key}
    for each in (*table.indexes, *table.constraints):
        if isinstance(each, Index | UniqueConstraint):
            names, unique = [*each.columns.keys()], isinstance(each, UniqueConstraint) or each.unique
            if names[0] == "tenant_id" and len(names) > 1:
                found[names[1]] = found.get(names[1], False) or (unique and len(names) == 2)  # noqa: PLR2004
    return found


def _by_index(condition: Condition) -> bool:
    """Whether an index finds what meets ``condition`` without looking at much else."""
    match condition:
        case asked.And(terms):
            return any(map(_by_index, terms))
        case asked.Or(terms):
            return all(map(_by_index, terms))
        case asked.Compare(_, operator, _):
            return operator != "ne"
    return isinstance(condition, asked.OneOf | asked.StartsWith)


def _values(condition: Condition | None) -> float:
    """Return how many values meet ``condition`` at most."""
    match condition:
        case asked.Compare(_, "eq", value) if value is not None:
            return 1
        case asked.OneOf(_, values) if None not in values:
            return len(values)
    return inf


def _compared(condition: Leaf, of: Property[Any], value: ColumnElement[Any]) -> ColumnElement[bool]:
    there = value.is_not(None) if of.optional else true()
    match condition:
        case asked.OneOf(_, values):
            return _one_of(values, of, value)
        case asked.StartsWith(_, prefix):
            return and_(there, _begins(value, fold(prefix)))
        case asked.Compare(_, "eq", wanted):
            return _one_of((wanted,), of, value)
        case asked.Compare(_, "ne", wanted):
            return not_(_one_of((wanted,), of, value))
        case asked.Compare(_, operator, wanted):
            return and_(there, _ORDERED[operator](value, of.stored(wanted)))


def _one_of(values: Sequence[Scalar], of: Property[Any], value: ColumnElement[Any]) -> ColumnElement[bool]:
    stored = [each for each in map(of.stored, values) if each is not None]  # no other text than an id's is an id
    found = value == stored[0] if len(stored) == 1 else value.in_(stored) if stored else false()
    if not of.optional:
        return found
    there = and_(value.is_not(None), found)
    return or_(value.is_(None), there) if None in values else there


def _begins(value: ColumnElement[Any], prefix: str) -> ColumnElement[bool]:
    after = _next(prefix)
    return value >= prefix if after is None else and_(value >= prefix, value < after)


def _next(prefix: str) -> str | None:
    """Return the first text after all that begin with ``prefix``, by code points; ``None``: there is none."""
    text = prefix.rstrip(_LAST)
    if not text:
        return None
    last = ord(text[-1])
    return text[:-1] + chr(_AFTER_SURROGATES if last == _BEFORE_SURROGATES else last + 1)
