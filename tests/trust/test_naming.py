"""Which trusts name what they trust by ids: what a tenant may demand, and lint warns of."""

import subprocess
import sys

from accredit.trust.expression import parse
from accredit.trust.naming import unpinned
from tests.support.every import every

GITHUB, GITLAB = "https://token.actions.githubusercontent.com", "https://gitlab.com"
IDS = "claims['repository_id'] eq '2' and claims['repository_owner_id'] eq '1'"
NAMED = {  # issuer, subject, expression -> what is not pinned
    "names": (GITHUB, "repo:o/r:environment:p", None, ("tenant", "project")),
    "ids in the subject": (GITHUB, "repo:o@1/r@2:environment:p", None, ()),
    "ids beside a pattern": (GITHUB, None, f"claims['sub'] matches 'repo:o/r:*' and {IDS}", ()),
    "the id of the repository alone": (
        GITHUB,
        None,
        "claims['sub'] matches 'repo:o/r:*' and claims['repository_id'] eq '2'",
        ("tenant",),
    ),
    "ids in a pattern": (GITHUB, None, "claims['sub'] matches 'repo:o@1/r@2:ref:refs/heads/*'", ()),
    "an id that is a pattern": (GITHUB, None, "claims['sub'] matches 'repo:o@1/r@*:environment:p'", ("project",)),
    "the issuer of an enterprise": (f"{GITHUB}/octo", "repo:o/r:environment:p", None, ("tenant", "project")),
    "a server of one's own": ("https://ghes.test/_services/token", "repo:o/r:environment:p", None, ("project",)),
    "nobody at all": (GITHUB, None, None, ("tenant", "project")),
    "a platform that nobody knows": ("https://idp.test", "job-7", None, ()),
}


@every("sentence", NAMED)
def test_not_pinned_are(sentence):
    issuer, subject, expression, expected = NAMED[sentence]
    assert unpinned(issuer, subject, parse(expression, 1) if expression else None) == expected


def test_every_branch_must_pin():
    both = f"({IDS}) or claims['sub'] eq 'repo:o/r:environment:p'"
    assert unpinned(GITHUB, None, parse(both, 2)) == ("tenant", "project")
    assert unpinned(GITHUB, None, parse(f"{IDS} and claims['ref'] in ['a', 'b']", 2)) == ()


def test_a_customer_with_an_issuer_of_his_own_is_named_by_it():
    issuer = "https://oidc.circleci.com/org/11111111-1111-4111-8111-111111111111"
    project = "22222222-2222-4222-8222-222222222222"
    subject = f"org/11111111-1111-4111-8111-111111111111/project/{project}/user/33333333-3333-4333-8333-333333333333"
    assert unpinned(issuer, subject, None) == ()


def test_the_first_token_that_is_asked_for_ids_waits_for_no_rule_of_lint():
    asks = f"import sys; from accredit.trust.naming import unpinned; unpinned({GITHUB!r}, 'repo:o/r:ref:x', None)"
    told = subprocess.run(
        [sys.executable, "-c", f"{asks}; print('accredit.trust.lint.rules' in sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.stdout == "False\n"
