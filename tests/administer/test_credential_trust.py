"""Who may trust more and who may only trust less; credentials by name, by id, and put whether they exist or not."""

from dataclasses import replace
from uuid import UUID

from accredit import errors
from accredit.administer import credentials, tenants
from tests.administer.office import office
from tests.support.every import every
from tests.support.stories import refusal, run

GITHUB = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:octo-org/octo-repo:ref:refs/heads/main"
PATTERN = "claims['sub'] matches 'repo:octo-org/*' and claims['repository_id'] eq '456789'"
NARROWER = PATTERN + " and claims['job_workflow_ref'] eq 'octo-org/octo-repo/.github/workflows/x.yml@refs/heads/main'"


def trusting(rule="owner_may_narrow", portability="entra", **given):
    """An office with one credential, in a tenant of a rule; and somebody without the role to widen."""
    at = office(portability)
    run(tenants.update(at.by, at.tenant.id, trust_changes=rule))
    known = {} if "expression" in given else {"subject": SUBJECT}
    run(credentials.add(at.by, at.application.id, name="main", issuer=GITHUB, **known | given))
    return at, replace(at.by, may_widen=False, app_id=UUID(int=9))


def update(**changes):
    return lambda by, app: credentials.update(by, app, "main", **changes)


WIDENING = {
    "to add one": ({}, lambda by, app: credentials.add(by, app, name="two", issuer=GITHUB, subject="s")),
    "to put one that is not there": (
        {},
        lambda by, app: credentials.put(by, app, "two", {"issuer": GITHUB, "subject": "s"}),
    ),
    "to put another subject": ({}, lambda by, app: credentials.put(by, app, "main", {"subject": "s"})),
    "another subject": ({}, update(subject="s")),
    "another audience": ({}, update(audiences=("other",))),
    "another issuer": ({}, update(issuer="https://gitlab.com")),
    "a subject to an expression": ({}, update(expression=PATTERN)),
    "a clause less": ({"expression": NARROWER}, update(expression=PATTERN)),
    "an expression to a subject": ({"expression": PATTERN}, update(subject=SUBJECT)),
    "more audiences of a token": ({"multi_audience": "refuse"}, update(multi_audience=None)),
    "to enable it": ({"enabled": False}, update(enabled=True)),
}
NARROWING = {
    "another description": ({}, update(description="d")),
    "nothing": ({}, update(subject=SUBJECT, issuer=GITHUB, audiences=("api://AzureADTokenExchange",), name="main")),
    "a clause more": ({"expression": PATTERN}, update(expression=NARROWER)),
    "several audiences refused": ({}, update(multi_audience="refuse")),
    "to disable it": ({}, update(enabled=False)),
    "to delete it": ({}, lambda by, app: credentials.delete(by, app, "main")),
}


