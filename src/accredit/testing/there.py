"""An authority at a URL, as the test kit reaches it: an emulator in another process, perhaps shared by many."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

from accredit.app import seed
from accredit.client import ClientSecret, connect
from accredit.client.http import Http, address
from accredit.errors import Refused
from accredit.query import Query
from accredit.testing import place
from accredit.testing.place import JSON_TYPE, KitError, Tenant

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from uuid import UUID

    import httpx2

    from accredit.client import Authority
    from accredit.signins import Event
    from accredit.testing.place import Directory

T = TypeVar("T")

OURS: Final = 50  # sign-ins that the kit makes itself meanwhile: one an hour
_NOT_OURS: Final = "tests act on an emulator only: accredit serve --profile emulator"


class There:
    """Reaches it over HTTPS: its control API, and its directory over Microsoft Graph."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        """``ready``: what its ready file says; of that, ``url``, ``ca_file`` and ``control_token`` suffice."""
        self.ready = {**_known(), **ready, "url": address(ready["url"])}
        self._ending = ExitStack()
        self._http = Http(self.ready["url"], ca_file=self.ready["ca_file"] or None, sleep=time.sleep)
        self._ending.callback(self._http.close)
        self._opened: dict[UUID, Authority] = {}
        self.home = place.home(self.ready)

    def close(self) -> None:
        """Close every connection."""
        self._ending.close()

    @cached_property
    def http(self) -> httpx2.Client:
        """A plain client that trusts it."""
        return self._ending.enter_context(place.client(self.ready))

    def fresh(self) -> Tenant:
        """Make a tenant. It stays until the emulator ends."""
        return msgspec.convert(self.control("_tenant", {}), Tenant)

    def directory(self, tenant: Tenant) -> Directory:
        """Open a tenant's directory."""
        return cast("Directory", self._client(tenant))  # its views are as much of a transaction as the kit reads

    def _client(self, tenant: Tenant) -> Authority:
        if tenant.tenant_id not in self._opened:
            self._opened[tenant.tenant_id] = self._ending.enter_context(
                connect(
                    self.ready["url"],
                    client_id=tenant.client_id,
                    evidence=ClientSecret(tenant.client_secret),
                    tenant=str(tenant.tenant_id),
                    ca_file=self.ready["ca_file"] or None,
                )
            )
        return self._opened[tenant.tenant_id]

    def events(self, tenant: Tenant, most: int) -> Sequence[Event]:
        """Return the newest sign-ins of a tenant, newest first, but those of the kit itself."""
        found = self._client(tenant).log.search(tenant.tenant_id, Query(limit=most + OURS)).things
        return [each for each in found if not self.is_ours(tenant, str(each.app_id))][:most]

    def is_ours(self, tenant: Tenant, client_id: str) -> bool:
        """Whether the kit itself signs in as this application."""
        return client_id.lower() == tenant.client_id

    def now(self) -> datetime:
        """The time there."""
        return datetime.fromisoformat(self.control("_clock", {})["now"])

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        """Run a story over a directory to its end. The client waits where it stands, so no event loop is needed."""
        try:
            story.send(None)
        except StopIteration as ended:
            value: T = ended.value
            return value
        story.close()
        raise RuntimeError("a story of the test kit waited for something")

    def control(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Make a request of the control API."""
        headers = {"Content-Type": JSON_TYPE, "Authorization": f"Bearer {self.ready['control_token']}"}
        try:
            answer = self._http.send("POST", f"/idp/{path}", msgspec.json.encode(body), headers)
        except Refused as error:
            raise KitError(f"{error} {error.row.advice}".strip()) from error
        if answer.status == 404 and not path.endswith(("_down", "_rotate")):  # noqa: PLR2004  there is no test issuer
            raise KitError(f"{self.ready['url']} has no /idp/{path}: {_NOT_OURS}")
        return place.answered(answer.status, answer.body)


def _known() -> dict[str, Any]:
    """Return what is the same in every emulator."""
    return {
        "ca_file": "",
        "control_token": "",
        "tenant_id": str(seed.TENANT_ID),
        "tenant_domain": seed.TENANT_DOMAIN,
        "admin": {"client_id": str(seed.ADMIN_ID), "client_secret": seed.ADMIN_SECRET},
    }
