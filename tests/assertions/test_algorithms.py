import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from accredit.assertions.algorithms import ALGORITHMS, verify_signature
from accredit.assertions.compact import EXTENDED, SELF_SIGNED
from accredit.issuers import material
from tests import forge
from tests.forge import key_for, sign
from tests.support.every import every

SIGNED = b"header.payload"
SIGNATURES = {alg: sign(alg, key_for(alg), SIGNED) for alg in forge.ALGORITHMS}
EC = ("ES256", "ES384", "ES512")


def holds(alg, signature, *, signed=SIGNED, key=None, der=False):
    return verify_signature(alg, (key or key_for(alg)).public_key(), signed, signature, der=der)


def test_every_algorithm_of_a_policy_has_code_and_no_other():
    assert set(ALGORITHMS) == set(EXTENDED.algorithms) == set(forge.ALGORITHMS)
    assert set(SELF_SIGNED) < set(ALGORITHMS)
    assert {alg for algs in material.ALGORITHMS.values() for alg in algs} == set(ALGORITHMS)


@every("alg", ["none", "HS256", "RSA1_5", "rs256", ""])
def test_what_is_not_there_is_loud(alg):
    with pytest.raises(KeyError):
        verify_signature(alg, key_for("RS256").public_key(), SIGNED, b"x")


class TestEach:
    @every("alg", forge.ALGORITHMS)
    def test_its_own_signature_holds(self, alg):
        assert holds(alg, SIGNATURES[alg])

    @every("alg", forge.ALGORITHMS)
    def test_other_octets_were_not_signed(self, alg):
        assert not holds(alg, SIGNATURES[alg], signed=SIGNED + b"x")

    @every("alg", forge.ALGORITHMS)
    def test_another_key_did_not_sign(self, alg):
        assert not holds(alg, SIGNATURES[alg], key=key_for(alg, 1))

    @every("alg", forge.ALGORITHMS)
    @every("other", forge.ALGORITHMS)
    def test_it_is_not_the_signature_of_another_algorithm(self, alg, other):
        same = {alg, other} <= {"EdDSA", "Ed25519"} or alg == other
        assert holds(other, SIGNATURES[alg]) is same

    @every("alg", forge.ALGORITHMS)
    @every("other", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
    def test_a_key_of_another_type_is_no_match(self, alg, other):
        same = forge.KINDS[alg] == forge.KINDS[other]
        assert holds(alg, SIGNATURES[alg], key=key_for(other)) is same

    @every("alg", forge.ALGORITHMS)
    def test_every_shortening_and_lengthening_fails(self, alg):
        whole = SIGNATURES[alg]
        for altered in (b"", whole[:-1], whole[1:], whole + b"\0", b"\0" + whole, whole * 2):
            assert not holds(alg, altered)

    @every("alg", forge.ALGORITHMS)
    def test_every_octet_counts(self, alg):
        whole = SIGNATURES[alg]
        for at in range(0, len(whole), 7):
            assert not holds(alg, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


def test_pss_without_its_leading_zero_fails():
    """One signature in 256 begins with a zero; salts differ, so some message of a few thousand has one."""
    whole = next(each for each in (sign("PS256", key_for("PS256"), SIGNED) for _ in range(5_000)) if each[0] == 0)
    assert holds("PS256", whole)
    assert not holds("PS256", whole[1:])


def test_pss_with_another_salt_length_fails():
    key = forge.rsa_key()
    for length in (0, 31, 33, 190):
        scheme = forge.padding.PSS(forge.padding.MGF1(forge.HASHES["256"]), length)
        assert not holds("PS256", key.sign(SIGNED, scheme, forge.HASHES["256"]))


def test_pss_with_another_mask_hash_fails():
    scheme = forge.padding.PSS(forge.padding.MGF1(forge.HASHES["384"]), 32)
    assert not holds("PS256", forge.rsa_key().sign(SIGNED, scheme, forge.HASHES["256"]))


ORDERS = {alg: ALGORITHMS[alg].order for alg in EC}


def raw(alg, r, s):
    size = (ORDERS[alg].bit_length() + 7) // 8
    return r.to_bytes(size) + s.to_bytes(size)


@pytest.mark.parametrize("alg", EC)
class TestEcdsa:
    def numbers(self, alg):
        size = len(SIGNATURES[alg]) // 2
        return int.from_bytes(SIGNATURES[alg][:size]), int.from_bytes(SIGNATURES[alg][size:])

    def test_numbers_out_of_range_fail(self, alg):
        r, s = self.numbers(alg)
        order = ORDERS[alg]
        for pair in ((0, s), (r, 0), (0, 0), (order, s), (r, order), (order, order), (r, order + 1)):
            assert not holds(alg, raw(alg, *pair))
            assert not holds(alg, encode_dss_signature(*pair), der=True)

    def test_der_fails_unless_it_is_asked_for(self, alg):
        signature = sign(alg, key_for(alg), SIGNED, der=True)
        assert not holds(alg, signature)
        assert holds(alg, signature, der=True)
        assert holds(alg, SIGNATURES[alg], der=True)

    def test_der_has_one_spelling(self, alg):
        der = sign(alg, key_for(alg), SIGNED, der=True)
        r, s = decode_dss_signature(der)
        integer = encode_dss_signature(r, s)
        assert integer == der
        body = der[2:] if der[1] < 0x80 else der[3:]
        altered = {
            "a long form of the length": bytes([0x30, 0x82]) + len(body).to_bytes(2) + body,
            "octets behind it": der + b"\0",
            "another tag": b"\x31" + der[1:],
            "cut off": der[:-1],
            "a leading zero too many": b"\x30"
            + bytes([0x81, len(body) + 1])
            + b"\x02"
            + bytes([body[1] + 1])
            + b"\0"
            + body[2:],
            "nothing": b"\x30\x00",
        }
        for signature in altered.values():
            assert not holds(alg, signature, der=True)


@given(st.sampled_from(forge.ALGORITHMS), st.binary(max_size=140), st.booleans())
def test_no_octets_of_chance_hold(alg, signature, der):
    assert not holds(alg, signature, der=der)
