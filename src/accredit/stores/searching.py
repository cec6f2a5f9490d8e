"""A question as one statement, the same in SQLite and in PostgreSQL.

Rule 1: a condition is true or false, as in ``accredit.query``: SQL's third truth value never comes out of a comparison.
Rule 2: text stands folded beside the value, so an index answers; a prefix is a range of it, never a pattern.
Rule 3: what stands in a collection is looked up by its text, and gives the owners: no row is asked one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, and_, false, func, not_, or_, select, true, union_all
from sqlalchemy.dialects import sqlite

from accredit import query as asked
from accredit.query import ITSELF, fold
from accredit.stores.audits import AUDITS, newest_first
from accredit.stores.encoding import column
from accredit.stores.kinds import KINDS
from accredit.stores.properties import ELEMENT, Collection, Constant, Property, Questions
from accredit.stores.schema import METADATA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import CompoundSelect, Table
    from sqlalchemy.sql import ColumnElement

    from accredit.query import Condition, Query, Scalar
    from accredit.stores.kinds import Kind

_ELEMENTS: Final = {kind.table: kind.elements for kind in KINDS}
_SQLITE: Final = sqlite.dialect(paramstyle="named")
_ORDERED: Final = {"gt": gt, "ge": ge, "lt": lt, "le": le}
_LAST: Final = chr(0x10FFFF)
_BEFORE_SURROGATES: Final = 0xD7FF
_AFTER_SURROGATES: Final = 0xE000


def page(kind: Kind[Any], query: Query, where: Mapping[str, object]) -> Select[tuple[bytes]]:
    """Return what selects the bodies of one page. Raises ``Refused(QUERY_UNSUPPORTED)``."""
    kind.questions.refuse(query)
    asking = _Asking(kind.questions, METADATA.tables[kind.table], kind.elements, where.get("tenant_id"))
    return asking.page(query, METADATA.tables[kind.table].c[kind.key], equal(kind, where))


def count(kind: Kind[Any], condition: Condition | None, where: Mapping[str, object]) -> Select[int]:
    """Return what counts. Raises ``Refused(QUERY_UNSUPPORTED)``."""
    kind.questions.refuse_condition(condition)
    table = METADATA.tables[kind.table]
    asking = _Asking(kind.questions, table, kind.elements, where.get("tenant_id"))
    counted = select(func.count()).select_from(table).where(*equal(kind, where))
    return counted if condition is None else counted.where(asking.holds(condition))


def audits(query: Query, tenant_id: UUID) -> Select[tuple[bytes]]:
    """Return what selects the bodies of one page of records. Raises ``Refused(QUERY_UNSUPPORTED)``."""
    query, table = newest_first(query), METADATA.tables["audits"]
    AUDITS.refuse(query)
    return _Asking(AUDITS, table).page(query, table.c.id, [table.c.tenant_id == str(tenant_id)])


def equal(kind: Kind[Any], where: Mapping[str, object]) -> list[ColumnElement[bool]]:
    """Return the condition that ``where`` means."""
    kind.refuse_unindexed(where)
    table = METADATA.tables[kind.table]
    indexed = [name for name in where if name in kind.indexed]
    conditions = [table.c[name] == kind.encoded(name, where[name]) for name in indexed]
    if (owned := kind.owned) and len(conditions) < len(where):
        names = METADATA.tables[owned.table]
        of = [names.c[name] == column(value) for name, value in where.items() if name in owned.unique]
        conditions.append(table.c[kind.key].in_(select(names.c[owned.owner]).where(*of)))
    return conditions


def plain(statement: Select[Any]) -> tuple[str, Mapping[str, Any]]:
    """Return a statement as SQLite's text, and its values by name."""
    compiled = statement.compile(dialect=_SQLITE, compile_kwargs={"render_postcompile": True})
    return str(compiled), compiled.params


