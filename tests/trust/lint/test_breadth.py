"""What a trust pins, and the rules of trust that is too broad: where each speaks, and where it is silent."""

from accredit.trust.lint import Context, facts, lint
from accredit.trust.lint.grammar import sequences
from accredit.trust.written import WrittenTrust
from tests.support.every import every

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
HCP = "https://app.terraform.io"
UUID = "00000007-1111-4222-8333-000000000007"
CIRCLE = f"https://oidc.circleci.com/org/{UUID}"
EXTENDED = Context(portability="extended", several_audiences="refuse")


def trust(issuer, subject=None, *, sub=None, version=1, expression=None, **more):
    """A trust of a subject, of a pattern over subjects, or of an expression."""
    if sub is not None:
        expression = f"claims['sub'] matches '{sub}'" + (f" and {expression}" if expression else "")
    return WrittenTrust(
        name="trust",
        issuer=issuer,
        subject=subject,
        expression=expression,
        language_version=version,
        audiences=("api://AzureADTokenExchange",),
        **more,
    )


def told(written, context=EXTENDED):
    return {each.rule: each for each in lint([written], context)}


PINS = {
    "an immutable subject pins by ids": (trust(GITHUB, "repo:o@1/r@2:environment:p"), ("id", "id")),
    "a legacy subject pins by names": (trust(GITHUB, "repo:o/r:environment:p"), ("name", "name")),
    "a composed subject pins what it names": (
        trust(GITHUB, "repository_owner_id:1:repository_id:2:ref:refs/heads/main"),
        ("id", "id"),
    ),
    "a composed subject of an environment pins nothing": (trust(GITHUB, "environment:production"), (None, None)),
    "a repository in a composed subject pins its owner too": (
        trust(GITHUB, "job_workflow_ref:a/b/.github/workflows/w.yml@refs/heads/m:repo:o@1/r@2"),
        ("id", "id"),
    ),
    "a pattern pins what stands before its first wildcard": (trust(GITHUB, sub="repo:o@1/*"), ("id", None)),
    "in version 1 a wildcard takes delimiters, so that nothing behind it is pinned": (
        trust(GITHUB, sub="repo:*/r@2:environment:p"),
        (None, None),
    ),
    "in version 2 it does not, so that what stands behind it is pinned": (
        trust(GITHUB, sub="repo:o@1/*@2:environment:p", version=2),
        ("id", "id"),
    ),
    "two stars take delimiters": (trust(GITHUB, sub="repo:**@2:environment:p", version=2), (None, None)),
    "a wildcard in an id leaves the name": (trust(GITHUB, sub="repo:o@1*/r@2:environment:p"), ("name", None)),
    "a beginning of a name pins nothing": (trust(GITHUB, sub="repo:oct*"), (None, None)),
    "a pattern without wildcards is exact": (trust(GITHUB, sub="repo:o@1/r@2:environment:p"), ("id", "id")),
    "an id that is no number is none": (trust(GITHUB, sub="repo:o@x/*"), (None, None)),
    "everything pins nothing": (trust(GITHUB, sub="*"), (None, None)),
    "a composed pattern pins its whole pairs": (trust(GITHUB, sub="repository_owner_id:1:*"), ("id", None)),
    "the id of an owner does not answer for the repository": (
        trust(GITHUB, expression="claims['repository_owner_id'] eq '1'", version=2),
        ("id", None),
    ),
    "the id of a person answers for nothing": (
        trust(GITHUB, expression="claims['actor_id'] eq '1'", version=2),
        (None, None),
    ),
    "ne, not in and exists pin nothing": (
        trust(
            GITHUB,
            expression="claims['repository_owner_id'] ne '1' and claims['repository_id'] not in ['1'] "
            "and exists(claims['repository_owner'])",
            version=2,
        ),
        (None, None),
    ),
    "the name of a repository has its owner's in it": (
        trust(GITHUB, expression="claims['repository'] eq 'o/r'", version=2),
        ("name", "name"),
    ),
    "a pattern over names pins the owner that it writes out": (
        trust(GITHUB, expression="claims['repository'] matches 'o/**'", version=2),
        ("name", None),
    ),
    "a group is pinned by the first part of its path": (trust(GITLAB, sub="project_path:group/*"), ("name", None)),
    "subgroups leave no doubt where the path ends": (
        trust(GITLAB, sub="project_path:g/s/p:ref_type:branch:ref:*"),
        ("name", "name"),
    ),
    "an organization pins the customer, and a wildcard no workspace": (
        trust(HCP, sub="organization:o:project:*:workspace:w:run_phase:apply"),
        ("name", None),
    ),
    "an issuer that nobody knows has no parts": (trust("https://idp.example.com", "s"), (None, None)),
}


