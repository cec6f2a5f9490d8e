"""Which calls are served: a method, a form of path, and who handles it. Every resource module exports its ``ROUTES``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

    Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of call. ``template``: ``applications/{}/owners/$ref``; ``{}`` is a key, everything else is literal."""

    method: Method
    template: str
    handler: Handler
