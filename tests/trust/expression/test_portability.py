"""What Entra ID can hold: said in sentences, written in version 1, and never wider unless that is asked for."""

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from accredit.errors import INPUT_INVALID, Refused
from accredit.trust.expression import evaluate, not_portable, parse, refuse_not_allowed, to_entra
from tests.support.every import every
from tests.trust.expression.drawn import quoted

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
SUB, ID = "claims['sub'] eq 'a'", "claims['repository_id'] eq '1'"

PORTABLE = {
    "version 1 as it stands": (
        GITHUB,
        1,
        "claims['sub'] matches 'a?*' and " + ID,
        ["claims['sub'] matches 'a?*' and " + ID],
    ),
    "version 1 with a quote": (GITHUB, 1, "claims['sub'] eq 'it''s' and " + ID, ["claims['sub'] eq 'it''s' and " + ID]),
    "a conjunction": (GITHUB, 2, f"{SUB} and\n{ID}", [f"{SUB} and {ID}"]),
    "two stars are one there": (
        GITHUB,
        2,
        "claims['sub'] matches 'repo:o@1/**' and " + ID,
        ["claims['sub'] matches 'repo:o@1/*' and " + ID],
    ),
    "or is several credentials": (
        GITHUB,
        2,
        f"({SUB} or claims['sub'] eq 'b') and {ID}",
        [f"{SUB} and {ID}", f"claims['sub'] eq 'b' and {ID}"],
    ),
    "in is several credentials": (
        GITHUB,
        2,
        f"claims['sub'] in ['a', 'b', 'a'] and {ID}",
        [f"{SUB} and {ID}", f"claims['sub'] eq 'b' and {ID}"],
    ),
    "twenty credentials": (
        GITLAB,
        2,
        f"{SUB} and claims['project_id'] in [{', '.join(quoted(str(n)) for n in range(20))}]",
        [f"{SUB} and claims['project_id'] eq '{n}'" for n in range(20)],
    ),
}


@every(("issuer", "version", "text", "expected"), PORTABLE.values(), ids=PORTABLE)
def test_portable(issuer, version, text, expected):
    expression = parse(text, version)
    assert not_portable(expression, issuer) == ()
    assert to_entra(expression, issuer) == tuple(expected)


DEMANDS_ID = "Entra ID demands a condition on repository_id or repository_owner_id"
DEMANDS_SUB = "Entra ID demands a condition on sub"
CLAIMS = "job_workflow_ref, repository_id, repository_owner_id and sub"
REASONS = {
    "another issuer": ("https://idp.example", 1, SUB, ["Entra ID allows no expression for issuer https://idp.example"]),
    "another issuer, in version 2": (
        "https://idp.example",
        2,
        SUB,
        ["Entra ID allows no expression for issuer https://idp.example"],
    ),
    "no id": (GITHUB, 1, SUB, [DEMANDS_ID]),
    "no subject": (GITHUB, 2, ID, [DEMANDS_SUB]),
    "another claim": (
        GITHUB,
        1,
        f"{SUB} and {ID} and claims['environment'] eq 'x'",
        [f"environment is none of the claims that Entra ID allows: {CLAIMS}"],
    ),
    "another operator": (
        GITHUB,
        2,
        f"{SUB} and claims['repository_id'] matches '1**'",
        ["Entra ID allows repository_id with eq only, and not with matches"],
    ),
    "an operator of version 2": (
        GITHUB,
        2,
        f"{SUB} and {ID} and claims['event_name'] ne 'x'",
        ["Entra ID has eq and matches, and nothing like ne on event_name"],
    ),
    "exists": (
        GITHUB,
        2,
        f"{SUB} and {ID} and exists(claims['ref'])",
        ["Entra ID has eq and matches, and nothing like exists on ref"],
    ),
    "a path": (
        GITHUB,
        2,
        f"{SUB} and {ID} and claims['a']['b'] eq 'x'",
        ["Entra ID does not look into objects, as claims['a']['b'] does"],
    ),
    "an integer": (
        GITHUB,
        2,
        f"{SUB} and claims['repository_id'] eq 1",
        ["Entra ID compares texts only, and repository_id is compared with 1"],
    ),
    "true": (
        GITHUB,
        2,
        f"{SUB} and claims['repository_id'] eq true",
        ["Entra ID compares texts only, and repository_id is compared with true"],
    ),
    "an empty text": (GITHUB, 2, f"claims['sub'] eq '' and {ID}", ["Entra ID compares with nothing empty, as sub is"]),
    "a quote": (
        GITHUB,
        2,
        f"claims['sub'] eq 'it''s' and {ID}",
        ["how Entra ID reads a quote in a text, as that of sub, is not documented"],
    ),
    "an escape": (
        GITHUB,
        2,
        rf"claims['sub'] matches 'a\*' and {ID}",
        ["Entra ID has no escape, as there is in the pattern of sub"],
    ),
    "a star": (
        GITHUB,
        2,
        f"claims['sub'] matches 'a*' and {ID}",
        ["* in the pattern of sub stops at / : @; in Entra ID it would not: trust would widen"],
    ),
    "a question mark": (
        GITHUB,
        2,
        f"claims['sub'] matches 'a?' and {ID}",
        ["? in the pattern of sub stops at / : @; in Entra ID it would not: trust would widen"],
    ),
    "one branch of two": (GITHUB, 2, f"{SUB} and {ID} or claims['sub'] eq 'b'", [DEMANDS_ID]),
    "twenty-one credentials": (
        GITLAB,
        2,
        f"{SUB} and claims['project_id'] in [{', '.join(quoted(str(n)) for n in range(21))}]",
        ["it would be 21 credentials there; an application has at most 20"],
    ),
}


