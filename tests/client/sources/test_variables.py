"""Platforms whose jobs find their token in a variable: what is seen there, what is missing, and what is taken."""

import pytest

from accredit.client.sources import claims, registry
from accredit.errors import SOURCE_MISSING, SOURCE_UNREACHABLE, Refused
from tests.client.sources.surroundings import AUDIENCE, around, unsigned
from tests.testidp.native.asking import begun, platforms

TOKEN = unsigned()
OTHER = unsigned(aud="https://other.example")

FOUND = {
    "gitlab by the audience": ("gitlab", {"GITLAB_CI": "true", "B": OTHER, "C": TOKEN, "D": "x"}, {}, "B, C holds"),
    "gitlab by its name": ("gitlab", {"GITLAB_CI": "true", "A": OTHER, "T": TOKEN}, {"variable": "T"}, "T is set"),
    "terraform": (
        "terraform",
        {"TFC_WORKLOAD_IDENTITY_TOKEN": f" {TOKEN}\n"},
        {},
        "TFC_WORKLOAD_IDENTITY_TOKEN is set",
    ),
    "terraform, one of several": (
        "terraform",
        {"TFC_WORKLOAD_IDENTITY_TOKEN": OTHER, "TFC_WORKLOAD_IDENTITY_TOKEN_STS": TOKEN},
        {"tag": "sts"},
        "TFC_WORKLOAD_IDENTITY_TOKEN_STS is set",
    ),
    "bitbucket": ("bitbucket", {"BITBUCKET_STEP_OIDC_TOKEN": TOKEN}, {}, "BITBUCKET_STEP_OIDC_TOKEN is set"),
    "semaphore": ("semaphore", {"SEMAPHORE_OIDC_TOKEN": TOKEN}, {}, "SEMAPHORE_OIDC_TOKEN is set"),
    "spacelift": ("spacelift", {"SPACELIFT_OIDC_TOKEN": TOKEN}, {}, "SPACELIFT_OIDC_TOKEN is set"),
    "env0": ("env0", {"ENV0_OIDC_TOKEN": TOKEN}, {}, "ENV0_OIDC_TOKEN is set"),
    "vercel": ("vercel", {"VERCEL_OIDC_TOKEN": TOKEN}, {}, "VERCEL_OIDC_TOKEN is set"),
    "circleci": ("circleci", {"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN": TOKEN}, {}, "CIRCLE_OIDC_TOKEN is set"),
    "circleci, the newer of two": (
        "circleci",
        {"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN": OTHER, "CIRCLE_OIDC_TOKEN_V2": TOKEN},
        {},
        "CIRCLE_OIDC_TOKEN_V2 is set",
    ),
    "jenkins": ("jenkins", {"ID_TOKEN": TOKEN}, {"variable": "ID_TOKEN"}, "ID_TOKEN is set"),
    "a variable": ("env", {"T": TOKEN}, {"variable": "T"}, "T is set"),
}


def test_the_token_is_where_the_platform_puts_it():
    wrong = []
    for row, (name, environment, options, why) in FOUND.items():
        source = registry.source(name, around(environment), **options)
        seen, taken = source.detect(), source.fetch(AUDIENCE)
        if not seen.found or seen.partly or why not in seen.why or taken != TOKEN or TOKEN in repr(source):
            wrong.append(f"{row}: {seen}")
        if not source.one_shot:
            wrong.append(f"{row}: a job gets one of these and no other")
    assert not wrong, "\n".join(wrong)


