"""Causes that ask what a platform is: its issuers, audiences, the parts of its subjects; and what spelling hides."""

from msgspec.structs import replace

from accredit import errors
from accredit.errors import Refused
from accredit.explain import actions, explain, unreadable, visits
from accredit.explain.detectors import DETECTORS, OF_EXPRESSIONS
from accredit.trust.expression import parse
from tests.conftest import ROOT
from tests.forge import AUDIENCE, ISSUER, NOW, assemble
from tests.support.every import every
from tests.support.trusting import credential, presented, trusted

BRANCH = "repo:octo-org/octo-repo:ref:refs/heads/main"
IMMUTABLE = "repo:octo-org@123456/octo-repo@456789:"
K8S = "system:serviceaccount:default:wl"
AKS = "https://westeurope.oic.prod-aks.azure.com/11111111-2222-4333-8444-555555555555/"
CLUSTERS = ("66666666-7777-4888-8999-000000000000/", "66666666-7777-4888-8999-000000000001/")
UUIDS = [f"0000000{n}-1111-4222-8333-00000000000{n}" for n in range(6)]
CIRCLE = "https://oidc.circleci.com"
GITLAB = "https://gitlab.com"
BUILDKITE = "https://agent.buildkite.com"
SEMAPHORE = "https://acme.semaphoreci.com"
ENTRA = "11111111-2222-4333-8444-555555555555"
CONNECTION = f"/eid1/c/pub/t/abc/a/def/sc/{UUIDS[0]}/"


def why(held, said, **given):
    both = {"issuer": said.get("iss", ISSUER)} | held
    both = {name: value for name, value in both.items() if value is not None}
    extended = given.pop("extended", False)
    trust = trusted(credential(**both), multi_audience=given.pop("several", "contained"))
    return explain(presented(extended=extended, **said), trust, client="deploy-bot", now=NOW, **given)


