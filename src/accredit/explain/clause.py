"""Why an expression does not hold: the claim that is lacking, the clause that differs, the star that stops too early.

Rule 1: what is said of a claim is what an event keeps of it, since that is one of the readers.
Rule 2: of several branches the one that came nearest is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.explain import platform
from accredit.explain.causes import Cause
from accredit.explain.model import Edit
from accredit.signins import claim_kept, is_personal, kept
from accredit.trust.expression import Cause as Reason
from accredit.trust.expression import trace
from accredit.trust.expression.writing import condition
from accredit.trust.match_set import written

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust.expression import Expression, Step
    from accredit.trust.presets import Preset

_NAMES_PROJECT: Final = re.compile(r"(?:repo:[^:/*?]+/[^:/*?]+|project_path:[^:*?]+):")
_NAMES_OWNER: Final = re.compile(r"(?:repo|project_path):[^:/*?]+/")
_REQUESTED: Final = {  # claims that a platform sends when it is asked to
    ("buildkite", "organization_id"): "buildkite-agent oidc request-token --claim organization_id",
    ("buildkite", "pipeline_id"): "buildkite-agent oidc request-token --claim pipeline_id",
}
_SHOWN: Final = 40  # characters of a value around the place where a pattern stopped


UNTOLD: Final = Cause("CLAUSE", "The expression does not hold.")
"""What is said of an expression whose clauses nobody looked at: many that are far away."""


def why(held: Expression, presented: Presented) -> Cause:
    """Name the first clause that fails, of the branch that came nearest."""
    steps = trace(held, presented.claims).clauses
    failing = _failing(held, steps)
    if not failing or any(each.cause is Reason.BUDGET for each in steps):
        text = "This expression was not evaluated: the expressions before it used up the work that one token may cause."
        return Cause("BUDGET", text)
    if len(steps) > 1 and all(each.cause is Reason.MISSING for each in steps):
        return _none(held, steps)
    return _recycled(steps, failing, presented) or _first(held, *failing[0], presented)


def _first(held: Expression, number: int, step: Step, presented: Presented) -> Cause:
    if step.cause is Reason.MISSING:
        return _missing(held, number, step, presented)
    if step.cause is Reason.TYPE:
        text = f"{_clause(held, number, step)}, but {_says(step)}, which is of another type ({step.observed_type})."
        return Cause(f"TYPE({_named(step)})", text)
    return _delimited(held, number, step) or _differs(held, number, step)


def _failing(held: Expression, steps: tuple[Step, ...]) -> list[tuple[int, Step]]:
    """Return the clauses that fail in the branch with the fewest, each with its number in the text."""
    at = {(step.start, step.end): (number, step) for number, step in enumerate(steps, start=1)}
    branches = ({(atom.start, atom.end) for atom in branch} for branch in held.branches())
    failing = ([at[place] for place in sorted(branch) if not at[place][1].result] for branch in branches)
    return min(failing, key=len, default=[])


def _clause(held: Expression, number: int, step: Step) -> str:
    return f"Clause {number} does not hold: `{held.text[step.start : step.end]}`"


def _differs(held: Expression, number: int, step: Step) -> Cause:
    case = ". Only the case differs" if step.cause is Reason.CASE else ""
    where = f". The pattern fits up to character {step.miss.value_at}" if step.miss and step.miss.value_at else ""
    return Cause(f"CLAUSE({number})", f"{_clause(held, number, step)}, but {_says(step)}{case or where}.")


def _missing(held: Expression, number: int, step: Step, presented: Presented) -> Cause:
    by = platform.of(presented.issuer, presented.subject)
    how = _REQUESTED.get((by.id, step.claim)) if by else None
    text = f"{_clause(held, number, step)}, but the token has no such claim."
    if how is None:
        return Cause(f"CLAIM_MISSING({_named(step)})", text)
    edit = Edit(target="workload", kind="request", what=step.claim, text=f"request it: `{how}`")
    return Cause(f"CLAIM_MISSING({_named(step)})", f"{text} It is sent on request: `{how}`.", (edit,))


def _none(held: Expression, steps: tuple[Step, ...]) -> Cause:
    named = ", ".join(f"`{each}`" for each in dict.fromkeys(map(_named, steps)))
    text = (
        f"The token has none of the claims that the expression looks at: {named}. It is of another platform, or of a "
        f"version of it that does not send them. The expression is `{kept(held.text)}`."
    )
    return Cause("NO_EXPRESSION_CLAIM", text)


def _recycled(steps: tuple[Step, ...], failing: list[tuple[int, Step]], presented: Presented) -> Cause | None:
    """Find an id that differs where a clause that holds names the same repository or owner."""
    step = failing[0][1]
    by = platform.of(presented.issuer, presented.subject)
    row = by.claim(step.path) if by else None
    if by is None or row is None or row.cls != "id":
        return None
    if len(failing) > 1 or step.operator != "eq" or step.cause is not Reason.DIFFERS:
        return None
    names = {"project": _NAMES_PROJECT, "tenant": _NAMES_OWNER}.get(row.of or "")
    holding = [each for each in steps if each.result]
    if not any((names and _pins(each, names, row.of)) or _spoken(by, each, row.of) for each in holding):
        return None
    says = claim_kept(written(step.path), step.observed)
    text = (
        f"The names are the same, but `{_named(step)}` is {says} and this credential "
        f"demands {step.operand}. The {'owner' if row.of == 'tenant' else platform.noun(by)} may have been deleted and "
        "created again by someone else. Nothing was granted; an administrator has to confirm."
    )
    return Cause("ID_CHANGED", text)


def _spoken(by: Preset, step: Step, of: str | None) -> bool:
    """Whether a clause that holds demands a whole subject, in which the platform writes a name of this."""
    parts = by.read_subject(str(step.operand)) if step.claim == "sub" and step.operator == "eq" else None
    segments = [parts.segment(each) for each in parts.values] if parts else []
    return any(each.cls == "name" and each.of == of for each in segments)


def _pins(step: Step, names: re.Pattern[str], of: str | None) -> bool:
    """Whether a clause that holds says whose name it is."""
    if step.claim == "sub" and step.operator in {"eq", "matches"}:
        return names.match(str(step.operand)) is not None
    whole = {"project": {"repository", "project_path"}, "tenant": {"repository_owner", "namespace_path"}}
    return step.operator == "eq" and step.claim in whole.get(of or "", ())


def _delimited(held: Expression, number: int, step: Step) -> Cause | None:
    """Find a ``*`` that stopped at a delimiter, where ``**`` would not."""
    if step.freed is None or step.miss is None or not isinstance(step.observed, str) or is_personal(written(step.path)):
        return None
    at = step.miss.value_at
    reached = step.observed[:at]
    if at > _SHOWN:  # from where a part begins
        end = reached[-_SHOWN:]
        reached = "…" + end[max(0, end.find(":")) :]
    text = (
        f"`*` stops at `/`, `:` and `@`. The pattern reached `{kept(reached)}`; the token continues "
        f"`{kept(step.observed[at : at + _SHOWN])}`. `**` would cross it and would also match every deeper branch."
    )
    clause = condition(step.path, "matches", step.freed)
    edit = Edit(
        target="credential",
        kind="set",
        what="claimsMatchingExpression",
        before=kept(held.text),
        after=kept(held.text[: step.start] + clause + held.text[step.end :]),
        effect="wider",
        text=f"write `{kept(step.freed)}` in clause {number}: it matches more",
    )
    return Cause("GLOB_DELIMITER", text, (edit,))


def _named(step: Step) -> str:
    return ".".join(step.path)


def _says(step: Step) -> str:
    if is_personal(written(step.path)):
        return "the token names somebody else"
    return f"the token says `{claim_kept(written(step.path), step.observed)}`"
