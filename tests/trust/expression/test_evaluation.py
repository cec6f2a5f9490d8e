"""Evaluation: what holds, why not, what it may cost; the trace and the verdict never part."""

from types import MappingProxyType

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from accredit.trust.expression import Budget, Cause, Joint, Step, Trace, evaluate, parse, trace
from accredit.trust.expression.evaluation import LONGEST_VALUE
from accredit.trust.expression.glob import Miss
from tests.support.every import every

GITHUB = MappingProxyType(
    {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "api://AzureADTokenExchange",
        "sub": "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main",
        "repository": "octo-org/octo-repo",
        "repository_id": "456789",
        "repository_owner_id": "123456",
        "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
        "event_name": "push",
        "head_ref": "",
    }
)
ODD = {"number": 20, "float": 20.0, "true": True, "null": None, "list": ["a"], "object": {"a": "b"}, "empty": ""}
GITLAB = {"sub": "project_path:my-group/my-project:ref_type:branch:ref:main", "project_id": "22", "user_id": "1"}
LONG = {"fits": "a" * LONGEST_VALUE, "long": "a" * (LONGEST_VALUE + 1)}

ONE_CLAUSE = {
    "eq holds": ("claims['repository_id'] eq '456789'", GITHUB, Cause.OK),
    "eq differs": ("claims['repository_id'] eq '456780'", GITHUB, Cause.DIFFERS),
    "eq is the whole value": ("claims['repository_id'] eq '45678'", GITHUB, Cause.DIFFERS),
    "eq does not trim": ("claims['event_name'] eq 'push '", GITHUB, Cause.DIFFERS),
    "eq has no wildcards": ("claims['event_name'] eq '*'", GITHUB, Cause.DIFFERS),
    "eq differs by case": ("claims['repository'] eq 'Octo-Org/octo-repo'", GITHUB, Cause.CASE),
    "eq does not normalise": ("claims['a'] eq 'caf\u00e9'", {"a": "cafe\u0301"}, Cause.DIFFERS),
    "eq holds with a quote": ("claims['a'] eq 'it''s'", {"a": "it's"}, Cause.OK),
    "a pattern holds": ("claims['sub'] matches 'repo:octo-org@123456/*'", GITHUB, Cause.OK),
    "a pattern without wildcards holds": ("claims['event_name'] matches 'push'", GITHUB, Cause.OK),
    "a pattern differs": ("claims['sub'] matches 'repo:octo-org@1/*'", GITHUB, Cause.GLOB_SEGMENT),
    "a pattern differs by case": ("claims['sub'] matches 'REPO:Octo-Org@*/*:ref:*'", GITHUB, Cause.CASE),
    "a pattern holds with a quote": ("claims['a'] matches '*''s'", {"a": "it's"}, Cause.OK),
    "a star holds for an empty value": ("claims['head_ref'] matches '*'", GITHUB, Cause.OK),
    "a question mark is a slash, too": (
        "claims['sub'] matches 'repo:o@1/r@2:ref:refs/heads/a?b'",
        {"sub": "repo:o@1/r@2:ref:refs/heads/a/b"},
        Cause.OK,
    ),
    "no such claim": ("claims['environment'] eq 'production'", GITHUB, Cause.MISSING),
    "no such claim for a star": ("claims['environment'] matches '*'", GITHUB, Cause.MISSING),
    "claim names are case-sensitive": ("claims['Sub'] matches '*'", GITHUB, Cause.MISSING),
    "a dot in a name is a character": ("claims['object.a'] eq 'b'", ODD, Cause.MISSING),
    "an integer is no string": ("claims['number'] eq '20'", ODD, Cause.TYPE),
    "an integer fits no pattern": ("claims['number'] matches '*'", ODD, Cause.TYPE),
    "a float is no string": ("claims['float'] eq '20.0'", ODD, Cause.TYPE),
    "true is no string": ("claims['true'] eq 'true'", ODD, Cause.TYPE),
    "null is no string": ("claims['null'] matches '*'", ODD, Cause.TYPE),
    "a list is not its element": ("claims['list'] eq 'a'", ODD, Cause.TYPE),
    "an object is not its member": ("claims['object'] eq 'b'", ODD, Cause.TYPE),
    "the longest value fits": ("claims['fits'] matches 'a*'", LONG, Cause.OK),
    "a longer value fits nothing": ("claims['long'] matches 'a*'", LONG, Cause.TOO_LONG),
    "a longer value equals nothing": ("claims['long'] eq 'a'", LONG, Cause.TOO_LONG),
}


@every(("text", "claims", "cause"), ONE_CLAUSE.values(), ids=ONE_CLAUSE)
def test_one_clause(text, claims, cause):
    expression = parse(text)
    told = trace(expression, claims)
    assert [step.cause for step in told.clauses] == [cause]
    assert told.result is told.clauses[0].result is (cause is Cause.OK)
    assert evaluate(expression, claims) is told.result