CAUSES = {  # what the credential holds, what the token says, the cause, what the first line says among other things
    "another scheme": (
        {"issuer": "http://jenkins.test/oidc"},
        {"iss": "https://jenkins.test/oidc"},
        "SCHEME",
        "differs only by the scheme: `https` in the token, `http` in the credential",
    ),
    "no scheme": (
        {"issuer": "jenkins.test/oidc"},
        {"iss": "https://jenkins.test/oidc"},
        "SCHEME",
        "`none` in the cred",
    ),
    "the port that is usual": (
        {"issuer": "https://jenkins.test:443/oidc"},
        {"iss": "https://jenkins.test/oidc"},
        "PORT",
        "Set the issuer to `https://jenkins.test/oidc`.",
    ),
    "another name of this machine": (
        {"issuer": "https://localhost:6463"},
        {"iss": "https://127.0.0.1:6463"},
        "HOST_ALIAS",
        "`127.0.0.1:6463` in the token, `localhost:6463` in the credential",
    ),
    "this machine as an address of version 6": (
        {"issuer": "https://[::1]:6463"},
        {"iss": "https://localhost:6463"},
        "HOST_ALIAS",
        "`localhost:6463` in the token",
    ),
    "another port is another address": (
        {"issuer": "https://jenkins.test:8443/oidc"},
        {"iss": "https://jenkins.test/oidc"},
        "DIFFERENT",
        "The issuer",
    ),
    "a legacy token of a cluster": (
        {"issuer": AKS + CLUSTERS[0], "subject": K8S},
        {"iss": "kubernetes/serviceaccount", "sub": K8S},
        "LEGACY_TOKEN",
        "which every cluster has",
    ),
    "the API server in the token": (
        {"issuer": AKS + CLUSTERS[0], "subject": K8S},
        {"iss": "https://10.0.0.1:6443", "sub": K8S},
        "API_SERVER",
        "The token comes from the cluster's API server",
    ),
    "another cluster of the tenant": (
        {"issuer": AKS + CLUSTERS[0], "subject": K8S},
        {"iss": AKS + CLUSTERS[1], "sub": K8S},
        "TENANT_PATH",
        "other cluster id in the issuer",
    ),
    "an organization's issuer where the root is trusted": (
        {"issuer": CIRCLE, "subject": "x"},
        {"iss": f"{CIRCLE}/org/{UUIDS[1]}", "sub": "x"},
        "TENANT_PATH",
        f"`{UUIDS[1]}` has an issuer of its own",
    ),
    "another account": (
        {"issuer": f"https://{UUIDS[1]}.tokens.sts.global.api.aws", "subject": "x"},
        {"iss": f"https://{UUIDS[2]}.tokens.sts.global.api.aws", "sub": "x"},
        "TENANT_PATH",
        f"`{UUIDS[2]}` in the token, `{UUIDS[1]}` in the credential",
    ),
    "another realm of a host that no platform is known by": (
        {"issuer": "https://idp.test/a", "subject": "x"},
        {"iss": "https://idp.test/b", "sub": "x"},
        "TENANT_PATH",
        "Same host, other path: `/b` in the token, `/a` in the credential",
    ),
    "another path of a host, and another subject": (
        {"issuer": "https://idp.test/a", "subject": "x"},
        {"iss": "https://idp.test/b", "sub": "y"},
        "DIFFERENT",
        "The issuer",
    ),
    "GitHub Enterprise Server": (
        {"issuer": "https://github.example.com/_services/token", "subject": BRANCH},
        {"iss": ISSUER, "sub": BRANCH},
        "OTHER_INSTANCE",
        "a repository of the same name there is another repository",
    ),
    "an old issuer of AKS": (
        {"issuer": f"https://oidc.prod-aks.azure.com/{ENTRA}/", "subject": K8S},
        {"iss": AKS + CLUSTERS[0], "sub": K8S},
        "ISSUER_MOVED",
        "moved to another issuer",
    ),
    "an audience of another cloud": (
        {"subject": BRANCH},
        {"sub": BRANCH, "aud": "api://AzureADTokenExchangeUSGov"},
        "AUD_CLOUD",
        "the audience of the cloud of the US government",
    ),
    "an audience that cannot be another": (
        {"issuer": "https://demo.app.spacelift.io", "subject": "x"},
        {"iss": "https://demo.app.spacelift.io", "sub": "x", "aud": "demo.app.spacelift.io"},
        "AUD_FIXED",
        "Set the credential's audience to `demo.app.spacelift.io`.",
    ),
    "template text in the audience": (
        {"audience": "api://<client-id>", "subject": BRANCH},
        {"sub": BRANCH, "aud": "api://x"},
        "PLACEHOLDER",
        "still holds template text, `<client-id>`",
    ),
    "a platform that has its issuer in common with another": (
        {"issuer": f"https://login.microsoftonline.com/{ENTRA}/v2.0", "subject": CONNECTION + UUIDS[1]},
        {"iss": f"https://login.microsoftonline.com/{ENTRA}/v2.0", "sub": CONNECTION + UUIDS[2]},
        "SEGMENT(connection_id)",
        f"`{UUIDS[2]}` in the token, `{UUIDS[1]}` in the credential",
    ),
    "a place of a format": (
        {"subject": "repo:%s/octo-repo:environment:production"},
        {"sub": "repo:octo-org/octo-repo:environment:production"},
        "PLACEHOLDER",
        "still holds template text, `%s`",
    ),
    "words of documentation, as people copy them": (
        {"subject": "repo:your-org/REPO_NAME:environment:production"},
        {"sub": "repo:octo-org/octo-repo:environment:production"},
        "PLACEHOLDER",
        "still holds template text, `your-org` and `REPO_NAME`",
    ),
    "a repository that may be called so": (
        {"subject": "repo:octo-org/REPO:environment:production"},
        {"sub": "repo:octo-org/octo-repo:environment:test"},
        "DIFFERENT",
        "The subject",
    ),
    "sample words in capitals": (
        {"subject": "repo:ORG/REPO:environment:production"},
        {"sub": "repo:octo-org/octo-repo:environment:production"},
        "PLACEHOLDER",
        "template text, `ORG` and `REPO`",
    ),
    "capitals that are a name": (
        {"subject": "repo:ORG/octo-repo:environment:production"},
        {"sub": "repo:octo-org/another:environment:production"},
        "DIFFERENT",
        "The subject",
    ),
    "a letter of another alphabet in the token": (
        {"subject": BRANCH},
        {"sub": BRANCH.replace("main", "mаin")},  # noqa: RUF001
        "HOMOGLYPH",
        "of the token's subject is U+0430 CYRILLIC SMALL LETTER A, which only looks like `a`",
    ),
    "another way to write an accent": (
        {"subject": BRANCH + "\u00e9"},
        {"sub": BRANCH + "e\u0301"},
        "NFC",
        "Unicode normalization",
    ),
    "letters that look like nothing else": (
        {"subject": BRANCH + "\u6771"},
        {"sub": BRANCH + "\u897f"},
        "SEGMENT(branch)",
        "東",
    ),
    "percent-encoded in the credential": (
        {"subject": IMMUTABLE + "environment:prod%3Aeu"},
        {"sub": IMMUTABLE + "environment:prod:eu"},
        "PERCENT",
        "The credential writes a colon as `%3A`, the token has a plain colon",
    ),
    "percent-encoded in two cases": (
        {"subject": IMMUTABLE + "environment:prod%3aeu"},
        {"sub": IMMUTABLE + "environment:prod%3Aeu"},
        "CASE",
        "except for case",
    ),
    "another environment": (
        {"subject": IMMUTABLE + "environment:production"},
        {"sub": IMMUTABLE + "environment:staging"},
        "SEGMENT(environment)",
        "the environment: `staging` in the token, `production` in the credential",
    ),
    "owner and repository renamed": (
        {"subject": "repo:old@123456/older@456789:pull_request"},
        {"sub": IMMUTABLE + "pull_request"},
        "NAME_CHANGED",
        "the owner's name changed from `old` to `octo-org` and the repository's name changed from `older` to",
    ),
    "env for environment": (
        {"subject": IMMUTABLE + "env:production"},
        {"sub": IMMUTABLE + "environment:production"},
        "REF_FORM",
        "The credential says `env`; GitHub writes `environment`.",
    ),
    "a branch of another name is no form": (
        {"subject": IMMUTABLE + "ref:main"},
        {"sub": IMMUTABLE + "ref:refs/heads/release/main"},
        "SEGMENT(context)",
        "ref:main",
    ),
    "a default subject where a customised one is trusted": (
        {"subject": "repository_owner:octo-org:repository_visibility:private"},
        {"sub": BRANCH},
        "TEMPLATE",
        "The credential expects a customised subject",
    ),
    "a customised context": (
        {"subject": BRANCH},
        {"sub": "repo:octo-org/octo-repo:job_workflow_ref:octo-org/x/.github/workflows/y.yml@refs/heads/main"},
        "TEMPLATE",
        "uses a customised subject template",
    ),
    "percent-encoded here and there, in two cases": (
        {"subject": "a%3Ab:c"},
        {"sub": "a%3ab%3Ac"},
        "DIFFERENT",
        "The subject",
    ),
    "an audience of another cloud, of nobody known": (
        {"issuer": "https://idp.test", "subject": "x"},
        {"iss": "https://idp.test", "sub": "x", "aud": "api://AzureADTokenExchangeChina"},
        "AUD_CLOUD",
        f"Request it for `{AUDIENCE}`.",
    ),
    "one audience that reads like two": (
        {"audience": "a, b", "subject": "x"},
        {"sub": "x", "aud": ["a", "b"]},
        "DIFFERENT",
        "The token is meant for `a, b`",
    ),
    "an issuer of the grammar and a subject that is not": (
        {"issuer": "https://github.example.com/_services/token", "subject": "x"},
        {"iss": ISSUER, "sub": BRANCH},
        "DIFFERENT",
        "The issuer",
    ),
    "another project of the same name": (
        {"issuer": SEMAPHORE, "subject": f"org:o:project:{UUIDS[1]}:repo:r:ref_type:branch:ref:main"},
        {"iss": SEMAPHORE, "sub": f"org:o:project:{UUIDS[2]}:repo:r:ref_type:branch:ref:main"},
        "ID_CHANGED",
        f"`project_id` is `{UUIDS[2]}` in the token and `{UUIDS[1]}` in the credential",
    ),
    "a project of another name": (
        {"issuer": SEMAPHORE, "subject": f"org:o:project:{UUIDS[1]}:repo:r:ref_type:branch:ref:main"},
        {"iss": SEMAPHORE, "sub": f"org:o:project:{UUIDS[1]}:repo:s:ref_type:branch:ref:main"},
        "NAME_CHANGED",
        "The ids are the same, the names are not: `r` is now `s`.",
    ),
    "another project of another name": (
        {"issuer": SEMAPHORE, "subject": f"org:o:project:{UUIDS[1]}:repo:r:ref_type:branch:ref:main"},
        {"iss": SEMAPHORE, "sub": f"org:o:project:{UUIDS[2]}:repo:s:ref_type:branch:ref:main"},
        "DIFFERENT",
        "The subject",
    ),
    "another name of a workload": (
        {"issuer": "https://oidc.test", "subject": "spiffe://example.org/a"},
        {"iss": "https://oidc.test", "sub": "spiffe://example.org/b"},
        "SEGMENT(path)",
        "`/b` in the token, `/a` in the credential",
    ),
    "two parts that differ": (
        {"issuer": "https://k8s.test", "subject": "system:serviceaccount:a:b"},
        {"iss": "https://k8s.test", "sub": "system:serviceaccount:c:d"},
        "DIFFERENT",
        "The subject",
    ),
    "a role where another account's session is named": (
        {
            "issuer": f"https://{UUIDS[1]}.tokens.sts.global.api.aws",
            "subject": "arn:aws:sts::123456789012:assumed-role/a/s",
        },
        {"iss": f"https://{UUIDS[1]}.tokens.sts.global.api.aws", "sub": "arn:aws:iam::210987654321:role/a"},
        "DIFFERENT",
        "The subject",
    ),
    "another address than the token's": (
        {"issuer": "https://accounts.google.com", "subject": "a@b.iam.gserviceaccount.com"},
        {"iss": "https://accounts.google.com", "sub": "1" * 21, "email": "c@b.iam.gserviceaccount.com"},
        "DIFFERENT",
        "The subject",
    ),
}


