"""The documented sets of claims of all platforms: each dialect mints them, name by name, to the JSON type.

The sets (``tests/data/sample-claims.json``) were written from the platforms' documentation, not from the dialects.
"""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from accredit.errors import Refused
from accredit.testidp import dialects
from tests.forge import AT
from tests.testidp.workbench import Parts, answering, shared

DATA = Path(__file__).parents[1] / "data"
SETS: dict[str, Any] = json.loads((DATA / "sample-claims.json").read_text("utf-8"))["samples"]
WITHOUT_KID = {"spiffe_minimal"}  # a JWT-SVID may have none
OFFSETS = {"warnafter": "offset_from_iat"}  # of the member of that name, in the sets: a date of the token


def documented(name: str) -> dict[str, Any]:
    """Return the claims of a set, its dates counted from the moment at which time stands still."""
    row = SETS[name]
    claims = {**row["claims"], **{date: AT + offset for date, offset in row["times"].items()}}
    return json.loads(json.dumps(claims), object_hook=_dated)  # type: ignore[no-any-return]  # an object


def _dated(members: dict[str, Any]) -> dict[str, Any]:
    """Resolve a date that a set gives as an offset."""
    return {
        name: AT + each[OFFSETS[name]] if name in OFFSETS and isinstance(each, dict) else each
        for name, each in members.items()
    }


def exact(value: object) -> str:
    """Write a value so that two are equal only with their types: true is not 1, and 1 is not "1"."""
    return json.dumps(value, sort_keys=True)


def differences(name: str) -> list[str]:
    """Say how the token that a dialect mints for a set differs from it."""
    row = SETS[name]
    try:
        minted = shared().mint({"dialect": row["dialect"], "sample": name})
    except Refused as refused:
        return [f"{name}: {refused}"]
    found, wanted = Parts.of(minted.token), documented(name)
    kid = found.header.get("kid")
    if (kid is None) != (name in WITHOUT_KID):
        return [f"{name}: kid is {kid}"]
    header = {member: value for member, value in found.header.items() if member != "kid"}
    said = [] if exact(header) == exact(row["header"]) else [f"{name}: header {exact(header)}"]
    for claim in sorted({*found.claims, *wanted}):
        mine, theirs = (exact(each[claim]) if claim in each else "absent" for each in (found.claims, wanted))
        if mine != theirs:
            said.append(f"{name}: {claim} is {mine}, and was to be {theirs}")
    return said


def test_every_documented_set_is_minted_exactly():
    assert [each for name in SETS for each in differences(name)] == []


def test_a_sample_of_a_dialect_is_a_documented_set_of_it():
    mine = {(name, each.name) for each in dialects().values() for name in each.samples}
    assert mine == {(name, row["dialect"]) for name, row in SETS.items()}


def test_every_dialect_but_the_custom_one_has_a_documented_set():
    assert {*dialects()} - {row["dialect"] for row in SETS.values()} == {"custom"}


def test_a_sample_is_signed_with_a_key_that_its_issuer_publishes():
    wrong = []
    for name, row in SETS.items():
        minted = shared().mint({"dialect": row["dialect"], "sample": name})
        found = answering(minted.claims.get("iss"), row["dialect"])
        keys = jwt.PyJWKSet.from_dict({"keys": [key.jwk for key in found.keyring.published(found.default_algorithm)]})
        fitting = [key for key in keys.keys if minted.header.get("kid") in (None, key.key_id)]
        fitting = [key for key in fitting if key.algorithm_name == minted.header["alg"]]
        options = {f"verify_{each}": False for each in ("exp", "nbf", "iat", "aud", "iss")}
        try:
            jwt.decode(minted.token, fitting[0], algorithms=[minted.header["alg"]], options=options)  # type: ignore[arg-type]
        except (jwt.InvalidTokenError, IndexError) as error:
            wrong.append(f"{name}: {error}")
    assert wrong == []


def test_a_token_of_a_real_cluster_is_minted_again():
    recorded = json.loads((DATA / "kubernetes-1.36-token.json").read_text("utf-8"))
    claims = recorded["claims"]
    uid = claims["kubernetes.io"]["serviceaccount"]["uid"]
    request = {
        "dialect": "kubernetes",
        "params": {"issuer": recorded["issuer"], "service_account_uid": uid},
        "overrides": {"jti": claims["jti"]},
    }
    minted = Parts.of(shared().mint(request).token)
    moved = {date: claims[date] - claims["iat"] + AT for date in ("iat", "nbf", "exp")}
    assert exact(minted.claims) == exact(claims | moved)
    assert minted.header.keys() == recorded["header"].keys()
    said = {name: value for name, value in recorded["discovery"].items() if name not in ("issuer", "jwks_uri")}
    assert dialects()["kubernetes"].discovery == said


def test_what_is_asked_for_beside_a_sample_wins():
    request = {"dialect": "github", "sample": "github_legacy_environment"}
    asked = {
        "params": {"environment": "Test"},
        "overrides": {"jti": "mine"},
        "header": {"typ": "x"},
        "times": {"nbf": 0},
    }
    minted = shared().mint({**request, **asked})
    expected = documented("github_legacy_environment") | {
        "sub": "repo:octo-org/octo-repo:environment:Test",
        "environment": "Test",
        "jti": "mine",
        "nbf": AT,
    }
    assert minted.claims == expected
    assert minted.header["typ"] == "x"


def test_a_sample_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(Refused) as refused:
        shared().mint({"dialect": "terraform", "sample": "gitlab"})
    assert refused.value.fields["what"] == "sample"
    reason = "dialect terraform has no such sample (there are: terraform_apply, terraform_plan)"
    assert refused.value.fields["reason"] == reason
    with pytest.raises(Refused, match=r"dialect custom has no such sample \(there are: none\)"):
        shared().mint({"dialect": "custom", "sample": "x"})
