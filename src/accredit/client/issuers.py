"""Issuer records over Graph: changed as beside the store, visited by the authority itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accredit.client.changes import named
from accredit.client.shelves import ISSUERS
from accredit.interop.graph import issuer

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.client.graph import Graph, Json
    from accredit.issuers import Issuer


class Issuers:
    """Issuer records."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def create(self, _tenant_id: UUID, url: str, /, **members: Any) -> Issuer:  # noqa: ANN401  by name
        """Create a record before a credential names it."""
        return self._read(self._graph.post(f"/{ISSUERS}", {"url": url, **named(issuer.Made, members)}))

    async def update(self, issuer_id: UUID, **changes: Any) -> Issuer:  # noqa: ANN401  by name
        """Change what is given."""
        self._graph.patch(f"/{ISSUERS}/{issuer_id}", named(issuer.Written, changes))
        return self._read(self._graph.get(f"/{ISSUERS}/{issuer_id}"))

    async def upload(self, issuer_id: UUID, document: str) -> Issuer:
        """Take the issuer's keys from ``document`` and never from the network."""
        return self._read(self._graph.post(f"/{ISSUERS}/{issuer_id}/uploadKeys", {"jwks": document}))

    async def block(self, issuer_id: UUID, *, blocked: bool = True) -> Issuer:
        """Block an issuer, or unblock it."""
        verb = "block" if blocked else "unblock"
        return self._read(self._graph.post(f"/{ISSUERS}/{issuer_id}/{verb}", {}))

    async def drop_keys(self, issuer_id: UUID) -> Issuer:
        """Forget the keys that were fetched."""
        return self._read(self._graph.post(f"/{ISSUERS}/{issuer_id}/dropKeys", {}))

    async def probe(self, _tenant_id: UUID, *, issuer_id: UUID | None = None, url: str = "") -> Json:
        """Have the authority visit an issuer: that of a record, or one that has none."""
        if issuer_id is None:
            return _unannotated(self._graph.post("/accredit.probe", {"url": url}))
        return _unannotated(self._graph.post(f"/{ISSUERS}/{issuer_id}/probe", {}))

    async def refresh(self, issuer_id: UUID) -> Json:
        """Have the authority fetch the keys of a record now; return how they stand then."""
        return _unannotated(self._graph.post(f"/{ISSUERS}/{issuer_id}/refreshKeys", {}))

    async def history(self, issuer: Issuer) -> Json:
        """Return how the keys of a record stand, and what fetches showed."""
        return _unannotated(self._graph.get(f"/{ISSUERS}/{issuer.id}/history"))

    async def delete(self, issuer_id: UUID) -> None:
        """Delete a record that no credential names."""
        self._graph.delete(f"/{ISSUERS}/{issuer_id}")

    def _read(self, json: Json) -> Issuer:
        return issuer.read(json, self._graph.token.tenant_id)[0]


def _unannotated(answer: Json) -> Json:
    """Return what was answered without its annotations."""
    return {name: value for name, value in answer.items() if "@odata." not in name}
