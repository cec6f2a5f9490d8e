"""What administering asks of issuers beyond their records: how their keys stand, and visits on request.

No exchange asks for any of it, so it is not among ``accredit.ports``; its adapter is in ``app``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.issuers import Issuer
    from accredit.issuers.history import Before, History
    from accredit.issuers.probe import Seen
    from accredit.issuers.watching import KeyState


class KeyWatch(Protocol):
    """What is known of issuers beyond their records, and visits to them that somebody asks for."""

    def state(self, issuer: Issuer) -> KeyState:
        """Return how the keys of a record stand."""

    def history(self, issuer: Issuer) -> History:
        """Return what fetches of a record showed. 90033."""

    def before(self, issuer: Issuer) -> Before:
        """Return the newest documents of a record, and how its newest fetch ended. 90033."""

    def document(self, issuer: Issuer, digest: str) -> bytes | None:
        """Return a document of a record as it was fetched; ``None``: it is not kept. 90033."""

    def sharing(self, issuer: Issuer, thumbprints: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the other issuers of the tenant that publish a key, by its thumbprint. 90033."""

    def refresh_in(self, cache_control: str | None) -> float:
        """Return after how many seconds keys that came with this header are fetched again."""

    async def visit(self, issuer: Issuer, url: str, *, spent: float) -> Seen:
        """Fetch a document as the exchange would, and tell what was seen. Never raises, keeps nothing.

        ``spent``: seconds of the time for all documents that are gone.
        """

    async def fetch(self, issuer: Issuer) -> KeyState:
        """Fetch the keys of a record now, whatever was to be waited for, and say how they stand then."""
