from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit import errors
from accredit.administer import applications, credentials, issuers, linting, tenants
from tests.administer.office import BASE, office
from tests.forge import jwk, jwks, key_for
from tests.support.every import every
from tests.support.stories import refusal, run

GITHUB = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:octo-org@123456/octo-repo@456789:environment:production"
EXPRESSION = "claims['sub'] matches 'repo:octo-org/*' and claims['repository_id'] eq '456789'"
AUDIENCE = "api://AzureADTokenExchange"


def add(name="github", **given):
    known = {"issuer": GITHUB} | ({} if "expression" in given else {"subject": SUBJECT})
    return lambda at: credentials.add(at.by, at.application.id, name=name, **known | given)


def update(which="github", **given):
    return lambda at: credentials.update(at.by, at.application.id, which, **given)


def test_a_first_credential_makes_the_issuer_record_and_a_second_one_uses_it():
    at = office()
    one = run(add()(at))
    two = run(add("branch", subject="repo:octo-org/octo-repo:ref:refs/heads/main")(at))
    assert (one.issuer.url, one.audience, one.subject, one.enabled) == (GITHUB, AUDIENCE, SUBJECT, True)
    assert one.issuer.id == two.issuer.id
    assert at.read("issuers") == [one.issuer]
    assert [each.activity for each in at.registry.audits[-3:]] == [
        "Add issuer",
        credentials.ACTIVITY,
        credentials.ACTIVITY,
    ]


def found(at, credential):
    """What lint says of a credential that is stored."""

    async def judged():
        async with at.registry.reading() as store:
            return await linting.findings(store, credential, own=at.by.own_issuers, emulator=at.by.emulator)

    return run(judged())


def by_name(at, name):
    async def found():
        async with at.registry.reading() as store:
            return await credentials.find(store, at.application.id, name)

    return run(found())


def test_a_name_is_the_same_in_any_case_and_stays_as_it_was_given():
    at = office()
    made = run(add("Git-Hub")(at))
    assert by_name(at, "GIT-hub") == made
    after = run(update("git-HUB", name="Git-Hub", description="d")(at))
    assert (after.id, after.name, after.description) == (made.id, "Git-Hub", "d")
    members = {"name": "Git-Hub", "description": "e"}
    same, added = run(credentials.put(at.by, at.application.id, "GIT-HUB", members))
    assert (same.id, same.name, same.description, added) == (made.id, "Git-Hub", "e", False)
    run(credentials.delete(at.by, at.application.id, "git-hub"))
    assert at.read("credentials") == []


def test_of_two_old_names_that_differ_in_case_the_exact_one_is_meant():
    at = office()
    one = run(add("twin")(at))

    async def keep_another():
        async with at.registry.transaction() as store:
            await store.credentials.add(replace(one, id=UUID(int=77), name="TWIN", subject="s"))

    run(keep_another())
    assert by_name(at, "TWIN").id == UUID(int=77)
    assert by_name(at, "twin").id == one.id


@pytest.mark.parametrize(
    ("portability", "algorithms", "longest", "require_kid"),
    [("entra", ("RS256", "RS384", "RS512"), 90_000, True), ("extended", 11, 86_400, False)],
)
def test_a_new_issuer_record_accepts_what_the_portability_of_the_tenant_says(
    portability, algorithms, longest, require_kid
):
    issuer = run(add()(office(portability))).issuer
    assert issuer.algorithms == algorithms or len(issuer.algorithms) == algorithms
    assert (issuer.max_lifetime, issuer.require_kid, issuer.key_source) == (longest, require_kid, "discovery")


def test_the_record_of_a_change_shows_the_credential_before_and_after():
    at = office()
    made = run(add(description="the job")(at))
    changed = at.changed()
    assert changed["accredit.findings"] == ([], ["FIC-SHARED-ISS"])
    before, after = changed["FederatedIdentityCredentials"]
    assert before == []
    assert after == [
        {
            "id": str(made.id),
            "name": "github",
            "issuer": GITHUB,
            "issuerRecordId": str(made.issuer.id),
            "subject": SUBJECT,
            "claimsMatchingExpression": None,
            "audiences": [AUDIENCE],
            "description": "the job",
            "enabled": True,
            "multiAudience": None,
            "listedAudiences": [],
        }
    ]
    run(update(expression=EXPRESSION)(at))
    before, after = at.changed()["FederatedIdentityCredentials"]
    assert before[0]["subject"] == SUBJECT
    assert after[0]["subject"] is None
    assert after[0]["claimsMatchingExpression"] == {"value": EXPRESSION, "languageVersion": 1}
    assert at.last.targets[0].id == at.application.id
    run(credentials.delete(at.by, at.application.id, "github"))
    assert at.changed()["FederatedIdentityCredentials"][1] == []
    assert at.read("credentials") == []


