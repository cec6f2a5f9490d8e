"""Entra's table: which claims and operators an expression may use for an issuer, and what it must contain."""

import pytest

from accredit.errors import EXPRESSION_CLAIMS, Refused
from accredit.trust.expression import parse, refuse_not_allowed
from tests.support.every import every

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
GITLAB_CHILD = "https://gitlab.example.com"
GITLAB_CANADA = "https://gitlab.example.ca"
TERRAFORM = "https://app.terraform.io"
TERRAFORM_EU = "https://app.eu.terraform.io"

BOTH, EQ = frozenset({"eq", "matches"}), frozenset({"eq"})
GITHUB_CLAIMS = {"sub": BOTH, "job_workflow_ref": BOTH, "repository_id": EQ, "repository_owner_id": EQ}
GITLAB_CLAIMS = {"sub": BOTH, "project_id": EQ, "namespace_id": EQ, "user_id": EQ}

# issuer: (claims with operators, an expression that has all it must have)
TABLE = {
    GITHUB: (GITHUB_CLAIMS, "claims['sub'] matches 'repo:o/*' and claims['repository_id'] eq '1'"),
    GITLAB: (GITLAB_CLAIMS, "claims['sub'] matches 'project_path:g/*' and claims['project_id'] eq '1'"),
    GITLAB_CHILD: (GITLAB_CLAIMS, "claims['sub'] matches 'project_path:g/*' and claims['project_id'] eq '1'"),
    GITLAB_CANADA: (GITLAB_CLAIMS, "claims['sub'] matches 'project_path:g/*' and claims['project_id'] eq '1'"),
    TERRAFORM: ({"sub": BOTH}, "claims['sub'] matches 'organization:o:*'"),
    TERRAFORM_EU: ({"sub": BOTH}, "claims['sub'] matches 'organization:o:*'"),
}
CLAIMS = sorted(GITHUB_CLAIMS | GITLAB_CLAIMS | {"environment": EQ, "aud": EQ, "Sub": EQ, "ref": EQ})


def allowed(text: str, issuer: str) -> bool:
    try:
        refuse_not_allowed(parse(text), issuer)
    except Refused as refused:
        assert refused.row is EXPRESSION_CLAIMS  # noqa: PT017  the other way is an answer, too
        return False
    return True


@every("operator", ["eq", "matches"])
@every("claim", CLAIMS)
@every("issuer", TABLE)
def test_one_more_clause_is_allowed_when_the_table_has_it(issuer, claim, operator):
    claims, required = TABLE[issuer]
    text = f"{required} and claims['{claim}'] {operator} 'x'"
    assert allowed(text, issuer) is (operator in claims.get(claim, ()))


MUST_CONTAIN = {
    "github: subject and repository": (GITHUB, "claims['sub'] eq 'a' and claims['repository_id'] eq '1'", True),
    "github: subject and owner": (GITHUB, "claims['sub'] eq 'a' and claims['repository_owner_id'] eq '1'", True),
    "github: the order does not count": (GITHUB, "claims['repository_id'] eq '1' and claims['sub'] eq 'a'", True),
    "github: subject alone": (GITHUB, "claims['sub'] matches 'a*'", False),
    "github: subject and a claim that is no id": (
        GITHUB,
        "claims['sub'] eq 'a' and claims['job_workflow_ref'] eq 'b'",
        False,
    ),
    "github: ids without the subject": (
        GITHUB,
        "claims['repository_id'] eq '1' and claims['repository_owner_id'] eq '2'",
        False,
    ),
    "github: workflow alone": (GITHUB, "claims['job_workflow_ref'] eq 'b'", False),
    "gitlab: subject and project": (GITLAB, "claims['sub'] eq 'a' and claims['project_id'] eq '1'", True),
    "gitlab: subject and namespace": (GITLAB, "claims['sub'] eq 'a' and claims['namespace_id'] eq '1'", True),
    "gitlab: subject and user": (GITLAB, "claims['sub'] eq 'a' and claims['user_id'] eq '1'", True),
    "gitlab: subject alone": (GITLAB, "claims['sub'] eq 'a'", False),
    "gitlab: project alone": (GITLAB, "claims['project_id'] eq '1'", False),
    "another gitlab: subject alone": (GITLAB_CHILD, "claims['sub'] eq 'a'", False),
    "gitlab in canada: subject and user": (GITLAB_CANADA, "claims['sub'] eq 'a' and claims['user_id'] eq '1'", True),
    "terraform: subject": (TERRAFORM, "claims['sub'] eq 'a'", True),
    "terraform in europe: subject": (TERRAFORM_EU, "claims['sub'] matches 'a*'", True),
    "terraform: another claim": (TERRAFORM, "claims['terraform_organization_id'] eq 'a'", False),
    "github's claims do not help at gitlab": (GITLAB, "claims['sub'] eq 'a' and claims['repository_id'] eq '1'", False),
}


