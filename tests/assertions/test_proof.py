import hmac
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest

from accredit import assertions
from accredit.assertions import EXTENDED, Proven, proof
from accredit.errors import (
    ALGORITHM_NOT_ALLOWED,
    FEDERATION_BLOCKED,
    ISSUER_NOT_TRUSTED,
    KEY_NOT_FOUND,
    KEY_REFERENCE_MISSING,
    KEY_UNSUITABLE,
    LIFETIME_TOO_LONG,
    NOT_IN_TIME,
    SIGNATURE_INVALID,
    Refused,
)
from accredit.issuers import EMPTY, IssuerUrl, KeyReference, jwks
from tests import forge
from tests.forge import AT, ISSUER, NOW, b64, certificate, claims, compact_json, jwk, key_for, sign, token
from tests.issuers.records import extended, record
from tests.refusals import refusal
from tests.support.every import every


def keys(*entries, issuer=None, uploaded=False):
    return jwks.parse(forge.jwks(*entries), issuer or extended(), uploaded=uploaded)


def parsed(*arguments, **options):
    return assertions.parse(token(*arguments, **options), EXTENDED)


def verify(presented, key_set, issuer=None, now=NOW):
    return assertions.verify(presented, issuer or extended(), key_set, now)


RS256 = keys(jwk(key_for("RS256"), kid="key-1"))


@every("tagged", [True, False], ids=["the key names it", "the key names none"])
@every("alg", forge.ALGORITHMS)
def test_a_token_of_each_algorithm_is_proven(alg, tagged):
    presented = parsed(alg=alg)
    found = verify(presented, keys(jwk(key_for(alg), kid="key-1", alg=alg if tagged else None)))
    assert found.presented is presented
    assert found.issuer.url == ISSUER
    assert found.key.kid == "key-1"


@every("alg", forge.ALGORITHMS)
def test_a_token_that_somebody_else_signed_is_not(alg):
    presented = parsed(alg=alg, key=key_for(alg, 1))
    assert refusal(verify, presented, keys(jwk(key_for(alg), kid="key-1"))) is SIGNATURE_INVALID


def altered(text, part):
    """The same token with one claim, one header member or one octet of the signature changed."""
    segments = text.split(".")
    segments[part] = {
        0: b64(compact_json({"alg": "RS256", "kid": "key-1", "typ": "JWT", "x": 1})),
        1: b64(compact_json(claims(sub="repo:evil/evil:ref:refs/heads/main"))),
        2: ("B" if segments[2][0] == "A" else "A") + segments[2][1:],
    }[part]
    return ".".join(segments)


@every("part", [0, 1, 2], ids=["header", "payload", "signature"])
def test_a_token_that_was_altered_is_not(part):
    presented = assertions.parse(altered(token(), part), EXTENDED)
    assert refusal(verify, presented, RS256) is SIGNATURE_INVALID


ALGORITHM_CONFUSION = {
    "RS256 under a key for PS256": ("RS256", jwk(key_for("RS256"), kid="key-1", alg="PS256"), KEY_UNSUITABLE),
    "PS256 under a key for RS256": ("PS256", jwk(key_for("RS256"), kid="key-1", alg="RS256"), KEY_UNSUITABLE),
    "RS512 under a key for RS256": ("RS512", jwk(key_for("RS256"), kid="key-1", alg="RS256"), KEY_UNSUITABLE),
    "ES256 under an RSA key": ("ES256", jwk(key_for("RS256"), kid="key-1"), KEY_UNSUITABLE),
    "RS256 under an EC key": ("RS256", jwk(key_for("ES256"), kid="key-1"), KEY_UNSUITABLE),
    "ES256 under a key on P-384": ("ES256", jwk(key_for("ES384"), kid="key-1"), KEY_UNSUITABLE),
    "EdDSA under an EC key": ("EdDSA", jwk(key_for("ES256"), kid="key-1"), KEY_UNSUITABLE),
    "EdDSA under a key for Ed25519": ("EdDSA", jwk(key_for("EdDSA"), kid="key-1", alg="Ed25519"), KEY_UNSUITABLE),
}


@every(("alg", "entry", "row"), ALGORITHM_CONFUSION.values(), ids=ALGORITHM_CONFUSION.keys())
def test_the_algorithm_is_bound_to_the_key(alg, entry, row):
    assert refusal(verify, parsed(alg=alg), keys(entry)) is row


def test_ecdsa_in_der_is_a_bad_signature():
    assert refusal(verify, parsed(alg="ES256", der=True), keys(jwk(key_for("ES256"), kid="key-1"))) is SIGNATURE_INVALID