def test_an_update_changes_what_is_given_and_nothing_else():
    at = office()
    made = run(add()(at))
    same = run(update(name="github")(at))
    assert (same.subject, same.issuer, same.audience, same.description) == (SUBJECT, made.issuer, AUDIENCE, None)
    after = run(
        update(
            issuer="https://gitlab.com",
            subject="s",
            audiences=("other",),
            description="d",
            multi_audience="listed",
            listed_audiences=("a", "b"),
        )(at)
    )
    assert (after.issuer.url, after.subject, after.audience) == ("https://gitlab.com", "s", "other")
    assert (after.description, after.multi_audience, after.listed_audiences) == ("d", "listed", ("a", "b"))
    assert after.id == made.id
    with_expression = run(update(issuer=GITHUB, expression=EXPRESSION)(at))
    assert (with_expression.subject, with_expression.expression.text) == (None, EXPRESSION)
    kept = run(update(description=None)(at))
    assert (kept.expression.text, kept.description) == (EXPRESSION, None)
    back = run(update(subject=SUBJECT)(at))
    assert (back.subject, back.expression) == (SUBJECT, None)


def test_a_credential_is_disabled_and_enabled():
    at = office()
    run(add()(at))
    assert run(credentials.update(at.by, at.application.id, "github", enabled=False)).enabled is False
    assert run(credentials.update(at.by, at.application.id, "github", enabled=True)).enabled is True


async def twice(at):
    await add()(at)
    await add(subject="", issuer="", audiences=())(at)


async def same_trust(at):
    await add("one")(at)
    await add("two")(at)


async def same_expression(at):
    await add("one", expression=EXPRESSION)(at)
    await add("two", expression=EXPRESSION)(at)


async def updated_to_same_trust(at):
    await add("one")(at)
    await add("two", subject="another")(at)
    await update("two", subject=SUBJECT)(at)


async def twenty_one(at):
    for n in range(21):
        await add(f"credential-{n}", subject=f"s{n}")(at)


async def full_and_the_same(at):
    for n in range(20):
        await add(f"credential-{n}", subject=f"s{n}")(at)
    await add("one-more", subject="s0")(at)


async def renamed(at):
    await add()(at)
    await update(name="other")(at)


async def renamed_in_case(at):
    await add()(at)
    await update("GITHUB", name="GitHub")(at)


async def twice_in_another_case(at):
    await add()(at)
    await add("GitHub", issuer="")(at)


