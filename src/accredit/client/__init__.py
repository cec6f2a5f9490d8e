"""An authority from the outside: tokens for a client of it, its directory over Graph as values, and changes of that.

``connect`` opens one. ``assertion`` is the workload's side: the token that its platform gives it, and ``access_token``
what an authority, or Entra ID, gives for that. Nothing of the server is in here; whoever uses it needs ``httpx2``, and
what some platforms want comes as extras.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from accredit.client.authority import Authority
from accredit.client.evidence import ClientCertificate, ClientSecret, Evidence, FederatedToken
from accredit.client.exchanging import Exchanged, Request, exchange
from accredit.client.graph import Graph
from accredit.client.http import TIMEOUT, Http
from accredit.client.refusals import OtherRefusal
from accredit.client.renewing import Assertion
from accredit.client.sources import registry
from accredit.client.sources.source import Surroundings
from accredit.client.tokens import AccessToken, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accredit.client.sources.source import Source

__all__ = [
    "AccessToken",
    "Assertion",
    "Authority",
    "ClientCertificate",
    "ClientSecret",
    "Evidence",
    "Exchanged",
    "FederatedToken",
    "Graph",
    "OtherRefusal",
    "Surroundings",
    "access_token",
    "assertion",
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


def assertion(
    source: str | Source = registry.AUTO,
    *,
    audience: str | None = None,
    around: Surroundings | None = None,
    **options: object,
) -> Assertion:
    """Return a function that returns the platform's current token, by the name of its source.

    ``audience``: what it is to be for; if not said, ``api://AzureADTokenExchange`` wherever that can be chosen.
    ``options``: what else is said of it, by name (``variable="ID_TOKEN"``); ``INPUT_INVALID`` for one that it does not
    take. ``SOURCE_UNKNOWN``, ``SOURCE_NONE``.
    """
    around = around or Surroundings()
    if isinstance(source, str):
        if source == registry.AUTO:
            source = registry.chosen(registry.look(around))[0].name
        source = registry.source(source, around, **options)
    return Assertion(source, audience, _now)


def access_token(
    url: str,
    *,
    tenant: str,
    client_id: str,
    scope: str,
    assertion: Assertion,
    ca_file: str | None = None,
    timeout: float = TIMEOUT,
) -> Exchanged:
    """Exchange an assertion for an access token, once. Whatever the authority at ``url`` refuses it for."""
    http = Http(url, ca_file=ca_file, sleep=time.sleep, timeout=timeout)
    try:
        return exchange(http, Request(tenant, client_id, scope), assertion, _now)
    finally:
        http.close()
