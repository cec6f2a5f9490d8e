from accredit.explain import explain
from accredit.explain.causes import difference
from accredit.explain.proving import span
from tests.forge import AUDIENCE, ISSUER, NOW
from tests.support.every import every
from tests.support.trusting import credential, presented, trusted

BRANCH = "repo:octo-org/octo-repo:ref:refs/heads/main"
IMMUTABLE = "repo:octo-org@123456/octo-repo@456789:"
MATCHING = "claims['sub'] matches 'repo:octo-org/*' and claims['repository_id'] eq '456789'"


def why(held, said=(), *, several="contained", extended=False):
    """The explanation of a token that says ``said`` beside one credential that holds ``held``."""
    token = presented(extended=extended, **dict(said))
    return explain(token, trusted(credential(**dict(held)), multi_audience=several), client="deploy-bot", now=NOW)


CAUSES = {  # what the credential holds, what the token says, code, cause, the whole first sentence
    "a slash at the end of the credential's issuer": (
        {"issuer": ISSUER + "/"},
        {},
        700211,
        "SLASH",
        (
            "The issuer differs only by the last character: the credential ends in `/`, the token does not. "
            f"Set the issuer to `{ISSUER}`."
        ),
    ),
    "a slash at the end of the token's issuer": (
        {},
        {"iss": ISSUER + "/"},
        700211,
        "SLASH",
        (
            "The issuer differs only by the last character: the token ends in `/`, the credential does not. "
            f"Set the issuer to `{ISSUER}/`."
        ),
    ),
    "a double slash": (
        {"issuer": "https://jenkins.test/oidc"},
        {"iss": "https://jenkins.test//oidc"},
        700211,
        "DOUBLE_SLASH",
        (
            "The token's issuer has a double slash where the credential's has one. "
            "Set the issuer to `https://jenkins.test//oidc`."
        ),
    ),
    "a double slash in the credential": (
        {"issuer": "https://jenkins.test///oidc"},
        {"iss": "https://jenkins.test/oidc"},
        700211,
        "DOUBLE_SLASH",
        (
            "The credential's issuer has a double slash where the token's has one. "
            "Set the issuer to `https://jenkins.test/oidc`."
        ),
    ),
    "the address of the discovery document": (
        {"issuer": ISSUER + "/.well-known/openid-configuration"},
        {},
        700211,
        "DISCOVERY_SUFFIX",
        (
            "The credential's issuer is the address of the discovery document; the issuer is the part before "
            f"`/.well-known`. Set the issuer to `{ISSUER}`."
        ),
    ),
    "an issuer in another case": (
        {"issuer": "https://gitlab.com/Group"},
        {"iss": "https://gitlab.com/group"},
        700211,
        "CASE",
        (
            "The issuer matches except for case at character 20: `group` in the token, `Group` in the credential. "
            "Comparison is case-sensitive."
        ),
    ),
    "an issuer that is another one": (
        {"issuer": "https://gitlab.com", "subject": "project_path:a/b:ref_type:branch:ref:main"},
        {},
        700211,
        "DIFFERENT",
        (
            f"The issuer is another one: `{ISSUER}` in the token, `https://gitlab.com` in the credential. "
            "No credential has an issuer that resembles it."
        ),
    ),
    "an issuer that is another one, and nothing else": (
        {"issuer": "https://gitlab.com", "subject": BRANCH},
        {"sub": BRANCH},
        700211,
        "DIFFERENT",
        (
            f"The issuer is another one: `{ISSUER}` in the token, `https://gitlab.com` in the credential. "
            "No credential has an issuer that resembles it. The subject is the same."
        ),
    ),
    "GitHub's default audience": (
        {},
        {"aud": "https://github.com/octo-org"},
        700212,
        "AUD_DEFAULT",
        (
            "The token was requested for `https://github.com/octo-org`, which is GitHub's default. "
            "Request it with `audience=api://AzureADTokenExchange`, URL-encoded, or pass it to `core.getIDToken`."
        ),
    ),
    "the API server's audience": (
        {"issuer": "https://k8s.test"},
        {"iss": "https://k8s.test", "aud": ["https://kubernetes.default.svc"], "sub": "system:serviceaccount:a:b"},
        700212,
        "AUD_DEFAULT",
        (
            "The token was requested for `https://kubernetes.default.svc`, which is the cluster's own API server. "
            "Project a token with the audience `api://AzureADTokenExchange`."
        ),
    ),
    "the cluster's issuer as audience": (
        {"issuer": "https://k8s.test"},
        {"iss": "https://k8s.test", "aud": ["https://k8s.test"], "sub": "system:serviceaccount:a:b"},
        700212,
        "AUD_DEFAULT",
        (
            "The token was requested for `https://k8s.test`, which is the cluster's own API server. "
            "Project a token with the audience `api://AzureADTokenExchange`."
        ),
    ),
    "the issuer as audience, where it is no cluster": (
        {},
        {"aud": ISSUER},
        700212,
        "DIFFERENT",
        f"The token is meant for `{ISSUER}`, the credential expects `{AUDIENCE}`.",
    ),
    "an audience in another case": (
        {},
        {"aud": AUDIENCE.lower()},
        700212,
        "AUD_CASE",
        (
            "The audience matches except for case at character 7: `api://azureadtokenexchange` in the token, "
            "`api://AzureADTokenExchange` in the credential. Comparison is case-sensitive."
        ),
    ),
    "an audience with a blank": (
        {},
        {"aud": AUDIENCE + " "},
        700212,
        "WHITESPACE",
        f"Character 27 of the token's audience is a blank. Retype it: `{AUDIENCE}`.",
    ),
    "a branch where an environment is expected": (
        {"subject": IMMUTABLE + "environment:production"},
        {"sub": IMMUTABLE + "ref:refs/heads/main"},
        700213,
        "ENTITY_TYPE",
        (
            "The job ran on branch `main`, the credential expects environment `production`. Either add "
            "`environment: production` to the job, or add a credential for the branch."
        ),
    ),
    "an environment where a branch is expected": (
        {"subject": BRANCH},
        {"sub": "repo:octo-org/octo-repo:environment:production"},
        700213,
        "ENTITY_TYPE",
        (
            "The job names environment `production`, so GitHub puts the environment into the subject; the credential "
            "expects branch `main`. Add a credential for the environment, if that is what you meant to trust."
        ),
    ),
    "a pull request where an environment is expected": (
        {"subject": "repo:octo-org/octo-repo:environment:production"},
        {"sub": "repo:octo-org/octo-repo:pull_request"},
        700213,
        "ENTITY_TYPE",
        (
            "The job ran for a pull request, the credential expects environment `production`. Either add "
            "`environment: production` to the job, or add a credential for a pull request."
        ),
    ),
    "a tag where a branch is expected": (
        {"subject": BRANCH},
        {"sub": "repo:octo-org/octo-repo:ref:refs/tags/v1"},
        700213,
        "ENTITY_TYPE",
        (
            "The job ran on tag `v1`, the credential expects branch `main`. Add a credential for the tag, if "
            "that is what "
            "you meant to trust."
        ),
    ),
    "another branch": (
        {"subject": BRANCH},
        {"sub": "repo:octo-org/octo-repo:ref:refs/heads/next"},
        700213,
        "SEGMENT(branch)",
        (
            "One segment differs, the branch: `next` in the token, `main` in the credential. Add a credential for this "
            "branch, if that is what you meant to trust."
        ),
    ),
    "a context of no known kind": (
        {"subject": BRANCH},
        {"sub": "repo:octo-org/octo-repo:something:x"},
        700213,
        "SEGMENT(context)",
        (
            "One segment differs, the context: `something:x` in the token, `ref:refs/heads/main` in the credential. "
            "Add a credential for it, if that is what you meant to trust: `repo:octo-org/octo-repo:something:x`."
        ),
    ),
    "a newer form of the same subject": (
        {"subject": BRANCH},
        {"sub": IMMUTABLE + "ref:refs/heads/main"},
        700213,
        "GENERATION",
        (
            "Same repository, newer subject format. The token says `repo:octo-org@123456/octo-repo@456789:…`, the "
            "credential `repo:octo-org/octo-repo:…`. GitHub sends ids for repositories created, renamed or transferred "
            "since 2026-07-15, or after opting in. Add the immutable credential beside this one."
        ),
    ),
    "an older form of the same subject": (
        {"subject": IMMUTABLE + "ref:refs/heads/main"},
        {"sub": BRANCH},
        700213,
        "GENERATION",
        (
            "Same repository, older subject format. The token says `repo:octo-org/octo-repo:…`, the credential "
            "`repo:octo-org@123456/octo-repo@456789:…`. GitHub sends the names alone until the repository opts in to "
            "immutable subjects. Opt in."
        ),
    ),
    "a newer form, for another branch": (
        {"subject": BRANCH},
        {"sub": IMMUTABLE + "ref:refs/heads/next"},
        700213,
        "GENERATION",
        (
            "Same repository, newer subject format. The token says `repo:octo-org@123456/octo-repo@456789:…`, the "
            "credential `repo:octo-org/octo-repo:…`. GitHub sends ids for repositories created, renamed or transferred "
            "since 2026-07-15, or after opting in. And the job ran for branch `next`, where the credential expects "
            "branch `main`."
        ),
    ),
    "a newer form, and a context of no known kind": (
        {"subject": "repo:octo-org/octo-repo:pull-request"},
        {"sub": IMMUTABLE + "pull_request"},
        700213,
        "GENERATION",
        (
            "Same repository, newer subject format. The token says `repo:octo-org@123456/octo-repo@456789:…`, the "
            "credential `repo:octo-org/octo-repo:…`. GitHub sends ids for repositories created, renamed or transferred "
            "since 2026-07-15, or after opting in. And the job ran for a pull request, where the credential expects "
            "`pull-request`."
        ),
    ),
    "a newer form of a customised subject": (
        {"subject": "repo:octo-org/octo-repo:actor:octocat"},
        {"sub": IMMUTABLE + "ref:refs/heads/main"},
        700213,
        "TEMPLATE",
        (
            "The credential expects a customised subject; the token has GitHub's default form, so the repository's "
            "template was reset, or never set. Set it again, or trust the default form."
        ),
    ),
    "an older form, for an environment": (
        {"subject": IMMUTABLE + "ref:refs/heads/main"},
        {"sub": "repo:octo-org/octo-repo:environment:x"},
        700213,
        "GENERATION",
        (
            "Same repository, older subject format. The token says `repo:octo-org/octo-repo:…`, the credential "
            "`repo:octo-org@123456/octo-repo@456789:…`. GitHub sends the names alone until the repository opts in to "
            "immutable subjects. And the job ran for environment `x`, where the credential expects branch `main`."
        ),
    ),
    "another repository of the same name": (
        {"subject": IMMUTABLE + "ref:refs/heads/main"},
        {"sub": "repo:octo-org@123456/octo-repo@987654:ref:refs/heads/main"},
        700213,
        "ID_CHANGED",
        (
            "The names are the same, but the ids are not: `repo:octo-org@123456/octo-repo@987654` in the token, "
            "`repo:octo-org@123456/octo-repo@456789` in the credential. The repository may have been deleted "
            "and created "
            "again by someone else. Nothing was granted; an administrator has to confirm."
        ),
    ),
    "a subject in another case": (
        {"subject": "repo:octo-org/octo:environment:production"},
        {"sub": "repo:octo-org/octo:environment:Production"},
        7002138,
        "CASE",
        (
            "The subject matches except for case at character 32: `Production` in the token, `production` in the "
            "credential. Comparison is case-sensitive."
        ),
    ),
    "a star in a plain subject": (
        {"subject": "repo:octo-org/octo-repo:ref:refs/heads/*"},
        {},
        700213,
        "LITERAL_STAR",
        (
            "The star in the credential's subject is an ordinary character: a subject is never a pattern. An "
            "expression is "
            "one."
        ),
    ),
    "a question mark in a plain subject": (
        {"subject": BRANCH[:-1] + "?"},
        {},
        700213,
        "LITERAL_STAR",
        (
            "The question mark in the credential's subject is an ordinary character: a subject is never a pattern. An "
            "expression is one."
        ),
    ),
    "a star that would not fit either": (
        {"subject": "repo:octo-org/other:*"},
        {},
        700213,
        "DIFFERENT",
        (
            f"The subject is another one: `{BRANCH}` in the token, `repo:octo-org/other:*` in the credential. "
            "No credential of this issuer and audience has a subject that resembles it."
        ),
    ),
    "a blank before the credential's subject": (
        {"subject": " " + BRANCH},
        {},
        700213,
        "WHITESPACE",
        f"Character 1 of the credential's subject is a blank. Retype it: `{BRANCH}`.",
    ),
    "an invisible character in the token's subject": (
        {"subject": BRANCH},
        {"sub": BRANCH + "\u200b"},
        700213,
        "CONTROL",
        f"Character 44 of the token's subject is U+200B, an invisible character. Retype it: `{BRANCH}`.",
    ),
    "no subject": ({}, {"sub": ...}, 90014, "CLAIM_MISSING(sub)", "The token has no subject."),
    "a clause that does not hold": (
        {"expression": MATCHING},
        {"repository_id": "1"},
        7002131,
        "CLAUSE(2)",
        "Clause 2 does not hold: `claims['repository_id'] eq '456789'`, but the token says `1`.",
    ),
    "a claim that a clause names and the token lacks": (
        {"expression": MATCHING},
        {},
        7002131,
        "CLAIM_MISSING(repository_id)",
        "Clause 2 does not hold: `claims['repository_id'] eq '456789'`, but the token has no such claim.",
    ),
}


