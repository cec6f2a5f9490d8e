"""Keys as an issuer must not publish them: what the outages of key sets are made of.

Each takes the place of an honest key, under its ``kid``; they are made on first use and kept. They protect nothing.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import count, islice
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

Jwk = Mapping[str, Any]
Change = Callable[[Jwk], "list[object]"]
"""From an honest key to what is published in its place."""

MANY: Final = 100  # keys; readers look at as many
_SHORT_BITS, _BITS = 1_024, 2_048
_ROCA_PRIMES: Final = tuple(n for n in range(3, 168) if all(n % d for d in range(2, n)))
_SMALL_PRIMES: Final = tuple(n for n in range(2, 1_000) if all(n % d for d in range(2, n)))
_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_POWER: Final = 123_456  # any will do


def altered(**members: object) -> Change:
    """Publish the key with other members."""
    return lambda jwk: [{**jwk, **members}]


def in_rsa(**members: object) -> Change:
    """Publish an RSA key with other members, in place of whatever kind of key."""
    return lambda jwk: [{**(jwk if jwk.get("kty") == "RSA" else under(jwk, _other("RSA", ""))), **members}]


def another(jwk: Jwk) -> list[object]:
    """Publish another key of the same kind under the same ``kid``."""
    return [under(jwk, _other(jwk["kty"], jwk.get("crv", "")))]


def twice(jwk: Jwk) -> list[object]:
    """Publish the key, and another one under the same ``kid``."""
    return [jwk, *another(jwk)]


def rotated(jwk: Jwk) -> list[object]:
    """Publish another key under another ``kid``."""
    return [{**under(jwk, _other(jwk["kty"], jwk.get("crv", ""))), "kid": f"next-{jwk['kid']}"}]


def symmetric(jwk: Jwk) -> list[object]:
    """Publish a secret of HMAC."""
    return [{"kty": "oct", "k": _text(b"everybody can read this secret.."), "use": "sig", "alg": "HS256"} | _kid(jwk)]


def private(jwk: Jwk) -> list[object]:
    """Publish a private key."""
    return [under(jwk, _private())]


def short(jwk: Jwk) -> list[object]:
    """Publish an RSA key of 1,024 bits."""
    return [under(jwk, _rsa(_short()))]


def roca(jwk: Jwk) -> list[object]:
    """Publish an RSA key with the fingerprint of CVE-2017-15361, from its definition."""
    return [under(jwk, _rsa(_roca()))]


def off_curve(jwk: Jwk) -> list[object]:
    """Publish a point that is not on P-256."""
    point = {"kty": "EC", "crv": "P-256", "x": _text(bytes(31) + b"\1"), "y": _text(bytes(31) + b"\1")}
    return [{**point, "use": "sig", "alg": "ES256"} | _kid(jwk)]


def mismatched(jwk: Jwk) -> list[object]:
    """Publish the key for an algorithm of another kind of key."""
    return [{**jwk, "alg": "ES256" if jwk["kty"] == "RSA" else "RS256"}]


def padded(jwk: Jwk) -> list[object]:
    """Publish the key with its number in base64 that is not base64url."""
    name = "n" if jwk["kty"] == "RSA" else "x"
    return [{**jwk, name: f"{jwk[name]}=="}]


def among_garbage(jwk: Jwk) -> list[object]:
    """Publish the key among what is none."""
    return ["garbage", {"kty": "nothing that anybody knows"}, {"kty": "RSA", "kid": "no-numbers"}, 5, jwk]


def behind_many(jwk: Jwk) -> list[object]:
    """Publish the key behind more keys than are read."""
    return [*_many(jwk["kty"], jwk.get("crv", "")), jwk]


def under(jwk: Jwk, other: Jwk) -> dict[str, Any]:
    """Return another key's material under the name, use and algorithm of ``jwk``."""
    named = {name: value for name, value in jwk.items() if name in ("kid", "use", "alg")}
    if other["kty"] != jwk["kty"]:
        named["alg"] = "RS256"
    return {**other, **named}


def _kid(jwk: Jwk) -> dict[str, object]:
    return {"kid": jwk["kid"]} if "kid" in jwk else {}


@cache
def _other(kty: str, curve: str) -> Jwk:
    """Return a public key of the kind that the issuer never had."""
    if kty == "RSA":
        return _rsa(_pair().public_key().public_numbers().n)
    if kty == "OKP":
        return _edwards()
    return _point(ec.generate_private_key(_CURVES[curve]), curve)


def _edwards() -> Jwk:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return {"kty": "OKP", "crv": "Ed25519", "x": _text(public.public_bytes_raw())}


def _point(key: ec.EllipticCurvePrivateKey, curve: str) -> Jwk:
    size, numbers = (key.key_size + 7) // 8, key.public_key().public_numbers()
    x, y = (_text(each.to_bytes(size)) for each in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": curve, "x": x, "y": y}


@cache
def _many(kty: str, curve: str) -> list[object]:
    if kty == "RSA":  # that they are no products of two primes shows nowhere, and finding primes takes seconds
        found: Iterable[Jwk] = (_rsa(n) for n in islice(_undivided(1 << (_BITS - 1)), MANY))
    elif kty == "OKP":
        found = (_edwards() for _ in range(MANY))
    else:
        found = (_point(ec.generate_private_key(_CURVES[curve]), curve) for _ in range(MANY))
    return [{**key, "kid": f"another-{n}", "use": "sig"} for n, key in enumerate(found)]


def _undivided(begin: int, step: int = 1) -> Iterator[int]:
    """Yield numbers from ``begin`` on that no small prime divides."""
    return (n for n in count(begin, step) if all(n % prime for prime in _SMALL_PRIMES))


@cache
def _pair() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, _BITS)


@cache
def _short() -> int:
    return rsa.generate_private_key(65_537, _SHORT_BITS).public_key().public_numbers().n


@cache
def _roca() -> int:
    product = 1
    for prime in _ROCA_PRIMES:
        product *= prime
    begin = ((1 << (_BITS - 1)) // product + 1) * product + pow(65_537, _POWER, product)
    return next(_undivided(begin, product))


def _rsa(n: int) -> Jwk:
    return {"kty": "RSA", "n": _number(n), "e": "AQAB"}


def _private() -> Jwk:
    numbers = _pair().private_numbers()
    named = {"d": numbers.d, "p": numbers.p, "q": numbers.q}
    return {**_rsa(numbers.public_numbers.n), **{name: _number(value) for name, value in named.items()}}


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8))


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