@every("sentence", CAUSES)
def test_the_cause_is_named_for(sentence):
    held, said, cause, line = CAUSES[sentence]
    told = why(held, said)
    assert (told.cause, line in told.sentence) == (cause, True), told.sentence
    assert told.cause == told.near[0].cause


CLAUSES = {  # an expression, its version, what the token says, the cause, what the first line says among other things
    "a star that stops at a slash": (
        "claims['sub'] matches 'repo:octo-org/octo-repo:ref:refs/heads/release/*'",
        2,
        {"sub": "repo:octo-org/octo-repo:ref:refs/heads/release/1/hotfix"},
        "GLOB_DELIMITER",
        (
            "`*` stops at `/`, `:` and `@`. The pattern reached `…:ref:refs/heads/release/1`; the token continues "
            "`/hotfix`. `**` would cross it and would also match every deeper branch."
        ),
    ),
    "a star that stops at a slash, after a quote": (
        "claims['sub'] matches 'o''brien:release/*'",
        2,
        {"sub": "o'brien:release/1/hotfix"},
        "GLOB_DELIMITER",
        "The pattern reached `o'brien:release/1`; the token continues `/hotfix`.",
    ),
    "a pattern that fits up to a character": (
        "claims['sub'] matches 'repo:octo-org/*:environment:x'",
        1,
        {"sub": BRANCH},
        "CLAUSE(1)",
        "The pattern fits up to character",
    ),
    "only the case of a claim": (
        "claims['environment'] eq 'Production'",
        1,
        {"environment": "production"},
        "CLAUSE(1)",
        "but the token says `production`. Only the case differs.",
    ),
    "a claim of another type": ("claims['run'] eq '1'", 1, {"run": 1}, "TYPE(run)", "of another type (integer)"),
    "no claim at all": (
        "claims['a'] eq '1' and claims['b'] eq '2'",
        1,
        {},
        "NO_EXPRESSION_CLAIM",
        "none of the claims that the expression looks at: `a`, `b`",
    ),
    "the nearest branch": (
        "(claims['a'] eq '1' and claims['b'] eq '2') or (claims['a'] eq '3' and claims['b'] eq '4')",
        2,
        {"a": "3", "b": "5"},
        "CLAUSE(4)",
        "Clause 4 does not hold",
    ),
    "the id of the repository that the subject names": (
        "claims['sub'] matches 'repo:octo-org/octo-repo:*' and claims['repository_id'] eq '456789'",
        1,
        {"sub": BRANCH, "repository_id": "987654"},
        "ID_CHANGED",
        "`repository_id` is 987654 and this credential demands 456789. The repository may have been deleted",
    ),
    "the id of the owner that the subject names": (
        "claims['sub'] eq '" + BRANCH + "' and claims['repository_owner_id'] eq '1'",
        1,
        {"sub": BRANCH, "repository_owner_id": "2"},
        "ID_CHANGED",
        "`repository_owner_id` is 2",
    ),
    "the id of the repository that another claim names": (
        "claims['repository'] eq 'octo-org/octo-repo' and claims['repository_id'] eq '1'",
        1,
        {"repository": "octo-org/octo-repo", "repository_id": "2"},
        "ID_CHANGED",
        "`repository_id` is 2",
    ),
    "an id of whatever repository": (
        "claims['sub'] matches 'repo:octo-org/*' and claims['repository_id'] eq '1'",
        1,
        {"sub": BRANCH, "repository_id": "2"},
        "CLAUSE(2)",
        "but the token says `2`",
    ),
}


