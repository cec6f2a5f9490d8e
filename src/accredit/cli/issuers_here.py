"""Issuers of the store on this machine: changed beside a server, visited from here, known from what a server wrote."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from accredit.errors import SERVER_ONLY, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from accredit.administer import Administrator
    from accredit.app.key_watch import KeyWatching
    from accredit.issuers import Issuer


class IssuersHere:
    """The functions of ``administer.issuers``, and visits. ``bound``: the former, made by whoever runs the command."""

    def __init__(
        self,
        bound: Any,  # noqa: ANN401  typed by the protocol that it is cast to
        by: Callable[[], Administrator],
        watch: Callable[[], KeyWatching],
    ) -> None:
        self._bound = bound
        self._by = by
        self._watch = watch

    def __getattr__(self, verb: str) -> Any:  # noqa: ANN401  as above
        return getattr(self._bound, verb)

    async def probe(self, tenant_id: UUID, *, issuer_id: UUID | None = None, url: str = "") -> dict[str, Any]:
        """Visit an issuer from here. No event loop runs while a command does, so one is made for it."""
        from accredit.administer import probing
        from accredit.interop.graph import issuer_keys

        watch = self._watch()
        try:
            made = asyncio.run(probing.probe(self._by(), watch, tenant_id, issuer_id=issuer_id, url=url))
        finally:
            watch.stored.close()
        return issuer_keys.probe(made)

    async def history(self, issuer: Issuer) -> dict[str, Any]:
        """Return what a server wrote down of an issuer."""
        from accredit.interop.graph import issuer_keys

        watch = self._watch()
        try:
            return issuer_keys.history(issuer, watch.history(issuer), watch.state(issuer))
        finally:
            watch.stored.close()

    async def refresh(self, _issuer_id: UUID) -> dict[str, Any]:
        """Refuse: what would be fetched here serves nobody."""
        raise Refused(SERVER_ONLY, what="accredit issuer refresh")
