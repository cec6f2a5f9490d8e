"""Forms of every preset as somebody may fill them in, and the tokens and the comparison that go with the trusts."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from accredit.trust import expression as language
from accredit.trust import presets
from accredit.trust.presets import writing
from accredit.trust.presets.form import FormError
from accredit.trust.presets.rendering import Rendered, render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.trust.presets.model import Field, Mode, Preset

USABLE = tuple(name for name in presets.ids() if not presets.preset(name).unsupported)
MODES = [(name, mode.id) for name in USABLE for mode in presets.preset(name).modes]
PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)
HOSTILE = (
    *(
        "'",
        "''",
        "\\",
        "*",
        "**",
        "?",
        "\\*",
        ":",
        "/",
        "@",
        "%3A",
        "%3a",
        " ",
        "  ",
        "\t",
        "\n",
        "\x00",
        "é",
        "\u0430",
        "\u200b",
    ),
    *(
        ":environment:x",
        "@1",
        "/../",
        "' and claims['sub'] matches '*",
        "' or claims['sub'] matches '**",
        "')",
        "{org}",
    ),
    *("«name»", "ref:refs/heads/main", ":*", "://", "#", "?x=y", "%2F", "A", "a", "0", "-", ".", "_"),
)


@cache  # making a strategy takes longer than drawing from it
def typed(field: Field) -> st.SearchStrategy[str]:
    """What the field takes by its pattern."""
    if field.choices:
        return st.sampled_from(field.choices)
    fitting = st.from_regex(re.compile(field.pattern), fullmatch=True, alphabet=PRINTABLE)
    return st.one_of(st.just(field.example), fitting.filter(lambda text: len(text) <= field.max))


@st.composite
def hostile(draw: Callable[..., Any], field: Field) -> str:
    """What somebody types who wants more than the field is for: a good value with something put in, or nothing else."""
    text: str = draw(typed(field))
    at: int = draw(st.integers(0, len(text)))
    taken: int = draw(st.integers(0, 2))
    put_in: str = draw(st.sampled_from(HOSTILE))
    return text[:at] + put_in + text[at + taken :]


@st.composite
def forms(draw: Callable[..., Any], preset: Preset, mode: Mode) -> Rendered:
    """A form of this mode that is taken, and what it renders to. Fields that it has no place for stay empty."""
    values: dict[str, str] = {}
    for field in preset.fields:
        if field.required or field.name in mode.needs or draw(st.booleans()):
            values[field.name] = draw(typed(field))
    for attempt in range(8):
        try:
            return render(preset, values, mode=mode.id)
        except FormError as error:
            for each in error.findings:
                field_or_none = preset.field(each.field)
                assert field_or_none is not None, f"{preset.id}, {mode.id}: {each}"
                if "has no part in" in each.message:
                    values.pop(each.field, None)
                elif attempt < 4:
                    values[each.field] = draw(typed(field_or_none))
                else:  # the examples fit together
                    needed = {each.name for each in preset.fields if each.required} | {*mode.needs, each.field}
                    kept = (each for each in preset.fields if each.name in needed)
                    values = {each.name: each.example or each.default or each.choices[0] for each in kept}
    raise AssertionError(f"{preset.id}, {mode.id}: no form is taken with {values}")


def token(rendered: Rendered, fill: str = "x") -> dict[str, Any]:
    """The claims of a token that this trust was made for; ``fill`` stands where a pattern leaves something open."""
    claims: dict[str, Any] = {"iss": rendered.issuer, "aud": rendered.audience, "sub": rendered.subject or "someone"}
    if rendered.expression is None:
        return claims
    for atom in language.parse(rendered.expression, rendered.language_version).atoms:
        inside = claims
        for name in atom.path[:-1]:
            inside = inside.setdefault(name, {})
        inside[atom.path[-1]] = _satisfying(atom, rendered.language_version, fill)
    return claims


def _satisfying(atom: language.Atom, version: int, fill: str) -> object:
    operand = atom.operand
    if atom.operator == "matches":
        assert isinstance(operand, str)
        return _instance(operand, version, fill)
    if atom.operator in {"in", "not in"}:
        assert isinstance(operand, tuple)
        return operand[0] if atom.operator == "in" else f"not {operand[0]}"
    return {"eq": operand, "ne": f"not {operand}", "contains": [operand], "exists": fill}[atom.operator]


def _instance(pattern: str, version: int, fill: str) -> str:
    if version == 1:
        return pattern.replace("*", fill).replace("?", "x")
    plain = re.sub(r"[/:@]", "", fill) or "x"
    kinds = {"**": fill, "*": plain, "?": "x"}
    return re.sub(r"\\(.)|\*\*|\*|\?", lambda found: found[1] or kinds[found[0]], pattern)


def satisfies(claims: Mapping[str, Any], rendered: Rendered) -> bool:
    """Whether a token with these claims is trusted: issuer, audience, and subject or expression."""
    if (claims["iss"], claims["aud"]) != (rendered.issuer, rendered.audience):
        return False
    if rendered.expression is None:
        return bool(claims["sub"] == rendered.subject)
    return language.evaluate(language.parse(rendered.expression, rendered.language_version), claims)


def compared(preset: Preset, rendered: Rendered) -> dict[str, str]:
    """The values that a token is held against: without those that are for the reader."""
    return {name: text for name, text in rendered.values.items() if name not in writing.notes(preset)}