@every("sentence", CLAUSES)
def test_of_an_expression_it_is_named(sentence):
    text, version, said, cause, line = CLAUSES[sentence]
    held = replace(credential(), subject=None, expression=parse(text, version))
    told = explain(presented(**said), trusted(held), client="a", now=NOW, proof="proven")
    assert (told.cause, line in told.sentence) == (cause, True), told.sentence
    if cause == "ID_CHANGED":
        assert told.edits == ()
    if cause == "GLOB_DELIMITER":
        (edit,) = told.edits
        assert (edit.effect, edit.after) == ("wider", text.replace("release/*", "release/**"))


def test_a_claim_that_is_sent_on_request_says_how():
    held = credential(issuer=BUILDKITE, expression="claims['sub'] matches 'o*' and claims['pipeline_id'] eq '1'")
    told = explain(presented(iss=BUILDKITE, sub="organization:o"), trusted(held), client="a", now=NOW)
    assert told.cause == "CLAIM_MISSING(pipeline_id)"
    assert told.edits[0].target == "workload"
    assert "--claim pipeline_id" in told.sentence


def test_a_part_that_is_new_in_every_run_is_replaced_by_ids():
    step = "{%s}:{%s}:{%s}"
    issuer = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
    braced = [f"{{{each}}}" for each in UUIDS]
    said = {
        "iss": issuer,
        "sub": step % (UUIDS[1], UUIDS[2], UUIDS[4]),
        "repositoryUuid": braced[1],
        "workspaceUuid": "{w}",
    }
    told = why({"subject": step % (UUIDS[1], UUIDS[2], UUIDS[3])}, said, proof="proven")
    (edit,) = told.edits
    assert (told.cause, edit.effect) == ("PER_RUN", "wider")
    assert edit.after == f"claims['repositoryUuid'] eq '{braced[1]}' and claims['workspaceUuid'] eq '{{w}}'"
    assert edit.command.startswith("accredit credential update deploy-bot credential-1 --expression ")
    assert "Entra ID takes none for this issuer" in edit.text