@every("sentence", WIDENING)
def test_where_owners_may_narrow_only_the_role_is_needed(sentence):
    given, story = WIDENING[sentence]
    at, by = trusting(**given)
    before, records = at.read("credentials"), at.read("issuers")
    refused = refusal(story(by, at.application.id))
    assert (refused.row, "trust_changes" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    assert (at.read("credentials"), at.read("issuers")) == (before, records)
    run(story(replace(by, may_widen=True), at.application.id))


@every("sentence", NARROWING)
def test_without_the_role_is_allowed(sentence):
    given, story = NARROWING[sentence]
    at, by = trusting(**given)
    run(story(by, at.application.id))
    assert at.last.activity == credentials.ACTIVITY


@every("sentence", WIDENING)
def test_no_application_widens_its_own_trust_whatever_its_role(sentence):
    given, story = WIDENING[sentence]
    at, by = trusting(**given)
    itself = replace(by, may_widen=True, app_id=at.application.app_id)
    assert refusal(story(itself, at.application.id)).row is errors.PRIVILEGES_MISSING


@every("sentence", WIDENING)
def test_where_the_tenant_does_as_entra_id_does_everybody_widens(sentence):
    given, story = WIDENING[sentence]
    at, by = trusting(rule="entra", **given)
    run(story(replace(by, app_id=at.application.app_id), at.application.id))


def test_a_credential_is_found_by_its_id_too():
    at, _ = trusting()
    (made,) = at.read("credentials")
    app = at.application.id
    assert run(credentials.update(at.by, app, made.id, description="d")).description == "d"
    assert run(credentials.update(at.by, app, made.id, enabled=False)).enabled is False
    run(credentials.delete(at.by, app, made.id))
    absent = refusal(credentials.delete(at.by, app, made.id))
    assert (absent.row, absent.fields) == (errors.OBJECT_NOT_FOUND, {"id": str(made.id)})
    absent = refusal(credentials.delete(at.by, app, "main"))
    assert (absent.row, absent.fields) == (errors.CREDENTIAL_NOT_FOUND, {"name": "main"})


def test_what_is_put_is_added_once_and_changed_from_then_on():
    at, _ = trusting()
    app = at.application.id
    made, added = run(credentials.put(at.by, app, "two", {"issuer": GITHUB, "subject": "s", "name": "two"}))
    assert (made.name, made.subject, made.audience, added) == ("two", "s", "api://AzureADTokenExchange", True)
    same, added = run(credentials.put(at.by, app, "two", {"subject": "t"}))
    assert (same.id, same.subject, same.issuer, added) == (made.id, "t", made.issuer, False)
    assert refusal(credentials.put(at.by, app, "two", {"name": "three"})).row is errors.NAME_IMMUTABLE
    assert refusal(credentials.put(at.by, app, "four", {"name": "three"})).row is errors.NAME_IMMUTABLE
    assert refusal(credentials.put(at.by, app, "four", {"subject": "s"})).row is errors.TRUST_INCOMPLETE
    assert refusal(credentials.put(at.by, UUID(int=9), "four", {})).row is errors.OBJECT_NOT_FOUND
    assert [each.name for each in at.read("credentials")] == ["main", "two"]


NULLS = {  # what is stored, what comes back as null, and what that does
    "a subject that was null stays null": ({"expression": PATTERN}, {"subject": None, "description": "d"}, None),
    "an expression that was null stays null": ({}, {"expression": None, "description": "d"}, None),
    "a subject is not taken away": ({}, {"subject": None}, errors.SUBJECT_EMPTY),
    "an expression is not taken away": ({"expression": PATTERN}, {"expression": None}, errors.SUBJECT_EMPTY),
    "neither stays": ({}, {"subject": None, "expression": None}, errors.SUBJECT_EMPTY),
    "a subject and the expression it replaces": ({"expression": PATTERN}, {"subject": "s", "expression": None}, None),
    "an expression and the subject it replaces": ({}, {"subject": None, "expression": PATTERN}, None),
    "both at once": ({}, {"subject": "s", "expression": PATTERN}, errors.SUBJECT_AND_EXPRESSION),
    "an issuer is not taken away": ({}, {"issuer": None}, errors.TRUST_INCOMPLETE),
    "nor a name": ({}, {"name": None}, errors.NAME_IMMUTABLE),
    "a description is": ({"description": "d"}, {"description": None}, None),
}


@every("sentence", NULLS)
def test_of_nulls(sentence):
    given, changes, row = NULLS[sentence]
    at, _ = trusting(**given)
    story = credentials.update(at.by, at.application.id, "main", **changes)
    if row is not None:
        assert refusal(story).row is row
        return
    after = run(story)
    assert (after.subject is None) != (after.expression is None)
    for name, value in changes.items():
        stored = getattr(after, name)
        assert (stored.text if name == "expression" and stored else stored) == value


def test_a_disabled_credential_can_be_made_at_once():
    at, _ = trusting(enabled=False)
    assert [each.enabled for each in at.read("credentials")] == [False]


def test_the_record_of_an_issuer_may_be_named_again():
    at, by = trusting("owner_may_narrow", "extended")
    (made,) = at.read("credentials")
    assert run(credentials.update(by, at.application.id, "main", issuer_id=made.issuer.id)).issuer == made.issuer
    wrong = refusal(credentials.update(by, at.application.id, "main", issuer_id=UUID(int=9)))
    assert (wrong.row, wrong.fields["property"]) == (errors.PROPERTY_INVALID, "issuer")