@every("sentence", CAUSES)
def test_the_cause_is_named_for(sentence):
    held, said, code, cause, first_line = CAUSES[sentence]
    told = why(held, said)
    assert (told.code, told.cause, told.sentence) == (f"AADSTS{code}", cause, first_line)
    assert told.near[0].cause == cause


def test_several_audiences_are_named_where_one_is_demanded():
    told = why({}, {"aud": [AUDIENCE, "https://vault.test"]}, several="refuse", extended=True)
    assert (told.code, told.cause) == ("AADSTS700212", "AUD_EXTRA")
    assert told.sentence == (
        f"The token is also meant for `https://vault.test`; this credential accepts tokens for `{AUDIENCE}` only. "
        "Request that one audience alone."
    )


EDITS = {  # what the credential holds, what the token says, the edits: target, kind, value after, effect
    "the issuer as the token writes it": (
        {"issuer": ISSUER + "/"},
        {},
        [("credential", "set", ISSUER, "same")],
    ),
    "the audience that the credential expects": (
        {},
        {"aud": "https://github.com/octo-org"},
        [("workload", "request", AUDIENCE, "same")],
    ),
    "the environment first, then a second credential": (
        {"subject": IMMUTABLE + "environment:production"},
        {"sub": IMMUTABLE + "ref:refs/heads/main"},
        [
            ("workload", "set", "production", "same"),
            ("credential", "add", IMMUTABLE + "ref:refs/heads/main", "wider"),
        ],
    ),
    "the immutable twin": (
        {"subject": BRANCH},
        {"sub": IMMUTABLE + "ref:refs/heads/main"},
        [("credential", "add", IMMUTABLE + "ref:refs/heads/main", "wider")],
    ),
    "never anything, where the id changed": (
        {"subject": IMMUTABLE + "ref:refs/heads/main"},
        {"sub": "repo:octo-org@123456/octo-repo@987654:ref:refs/heads/main"},
        [],
    ),
    "an expression over the id, after a second credential": (
        {"subject": "repo:octo-org/octo-repo:*"},
        {"repository_id": "456789"},
        [
            ("credential", "add", BRANCH, "wider"),
            (
                "credential",
                "set",
                "claims['sub'] matches 'repo:octo-org/octo-repo:*' and claims['repository_id'] eq '456789'",
                "wider",
            ),
        ],
    ),
    "no expression with a star where a repository stands": (
        {"subject": "repo:octo-org/*"},
        {"repository_id": "456789"},
        [("credential", "add", BRANCH, "wider")],
    ),
    "no expression with a star where a namespace stands": (
        {"subject": "system:serviceaccount:*:api"},
        {"sub": "system:serviceaccount:somebody:api"},
        [("credential", "add", "system:serviceaccount:somebody:api", "wider")],
    ),
    "no expression with a star where an account stands": (
        {"subject": "arn:aws:iam::*:role/deploy"},
        {"sub": "arn:aws:iam::210987654321:role/deploy"},
        [("credential", "add", "arn:aws:iam::210987654321:role/deploy", "wider")],
    ),
    "no expression with a star where a workspace stands": (
        {"subject": "organization:o:project:p:workspace:*:run_phase:apply"},
        {"sub": "organization:o:project:p:workspace:w:run_phase:apply"},
        [("credential", "add", "organization:o:project:p:workspace:w:run_phase:apply", "wider")],
    ),
    "nothing, where nothing resembles the token": ({"subject": "x"}, {}, []),
}


