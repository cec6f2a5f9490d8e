"""What an issuer's discovery document must say: who it is, and where its keys are. Nothing else is demanded.

Rule 1: ``issuer`` equals the registered record byte for byte, or the document is of somebody else.
Rule 2: the media type is not judged; a page of HTML fails as JSON. Kubernetes has no ``token_endpoint``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from accredit.errors import ISSUER_UNREACHABLE, Refused, shown
from accredit.issuers import strictjson, url

if TYPE_CHECKING:
    from accredit.issuers.record import Issuer

MAX_DOCUMENT: Final = 512 * 1_024  # octets of a fetched document
MAX_DEPTH: Final = 16
MAX_MEMBERS: Final = 20_000  # 512 KiB hold about 100,000; honest documents a few hundred
WELL_KNOWN: Final = "/.well-known/openid-configuration"


def address(issuer: str) -> str:
    """Return where the discovery document is: the issuer without one trailing slash, and the well-known path."""
    return issuer.removesuffix("/") + WELL_KNOWN


class Said(NamedTuple):
    """What a document says, believed or not; ``None``: it does not."""

    issuer: str | None
    jwks_uri: str | None


def parse(document: bytes, issuer: Issuer) -> str:
    """Return the ``jwks_uri`` of the document. Raises ``Refused(ISSUER_UNREACHABLE)``, detail ``discovery: …``.

    Whether the URL may be fetched (scheme, host, address) is for the fetcher to say; here it only has to be one.
    """
    said = read(document)
    if said.issuer != issuer.url:
        heard = "no issuer" if said.issuer is None else f"'{shown(said.issuer)}'"
        _refuse(f"the document says {heard}, the record '{issuer.url}'")
    if said.jwks_uri is None:
        _refuse("the document has no jwks_uri")
    try:
        url.split(said.jwks_uri)
    except ValueError as error:
        _refuse(f"jwks_uri: {error}")
    return said.jwks_uri


def read(document: bytes) -> Said:
    """Return what a document says, whoever it is of. Raises ``Refused(ISSUER_UNREACHABLE)`` for one that is none."""
    if len(document) > MAX_DOCUMENT:
        _refuse(f"larger than {MAX_DOCUMENT} bytes")
    try:
        found = strictjson.loads(document, depth=MAX_DEPTH, members=MAX_MEMBERS)
    except ValueError as error:
        _refuse(str(error))
    if not isinstance(found, dict):
        _refuse("not a JSON object")
    return Said(_text(found, "issuer"), _text(found, "jwks_uri"))


def _text(found: dict[str, Any], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None


def _refuse(reason: str) -> NoReturn:
    raise Refused(ISSUER_UNREACHABLE, detail=f"discovery: {reason}")
