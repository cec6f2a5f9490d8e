"""The port ``Mint``: from a grant to a signed access token, on the event loop, with keys that were opened beforehand.

Rule 1: which key signs is decided when the set of keys changes or a key's date is reached, not for each token.
Rule 2: signing is not handed to a thread: the hand-off costs more than it frees.
"""

from __future__ import annotations

from binascii import b2a_base64
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
from cryptography.exceptions import InternalError, UnsupportedAlgorithm

from accredit.errors import TRANSIENT, Refused
from accredit.signing.file import Signer, open_signer
from accredit.tokens import AccessToken, claims
from accredit.tokens.keys import active

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from accredit.tokens import Grant, SigningKey

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_encode: Final = msgspec.json.Encoder().encode


class _Chosen(msgspec.Struct, frozen=True, gc=False):
    """The key that signs from one date to another, with the headers of its tokens as they stand in front."""

    since: datetime | None
    until: datetime | None
    signer: Signer
    headers: tuple[bytes, bytes]  # of token versions 1 and 2


class TokenMint:
    """Signs with the active key of the algorithm that the resource wants.

    ``MASTER_KEY`` when it is made with a key in use that does not open.
    """

    def __init__(
        self,
        base: str,
        keys: Sequence[SigningKey],
        master_key: bytes,
        *,
        aio: Callable[[], str],
        graph_extras: bool = True,
    ) -> None:
        self._base = base
        self._master_key = master_key
        self._aio = aio
        self._graph_extras = graph_extras
        self._keys: tuple[SigningKey, ...] = ()
        self._signers: dict[str, Signer] = {}
        self._chosen: dict[str, _Chosen] = {}
        for each in keys:
            if each.withdrawn_at is None:
                self._signers[each.kid] = open_signer(each, master_key)
        self.set_keys(keys)

    def set_keys(self, keys: Sequence[SigningKey]) -> None:
        """Take over a changed set of keys. A key that does not open signs nothing, and no older one signs for it."""
        signers: dict[str, Signer] = {}
        for each in keys:
            with suppress(Refused, TypeError, ValueError, UnsupportedAlgorithm):
                signers[each.kid] = self._signers.get(each.kid) or open_signer(each, self._master_key)
        self._keys, self._signers, self._chosen = tuple(keys), signers, {}

    def trouble(self, algorithm: str, now: datetime) -> str:
        """Say why nothing can be signed with ``algorithm`` now; ``""`` when it can."""
        key = active(self._keys, algorithm, now)
        if key is None:
            return f"no {algorithm} key signs now"
        return "" if key.kid in self._signers else f"the master key does not open signing key {key.kid}"

    async def __call__(self, grant: Grant, now: datetime) -> AccessToken:
        """Sign a token. 90033 when no key of the algorithm is active, or it does not sign."""
        chosen = self._chosen.get(grant.resource.signing_algorithm)
        if chosen is None or not _holds(chosen, now):
            chosen = self._choose(grant.resource.signing_algorithm, now)
        at = int(now.timestamp())
        body = _encode(claims(grant, self._base, at, self._aio(), graph_extras=self._graph_extras))
        signing_input = chosen.headers[grant.resource.token_version - 1] + _base64url(body)
        try:
            signature = chosen.signer.sign(signing_input)
        except (InternalError, UnsupportedAlgorithm, ValueError) as error:
            raise Refused(TRANSIENT, detail=f"signing key {chosen.signer.kid} does not sign") from error
        token = (signing_input + b"." + _base64url(signature)).decode("ascii")
        return AccessToken(token, at, grant.lifetime, grant.wanted)

    def _choose(self, algorithm: str, now: datetime) -> _Chosen:
        key = active(self._keys, algorithm, now)
        if key is None or key.kid not in self._signers:
            raise Refused(TRANSIENT, detail=self.trouble(algorithm, now))
        dates = [each.activates_at for each in self._keys]
        dates += [each.withdrawn_at for each in self._keys if each.withdrawn_at is not None]
        since = max((date for date in dates if date <= now), default=None)
        until = min((date for date in dates if date > now), default=None)
        chosen = self._chosen[algorithm] = _Chosen(
            since, until, self._signers[key.kid], (_header(key, 1), _header(key, 2))
        )
        return chosen


def _holds(chosen: _Chosen, now: datetime) -> bool:
    return (chosen.since is None or chosen.since <= now) and (chosen.until is None or now < chosen.until)


def _header(key: SigningKey, version: int) -> bytes:
    header: dict[str, Any] = {"typ": "JWT", "alg": key.algorithm}
    if version == 1:
        header["x5t"] = key.thumbprint
    return _base64url(_encode(header | {"kid": key.kid})) + b"."


def _base64url(octets: bytes) -> bytes:
    return b2a_base64(octets, newline=False).translate(_URL_SAFE).rstrip(b"=")