@dataclass(frozen=True, slots=True)
class _Asking:
    """One kind of thing that is asked: its table, and that of what stands in its collections."""

    questions: Questions
    table: Table
    elements: str = ""
    tenant_id: object = None  # of all that is asked; None: not known

    def page(
        self, query: Query, key: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
    ) -> Select[tuple[bytes]]:
        found = select(self.table.c.body).where(*conditions).limit(query.limit)
        if query.condition is not None:
            found = found.where(self.holds(query.condition))
        if query.order is None:
            return (found if query.after is None else found.where(key > query.after[1])).order_by(key)
        property_ = self.questions.properties[query.order.name]
        assert isinstance(property_, Property)  # noqa: S101  ``refuse`` has seen to it
        value, down = self._column(property_), query.order.descending
        if query.after is not None:
            last = property_.stored(query.after[0]), query.after[1]
            found = found.where((_before if down else _beyond)(value, key, last, optional=property_.optional))
        ordered = value.desc() if down else value.asc()
        if property_.optional:
            ordered = ordered.nulls_last() if down else ordered.nulls_first()
        return found.order_by(ordered, key.desc() if down else key.asc())

    def holds(self, condition: Condition) -> ColumnElement[bool]:
        match condition:
            case asked.And(terms):
                return and_(true(), *map(self.holds, terms))
            case asked.Or(terms):
                return or_(false(), *map(self.holds, terms))
            case asked.Not(term):
                return not_(self.holds(term))
            case asked.Any(name, inner):
                return self.table.c.id.in_(self._owners(name, inner))
            case asked.Compare() | asked.OneOf() | asked.StartsWith():
                found = self.questions.properties[condition.name]
                if isinstance(found, Constant):
                    constant = found.value
                    return true() if asked.matches(condition, lambda _: constant) else false()
                assert isinstance(found, Property)  # noqa: S101  ``refuse_condition`` has seen to it
                return _compared(condition, found, self._column(found))

    def _column(self, found: Property[Any]) -> ColumnElement[Any]:
        if found.through is None:
            return self.table.c[found.column]
        member, table = found.through
        other = METADATA.tables[table]
        return select(other.c[found.column]).where(other.c.id == self.table.c[member]).scalar_subquery()

    def _owners(self, name: str, inner: Condition | None) -> Select[Any] | CompoundSelect[Any]:
        """Select the ids of those in whose collection something meets ``inner``."""
        collection = self.questions.properties[name]
        assert isinstance(collection, Collection)  # noqa: S101  ``refuse_condition`` has seen to it
        elements = METADATA.tables[self.elements]
        own = select(elements.c.owner_id).where(*self._meeting(elements, name, inner))
        if (follows := collection.follows) is None:
            return own
        followed = METADATA.tables[_ELEMENTS[follows.table]]
        these, theirs = self.table.alias(), self._meeting(followed, follows.property, inner)
        others = select(these.c.id).where(these.c[follows.member].in_(select(followed.c.owner_id).where(*theirs)))
        if self.tenant_id is not None:
            others = others.where(these.c.tenant_id == str(self.tenant_id))
        return union_all(own, others)

    def _meeting(self, elements: Table, name: str, inner: Condition | None) -> list[ColumnElement[bool]]:
        meeting = [elements.c.property == name]
        if self.tenant_id is not None:
            meeting.append(elements.c.tenant_id == str(self.tenant_id))
        if inner is not None:
            meeting.append(_Asking(Questions(properties={ITSELF: ELEMENT}), elements).holds(inner))
        return meeting


def _compared(
    condition: asked.Compare | asked.OneOf | asked.StartsWith, of: Property[Any], value: ColumnElement[Any]
) -> ColumnElement[bool]:
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


def _beyond(
    value: ColumnElement[Any], key: ColumnElement[Any], last: tuple[Any, str], *, optional: bool
) -> ColumnElement[bool]:
    """What comes after ``last``, from nothing over the lowest to the highest."""
    if last[0] is None:
        return or_(value.is_not(None), key > last[1]) if optional else true()
    return and_(value >= last[0], or_(value > last[0], key > last[1]))


def _before(
    value: ColumnElement[Any], key: ColumnElement[Any], last: tuple[Any, str], *, optional: bool
) -> ColumnElement[bool]:
    """What comes after ``last``, from the highest over the lowest to nothing."""
    if last[0] is None:
        return and_(value.is_(None), key < last[1]) if optional else false()
    rest = and_(value <= last[0], or_(value < last[0], key < last[1]))
    return or_(value.is_(None), rest) if optional else rest
