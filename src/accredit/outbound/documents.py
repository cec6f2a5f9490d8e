"""The documents of an issuer record, fetched and read: discovery, then the key set it names."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from accredit.issuers import discovery, jwks
from accredit.issuers.history import Document
from accredit.outbound.unreachable import Unreachable

if TYPE_CHECKING:
    from accredit.issuers import Issuer, KeySet
    from accredit.issuers.history import DocumentKind
    from accredit.outbound.answer import Fetched
    from accredit.outbound.kept import Figures

_DENIED: Final = ("status: 401", "status: 403")
_HIDDEN: Final = " although discovery is readable (Kubernetes: bind system:service-account-issuer-discovery)"


class Fetches(Protocol):
    """Whoever fetches: see ``Fetcher``."""

    async def get(self, url: str, *, issuer: Issuer, within: float | None = None) -> Fetched:
        """Fetch a document of ``issuer`` in at most ``within`` seconds. Raises ``Unreachable``."""
        ...


async def read(
    fetcher: Fetches, issuer: Issuer, within: float, figures: Figures, got: list[Document]
) -> tuple[KeySet, str | None]:
    """Return the keys and the ``Cache-Control`` they came with, or 90061 with the document and the step as detail.

    ``within``: seconds for everything together. ``got`` takes every document that comes.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + within

    async def get(what: DocumentKind, url: str) -> Fetched:
        try:
            fetched = await fetcher.get(url, issuer=issuer, within=ends - loop.time())
        except Unreachable as error:
            hidden = what == "jwks" and issuer.key_source == "discovery" and error.detail in _DENIED
            raise error.of(what, _HIDDEN if hidden else "") from error
        figures.octets += len(fetched.body)
        got.append(Document(what, fetched.body))
        return fetched

    where = issuer.jwks_url or ""
    if issuer.key_source == "discovery":
        document = await get("discovery", discovery.address(issuer.url))
        where = discovery.parse(document.body, issuer)
    found = await get("jwks", where)
    return jwks.parse(found.body, issuer), found.headers.get("cache-control")