@every("sentence", PINS)
def test_a_trust_pins(sentence):
    written, pinned = PINS[sentence]
    (branch,) = facts.read(written, EXTENDED).branches
    assert (branch.pins("tenant"), branch.pins("project")) == pinned


def test_an_expression_has_a_branch_for_each_way_through_it_and_is_as_weak_as_the_weakest():
    text = "claims['sub'] matches 'repo:**' and (claims['repository_owner_id'] eq '1' or claims['actor'] in ['a', 'b'])"
    linted = facts.read(trust(GITHUB, expression=text, version=2), EXTENDED)
    assert [each.pins("tenant") for each in linted.branches] == ["id", None, None]
    found = told(linted.trust)["FIC-WILD-ORG"]
    assert found.level == "error"
    assert found.message.startswith("In ways 2 and 3 of 3 through the expression: ")
    assert linted.branches[1].demands(("actor",)) == "a"
    assert linted.branches[1].demands(("sub",)) is None
    (plain,) = facts.read(trust(GITHUB, "repo:o/r:environment:p"), EXTENDED).branches
    assert (plain.demands(("sub",)), plain.names(("sub",))) == ("repo:o/r:environment:p", True)
    assert (linted.branches[1].names(("actor",)), linted.branches[0].names(("actor",))) == (True, False)


FORMS = {
    "literals and groups": ("a:(?P<x>[^:]+):b", [["a:", "x", ":b"]]),
    "an optional part is there or not": ("a(?::(?P<x>.+))?", [["a"], ["a:", "x"]]),
    "an optional segment too": ("a(?P<x>b)?", [["a"], ["a", "x"]]),
    "alternatives": ("(?:a|b(?P<x>c))d|e", [["ad"], ["b", "x", "d"], ["e"]]),
    "escaped characters and classes": (r"\{(?P<x>[^]}]+)\}[a-z]+\d", [["{", "x", "}", "", ""]]),
    "a repeated group has no name": ("(?:a|b)+c", [["", "c"]]),
    "what cannot be read has no sequences": ("a(?=b)", []),
    "nor has a segment that is repeated": ("(?P<x>a)+", []),
    "nor an open group": ("(?:a", []),
    "nor a closed one": ("a)b", []),
    "nor too many": ("(?:a|b)" * 6, []),
}


@every("sentence", FORMS)
def test_a_form_is_read_as_sequences(sentence):
    regex, expected = FORMS[sentence]
    found = [[piece.name if piece.group else piece.text for piece in each] for each in sequences(regex)]
    assert found == expected


STEP = "{00000001-1111-4222-8333-000000000001}:{00000002-1111-4222-8333-000000000002}"
PERSON = f"org/{UUID}/project/{UUID}/user/{UUID}"
BITBUCKET = "https://api.bitbucket.org/2.0/workspaces/ws/pipelines-config/identity/oidc"
EVENTS = "claims['event_name'] in ['push', 'workflow_dispatch']"

