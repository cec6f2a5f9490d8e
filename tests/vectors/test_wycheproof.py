"""Vectors of project Wycheproof (C2SP), which stand beside the repository: refused is every invalid one, and why.

ACCREDIT_VECTORS names their folder. They are skipped when they are absent, and the skip says how many;
ACCREDIT_REQUIRE_VECTORS=1 makes it a failure.
"""

import json
import os
from hashlib import sha256
from pathlib import Path

import pytest

from accredit import assertions
from accredit.assertions import EXTENDED, compact
from accredit.errors import ASSERTION_MALFORMED
from accredit.issuers import base64url, jwks
from tests import forge
from tests.issuers.records import extended
from tests.refusals import refusal
from tests.vectors.judge import accepted, prove

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("ACCREDIT_VECTORS", ROOT.parent / "shared/data/vectors/wycheproof"))
REQUIRED = os.environ.get("ACCREDIT_REQUIRE_VECTORS") == "1"

# testvectors_v1 of commit dac1dd4729fd1f8dd9e1e9f3dce51d783da6c166: SHA-256 and number of vectors
FILES = {
    "json_web_signature_test.json": ("8e687a06fe8359f4ec51480f1a9f73c8faebd6f4c01b818b843b44eee54fd5d9", 401),
    "json_web_key_test.json": ("be983255bce26406f97020ec5458b33930a90d5f868e604fcd569c300aba2862", 26),
    "json_web_crypto_test.json": ("dcd58ac9548a7d6173437a691e4cc307dcd3cec9fd814a39cd2a94531cf4f8ce", 83),
}
EMPTY_PAYLOAD = {259, 264, 268, 272, 320, 325}  # valid signatures over nothing, which is no JWT
OTHER_ALGORITHM = {346, 350}  # PS384 under a key that says PS256
UNKNOWN_ALGORITHM = {347, 351}  # a key that says ES521


def groups(name):
    digest, count = FILES[name]
    path = FOLDER / name
    if not path.exists():
        complaint = f"{count} vectors not run: {name} is not in {FOLDER}"
        pytest.fail(complaint) if REQUIRED else pytest.skip(complaint)
    data = path.read_bytes()
    assert sha256(data).hexdigest() == digest
    found = json.loads(data)
    assert found["numberOfTests"] == count == sum(len(group["tests"]) for group in found["testGroups"])
    return found["testGroups"]


def vectors(name):
    """Each vector with its key document and whether any key of it is symmetric."""
    for group in groups(name):
        keys = group.get("public", group["private"])
        entries = keys.get("keys", [keys])
        for vector in group["tests"]:
            yield vector, forge.jwks(*entries), any(entry["kty"] == "oct" for entry in entries)


def text_of(vector):
    value = vector.get("jws", vector.get("jwe"))
    return value if isinstance(value, str) else json.dumps(value)


def judged(name):
    """The numbers of the vectors that are accepted, valid with asymmetric keys only, and invalid."""
    everything = list(vectors(name))
    taken = {vector["tcId"] for vector, document, _ in everything if accepted(text_of(vector), document)}
    valid = {vector["tcId"] for vector, _, symmetric in everything if vector["result"] == "valid" and not symmetric}
    invalid = {vector["tcId"] for vector, _, _ in everything if vector["result"] != "valid"}
    return taken, valid, invalid


def test_signatures():
    taken, valid, invalid = judged("json_web_signature_test.json")
    assert len(invalid) == 355
    assert not taken & invalid
    assert len(valid) == 36
    assert valid - taken == EMPTY_PAYLOAD | OTHER_ALGORITHM | UNKNOWN_ALGORITHM
    assert len(taken) == 26


def test_symmetric_keys_are_refused_whatever_their_label():
    symmetric = [(vector, document) for vector, document, oct_key in vectors("json_web_signature_test.json") if oct_key]
    assert len(symmetric) == 40
    assert not any(accepted(text_of(vector), document) for vector, document in symmetric)


def test_an_empty_payload_is_refused_by_the_reader_and_not_by_the_signature():
    empty = [each for each in vectors("json_web_signature_test.json") if each[0]["tcId"] in EMPTY_PAYLOAD]
    assert len(empty) == len(EMPTY_PAYLOAD)
    for vector, document, _ in empty:
        text = text_of(vector)
        header, payload, signature = text.split(".")
        assert payload == ""
        assert refusal(compact.split, text) is ASSERTION_MALFORMED
        octets = [base64url.decode(each) for each in (header, payload, signature)]
        prove(compact.Segments(*octets, f"{header}.".encode(), text.encode()), document)


def test_keys():
    taken, valid, invalid = judged("json_web_key_test.json")
    assert len(invalid) == 21
    assert not taken & invalid
    assert taken == valid == {5}


RULES = {  # by the number of the vector: the rule of the key policy that refuses its key
    1: "KP-01",  # a symmetric key beside an elliptic one
    6: "KP-07",  # for encryption
    7: "KP-04",  # ROCA
    8: "KP-02",  # 1024 bits
    9: "KP-03",  # exponent 1
    10: "KP-01",
    13: "KP-01",
    16: "KP-01",
    19: "KP-09",  # ES521
    20: "KP-09",  # ES224
    21: "KP-07",
    22: "KP-05",  # off the curve
    23: "KP-05",  # another curve
    24: "KP-12",  # another type
    25: "KP-01",
    26: "KP-01",
}


def test_keys_are_refused_by_the_rule_that_is_meant_for_them():
    found = {vector["tcId"]: document for vector, document, _ in vectors("json_web_key_test.json")}
    for number, rule in RULES.items():
        entries = json.loads(found[number])["keys"]
        alive = forge.jwk(forge.key_for("ES384"), kid="alive")
        for entry in entries[:1]:
            (dropped,) = jwks.parse(forge.jwks(entry, alive), extended()).dropped
            assert (number, dropped.rule) == (number, rule)


def test_crypto():
    taken, valid, invalid = judged("json_web_crypto_test.json")
    assert len(invalid) == 77
    assert not taken & invalid
    signatures = {vector["tcId"] for vector, _, _ in vectors("json_web_crypto_test.json") if "jws" in vector}
    assert taken == valid & signatures == {18, 33}


def test_encrypted_tokens_are_refused_by_the_reader():
    encrypted = [vector for vector, _, _ in vectors("json_web_crypto_test.json") if "jwe" in vector]
    assert len(encrypted) == 34
    for vector in encrypted:
        assert refusal(assertions.parse, text_of(vector), EXTENDED) is ASSERTION_MALFORMED
