"""Where a credential that names a repository of GitHub stands on the way to one that names its ids."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.explain import twin
from accredit.explain.migration import AFTERWARDS, PERIOD, Held, migrations, name_of
from accredit.explain.repository_ids import Sighting, sighting, typed_in
from accredit.explain.twin import Ids, Named
from accredit.signins import Event
from accredit.trust.expression import Budget, evaluate, parse
from accredit.trust.written import WrittenTrust
from tests.forge import AUDIENCE, NOW
from tests.support.every import every

GITHUB = "https://token.actions.githubusercontent.com"
OLD = "repo:octo-org/octo-repo:environment:production"
NEW = "repo:octo-org@123456/octo-repo@456789:environment:production"
IDS = Ids("123456", "456789")
TICK = timedelta(seconds=1)
LEGACY, TWIN = UUID(int=1), UUID(int=2)
SEEN = Sighting(GITHUB, "octo-org", "octo-repo", IDS, LEGACY)


def trust(subject=None, expression=None, **given):
    known = {"name": "prod", "issuer": GITHUB, "audiences": (AUDIENCE,), "application": "deploy-bot"}
    return WrittenTrust(**known | {"subject": subject, "expression": expression} | given)


def legacy(**given):
    return Held(trust=trust(given.pop("subject", OLD), **given), id=LEGACY)


def other(**given):
    usual = {"name": "prod-immutable", "created_at": NOW - 2 * PERIOD}
    return Held(trust=trust(given.pop("subject", NEW), **usual | given), id=TWIN)


def ways(*held, seen=(), portable=True, **given):
    return migrations(held, seen, now=NOW, portable=portable, **given)


def way(*held, **given):
    return next(each for each in ways(*held, **given) if each.held.id == LEGACY)


STATES = {
    "ids that nobody knows": ((legacy(),), (), "found", "IDS_UNKNOWN"),
    "ids that a sign-in told": ((legacy(),), (SEEN,), "twin_planned", ""),
    "ids that another credential's sign-in told": ((legacy(),), (replace(SEEN, by=TWIN),), "found", "IDS_UNKNOWN"),
    "ids that a refusal told": ((legacy(),), (replace(SEEN, by=None),), "found", "IDS_UNKNOWN"),
    "ids of another issuer": ((legacy(),), (replace(SEEN, issuer=GITHUB + "/acme"),), "found", "IDS_UNKNOWN"),
    "half of the ids": ((legacy(),), (replace(SEEN, ids=Ids("123456")),), "found", "IDS_UNKNOWN"),
    "a repository that was made again": (
        (legacy(),),
        (SEEN, replace(SEEN, ids=Ids("123456", "987"), by=None)),
        "found",
        "ID_CHANGED",
    ),
    "an owner who is another": (
        (legacy(),),
        (SEEN, replace(SEEN, owner="Octo-Org", repository="tools", ids=Ids("7", "8"))),
        "found",
        "ID_CHANGED",
    ),
    "another repository of the owner": (
        (legacy(),),
        (SEEN, replace(SEEN, repository="tools", ids=Ids("123456", "8"))),
        "twin_planned",
        "",
    ),
    "a twin of other ids than were seen": (
        (legacy(), other(subject=NEW.replace("456789", "987"))),
        (SEEN,),
        "twin_active",
        "ID_CHANGED",
    ),
    "a twin": ((legacy(), other()), (), "twin_active", ""),
    "a twin that is disabled": ((legacy(), other(enabled=False)), (), "twin_planned", ""),
    "a disabled twin of other ids": (
        (legacy(), other(enabled=False)),
        (replace(SEEN, ids=Ids("123456", "987")),),
        "found",
        "ID_CHANGED",
    ),
    "a twin for another audience": ((legacy(), other(audiences=("api://x",))), (), "found", "IDS_UNKNOWN"),
    "a twin at another issuer": ((legacy(), other(issuer=GITHUB + "/acme")), (), "found", "IDS_UNKNOWN"),
    "a twin for another environment": ((legacy(), other(subject=NEW + "-2")), (), "found", "IDS_UNKNOWN"),
    "a twin that was used": ((legacy(last_used_at=NOW), other(last_used_at=NOW)), (), "observed", ""),
    "a twin that was used, as a file may not say when it was made": (
        (legacy(), other(last_used_at=NOW, created_at=None)),
        (),
        "observed",
        "",
    ),
    "used until a second too late": (
        (legacy(last_used_at=NOW - PERIOD + TICK), other(last_used_at=NOW)),
        (),
        "observed",
        "",
    ),
    "used just long enough ago": (
        (legacy(last_used_at=NOW - PERIOD), other(last_used_at=NOW)),
        (),
        "retirable",
        "",
    ),
    "used longer ago": ((legacy(last_used_at=NOW - PERIOD - TICK), other(last_used_at=NOW)), (), "retirable", ""),
    "never used": ((legacy(), other(last_used_at=NOW)), (), "retirable", ""),
    "a twin that is too young": (
        (legacy(), other(last_used_at=NOW, created_at=NOW - PERIOD + TICK)),
        (),
        "observed",
        "",
    ),
    "a twin that is just old enough": (
        (legacy(), other(last_used_at=NOW, created_at=NOW - PERIOD)),
        (),
        "retirable",
        "",
    ),
    "unused, where ids contradict each other": (
        (legacy(), other(last_used_at=NOW)),
        (SEEN, replace(SEEN, ids=Ids("1", "456789"))),
        "observed",
        "ID_CHANGED",
    ),
    "disabled": ((legacy(enabled=False), other(last_used_at=NOW)), (), "retired", ""),
    "disabled without a twin": ((legacy(enabled=False),), (), "retired", ""),
    "disabled, where ids contradict each other": (
        (legacy(enabled=False),),
        (SEEN, replace(SEEN, ids=Ids("1", "456789"))),
        "retired",
        "ID_CHANGED",
    ),
    "an application that is full": (
        (legacy(), *(Held(trust=trust(f"x:{n}", name=f"n{n}", issuer="https://i.example")) for n in range(19))),
        (SEEN,),
        "twin_planned",
        "LIMIT",
    ),
    "a subject that would be too long": ((legacy(subject=OLD + "x" * 550),), (SEEN,), "found", "UNFIT"),
}


@every("sentence", STATES)
def test_where_it_stands(sentence):
    held, seen, state, cause = STATES[sentence]
    found = way(*held, seen=seen)
    assert (found.state, found.cause) == (state, cause)
    assert (found.plan is not None) is (state == "twin_planned" and found.twin is None)
    assert found.next


def test_of_several_twins_the_one_that_is_used_counts():
    used = replace(other(name="b", last_used_at=NOW), id=UUID(int=3))
    off = replace(other(name="c", enabled=False, last_used_at=NOW), id=UUID(int=4))
    assert way(legacy(), other(), used, off).twin == used


def test_a_tenant_without_limits_has_room():
    many = (Held(trust=trust(f"x:{n}", name=f"n{n}", issuer="https://i.example")) for n in range(30))
    assert way(legacy(), *many, seen=(SEEN,), portable=False).cause == ""


def test_the_plan_is_the_same_with_ids():
    found = way(legacy(description="Deploys", last_used_at=NOW, created_at=NOW), seen=(SEEN,))
    assert found.plan == trust(NEW, name="prod-immutable", description="Deploys")


AFTER = {
    "a second before": (AFTERWARDS - TICK, "Delete it after 2026-"),
    "then": (AFTERWARDS, "Delete it."),
    "later": (AFTERWARDS + TICK, "Delete it."),
}


@every("sentence", AFTER)
def test_when_it_may_be_deleted(sentence):
    since, said = AFTER[sentence]
    found = way(replace(legacy(enabled=False), disabled_at=NOW - since), other())
    assert found.deletable == NOW - since + AFTERWARDS
    assert found.next.startswith(said)
    assert way(legacy(enabled=False), other()).deletable is None, "nobody knows when it was disabled"


def test_when_it_may_be_retired():
    since = NOW - timedelta(days=1)
    found = way(legacy(last_used_at=since), other(last_used_at=NOW))
    assert (found.quiet_since, found.due(), found.due(timedelta(days=2))) == (
        since,
        since + PERIOD,
        since + timedelta(days=2),
    )
    assert f"{since + PERIOD:%Y-%m-%d}" in found.next
    assert way(legacy()).due() is None
    assert way(legacy(last_used_at=since), other(last_used_at=NOW), after=timedelta(days=1)).state == "retirable"


READ = {
    "names": (OLD, "legacy", Named("octo-org", "octo-repo")),
    "names of a branch with slashes": ("repo:o/r:ref:refs/heads/a/b", "legacy", Named("o", "r")),
    "ids": (NEW, "immutable", None),
    "half of the ids, which GitHub never sends": ("repo:o@1/r:pull_request", None, None),
    "what is customised behind the repository": (OLD + ":job_workflow_ref:x", "template", None),
    "what is customised behind the repository, with ids": (OLD + ":repository_id:4", "template_with_ids", None),
    "what begins like a repository": ("repo:o", None, None),
    "a context that GitHub has not": ("repo:o/r:pull-request", "template", None),
    "what is customised with names": ("repository_owner:o:repository_visibility:private", "template", None),
    "what is customised with an id": ("repository_owner_id:1:ref:refs/heads/main", "template_with_ids", None),
    "nothing of GitHub's": ("system:serviceaccount:a:b", None, None),
}


@every("sentence", READ)
def test_a_subject_is_read(sentence):
    subject, kind, named = READ[sentence]
    found = twin.read(trust(subject))
    assert (found and (found.kind, found.named)) == (kind and (kind, named))


ISSUERS = {
    "github.com": (GITHUB, True),
    "an enterprise's own": (f"{GITHUB}/octocat-inc", True),
    "GHE.com": ("https://token.actions.octocorp.ghe.com", True),
    "GHE.com, an enterprise's own": ("https://token.actions.octocorp.ghe.com/octocat-inc", True),
    "GitHub Enterprise Server": ("https://github.example.com/_services/token", False),
    "another": ("https://idp.example", False),
}


@every("sentence", ISSUERS)
def test_whose_subjects_change(sentence):
    issuer, concerned = ISSUERS[sentence]
    assert bool(ways(legacy(issuer=issuer))) is concerned


REPORTED = {
    "customised, with ids": (trust("repository_id:4:environment:x"), "immutable", ""),
    "customised": (trust("repository_owner:o:environment:x"), "template", "TEMPLATE"),
    "an expression for every owner": (trust(expression="claims['sub'] matches 'repo:*/r:*'"), "found", "PATTERN"),
}


@every("sentence", REPORTED)
def test_what_is_only_told(sentence):
    written, state, cause = REPORTED[sentence]
    (found,) = ways(Held(trust=written))
    assert (found.state, found.cause, found.plan) == (state, cause, None)


EXPRESSIONS = {
    "a pattern of branches": (
        "claims['sub'] matches 'repo:o/r:ref:refs/heads/*'",
        1,
        "claims['sub'] matches 'repo:o@1/r@2:ref:refs/heads/*' and claims['repository_id'] eq '2'",
    ),
    "one that asks for the id already": (
        "claims['repository_id'] eq '2' and claims['sub'] matches 'repo:o/r:*'",
        1,
        "claims['repository_id'] eq '2' and claims['sub'] matches 'repo:o@1/r@2:*'",
    ),
    "one that asks for the owner's id only": (
        "claims['sub'] eq 'repo:o/r:pull_request' and claims['repository_owner_id'] eq '1'",
        1,
        (
            "claims['sub'] eq 'repo:o@1/r@2:pull_request' and claims['repository_owner_id'] eq '1' and "
            "claims['repository_id'] eq '2'"
        ),
    ),
    "every repository of an owner": (
        "claims['sub'] matches 'repo:o/*'",
        1,
        "claims['sub'] matches 'repo:o@1/*' and claims['repository_owner_id'] eq '1'",
    ),
    "an environment of every repository": (
        "claims['sub'] matches 'repo:o/app-*:environment:x'",
        1,
        "claims['sub'] matches 'repo:o@1/app-*@*:environment:x' and claims['repository_owner_id'] eq '1'",
    ),
    "the same in version 2": (
        "claims['sub'] matches 'repo:o/*:environment:x'",
        2,
        "claims['sub'] matches 'repo:o@1/*@*:environment:x' and claims['repository_owner_id'] eq '1'",
    ),
    "several, and what is left out": (
        (
            "claims['sub'] in ['repo:o/r:environment:a', 'repo:o/r:environment:b'] or exists(claims['sub']) and "
            "claims['sub'] matches 'repo:o/r:ref:**' and claims['sub'] ne 'repo:o/r:ref:refs/heads/x' and "
            "exists(claims['actor'])"
        ),
        2,
        (
            "(claims['sub'] in ['repo:o@1/r@2:environment:a', 'repo:o@1/r@2:environment:b'] or exists(claims['sub']) "
            "and claims['sub'] matches 'repo:o@1/r@2:ref:**' and claims['sub'] ne 'repo:o@1/r@2:ref:refs/heads/x' and "
            "exists(claims['actor'])) and claims['repository_id'] eq '2'"
        ),
    ),
}


@every("sentence", EXPRESSIONS)
def test_an_expression_gets_its_ids(sentence):
    text, version, wanted = EXPRESSIONS[sentence]
    old = Held(trust=trust(expression=text, language_version=version), id=LEGACY)
    (found,) = ways(old, portable=False, typed={"o/r": Ids("1", "2"), "o": Ids("1")})
    assert (found.state, found.plan.expression) == ("twin_planned", wanted)
    made = Held(trust=found.plan, id=TWIN)
    assert twin.read(found.plan).kind == "immutable"
    (again,) = ways(old, made, portable=False)
    assert (again.state, again.twin, again.cause) == ("twin_active", made, ""), "it is known again, by what it says"


LEFT = {
    "no subject": ("claims['job_workflow_ref'] eq 'x'", None),
    "ids": ("claims['sub'] matches 'repo:o@1/r@2:*' and claims['repository_id'] eq '2'", "immutable"),
    "every owner, but one id": ("claims['sub'] matches 'repo:*' and claims['repository_id'] eq '2'", None),
    "every owner": ("claims['sub'] matches 'repo:*'", "pattern"),
    "two repositories": ("claims['sub'] in ['repo:o/r:pull_request', 'repo:o/s:pull_request']", "pattern"),
    "both generations": ("claims['sub'] in ['repo:o/r:pull_request', 'repo:o@1/r@2:pull_request']", "pattern"),
    "what a subject contains": ("claims['sub'] contains 'repo:o/r:pull_request'", "pattern"),
    "a repository without a context": ("claims['sub'] matches 'repo:o/r'", "pattern"),
    "a text that is no expression": ("claims[", None),
}


@every("sentence", LEFT)
def test_an_expression_that_has_no_twin(sentence):
    text, kind = LEFT[sentence]
    found = twin.read(trust(expression=text, language_version=2))
    assert (found and found.kind) == kind


def test_ids_of_several_repositories_are_none():
    text = "claims['sub'] in ['repo:o@1/r@2:pull_request', 'repo:o@1/s@3:pull_request'] and claims['x'] eq 'y'"
    assert twin.ids_in(trust(expression=text, language_version=2)) == Ids("1", None)
    assert twin.ids_in(trust("x")) == Ids()


EVENT = Event(
    id=UUID(int=9),
    at=NOW,
    tenant_id=UUID(int=7),
    app_id=UUID(int=8),
    app_name="deploy-bot",
    principal_id=UUID(int=6),
    correlation_id=UUID(int=9),
    address="203.0.113.9",
    proof="proven",
    issuer=GITHUB,
    subject=OLD,
    credential_id=LEGACY,
    claims=(("repository_id", "456789"), ("repository_owner_id", "123456")),
)
EVENTS = {
    "a grant": ({}, SEEN),
    "a grant whose subject has the ids": ({"subject": NEW, "claims": ()}, SEEN),
    "a refusal": ({"code": 700213}, replace(SEEN, by=None)),
    "a customised subject": (
        {"subject": "environment:x", "claims": (*EVENT.claims, ("repository", "octo-org/octo-repo"))},
        SEEN,
    ),
    "one id": ({"claims": EVENT.claims[1:]}, replace(SEEN, ids=Ids("123456"))),
    "nobody's proof": ({"proof": "unproven"}, None),
    "a proof that is unknown": ({"proof": "unknown"}, None),
    "many attempts": ({"count": 2}, None),
    "no ids": ({"claims": ()}, None),
    "ids that are none": ({"claims": (("repository_id", "…"), ("repository_owner_id", "0"))}, None),
    "no subject": ({"subject": None}, None),
}


@every("sentence", EVENTS)
def test_what_an_event_tells(sentence):
    changed, found = EVENTS[sentence]
    assert sighting(replace(EVENT, **changed)) == found


def test_ids_are_typed_in():
    assert typed_in(["o/r=1/2", "p=3"]) == {"o/r": Ids("1", "2"), "p": Ids("3")}
    assert way(legacy(), typed={"octo-org/octo-repo": IDS}).plan.subject == NEW
    contradicting = way(legacy(), seen=(SEEN,), typed={"octo-org/octo-repo": Ids("123456", "1")})
    assert (contradicting.cause, contradicting.plan) == ("ID_CHANGED", None)


@every("text", ["", "o/r", "=1/2", "o/r=1", "o=1/2", "o/r=1/", "o/r=x/2", "o/r=1/x", "o=01", "o/r=1/2/3"])
def test_what_is_no_id(text):
    with pytest.raises(ValueError, match=r".*"):
        typed_in([text])


NAMES = {
    "a short one": ("prod", (), "prod-immutable"),
    "one that is taken": ("prod", ("prod-immutable", "prod-immutable-2"), "prod-immutable-3"),
    "the longest": ("n" * 120, (), "n" * 110 + "-immutable"),
    "the longest, taken": ("n" * 120, ("n" * 110 + "-immutable",), "n" * 108 + "-immutable-2"),
}


@every("sentence", NAMES)
def test_the_name_of_a_twin(sentence):
    name, taken, made = NAMES[sentence]
    assert name_of(name, taken) == made


OWNERS, REPOSITORIES = st.sampled_from(["o", "o-p", "q"]), st.sampled_from(["r", "app-1", "r.s"])
CONTEXTS = st.sampled_from(
    ["environment:x", "environment:x%3Ay", "ref:refs/heads/main", "ref:refs/heads/a/b@c", "pull_request"]
)
NUMBERS = st.sampled_from(["1", "2", "34"])
PATTERNS = st.sampled_from(
    ["repo:o/r:*", "repo:o/*", "repo:o/app-*:ref:*", "repo:o/*:environment:x*", "repo:o/r:ref:refs/*/main"]
)


def holds(written, claims):
    if written.subject is not None:
        return claims["sub"] == written.subject
    return evaluate(parse(written.expression, written.language_version), claims, Budget())


@given(
    OWNERS, REPOSITORIES, CONTEXTS, NUMBERS, NUMBERS, st.one_of(st.none(), st.tuples(PATTERNS, st.sampled_from([1, 2])))
)
def test_a_twin_accepts_of_a_repository_only_what_its_old_one_does(owner, name, context, owner_id, name_id, pattern):
    """Whatever a twin accepts has the ids, and without them it is what the old one accepts: never anything else."""
    if pattern is None:
        old = trust(f"repo:o/r:{context}")
    else:
        old = trust(expression=f"claims['sub'] matches '{pattern[0]}'", language_version=pattern[1])
    (found,) = ways(Held(trust=old, id=LEGACY), portable=False, typed={"o/r": Ids("1", "2"), "o": Ids("1")})
    ids = {"repository_id": name_id, "repository_owner_id": owner_id}
    new = {"sub": f"repo:{owner}@{owner_id}/{name}@{name_id}:{context}", **ids}
    before = {"sub": f"repo:{owner}/{name}:{context}", **ids}
    right = owner_id == "1" and (found.named.repository is None or name_id == "2")
    assert holds(found.plan, new) == (holds(old, before) and right)
    assert not holds(found.plan, before)
    assert not holds(old, new)
