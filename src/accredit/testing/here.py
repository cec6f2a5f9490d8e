"""An authority in a thread of this process, as the test kit reaches it."""

from __future__ import annotations

import functools
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from accredit.administer import Administrator
from accredit.signins import Actor
from accredit.stores.event_reader import EventReader
from accredit.testing import place
from accredit.testing.place import JSON_TYPE, Tenant

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    import httpx2

    from accredit.app.runtime import Runtime
    from accredit.ports import Transaction
    from accredit.signins import Event
    from accredit.testing.served import Served

T = TypeVar("T")

ACTOR: Final = Actor(name="accredit.testing", kind="local")


class Here:
    """Reaches it by its own thread: no socket, no token, nothing that a test provokes stands in between."""

    def __init__(self, served: Served, ready: Mapping[str, Any]) -> None:
        self.ready = ready
        self.home = place.home(ready)
        self._served = served
        self._runtime: Runtime = served.runtime
        self._reader: EventReader | None = None

    def close(self) -> None:
        """Let go of connections and of the log."""
        if "http" in self.__dict__:
            self.http.close()
        if self._reader is not None:
            self._reader.__exit__(None, None, None)

    @cached_property
    def http(self) -> httpx2.Client:
        """A plain client that trusts it."""
        return place.client(self.ready)

    def fresh(self) -> Tenant:
        """Make a tenant."""
        return msgspec.convert(self.control("_tenant", {"administrator": False}), Tenant)

    def directory(self, tenant: Tenant) -> Directory:  # noqa: ARG002  an administrator here changes any
        """Open a tenant's directory."""
        return Directory(self._runtime)

    def events(self, tenant: Tenant, most: int) -> Sequence[Event]:
        """Return the newest sign-ins of a tenant, newest first."""
        if self._reader is None:
            self._reader = EventReader(self._runtime.folder.database)
        return self._reader.last(tenant.tenant_id, limit=most)

    def is_ours(self, tenant: Tenant, client_id: str) -> bool:  # noqa: ARG002  it signs in nowhere
        """Whether the kit itself signs in as this application."""
        return False

    def now(self) -> datetime:
        """The time there."""
        return self._runtime.authority.clock()

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        """Run a story over a directory to its end."""
        return self._served.run(story)

    def control(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Make a request of the control API, to the application that answers it over HTTPS."""
        return place.answered(*self.run(self._asked(f"/idp/{path}", msgspec.json.encode(body))))

    async def _asked(self, path: str, body: bytes) -> tuple[int, bytes]:
        headers = {
            "host": self.ready["url"].removeprefix("https://"),
            "content-type": JSON_TYPE,
            "authorization": f"Bearer {self.ready['control_token']}",
        }
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "client": ("127.0.0.1", 0),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        said: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:  # noqa: ANN401  as ASGI has it
            said.append(message)

        await self._runtime.front(scope, receive, send)
        return said[0]["status"], b"".join(each.get("body", b"") for each in said[1:])


class Directory:
    """The directory of an authority, changed by an administrator in its own thread."""

    def __init__(self, runtime: Runtime) -> None:
        authority = runtime.authority
        self._registry = runtime.registry
        by = Administrator(
            runtime.registry,
            authority.ids,
            authority.clock,
            ACTOR,
            base=authority.base,
            own_issuers=authority.own_issuers,
            emulator=True,
        )
        self.applications = _Bound("applications", by)
        self.credentials = _Bound("credentials", by)
        self.evidence = _Bound("evidence", by)
        self.principals = _Bound("principals", by)
        self.permissions = _Bound("permissions", by)

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a consistent view of it."""
        return self._registry.reading()


class _Bound:
    """The functions of one noun of ``administer``, for one administrator."""

    def __init__(self, noun: str, by: Administrator) -> None:
        self._noun = import_module(f"accredit.administer.{noun}")
        self._by = by

    def __getattr__(self, verb: str) -> Any:  # noqa: ANN401  by name
        return functools.partial(getattr(self._noun, verb), self._by)
