"""The dialects: data that is complete, and tokens that look as the platform's do."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import Refused
from accredit.testidp import dialects
from accredit.testidp.dialect import LONGEST, load, render
from accredit.testidp.keys import ALGORITHMS
from tests.forge import AT
from tests.testidp.workbench import GITHUB, JTI, issuer

SAMPLES = json.loads((Path(__file__).parent / "github-claims.json").read_text())["samples"]

# Parameters (and overrides, where a repository customised its subject) that give each documented claim set.
GITHUB_SETS = {
    "github_immutable_environment": ({"environment": "Production"}, {}),
    "github_legacy_environment": ({"environment": "Production", "immutable": False}, {}),
    "github_immutable_branch": ({"branch": "main"}, {}),
    "github_legacy_branch": ({"environment": None, "immutable": False}, {}),
    "github_immutable_tag": ({"tag": "v1.2.3"}, {}),
    "github_immutable_pull_request": ({"pull_request": True}, {}),
    "github_environment_with_colon": ({"environment": "Production:EastUS"}, {}),
    "github_custom_template_workflow": ({"branch": "main"}, {"sub", "event_name"}),
    "github_custom_template_ids": ({"branch": "main"}, {"sub", "event_name"}),
    "github_enterprise_issuer": ({"environment": "Production"}, {"iss", "enterprise", "enterprise_id"}),
    "github_recycled_repository": ({"branch": "main", "immutable": False, "repository_id": 987654}, {}),
}


@pytest.fixture(scope="module")
def idp():
    return issuer()


def test_every_documented_set_of_github_is_minted_below():
    assert {*GITHUB_SETS} == {*SAMPLES}


@pytest.mark.parametrize("name", GITHUB_SETS)
def test_github_tokens_are_the_documented_ones(idp, name):
    params, overridden = GITHUB_SETS[name]
    sample = SAMPLES[name]
    overrides = {each: sample["claims"][each] for each in overridden}
    minted = idp.mint({"dialect": "github", "params": params, "overrides": overrides})
    times = {each: AT + offset for each, offset in sample["times"].items()}
    assert minted.claims == {**sample["claims"], **times}
    kid = minted.header["kid"]
    assert minted.header == {**sample["header"], "kid": kid}


def test_every_claim_of_github_is_text_but_the_dates(idp):
    claims = idp.mint({"dialect": "github"}).claims
    assert {name for name, value in claims.items() if not isinstance(value, str)} == {"iat", "nbf", "exp"}


SUBJECTS = {
    "environment wins over branch": (
        {"environment": "production", "branch": "main"},
        "repo:octo-org@123456/octo-repo@456789:environment:production",
    ),
    "environment wins over tag and pull request": (
        {"environment": "production", "tag": "v1", "pull_request": 5},
        "repo:octo-org@123456/octo-repo@456789:environment:production",
    ),
    "nothing said: the environment production": ({}, "repo:octo-org@123456/octo-repo@456789:environment:production"),
    "null removes the default environment": (
        {"environment": None},
        "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main",
    ),
    "a branch alone": ({"branch": "release/1"}, "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/release/1"),
    "null next to a branch": (
        {"branch": "x", "environment": None, "tag": None, "pull_request": None},
        "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/x",
    ),
    "false is no pull request": (
        {"pull_request": False, "branch": "x"},
        "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/x",
    ),
    "false alone leaves the default": (
        {"pull_request": False},
        "repo:octo-org@123456/octo-repo@456789:environment:production",
    ),
    "a pull request by number": ({"pull_request": 12}, "repo:octo-org@123456/octo-repo@456789:pull_request"),
    "null as immutable is the older form": ({"immutable": None}, "repo:octo-org/octo-repo:environment:production"),
    "another repository, ids as numbers": (
        {"repository": "a/b", "repository_id": 1, "repository_owner_id": 2},
        "repo:a@2/b@1:environment:production",
    ),
    "no ids in the older form": (
        {"immutable": False, "repository_id": None, "repository_owner_id": None},
        "repo:octo-org/octo-repo:environment:production",
    ),
    "no branch at all in an environment": (
        {"branch": None},
        "repo:octo-org@123456/octo-repo@456789:environment:production",
    ),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_subject_follows_the_parameters(idp, name):
    params, subject = SUBJECTS[name]
    assert idp.mint({"dialect": "github", "params": params}).claims["sub"] == subject


def test_what_is_removed_is_in_no_claim(idp):
    claims = idp.mint(
        {"dialect": "github", "params": {"branch": None, "repository_id": None, "immutable": False}}
    ).claims
    assert claims.keys().isdisjoint({"ref", "ref_type", "ref_protected", "workflow_ref", "repository_id"})


def test_the_number_of_a_pull_request_is_in_its_ref(idp):
    assert idp.mint({"dialect": "github", "params": {"pull_request": 12}}).claims["ref"] == "refs/pull/12/merge"


def test_the_custom_issuer_is_its_address_and_says_little(idp):
    assert idp.mint({"dialect": "custom"}).claims == {
        "jti": str(JTI),
        "iss": "https://localhost:8443/idp/custom",
        "sub": "workload",
        "aud": "api://AzureADTokenExchange",
        "iat": AT,
        "nbf": AT,
        "exp": AT + 3600,
    }


REFUSED = {
    "a parameter that does not exist": ({"repo": "a/b"}, "params.repo", "dialect github has no such parameter"),
    "a number as text": ({"branch": 5}, "params.branch", "it must be text (the branch"),
    "a list as text": ({"environment": ["a"]}, "params.environment", "it must be text"),
    "true as text": ({"tag": True}, "params.tag", "it must be text"),
    "a fraction as an id": ({"repository_id": 1.5}, "params.repository_id", "it must be text or a whole number"),
    "true as an id without a number of its own": (
        {"repository_id": True},
        "params.repository_id",
        "it must be text or",
    ),
    "text as a flag": ({"immutable": "yes"}, "params.immutable", "it must be true or false"),
    "empty": ({"branch": ""}, "params.branch", "it is empty; null removes it"),
    "too long": ({"branch": "x" * (LONGEST + 1)}, "params.branch", "it is longer than 1000 characters"),
    "an empty list": ({"audience": []}, "params.audience", "it must be text, or a list of texts"),
    "a number in a list": ({"audience": ["a", 1]}, "params.audience", "it must be text, or a list of texts"),
    "no slash": ({"repository": "octo-repo"}, "params.repository", "it must be owner/name"),
    "two slashes": ({"repository": "a/b/c"}, "params.repository", "it must be owner/name"),
    "half a name": ({"repository": "a/"}, "params.repository", "it must be owner/name"),
    "no repository": ({"repository": None}, "params", "without repository the claim sub cannot be formed"),
    "no id": ({"repository_id": None}, "params", "without repository_id the claim sub cannot be formed"),
    "no audience": ({"audience": None}, "params", "without audience the claim aud cannot be formed"),
    "nothing to form a subject from": (
        {"environment": None, "branch": None},
        "params",
        "without environment or pull_request or tag or branch the claim sub cannot be formed",
    ),
    "a lifetime of nothing": ({"lifetime": 0}, "params.lifetime", "it must be a whole number of seconds"),
    "a lifetime of true": ({"lifetime": True}, "params.lifetime", "it must be a whole number of seconds"),
    "a lifetime of a century": ({"lifetime": 3_153_600_000}, "params.lifetime", "it must be a whole number of seconds"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_parameter_that_cannot_be_used_is_named(idp, name):
    params, what, reason = REFUSED[name]
    with pytest.raises(Refused) as refused:
        idp.mint({"dialect": "github", "params": params})
    assert refused.value.row.name == "INPUT_INVALID"
    assert refused.value.fields["what"] == what
    assert refused.value.fields["reason"].startswith(reason)


def test_the_longest_parameter_is_used(idp):
    assert idp.mint({"dialect": "custom", "params": {"sub": "x" * LONGEST}}).claims["sub"] == "x" * LONGEST


def test_several_audiences_are_a_list(idp):
    assert idp.mint({"dialect": "github", "params": {"audience": ["a", "b"]}}).claims["aud"] == ["a", "b"]


def test_an_unknown_algorithm_is_refused_with_those_that_exist(idp):
    with pytest.raises(Refused, match="must be one of RS256, RS384, RS512, PS256, ES256, ES384, EdDSA"):
        idp.mint({"dialect": "custom", "params": {"algorithm": "HS256"}})


@pytest.mark.parametrize("name", dialects())
def test_a_dialect_is_complete(name):
    found = dialects()[name]
    assert found.name == name
    assert found.title
    assert found.jwks_path.startswith("/")
    assert {*found.algorithms} <= {*ALGORITHMS}
    assert {*found.times} == {"iat", "nbf"}
    assert {*found.required} <= {*found.claims}
    assert {"sub", "aud"} <= {*found.required}
    assert all(each.says for each in found.params.values())
    assert {"issuer", "jwks_uri"}.isdisjoint(found.discovery)  # the endpoint adds them


def test_names_and_aliases_are_used_once():
    names = [each for found in dialects().values() for each in (found.name, *found.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["github", "github_actions"])
def test_an_alias_is_the_same_issuer(idp, name):
    assert idp.mint({"dialect": name}).claims["iss"] == GITHUB


BROKEN = {
    "an unknown name in a claim": ('[values]\n[claims]\nx = "{nothing}"', "x names nothing, which nothing defines"),
    "a value that comes later": ('[values]\na = ["{b}"]\nb = ["1"]\n[claims]', "a names b, which nothing defines"),
    "an unknown member": ("[values]\n[claims]\n[surprise]", "unknown field `surprise`"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_with_a_slip_is_not_loaded(name):
    text, reason = BROKEN[name]
    head = "name='t'\naliases=[]\ntitle='T'\nissuer=''\njwks_path='/k'\nalgorithms=['RS256']\nlifetime=1\n"
    head += "times={}\nheader={}\n"
    assert tomllib.loads(head + text)
    with pytest.raises(ValueError, match=reason):
        load(f"{head}required=[]\n[discovery]\n[params]\n{text}")


@given(st.text(min_size=1, max_size=50))
def test_a_colon_never_ends_a_value_of_the_subject(value):
    rendered = render("environment:{x|sub}", {"x": value})
    assert isinstance(rendered, str)
    assert rendered.count(":") == 1
    assert rendered.removeprefix("environment:").replace("%3A", ":") == value.replace("%3A", ":")


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(max_size=5)))
def test_a_template_is_rendered_exactly_when_all_its_names_exist(values):
    rendered = render("{a}-{b|sub}-{c?}", values)
    assert (rendered is None) == (len(values) < 3)


def test_a_lone_place_keeps_its_type():
    assert render("{x}", {"x": ["a", "b"]}) == ["a", "b"]
    assert render("{x}.", {"x": 5}) == "5."
