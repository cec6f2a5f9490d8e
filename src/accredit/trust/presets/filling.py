"""From a token to the trust that its platform's preset proposes for it: the form, filled in from what the token says.

Law: what is proposed matches the token that it was made from. Whether anybody ought to trust that is not said here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accredit.trust.presets import catalogue, reading, writing
from accredit.trust.presets.rendering import Rendered, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.trust.presets.model import Clause, Mode, Preset


def fill(claims: Mapping[str, Any], audience: str) -> Rendered | None:
    """Return the trust by the platform's safe default, of nothing wider; ``None``: the claims do not fill that in.

    ``audience``: which of the token's it is to be for.
    """
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str):
        return None
    found = catalogue.recognise(issuer, subject)
    if found is None or found.unsupported:
        return None
    usual = found.modes[0]
    if usual.subject is not None:
        form = reading.read(issuer, subject, None, audience=audience, preset=found.id)
    else:
        text = _expression(found, usual, claims) or None
        form = reading.read(issuer, None, text, usual.language_version, audience=audience, preset=found.id)
    return render(form.preset, form.values, mode=form.mode, audience=audience) if form else None


def _expression(preset: Preset, mode: Mode, claims: Mapping[str, Any]) -> str:
    """Return the conditions of a mode with the token's values in them; empty where one cannot be had."""
    written = []
    for clause in mode.clauses:
        text = _condition(preset, mode, clause, claims)
        if text is None and not clause.when:
            return ""
        if text is not None:
            written.append(text)
    return " and ".join(written)


def _condition(preset: Preset, mode: Mode, clause: Clause, claims: Mapping[str, Any]) -> str | None:
    said: Any = claims
    for name in clause.path:
        said = said.get(name) if isinstance(said, dict) else None
    if clause.op == "matches":
        return _pattern(preset, mode, clause, said)
    if clause.boolean is not None:
        return writing.clause_text(clause, ()) if said is clause.boolean else None
    return writing.clause_text(clause, (said,)) if isinstance(said, str) else None


def _pattern(preset: Preset, mode: Mode, clause: Clause, said: object) -> str | None:
    """Return the condition on a subject of which a part may vary, from the parts that the subject has."""
    parts = preset.read_subject(said) if isinstance(said, str) else None
    values = parts.values if parts is not None else {}
    way = writing.ways(preset, writing.operands(clause)).chosen(values)
    filled = way and way.fill(values, lambda text: writing.escape(text, clause.op, mode.language_version))
    return writing.clause_text(clause, (filled,)) if filled else None