MISSING = {
    "gitlab, another platform": ("gitlab", {}, {}, False, "GITLAB_CI is not true", "no variable holds one for"),
    "gitlab without id_tokens": (
        "gitlab",
        {"GITLAB_CI": "true", "A": "a.b.c"},
        {},
        True,
        "give the job id_tokens",
        "no variable holds one for",
    ),
    "gitlab without that variable": (
        "gitlab",
        {"GITLAB_CI": "true", "A": TOKEN},
        {"variable": "T"},
        True,
        "GITLAB_CI is set, but T is not",
        "T is not set",
    ),
    "terraform without an audience": (
        "terraform",
        {"TFC_RUN_ID": "run-1"},
        {},
        True,
        "set the variable TFC_WORKLOAD_IDENTITY_AUDIENCE of the workspace",
        "TFC_WORKLOAD_IDENTITY_TOKEN is not set",
    ),
    "terraform, nothing of it": ("terraform", {}, {"tag": "a"}, False, "TOKEN_A is not set", "TOKEN_A is not set"),
    "bitbucket": ("bitbucket", {"BITBUCKET_BUILD_NUMBER": "1"}, {}, True, "oidc: true", "is not set"),
    "semaphore": ("semaphore", {"SEMAPHORE": "true"}, {}, True, "OpenID Connect", "is not set"),
    "env0": ("env0", {"ENV0_ENVIRONMENT_ID": "1"}, {}, True, "settings of the organization", "is not set"),
    "vercel": ("vercel", {"VERCEL": "1"}, {}, True, "settings of the project", "is not set"),
    "spacelift": ("spacelift", {}, {}, False, "SPACELIFT_OIDC_TOKEN is not set", "spacelift.oidc cannot be read"),
    "circleci, another platform": ("circleci", {}, {}, False, "CIRCLECI is not true", "neither CIRCLE_OIDC_TOKEN_V2"),
    "circleci without a context": ("circleci", {"CIRCLECI": "true"}, {}, True, "uses a context", "neither"),
    "jenkins, nothing named": ("jenkins", {}, {}, False, "has to be named", "neither variable nor file"),
    "jenkins": ("jenkins", {}, {"variable": "T"}, False, "T is not set", "T is not set"),
    "a variable, none named": ("env", {}, {}, False, "no variable was named", "no variable was named"),
    "a blank variable": ("env", {"T": " \n"}, {"variable": "T"}, False, "T is not set", "T is not set"),
}


def test_what_is_missing_is_said_and_how_it_is_had():
    wrong = []
    for row, (name, environment, options, partly, why, reason) in MISSING.items():
        source = registry.source(name, around(environment), **options)
        seen = source.detect()
        if seen.found or seen.partly != partly or why not in seen.why:
            wrong.append(f"{row}: {seen}")
        with pytest.raises(Refused) as refused:
            source.fetch(AUDIENCE)
        if refused.value.row is not SOURCE_MISSING or reason not in refused.value.message:
            wrong.append(f"{row}: {refused.value}")
    assert not wrong, "\n".join(wrong)


def test_gitlab_says_what_the_tokens_of_the_job_are_for():
    source = registry.source("gitlab", around({"GITLAB_CI": "true", "A": OTHER}))
    with pytest.raises(Refused) as refused:
        source.fetch(AUDIENCE)
    assert "A: https://other.example" in refused.value.detail
    assert OTHER not in str(refused.value) + refused.value.detail


def test_gitlab_takes_a_token_that_is_for_others_too():
    several = unsigned(aud=["https://other.example", AUDIENCE])
    source = registry.source("gitlab", around({"GITLAB_CI": "true", "A": OTHER, "B": several}))
    assert source.fetch(AUDIENCE) == several


def test_spacelift_has_a_file_too(tmp_path):
    (tmp_path / "mnt/workspace").mkdir(parents=True)
    (tmp_path / "mnt/workspace/spacelift.oidc").write_text(f"{TOKEN}\n")
    source = registry.source("spacelift", around({}, tmp_path))
    assert source.detect().found
    assert source.fetch(AUDIENCE) == TOKEN


def test_who_fixes_the_audience_is_said():
    of = {
        each: registry.source(each, around({})).audience
        for each in ("gitlab", "terraform", "bitbucket", "semaphore", "spacelift", "env0", "vercel", "circleci")
    }
    assert of == {
        "gitlab": "preset",
        "terraform": "preset",
        "bitbucket": "preset",
        **dict.fromkeys(("semaphore", "spacelift", "env0", "vercel", "circleci"), "fixed"),
    }


PLAYED = ("gitlab", "terraform", "circleci", "bitbucket", "semaphore", "spacelift", "env0", "vercel")


def test_a_job_of_the_test_issuer_is_told_by_its_platform_and_gets_its_token():
    natives = platforms()
    wrong = []
    for name in PLAYED:
        variables = begun(natives, name)
        here = around({"PATH": "/nonexistent", **variables}, ask=unreachable)
        found = registry.chosen(registry.look(here))
        token = registry.source(name, here).fetch(str(aud(variables)))
        if [each.name for each in found] != [name] or token not in variables.values():
            wrong.append(f"{name}: {[each.name for each in found]}")
    variables = begun(natives, "jenkins")
    assert registry.source("jenkins", around(variables), variable="ID_TOKEN").fetch(AUDIENCE) == variables["ID_TOKEN"]
    assert not wrong, "\n".join(wrong)


def aud(variables):
    """What the token of the job is for."""
    said = next(found for each in variables.values() if (found := claims.read(each)))
    return claims.audiences(said)[0]


def unreachable(source, method, url, **_):
    raise Refused(SOURCE_UNREACHABLE, source=source, url=url, reason="there is no network here")
