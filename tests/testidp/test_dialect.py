"""The dialects: data that is complete, and tokens that look as the platform's do."""

import re
import tomllib

import pytest

from accredit.errors import Refused
from accredit.testidp import dialects
from accredit.testidp.dialect import load
from accredit.testidp.keys import ALGORITHMS
from accredit.testidp.parameters import LONGEST
from tests.forge import AT
from tests.testidp.workbench import GITHUB, JTI, shared


@pytest.fixture(scope="module")
def idp():
    return shared()


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


def test_every_dialect_is_complete():
    slips = []
    for name, found in dialects().items():
        complete = {
            "its file is called so": found.name == name,
            "it has a title": bool(found.title),
            "keys are at a path": found.jwks_path.startswith("/"),
            "what is no discovery is not described": bool(found.discovery) == bool(found.discovery_paths),
            "documents are at paths": all(each.startswith("/") for each in found.discovery_paths),
            "its algorithms exist": {*found.algorithms} <= {*ALGORITHMS},
            "its dates are dates": {*found.times} <= {"iat", "nbf", "exp"},
            "it always has a subject": "sub" in found.required,
            "every parameter is explained": all(each.says for each in found.parameters.values()),
            "issuer and keys are no matter of the file": {"issuer", "jwks_uri"}.isdisjoint(found.discovery),
        }
        slips += [f"{name}: {says}" for says, holds in complete.items() if not holds]
    assert slips == []


def test_names_and_aliases_are_used_once():
    names = [each for found in dialects().values() for each in (found.name, *found.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["github", "github_actions"])
def test_an_alias_is_the_same_issuer(idp, name):
    assert idp.mint({"dialect": name}).claims["iss"] == GITHUB


BROKEN = {
    "an unknown name in a claim": ('[claims]\nx = "{nothing}"', "x names nothing, which nothing defines"),
    "an unknown name deep in a claim": ('[claims]\nx = { a = [{ b = "{c}" }] }', "x names c, which nothing defines"),
    "a value that comes later": ('[values]\na = ["{b}"]\nb = ["1"]\n[claims]', "a names b, which nothing defines"),
    "an unknown member": ("[claims]\n[surprise]", "unknown field `surprise`"),
    "an unknown name in the issuer": ('issuer = "{jti}"\n[claims]', "issuer names jti, which nothing defines"),
    "an unknown name in the header": (
        '[claims]\n[variants.form.b.header]\nx = "{y}"',
        "the header names y, which nothing defines",
    ),
    "a value that is none of the choices": (
        '[claims]\nx = "{form=c?}1"',
        "x asks whether form is c, which it never is",
    ),
    "a choice of what has none": ('[claims]\nx = "{jti=1?}1"', "x asks whether jti is 1, which it never is"),
    "a variant of no choice": ("[claims]\n[variants.form.c]", "there is a variant for form c, which it never is"),
    "a variant of no parameter": ("[claims]\n[variants.x.y]", "there is a variant for x y, which it never is"),
    "a sample with a parameter that is none": (
        "[claims]\n[samples.s.params]\nx = 1",
        "sample s gives x, which is no parameter",
    ),
    "a sample with an algorithm that is not listed": (
        '[claims]\n[samples.s]\nalgorithm = "ES256"',
        "sample s is signed with ES256, which is not listed",
    ),
    "a default that cannot be used": (
        '[params.x]\nsays = "x"\nkind = "number"\ndefault = "y"\n[claims]',
        "the default of x cannot be used: .* a whole number",
    ),
    "a name that is taken": ('[params.jti]\nsays = "x"\n[claims]', "parameter jti has a name that is taken"),
    "three parts": (
        '[params.x]\nsays = "x"\nsplit = ["a", "b", "c"]\n[claims]',
        "parameter x has a name that is taken, or is not split in two",
    ),
    "a claim that is required and is none": ('required = ["x"]\n[claims]', "x is required and no claim"),
}
HEAD = {
    "issuer": "''",
    "name": "'t'",
    "title": "'T'",
    "jwks_path": "'/k'",
    "algorithms": "['RS256']",
    "lifetime": "1",
    "times": "{}",
    "header": "{}",
    "required": "[]",
    "params.form": "{says = 'f', default = 'a', one_of = ['a', 'b']}",
}


def written(text):
    """Return a dialect's file, with what ``text`` says first in place of what it would say."""
    said = tomllib.loads(text)
    return "\n".join(f"{name} = {value}" for name, value in HEAD.items() if name not in said) + "\n" + text


def test_a_file_without_a_slip_is_loaded():
    assert load(written('[claims]\nx = "{form=a?}{form}"')).claims == {"x": "{form=a?}{form}"}


def test_a_file_with_a_slip_is_not_loaded():
    unseen = []
    for name, (text, reason) in BROKEN.items():
        assert tomllib.loads(written(text))
        try:
            load(written(text))
        except ValueError as error:
            if re.search(reason, str(error)) is None:
                unseen.append(f"{name}: {error}")
        else:
            unseen.append(f"{name}: it is loaded")
    assert unseen == []