@every("sentence", EDITS)
def test_what_would_help_is(sentence):
    held, said, edits = EDITS[sentence]
    told = why(held, said)
    assert [(each.target, each.kind, each.after, each.effect) for each in told.edits] == edits
    assert all(each.text for each in told.edits)


DIFFERENCES = {
    "equal": ("abc", "abc", None),
    "the first character": ("abc", "xbc", (1, 1, "abc", "xbc")),
    "the last character": ("abc", "abd", (3, 1, "abc", "abd")),
    "one is longer": ("ab", "abc", (3, 1, "ab", "abc")),
    "one is empty": ("", "abc", (1, 1, "", "abc")),
    "the second segment": ("a:bc:d", "a:bx:d", (4, 2, "bc", "bx")),
    "right behind a colon": ("a:b", "a:c", (3, 2, "b", "c")),
    "a part between slashes": ("repo:o/name:x", "repo:o/other:x", (8, 2, "name", "other")),
}


@every("sentence", DIFFERENCES)
def test_two_values_part_at(sentence):
    expected, said, where = DIFFERENCES[sentence]
    found = difference(expected, said)
    assert (found and (found.character, found.segment, found.expected, found.presented)) == where


SPANS = {
    0: "0 s",
    59: "59 s",
    60: "1 min",
    252: "4 min 12 s",
    3_600: "1 h",
    3_660: "1 h 1 min",
    90_000: "1 d 1 h",
    31_536_000: "365 d",
    -61: "1 min 1 s",
}


@every("seconds", SPANS)
def test_a_length_of_time_is_said_in_at_most_two_units(seconds):
    assert span(seconds) == SPANS[seconds]
