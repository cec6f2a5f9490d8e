"""Version 2: the golden set, every operator with every type, and the laws that keep it from failing open."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from accredit.trust.expression import Atom, Budget, Cause, Joint, Node, Step, evaluate, parse, to_version_2, trace
from accredit.trust.expression.evaluation import LONGEST_VALUE
from tests.support import naive_expression
from tests.support.every import every
from tests.trust.expression.drawn import cases

SAMPLES = Path(__file__).parents[2] / "data" / "sample-claims.json"


@cache
def samples() -> Any:
    return json.loads(SAMPLES.read_text(encoding="utf-8"))["samples"]


def sample(name: str, *without: str, **changes: Any) -> dict[str, Any]:
    claims = deepcopy(samples()[name]["claims"]) | changes
    return {key: value for key, value in claims.items() if key not in without}


OWNER = "claims['sub'] matches 'repo:octo-org@123456/*' and claims['repository_owner_id'] eq '123456'"
UID = "claims['kubernetes.io']['serviceaccount']['uid'] eq '16a4507c-1111-4222-8333-000000000010'"
ACCOUNT = "claims['https://sts.amazonaws.com/']['aws_account'] eq '123456789012'"
RERUN, NUMBER = "claims['oidc.circleci.com/ssh-rerun']", "claims['build_number']"
EVENTS = "claims['event_name'] not in ['pull_request_target', 'workflow_run']"
NAMED = "claims['sub'] matches 'repo:o@1/r@2:ref:refs/heads/a?b'"

GOLDEN = {
    "version 1: a star crosses delimiters": (OWNER, 1, lambda: sample("github_immutable_branch"), [Cause.OK] * 2),
    "version 2: it does not": (
        OWNER,
        2,
        lambda: sample("github_immutable_branch"),
        [Cause.GLOB_DELIMITER, Cause.OK],
    ),
    "a text is no integer": ("claims['project_id'] eq 20", 2, lambda: sample("gitlab"), [Cause.TYPE]),
    "an account that was created again": (UID, 2, lambda: sample("kubernetes_recreated_account"), [Cause.DIFFERS]),
    "false is false": (f"{RERUN} eq false", 2, lambda: sample("circleci_v2"), [Cause.OK]),
    "absent is not false": (
        f"{RERUN} eq false",
        2,
        lambda: sample("circleci_v2", "oidc.circleci.com/ssh-rerun"),
        [Cause.MISSING],
    ),
    "not in, where the claim is": (EVENTS, 2, lambda: sample("github_immutable_branch"), [Cause.OK]),
    "not in, where it is shut out": (
        EVENTS,
        2,
        lambda: sample("github_immutable_branch", event_name="workflow_run"),
        [Cause.EXCLUDED],
    ),
    "not in, where there is no claim": (
        EVENTS,
        2,
        lambda: sample("github_immutable_branch", "event_name"),
        [Cause.MISSING],
    ),
    "a list contains": ("claims['groups_direct'] contains 'my-group'", 2, lambda: sample("gitlab"), [Cause.OK]),
    "a claim within an object": (ACCOUNT, 2, lambda: sample("aws_role_rs256"), [Cause.OK]),
    "null is no empty text": ("claims['step_key'] eq ''", 2, lambda: sample("buildkite"), [Cause.TYPE]),
    "null does not exist": ("exists(claims['step_key'])", 2, lambda: sample("buildkite"), [Cause.MISSING]),
    "false is not 0": (f"{RERUN} eq 0", 2, lambda: sample("circleci_v2"), [Cause.TYPE]),
    "1 is not true": (f"{NUMBER} eq true", 2, lambda: sample("buildkite", build_number=1), [Cause.TYPE]),
    "an integer": (f"{NUMBER} eq 175", 2, lambda: sample("buildkite"), [Cause.OK]),
    "a number with a fraction is no integer": (
        f"{NUMBER} eq 175",
        2,
        lambda: sample("buildkite", build_number=175.0),
        [Cause.TYPE],
    ),
    "digits are no integer": (f"{NUMBER} eq 175", 2, lambda: sample("buildkite", build_number="175"), [Cause.TYPE]),
    "one of several": (f"{NUMBER} in [174, 175]", 2, lambda: sample("buildkite"), [Cause.OK]),
    "none of several": (
        f"{NUMBER} in [174, 175]",
        2,
        lambda: sample("buildkite", build_number=175.0),
        [Cause.NOT_ELEMENT],
    ),
    "version 1: a question mark is a slash": (NAMED, 1, lambda: {"sub": "repo:o@1/r@2:ref:refs/heads/a/b"}, [Cause.OK]),
    "version 2: it is none": (
        NAMED,
        2,
        lambda: {"sub": "repo:o@1/r@2:ref:refs/heads/a/b"},
        [Cause.GLOB_SEGMENT],
    ),
}


@every(("text", "version", "claims", "causes"), GOLDEN.values(), ids=GOLDEN)
def test_golden(text, version, claims, causes):
    expression = parse(text, version)
    told = trace(expression, claims())
    assert [step.cause for step in told.clauses] == causes
    assert evaluate(expression, claims()) is told.result is all(cause is Cause.OK for cause in causes)


def test_a_pattern_that_stops_at_a_delimiter_says_what_would_not():
    told = trace(parse(OWNER, 2), sample("github_immutable_branch"))
    assert told.clauses[0].freed == "repo:octo-org@123456/**"
    assert told.clauses[0].miss is not None


@pytest.mark.parametrize(("length", "cause"), [(600, Cause.GLOB_DELIMITER), (601, Cause.GLOB_SEGMENT)])
def test_no_other_pattern_is_tried_on_a_very_long_value(length, cause):
    (step,) = trace(parse("claims['sub'] matches 'a*'", 2), {"sub": "a/".ljust(length, "x")}).clauses
    assert (step.cause, step.freed is None) == (cause, length > 600)


def test_a_translated_question_mark_is_narrowed():
    translation = to_version_2(parse(NAMED))
    assert translation.narrowed == (NAMED,)
    assert evaluate(parse(NAMED), {"sub": "repo:o@1/r@2:ref:refs/heads/a/b"})
    assert not evaluate(translation.expression, {"sub": "repo:o@1/r@2:ref:refs/heads/a/b"})
    assert evaluate(translation.expression, {"sub": "repo:o@1/r@2:ref:refs/heads/a-b"})


def test_json_of_a_token_keeps_the_types_that_the_language_tells_apart():
    read = msgspec.json.decode(b'{"a":[1,1.0,1e0,true,null,"1"]}')
    assert [type(each) for each in read["a"]] == [int, float, float, bool, type(None), str]


# ── every operator ───────────────────────────────────────────────────────────────────────────────────────────────────

VALUES: dict[str, Any] = {
    "text": "x",
    "same": "it's",
    "case": "IT'S",
    "empty": "",
    "one": 1,
    "two": 2,
    "float": 1.0,
    "true": True,
    "false": False,
    "null": None,
    "list": ["it's", 1],
    "upper": ["IT'S", True],
    "none": [],
    "nested": [["it's"]],
    "object": {"x": "it's", "null": None, "list": ["it's"], "deep": {"y": 1}},
    "long": "x" * (LONGEST_VALUE + 1),
    "longest": "x" * LONGEST_VALUE,
}
OPERATORS = {
    "eq 'it''s'": {
        "same": Cause.OK,
        "text": Cause.DIFFERS,
        "empty": Cause.DIFFERS,
        "case": Cause.CASE,
        "longest": Cause.DIFFERS,
    },
    "eq ''": {
        "same": Cause.DIFFERS,
        "text": Cause.DIFFERS,
        "empty": Cause.OK,
        "case": Cause.DIFFERS,
        "longest": Cause.DIFFERS,
    },
    "eq 1": {"one": Cause.OK, "two": Cause.DIFFERS},
    "eq true": {"true": Cause.OK, "false": Cause.DIFFERS},
    "ne 'it''s'": {"same": Cause.EXCLUDED, "text": Cause.OK, "empty": Cause.OK, "case": Cause.OK, "longest": Cause.OK},
    "ne 1": {"one": Cause.EXCLUDED, "two": Cause.OK},
    "ne true": {"true": Cause.EXCLUDED, "false": Cause.OK},
    "not in ['it''s', 'x']": {
        "same": Cause.EXCLUDED,
        "text": Cause.EXCLUDED,
        "empty": Cause.OK,
        "case": Cause.OK,
        "longest": Cause.OK,
    },
    "not in ['it''s', 1]": {
        "same": Cause.EXCLUDED,
        "text": Cause.OK,
        "empty": Cause.OK,
        "case": Cause.OK,
        "longest": Cause.OK,
        "one": Cause.EXCLUDED,
        "two": Cause.OK,
    },
    "matches 'i*s'": {
        "same": Cause.OK,
        "text": Cause.GLOB_SEGMENT,
        "empty": Cause.GLOB_SEGMENT,
        "case": Cause.CASE,
        "longest": Cause.GLOB_SEGMENT,
    },
}
OTHERWISE = {
    "in ['it''s', 1]": ({"same": Cause.OK, "one": Cause.OK, "case": Cause.CASE}, Cause.NOT_ELEMENT),
    "in [true]": ({"true": Cause.OK}, Cause.NOT_ELEMENT),
    "contains 'it''s'": (
        {"list": Cause.OK, "upper": Cause.CASE, "none": Cause.NOT_ELEMENT, "nested": Cause.NOT_ELEMENT},
        Cause.TYPE,
    ),
    "contains 1": (
        {"list": Cause.OK, "upper": Cause.NOT_ELEMENT, "none": Cause.NOT_ELEMENT, "nested": Cause.NOT_ELEMENT},
        Cause.TYPE,
    ),
}
CASES = [
    *((right, name, row.get(name, Cause.TYPE)) for right, row in OPERATORS.items() for name in VALUES),
    *((right, name, row.get(name, other)) for right, (row, other) in OTHERWISE.items() for name in VALUES),
]


@every(("right", "name", "cause"), CASES)
def test_every_operator_with_every_value(right, name, cause):
    (step,) = trace(parse(f"claims['a'] {right}", 2), {"a": VALUES[name]}).clauses
    assert step.cause is (Cause.TOO_LONG if name == "long" else cause)


@every("right", [*OPERATORS, *OTHERWISE])
def test_every_operator_is_false_without_its_claim(right):
    for claims in ({}, {"A": "it's"}):
        (step,) = trace(parse(f"claims['a'] {right}", 2), claims).clauses
        assert (step.result, step.cause) == (False, Cause.MISSING)
        assert not evaluate(parse(f"claims['a'] {right}", 2), claims)


@every("name", VALUES)
def test_whatever_is_not_null_exists(name):
    expected = {"null": Cause.MISSING, "long": Cause.TOO_LONG}.get(name, Cause.OK)
    assert trace(parse(f"exists(claims['{name}'])", 2), VALUES).clauses[0].cause is expected


PATHS = {
    "a member": ("claims['object']['x'] eq 'it''s'", Cause.OK, "it's", "string"),
    "a member of a member": ("claims['object']['deep']['y'] eq 1", Cause.OK, 1, "integer"),
    "a list within": ("claims['object']['list'] contains 'it''s'", Cause.OK, ["it's"], "array"),
    "an absent member": ("claims['object']['gone'] eq 'x'", Cause.MISSING, None, None),
    "a member of an absent member": ("claims['object']['gone']['y'] eq 'x'", Cause.MISSING, None, None),
    "a member of an absent claim": ("claims['gone']['y'] eq 'x'", Cause.MISSING, None, None),
    "a member that is null": ("exists(claims['object']['null'])", Cause.MISSING, None, "null"),
    "a member of null": ("claims['null']['x'] eq 'x'", Cause.TYPE, None, "null"),
    "a member of a text": ("claims['text']['x'] eq 'x'", Cause.TYPE, "x", "string"),
    "a member of a list": ("claims['list']['x'] eq 'x'", Cause.TYPE, ["it's", 1], "array"),
    "a member of a text within": ("claims['object']['x']['y']['z'] ne 'x'", Cause.TYPE, "it's", "string"),
    "whether a member of a text exists": ("exists(claims['text']['x'])", Cause.TYPE, "x", "string"),
    "not in a text": ("claims['text']['x'] not in ['a']", Cause.TYPE, "x", "string"),
    "in a text": ("claims['text']['x'] in ['x']", Cause.NOT_ELEMENT, "x", "string"),
}


@every(("text", "cause", "observed", "kind"), PATHS.values(), ids=PATHS)
def test_a_path_goes_into_objects_only(text, cause, observed, kind):
    (step,) = trace(parse(text, 2), VALUES).clauses
    assert (step.cause, step.observed, step.observed_type) == (cause, observed, kind)
    assert (step.claim, *step.path[1:]) == step.path
    assert evaluate(parse(text, 2), VALUES) is (cause is Cause.OK)


# ── and, or, and what they cost ──────────────────────────────────────────────────────────────────────────────────────

T, F = "claims['one'] eq 1", "claims['one'] eq 2"
JOINED = {
    f"{T} or {F}": True,
    f"{F} or {T}": True,
    f"{F} or {F}": False,
    f"{T} and {T}": True,
    f"{T} and {F} or {T}": True,
    f"{T} and ({F} or {T})": True,
    f"{F} and ({T} or {T})": False,
    f"({T} or {F}) and ({F} or {T})": True,
    f"({T} or {T}) and {F}": False,
}


@every("text", JOINED)
def test_joined(text):
    expression = parse(text, 2)
    assert evaluate(expression, VALUES) is JOINED[text]
    told = trace(expression, VALUES)
    assert told.result is told.root.result is JOINED[text]


def test_a_trace_tells_every_node():
    text = f"{F} and ({T} or exists(claims['gone']))"
    root = trace(parse(text, 2), VALUES).root
    assert isinstance(root, Joint)
    first, second = root.children
    assert (root.kind, root.result, root.cause, text[root.start : root.end]) == ("and", False, Cause.DIFFERS, text[:-1])
    assert (first.result, first.cause, first.children) == (False, Cause.DIFFERS, ())
    assert isinstance(second, Joint)
    assert (second.kind, second.result, second.cause) == ("or", True, Cause.OK)
    assert [child.cause for child in second.children] == [Cause.OK, Cause.MISSING]


def test_a_trace_is_json():
    told = trace(parse(f"{F} or claims['object']['list'] contains 1", 2), VALUES)
    again = msgspec.json.decode(msgspec.json.encode(told))
    assert again["root"]["kind"] == "or"
    assert again["root"]["children"] == again["clauses"]
    assert again["clauses"][1]["path"] == ["object", "list"]
    assert again["clauses"][1]["observed"] == ["it's"]


COSTS = {
    "or stops at the first that holds": (f"{T} or {F}", Budget(atoms=9_999)),
    "or goes on from one that does not": (f"{F} or {T}", Budget(atoms=9_998)),
    "and stops at the first that does not hold": (f"{F} and {T}", Budget(atoms=9_999)),
    "a group is left out": (f"{T} or {F} and {F} and {F}", Budget(atoms=9_999)),
    "a list costs its elements": ("claims['list'] contains 5", Budget(atoms=9_999, characters=99_998)),
    "a pattern costs the characters": ("claims['same'] matches '*'", Budget(atoms=9_999, characters=99_996)),
    "a comparison with a list costs one": ("claims['one'] in [5, 6, 7]", Budget(atoms=9_999)),
}


@every(("text", "left"), COSTS.values(), ids=COSTS)
def test_what_an_evaluation_costs(text, left):
    budget, told = Budget(), Budget()
    evaluate(parse(text, 2), VALUES, budget)
    trace(parse(text, 2), VALUES, told)
    assert budget == told == left


def test_beyond_the_budget_nothing_holds():
    either = parse(f"{F} or claims['list'] contains 1 or {T}", 2)
    budget = Budget(characters=1)
    assert not evaluate(either, VALUES, budget)
    assert budget.spent
    told = trace(either, VALUES, Budget(characters=1))
    assert [step.cause for step in told.clauses] == [Cause.DIFFERS, Cause.BUDGET, Cause.BUDGET]


def test_what_the_verdict_did_not_need_is_told_at_no_cost():
    told = trace(parse(f"{T} or {F}", 2), VALUES, Budget(atoms=1))
    assert [step.cause for step in told.clauses] == [Cause.OK, Cause.DIFFERS]


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

BUDGETS = st.builds(Budget, st.integers(0, 6), st.integers(0, 12), st.booleans())


@given(cases())
def test_a_second_evaluator_agrees(case):
    text, claims = case
    event(f"holds: {naive_expression.holds(text, claims)}")
    assert evaluate(parse(text, 2), claims) is naive_expression.holds(text, claims)


@every("right", [*OPERATORS, *OTHERWISE])
def test_a_second_evaluator_agrees_on_every_operator(right):
    for name in VALUES:
        text = f"claims['{name}'] {right} or claims['object']['{name}'] {right}"
        assert evaluate(parse(text, 2), VALUES) is naive_expression.holds(text, VALUES)


@given(cases(), st.none() | BUDGETS)
def test_the_root_of_the_trace_is_the_verdict(case, budget):
    expression, claims = parse(case[0], 2), case[1]
    again = None if budget is None else msgspec.structs.replace(budget)
    told = trace(expression, claims, again)
    event(f"holds: {told.result}")
    assert evaluate(expression, claims, budget) is told.result is told.root.result
    assert budget == again
    assert tuple(walked(told.root)) == told.clauses
    agree(expression.root, told.root)


def walked(told: Step | Joint) -> Any:
    if isinstance(told, Step):
        yield told
    for child in told.children:
        yield from walked(child)


def agree(node: Node, told: Step | Joint) -> None:
    """Each node of a trace is about its node, and follows from what is below."""
    assert (node.start, node.end) == (told.start, told.end)
    assert told.result is (told.cause is Cause.OK)
    if isinstance(node, Atom):
        assert isinstance(told, Step)
        assert (node.path, node.operator) == (told.path, told.operator)
        return
    assert isinstance(told, Joint)
    results = [child.result for child in told.children]
    assert told.result is (all(results) if node.kind == "and" else any(results))
    for part, child in zip(node.parts, told.children, strict=True):
        agree(part, child)


@given(cases(), st.data())
def test_removing_claims_never_turns_false_into_true(case, choice):
    expression, claims = parse(case[0], 2), case[1]
    fewer = removed(claims, choice)
    event(f"holds with fewer: {evaluate(expression, fewer)}")
    if evaluate(expression, fewer):
        assert evaluate(expression, claims)


def removed(value: Any, choice: Any) -> Any:
    """Claims without some members, at whatever depth, and lists without some elements."""
    if isinstance(value, dict):
        return {name: removed(inner, choice) for name, inner in value.items() if choice.draw(st.booleans())}
    if isinstance(value, list):
        return [each for each in value if choice.draw(st.booleans())]
    return value


@given(cases())
def test_it_holds_when_every_atom_of_a_branch_does(case):
    expression, claims = parse(case[0], 2), case[1]
    held = [
        all(evaluate(msgspec.structs.replace(expression, root=atom), claims) for atom in branch)
        for branch in expression.branches()
    ]
    assert evaluate(expression, claims) is any(held)
