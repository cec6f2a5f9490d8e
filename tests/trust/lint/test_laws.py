"""Laws: what lint finds no error in lets no stranger in; it says something of everything and never fails."""

import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from accredit.trust import expression as language
from accredit.trust import presets
from accredit.trust.expression import Expression
from accredit.trust.lint import Context, facts, lint
from accredit.trust.lint.facts import Part
from accredit.trust.presets import Preset
from accredit.trust.written import WrittenTrust
from tests.trust.lint.corpus import ROWS
from tests.trust.lint.naive import holds
from tests.trust.lint.strangers import SAMPLES, Claims, mine, neighbours, samples, shared, strangers

EXTENDED = Context(portability="extended", several_audiences="refuse")
SHARED = {each.id: each for each in shared()}
NEIGHBOURLY = {
    each.id: each
    for each in map(presets.preset, presets.ids())
    if each.samples
    and any(part.of in {"project", "account"} for form in each.subject_forms for part in form.segments.values())
}
QUIET = settings(  # an example takes ten times what it takes elsewhere, and there is a law for each preset
    max_examples=max(15, settings.default.max_examples // 6),
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    deadline=None,
)


def errors(trust: WrittenTrust, context: Context = EXTENDED) -> set[str]:
    """The rules that find an error."""
    return {each.rule for each in lint([trust], context) if each.level == "error"}


def trusting(issuer: str, text: str, version: int = 2) -> WrittenTrust:
    """A trust of an expression."""
    return WrittenTrust(
        name="trust",
        issuer=issuer,
        expression=text,
        language_version=version,
        audiences=("api://AzureADTokenExchange",),
    )


def quoted(value: Any) -> str:
    """A value as an expression has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


@st.composite
def patterns(draw: st.DrawFn, text: str, version: int) -> str:
    """A pattern that the text fits: pieces of it are written as wildcards."""
    words = re.split(r"([:/@])", text)
    wild = draw(st.lists(st.integers(0, len(words) - 1), max_size=2))
    stars = ["*", "**"] if version > 1 else ["*"]
    for at in wild:
        keep = draw(st.integers(0, len(words[at])))
        star = draw(st.sampled_from(stars))
        words[at] = words[at][:keep] + (star if words[at][:1] not in ":/@" else "**" if version > 1 else "*")
    if draw(st.integers(0, 3)) == 0:  # cut: the rest may be anything
        words = [*words[: draw(st.integers(0, len(words)))], "**" if version > 1 else "*"]
    return re.sub(r"\*{3,}", "**", "".join(words))


@st.composite
def clauses(draw: st.DrawFn, preset: Preset, token: Claims, version: int) -> str:
    """One condition that the token meets, or nearly."""
    path: tuple[str, ...] = ("sub",)
    value: Any = token.get("sub")
    if not value or draw(st.booleans()):
        known = [(each.path, _find(token, each.path)) for each in preset.claims]
        usable = [(path, value) for path, value in known if isinstance(value, str | int) and value != ""]
        usable = [each for each in usable if version > 1 or (len(each[0]) == 1 and isinstance(each[1], str))]
        path, value = draw(st.sampled_from(usable)) if usable else (path, value)
    where = "claims" + "".join(f"['{name}']" for name in path)
    forms = [f"{where} eq {quoted(value)}"]
    if isinstance(value, str):
        forms.append(f"{where} matches {quoted(draw(patterns(value, version)))}")
    if version > 1:
        forms += [f"exists({where})", f"{where} in [{quoted(value)}]", f"{where} ne 'x'"]
    return draw(st.sampled_from(forms))


@st.composite
def expressions(draw: st.DrawFn, preset: Preset, token: Claims) -> tuple[str, int]:
    """An expression over what the token says."""
    version = draw(st.sampled_from([1, 2, 2]))
    ways = draw(st.integers(1, 2)) if version > 1 else 1
    said = [" and ".join(draw(st.lists(clauses(preset, token, version), min_size=1, max_size=4))) for _ in range(ways)]
    return " or ".join(said), version


def _find(token: Claims, path: tuple[str, ...]) -> Any:
    value: Any = token
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


@pytest.mark.parametrize("name", SHARED)
@QUIET
@given(data=st.data())
def test_an_expression_without_an_error_lets_nobody_of_another_organization_in(name: str, data: st.DataObject) -> None:
    preset = SHARED[name]
    token = data.draw(st.sampled_from(samples(preset)))
    text, version = data.draw(expressions(preset, token))
    trust = trusting(token["iss"], text, version)
    assume("FIC-MALFORMED" not in errors(trust))
    if errors(trust):
        event("an error")
        return
    stranger = data.draw(strangers(preset, token))
    assume(mine(preset, str(stranger.get("sub", "")), token) or "sub" not in token)
    parsed = language.parse(text, version)
    event(f"tried; the token itself fits: {holds(parsed, token)}")
    assert not holds(parsed, stranger), stranger


def pinned(says: str) -> tuple[Preset, Expression, Claims] | None:
    """A token that a trust of the corpus was made for; ``None`` where its platform gives each customer an issuer."""
    trust = ROWS[says].trust
    preset = presets.recognise(trust.issuer)
    if preset is None or not preset.issuer.shared or trust.issuer not in preset.issuer.canonical:
        return None
    if not trust.expression or ROWS[says].error:
        return None
    parsed = language.parse(trust.expression, trust.language_version)
    fitting = (made_for(parsed, sample) for sample in samples(preset))
    return next(((preset, parsed, token) for token in fitting if holds(parsed, token)), None)


def made_for(parsed: Expression, sample: Claims) -> Claims:
    """A sample with what the first way through an expression demands."""
    token = deepcopy(sample)
    for atom in parsed.branches()[0]:
        if atom.operator == "eq":
            _put(token, atom.path, atom.operand)
        elif atom.claim == "sub" and atom.glob is not None:
            token["sub"] = atom.glob.pattern.replace("**", "x").replace("*", "x")
    return token


def _put(token: Claims, path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        token = token.setdefault(name, {})
    token[path[-1]] = value


CASES = {says: found for says in ROWS if (found := pinned(says))}


@pytest.mark.parametrize("says", CASES)
@QUIET
@given(data=st.data())
def test_a_trust_of_the_corpus_without_an_error_lets_nobody_else_in(says: str, data: st.DataObject) -> None:
    preset, parsed, token = CASES[says]
    stranger = data.draw(strangers(preset, token))
    assume(mine(preset, str(stranger["sub"]), token))
    assert not holds(parsed, stranger), stranger


@pytest.mark.parametrize("of", ["project", "account"])
@pytest.mark.parametrize("name", NEIGHBOURLY)
@QUIET
@given(data=st.data())
def test_what_lint_says_is_pinned_keeps_every_other_one_out(name: str, of: Part, data: st.DataObject) -> None:
    preset = NEIGHBOURLY[name]
    token = data.draw(st.sampled_from([SAMPLES[each] for each in preset.samples if SAMPLES[each].get("sub")]))
    text, version = data.draw(expressions(preset, token))
    linted = facts.read(trusting(str(token.get("iss")), text, version), EXTENDED)
    assume(linted.preset is preset)
    if not linted.branches or any(branch.pins(of) is None for branch in linted.branches):
        event("not pinned")
        return
    neighbour = data.draw(neighbours(preset, token, of))
    assume(neighbour is not None)
    event("tried")
    assert not holds(language.parse(text, version), neighbour or {}), (text, neighbour)


def test_the_law_is_tried_on_many_trusts_and_platforms() -> None:
    assert len(CASES) >= 20
    assert len(SHARED) >= 8


@given(
    st.builds(
        WrittenTrust,
        name=st.text(max_size=5),
        issuer=st.sampled_from([each.issuer for each in ROWS.values()]) | st.text(max_size=30),
        subject=st.none() | st.sampled_from([each.subject for each in ROWS.values()]) | st.text(max_size=30),
        expression=st.none() | st.sampled_from([each.expression for each in ROWS.values()]) | st.text(max_size=30),
        language_version=st.integers(-1, 3),
        audiences=st.lists(st.text(max_size=8), max_size=2).map(tuple),
        preset=st.none() | st.text(max_size=8),
    ),
    st.sampled_from(["entra", "extended"]),
)
def test_it_says_what_it_has_to_say_of_anything(trust: WrittenTrust, portability: Any) -> None:
    for found in lint([trust, trust], Context(portability=portability)):
        assert found.message.endswith((".", "…")) or found.message
        if found.start is not None and found.end is not None:
            assert 0 <= found.start <= found.end


@pytest.mark.parametrize("name", SHARED)
@QUIET
@given(data=st.data())
def test_one_more_condition_never_makes_a_trust_wider(name: str, data: st.DataObject) -> None:
    preset = SHARED[name]
    token = data.draw(st.sampled_from(samples(preset)))
    version = data.draw(st.sampled_from([1, 2]))
    few = data.draw(st.lists(clauses(preset, token, version), min_size=1, max_size=3))
    one = data.draw(clauses(preset, token, version))
    before, after, alone = (
        errors(trusting(token["iss"], " and ".join(each), version)) for each in (few, [*few, one], [one])
    )
    if "FIC-WORKFLOW-ONLY" not in before:  # which says the same of whoever calls a workflow, in words of its own
        assert "FIC-WILD-ORG" not in after - before
    assert "FIC-WILD-ID" not in after - before - alone  # which is told of the condition itself