SEVERAL = {
    "a pattern and an owner": (
        "claims['sub'] matches 'repo:octo-org@123456/*' and claims['repository_owner_id'] eq '123456'",
        GITHUB,
        [Cause.OK, Cause.OK],
    ),
    "the right name with the wrong owner": (
        "claims['sub'] matches 'repo:octo-org@*' and claims['repository_owner_id'] eq '6'",
        GITHUB,
        [Cause.OK, Cause.DIFFERS],
    ),
    "a project": (
        "claims['sub'] matches 'project_path:my-group/*' and claims['project_id'] eq '22'",
        GITLAB,
        [Cause.OK, Cause.OK],
    ),
    "every clause is traced after the first that fails": (
        "claims['x'] eq 'y' and claims['user_id'] eq '1' and claims['project_id'] eq '2'",
        GITLAB,
        [Cause.MISSING, Cause.OK, Cause.DIFFERS],
    ),
    "a claim that would have to be two things": (
        "claims['project_id'] eq '22' and claims['project_id'] eq '23'",
        GITLAB,
        [Cause.OK, Cause.DIFFERS],
    ),
}


@every(("text", "claims", "causes"), SEVERAL.values(), ids=SEVERAL)
def test_several_clauses(text, claims, causes):
    expression = parse(text)
    told = trace(expression, claims)
    assert [step.cause for step in told.clauses] == causes
    assert told.result is all(cause is Cause.OK for cause in causes)
    assert evaluate(expression, claims) is told.result


def test_a_trace_tells_each_clause():
    text = "claims['sub'] matches 'repo:o/*' and claims['id'] eq '1' and claims['gone'] eq '2'"
    told = trace(parse(text), {"sub": "repo:p/q", "id": 1})
    sub = "repo:p/q"
    steps = (
        Step(
            "sub", "matches", "repo:o/*", sub, "string", False, Cause.GLOB_SEGMENT, 0, 32, Miss(0, 5, 5), path=("sub",)
        ),
        Step("id", "eq", "1", 1, "integer", False, Cause.TYPE, 37, 56, path=("id",)),
        Step("gone", "eq", "2", None, None, False, Cause.MISSING, 61, 82, path=("gone",)),
    )
    assert told == Trace(False, steps, Joint("and", False, Cause.GLOB_SEGMENT, 0, 82, steps))
    assert text[37:56] == "claims['id'] eq '1'"


def test_a_pattern_that_differs_by_case_tells_where_too():
    told = trace(parse("claims['sub'] matches 'repo:*:Main'"), {"sub": "repo:o/r:main"})
    assert (told.clauses[0].cause, told.clauses[0].miss) == (Cause.CASE, Miss(2, 7, 9))


@every(
    ("value", "kind"),
    [("", "string"), (1, "integer"), (1.5, "number"), (True, "boolean"), (None, "null"), ([], "array"), ({}, "object")],
)
def test_a_trace_names_the_json_type(value, kind):
    told = trace(parse("claims['a'] eq 'b'"), {"a": value})
    assert told.clauses[0].observed_type == kind
    assert told.clauses[0].observed == value


def test_a_trace_is_json():
    told = trace(parse("claims['a'] matches 'b*' and claims['c'] eq 'd'"), {"a": "xb", "c": "d"})
    steps = [
        {
            "claim": "a",
            "operator": "matches",
            "operand": "b*",
            "observed": "xb",
            "observed_type": "string",
            "result": False,
            "cause": "glob_segment",
            "start": 0,
            "end": 24,
            "miss": {"segment": 0, "pattern_at": 0, "value_at": 0},
            "path": ["a"],
            "freed": None,
        },
        {
            "claim": "c",
            "operator": "eq",
            "operand": "d",
            "observed": "d",
            "observed_type": "string",
            "result": True,
            "cause": "ok",
            "start": 29,
            "end": 47,
            "miss": None,
            "path": ["c"],
            "freed": None,
        },
    ]
    joint = {"kind": "and", "result": False, "cause": "glob_segment", "start": 0, "end": 47, "children": steps}
    assert msgspec.json.decode(msgspec.json.encode(told)) == {"result": False, "clauses": steps, "root": joint}


# --- budget


THREE = parse(
    "claims['a'] eq 'xy' and claims['a'] matches '*' and claims['a'] matches 'x?'"
)  # 3 atoms, 2 + 2 characters
BUDGETS = {
    "just enough": (Budget(atoms=3, characters=4), [Cause.OK, Cause.OK, Cause.OK], False),
    "one atom too few": (Budget(atoms=2, characters=4), [Cause.OK, Cause.OK, Cause.BUDGET], True),
    "no atom": (Budget(atoms=0, characters=4), [Cause.BUDGET] * 3, True),
    "one character too few": (Budget(atoms=3, characters=3), [Cause.OK, Cause.OK, Cause.BUDGET], True),
    "no character": (Budget(atoms=3, characters=0), [Cause.OK, Cause.BUDGET, Cause.BUDGET], True),
}


