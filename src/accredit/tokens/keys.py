"""The life of a signing key: next, active, retired, withdrawn; and the key set we publish.

Rule 1: a key's state is read off its dates and the clock. Nothing has to run at the right moment for it to change.
Rule 2: a key is published before it signs, long enough for every cache of the key set to have seen it.
Rule 3: a retired key stays published until the longest token it signed has expired; a withdrawn one is gone at once.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from accredit.errors import KEY_STATE, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

State = Literal["next", "active", "retired", "withdrawn"]

KEY_SET_MAX_AGE: Final = 86_400  # seconds that others may cache our key set
PUBLISHED_BEFORE: Final = timedelta(seconds=max(86_400, 2 * KEY_SET_MAX_AGE))
ROTATED_AFTER: Final = timedelta(days=90)
LONGEST_TOKEN: Final = timedelta(days=1, minutes=10)  # 24 h tokens, and the skew that others forgive
EMULATOR_KID: Final = "emulator-"  # every kid of an emulator begins with it, and no other


class SigningKey(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One signing key. The private part is sealed with the master key and opened by a ``Signer`` only."""

    kid: str
    algorithm: Literal["RS256", "ES256"]
    thumbprint: str  # base64url SHA-1 of the certificate: ``x5t``
    certificate: bytes  # DER, self-signed
    public: dict[str, str]  # kty and its members, as in a JWK
    sealed: bytes
    created_at: datetime
    activates_at: datetime
    withdrawn_at: datetime | None = None
    revision: int = 1


def state(key: SigningKey, keys: Iterable[SigningKey], now: datetime) -> State:
    """Say where ``key`` stands among ``keys`` at ``now``."""
    if key.withdrawn_at is not None and key.withdrawn_at <= now:
        return "withdrawn"
    if now < key.activates_at:
        return "next"
    successor = min((each.activates_at for each in _successors(key, keys) if each.activates_at <= now), default=None)
    if successor is None:
        return "active"
    return "retired" if now < successor + LONGEST_TOKEN else "withdrawn"


def active(keys: Sequence[SigningKey], algorithm: str, now: datetime) -> SigningKey | None:
    """Return the key that signs now with ``algorithm``; ``None`` when there is none."""
    usable = [each for each in keys if each.algorithm == algorithm and state(each, keys, now) == "active"]
    return max(usable, key=lambda each: each.activates_at, default=None)


def published(keys: Sequence[SigningKey], now: datetime) -> list[SigningKey]:
    """Return the keys that the key set shows at ``now``, the signing one first."""
    order = {"active": 0, "next": 1, "retired": 2}
    shown = [(order[standing], each) for each in keys if (standing := state(each, keys, now)) in order]
    return [each for _, each in sorted(shown, key=lambda pair: (pair[0], pair[1].algorithm != "RS256", pair[1].kid))]


def rotation_due(keys: Sequence[SigningKey], algorithm: str, now: datetime) -> bool:
    """Whether the next key has to be made now, so that it is published long enough before the active one grows old."""
    signing = active(keys, algorithm, now)
    if signing is None or any(each.algorithm == algorithm and state(each, keys, now) == "next" for each in keys):
        return False
    # An emulator's first keys sign for instants before it was made.
    since = max(signing.activates_at, signing.created_at)
    return now >= since + ROTATED_AFTER - PUBLISHED_BEFORE


def refuse_retiring(key: SigningKey, keys: Sequence[SigningKey], now: datetime) -> None:
    """Raise ``KEY_STATE`` when withdrawing ``key`` would leave its algorithm without a signing key."""
    signing = active(keys, key.algorithm, now)
    if signing is not None and signing.kid == key.kid:
        raise Refused(KEY_STATE, kid=key.kid, state="active", reason="rotate first, or use --emergency")


def key_set(keys: Sequence[SigningKey], issuer: str | None) -> dict[str, list[dict[str, Any]]]:
    """Return the published key set (RFC 7517). ``issuer`` is a member of version 2.0's entries only.

    ``alg`` comes last: Entra ID leaves it out, generic JOSE libraries want it.
    """
    return {"keys": [_jwk(each, issuer) for each in keys]}


def _jwk(key: SigningKey, issuer: str | None) -> dict[str, Any]:
    kty = {"kty": key.public["kty"], "use": "sig", "kid": key.kid, "x5t": key.thumbprint}
    numbers = {name: value for name, value in key.public.items() if name != "kty"}
    chain: dict[str, Any] = {"x5c": [b64encode(key.certificate).decode()]}
    named = {"issuer": issuer} if issuer else {}
    return kty | numbers | chain | named | {"alg": key.algorithm}


def _successors(key: SigningKey, keys: Iterable[SigningKey]) -> list[SigningKey]:
    return [
        each
        for each in keys
        if each.algorithm == key.algorithm
        and (each.activates_at, each.kid) > (key.activates_at, key.kid)
        and (each.withdrawn_at is None or each.withdrawn_at > each.activates_at)
    ]
