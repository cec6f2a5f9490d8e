"""Two libraries that others wrote agree with our reader and our verification, where they say anything."""

import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from accredit import assertions
from accredit.assertions import EXTENDED
from accredit.errors import Refused
from accredit.issuers import jwks
from tests import forge, strategies
from tests.forge import NOW, b64, compact_json, jwk, key_for, sign
from tests.issuers.records import extended
from tests.support.every import every

# joserfc warns of the older name of Ed25519, which issuers use.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

KINDS = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
ALGORITHMS = [alg for alg in forge.ALGORITHMS if alg != "Ed25519"]  # the newer name is not in every library


def ours(text, entry):
    """The claims, if the signature holds; times are left out, as they are below."""
    key_set = jwks.parse(forge.jwks(entry), extended())
    try:
        presented = assertions.parse(text, EXTENDED)
        assertions.signed_by(presented, extended(), key_set, NOW)
    except Refused:
        return None
    return presented.claims


def joserfcs(text, entry):
    try:
        found = jws.deserialize_compact(text, KINDS[entry["kty"]].import_key(entry), algorithms=ALGORITHMS)
        return json.loads(found.payload)
    except (JoseError, ValueError):
        return None


def pyjwts(text, entry):
    off = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    try:
        return jwt.decode(text, jwt.PyJWK(entry, algorithm=entry["alg"]), algorithms=[entry["alg"]], options=off)
    except jwt.PyJWTError:
        return None


def signed(alg, payload, key=None):
    head = b64(compact_json({"alg": alg, "kid": "key-1", "typ": "JWT"}))
    content = f"{head}.{b64(json.dumps(payload).encode())}"
    return f"{content}.{b64(sign(alg, key or key_for(alg), content.encode()))}"


def entry_for(alg, number=0):
    return jwk(key_for(alg, number), kid="key-1", alg=alg)


@given(st.sampled_from(ALGORITHMS), strategies.claim_sets())
def test_three_readers_accept_what_was_signed_and_read_the_same(alg, payload):
    text, entry = signed(alg, payload), entry_for(alg)
    assert ours(text, entry) == joserfcs(text, entry) == pyjwts(text, entry) == payload


@given(st.sampled_from(ALGORITHMS), strategies.claim_sets(), st.data())
def test_what_was_altered_nobody_accepts(alg, payload, data):
    text, entry = signed(alg, payload), entry_for(alg)
    at = data.draw(st.integers(0, len(text) - 1))
    altered = text[:at] + data.draw(st.sampled_from("AZaz09-_.")) + text[at + 1 :]
    if altered == text:
        return
    assert ours(altered, entry) is None
    # The others may take another spelling of the last character for the same octets: that is what we refuse.
    for theirs in (joserfcs(altered, entry), pyjwts(altered, entry)):
        assert theirs in (None, payload)


@given(st.sampled_from(ALGORITHMS), strategies.claim_sets())
def test_with_another_key_nobody_accepts(alg, payload):
    text, entry = signed(alg, payload), entry_for(alg, 1)
    assert ours(text, entry) is joserfcs(text, entry) is pyjwts(text, entry) is None


@given(strategies.compact_tokens(), st.sampled_from(["RS256", "ES256", "EdDSA"]))
def test_what_we_accept_they_accept(text, alg):
    entry = entry_for(alg)
    found = ours(text, entry)
    if found is not None:  # never: nobody signed it
        assert found == joserfcs(text, entry) == pyjwts(text, entry)


SPELLINGS = {
    "padding": lambda text: text + "=",
    "a new line inside": lambda text: text[:-3] + "\n" + text[-3:],
    "the standard alphabet": lambda text: text.replace("-", "+").replace("_", "/"),
}


@every("respell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_other_spellings_of_a_good_token_are_refused_here_whatever_others_do(respell):
    text = signed("RS256", forge.claims())
    assert ours(text, entry_for("RS256"))
    assert respell(text) == text or ours(respell(text), entry_for("RS256")) is None