@every(("budget", "causes", "spent"), BUDGETS.values(), ids=BUDGETS)
def test_what_is_left_when_the_budget_is_spent_is_false(budget, causes, spent):
    left = msgspec.structs.replace(budget)
    assert evaluate(THREE, {"a": "xy"}, left) is not spent
    assert left.spent is spent
    left = msgspec.structs.replace(budget)
    assert [step.cause for step in trace(THREE, {"a": "xy"}, left).clauses] == causes
    assert left.spent is spent


def test_a_spent_budget_stays_spent():
    budget = Budget(atoms=10, characters=3)
    assert not evaluate(parse("claims['a'] matches '*'"), {"a": "1234"}, budget)
    assert not evaluate(parse("claims['a'] matches '*'"), {"a": "1"}, budget)
    assert not evaluate(parse("claims['a'] eq '1'"), {"a": "1"}, budget)
    assert budget == Budget(atoms=9, characters=3, spent=True)


def test_a_request_may_look_at_10_000_clauses():
    expression, budget = parse(" and ".join(["claims['a'] eq 'x'"] * 100)), Budget()
    assert [evaluate(expression, {"a": "x"}, budget) for _ in range(101)] == [True] * 100 + [False]


def test_a_request_may_send_100_000_characters_through_patterns():
    expression, budget = parse("claims['a'] matches '*x'"), Budget()
    assert [evaluate(expression, {"a": "x" * 4000}, budget) for _ in range(25)] == [True] * 25
    assert not evaluate(expression, {"a": "x"}, budget)


def test_a_comparison_without_pattern_costs_no_characters():
    budget = Budget()
    assert evaluate(parse("claims['a'] eq 'x'"), {"a": "x"}, budget)
    assert budget == Budget(atoms=9_999)


def test_evaluation_stops_at_the_first_clause_that_fails():
    budget = Budget()
    assert not evaluate(parse("claims['a'] eq 'x' and claims['b'] matches '*'"), {"a": "y", "b": "z"}, budget)
    assert budget == Budget(atoms=9_999)


# --- laws


NAMES = st.sampled_from(["sub", "a", "b", "iss"])
TEXTS = st.text("aAb/:@*?'", max_size=6)
JSON = st.recursive(
    TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
CLAIMS = st.dictionaries(NAMES, TEXTS | JSON)


def text_of(clauses):
    return " and ".join(
        "claims['{}'] {} '{}'".format(claim, operator, operand.replace("'", "''"))
        for claim, operator, operand in clauses
    )


EXPRESSIONS = st.lists(
    st.tuples(NAMES, st.sampled_from(["eq", "matches"]), TEXTS.filter(bool)), min_size=1, max_size=4
).map(lambda clauses: parse(text_of(clauses)))
BUDGETED = st.builds(Budget, st.integers(0, 5), st.integers(0, 20), st.booleans())


@given(expression=EXPRESSIONS, claims=CLAIMS, budget=st.none() | BUDGETED)
def test_the_root_of_the_trace_is_the_verdict(expression, claims, budget):
    again = None if budget is None else msgspec.structs.replace(budget)
    told = trace(expression, claims, again)
    assert evaluate(expression, claims, budget) is told.result
    assert told.result is all(step.result for step in told.clauses)
    assert all(step.result is (step.cause is Cause.OK) for step in told.clauses)


@st.composite
def satisfied(draw):
    """Claims, and an expression that they satisfy."""
    claims = draw(st.dictionaries(NAMES, TEXTS.filter(bool), min_size=1))
    clauses = []
    for name in draw(st.lists(st.sampled_from(sorted(claims)), min_size=1, max_size=4)):
        cut = draw(st.integers(0, len(claims[name])))
        exact = (name, "eq", claims[name])
        clauses.append(draw(st.sampled_from([exact, (name, "matches", claims[name][:cut] + "*")])))
    return parse(text_of(clauses)), claims


@given(case=satisfied(), extra=CLAIMS)
def test_a_true_expression_is_false_without_any_claim_it_names(case, extra):
    expression, claims = case
    assert evaluate(expression, extra | claims)
    for name in {atom.claim for atom in expression.atoms}:
        assert not evaluate(expression, {key: value for key, value in (extra | claims).items() if key != name})


@given(expression=EXPRESSIONS, claims=CLAIMS, choice=st.data())
def test_removing_claims_never_turns_false_into_true(expression, claims, choice):
    kept = choice.draw(st.sets(st.sampled_from(sorted(claims)))) if claims else set()
    fewer = {name: claims[name] for name in kept}
    assert evaluate(expression, claims) or not evaluate(expression, fewer)