def test_a_lesser_twin_gets_an_application_of_its_own():
    subject = "organization:o:project:p:workspace:w:run_phase:"
    issuer = "https://app.terraform.io"
    told = why({"subject": subject + "apply"}, {"iss": issuer, "sub": subject + "plan"}, proof="proven")
    (edit,) = told.edits
    assert (told.cause, edit.what, edit.command) == ("SEGMENT(run_phase)", "application", "")
    assert "in a second application" in edit.text


COMMANDS = {  # what the credential holds, what the token says, the command
    "the issuer as the token writes it": (
        {"issuer": ISSUER + "/"},
        {"iss": ISSUER},
        f"accredit credential update deploy-bot credential-1 --issuer {ISSUER}",
    ),
    "the immutable twin": (
        {"subject": BRANCH},
        {"sub": IMMUTABLE + "ref:refs/heads/main"},
        (
            f"accredit credential add deploy-bot --issuer {ISSUER} --subject {IMMUTABLE}ref:refs/heads/main "
            f"--audience {AUDIENCE}"
        ),
    ),
    "nothing that only looks like the value": ({"subject": "a" * 700}, {"sub": "A" * 700}, ""),
    "a value that a shell would read": (
        {"issuer": "https://gitlab.test/", "subject": "x"},
        {"iss": "https://gitlab.test", "sub": "x"},
        "accredit credential update deploy-bot credential-1 --issuer https://gitlab.test",
    ),
    "nothing for the workload's side": ({"subject": BRANCH}, {"sub": BRANCH, "aud": "https://github.com/octo-org"}, ""),
}


@every("sentence", COMMANDS)
def test_once_it_is_proven_the_command_is_ready(sentence):
    held, said, command = COMMANDS[sentence]
    assert why(held, said, proof="proven").edits[0].command == command
    for proof in ("unproven", "unknown"):
        told = why(held, said, proof=proof)
        assert not any(each.command for each in told.edits)


def test_where_nothing_resembles_a_proven_token_a_credential_can_be_added():
    told = why({"subject": "x"}, {"sub": "y"}, proof="proven")
    assert (told.cause, told.edits[-1].command.partition(" --")[0]) == (
        "DIFFERENT",
        "accredit credential add deploy-bot",
    )
    assert why({"subject": "x"}, {"sub": "y"}).edits == ()


