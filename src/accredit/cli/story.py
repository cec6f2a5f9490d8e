"""A command is a coroutine over ports that never suspend: it is run by asking it once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


def run(story: Coroutine[Any, Any, None]) -> None:
    """Drive a coroutine that never waits for anything outside this thread."""
    try:
        story.send(None)
    except StopIteration:
        return
    story.close()
    raise RuntimeError("a command waited for something")
