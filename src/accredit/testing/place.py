"""Where an authority for tests is, and how one reaches it: in a thread of this process, or at a URL.

Both are controlled by the same requests, and their directory is changed by functions of the same names and arguments.
"""

from __future__ import annotations

import ssl
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from uuid import UUID

import httpx2
import msgspec

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from accredit.errors import Refused
    from accredit.ports import Transaction
    from accredit.signins import Event

T = TypeVar("T")

TIMEOUT: Final = 30.0  # seconds
JSON_TYPE: Final = "application/json"


class KitError(Exception):
    """What was asked of the test kit cannot be; the message says why, and what can."""


class Tenant(msgspec.Struct, frozen=True):
    """One tenant, and who changes it over its API."""

    tenant_id: UUID
    tenant_domain: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Tenant({self.tenant_domain})"


class Directory(Protocol):
    """Changes of one tenant; nouns and verbs are those of ``accredit.administer``."""

    @property
    def applications(self) -> Any: ...  # noqa: ANN401  by name
    @property
    def credentials(self) -> Any: ...  # noqa: ANN401  by name
    @property
    def evidence(self) -> Any: ...  # noqa: ANN401  by name
    @property
    def principals(self) -> Any: ...  # noqa: ANN401  by name
    @property
    def permissions(self) -> Any: ...  # noqa: ANN401  by name

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a view of it."""


class Place(Protocol):
    """An authority, wherever it is."""

    @property
    def ready(self) -> Mapping[str, Any]:
        """What its ready file says."""

    @property
    def home(self) -> Tenant:
        """The tenant that every emulator has."""

    @property
    def http(self) -> httpx2.Client:
        """A plain client that trusts it."""

    def fresh(self) -> Tenant:
        """Make a tenant."""

    def directory(self, tenant: Tenant) -> Directory:
        """Open a tenant's directory."""

    def events(self, tenant: Tenant, most: int) -> Sequence[Event]:
        """Return the newest sign-ins of a tenant, newest first, but those of the kit itself."""

    def is_ours(self, tenant: Tenant, client_id: str) -> bool:
        """Whether the kit itself signs in as this application."""

    def now(self) -> datetime:
        """The time there."""

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        """Run a story over a directory to its end."""

    def control(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Make a request of the control API, such as ``_mint``. ``KitError`` for a refusal."""


def client(ready: Mapping[str, Any]) -> httpx2.Client:
    """Return a plain client that trusts an authority, and asks no proxy for it."""
    context = ssl.create_default_context(cafile=ready["ca_file"] or None)
    return httpx2.Client(verify=context, trust_env=False, timeout=TIMEOUT)


def home(ready: Mapping[str, Any]) -> Tenant:
    """Return the tenant of a ready file."""
    admin = ready["admin"]
    return Tenant(UUID(ready["tenant_id"]), ready["tenant_domain"], admin["client_id"], admin["client_secret"])


def answered(status: int, body: bytes) -> dict[str, Any]:
    """Return what a control request was answered. ``KitError`` for a refusal."""
    __tracebackhide__ = True  # a test that fails here is shown where it asked
    try:
        said = msgspec.json.decode(body, type=dict)
    except msgspec.DecodeError as error:
        raise KitError(f"the authority answered {status}, and no JSON object: {body[:200]!r}") from error
    if status != 200:  # noqa: PLR2004  whatever is not OK
        told = (said.get("error_description", f"it was refused with {status}"), said.get("advice"))
        raise KitError(" ".join(each for each in told if each))
    return said


def refused(error: Refused) -> KitError:
    """Return a refusal of the directory as an error of a test."""
    told = f"{error.message} ({error.detail})" if error.detail and error.detail not in error.message else error.message
    return KitError(f"{error.row.label}: {told}")


def claims(token: str) -> dict[str, Any]:
    """Return what a token says, unverified. ``KitError`` for what is none."""
    try:
        payload = token.split(".")[1]
        return msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=dict)
    except (IndexError, ValueError) as error:
        raise KitError("that is no token: three parts with dots between them, the middle one a JSON object") from error