SPEAKS = {
    "a slash too many": (trust(GITHUB + "/", "repo:o@1/r@2:environment:p"), "SLASH", "a slash too many at the end"),
    "a slash too few": (
        trust("https://login.app.env0.com", expression="claims['projectId'] eq 'x'", version=2),
        "SLASH",
        "the slash at the end is missing",
    ),
    "capital letters": (
        trust("https://Token.Actions.GitHubUserContent.com", "s"),
        "SLASH",
        "upper and lower case count",
    ),
    "http": (trust("http://gitlab.com", "s"), "SLASH", "http:// instead of https://"),
    "the port that is never written": (trust("https://gitlab.com:443", "s"), "SLASH", "port 443 is never written"),
    "several slips": (trust("https://GITLAB.com:443/", "s"), "SLASH", "port 443"),
    "the discovery document of a platform": (
        trust(GITLAB + "/.well-known/openid-configuration", "s"),
        "SLASH",
        "it ends in /.well-known/openid-configuration",
    ),
    "the discovery document of somebody": (
        trust("https://idp.example.com/.well-known/openid-configuration", "s"),
        "SLASH",
        "precedes it: https://idp.example.com",
    ),
    "any owner": (trust(GITHUB, sub="repo:*/app:*"), "WILD-ORG", "subjects of any owner"),
    "owners that begin alike": (trust(GITHUB, sub="repo:oct*"), "WILD-ORG", "begin with repo:oct"),
    "nobody's name": (trust(GITHUB, "environment:p"), "WILD-ORG", "does not say whose it is"),
    "no subject": (
        trust(GITHUB, expression="claims['ref'] eq 'x'", version=2),
        "WILD-ORG",
        "No condition says which owner",
    ),
    "any account of Google": (
        trust("https://accounts.google.com", expression="claims['email_verified'] eq true", version=2),
        "WILD-ORG",
        "which service account",
    ),
    "an id of many": (trust(GITHUB, sub="repo:o@*/r@2:environment:p"), "WILD-ID", "where the id of the owner stands"),
    "a claim of many ids": (
        trust(GITHUB, sub="repo:o/*", expression="claims['repository_id'] matches '4*'"),
        "WILD-ID",
        "4* is not one id",
    ),
    "names that begin alike": (trust(GITHUB, sub="repo:o@1/app-*"), "WILD-SEGMENT", "begins with app-"),
    "every repository of an owner": (trust(GITHUB, sub="repo:o/*"), "WILD-SEGMENT", "every repository of o"),
    "an owner by name": (trust(GITHUB, "repo:o/r:environment:p"), "NAME-ONLY", "r is pinned by its name only"),
    "a claim that is a name": (
        trust(GITHUB, expression="claims['repository_owner'] eq 'o'", version=2),
        "NAME-ONLY",
        "The owner o is pinned",
    ),
    "pull requests": (trust(GITHUB, "repo:o@1/r@2:pull_request"), "PR", "every pull request"),
    "an event of strangers": (
        trust(GITHUB, sub="repo:o@1/r@2:**", expression="claims['event_name'] in ['push', 'workflow_run']", version=2),
        "PR",
        "In way 2 of 2 through the expression: The event workflow_run",
    ),
    "merge requests": (
        trust(
            GITLAB,
            sub="project_path:g/p:**",
            expression="claims['pipeline_source'] eq 'merge_request_event'",
            version=2,
        ),
        "PR",
        "merge_request_event is accepted",
    ),
    "any kind of ref at Semaphore": (
        trust("https://o.semaphoreci.com", sub="org:o:project:x:repo:r:ref_type:*:ref:**", version=2),
        "PR",
        "ref type is left open",
    ),
    "pull requests at Semaphore": (
        trust("https://o.semaphoreci.com", "org:o:project:x:repo:r:ref_type:pull-request:ref:y"),
        "PR",
        "jobs of every pull request",
    ),
    "a branch": (trust(GITHUB, "repo:o@1/r@2:ref:refs/heads/main"), "BRANCH-EVENT", "branch main is trusted"),
    "branches": (trust(GITHUB, sub="repo:o@1/r@2:ref:refs/heads/*"), "BRANCH-EVENT", "subject of branches is"),
    "branches that begin alike": (
        trust(GITHUB, sub="repo:o@1/r@2:ref:refs/heads/release/*"),
        "BRANCH-EVENT",
        "begin with release/",
    ),
    "a composed branch": (trust(GITHUB, "repository_id:2:ref:refs/heads/main"), "BRANCH-EVENT", "branch main"),
    "a workflow": (
        trust(GITHUB, expression="claims['job_workflow_ref'] eq 'o/r/x.yml@m'", version=2),
        "WORKFLOW-ONLY",
        "job_workflow_ref is all that is checked",
    ),
    "a composed workflow": (trust(GITHUB, "job_workflow_ref:o/r/x.yml@m"), "WORKFLOW-ONLY", "is all that is checked"),
    "every branch": (trust(GITHUB, sub="repo:o@1/r@2:ref:refs/heads/*"), "REF-WILD", "Every branch is accepted"),
    "some tags": (trust(GITHUB, sub="repo:o@1/r@2:ref:refs/tags/v*"), "REF-WILD", "begins with v is accepted"),
    "everything of a repository": (trust(GITHUB, sub="repo:o@1/r@2:*"), "REF-WILD", "and every pull request"),
    "a repository by id": (
        trust(GITHUB, expression="claims['repository_id'] eq '2'", version=2),
        "REF-WILD",
        "branch, tag or environment",
    ),
    "every tag of GitLab": (trust(GITLAB, sub="project_path:g/p:ref_type:tag:ref:*"), "REF-WILD", "Every tag"),
    "every branch of GitLab": (trust(GITLAB, sub="project_path:g/p:ref_type:branch:ref:*"), "REF-WILD", "No condition"),
    "merge requests of forks": (trust(GITLAB, sub="project_path:g/p:ref_type:branch:ref:*"), "FORK", "merge requests"),
    "one run": (trust(BITBUCKET, STEP), "EXACT-NEVER", "step {00000002-1111-4222-8333-000000000002} is new"),
    "a person": (trust(CIRCLE, PERSON), "PERSON-SUB", f"Only jobs that {UUID} starts"),
    "what the caller writes": (
        trust(GITHUB, sub="repo:o@1/r@2:**", expression="claims['head_ref'] eq 'x'", version=2),
        "CALLER-CLAIM",
        "claims['head_ref'] is chosen by whoever",
    ),
    "tags of a request": (
        trust(
            f"https://{UUID}.tokens.sts.global.api.aws",
            expression="claims['https://sts.amazonaws.com/']['request_tags']['team'] eq 'a'",
            version=2,
        ),
        "CALLER-CLAIM",
        "['request_tags']['team'] is chosen",
    ),
    "everybody's issuer": (trust(GITHUB, "repo:o@1/r@2:environment:p"), "SHARED-ISS", "Every customer of GitHub"),
    "everybody's keys": (
        trust(CIRCLE, expression="claims['oidc.circleci.com/project-id'] eq 'x'", version=2),
        "SHARED-KEY",
        "signs for every organization",
    ),
    "everybody's root": (
        trust("https://oidc.circleci.com", expression="claims['oidc.circleci.com/vcs-ref'] eq 'x'", version=2),
        "ROOT-ISSUER",
        "no id of one is demanded",
    ),
    "an enterprise by name": (trust(GITHUB + "/acme", "repo:o/r:environment:p"), "ENT-SLUG", "enterprise name acme"),
    "a composed subject": (trust(GITHUB, "repository_owner_id:1"), "TEMPLATE", "form that somebody composed"),
    "a composed end": (trust(GITHUB, "repo:o/r:job_workflow_ref:x"), "TEMPLATE", "form that somebody composed"),
    "a star in a subject": (trust(GITHUB, "repo:o@1/r@2:*"), "LITERAL-STAR", "* is an ordinary character"),
}
SILENT = {
    "an issuer as it is": (trust(GITHUB, "repo:o@1/r@2:environment:p"), "SLASH"),
    "an issuer that nobody knows": (trust("https://idp.example.com/x", "s"), "SLASH"),
    "an address that is none": (trust("https://[", "s"), "SLASH"),
    "an address with a user": (trust("https://a@gitlab.com/", "s"), "SLASH"),
    "an owner by id": (trust(GITHUB, sub="repo:o@1/**", version=2), "WILD-ORG"),
    "an issuer of one customer": (trust("https://oidc.fly.io/acme", sub="*:shop:*"), "WILD-ORG"),
    "a mail address of Google, which no subject is": (trust("https://accounts.google.com", "a@b.c"), "WILD-ORG"),
    "a workflow, of which more is said elsewhere": (trust(GITHUB, "job_workflow_ref:o/r/x.yml@m"), "WILD-ORG"),
    "an id that another condition writes out": (
        trust(GITHUB, sub="repo:o@*/r@2:environment:p", expression="claims['repository_owner_id'] eq '1'"),
        "WILD-ID",
    ),
    "names under an id": (
        trust(GITHUB, sub="repo:o@1/app-*", expression="claims['repository_id'] eq '9'"),
        "WILD-SEGMENT",
    ),
    "ids": (trust(GITHUB, "repo:o@1/r@2:environment:p"), "NAME-ONLY"),
    "a platform without ids": (
        trust("https://demo.app.spacelift.io", "space:a:stack:b:run_type:T:scope:w"),
        "NAME-ONLY",
    ),
    "an environment of a pull request": (
        trust(
            GITHUB,
            sub="repo:o@1/r@2:environment:p",
            expression="claims['event_name'] eq 'workflow_run'",
            version=2,
        ),
        "PR",
    ),
    "a ref of Semaphore": (trust("https://o.semaphoreci.com", "org:o:project:x:repo:r:ref_type:branch:ref:y"), "PR"),
    "a branch and its events": (
        trust(GITHUB, sub="repo:o@1/r@2:ref:refs/heads/main", expression=EVENTS, version=2),
        "BRANCH-EVENT",
    ),
    "an environment": (trust(GITHUB, "repo:o@1/r@2:environment:p"), "BRANCH-EVENT"),
    "a workflow and its caller": (
        trust(
            GITHUB,
            expression="claims['job_workflow_ref'] eq 'x' and claims['repository_owner_id'] eq '1'",
            version=2,
        ),
        "WORKFLOW-ONLY",
    ),
    "every environment": (trust(GITHUB, sub="repo:o@1/r@2:environment:*"), "REF-WILD"),
    "an environment behind a wildcard": (trust(GITHUB, sub="repo:o@1/*:environment:p"), "REF-WILD"),
    "protected branches": (
        trust(GITLAB, sub="project_path:g/p:**", expression="claims['ref_protected'] eq 'true'", version=2),
        "REF-WILD",
    ),
    "a subject of no form": (trust(GITLAB, "project_path:g"), "REF-WILD"),
    "one branch of GitLab": (trust(GITLAB, "project_path:g/p:ref_type:branch:ref:main"), "FORK"),
    "protected branches of GitLab": (
        trust(GITLAB, sub="project_path:g/p:**", expression="claims['ref_protected'] eq 'true'", version=2),
        "FORK",
    ),
    "another source": (
        trust(GITLAB, sub="project_path:g/p:**", expression="claims['pipeline_source'] eq 'push'", version=2),
        "FORK",
    ),
    "a pattern over runs": (trust(BITBUCKET, sub="{00000001-*", version=2), "EXACT-NEVER"),
    "a project of CircleCI": (
        trust(CIRCLE, expression="claims['oidc.circleci.com/project-id'] eq 'x'", version=2),
        "PERSON-SUB",
    ),
    "what the platform writes": (
        trust(GITHUB, expression="claims['ref'] eq 'x' and claims['nobody_knows'] eq 'y'", version=2),
        "CALLER-CLAIM",
    ),
    "a claim of nobody's": (
        trust("https://idp.example.com", expression="claims['a'] eq 'x'", version=2),
        "CALLER-CLAIM",
    ),
    "one customer's issuer": (trust(CIRCLE, PERSON), "SHARED-ISS"),
    "everybody's keys and an id": (trust(CIRCLE, PERSON), "SHARED-KEY"),
    "everybody's root and an id": (
        trust("https://oidc.circleci.com", expression="claims['oidc.circleci.com/project-id'] eq 'x'", version=2),
        "ROOT-ISSUER",
    ),
    "an enterprise and ids": (trust(GITHUB + "/acme", "repo:o@1/r@2:environment:p"), "ENT-SLUG"),
    "no enterprise": (trust(GITHUB, "repo:o/r:environment:p"), "ENT-SLUG"),
    "the platform's own form": (trust(GITHUB, "repo:o/r:pull_request"), "TEMPLATE"),
    "a star in an expression": (trust(GITHUB, sub="repo:o@1/r@2:*"), "LITERAL-STAR"),
    "a subject without a star": (trust(GITHUB, "repo:o@1/r@2:environment:p"), "LITERAL-STAR"),
}


