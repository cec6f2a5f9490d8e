from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from accredit import assertions
from accredit.assertions import ENTRA, SelfProven
from accredit.errors import (
    ASSERTION_AUDIENCE,
    ASSERTION_OF_ANOTHER,
    CLAIM_MISSING,
    KEY_EXPIRED,
    KEY_NOT_REGISTERED,
    KEY_REFERENCE_MISSING,
    KEY_UNSUITABLE,
    LIFETIME_TOO_LONG,
    NOT_IN_TIME,
    PROPERTY_INVALID,
    SIGNATURE_INVALID,
    Refused,
)
from tests import forge
from tests.forge import AT, NOW, b64, certificate, certify, compact_json, key_for, rsa_key, token
from tests.refusals import refusal
from tests.support.every import every

CLIENT = "4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5"
TENANT = "https://localhost:8443/8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b"
ENDPOINT = f"{TENANT}/oauth2/v2.0/token"
AUDIENCES = frozenset({ENDPOINT, f"{TENANT}/oauth2/token", f"{TENANT}/v2.0", f"{TENANT}/"})
MINE = certificate()
ELLIPTIC = certificate("ES256")
KEY_ID = UUID("0c5b4ed2-5a2c-4b2b-8a39-0d3bb8a0a7a1")
REGISTERED = (assertions.registered(MINE.der, KEY_ID), assertions.registered(ELLIPTIC.der, UUID(int=2)))


