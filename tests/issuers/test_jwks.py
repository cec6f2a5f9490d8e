import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import ISSUER_UNREACHABLE, Refused
from accredit.issuers import EMPTY, KeyReference, jwks
from tests import forge
from tests.forge import ALGORITHMS, b64, certificate, jwk, key_for, octets_of, rsa_key
from tests.issuers.records import extended, record
from tests.issuers.weak import honest, modulus, roca_modulus, rsa_jwk
from tests.refusals import refusal
from tests.strategies import json_values
from tests.support.every import every

EC = key_for("ES256")
OTHER = rsa_key(2048, 1)
POINT = jwk(EC, kid="key-1")


def parse(*entries, issuer=None, **options):
    return jwks.parse(forge.jwks(*entries), issuer or extended(), **options)


def judged(entry, issuer=None):
    """What becomes of ``entry`` beside a key that keeps the document alive."""
    return parse(entry, jwk(OTHER, kid="alive"), issuer=issuer)


DROPPED = {
    "a symmetric key": ({"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"}, "KP-01", "a symmetric key"),
    "1024 bits": (jwk(rsa_key(1024), kid="key-1"), "KP-02", "1024 bits"),
    "2047 bits": (rsa_jwk(modulus(2047)), "KP-02", "2047 bits"),
    "8193 bits": (rsa_jwk(modulus(8193)), "KP-02", "8193 bits"),
    "exponent 1": (honest(e="AQ"), "KP-03", "public exponent"),
    "exponent 3": (honest(e="Aw"), "KP-03", "public exponent"),
    "exponent 2^32 + 1": (honest(e=b64(octets_of(2**32 + 1))), "KP-03", "public exponent"),
    "ROCA": (rsa_jwk(roca_modulus()), "KP-04", "ROCA"),
    "a point off the curve": ({**POINT, "y": b64(b"\x01" * 32)}, "KP-05", "not on the curve"),
    "a coordinate beyond the field": ({**POINT, "x": b64(b"\xff" * 32)}, "KP-05", "not on the curve"),
    "a coordinate too short": ({**POINT, "x": b64(b"\x01" * 31)}, "KP-05", "not 32 octets"),
    "a coordinate with a leading zero too many": ({**POINT, "y": b64(b"\0" + b"\x01" * 32)}, "KP-05", "not 32 octets"),
    "a curve that is not used": ({**POINT, "crv": "secp256k1"}, "KP-05", "a curve other than"),
    "a curve of another size": ({**POINT, "crv": "P-384"}, "KP-05", "not 48 octets"),
    "a curve that is no text": ({**POINT, "crv": ["P-256"]}, "KP-05", "a curve other than"),
    "Ed448": ({"kty": "OKP", "crv": "Ed448", "kid": "key-1", "x": "AA"}, "KP-06", "other than Ed25519"),
    "an Ed25519 key of 31 octets": (jwk(key_for("EdDSA"), kid="key-1", x=b64(b"x" * 31)), "KP-06", "32 octets"),
    "for encryption": (honest(use="enc"), "KP-07", "its use is not sig"),
    "a use that is no text": (honest(use=["sig"]), "KP-07", "its use is not sig"),
    "a use that is null": ({**honest(), "use": None}, "KP-07", "its use is not sig"),
    "operations without verify": (honest(key_ops=["sign"]), "KP-08", "do not contain verify"),
    "operations that are no list": (honest(key_ops="verify"), "KP-08", "do not contain verify"),
    "operations that contradict the use": (honest(key_ops=["verify", "encrypt"]), "KP-08", "contradict its use"),
    "operations that are no text": (honest(key_ops=["verify", 1]), "KP-08", "contradict its use"),
    "an algorithm of another type": (honest(alg="ES256"), "KP-09", "does not fit its key type"),
    "an algorithm of another curve": ({**POINT, "alg": "ES384"}, "KP-09", "does not fit its key type"),
    "an algorithm that does not exist": ({**POINT, "alg": "ES521"}, "KP-09", "does not fit its key type"),
    "an algorithm of another lower case": (honest(alg="rs256"), "KP-09", "does not fit its key type"),
    "an algorithm of encryption": (honest(alg="RSA-OAEP"), "KP-09", "does not fit its key type"),
    "an algorithm that is no text": (honest(alg=["RS256"]), "KP-09", "does not fit its key type"),
    "an empty kid": (honest(kid=""), "KP-10", "1 to 256 characters"),
    "a kid of 257 characters": (honest(kid="k" * 257), "KP-10", "1 to 256 characters"),
    "a kid that is a number": (honest(kid=1), "KP-10", "1 to 256 characters"),
    "a kid that is null": ({**honest(), "kid": None}, "KP-10", "1 to 256 characters"),
    "a private RSA key": (honest(d="AQAB"), "KP-11", "the private members d are published"),
    "its primes": (honest(p="AQ", q="AQ"), "KP-11", "the private members p, q are published"),
    "a private EC key": ({**POINT, "d": "AQAB"}, "KP-11", "the private members d"),
    "a symmetric secret beside a public key": (honest(k="AQAB"), "KP-11", "the private members k"),
    "padding": (honest(e="AQAB="), "KP-12", "e: not base64url: padding"),
    "white space": (honest(e="AQ AB"), "KP-12", "e: not base64url"),
    "the standard alphabet": (honest(n="+" * 342), "KP-12", "n: not base64url"),
    "stray bits": (jwk(key_for("EdDSA"), kid="key-1", x="A" * 42 + "B"), "KP-12", "stray bits"),
    "an empty modulus": (honest(n=""), "KP-12", "n is missing"),
    "no modulus": (jwk(rsa_key(), kid="key-1", n=None), "KP-12", "n is missing"),
    "an exponent that is a number": (honest(e=65537), "KP-12", "e is missing or not a string"),
    "an unknown type": ({"kty": "LMS", "kid": "key-1"}, "KP-15", "an unknown key type"),
    "no type": ({"kid": "key-1"}, "KP-15", "an unknown key type"),
    "a type that is no text": ({"kty": {}, "kid": "key-1"}, "KP-15", "an unknown key type"),
    "no object": ("key-1", "KP-15", "not a JSON object"),
    "null": (None, "KP-15", "not a JSON object"),
}


