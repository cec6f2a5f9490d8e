"""One call inside a batch, and what it was answered: the shapes of JSON batching."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec

from accredit.errors import Refused


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """One call of a batch. ``url`` is relative to the version: ``/applications?$top=5``."""

    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: dict[str, Any] | None = None
    depends_on: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """What stands before the query, without the slash that it may begin with."""
        return self.url.partition("?")[0].lstrip("/")

    @property
    def query(self) -> str:
        """What stands behind the question mark."""
        return self.url.partition("?")[2].partition("#")[0]

    def header(self, name: str) -> str:
        """Return a header by its name in lower case; ``""`` when it was not sent."""
        return next((value for said, value in self.headers.items() if said.lower() == name), "")


class Told(msgspec.Struct, frozen=True):
    """What a call was answered. Names of headers are written as they are known. Bytes are text, ``Raw`` is JSON."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any] | msgspec.Raw | bytes | None

    def encoded(self) -> Told:
        """Return it as JSON: what is no JSON is base64, as batches have it."""
        if self.body is None or isinstance(self.body, msgspec.Raw):
            return self
        body = b64encode(self.body).decode() if isinstance(self.body, bytes) else self.body
        return msgspec.structs.replace(self, body=msgspec.Raw(msgspec.json.encode(body)))

    @property
    def size(self) -> int:
        """Bytes of its body, once it is JSON."""
        return len(memoryview(self.body)) if isinstance(self.body, msgspec.Raw) else 0

    def written(self, part: Part) -> dict[str, Any]:
        """Return it as a member of ``responses``."""
        told: dict[str, Any] = {"id": part.id, "status": self.status, "headers": self.headers}
        body = self.encoded().body
        return told if body is None else {**told, "body": body}


Alone: TypeAlias = Callable[[Part, Refused | None], Awaitable[Told]]
"""Answers a part as if it had come alone, or with a refusal that is known already."""