class TestTheRecord:
    def test_its_own_list_holds_whatever_the_server_takes(self):
        issuer = record(algorithms=("RS256", "ES256"))
        with pytest.raises(Refused) as refused:
            assertions.refuse_algorithm(KeyReference("PS256", kid="key-1"), issuer)
        assert refused.value.row is ALGORITHM_NOT_ALLOWED
        assert refused.value.fields == {"alg": "PS256", "allowed": "RS256,ES256"}
        assert refusal(assertions.refuse_algorithm, KeyReference("ES256"), issuer) is None

    def test_its_list_is_looked_at_before_the_keys(self):
        assert refusal(verify, parsed(alg="ES256"), EMPTY, record()) is ALGORITHM_NOT_ALLOWED

    def test_a_blocked_one_refuses_at_once(self):
        issuer = record(blocked=True)
        assert refusal(assertions.refuse_algorithm, KeyReference("RS256", kid="key-1"), issuer) is FEDERATION_BLOCKED
        assert refusal(verify, parsed(), RS256, issuer) is FEDERATION_BLOCKED

    @pytest.mark.parametrize("url", [ISSUER + "/", ISSUER.upper(), "https://gitlab.com"])
    def test_a_record_of_another_issuer_proves_nothing(self, url):
        assert refusal(verify, parsed(), RS256, record(url=IssuerUrl(url))) is ISSUER_NOT_TRUSTED

    def test_keys_of_another_record_prove_nothing(self):
        other = keys(jwk(key_for("RS256", 1), kid="key-1"))
        assert refusal(verify, parsed(), other) is SIGNATURE_INVALID

    def test_a_self_signed_assertion_is_never_of_an_issuer(self):
        presented = parsed(claims(iss="own", sub="own"))
        assert refusal(verify, presented, RS256, extended(url=IssuerUrl("own"))) is ISSUER_NOT_TRUSTED


UNKNOWN = {
    "another kid": ({"kid": "key-2"}, "key-2"),
    "another case": ({"kid": "KEY-1"}, "KEY-1"),
    "an empty kid": ({"kid": ""}, ""),
    "a kid with SQL in it": ({"kid": "' OR 1=1 --"}, "' OR 1=1 --"),
    "a kid that is a path": ({"kid": "../../etc/passwd"}, "../../etc/passwd"),
    "a kid with control characters": ({"kid": "a\r\n\0b"}, "a���b"),
    "a kid of 20 octets": ({"kid": b64(bytes(range(20)))}, "000102030405060708090A0B0C0D0E0F10111213"),
    "a kid of 20 octets, padded": ({"kid": b64(bytes(20)) + "="}, b64(bytes(20)) + "="),
    "a kid of 32 octets": ({"kid": b64(bytes(32))}, b64(bytes(32))),
    "a thumbprint": ({"kid": ..., "x5t": b64(b"\xff" * 20)}, "FF" * 20),
    "a long thumbprint": ({"kid": ..., "x5t#S256": b64(bytes(32))}, b64(bytes(32))),
}


