"""The signed examples of RFC 7515, RFC 7520 and RFC 8037: each holds, and none of it holds when anything is altered."""

import json
from pathlib import Path

import pytest

from tests import forge
from tests.vectors.judge import accepted

VECTORS = {each["source"]: each for each in json.loads(Path(__file__).with_name("rfc.json").read_text())["vectors"]}
each_vector = pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())


@each_vector
def test_it_holds(vector):
    assert accepted(vector["jws"], forge.jwks(vector["key"]))


@each_vector
def test_every_altered_character_is_noticed(vector):
    text = vector["jws"]
    for at in range(0, len(text), 5):
        other = "A" if text[at] != "A" else "B"
        assert not accepted(text[:at] + other + text[at + 1 :], forge.jwks(vector["key"]))


@each_vector
def test_other_keys_did_not_sign_it(vector):
    others = [each["key"] for each in VECTORS.values() if each["key"] != vector["key"]]
    for key in others:
        assert not accepted(vector["jws"], forge.jwks(key))


@each_vector
def test_a_key_for_something_else_does_not_serve(vector):
    for change in ({"use": "enc"}, {"key_ops": ["sign"]}, {"alg": "HS256"}, {"kty": "oct"}, {"d": "AQAB"}):
        assert not accepted(vector["jws"], forge.jwks({**vector["key"], **change}))