@every("sentence", SPEAKS)
def test_a_rule_speaks_and_names_what_it_means(sentence):
    written, rule, said = SPEAKS[sentence]
    messages = [each.message for each in lint([written], EXTENDED) if each.rule == f"FIC-{rule}"]
    assert any(said in each for each in messages), messages


@every("sentence", SILENT)
def test_a_rule_is_silent(sentence):
    written, rule = SILENT[sentence]
    assert f"FIC-{rule}" not in told(written)


EDITS = {
    "the issuer": (trust(GITHUB + "/", "s"), "SLASH", {"issuer": GITHUB}),
    "ids in the place of a run": (
        trust(BITBUCKET, STEP),
        "EXACT-NEVER",
        {
            "claimsMatchingExpression": "claims['repositoryUuid'] eq '{00000001-1111-4222-8333-000000000001}'",
            "languageVersion": "2",
        },
    ),
    "ids in the place of a person": (
        trust(CIRCLE, PERSON),
        "PERSON-SUB",
        {
            "claimsMatchingExpression": f"claims['oidc.circleci.com/org-id'] eq '{UUID}' and "
            f"claims['oidc.circleci.com/project-id'] eq '{UUID}'",
            "languageVersion": "2",
        },
    ),
    "a pattern in the place of a star": (
        trust(GITHUB, "repo:o@1/it's:*"),
        "LITERAL-STAR",
        {"claimsMatchingExpression": "claims['sub'] matches 'repo:o@1/it''s:**'", "languageVersion": "2"},
    ),
}


