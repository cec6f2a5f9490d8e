import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, x25519

from accredit.issuers import material
from accredit.issuers.material import Weak
from tests.forge import rsa_key
from tests.issuers.weak import ROCA_PRIMES, modulus, roca_modulus
from tests.support.every import every

MODULI = {
    "2047 bits": (modulus(2047), "KP-02", "a modulus of 2047 bits, not 2048 to 8192"),
    "8193 bits": (modulus(8193), "KP-02", "a modulus of 8193 bits"),
    "1024 bits": (modulus(1024), "KP-02", "a modulus of 1024 bits"),
    "nothing": (0, "KP-02", "a modulus of 0 bits"),
    "even": ((1 << 2047) + 2, "KP-02", "a modulus that 2 divides"),
    "a multiple of 997": (modulus(2040) * 997, "KP-02", "a modulus that 997 divides"),
    "ROCA": (roca_modulus(), "KP-04", "ROCA"),
    "ROCA, 4096 bits": (roca_modulus(4096), "KP-04", "ROCA"),
}
EXPONENTS = {"1": 1, "2": 2, "3": 3, "65535": 65_535, "65538, even": 65_538, "2^32 + 1": 2**32 + 1, "0": 0}


@every(("n", "rule", "reason"), MODULI.values(), ids=MODULI.keys())
def test_moduli_that_are_refused(n, rule, reason):
    with pytest.raises(Weak, match="modulus") as weak:
        material.rsa_key(n, 65_537)
    assert weak.value.rule == rule
    assert reason in str(weak.value)


@every("bits", [2048, 2049, 3072, 8192])
def test_moduli_that_are_accepted(bits):
    assert material.rsa_key(modulus(bits), 65_537).key_size == bits


@every("e", EXPONENTS.values(), ids=EXPONENTS.keys())
def test_exponents_that_are_refused(e):
    with pytest.raises(Weak, match="public exponent") as weak:
        material.rsa_key(modulus(2048), e)
    assert weak.value.rule == "KP-03"


@every("e", [65_537, 65_539, 2**32 - 1])
def test_exponents_that_are_accepted(e):
    assert material.rsa_key(modulus(2048), e).public_numbers().e == e


def test_honest_keys_do_not_bear_the_roca_fingerprint():
    assert not any(material.is_roca(rsa_key(2048, number).public_key().public_numbers().n) for number in range(2))


@every("prime", ROCA_PRIMES)
def test_the_roca_fingerprint_needs_every_prime(prime):
    powers = {pow(65_537, exponent, prime) for exponent in range(prime)}
    others = set(range(prime)) - powers
    n = next((roca_modulus() + (each - roca_modulus()) % prime for each in others - {0}), None)
    if n is None:  # 65537 generates the whole group: this prime excludes multiples of itself only
        n = roca_modulus() - roca_modulus() % prime
    assert n % prime in others
    assert not material.is_roca(n)


CERTIFIED = {
    "RSA": (lambda: rsa_key().public_key(), ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()).public_key(), ("ES256",)),
    "P-384": (lambda: ec.generate_private_key(ec.SECP384R1()).public_key(), ("ES384",)),
    "P-521": (lambda: ec.generate_private_key(ec.SECP521R1()).public_key(), ("ES512",)),
    "Ed25519": (lambda: ed25519.Ed25519PrivateKey.generate().public_key(), ("EdDSA", "Ed25519")),
}
UNUSED = {
    "secp256k1": (lambda: ec.generate_private_key(ec.SECP256K1()).public_key(), "KP-05"),
    "Ed448": (lambda: ed448.Ed448PrivateKey.generate().public_key(), "KP-01"),
    "X25519": (lambda: x25519.X25519PrivateKey.generate().public_key(), "KP-01"),
    "RSA of 1024 bits": (lambda: rsa_key(1024).public_key(), "KP-02"),
}


@every(("make", "algorithms"), CERTIFIED.values(), ids=CERTIFIED.keys())
def test_a_key_of_a_certificate_passes_the_same_rules(make, algorithms):
    key = make()
    assert material.refuse_weak(key) is key
    assert material.algorithms(key) == algorithms


@every(("make", "rule"), UNUSED.values(), ids=UNUSED.keys())
def test_and_may_be_refused_by_them(make, rule):
    with pytest.raises(Weak) as weak:
        material.refuse_weak(make())
    assert weak.value.rule == rule
