"""Laws of every preset, whatever is typed: reading undoes rendering; a trust matches its own fields only."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accredit.trust import expression as language
from accredit.trust import presets
from accredit.trust.presets.form import FormError
from tests.trust.presets import trusts

FEW = settings(max_examples=1, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FILLS = ("x", "main", "a/b:c@d", "release/1", "'", "x:ref:refs/heads/main", "*", "")


def read_again(preset, mode, data):
    """What is rendered is read as the same form, and a token made for it is trusted."""
    rendered = data.draw(trusts.forms(preset, mode))
    found = presets.read(
        rendered.issuer,
        rendered.subject,
        rendered.expression,
        rendered.language_version,
        audience=rendered.audience,
        preset=rendered.preset,
    )
    assert found is not None, rendered
    again = presets.render(found.preset, found.values, mode=found.mode, audience=rendered.audience)
    assert found.preset is preset
    assert again.issuer == rendered.issuer
    assert (again.subject, again.expression) == (rendered.subject, rendered.expression)
    assert again.audience == rendered.audience
    if found.mode == mode.id:
        assert trusts.compared(preset, again) == trusts.compared(preset, rendered)
    assert trusts.satisfies(trusts.token(rendered), rendered)


def only_its_own(preset, mode, data):
    """Of two forms that differ in something that both say, the token of one never satisfies the other."""
    one = data.draw(trusts.forms(preset, mode))
    changed = data.draw(st.sampled_from([each for each in preset.fields if each.name in one.values]))
    text = data.draw(st.one_of(trusts.hostile(changed), trusts.typed(changed)))
    try:
        other = presets.render(preset, one.values | {changed.name: text}, mode=mode.id)
    except FormError as error:
        refused = error.findings
    else:
        refused = ()
        mine, theirs = trusts.compared(preset, one), trusts.compared(preset, other)
        if any(mine[each] != theirs[each] for each in mine.keys() & theirs.keys()):
            fill = data.draw(st.sampled_from(FILLS))
            assert not trusts.satisfies(trusts.token(one, fill), other), (one, other)
            assert not trusts.satisfies(trusts.token(other, fill), one), (one, other)
    assert all(each.message.endswith((".", "?", "!")) for each in refused), refused


def nothing_but_its_clauses(preset, mode, data):
    """Whatever is typed, an expression has the clauses of its mode, on the claims that the mode names."""
    rendered = data.draw(trusts.forms(preset, mode))
    if rendered.expression is None:
        return
    expression = language.parse(rendered.expression, rendered.language_version)
    clauses = [each for each in mode.clauses if not each.when or each.when in rendered.values]
    assert [(each.path, each.op) for each in clauses] == [(each.path, each.operator) for each in expression.atoms]
    assert len(expression.branches()) <= 64


def whole_snippets(preset, mode, data):
    """No snippet has a place left, or names what is not there."""
    rendered = data.draw(trusts.forms(preset, mode))
    for each in presets.snippets(preset, rendered):
        assert "«" not in each.text
        assert each.text.endswith("\n")


LAWS = {
    "what is rendered is read again": read_again,
    "a trust matches its own fields only": only_its_own,
    "an expression is its clauses and nothing else": nothing_but_its_clauses,
    "snippets name nothing that is missing": whole_snippets,
}


PROVEN = [name for name in presets.ids() if presets.preset(name).standing == "proven"]


@pytest.mark.parametrize("name", PROVEN)
@given(data=st.data())
@FEW
def test_every_law_holds_of_the_safe_default(name, data):
    preset = presets.preset(name)
    for law in LAWS.values():
        law(preset, preset.mode(None), data)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "mode"), trusts.MODES)
@given(data=st.data())
@MANY
def test_every_law_holds(name, mode, data):
    preset = presets.preset(name)
    for law in LAWS.values():
        law(preset, preset.mode(mode), data)
