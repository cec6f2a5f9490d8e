"""One registered issuer, and what a token's header says about the key that signed it.

Rule 1: keys come from a record that an administrator registered, never from anything a token says.
Rule 2: caches, keys and history belong to (tenant, record, revision), never to a URL: two tenants or two clusters may
share one issuer string and have different keys.
"""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

import msgspec

from accredit.issuers.url import IssuerUrl

KeySource = Literal["discovery", "jwks_url", "uploaded"]

Replay = Literal["off", "observe", "enforce"]
"""An assertion that was used for a token already: nobody looks; its sign-in says so; it is refused."""

Portability = Literal["entra", "extended"]
"""What a tenant accepts: exactly what Entra ID accepts, or also what only this authority does."""

MAX_SKEW: Final = 300  # seconds of clock difference forgiven either way; also the default (Entra's own is assumed)
MAX_LIFETIME: Final = 90_000  # seconds, 25 h: the longest assertion Entra ID accepts
DEFAULT_LIFETIME: Final = 86_400  # seconds; the limit in a tenant with extended portability


class Issuer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An issuer record of one tenant. ``algorithms`` is explicit and never widened by what a token or a key says."""

    id: UUID
    tenant_id: UUID
    url: IssuerUrl
    algorithms: tuple[str, ...]
    key_source: KeySource = "discovery"
    jwks_url: str | None = None
    jwks: str | None = None  # the uploaded key set, JSON text
    ca_bundle: str | None = None  # PEM; replaces the public roots for this issuer
    networks: tuple[str, ...] = ()  # CIDRs of private networks an administrator opted in; empty = public only
    ports: tuple[int, ...] = ()  # opted in to, besides those that every issuer may use
    allowed_jwks_hosts: tuple[str, ...] = ()  # where discovery may say that the keys are; empty = any public host
    max_lifetime: int = MAX_LIFETIME  # seconds
    skew: int = MAX_SKEW  # seconds
    require_kid: bool = True
    blocked: bool = False
    replay: Replay = "off"
    revision: int = 1

    @property
    def fetches(self) -> bool:
        """Whether keys may have to be fetched over the network."""
        return self.key_source != "uploaded"

    @property
    def portable(self) -> bool:
        """Whether Entra ID would take every token that this record takes: with a key id, RSA PKCS#1 v1.5 only."""
        return self.require_kid and all(each.startswith("RS") for each in self.algorithms)


class KeyReference(msgspec.Struct, frozen=True, gc=False):
    """What a token's header says about its key. Said by a stranger: it selects among registered keys, nothing else."""

    alg: str
    kid: str | None = None
    x5t: str | None = None  # base64url SHA-1 of the certificate
    x5t_s256: str | None = None  # base64url SHA-256 of the certificate

    @property
    def missing(self) -> bool:
        """Whether the header names no key at all."""
        return self.kid is None and self.x5t is None and self.x5t_s256 is None