@every("sentence", EDITS)
def test_an_edit_can_be_taken_as_it_is_where_what_it_writes_may_be_stored(sentence):
    written, rule, edit = EDITS[sentence]
    assert told(written)[f"FIC-{rule}"].edit == edit
    portable = told(written, Context())[f"FIC-{rule}"].edit
    assert portable == (edit if rule == "SLASH" else None)


def test_a_star_that_no_pattern_can_say_has_no_edit():
    assert told(trust(GITHUB, "a\\b*"))["FIC-LITERAL-STAR"].edit is None


def test_a_name_is_only_an_info_where_nothing_can_be_done_or_an_id_answers_for_what_belongs_to_it():
    by_project = trust(GITLAB, sub="project_path:g/p:**", expression="claims['project_id'] eq '2'")
    found = [each for each in lint([by_project], Context()) if each.rule == "FIC-NAME-ONLY"]
    assert [(each.level, "namesake gets nothing" in each.why) for each in found] == [("info", True)]
    nothing = trust(HCP, "organization:o:project:p:workspace:w:run_phase:apply")
    found = [each for each in lint([nothing], Context()) if each.rule == "FIC-NAME-ONLY"]
    assert {(each.level, "Entra ID has no way" in each.why) for each in found} == {("info", True)}
    assert {each.level for each in lint([nothing], EXTENDED) if each.rule == "FIC-NAME-ONLY"} == {"warn"}


def test_the_generation_of_subjects_is_compared_with_what_was_seen():
    seen = Context(subject_generations=frozenset({"immutable"}))
    assert "of the legacy form" in told(trust(GITHUB, "repo:o/r:environment:p"), seen)["FIC-GENERATION"].message
    assert "FIC-GENERATION" not in told(trust(GITHUB, "repo:o@1/r@2:environment:p"), seen)


def test_a_key_of_two_issuers_is_told():
    seen = Context(shared_thumbprints=frozenset({"b", "a"}))
    assert "(a, b)" in told(trust("https://idp.example.com", "s"), seen)["FIC-SHARED-KEY"].message
