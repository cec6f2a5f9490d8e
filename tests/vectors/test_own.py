"""This project's own vectors, as they were written and as they are made anew."""

import json
from datetime import UTC, datetime

import pytest

from accredit import assertions
from accredit.assertions import EXTENDED
from accredit.errors import CATALOGUE, Refused
from accredit.issuers import IssuerUrl, jwks
from tests import forge
from tests.issuers.records import extended
from tests.support.every import every
from tests.vectors import generate

WRITTEN = {name: json.loads((generate.OWN / f"{name}.json").read_text()) for name in ("tokens", "keys")}
MADE = {"tokens": generate.tokens, "keys": generate.single_keys}


def outcome_of_token(vector, at, issuer):
    record = extended(url=IssuerUrl(issuer))
    try:
        presented = assertions.parse(vector["token"], EXTENDED)
        keys = jwks.parse(forge.jwks(*vector["keys"]), record)
        assertions.verify(presented, record, keys, datetime.fromtimestamp(at, UTC))
    except Refused as refused:
        return refused.row.name
    return "accepted"


def outcome_of_key(vector):
    alive = forge.jwk(forge.key_for("ES384"), kid="alive")
    found = jwks.parse(forge.jwks(vector["key"], alive), extended())
    return found.dropped[0].rule if found.dropped else "accepted"


@every("vector", WRITTEN["tokens"]["vectors"], ids=lambda vector: vector["sentence"])
def test_tokens(vector):
    assert outcome_of_token(vector, WRITTEN["tokens"]["at"], WRITTEN["tokens"]["issuer"]) == vector["expect"]


@every("vector", WRITTEN["keys"]["vectors"], ids=lambda vector: vector["sentence"])
def test_keys(vector):
    assert outcome_of_key(vector) == vector["expect"]


@pytest.mark.parametrize("name", ["tokens", "keys"])
def test_the_files_are_what_the_generator_writes_but_for_its_keys(name):
    def outline(vectors):
        return [(each["sentence"], each["class"], each["expect"]) for each in vectors]

    assert outline(WRITTEN[name]["vectors"]) == outline(MADE[name]())


def test_new_keys_make_no_difference():
    for vector in generate.tokens():
        assert (vector["sentence"], outcome_of_token(vector, forge.AT, forge.ISSUER)) == (
            vector["sentence"],
            vector["expect"],
        )
    for vector in generate.single_keys():
        assert (vector["sentence"], outcome_of_key(vector)) == (vector["sentence"], vector["expect"])


def test_every_expectation_is_a_row_a_rule_or_acceptance():
    expected = {each["expect"] for name in WRITTEN for each in WRITTEN[name]["vectors"]}
    assert {each for each in expected if not each.startswith("KP-")} <= {"accepted", *CATALOGUE}
    rules = {f"KP-{number:02}" for number in range(1, 16)}
    assert {each for each in expected if each.startswith("KP-")} == rules - {"KP-13", "KP-14"}  # these drop no key
