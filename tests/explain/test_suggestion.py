"""Which credential would have matched, told from an event."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit.explain import suggest
from accredit.explain.suggestion import UNMATCHED
from accredit.signins import Event
from accredit.trust import choose, match
from accredit.trust.credential import NAME
from tests.forge import AUDIENCE, ISSUER, NOW
from tests.support.every import every
from tests.support.trusting import credential, presented, trusted

MAIN = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"
GITHUB = "https://token.actions.githubusercontent.com"
EVENT = Event(
    id=UUID(int=1),
    at=NOW,
    tenant_id=UUID(int=2),
    app_id=UUID(int=3),
    app_name="deploy-bot",
    principal_id=UUID(int=4),
    correlation_id=UUID(int=1),
    address="203.0.113.9",
    evidence="federatedIdentityCredential",
    code=700213,
    proof="proven",
    issuer=GITHUB,
    subject=MAIN,
    audiences=(AUDIENCE,),
    digest="d" * 64,
)
OTHER = credential(1, MAIN.replace("main", "next"), issuer=GITHUB)

NOTHING = {
    "granted": ({"code": 0, "credential_name": "main"}, (), "It was granted, by main: nothing is missing."),
    "granted to a secret": ({"code": 0}, (), "It was granted, by a secret or certificate: nothing is missing."),
    "many attempts": ({"count": 2}, (), "The event counts many attempts and keeps no token's claims."),
    "unproven": ({"proof": "unproven"}, (), "Nobody has proven who sent this (unproven)"),
    "unknown": ({"proof": "unknown"}, (), "Nobody has proven who sent this (unknown)"),
    "expired": ({"code": 700024}, (), "It was not refused for want of a credential"),
    "without subject": ({"subject": None}, (), "The token has no subject"),
    "a subject that was cut": ({"subject": "x" * 600 + "…"}, (), "The subject is not kept as it was presented"),
    "a subject with what nobody sees": ({"subject": "a\\u202eb"}, (), "The subject is not kept as it was presented"),
    "a token for a subject": ({"subject": "<jwt masked>"}, (), "The subject is not kept as it was presented"),
    "an issuer that was cut": ({"issuer": "x" * 601}, (), "The issuer is not kept as it was presented"),
    "an audience that was cut": ({"audiences": ("x" * 601,)}, (), "The audience is not kept as it was presented"),
    "another repository of the same name": (
        {},
        (credential(1, MAIN.replace("456789", "987654"), issuer=GITHUB),),
        "Same name, different repository: the token says `repo:octo-org@123456/octo-repo@456789`",
    ),
}


@every("sentence", NOTHING)
def test_nothing_is_suggested_for(sentence):
    changed, held, said = NOTHING[sentence]
    found = suggest(replace(EVENT, **changed), held, "contained")
    assert (found.action, found.trust) == ("none", None)
    assert found.sentence.startswith(said)


def test_what_is_suggested_is_what_was_presented():
    found = suggest(EVENT, (OTHER,), "contained")
    assert (found.action, found.warnings) == ("add", ())
    assert (found.trust.issuer, found.trust.subject, found.trust.audience) == (GITHUB, MAIN, AUDIENCE)
    assert (found.trust.name, bool(NAME.fullmatch(found.trust.name))) == ("actions-main", True)
    assert {700211, 700212, 700213} <= UNMATCHED


SEVERAL = {
    "one of two, where one is enough": (("api://x", AUDIENCE), "contained", AUDIENCE),
    "the first of two that are both not the usual one": (("api://x", "api://y"), "contained", "api://x"),
    "none of two where one alone is accepted": (("api://x", AUDIENCE), "refuse", None),
    "none of two that would have to be listed": (("api://x", AUDIENCE), "listed", None),
}


@every("sentence", SEVERAL)
def test_of_several_audiences(sentence):
    audiences, rule, audience = SEVERAL[sentence]
    found = suggest(replace(EVENT, audiences=audiences), (), rule)
    assert (found.trust.audience if found.trust else None) == audience


NO_ID = "no id of the tenant and project"
USER = "org/{0}/project/{0}/user/{0}".format("11111111-1111-4111-8111-111111111111")
NAMED = {
    "names alone": ("repo:octo-org/octo-repo:environment:prod", ["so far", NO_ID]),
    "a pull request": ("repo:octo-org@123456/octo-repo@456789:pull_request", ["pull request"]),
    "names and a pull request": (
        "repo:octo-org/octo-repo:pull_request",
        ["so far", NO_ID, "pull request"],
    ),
    "another form": ("system:serviceaccount:ci:runner", [NO_ID]),
    "letters that look like others": (f"{MAIN}-\u0456", ["beyond ASCII"]),
    "a stranger's repository": (MAIN.replace("octo-org@123456", "octo-orq@999999"), ["`repo:octo-orq@999999/`"]),
    "an owner of the same name and another id": (
        "repo:octo-org@999999/tools@7:ref:refs/heads/main",
        ["`repo:octo-org@999999/`"],
    ),
    "an owner whose name begins alike": ("repo:octo-org@12345/tools@7:ref:refs/heads/main", ["`repo:octo-org@12345/`"]),
}


@every("sentence", NAMED)
def test_what_should_be_known_before(sentence):
    subject, words = NAMED[sentence]
    found = suggest(
        replace(EVENT, subject=subject), (OTHER, credential(2, expression="claims['a'] eq 'b'")), "contained"
    )
    assert len(found.warnings) == len(words)
    assert all(word in said for word, said in zip(words, found.warnings, strict=True))
    assert "*" not in found.trust.subject


ELSEWHERE = {
    "GitLab": (
        "https://gitlab.com",
        "project_path:a/b:ref_type:branch:ref:main",
        ["`project_path:a/`", NO_ID],
    ),
    "a GitLab of one's own": (
        "https://gitlab.test",
        "project_path:a/b:ref_type:branch:ref:main",
        [NO_ID],
    ),
    "HCP Terraform": (
        "https://app.terraform.io",
        "organization:acme:project:p:workspace:w:run_phase:apply",
        ["`organization:acme:`", NO_ID],
    ),
    "Buildkite, whose customers are told apart by names too": (
        "https://agent.buildkite.com",
        "organization:acme:pipeline:p:ref:refs/heads/main:commit:abc:step:s",
        ["`organization:acme:`", NO_ID],
    ),
    "an organization with an issuer of its own": (
        "https://oidc.circleci.com/org/11111111-1111-4111-8111-111111111111",
        USER,
        [],
    ),
    "a cluster": ("https://oidc.eks.eu-west-1.amazonaws.com/id/ABC", "system:serviceaccount:ci:runner", []),
    "a platform that nobody knows": ("https://idp.test", "job-7", []),
}


@every("platform", ELSEWHERE)
def test_the_same_of_other_platforms_as_the_catalogue_knows_them(platform):
    issuer, subject, words = ELSEWHERE[platform]
    found = suggest(replace(EVENT, issuer=issuer, subject=subject), (OTHER,), "contained")
    assert len(found.warnings) == len(words)
    assert all(word in said for word, said in zip(words, found.warnings, strict=True))


OWNED = {
    "by a subject": ((OTHER,), []),
    "by an expression": ((credential(1, expression=f"claims['sub'] matches '{MAIN[:21]}/*'", issuer=GITHUB),), []),
    "at another issuer only": ((credential(1, MAIN, issuer="https://other.test"),), ["so far"]),
    "by what is disabled only": ((credential(1, OTHER.subject, issuer=GITHUB, enabled=False),), ["so far"]),
    "not at all": ((), ["so far"]),
}


@every("how", OWNED)
def test_whoever_has_an_account_is_told_from_whom_the_application_trusts_already(how):
    held, words = OWNED[how]
    found = suggest(EVENT, held, "contained")
    assert len(found.warnings) == len(words)
    assert all(word in said for word, said in zip(words, found.warnings, strict=True))


@pytest.mark.parametrize(("subject", "action"), [(MAIN, "add"), (OTHER.subject, "update")])
def test_whoever_else_such_tokens_are_made_for_is_told(subject, action):
    found = suggest(replace(EVENT, subject=subject, audiences=("https://evil.example",)), (OTHER,), "contained")
    assert (found.action, len(found.warnings)) == (action, 1)
    assert "made for `https://evil.example`" in found.warnings[0]
    known = credential(2, OTHER.subject + "-2", issuer=GITHUB, audience="https://evil.example")
    assert suggest(replace(EVENT, audiences=(known.audience,)), (OTHER, known), "contained").warnings == ()


NAMES = {
    "a free one": (MAIN, (), "actions-main"),
    "the next one": (MAIN, ("Actions-Main", "actions-main-2"), "actions-main-3"),
    "a subject that ends in nothing": ("x:", (), "actions"),
    "nothing to make one of": ("::", (), "from-sign-in"),
}


@every("sentence", NAMES)
def test_the_name_is(sentence):
    subject, taken, name = NAMES[sentence]
    held = [credential(n, "x", name=each, issuer=GITHUB) for n, each in enumerate(taken)]
    issuer = GITHUB if name != "from-sign-in" else "https://[::1]"
    assert suggest(replace(EVENT, subject=subject, issuer=issuer), held, "contained").trust.name == name


def test_what_is_trusted_by_now_is_said_and_not_suggested_again():
    there = credential(1, MAIN, issuer=GITHUB)
    found = suggest(EVENT, (there,), "contained")
    assert (found.action, found.sentence) == ("exists", "The credential `credential-1` trusts exactly this by now.")
    off = suggest(EVENT, (replace(there, enabled=False),), "contained")
    assert off.sentence == "The credential `credential-1` trusts exactly this by now, but it is disabled."


def test_where_the_audience_alone_differs_the_credential_is_changed():
    there = credential(1, MAIN, issuer=GITHUB, audience="api://other")
    found = suggest(replace(EVENT, code=700212), (there,), "contained")
    assert (found.action, found.trust.name, found.trust.audience) == ("update", "credential-1", AUDIENCE)
    assert "Have the platform issue the token for that" in found.sentence
    strict = suggest(replace(EVENT, audiences=("x", "y")), (replace(there, multi_audience="refuse"),), "contained")
    assert strict.action == "none"


def test_what_is_suggested_matches():
    said = presented(iss=ISSUER, sub=MAIN)
    trust = suggest(replace(EVENT, issuer=ISSUER), (), "contained").trust
    made = credential(7, trust.subject, issuer=trust.issuer, audience=trust.audience)
    assert choose("deploy-bot", match(trusted(made), said)) == (made,)