@every(("issuer", "text", "expected"), MUST_CONTAIN.values(), ids=MUST_CONTAIN)
def test_what_an_expression_must_contain(issuer, text, expected):
    assert allowed(text, issuer) is expected


ANY_ROW = (
    "claims['sub'] eq 'a'",
    "claims['sub'] eq 'a' and claims['repository_id'] eq '1'",
    "claims['sub'] eq 'a' and claims['project_id'] eq '1'",
)
ISSUERS = {
    GITHUB: True,
    GITHUB + "/": False,
    GITHUB + "/octo-enterprise": False,
    "http://token.actions.githubusercontent.com": False,
    "https://TOKEN.actions.githubusercontent.com": False,
    "https://github.example.com/_services/token": False,
    GITLAB: True,
    GITLAB + "/": False,
    GITLAB + ":443": False,
    "https://gitlab.example.com": True,
    "https://gitlab.example.ca": True,
    "https://gitlab.e.com": True,
    "https://gitlab.my-company.com": True,
    "https://gitlab.0x.com": True,
    "https://gitlab." + "x" * 63 + ".com": True,
    "https://gitlab." + "x" * 64 + ".com": False,
    "https://gitlab..com": False,
    "https://gitlab.ca": False,
    "https://gitlab.-x.com": False,
    "https://gitlab.x-.com": False,
    "https://gitlab.x_y.com": False,
    "https://gitlab.\u00e9.com": False,
    "https://gitlab.a.b.com": False,
    "https://gitlab.a/.com": False,
    "https://gitlab.a@b.com": False,
    "https://gitlab.example.org": False,
    "https://gitlab.example.com/": False,
    "https://gitlab.example.com:8443": False,
    "https://gitlab.example.com.evil.test": False,
    "https://evil.test/https://gitlab.example.com": False,
    "https://mygitlab.example.com": False,
    "https://gitlab.example.com\n": False,
    "https://gitlab.x\n.com": False,
    TERRAFORM: True,
    TERRAFORM_EU: True,
    "https://app.us.terraform.io": False,
    "https://terraform.example.com": False,
    "https://sts.example.test": False,
    "": False,
}


@every(("issuer", "expected"), ISSUERS.items(), ids=ISSUERS)
def test_which_issuers_may_have_an_expression(issuer, expected):
    assert any(allowed(text, issuer) for text in ANY_ROW) is expected


def test_the_refusal_is_entras():
    text = "claims['sub'] matches 'repo:o/*'"
    with pytest.raises(Refused) as refused:
        refuse_not_allowed(parse(text), GITHUB)
    assert refused.value.row.code == "InvalidFederatedIdentityCredentialValue"
    assert refused.value.row.status == 400
    assert refused.value.message == (
        "The FederatedIdentityCredential.ClaimsMatchingExpression.Value is invalid. Rule exception: "
        f"Expression configured for issuer '{GITHUB}' either lacks all required claims or contains unallowed claims. "
        "paramName: FederatedIdentityCredential.ClaimsMatchingExpression.Value, "
        f"paramValue: {text}, objectType: Microsoft.Online.DirectoryServices.Application"
    )