def claims(**changes):
    usual = {"iss": CLIENT, "sub": CLIENT, "aud": ENDPOINT, "iat": AT, "exp": AT + 600, "jti": "1"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def own(payload=None, **options):
    return assertions.parse(token(claims() if payload is None else payload, **options), ENTRA)


def verify(presented, keys=REGISTERED, client=CLIENT, now=NOW):
    return assertions.verify_self_signed(presented, keys, AUDIENCES, client, now)


def padded(octets):
    return urlsafe_b64encode(octets).decode()


ONLY = {"kid": ..., "typ": "JWT"}
CLIENTS = {
    "MSAL for Python": (
        claims(exp=AT + 600.25, iat=AT + 0.25),
        {"header": {**ONLY, "x5t": padded(MINE.sha1), "x5c": ["MIIB"]}},
    ),
    "@azure/identity": (claims(nbf=AT), {"alg": "PS256", "header": {**ONLY, "x5t#S256": b64(MINE.sha256)}}),
    "openid-client": (
        claims(aud=f"{TENANT}/v2.0", exp=AT + 60, nbf=AT),
        {"header": {"kid": b64(MINE.sha1), "typ": ...}},
    ),
    "Authlib": (claims(exp=AT + 3600), {"header": {**ONLY}}),
    "Terraform, RSA": (claims(exp=AT + 3600, nbf=AT), {"header": {"kid": padded(MINE.sha1)}}),
    "Terraform, EC in DER": (
        claims(exp=AT + 3600, nbf=AT),
        {"alg": "ES256", "der": True, "header": {"kid": padded(ELLIPTIC.sha1)}},
    ),
    "EC side by side": (claims(), {"alg": "ES256", "header": {"kid": b64(ELLIPTIC.sha1)}}),
    "EC in DER, no key reference": (claims(), {"alg": "ES256", "der": True, "header": ONLY}),
    "a thumbprint in upper-case hex": (claims(), {"header": {"kid": MINE.sha1.hex().upper()}}),
    "a thumbprint in lower-case hex": (claims(), {"header": {"kid": MINE.sha1.hex()}}),
    "a long thumbprint, padded": (claims(), {"header": {**ONLY, "x5t#S256": padded(MINE.sha256)}}),
    "a long thumbprint as kid": (claims(), {"header": {"kid": b64(MINE.sha256)}}),
    "the id of the registered key": (claims(), {"header": {"kid": str(KEY_ID).upper()}}),
    "one right reference of three": (
        claims(),
        {"header": {"kid": "mine", "x5t": b64(MINE.sha1), "x5t#S256": "AAAA"}},
    ),
    "RFC 7523's type": (claims(), {"header": {"kid": b64(MINE.sha1), "typ": "client-authentication+jwt"}}),
    "several audiences": (claims(aud=["https://other.example", ENDPOINT]), {"header": {"kid": b64(MINE.sha1)}}),
    "an upper-case client": (claims(iss=CLIENT.upper(), sub=CLIENT.upper()), {"header": {"kid": b64(MINE.sha1)}}),
    **{alg: (claims(), {"alg": alg, "header": {"kid": b64(MINE.sha1)}}) for alg in forge.ALGORITHMS[:6]},
}


@every(("payload", "options"), CLIENTS.values(), ids=CLIENTS.keys())
def test_what_clients_send_is_proven(payload, options):
    presented = own(payload, **options)
    found = verify(presented)
    assert found.presented is presented
    assert found.key in REGISTERED


def test_what_aio_of_azure_identity_sends_is_proven():
    """PS256, a padded SHA-256 thumbprint, and three padded segments: what was signed has its padding."""
    header, payload = {"typ": "JWT", "alg": "PS256", "x5t#S256": padded(MINE.sha256)}, claims(nbf=AT, exp=AT + 1800)
    signed = ".".join(padded(compact_json(each)) for each in (header, payload))
    text = f"{signed}.{padded(forge.sign('PS256', MINE.key, signed.encode()))}"
    assert text.endswith("==")
    assert verify(assertions.parse(text, ENTRA)).key.key_id == KEY_ID


def test_es384_too():
    certified = certificate("ES384")
    presented = own(alg="ES384", header={"kid": b64(certified.sha1)})
    assert verify(presented, [assertions.registered(certified.der, KEY_ID)]).key.key_id == KEY_ID


KNOWN = {"kid": b64(MINE.sha1)}
REFUSED = {
    "another client": (own(claims(iss="x", sub="x"), header=KNOWN), ASSERTION_OF_ANOTHER),
    "a federated assertion": (own(claims(iss=CLIENT, sub="repo:o/r"), header=KNOWN), ASSERTION_OF_ANOTHER),
    "a certificate that is not registered": (own(header={"kid": b64(bytes(20))}), KEY_NOT_REGISTERED),
    "a name that is no thumbprint": (own(header={"kid": "mine"}), KEY_NOT_REGISTERED),
    "hex digits that are none": (own(header={"kid": "g" * 40}), KEY_NOT_REGISTERED),
    "an empty kid": (own(header={"kid": ""}), KEY_NOT_REGISTERED),
    "no reference, and nobody's signature": (own(key=rsa_key(2048, 1), header=ONLY), KEY_REFERENCE_MISSING),
    "no reference, and no key that fits": (own(alg="ES384", header=ONLY), KEY_REFERENCE_MISSING),
    "somebody else's signature": (own(key=rsa_key(2048, 1), header=KNOWN), SIGNATURE_INVALID),
    "an algorithm that the key does not serve": (own(alg="ES256", header=KNOWN), KEY_UNSUITABLE),
    "an audience of another tenant": (own(claims(aud=f"{TENANT}x/v2.0"), header=KNOWN), ASSERTION_AUDIENCE),
    "the audience of federation": (own(claims(aud=forge.AUDIENCE), header=KNOWN), ASSERTION_AUDIENCE),
    "an audience with a slash too many": (own(claims(aud=ENDPOINT + "/"), header=KNOWN), ASSERTION_AUDIENCE),
    "the signature before the audience": (own(claims(aud="x"), key=rsa_key(2048, 1), header=KNOWN), SIGNATURE_INVALID),
    "the audience before the times": (own(claims(aud="x", exp=0), header=KNOWN), ASSERTION_AUDIENCE),
    "expired": (own(claims(exp=AT - 300), header=KNOWN), NOT_IN_TIME),
    "expired, just not": (own(claims(exp=AT - 299), header=KNOWN), None),
    "not valid yet": (own(claims(nbf=AT + 301), header=KNOWN), NOT_IN_TIME),
    "not valid yet, just not": (own(claims(nbf=AT + 300), header=KNOWN), None),
    "a life of a day": (own(claims(exp=AT + 86_400), header=KNOWN), None),
    "a life of a day and a second": (own(claims(exp=AT + 86_401), header=KNOWN), LIFETIME_TOO_LONG),
}


@every(("presented", "row"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(presented, row):
    assert refusal(verify, presented) is row


CONCERNING = {
    "somebody else's signature": True,
    "an algorithm that the key does not serve": True,
    "an audience of another tenant": True,
    "expired": True,
    "a life of a day and a second": True,
    "a certificate that is not registered": False,
    "another client": False,
}


@every("sentence", CONCERNING)
def test_a_refusal_names_the_registered_key_that_was_meant(sentence):
    with pytest.raises(Refused) as refused:
        verify(REFUSED[sentence][0])
    assert (refused.value.about is not None) is CONCERNING[sentence]


def test_an_issuers_token_that_names_the_client_as_issuer_only_is_not_self_signed():
    presented = own(claims(sub="somebody"), header=KNOWN)
    assert not presented.self_signed
    assert refusal(verify, presented) is ASSERTION_OF_ANOTHER


def test_without_registered_keys_nothing_is_registered():
    assert refusal(verify, own(header=KNOWN), ()) is KEY_NOT_REGISTERED
    assert refusal(verify, own(header=ONLY), ()) is KEY_REFERENCE_MISSING


@pytest.mark.parametrize(("before", "row"), [(31, None), (32, KEY_REFERENCE_MISSING)])
def test_without_reference_32_keys_are_tried(before, row):
    key = REGISTERED[0]
    others = [assertions.registered(certificate("RS256", 1).der, UUID(int=n)) for n in range(before)]
    assert refusal(verify, own(header=ONLY), [*others, key]) is row


class TestValidityOfTheCertificate:
    """A certificate that is valid from one day before NOW to one day after it."""

    CERTIFIED = certificate("RS256", 0, (-1, 1))
    KEYS = (assertions.registered(CERTIFIED.der, KEY_ID),)

    @pytest.mark.parametrize(
        ("seconds", "row"),
        [
            (-86_401, KEY_EXPIRED),
            (-86_400, None),
            (-86_399, None),
            (86_399, None),
            (86_400, None),
            (86_401, KEY_EXPIRED),
        ],
    )
    def test_it_holds_to_the_second(self, seconds, row):
        at = AT + seconds
        presented = own(claims(iat=at, exp=at + 60), header={"kid": b64(self.CERTIFIED.sha1)})
        assert refusal(verify, presented, self.KEYS, CLIENT, NOW + timedelta(seconds=seconds)) is row

    def test_the_text_is_that_of_entra(self):
        presented = own(header={"kid": b64(self.CERTIFIED.sha1)})
        with pytest.raises(Refused) as refused:
            verify(presented, self.KEYS, now=NOW + timedelta(days=2))
        assert refused.value.message == (
            "Client assertion contains an invalid signature. [Reason - The key used is expired., "
            f"Thumbprint of key used by client: '{self.CERTIFIED.sha1.hex().upper()}', "
            "Found key 'Start=11/22/2026 14:00:00, End=11/24/2026 14:00:00']"
        )

    def test_a_bad_signature_says_nothing_about_the_certificate(self):
        presented = own(key=rsa_key(2048, 1), header={"kid": b64(self.CERTIFIED.sha1)})
        assert refusal(verify, presented, self.KEYS, CLIENT, NOW + timedelta(days=2)) is SIGNATURE_INVALID


WEAK = {
    "no certificate": (b"MIIB", "cannot be used"),
    "nothing": (b"", "cannot be used"),
    "RSA of 1024 bits": (certify(rsa_key(1024)).der, "a modulus of 1024 bits"),
    "another curve": (
        certify(ec.generate_private_key(ec.SECP256K1())).der,
        "the curve secp256k1",
    ),
}


class TestRegistering:
    def test_a_certificate(self):
        key = REGISTERED[0]
        assert (key.key_id, key.x5t, key.x5t_s256) == (KEY_ID, MINE.sha1, MINE.sha256)
        assert key.algorithms == ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
        assert (key.not_before, key.not_after) == (NOW - timedelta(days=1), NOW + timedelta(days=365))

    def test_a_certificate_is_not_found_by_an_unreadable_thumbprint(self):
        assert refusal(verify, own(header={"kid": "!"}), REGISTERED) is KEY_NOT_REGISTERED

    @pytest.mark.parametrize(("der", "reason"), WEAK.values(), ids=WEAK.keys())
    def test_what_must_not_be_trusted_is_refused(self, der, reason):
        with pytest.raises(Refused) as refused:
            assertions.registered(der, KEY_ID)
        assert refused.value.row is PROPERTY_INVALID
        assert refused.value.fields == {"property": "keyCredentials", "kind": "Application"}
        assert reason in refused.value.detail

    def test_ed25519_is_no_algorithm_of_self_signed_assertions(self):
        key = assertions.registered(certify(key_for("EdDSA")).der, KEY_ID)
        assert key.algorithms == ("EdDSA", "Ed25519")
        assert not set(key.algorithms) & set(assertions.compact.SELF_SIGNED)


def test_the_proof_cannot_be_made_by_hand():
    made = verify(own(header=KNOWN))
    with pytest.raises(TypeError, match="is the result of verify_self_signed"):
        SelfProven(made.presented, made.key, object())
    with pytest.raises((TypeError, ValueError)):
        replace(made, key=REGISTERED[1])


HOLDER = UUID("7e1c8b70-5a1e-4f0a-9c55-5b0f4e0d2a11")


def possession(**changes):
    """A JWT that proves a key of the object ``HOLDER``; a change to ``...`` leaves the claim out."""
    usual = {"iss": str(HOLDER), "aud": assertions.selfsigned.PROOF_AUDIENCE, "nbf": AT, "exp": AT + 600}
    return {name: value for name, value in {**usual, **changes}.items() if value is not ...}


def prove(payload, **options):
    return assertions.verify_possession(token(payload, **options), REGISTERED, HOLDER, NOW)


@every(
    ("alg", "der", "header"),
    [
        ("RS256", False, {**ONLY, "kid": str(KEY_ID)}),
        ("PS256", False, {**ONLY, "x5t": b64(MINE.sha1)}),
        ("ES256", True, {**ONLY, "x5t": b64(ELLIPTIC.sha1)}),
        ("RS256", False, ONLY),
    ],
)
def test_a_key_of_an_object_is_proven_by_a_jwt_made_for_that(alg, der, header):
    proven = prove(possession(), alg=alg, key=key_for(alg), header=header, der=der)
    assert isinstance(proven, SelfProven)
    assert proven.presented.issuer == str(HOLDER)


@pytest.mark.parametrize("payload", [possession(iss=str(HOLDER).upper()), possession(sub=str(HOLDER))])
def test_a_proof_may_be_spelled(payload):
    prove(payload, header=ONLY)


NOT_PROVEN = {
    "for a token endpoint": (possession(aud=ENDPOINT), {}, ASSERTION_AUDIENCE),
    "of another object": (possession(iss=CLIENT), {}, ASSERTION_OF_ANOTHER),
    "without nbf": (possession(nbf=...), {}, CLAIM_MISSING),
    "for more than ten minutes": (possession(exp=AT + 601), {}, LIFETIME_TOO_LONG),
    "that has expired": (possession(nbf=AT - 900, exp=AT - 300), {}, NOT_IN_TIME),
    "that is not valid yet": (possession(nbf=AT + 301, exp=AT + 600), {}, NOT_IN_TIME),
    "by another key": (possession(), {"key": rsa_key(2048, 9), "header": {"kid": str(KEY_ID)}}, SIGNATURE_INVALID),
    "by a key that is not registered": (possession(), {"header": {"kid": "other"}}, KEY_NOT_REGISTERED),
}


@every("sentence", NOT_PROVEN)
def test_a_key_is_not_proven_by_a_jwt(sentence):
    payload, options, row = NOT_PROVEN[sentence]
    with pytest.raises(Refused) as caught:
        prove(payload, **({"header": ONLY} | options))
    assert caught.value.row is row


def test_a_registration_may_be_shorter_than_its_certificate_and_never_longer():
    day = timedelta(days=1)
    inside = assertions.registered(MINE.der, KEY_ID, starts_at=NOW, ends_at=NOW + day)
    assert (inside.not_before, inside.not_after) == (NOW, NOW + day)
    outside = assertions.registered(MINE.der, KEY_ID, starts_at=NOW - 9 * day, ends_at=NOW + 999 * day)
    assert (outside.not_before, outside.not_after) == (NOW - day, NOW + 365 * day)
