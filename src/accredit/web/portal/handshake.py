"""What has to come back from the provider: kept by the browser that began to sign in, signed by us.

Rule 1: whoever begins a sign-in ends it: an answer that was made for another browser has no handshake here, and is
refused (RFC 9700 section 4.7).
Rule 2: a handshake holds for ten minutes, whatever its cookie says.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.issuers import base64url

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from accredit.ports import Ids

COOKIE: Final = "__Host-accredit_handshake"
HOLDS: Final = timedelta(minutes=10)
_OCTETS: Final = 32
_LONGEST: Final = 4_096  # characters of a cookie's value
_RULES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"


class Handshake(msgspec.Struct, frozen=True, array_like=True):
    """One sign-in under way."""

    state: str
    nonce: str
    verifier: str  # of PKCE
    next: str  # a path of ours
    began: int  # seconds since 1970

    @property
    def challenge(self) -> str:
        """The verifier as the provider may know it beforehand (RFC 7636, S256)."""
        return base64url.encode(sha256(self.verifier.encode("ascii")).digest())


class Handshakes:
    """Makes handshakes, and reads them back. ``port``: of an emulator, whose neighbours share its cookies."""

    def __init__(self, key: bytes, port: int | None = None) -> None:
        self._key = key
        self._cookie = COOKIE if port is None else f"{COOKIE}_{port}"

    def begin(self, ids: Ids, now: datetime, wanted: str) -> Handshake:
        """Begin a sign-in that is to lead to ``wanted``."""
        state, nonce, verifier = (base64url.encode(ids.octets(_OCTETS)) for _ in range(3))
        return Handshake(state, nonce, verifier, wanted, int(now.timestamp()))

    def cookie(self, handshake: Handshake) -> str:
        """Return the cookie that holds a handshake."""
        said = base64url.encode(msgspec.json.encode(handshake))
        lives = int(HOLDS.total_seconds())
        return f"{self._cookie}={said}.{self._signature(said)}; {_RULES}; Max-Age={lives}"

    def over(self) -> str:
        """Return the cookie that takes it away."""
        return f"{self._cookie}=; {_RULES}; Max-Age=0"

    def read(self, request: Request, now: datetime) -> Handshake | None:
        """Return the handshake of this browser; ``None``: there is none, it is too old, or somebody made it up."""
        said, _, signature = request.cookies.get(self._cookie, "")[:_LONGEST].partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(said).encode()):
            return None
        handshake = msgspec.json.decode(base64url.decode(said), type=Handshake)
        age = now.timestamp() - handshake.began
        return handshake if -1 < age < HOLDS.total_seconds() else None

    def _signature(self, said: str) -> str:
        return base64url.encode(hmac.digest(self._key, said.encode(), "sha256"))
