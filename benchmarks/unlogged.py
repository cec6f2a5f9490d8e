"""The product without its sign-in log, to see what the log costs. No setting does this: it is a bench's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.app import compose
from accredit.signins import SignIn
from accredit.stores.events import EventLog

if TYPE_CHECKING:
    from datetime import datetime

    from accredit.directory import Client, Tenant
    from accredit.signins import Sender


class _Form:
    """An attempt's form, which nobody reads."""

    __slots__ = ("_signin",)

    def __init__(self, signin: SignIn) -> None:
        self._signin = signin

    async def __aenter__(self) -> SignIn:
        return self._signin

    async def __aexit__(self, *_: object) -> None:
        return None


class Unlogged(EventLog):
    """Makes no event, writes nothing, compares nothing."""

    __slots__ = ()

    def attempt(self, at: datetime, sender: Sender, tenant: Tenant, client: Client) -> _Form:  # type: ignore[override]
        return _Form(SignIn(at, sender, tenant, client, self.version()))

    async def start(self) -> None:
        return None


def apply() -> None:
    """Have this process's server log nothing."""
    vars(compose)["EventLog"] = Unlogged
