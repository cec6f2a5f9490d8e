"""An authority from the outside: tokens for a client of it, its directory over Graph as values, and changes of that.

``connect`` opens one. Nothing of the server is in here; whoever uses it needs ``httpx2`` and no more.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from accredit.client.authority import Authority
from accredit.client.evidence import ClientCertificate, ClientSecret, Evidence, FederatedToken
from accredit.client.graph import Graph
from accredit.client.http import TIMEOUT, Http
from accredit.client.refusals import OtherRefusal
from accredit.client.tokens import AccessToken, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "AccessToken",
    "Authority",
    "ClientCertificate",
    "ClientSecret",
    "Evidence",
    "FederatedToken",
    "Graph",
    "OtherRefusal",
    "connect",
]


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def connect(
    url: str,
    *,
    client_id: str,
    evidence: Evidence | None = None,
    tenant: str = "organizations",
    ca_file: str | None = None,
    token: str = "",
    timeout: float = TIMEOUT,
    keep: Callable[[AccessToken], None] = lambda _: None,
) -> Iterator[Authority]:
    """Open an authority for one client in one tenant (an id or a domain; its home, if none is named).

    ``evidence``: what proves who it is. ``token``: one that it has already. ``ca_file``: certificates (PEM) that are
    trusted instead of the machine's. ``timeout``: seconds without an octet. ``keep`` is told of each new token.
    """
    http = Http(url, ca_file=ca_file, sleep=time.sleep, timeout=timeout)
    held = AccessToken.read(token) if token else None
    try:
        tokens = Tokens(http, tenant, client_id, evidence, _now, lambda: str(uuid4()), held, keep)
        yield Authority(Graph(http, tokens), uuid4)
    finally:
        http.close()
