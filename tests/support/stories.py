"""Running a story: in-memory ports never suspend, so one step of the coroutine is the whole of it."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from accredit.errors import Refused, Row

T = TypeVar("T")


def run(story: Coroutine[Any, Any, T]) -> T:
    """Run a story whose ports never suspend."""
    try:
        story.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # StopIteration is not generic
    story.close()
    raise AssertionError("the story suspended: one of its ports is not in memory")


def refusal(story: Coroutine[Any, Any, object]) -> Refused:
    """Run a story that ends in a no, and return it."""
    try:
        ended = run(story)
    except Refused as refused:
        return refused
    raise AssertionError(f"nothing was refused: {ended!r}")


def name_of(row: Row) -> str:
    """The row's name, which says more than a number in a table of tests."""
    return row.name
