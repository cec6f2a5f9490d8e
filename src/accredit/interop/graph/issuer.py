"""An issuer record as JSON: an extension of this authority, for Microsoft Graph has no object of the kind.

Its members are those of ``accredit.issuers.Issuer``, named as Graph names things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict
from uuid import UUID  # noqa: TC003  msgspec reads the annotations

from msgspec.structs import asdict

from accredit.interop.graph import parts
from accredit.interop.graph.parts import Json, Wire, given, invalid, written
from accredit.issuers import Issuer, IssuerUrl
from accredit.issuers.record import MAX_LIFETIME, MAX_SKEW, KeySource, Replay

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND: Final = "Issuer"
_READ_ONLY: Final = ("id", "url", "keySource", "jwks", "blocked", "credentials")


class Written(Wire, frozen=True, kw_only=True):
    """An issuer record."""

    id: UUID | None = None
    url: str | None = None
    algorithms: tuple[str, ...] = ()
    key_source: KeySource = "discovery"
    jwks_url: str | None = None
    jwks: str | None = None  # JSON text
    ca_bundle: str | None = None  # PEM
    networks: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    allowed_jwks_hosts: tuple[str, ...] = ()
    max_lifetime: int = MAX_LIFETIME  # seconds
    skew: int = MAX_SKEW  # seconds
    require_kid: bool = True
    blocked: bool = False
    replay: Replay = "off"
    credentials: int | None = None  # how many name it; not told of one that has just changed


class Made(Wire, frozen=True, kw_only=True):
    """The body that makes a record."""

    url: str
    algorithms: tuple[str, ...] | None = None
    jwks_url: str | None = None
    jwks: str | None = None
    ca_bundle: str | None = None
    networks: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    allowed_jwks_hosts: tuple[str, ...] = ()
    replay: Replay = "off"
    twin: bool = False  # beside one of the same URL


class Uploaded(Wire, frozen=True, kw_only=True):
    """The body that uploads keys: a JWK set or one JWK, as text."""

    jwks: str


class Changes(TypedDict, total=False):
    """What a body changes: arguments of ``administer.issuers.update``."""

    algorithms: tuple[str, ...]
    jwks_url: str | None
    ca_bundle: str | None
    networks: tuple[str, ...]
    ports: tuple[int, ...]
    allowed_jwks_hosts: tuple[str, ...]
    max_lifetime: int
    skew: int
    require_kid: bool
    replay: Replay


def write(of: Issuer, credentials: int | None = None) -> Json:
    """Write a record. ``credentials``: how many name it."""
    found: Json = written(_written(of, credentials))
    return found


def read(json: Mapping[str, Any], tenant_id: UUID) -> tuple[Issuer, int | None]:
    """Read a record as ``write`` wrote it, and how many credentials name it."""
    found = parts.merged(KIND, Written, json)
    members = asdict(found)
    members |= {
        "id": given(found.id, "id", KIND),
        "url": IssuerUrl(given(found.url, "url", KIND)),
        "tenant_id": tenant_id,
    }
    credentials = members.pop("credentials")
    return Issuer(**members), credentials


def made(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the URL and the other arguments of ``administer.issuers.create``. Raises ``Refused(PROPERTY_INVALID)``."""
    members = asdict(parts.merged(KIND, Made, body))
    if members["jwks"] is not None and members["jwks_url"] is not None:
        raise invalid("jwksUrl", KIND, "keys are uploaded or fetched, not both")
    return members.pop("url"), {"uploaded": members.pop("jwks"), **members}


def uploaded(body: Mapping[str, Any]) -> str:
    """Return the key set that a body uploads. Raises ``Refused(PROPERTY_INVALID)``."""
    return parts.merged(KIND, Uploaded, body).jwks


def changes(body: Mapping[str, Any], stored: Issuer) -> Changes:
    """Return what a body says of a record. ``jwksUrl`` null: keys come from discovery again. PROPERTY_INVALID."""
    before = _written(stored, None)
    parts.refuse_changed(KIND, Written, body, before, (name for name in _READ_ONLY if name != "credentials"))
    told = {name: value for name, value in body.items() if name not in _READ_ONLY}
    after = parts.merged(KIND, Written, told, before)
    members = parts.members(Written)
    return {members[name].name: getattr(after, members[name].name) for name in told}  # type: ignore[return-value]  # those of Changes


def _written(of: Issuer, credentials: int | None) -> Written:
    members = {name: value for name, value in asdict(of).items() if name not in ("tenant_id", "revision")}
    return Written(**members, credentials=credentials)
