"""The limit: one exchange verifies one signature and makes one. No server can cost less than these two operations."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.machine import pinned

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = b"x" * 700  # bytes: about what is signed in an assertion and in an access token
TIMES = 200  # of each operation; the whole takes about a tenth of a second


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds of one operation, medians."""

    sign_rs256: float
    verify_rs256: float
    sign_es256: float
    verify_es256: float

    def exchange(self, algorithm: str) -> float:
        """The least that an exchange costs: an assertion with RS256 comes in, a token with ``algorithm`` goes out."""
        return self.verify_rs256 + (self.sign_rs256 if algorithm == "RS256" else self.sign_es256)


def between(before: Costs, after: Costs) -> Costs:
    return Costs(
        *(
            (getattr(before, name) + getattr(after, name)) / 2
            for name in ("sign_rs256", "verify_rs256", "sign_es256", "verify_es256")
        )
    )


def measured(core: int) -> Costs:
    """Measure now, on this core."""
    rsa_key, ec_key = _keys()
    padding, digest, ecdsa = PKCS1v15(), SHA256(), ec.ECDSA(SHA256())
    rsa_public, ec_public = rsa_key.public_key(), ec_key.public_key()
    rsa_signature = rsa_key.sign(MESSAGE, padding, digest)
    ec_signature = ec_key.sign(MESSAGE, ecdsa)
    with pinned(core):
        return Costs(
            sign_rs256=_median(lambda: rsa_key.sign(MESSAGE, padding, digest)),
            verify_rs256=_median(lambda: rsa_public.verify(rsa_signature, MESSAGE, padding, digest)),
            sign_es256=_median(lambda: ec_key.sign(MESSAGE, ecdsa)),
            verify_es256=_median(lambda: ec_public.verify(ec_signature, MESSAGE, ecdsa)),
        )


def _median(operation: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        begun = time.thread_time_ns()
        operation()
        took.append(time.thread_time_ns() - begun)
    return statistics.median(took) / 1e9


@cache
def _keys() -> tuple[rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey]:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048), ec.generate_private_key(ec.SECP256R1())