INVALID = errors.PROPERTY_INVALID
REFUSED = {
    "a name that is taken, before anything else": (twice, errors.NAME_TAKEN, ""),
    "a name that is taken in another case": (twice_in_another_case, errors.NAME_TAKEN, ""),
    "a name of two characters": (add("gh"), errors.NAME_INVALID, ""),
    "a name of 121 characters": (add("g" * 121), errors.NAME_INVALID, ""),
    "a name that begins with a dash": (add("-github"), errors.NAME_INVALID, ""),
    "no issuer": (add(issuer=None), errors.TRUST_INCOMPLETE, ""),
    "an empty issuer": (add(issuer=""), errors.TRUST_INCOMPLETE, ""),
    "an issuer of plain http": (
        add(issuer="http://localhost:9000"),
        errors.TRUST_INCOMPLETE,
        "issuer: it must be https",
    ),
    "an issuer with a space at its end": (add(issuer=GITHUB + " "), errors.TRUST_INCOMPLETE, "issuer: a space"),
    "no audience": (add(audiences=()), errors.AUDIENCES_NOT_ONE, "0 audiences"),
    "two audiences": (add(audiences=("a", "b")), errors.AUDIENCES_NOT_ONE, "2 audiences"),
    "an empty audience": (add(audiences=("",)), errors.AUDIENCES_NOT_ONE, "audiences: empty"),
    "an audience of 601 characters": (add(audiences=("a" * 601,)), errors.AUDIENCES_NOT_ONE, "601 characters"),
    "a subject and an expression": (add(subject="s", expression=EXPRESSION), errors.SUBJECT_AND_EXPRESSION, ""),
    "neither subject nor expression": (add(subject=None), errors.SUBJECT_EMPTY, ""),
    "an empty subject": (add(subject=""), errors.SUBJECT_EMPTY, ""),
    "a subject of 601 characters": (add(subject="s" * 601), INVALID, "601 characters"),
    "a subject with white space at its end": (add(subject="s "), INVALID, "white space"),
    "a description of 601 characters": (add(description="d" * 601), INVALID, "longer than 600"),
    "an expression that cannot be read": (add(expression="claims['sub'] = 'x'"), errors.EXPRESSION_SYNTAX, ""),
    "an expression that Entra ID does not allow": (
        add(expression="claims['sub'] eq 'x'"),
        errors.EXPRESSION_CLAIMS,
        "",
    ),
    "an unknown rule for several audiences": (add(multi_audience="any"), INVALID, "multiAudience: any"),
    "16 listed audiences": (add(listed_audiences=tuple("abcdefghijklmnop")), INVALID, "at most 15"),
    "an empty listed audience": (add(listed_audiences=("",)), INVALID, "none of them empty"),
    "exactly what another one trusts": (same_trust, errors.TRUST_EXISTS, "credential one"),
    "exactly another one's expression": (same_expression, errors.TRUST_EXISTS, "credential one"),
    "an update to what another one trusts": (updated_to_same_trust, errors.TRUST_EXISTS, "credential one"),
    "the twenty-first in a portable tenant": (twenty_one, errors.TRUST_LIMIT, ""),
    "one that exists, before there are too many": (full_and_the_same, errors.TRUST_EXISTS, "credential-0"),
    "another name": (renamed, errors.NAME_IMMUTABLE, ""),
    "its name in another case": (renamed_in_case, errors.NAME_IMMUTABLE, ""),
    "an issuer record of another issuer": (add(issuer_id=UUID(int=2**90)), INVALID, "is not one of this issuer"),
    "a change to one that is not there": (update("nothing"), errors.CREDENTIAL_NOT_FOUND, ""),
    "the removal of one that is not there": (
        lambda at: credentials.delete(at.by, at.application.id, "nothing"),
        errors.CREDENTIAL_NOT_FOUND,
        "",
    ),
    "one for an application that is not there": (
        lambda at: credentials.add(at.by, UUID(int=2**90), name="github", issuer=GITHUB, subject="s"),
        errors.OBJECT_NOT_FOUND,
        "",
    ),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    at = office()
    story, row, detail = REFUSED[sentence]
    refused = refusal(story(at))
    assert refused.row is row
    assert detail in refused.detail


def test_a_refused_credential_leaves_no_issuer_record_behind():
    at = office()
    refusal(add(issuer_id=UUID(int=2**90))(at))
    refusal(add(expression="claims['sub'] eq 'x'")(at))
    assert at.read("issuers") == []


def test_a_name_may_have_3_to_120_characters_and_values_600():
    at = office()
    run(add("abc")(at))
    long = run(add("a" * 120, subject="s" * 600, audiences=("a" * 600,), description="d" * 600)(at))
    assert (len(long.name), len(long.subject), len(long.audience)) == (120, 600, 600)
    run(add("listed", subject="x", listed_audiences=tuple("abcdefghijklmno"))(at))


def test_an_application_of_an_extended_tenant_may_trust_more_than_twenty():
    at = office("extended")
    run(twenty_one(at))
    assert len(at.read("credentials")) == 21


USELESS = {
    "this authority's own issuer": (f"{BASE}/8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b/v2.0", "AADSTS700222", "700222"),
    "an issuer of Entra ID": ("https://sts.windows.net/x/", "AADSTS700222", "700222"),
    "the address of a discovery document": (
        GITHUB + "/.well-known/openid-configuration",
        "the issuer is " + GITHUB,
        f"which is {GITHUB}",
    ),
}


@every("sentence", USELESS)
def test_what_can_never_match_is_stored_with_an_error_where_entra_id_stores_it_and_refused_elsewhere(sentence):
    issuer, reason, remark = USELESS[sentence]
    refused = refusal(add(issuer=issuer)(office("extended")))
    assert (refused.row, refused.fields["property"], reason in refused.detail) == (INVALID, "issuer", True)
    at = office()
    said = [f"{each.message} {each.why}" for each in found(at, run(add(issuer=issuer)(at))) if each.level == "error"]
    assert any(remark in each for each in said), said


def test_a_wildcard_in_a_plain_subject_is_told_and_an_ordinary_credential_has_nothing_to_mend():
    at = office()
    told = found(at, run(add(subject="repo:octo-org@1/octo-repo@2:environment:*")(at)))
    (star,) = [each.message for each in told if each.rule == "FIC-LITERAL-STAR"]
    assert star.endswith("is compared as it stands: * is an ordinary character in it.")
    assert {each.level for each in found(at, run(add("good")(at)))} == {"info"}


def test_the_issuer_of_an_emulator_may_be_plain_http_on_loopback():
    at = office(emulator=True)
    assert run(add(issuer="http://localhost:9000/idp")(at)).issuer.url == "http://localhost:9000/idp"


def test_an_issuer_with_uploaded_keys_may_be_any_text_where_entra_id_need_not_be_imitated():
    at = office("extended")
    assert refusal(add(issuer="spiffe://example.org")(at)).row is errors.TRUST_INCOMPLETE
    keys = jwks(jwk(key_for("RS256"), kid="k1")).decode()
    record = run(issuers.create(at.by, at.tenant.id, "spiffe://example.org", uploaded=keys))
    assert run(add(issuer="spiffe://example.org")(at)).issuer == record


def test_where_two_records_share_a_url_the_credential_names_one():
    at = office("extended")
    first = run(issuers.create(at.by, at.tenant.id, "https://kubernetes.default.svc"))
    second = run(issuers.create(at.by, at.tenant.id, "https://kubernetes.default.svc", twin=True))
    refused = refusal(add(issuer=first.url)(at))
    assert (refused.row, "several records" in refused.detail) == (errors.PROPERTY_INVALID, True)
    made = run(add(issuer=first.url, issuer_id=second.id)(at))
    assert made.issuer == second
    assert run(add("other", issuer=first.url, issuer_id=first.id)(at)).issuer == first, "same subject, other record"
    moved = run(update("github", subject="another", issuer_id=first.id)(at))
    assert moved.issuer == first
    kept = run(update("github", description="stays with its record")(at))
    assert kept.issuer == first


def test_a_credential_of_another_application_does_not_count():
    at = office()
    other = run(applications.create(at.by, at.tenant.id, display_name="other"))
    run(add()(at))
    run(credentials.add(at.by, other.id, name="github", issuer=GITHUB, subject=SUBJECT))


OTHER = "https://idp.test"


def allowing(*listed):
    at = office()
    run(tenants.update(at.by, at.tenant.id, allowed_issuers=listed or None))
    return at


FORBIDDEN = {
    "a new credential": add("new", issuer=OTHER),
    "another issuer": lambda at: credentials.update(at.by, at.application.id, "github", issuer=OTHER),
    "another issuer, by an upsert": lambda at: credentials.put(at.by, at.application.id, "github", {"issuer": OTHER}),
    "a new credential, by an upsert": lambda at: credentials.put(
        at.by, at.application.id, "new", {"issuer": OTHER, "subject": "s"}
    ),
    "an allowed issuer with a slash more": add("slash", issuer=GITHUB + "/"),
}


@every("sentence", FORBIDDEN)
def test_where_a_tenant_lists_its_issuers_refused_is(sentence):
    at = allowing(GITHUB)
    run(add("github")(at))
    before, audits, records = at.read("credentials"), len(at.registry.audits), at.read("issuers")
    refused = refusal(FORBIDDEN[sentence](at))
    issuer = GITHUB + "/" if "slash" in sentence else OTHER
    assert refused.row is errors.ISSUER_FORBIDDEN
    assert refused.fields == {"issuer": issuer, "policy": str(at.tenant.name_of("allowedIssuers"))}
    assert "none of those" in refused.detail
    assert (at.read("credentials"), len(at.registry.audits), at.read("issuers")) == (before, audits, records)


def test_a_forbidden_issuer_is_found_after_unfit_values_and_before_what_is_trusted_already():
    at = office()
    run(add("github", issuer=OTHER)(at))
    run(tenants.update(at.by, at.tenant.id, allowed_issuers=(GITHUB,)))
    assert refusal(add("github", issuer=OTHER)(at)).row is errors.NAME_TAKEN
    assert refusal(add("again", issuer=OTHER, audiences=())(at)).row is errors.AUDIENCES_NOT_ONE
    assert refusal(add("again", issuer=OTHER)(at)).row is errors.ISSUER_FORBIDDEN


def test_a_credential_of_an_issuer_that_is_no_longer_allowed_is_changed_in_everything_else_and_deleted():
    at = office()
    run(add("github", issuer=OTHER)(at))
    run(tenants.update(at.by, at.tenant.id, allowed_issuers=(GITHUB,)))
    changed = run(credentials.update(at.by, at.application.id, "github", subject="another", issuer=OTHER))
    assert (changed.subject, changed.issuer.url) == ("another", OTHER)
    moved = run(credentials.update(at.by, at.application.id, "github", issuer=GITHUB))
    assert moved.issuer.url == GITHUB
    run(credentials.delete(at.by, at.application.id, "github"))


def test_without_a_list_every_issuer_may_be_trusted():
    assert run(add(issuer=OTHER)(allowing())).issuer.url == OTHER
