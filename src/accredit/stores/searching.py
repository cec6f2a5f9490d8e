"""A question as statements, the same in SQLite and in PostgreSQL.

Rule 1: a page is read in one of two ways. What an index gives few of is gathered and put into order; else rows are
walked through in the order of the page, which ends soon when many meet the condition.
Rule 2: which way is known by looking, not by a database's guess: at most ``FEW`` keys are read from an index first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import Select, and_, false, func, or_, select, true, union_all
from sqlalchemy.dialects import sqlite

from accredit.query import Any as AnyOf
from accredit.stores.audits import AUDITS, ELEMENTS
from accredit.stores.conditions import Asked, Narrowed
from accredit.stores.encoding import column
from accredit.stores.properties import Property
from accredit.stores.schema import METADATA

if TYPE_CHECKING:
    from sqlalchemy import CompoundSelect
    from sqlalchemy.sql import ColumnElement

    from accredit.query import Condition, Query
    from accredit.stores.kinds import Kind

Ask: TypeAlias = Callable[[Select[Any]], Awaitable[Sequence[Any]]]
"""Returns the first column of what a statement finds. All that one question asks is answered from one view."""

FEW: Final = 2_000  # things: put into order in some milliseconds

_PROBES: Final = 4  # indexes that are looked at before rows are walked through
_ALL: Final = 2**31 - 1
_SQLITE: Final = sqlite.dialect(paramstyle="named")


Found: TypeAlias = "tuple[Sequence[bytes], int | None]"
"""The bodies of one page, and of the thing after it; and how many there are on all pages, if that was asked."""


async def search(kind: Kind[Any], query: Query, where: Mapping[str, object], ask: Ask) -> Found:
    """Return what is found. ``query`` is known to the kind."""
    table, conditions = METADATA.tables[kind.table], equal(kind, where)
    asked = Asked(kind.questions, table.name, table, kind.elements, where.get("tenant_id"))
    return await _found(asked, query, table.c[kind.key], conditions, ask)


async def audits(query: Query, tenant_id: object, ask: Ask) -> Found:
    """Return what is found among a tenant's records, or, without one, among those of the whole instance.

    ``query`` is known to ``accredit.stores.audits``.
    """
    table = METADATA.tables["audits"]
    asked = Asked(AUDITS, table.name, table, ELEMENTS, tenant_id)
    of_tenant = table.c.tenant_id.is_(None) if tenant_id is None else table.c.tenant_id == str(tenant_id)
    # SQLite would walk through a whole tenant rather than look at a few keys: the function hides the index from it.
    checked = func.coalesce(table.c.tenant_id, "") == ("" if tenant_id is None else str(tenant_id))
    return await _found(asked, query, table.c.id, [of_tenant], ask, few_conditions=[checked])


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


async def _found(
    asked: Asked,
    query: Query,
    key: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
    ask: Ask,
    few_conditions: Sequence[ColumnElement[bool]] = (),
) -> Found:
    """Return what is found. ``few_conditions``: in the place of ``conditions`` where an index gives few keys."""
    few = None if query.condition is None else await _few(asked, query.condition, ask)
    if few is not None and few_conditions:
        conditions = few_conditions
    page = await ask(_page(asked, query, key, conditions, few)) if query.limit else ()
    if not query.counted:
        return page, None
    return page, int((await ask(_count(asked, query.condition, key, conditions, few)))[0])


def _page(
    asked: Asked,
    query: Query,
    key: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
    few: Narrowed | None,
) -> Select[Any]:
    property_ = asked.questions.properties[query.order.name] if query.order else None
    value = asked.column(property_) if isinstance(property_, Property) else None
    body = asked.table.c.body
    if query.condition is not None and few is not None:
        columns = [body, key.label("key"), *([] if value is None else [value.label("value")])]
        gathered = select(*columns).where(*conditions, key.in_(_union(few.keys)), asked.sifting(query.condition))
        some = gathered.limit(_ALL).subquery()  # what has a limit is read first, whatever the order outside
        return _ordered(select(some.c.body), query, some.c.key, some.c.get("value"), property_)
    walked = select(body).where(*conditions)
    if query.condition is not None:
        walked = walked.where(asked.sifting(query.condition, query.order.name if query.order else ""))
    return _ordered(walked, query, key, value, property_)


def _count(
    asked: Asked,
    condition: Condition | None,
    key: ColumnElement[Any],
    conditions: Sequence[ColumnElement[bool]],
    few: Narrowed | None,
) -> Select[Any]:
    counted = select(func.count()).select_from(asked.table).where(*conditions)
    if condition is None:
        return counted
    if few is not None:
        return counted.where(key.in_(_union(few.keys)), asked.sifting(condition))
    if isinstance(condition, AnyOf) and (every := asked.narrowed(condition)):  # these, and no others
        return counted.where(key.in_(_union(every[0].keys)))
    return counted.where(asked.holds(condition))


async def _few(asked: Asked, condition: Condition, ask: Ask) -> Narrowed | None:
    """Return the keys among which all are that meet ``condition``, if an index gives few."""
    for each in asked.narrowed(condition)[:_PROBES]:
        if each.most <= FEW:
            return each
        read = _union(each.read).limit(FEW + 1).subquery()
        if (await ask(select(func.count()).select_from(read)))[0] <= FEW:
            return each
    return None


def _union(of: Sequence[Select[Any]]) -> Select[Any] | CompoundSelect[Any]:
    return of[0] if len(of) == 1 else union_all(*of)


def _ordered(
    found: Select[Any], query: Query, key: ColumnElement[Any], value: ColumnElement[Any] | None, by: object
) -> Select[Any]:
    """Return one page of what is ``found``, in its order."""
    found = found.limit(query.limit + 1)
    if query.order is None or value is None or not isinstance(by, Property):
        return (found if query.after is None else found.where(key > query.after[1])).order_by(key)
    down = query.order.descending
    if query.after is not None:
        last = by.stored(query.after[0]), query.after[1]
        found = found.where((_before if down else _beyond)(value, key, last, optional=by.optional))
    ordered = value.desc() if down else value.asc()
    if by.optional:
        ordered = ordered.nulls_last() if down else ordered.nulls_first()
    return found.order_by(ordered, key.desc() if down else key.asc())


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
