"""Text of templates that nobody filled in, and values that only look like it."""

from accredit.trust.placeholders import find
from tests.support.every import every

UNFILLED = {
    "angle brackets": ("repo:<org>/<repo>:environment:prod", ["<org>", "<repo>"]),
    "braces": ("https://login.example/{tenantId}/", ["{tenantId}"]),
    "a variable of a shell": ("repo:$ORG/app", ["$ORG"]),
    "a variable of a shell, in braces": ("repo:${ORG}/app", ["{ORG}"]),
    "an expression of a workflow": ("repo:${{ github.repository }}:pull_request", ["{ github.repository }"]),
    "a variable of a pipeline": ("sc://$(Organization)/x/y", ["$(Organization)"]),
    "a variable of a batch file": ("repo:%GITHUB_ORG%/app", ["%GITHUB_ORG%"]),
    "a place of a format": ("system:serviceaccount:%s:%s", ["%s", "%s"]),
    "words of documentation": ("repo:OWNER/REPO:ref:refs/heads/main", ["OWNER", "REPO"]),
    "your own": ("repo:your-org/app:pull_request", ["your-org"]),
    "an id in capitals": ("arn:aws:iam::ACCOUNT_ID:role/Deploy", ["ACCOUNT_ID"]),
}
FILLED = {
    "a subject of GitHub": "repo:octo-org@123456/octo-repo@456789:environment:Production%3AEastUS",
    "an id in braces, as Bitbucket writes it": "{00000015-1111-4222-8333-000000000015}",
    "a project with blanks": "organization:my-org:project:Default Project:workspace:prod:run_phase:apply",
    "names that have such words in them": "repo:OWNER-x/REPO.js:ref:refs/heads/BRANCHES",
    "lower case": "repo:owner/repo:environment:environment",
    "a percent sign that encodes": "repo:o/r:environment:%73taging",
    "money": "repo:o/r:environment:10$",
    "an expression": "claims['sub'] matches 'repo:o@1/r@2:**' and claims['repository_id'] eq '2'",
    "nothing": "",
}


@every("says", UNFILLED)
def test_what_is_to_be_filled_in_is_found_where_it_stands(says: str) -> None:
    text, expected = UNFILLED[says]
    found = find(text)
    assert [each.text for each in found] == expected
    assert all(text[each.start : each.end] == each.text for each in found)


@every("says", FILLED)
def test_a_value_is_not_taken_for_it(says: str) -> None:
    assert not find(FILLED[says])