@every(("header", "shown"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_key_that_is_not_there(header, shown):
    with pytest.raises(Refused) as refused:
        verify(parsed(header=header), RS256)
    assert refused.value.row is KEY_NOT_FOUND
    assert refused.value.fields == {"key": shown, "issuer": ISSUER}
    assert refused.value.detail == "none of the issuer's 1 usable keys is meant"


def test_with_no_keys_at_hand_nothing_is_found():
    assert refusal(verify, parsed(), EMPTY) is KEY_NOT_FOUND


DROPPED = {
    "too small": (jwk(forge.rsa_key(1024), kid="key-1"), "KP-02: "),
    "for encryption": (jwk(key_for("RS256"), kid="key-1", use="enc"), "KP-07: "),
    "private": (jwk(key_for("RS256"), kid="key-1", d="AQAB"), "KP-11: "),
}


@every(("entry", "rule"), DROPPED.values(), ids=DROPPED.keys())
def test_a_key_that_policy_dropped_is_unsuitable_and_the_detail_names_the_rule(entry, rule):
    with pytest.raises(Refused) as refused:
        verify(parsed(), keys(entry, jwk(key_for("ES256"), kid="alive")))
    assert refused.value.row is KEY_UNSUITABLE
    assert refused.value.detail.startswith(rule)


def test_of_two_keys_of_one_kid_none_is_used():
    both = keys(
        jwk(key_for("RS256"), kid="key-1"), jwk(key_for("RS256", 1), kid="key-1"), jwk(key_for("ES256"), kid="x")
    )
    with pytest.raises(Refused) as refused:
        verify(parsed(), both)
    assert refused.value.row is KEY_UNSUITABLE
    assert refused.value.detail.startswith("KP-10: ")


EMBEDDED = {
    "jwk": {"jwk": jwk(key_for("RS256", 1))},
    "jku": {"jku": "https://evil.example/jwks"},
    "x5u": {"x5u": "https://evil.example/certificate"},
    "x5c": {"x5c": [b64encode(certificate("RS256", 1).der).decode()]},
}


@every("header", EMBEDDED.values(), ids=EMBEDDED.keys())
def test_a_token_is_judged_on_the_registered_key_alone(header):
    (name,) = header
    with pytest.raises(Refused) as refused:
        verify(parsed(key=key_for("RS256", 1), header=header), RS256)
    assert refused.value.row is SIGNATURE_INVALID
    assert refused.value.detail == f"the header's {name} was ignored: only registered keys count"
    assert verify(parsed(header=header), RS256).key.kid == "key-1"


def hmac_confusion():
    """HS256 with what an attacker knows of the registered key as the secret."""
    public = key_for("RS256").public_key()
    encodings = forge.serialization
    pem = public.public_bytes(encodings.Encoding.PEM, encodings.PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(encodings.Encoding.DER, encodings.PublicFormat.SubjectPublicKeyInfo)
    entry = jwk(key_for("RS256"), kid="key-1")
    return {"PEM": pem, "DER": der, "JWK": compact_json(entry), "modulus": entry["n"].encode(), "nothing": b""}


@every("secret", hmac_confusion().values(), ids=hmac_confusion().keys())
@every("alg", ["HS256", "RS256"])
def test_a_public_key_is_never_a_secret(secret, alg):
    signed = f"{b64(compact_json({'alg': alg, 'kid': 'key-1'}))}.{b64(compact_json(claims()))}"
    text = f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"
    if alg == "HS256":
        assert refusal(assertions.parse, text, EXTENDED) is ALGORITHM_NOT_ALLOWED
    else:
        assert refusal(verify, assertions.parse(text, EXTENDED), RS256) is SIGNATURE_INVALID


class TestWithoutKeyReference:
    PRESENTED = parsed(header={"kid": ...})

    def many(self, count, **members):
        return keys(
            *(jwk(key_for("ES256", n + 1), kid=f"k{n}") for n in range(count)), jwk(key_for("RS256"), **members)
        )

    def test_the_record_may_demand_one(self):
        assert refusal(verify, self.PRESENTED, RS256, record()) is KEY_REFERENCE_MISSING

    def test_the_keys_that_serve_are_tried(self):
        assert verify(self.PRESENTED, self.many(20)).key.kty == "RSA"

    def test_none_that_serves(self):
        with pytest.raises(Refused) as refused:
            verify(self.PRESENTED, keys(jwk(key_for("ES256"), kid="k")))
        assert refused.value.row is KEY_NOT_FOUND
        assert refused.value.fields["key"] == ""

    @pytest.mark.parametrize(("count", "row"), [(7, None), (8, None), (9, KEY_NOT_FOUND)])
    def test_eight_at_most(self, count, row):
        others = [jwk(key_for("ES256", n + 1), kid=f"k{n}") for n in range(count - 1)]
        presented = parsed(alg="ES256", header={"kid": ...})
        assert refusal(verify, presented, keys(*others, jwk(key_for("ES256"), kid="last"))) is row

    def test_the_detail_says_how_many(self):
        presented = parsed(alg="ES256", header={"kid": ...})
        with pytest.raises(Refused) as refused:
            verify(presented, keys(*(jwk(key_for("ES256", n), kid=f"k{n}") for n in range(9))))
        assert refused.value.detail == "9 keys could be meant, 8 at most are tried"

    def test_none_of_them_signed_it(self):
        presented = parsed(alg="ES256", key=key_for("ES256", 5), header={"kid": ...})
        assert refusal(verify, presented, keys(jwk(key_for("ES256")), jwk(key_for("ES256", 1)))) is SIGNATURE_INVALID


class TestByThumbprint:
    def test_the_key_that_bears_it(self):
        known = keys(jwk(key_for("RS256", 1), kid="a", x5t="other"), jwk(key_for("RS256"), kid="b", x5t="mine"))
        assert verify(parsed(header={"kid": ..., "x5t": "mine"}), known).key.kid == "b"

    def test_a_key_that_bears_it_and_serves_another_algorithm_is_not_tried(self):
        known = keys(
            jwk(key_for("RS256"), kid="a", x5t="mine", alg="PS256"), jwk(key_for("RS256", 1), kid="b", x5t="mine")
        )
        assert refusal(verify, parsed(header={"kid": ..., "x5t": "mine"}), known) is SIGNATURE_INVALID

    def test_no_more_than_eight_bear_it(self):
        known = keys(*(jwk(key_for("ES256", n), kid=f"k{n}", x5t="mine") for n in range(9)))
        presented = parsed(alg="ES256", header={"kid": ..., "x5t": "mine"})
        assert refusal(verify, presented, known) is KEY_NOT_FOUND

    def test_padding_is_not_forgiven(self):
        known = keys(jwk(key_for("RS256"), kid="a", x5t="dGh1bWI"))
        assert refusal(verify, parsed(header={"kid": ..., "x5t": "dGh1bWI="}), known) is KEY_NOT_FOUND


@every(("end", "row"), [(AT - 1, KEY_NOT_FOUND), (AT, KEY_NOT_FOUND), (AT + 1, None), (None, None)])
def test_an_uploaded_key_has_an_end(end, row):
    known = keys(jwk(key_for("RS256"), kid="key-1", not_after=end), uploaded=True)
    assert refusal(verify, parsed(), known) is row


TIMES = {
    "one second before the end of the skew": (AT + 599, None),
    "the end of the skew": (AT + 600, NOT_IN_TIME),
    "one second after": (AT + 601, NOT_IN_TIME),
    "issued one second too far ahead": (AT - 301, NOT_IN_TIME),
    "issued the skew ahead": (AT - 300, None),
}


@every(("at", "row"), TIMES.values(), ids=TIMES.keys())
def test_the_times_are_judged_with_the_records_skew(at, row):
    now = NOW + timedelta(seconds=at - AT)
    assert refusal(verify, parsed(), RS256, None, now) is row


@pytest.mark.parametrize(("skew", "row"), [(0, NOT_IN_TIME), (1, None)])
def test_a_smaller_skew_is_stricter(skew, row):
    assert refusal(verify, parsed(claims(exp=AT)), RS256, extended(skew=skew)) is row


@every(("life", "row"), [(3599, None), (3600, None), (3601, LIFETIME_TOO_LONG)])
def test_the_life_is_judged_with_the_records_limit(life, row):
    presented = parsed(claims(exp=AT + life))
    assert refusal(verify, presented, RS256, extended(max_lifetime=3600)) is row


ORDER = {
    "the key before the signature": (parsed(key=key_for("RS256", 1), header={"kid": "x"}), KEY_NOT_FOUND),
    "the signature before the times": (parsed(claims(exp=AT - 9999), key=key_for("RS256", 1)), SIGNATURE_INVALID),
    "the times before the life": (parsed(claims(exp=AT - 9999, iat=0)), NOT_IN_TIME),
    "the life at last": (parsed(claims(exp=AT + 9999, iat=0)), LIFETIME_TOO_LONG),
}


@every(("presented", "row"), ORDER.values(), ids=ORDER.keys())
def test_the_first_failing_check_decides(presented, row):
    assert refusal(verify, presented, RS256) is row


def test_who_signed_can_be_asked_without_the_times():
    presented = parsed(claims(exp=AT - 99_999))
    assert assertions.signed_by(presented, extended(), RS256, NOW).kid == "key-1"
    assert refusal(verify, presented, RS256) is NOT_IN_TIME


class TestProven:
    def test_it_cannot_be_made_by_hand(self):
        made = verify(parsed(), RS256)
        with pytest.raises(TypeError, match="is the result of verify"):
            Proven(made.presented, made.issuer, made.key, object())
        with pytest.raises(TypeError):
            Proven(made.presented, made.issuer, made.key)

    def test_nor_out_of_another_one(self):
        made = verify(parsed(), RS256)
        with pytest.raises((TypeError, ValueError)):
            replace(made, presented=parsed(claims(sub="evil")))
        with pytest.raises(AttributeError):
            made.presented = parsed(claims(sub="evil"))

    def test_presented_is_something_else(self):
        assert not isinstance(parsed(), Proven)

    def test_its_seal_is_not_kept(self):
        assert "seal" not in repr(verify(parsed(), RS256))


def test_a_key_reference_is_printed_as_entra_does():
    assert proof.identifier(KeyReference("RS256", kid="dummy")) == "dummy"
    assert proof.identifier(KeyReference("RS256")) == ""


def test_signatures_are_checked_over_the_octets_that_came():
    header, payload = b'{ "alg" : "RS256", "kid":"key-1"}', compact_json(claims()).replace(b",", b" ,\n")
    signed = f"{b64(header)}.{b64(payload)}"
    text = f"{signed}.{b64(sign('RS256', key_for('RS256'), signed.encode()))}"
    assert verify(assertions.parse(text, EXTENDED), RS256).presented.subject == forge.SUBJECT
