"""What a tenant's policies do when trust and issuer records are saved, and what their preview tells of a credential."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit import errors
from accredit.administer import credentials, issuers, tenants
from accredit.administer.findings import noted
from accredit.administer.preview import broken
from accredit.signins import Event
from tests.administer.office import office
from tests.forge import NOW
from tests.support.every import every
from tests.support.stories import refusal, run

GITHUB = "https://token.actions.githubusercontent.com"
OTHER = "https://idp.test"
BY_NAME, BY_ID = "repo:o/r:environment:p", "repo:o@1/r@2:environment:p"
TEXT = "claims['sub'] matches 'repo:o/r:*' and claims['repository_owner_id'] eq '1'"
PINNED = f"{TEXT} and claims['repository_id'] eq '2'"


def demanding(**policies):
    """An office whose tenant makes demands after a credential that meets none of them was added."""
    at = office(policies.pop("portability", "entra"))
    run(credentials.add(at.by, at.application.id, name="older", issuer=GITHUB, subject=BY_NAME))
    run(tenants.update(at.by, at.tenant.id, **policies))
    return at


def add(at, name="newer", **members):
    return credentials.add(at.by, at.application.id, name=name, **{"issuer": GITHUB, **members})


def change(at, **members):
    return credentials.update(at.by, at.application.id, "older", **members)


NAMED = {  # how a credential is made or changed, and what is said of it
    "a new one by names": (lambda at: add(at, subject=BY_NAME.replace("p", "q")), "Subject", "tenant and project"),
    "a new one with a pattern": (lambda at: add(at, expression=TEXT), "ClaimsMatchingExpression", "project"),
    "another subject by names": (
        lambda at: change(at, subject="repo:o/r:pull_request"),
        "Subject",
        "tenant and project",
    ),
    "an expression in place of a subject": (
        lambda at: change(at, expression=TEXT),
        "ClaimsMatchingExpression",
        "project",
    ),
}
FINE = {
    "a new one by ids": lambda at: add(at, subject=BY_ID),
    "a new one with a pattern and ids": lambda at: add(at, expression=PINNED),
    "a new one of a platform that has none": lambda at: add(at, issuer=OTHER, subject="job"),
    "ids in place of names": lambda at: change(at, subject=BY_ID),
    "another description of one that was there before": lambda at: change(at, description="d"),
    "another audience of one that was there before": lambda at: change(at, audiences=("api://x",)),
}


@every("sentence", NAMED)
def test_where_ids_are_demanded_refused_is(sentence):
    make, member, parts = NAMED[sentence]
    at = demanding(immutable_ids="enforce")
    before = at.read("credentials")
    refused = refusal(make(at))
    assert refused.row is errors.IDS_MISSING
    assert refused.fields["property"] == member
    assert refused.fields["policy"] == str(at.tenant.name_of("immutableIds"))
    assert refused.detail.endswith(f": it does not pin the id of the {parts}")
    assert at.read("credentials") == before
    assert run(make(demanding(immutable_ids="audit"))), "in audit it is saved"


@every("sentence", FINE)
def test_where_ids_are_demanded_saved_is(sentence):
    assert run(FINE[sentence](demanding(immutable_ids="enforce")))


def test_a_list_of_issuers_that_is_only_noted_refuses_none():
    at = demanding(allowed_issuers=(GITHUB,), allowed_issuers_mode="audit")
    assert run(add(at, issuer=OTHER, subject="job")).issuer.url == OTHER
    run(tenants.update(at.by, at.tenant.id, allowed_issuers_mode="enforce"))
    assert refusal(add(at, "third", issuer=OTHER, subject="another")).row is errors.ISSUER_FORBIDDEN


UNPINNED = "does not pin the id of the"
NOTED = {
    "nothing": ({}, ()),
    "ids that are demanded": (
        {"immutable_ids": "enforce"},
        (f"The tenant's policy immutableIds refuses its tokens: credential older {UNPINNED} tenant and project.",),
    ),
    "an issuer that is only noted": (
        {"allowed_issuers": (OTHER,), "allowed_issuers_mode": "audit"},
        ("The tenant's policy allowedIssuers would refuse its tokens: the issuer is not one that the tenant allows.",),
    ),
}


@every("sentence", NOTED)
def test_said_of_a_credential_is(sentence):
    policies, said = NOTED[sentence]
    at = demanding(**policies)
    assert noted(at.read("tenants")[0], at.read("credentials")[0]) == said


# ── issuer records ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_record_lists_what_the_tenant_allows():
    at = demanding(portability="extended", allowed_algorithms=("ES256", "RS256"))
    made = run(add(at, issuer=OTHER, subject="job"))
    assert made.issuer.algorithms == ("RS256", "ES256")


def test_a_record_lists_nothing_that_the_tenant_forbids_but_what_it_had():
    at = demanding(allowed_algorithms=("RS256",))
    refused = refusal(issuers.create(at.by, at.tenant.id, OTHER, algorithms=("RS256", "RS512", "RS384")))
    assert refused.row is errors.PROPERTY_INVALID
    assert refused.detail == "algorithms: RS384, RS512: the tenant's policy allows RS256"
    (older,) = at.read("issuers")
    assert len(older.algorithms) == 3
    kept = run(issuers.update(at.by, older.id, skew=10))
    assert kept.algorithms == older.algorithms
    fewer = run(issuers.update(at.by, older.id, algorithms=("RS256", "RS512")))
    assert fewer.algorithms == ("RS256", "RS512")
    assert refusal(issuers.update(at.by, older.id, algorithms=older.algorithms)).row is errors.PROPERTY_INVALID


def test_what_comes_of_an_assertion_that_is_used_again_is_one_of_three():
    at = office()
    made = run(issuers.create(at.by, at.tenant.id, OTHER))
    assert made.replay == "off"
    for mode in ("observe", "enforce"):
        assert run(issuers.update(at.by, made.id, replay=mode)).replay == mode
    assert at.changed() == {"replay": ("observe", "enforce")}
    refused = refusal(issuers.update(at.by, made.id, replay="on"))
    assert (refused.row, refused.detail[:10]) == (errors.PROPERTY_INVALID, "replay: on")


# ── preview ──────────────────────────────────────────────────────────────────────────────────────────────────────────

EVENT = Event(
    id=UUID(int=1),
    at=NOW,
    tenant_id=UUID(int=2),
    app_id=UUID(int=3),
    app_name="a",
    principal_id=UUID(int=4),
    correlation_id=UUID(int=5),
    address="203.0.113.9",
    algorithm="RS256",
    issued=0.0,
    expires=600.0,
)
LIMITS = {"max_assertion_lifetime": 300, "allowed_algorithms": ("RS512",)}
PREVIEWED = {  # policies, the event of the newest sign-in -> policy, whether it is enforced, whether it was noted
    "nothing of what demands nothing": ({}, EVENT, []),
    "nothing that only a token tells of what was never used": (LIMITS, None, []),
    "what the newest token breaks": (
        LIMITS,
        EVENT,
        [("allowedAlgorithms", True, False), ("maxAssertionLifetime", True, False)],
    ),
    "no lifetime of a token that does not say when it began": (
        LIMITS,
        replace(EVENT, issued=None),
        [("allowedAlgorithms", True, False)],
    ),
    "no lifetime of a token without an end": (
        LIMITS,
        replace(EVENT, expires=None),
        [("allowedAlgorithms", True, False)],
    ),
    "what was noted": (
        {"immutable_ids": "audit"},
        replace(EVENT, policies=("immutableIds",)),
        [("immutableIds", False, True)],
    ),
    "an assertion that was used again": (
        {},
        replace(EVENT, reused=1, first_address="192.0.2.1"),
        [("replay", False, True)],
    ),
}


@every("sentence", PREVIEWED)
def test_the_preview_tells(sentence):
    policies, last, expected = PREVIEWED[sentence]
    at = demanding(**policies)
    used = NOW - timedelta(hours=1) if last else None
    found = list(broken(at.read("tenants")[0], at.application, at.read("credentials")[0], used, last))
    assert [(each.policy, each.is_enforced, each.is_noted) for each in found] == expected
    assert {each.last_sign_in_date_time for each in found} <= {used}
    assert all(each.reason and each.federated_credential_name == "older" for each in found)


@pytest.mark.parametrize(("times", "words"), [(1, "was used once before,"), (3, "was used 3 times before,")])
def test_the_preview_says_how_often_an_assertion_was_used(times, words):
    at = demanding()
    event = replace(EVENT, reused=times, first_address="192.0.2.1")
    (found,) = broken(at.read("tenants")[0], at.application, at.read("credentials")[0], NOW, event)
    assert words in found.reason
    assert found.reason.endswith("first from 192.0.2.1")