@every(("entry", "rule", "reason"), DROPPED.values(), ids=DROPPED.keys())
def test_a_key_that_breaks_a_rule_is_dropped_and_the_others_stay(entry, rule, reason):
    found = judged(entry)
    assert [each.kid for each in found.keys] == ["alive"]
    (dropped,) = found.dropped
    assert dropped.rule == rule
    assert reason in dropped.reason
    assert dropped.critical is (rule in {"KP-04", "KP-11"})


@every(("entry", "rule", "reason"), DROPPED.values(), ids=DROPPED.keys())
def test_a_document_of_nothing_else_fails(entry, rule, reason):
    with pytest.raises(Refused) as refused:
        parse(entry)
    assert refused.value.row is ISSUER_UNREACHABLE
    assert refused.value.detail.startswith(f"jwks: no usable key among 1 ({rule} ")
    assert reason in refused.value.detail


ACCEPTED = {
    "RS256": (honest(alg="RS256"), ("RS256",)),
    "RSA without alg": (honest(), ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    "RSA of 8192 bits": (rsa_jwk(modulus(8192), alg="PS512"), ("PS512",)),
    "ES256": (POINT, ("ES256",)),
    "ES384": (jwk(key_for("ES384"), kid="key-1", alg="ES384"), ("ES384",)),
    "ES512": (jwk(key_for("ES512"), kid="key-1"), ("ES512",)),
    "Ed25519": (jwk(key_for("EdDSA"), kid="key-1"), ("EdDSA", "Ed25519")),
    "Ed25519 by its newer name": (jwk(key_for("EdDSA"), kid="key-1", alg="Ed25519"), ("Ed25519",)),
    "for verifying": (honest(key_ops=["verify"]), ALGORITHMS[:6]),
    "for signing and verifying": (honest(key_ops=["sign", "verify"]), ALGORITHMS[:6]),
    "operations without a use": (honest(use=None, key_ops=["verify", "encrypt"]), ALGORITHMS[:6]),
    "a JWT-SVID": (honest(use="jwt-svid"), ALGORITHMS[:6]),
    "an unknown member": (honest(issuer="https://x", ext=True), ALGORITHMS[:6]),
    "a kid of 256 characters": (honest(kid="k" * 256), ALGORITHMS[:6]),
}


@every(("entry", "algorithms"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted_for_the_algorithms_it_can_serve(entry, algorithms):
    (key,) = parse(entry).keys
    assert key.algorithms == algorithms
    assert key.kid == entry["kid"]
    assert key.kty == entry["kty"]
    assert key.alg == entry.get("alg")
    assert key.not_after is None


RECORDS = {
    "RS256 only, a key without alg": (honest(), record(), ("RS256",)),
    "RS256 only, a key for RS512": (honest(alg="RS512"), record(), "RS512 not in this issuer's list of algorithms"),
    "RS256 only, an EC key": (POINT, record(), "ES256 not in this issuer's list"),
    "RS256 only, an Ed25519 key": (
        jwk(key_for("EdDSA"), kid="key-1"),
        record(),
        "EdDSA, Ed25519 not in this issuer's list",
    ),
    "ES256 too, an EC key": (POINT, record(algorithms=("RS256", "ES256")), ("ES256",)),
}


@every(("entry", "issuer", "expected"), RECORDS.values(), ids=RECORDS.keys())
def test_the_records_own_list_holds(entry, issuer, expected):
    found = judged(entry, issuer)
    if isinstance(expected, tuple):
        assert found.keys[0].algorithms == expected
    else:
        assert [(each.rule, each.reason.startswith(expected)) for each in found.dropped] == [("KP-09", True)]


def test_a_jwt_svid_is_for_records_beyond_what_entra_takes():
    assert judged(honest(use="jwt-svid"), record()).dropped[0].rule == "KP-07"
    assert not judged(honest(use="jwt-svid"), record(require_kid=False)).dropped


VERSION_6 = b64encode(certificate("RS256").der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x05", 1)).decode()

NOTED = {
    "no use, in a record that Entra would take": (honest(use=None), record(), "KP-07"),
    "a leading zero octet in n": (
        honest(n=b64(b"\0" + octets_of(rsa_key().public_key().public_numbers().n))),
        record(),
        "KP-12",
    ),
    "a leading zero octet in e": (honest(e="AAEAAQ"), record(), "KP-12"),
    "a certificate of another key": (honest(x5c=[b64encode(certificate("RS256", 1).der).decode()]), record(), "KP-13"),
    "a certificate that is none": (honest(x5c=["MII="]), record(), "KP-13"),
    "a certificate of a version that there is not": (honest(x5c=[VERSION_6]), record(), "KP-13"),
    "a certificate that is no base64": (honest(x5c=["ü"]), record(), "KP-13"),
    "a chain that is no list": (honest(x5c={"a": 1}), record(), "KP-13"),
    "a chain of numbers": (honest(x5c=[1]), record(), "KP-13"),
}


@every(("entry", "issuer", "rule"), NOTED.values(), ids=NOTED.keys())
def test_oddities_are_noted_and_drop_nothing(entry, issuer, rule):
    found = parse(entry, issuer=issuer)
    assert [(each.kid, each.rule, bool(each.reason)) for each in found.noted] == [("key-1", rule, True)]
    assert not found.dropped
    assert len(found.keys) == 1


QUIET = {
    "no use, in an extended record": (honest(use=None), extended()),
    "the certificate of the key": (honest(x5c=[b64encode(certificate("RS256").der).decode()]), record()),
    "an empty chain": (honest(x5c=[]), record()),
}


@every(("entry", "issuer"), QUIET.values(), ids=QUIET.keys())
def test_what_is_not_odd_is_not_noted(entry, issuer):
    assert parse(entry, issuer=issuer).noted == ()


def test_a_leading_zero_octet_changes_nothing_about_the_key():
    plain, zero = parse(honest()), parse(honest(n=b64(b"\0" + octets_of(rsa_key().public_key().public_numbers().n))))
    assert plain.keys[0].thumbprint == zero.keys[0].thumbprint


def test_the_thumbprint_is_that_of_rfc_7638():
    n = (  # RFC 7638 section 3.1
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
        "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
        "kEgU8awapJzKnqDKgw"
    )
    found = parse({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert found.keys[0].thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_two_different_keys_of_one_kid_are_both_dropped():
    found = parse(honest(), jwk(OTHER, kid="key-1"), jwk(EC, kid="other"), honest())
    assert [each.kid for each in found.keys] == ["other"]
    assert [(each.kid, each.rule) for each in found.dropped] == [("key-1", "KP-10")]


def test_a_key_that_is_dropped_for_another_reason_does_not_contradict_its_kid():
    found = parse(honest(), jwk(OTHER, kid="key-1", use="enc"))
    assert [each.kid for each in found.keys] == ["key-1"]


def test_one_key_twice_is_one_key_that_serves_what_both_say():
    found = parse(honest(alg="RS256"), honest(alg="PS256"), honest(alg="RS256"))
    assert [each.algorithms for each in found.keys] == [("RS256", "PS256")]
    assert not found.dropped


def test_keys_without_kid_stand_for_themselves():
    found = parse(jwk(EC), jwk(OTHER), jwk(EC))
    assert [each.kty for each in found.keys] == ["EC", "RSA"]


def test_one_key_under_two_kids_is_two_names():
    found = parse(honest(kid="a"), honest(kid="b"), jwk(rsa_key()))
    assert [each.kid for each in found.keys] == ["a", "b", None]


@every(("count", "read", "noted"), [(0, 0, 0), (1, 1, 0), (99, 99, 0), (100, 100, 0), (101, 100, 1)])
def test_the_first_hundred_keys_are_read(count, read, noted):
    entries = [honest(kid=f"key-{number}") for number in range(count)]
    if not count:
        with pytest.raises(Refused) as refused:
            parse()
        assert refused.value.detail == "jwks: no usable key among 0"
        return
    found = parse(*entries)
    assert len(found.keys) == read
    assert [each.rule for each in found.noted] == ["KP-14"] * noted


def test_a_refusal_names_five_reasons_at_most():
    with pytest.raises(Refused) as refused:
        parse(*[{"kty": "oct"}] * 7)
    assert refused.value.detail.count("KP-01") == 5
    assert refused.value.detail.endswith("; 2 more)")


DOCUMENTS = {
    "nothing": (b"", "not JSON"),
    "HTML": (b"<!doctype html>", "a page of HTML"),
    "a list": (b"[]", "not a JSON object with a list of keys"),
    "a single key, fetched": (json.dumps(honest()).encode(), "not a JSON object with a list of keys"),
    "keys that are no list": (b'{"keys":{}}', "not a JSON object with a list of keys"),
    "keys twice": (b'{"keys":[],"keys":[]}', "the member 'keys' occurs twice"),
    "a kid twice in one key": (b'{"keys":[{"kid":"a","kid":"b"}]}', "the member 'kid' occurs twice"),
    "too deep": (b'{"keys":' + b"[" * 16 + b"]" * 16 + b"}", "nested deeper than 16"),
}


@every(("data", "reason"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_documents_that_are_refused(data, reason):
    with pytest.raises(Refused) as refused:
        jwks.parse(data, record())
    assert refused.value.row is ISSUER_UNREACHABLE
    assert refused.value.detail.startswith("jwks: ")
    assert reason in refused.value.detail


def test_the_size_limit_holds_exactly():
    padded = forge.jwks(honest()).ljust(512 * 1024)
    assert jwks.parse(padded, record()).keys
    with pytest.raises(Refused) as refused:
        jwks.parse(padded + b" ", record())
    assert refused.value.detail == "jwks: larger than 524288 bytes"


class TestUploaded:
    def test_a_set_as_text(self):
        assert jwks.parse(forge.jwks(honest()).decode(), record(), uploaded=True).keys[0].kid == "key-1"

    def test_a_single_key(self):
        assert jwks.parse(json.dumps(honest()), record(), uploaded=True).keys[0].kid == "key-1"

    def test_a_spiffe_bundle(self):
        bundle = {"spiffe_sequence": 1, "keys": [{"use": "x509-svid", **jwk(EC, use=None)}, honest(use="jwt-svid")]}
        found = jwks.parse(json.dumps(bundle), extended(), uploaded=True)
        assert [each.kid for each in found.keys] == ["key-1"]
        assert [each.rule for each in found.dropped] == ["KP-07"]

    @pytest.mark.parametrize(("value", "expected"), [(1795442400, 1795442400), (1.5, 1.5), (None, None)])
    def test_the_end_of_a_key(self, value, expected):
        (key,) = parse({**honest(), "not_after": value}, uploaded=True).keys
        assert key.not_after == expected

    @pytest.mark.parametrize("value", ["2026-11-23", True, [], {}])
    def test_an_end_that_is_no_number_drops_the_key(self, value):
        found = parse({**honest(), "not_after": value}, jwk(EC, kid="alive"), uploaded=True)
        assert [(each.kid, each.rule) for each in found.dropped] == [("key-1", "KP-15")]

    def test_a_fetched_document_has_no_ends(self):
        assert parse({**honest(), "not_after": 1}).keys[0].not_after is None


FINDABLE = parse(
    honest(kid="rsa", x5t="thumb", x5t_s256="x", alg="RS256"),
    {**jwk(EC, kid="ec"), "x5t#S256": "long-thumb"},
    jwk(key_for("ES384"), x5t="thumb"),
    {"kty": "oct", "kid": "secret"},
    {"kty": "oct"},
)

FOUND = {
    "a kid": (KeyReference("RS256", kid="rsa"), ["RSA"]),
    "a kid, whatever the algorithm": (KeyReference("ES512", kid="rsa"), ["RSA"]),
    "a kid before a thumbprint": (KeyReference("ES256", kid="ec", x5t="thumb"), ["EC"]),
    "a kid that nobody has": (KeyReference("RS256", kid="RSA"), []),
    "an empty kid": (KeyReference("RS256", kid=""), []),
    "the kid of a dropped key": (KeyReference("RS256", kid="secret"), []),
    "a thumbprint": (KeyReference("RS256", x5t="thumb"), ["RSA", "EC"]),
    "a long thumbprint": (KeyReference("ES256", x5t_s256="long-thumb"), ["EC"]),
    "a long thumbprint before a short one": (KeyReference("ES256", x5t="thumb", x5t_s256="other"), []),
    "nothing: every key that serves": (KeyReference("ES384"), ["EC"]),
    "nothing, and nobody serves": (KeyReference("PS256"), []),
}


class TestFind:
    @pytest.mark.parametrize(("wanted", "kinds"), FOUND.values(), ids=FOUND.keys())
    def test_which_keys_a_header_means(self, wanted, kinds):
        assert [each.kty for each in FINDABLE.find(wanted)] == kinds

    def test_why_a_key_is_not_used(self):
        assert FINDABLE.dropped_as(KeyReference("HS256", kid="secret")).rule == "KP-01"
        assert FINDABLE.dropped_as(KeyReference("HS256", kid="unknown")) is None
        assert FINDABLE.dropped_as(KeyReference("HS256")) is None

    def test_an_empty_set_has_nothing(self):
        assert EMPTY.keys == ()
        assert EMPTY.find(KeyReference("RS256", kid="rsa")) == ()
        assert EMPTY.find(KeyReference("RS256")) == ()


@given(st.binary(max_size=200) | json_values().map(lambda value: json.dumps(value).encode()))
def test_any_octets_are_a_key_set_or_refused(data):
    assert refusal(jwks.parse, data, extended()) in {None, ISSUER_UNREACHABLE}


MEMBERS = ["kty", "use", "kid", "alg", "n", "e", "crv", "x", "y", "key_ops", "x5c", "x5t", "x5t#S256", "d", "k"]


@given(
    st.sampled_from([honest(), POINT, jwk(key_for("EdDSA"))]),
    st.dictionaries(st.sampled_from(MEMBERS), json_values(3), max_size=3),
)
def test_a_key_with_any_members_changed_is_used_dropped_and_never_an_accident(entry, changes):
    found = parse({**entry, **changes}, jwk(OTHER, kid="alive"))
    assert len(found.keys) + len(found.dropped) in {1, 2}
    assert all(each.algorithms for each in found.keys)
