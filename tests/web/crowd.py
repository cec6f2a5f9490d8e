"""Places that others have, for as long as a test needs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from accredit.web.places import Places


def caller(client: UUID, tenant: UUID) -> Any:
    """As much of a caller as places look at."""
    return SimpleNamespace(
        tenant=SimpleNamespace(id=tenant), client=SimpleNamespace(principal=SimpleNamespace(id=client))
    )


@contextmanager
def taken(places: Places, count: int) -> Iterator[None]:
    """Places that so many applications of so many tenants have."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(places.taken(caller(uuid4(), uuid4())))
        yield
