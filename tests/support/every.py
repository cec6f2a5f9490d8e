"""All rows of a table in one test: each runs, and those that fail are told together, each by its sentence.

A test costs some milliseconds before it does anything: it is collected, sent to a worker, seeded, set up and reported.
Where rows are only computed that is most of what they take. So ``every`` stands where ``pytest.mark.parametrize`` may,
with the same arguments, over a test whose rows share nothing that they change: no folder, no variable, no state of a
server.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

FAILED = (Exception, pytest.fail.Exception, pytest.skip.Exception)  # nothing is left out silently
LONGEST = 120  # characters of what stands for a row without a sentence

Test = Callable[..., Any]
Sentences = Iterable[str] | Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class Row:
    """One case: its sentence, and what the test is called with."""

    says: str
    values: Mapping[str, Any]

    def __add__(self, other: Row) -> Row:
        return Row(f"{self.says}, {other.says}", {**self.values, **other.values})


@dataclass(frozen=True, slots=True)
class Rows:
    """What a test is called with, one after the other, and how that went."""

    call: Test
    rows: list[Row]
    failures: list[BaseException] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)

    def each(self) -> Iterator[Row]:
        self.failures.clear()
        self.sentences.clear()
        yield from self.rows

    @contextmanager
    def told(self, row: Row) -> Iterator[None]:
        try:
            yield
        except FAILED as failure:
            failure.add_note(f"the row: {row.says}")
            self.failures.append(failure)
            self.sentences.append(row.says)

    def settle(self) -> None:
        """Raise what failed: one failure as itself, several together."""
        __tracebackhide__ = True
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            what = f"{len(self.failures)} of {len(self.rows)} rows do not hold: {'; '.join(self.sentences)}"
            raise BaseExceptionGroup(what, list(self.failures))


def every(names: str | Iterable[str], table: Iterable[Any], *, ids: Sentences = None) -> Callable[[Test], Test]:
    """Run a test for every row. Arguments as of ``pytest.mark.parametrize``; two of them one over the other multiply.

    :raises ValueError: there is no row, so nothing would be tested; a row has a mark, or another number of values
    """
    called = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)
    alone = isinstance(names, str) and len(called) == 1
    given = list(table)
    said: list[str | None] = [None] * len(given) if ids is None or callable(ids) else list(ids)
    if not given or len(said) != len(given):
        raise ValueError(f"{len(said)} sentences for {len(given)} rows of {', '.join(called)}")
    rows = []
    for row, sentence in zip(given, said, strict=True):
        values, named = _read(row, alone=alone)
        shown = "-".join(str(ids(each) if callable(ids) else each) for each in values)
        rows.append(Row(named or sentence or shown[:LONGEST], dict(zip(called, values, strict=True))))

    def decorate(test: Test) -> Test:
        below: Rows | None = getattr(test, "every", None)
        if below is None:
            return _one(test, Rows(test, rows))
        return _one(test, Rows(below.call, [first + second for first in rows for second in below.rows]))

    return decorate


def _read(row: Any, *, alone: bool) -> tuple[tuple[Any, ...], str | None]:
    """The values of a row, and its sentence when it is one of ``pytest.param``."""
    if hasattr(row, "marks"):
        if row.marks:
            raise ValueError("a row has a mark: it needs a test of its own")
        return tuple(row.values), row.id
    return (row,) if alone else tuple(row), None


def _one(test: Test, rows: Rows) -> Test:
    """The test that runs all rows. It asks pytest for what no row gives."""
    signature = inspect.signature(rows.call)
    kept = [each for name, each in signature.parameters.items() if name not in rows.rows[0].values]

    @functools.wraps(test)
    def one(*itself: Any, **fixtures: Any) -> None:
        for row in rows.each():
            with rows.told(row):
                rows.call(*itself, **fixtures, **row.values)
        rows.settle()

    @functools.wraps(test)
    async def awaited(*itself: Any, **fixtures: Any) -> None:
        for row in rows.each():
            with rows.told(row):
                await rows.call(*itself, **fixtures, **row.values)
        rows.settle()

    made: Any = awaited if inspect.iscoroutinefunction(rows.call) else one
    made.__signature__ = signature.replace(parameters=kept)
    made.every = rows
    return made  # type: ignore[no-any-return]