def test_what_another_application_trusts_is_told():
    told = why({"subject": "x"}, {"sub": "y"}, elsewhere=("payments",))
    assert (told.cause, told.elsewhere) == ("OTHER_APPLICATION", ("payments",))
    assert told.sentence.endswith("but the application `payments` trusts it. Use its client id.")
    both = why({"subject": "x"}, {"sub": "y"}, elsewhere=("payments", "orders"))
    assert both.sentence.endswith("but the applications `payments` and `orders` trust it. Use their client id.")
    near = why({"subject": BRANCH}, {"sub": BRANCH.upper()}, elsewhere=("payments",))
    assert (near.cause, near.elsewhere) == ("CASE", ("payments",))
    assert why({"subject": BRANCH}, {"sub": BRANCH}, elsewhere=("payments",)).elsewhere == ()


def test_ids_that_cannot_be_shown_whole_and_those_beyond_the_fourth_pin_nothing():
    issuer = "https://oidc.fly.io/acme"
    said = {"iss": issuer, "sub": "acme:shop:2", "app_id": "", "org_id": "x" * 1_000, "org_name": "acme"}
    told = why({"subject": "acme:shop:1"}, said)
    assert (told.cause, told.edits, "Trust an expression" in told.sentence) == ("PER_RUN", (), False)


def test_of_other_applications_three_are_named_and_only_so_many_looked_through(monkeypatch):
    token, trusting = presented(), credential()
    others = [(n, [trusting]) for n in range(9)]
    assert actions.trusting(others, token, "contained") == (0, 1, 2)
    far = [(n, [credential(n, "x")]) for n in range(3)]
    assert actions.trusting([*far, (9, [trusting])], token, "contained") == (9,)
    monkeypatch.setattr(actions, "LOOKED_THROUGH", 3)
    assert actions.trusting([*far, (9, [trusting])], token, "contained") == ()
    assert actions.trusting([(1, [replace(trusting, enabled=False)])], token, "contained") == ()


UNREAD = {  # what the token is, the cause
    "one that is far too long": ("x" * 70_000 + ".y.z", "CLAIM_MISSING(exp)"),
    "no base64": ("a.!.c", "CLAIM_MISSING(exp)"),
    "no object": ("a.W10.c", "CLAIM_MISSING(exp)"),
    "nothing": ("", "CLAIM_MISSING(exp)"),
    "a claim of another type": (assemble({}, {"exp": {}}), "TYPE(exp)"),
    "a legacy token": (assemble({}, {"iss": "kubernetes/serviceaccount"}), "LEGACY_TOKEN"),
}


@every("sentence", UNREAD)
def test_of_what_cannot_be_read_as_much_is_told_as_can_be(sentence):
    text, cause = UNREAD[sentence]
    refused = Refused(errors.CLAIM_MISSING, claim="exp")
    assert unreadable(refused, client="a", now=NOW, token=text).cause == cause


VISITS = {  # how a visit to an issuer ended, the cause
    "jwks: status: 403": "RBAC_403",
    "discovery: status: 403": "RBAC_403",
    "discovery: tls: the certificate is not accepted: self-signed certificate": "TLS_CA",
    "jwks: tls: the certificate is not accepted: certificate has expired": "TLS_EXPIRED",
    "jwks: tls: the certificate is not accepted: Hostname mismatch, certificate is not valid for 'a'.": "TLS_NAME",
    "discovery: the document says 'https://a', the record 'https://b'": "ISSUER_MISMATCH",
    "discovery: not JSON: it begins with '<'": "HTML",
    "discovery: connect: refused (the next attempt is not due yet)": "KEY_COOLDOWN",
    "wait: 64 requests wait for this issuer already": "KEY_COOLDOWN",
    "jwks: dns: idp.test: unknown": "ISSUER_UNREACHABLE(dns)",
    "jwks": "ISSUER_UNREACHABLE",
}


@every("detail", VISITS)
def test_a_visit_that_brought_no_keys_is_named_by_how_it_ended(detail):
    told = visits.why(Refused(errors.ISSUER_UNREACHABLE, detail=detail))
    assert told.id == VISITS[detail]
    assert "{" not in told.sentence


def test_every_cause_of_the_table_is_in_the_documentation():
    text = (ROOT / "docs/explain.md").read_text("utf-8")
    named = " ".join([OF_EXPRESSIONS, *(causes for rows in DETECTORS.values() for _, causes in rows)])
    for cause in named.split():
        assert f"`{cause}" in text, cause