@every(("issuer", "version", "text", "reasons"), REASONS.values(), ids=REASONS)
def test_not_portable(issuer, version, text, reasons):
    expression = parse(text, version)
    assert not_portable(expression, issuer) == tuple(reasons)
    with pytest.raises(Refused) as refused:
        to_entra(expression, issuer)
    assert refused.value.row is INPUT_INVALID
    assert refused.value.fields["reason"] == "; ".join(reasons)


def test_who_allows_widening_gets_the_wider_pattern():
    expression = parse(f"claims['sub'] matches 'repo:*/?**' and {ID}", 2)
    assert to_entra(expression, GITHUB, allow_widening=True) == (f"claims['sub'] matches 'repo:*/?*' and {ID}",)


def test_who_allows_widening_gets_nothing_that_entra_does_not_hold():
    with pytest.raises(Refused):
        to_entra(parse(rf"claims['sub'] matches 'a*\*' and {ID}", 2), GITHUB, allow_widening=True)


PATTERNS = st.text("ab/:*", max_size=5).map(lambda text: text.replace("*", "**")).filter(lambda text: "***" not in text)
ATOMS = st.one_of(
    PATTERNS.map(lambda pattern: f"claims['sub'] matches '{pattern}x'"),
    st.sampled_from(["claims['sub'] eq 'a'", "claims['sub'] in ['a', 'bx']", "claims['repository_id'] in ['1', '2']"]),
)
TEXTS = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, min_size=2, max_size=2).map(" or ".join)
        | st.lists(inner.map("({})".format), min_size=2, max_size=2).map(" and ".join)
    ),
    max_leaves=4,
).map(f"({{}}) and claims['sub'] matches '**' and {ID}".format)
TOKENS = st.fixed_dictionaries(
    {"sub": st.text("ab/:x", max_size=5) | st.just("a"), "repository_id": st.sampled_from(["1", "2", 1])}
)


@given(TEXTS, TOKENS)
def test_what_is_written_for_entra_means_the_same(text, claims):
    expression = parse(text, 2)
    assume(len(expression.branches()) <= 20)
    written = to_entra(expression, GITHUB)
    event(f"holds: {evaluate(expression, claims)}")
    for each in written:
        refuse_not_allowed(parse(each), GITHUB)
    assert any(evaluate(parse(each), claims) for each in written) is evaluate(expression, claims)
