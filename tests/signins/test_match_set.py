"""What an event keeps of the claims of a token: enough to try another trust on it, of no person and no run."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from accredit.signins import claim_set, is_personal
from accredit.signins.claim_set import KINDS, LONGEST_REMEMBERED, MOST_REMEMBERED, match_set
from accredit.trust import match_set as deciding
from accredit.trust import presets
from accredit.trust.expression import parse
from accredit.trust.match_set import MOST_ISSUERS, MOST_KEPT, MOST_NAMED, wanted
from accredit.trust.presets import catalogue
from tests.support.every import every
from tests.support.trusting import credential, trusted

GITHUB = "https://token.actions.githubusercontent.com"
CLUSTER = "https://cluster.example.com"
SAMPLES = json.loads((Path(__file__).parents[1] / "data/sample-claims.json").read_text("utf-8"))["samples"]
UID = "claims['kubernetes.io']['serviceaccount']['uid']"


def told(of):
    return dict(of.claims)


def of(url, **given):
    return credential(1, issuer=url, **given)


def test_of_a_job_at_github_it_is_kept_whose_it_is():
    found = match_set(trusted(of(GITHUB)).wanted(GITHUB), SAMPLES["github_immutable_environment"]["claims"])
    assert told(found)["repository_id"] == "456789"
    assert told(found)["environment"]
    assert not {"actor", "actor_id", "run_id", "sha", "head_ref", "jti", "sub", "iss", "aud"} & {*told(found)}


def test_an_issuer_that_is_not_trusted_yet_is_known_by_its_address():
    assert "repository_id" in trusted().wanted(GITHUB).names
    assert trusted().wanted(CLUSTER).names == ()
    assert match_set(trusted().wanted(CLUSTER), {"ref": "x"}).claims == ()
    assert trusted().wanted("https://" + "x" * 700).names == ()


CLUSTERS = {
    "a subject": of(CLUSTER, subject="system:serviceaccount:team-a:api"),
    "a pattern": of(CLUSTER, expression="claims['sub'] matches 'system:serviceaccount:team-a:*'"),
}


@pytest.mark.parametrize("sentence", CLUSTERS)
def test_what_people_run_themselves_is_known_by(sentence):
    found = match_set(trusted(CLUSTERS[sentence]).wanted(CLUSTER), SAMPLES["kubernetes"]["claims"])
    assert told(found)[UID]
    assert trusted(CLUSTERS[sentence]).wanted("https://elsewhere.example").names == ()


def test_what_expressions_name_comes_first_and_there_is_not_too_much_of_it():
    many = [credential(n, expression=f"claims['c{n:02}'] eq 'x'") for n in range(40)]
    assert wanted(CLUSTER, many).names == tuple(f"c{n:02}" for n in range(MOST_NAMED))
    assert wanted(GITHUB, many).names[:MOST_NAMED] == tuple(f"c{n:02}" for n in range(MOST_NAMED))
    assert len(wanted(GITHUB, many).names) <= MOST_KEPT
    assert wanted(CLUSTER, [credential(1, expression="claims['sub'] eq 'x'")]).names == ()


def test_no_issuers_ledger_fills_what_may_be_kept():
    assert all(len(each.kept) <= MOST_KEPT for each in catalogue.entries())


def test_a_member_is_called_as_the_language_writes_it():
    expression = parse(f"{UID} eq 'u' and claims['ref'] eq 'x'", 2)
    nested = [replace(credential(1, subject=None), expression=expression)]
    asked = wanted(CLUSTER, nested)
    assert asked.names == (UID, "ref")
    found = match_set(asked, {"kubernetes.io": {"serviceaccount": {"uid": "u"}}, "ref": None})
    assert (found.claims, found.kinds, found.lacking) == (((UID, "u"), ("ref", "null")), "sn", ())
    assert match_set(asked, {"kubernetes.io": {"serviceaccount": "x"}}).lacking == (UID, "ref")
    assert match_set(asked, {"kubernetes.io": 1}).lacking == (UID, "ref")


VALUES = {
    "a text": ("1", "1", "string"),
    "a number": (1, "1", "integer"),
    "yes": (True, "true", "boolean"),
    "a fraction": (1.0, "1.0", "number"),
    "nothing": (None, "null", "null"),
    "a list": ([1], "[…]", "list"),
    "an object": ({"a": 1}, "{…}", "object"),
    "a text that is cut": ("x" * 700, "x" * 600 + "…", "text"),
    "a text that moves a cursor": ("a\x1b", "a\\x1b", "text"),
}
ONE = wanted(CLUSTER, [credential(1, expression="claims['c'] eq 'x'")])


@every("sentence", VALUES)
@every("again", [False, True], ids=["once", "again"])
def test_what_a_claim_was_is_kept(sentence, again):
    value, text, kind = VALUES[sentence]
    for other, *_ in VALUES.values():  # none is taken for another that Python calls equal
        match_set(ONE, {"c": other})
    found = match_set(ONE, {"c": value})
    assert (found.claims, KINDS[found.kinds]) == ((("c", text),), kind)
    assert not again or match_set(ONE, {"c": value}) == found


def test_a_number_without_room_is_not_kept_as_it_was():
    asked = wanted(CLUSTER, [credential(1, expression=" and ".join(f"claims['c{n}'] eq 'x'" for n in range(5)))])
    found = match_set(asked, {**{f"c{n}": "y" * 600 for n in range(4)}, "c4": 12345})
    assert found.kinds == "ssstt"


def test_who_a_person_is_is_not_kept():
    found = match_set(wanted(CLUSTER, [credential(1, expression="claims['email'] eq 'x'")]), {"email": "a@b"})
    assert (found.claims, found.kinds) == ((("email", "(not kept)"),), "p")


NESTED = {  # an expression, the claims, and what is kept of the one it names
    "who a person is, in an object": ("claims['user']['email'] eq 'x'", {"user": {"email": "a@b"}}, "(not kept)"),
    "what a person's object says": ("claims['actor']['id'] eq 'x'", {"actor": {"id": "a@b"}}, "(not kept)"),
    "the name of a service account": ("claims['account']['name'] eq 'x'", {"account": {"name": "api"}}, "api"),
}


@every("sentence", NESTED)
def test_of_an_object_it_is_kept(sentence):
    expression, claims, text = NESTED[sentence]
    asked = wanted(CLUSTER, [replace(credential(1), subject=None, expression=parse(expression, 2))])
    assert [value for _, value in match_set(asked, claims).claims] == [text]


def test_nobody_whom_a_platform_names_is_kept():
    for name in presets.ids():
        for each in presets.preset(name).claims:
            if each.cls == "person" or each.of == "person":
                assert is_personal(deciding.written(each.path)), (name, each.path)


def test_what_was_seen_is_found_again_and_never_fills_the_memory(monkeypatch):
    monkeypatch.setattr(claim_set, "_known", known := {})
    first = match_set(ONE, {"c": "x"})
    assert match_set(ONE, {"c": "x", "other": 1}) is first
    match_set(ONE, {"c": "y" * (LONGEST_REMEMBERED + 1)})
    assert len(known) == 1
    for n in range(MOST_REMEMBERED):
        match_set(ONE, {"c": str(n)})
    assert len(known) <= MOST_REMEMBERED


def test_strangers_issuers_are_not_remembered_without_end():
    held = trusted(of(CLUSTER))
    for n in range(2 * MOST_ISSUERS):
        held.wanted(f"https://token.actions.githubusercontent.com/e{n}")
    assert held.wanted(CLUSTER) is held.wanted(CLUSTER)
    assert len(held._wanted) == MOST_ISSUERS + 1  # noqa: SLF001  the bound


def test_no_preset_is_read_for_it(monkeypatch):
    monkeypatch.setattr(catalogue, "_read", None)
    for sample in SAMPLES.values():
        said = sample["claims"]
        assert deciding.wanted(said.get("iss", CLUSTER), [of(CLUSTER, subject=said.get("sub") or "x")])
