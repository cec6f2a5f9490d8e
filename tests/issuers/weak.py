"""Public keys that must never verify anything. Each breaks exactly one rule on the numbers of a key."""

from functools import cache
from itertools import count

from tests.forge import b64, jwk, octets_of, rsa_key

PRIMES = [n for n in range(2, 1_000) if all(n % d for d in range(2, n))]
ROCA_PRIMES = [prime for prime in PRIMES if 3 <= prime <= 167]


def without_small_divisors(n: int, step: int) -> int:
    """The first of n, n + step, n + 2 step ... that no prime below 1,000 divides."""
    return next(found for each in count() if all((found := n + each * step) % prime for prime in PRIMES))


@cache
def roca_modulus(bits: int = 2048) -> int:
    """A modulus with the fingerprint of CVE-2017-15361, from its definition: a power of 65537 modulo 38 primes."""
    product = 1
    for prime in ROCA_PRIMES:
        product *= prime
    n = (1 << (bits - 1)) // product * product + product + pow(65_537, 123_456, product)
    return without_small_divisors(n, product)


@cache
def modulus(bits: int) -> int:
    """A number of exactly so many bits that has no small divisor; that it is no product of two primes shows nowhere."""
    return without_small_divisors((1 << (bits - 1)) + 1, 2)


def rsa_jwk(n: int, e: int = 65_537, **members: object) -> dict[str, object]:
    return {"kty": "RSA", "use": "sig", "kid": "key-1", "n": b64(octets_of(n)), "e": b64(octets_of(e)), **members}


def honest(**members: object) -> dict[str, object]:
    return jwk(rsa_key(), **{"kid": "key-1", **members})
