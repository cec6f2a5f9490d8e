"""What an issuer's discovery document must say: who it is, and where its keys are. Nothing else is demanded.

Rule 1: ``issuer`` equals the registered record byte for byte, or the document is of somebody else.
Rule 2: the media type is not judged; a page of HTML fails as JSON. Kubernetes has no ``token_endpoint``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

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


def parse(document: bytes, issuer: Issuer) -> str:
    """Return the ``jwks_uri`` of the document. Raises ``Refused(ISSUER_UNREACHABLE)``, detail ``discovery: …``.

    Whether the URL may be fetched (scheme, host, address) is for the fetcher to say; here it only has to be one.
    """
    if len(document) > MAX_DOCUMENT:
        _refuse(f"larger than {MAX_DOCUMENT} bytes")
    try:
        found = strictjson.loads(document, depth=MAX_DEPTH, members=MAX_MEMBERS)
    except ValueError as error:
        _refuse(str(error))
    if not isinstance(found, dict):
        _refuse("not a JSON object")
    said, keys = found.get("issuer"), found.get("jwks_uri")
    if said != issuer.url:
        heard = f"'{shown(said)}'" if isinstance(said, str) else "no issuer"
        _refuse(f"the document says {heard}, the record '{issuer.url}'")
    if not isinstance(keys, str):
        _refuse("the document has no jwks_uri")
    try:
        url.split(keys)
    except ValueError as error:
        _refuse(f"jwks_uri: {error}")
    return keys


def _refuse(reason: str) -> NoReturn:
    raise Refused(ISSUER_UNREACHABLE, detail=f"discovery: {reason}")
