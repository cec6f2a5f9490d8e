"""Why the subject of a credential, or its expression, is not the token's.

Rule 1: where a name stayed and its id changed no edit is made: the repository may be somebody else's now.
Rule 2: an edit that widens trust never stands first where another one helps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.explain import github
from accredit.explain.causes import Cause, add_for, request
from accredit.explain.model import Edit
from accredit.signins import PERSONAL, claim_kept
from accredit.trust.expression import glob, trace

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential
    from accredit.trust.expression import Step


def absent(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    if check.presented:
        return None
    return Cause("CLAIM_MISSING(sub)", "The token has no subject.")


def clause(credential: FederatedCredential, _: Check, presented: Presented) -> Cause | None:
    if credential.expression is None:
        return None
    steps = trace(credential.expression, presented.claims).clauses
    for number, step in enumerate(steps, start=1):
        if not step.result:
            clause = credential.expression.text[step.start : step.end]
            return Cause(f"CLAUSE({number})", f"Clause {number} does not hold: `{clause}`, but {_says(step)}.")
    text = "This expression was not evaluated: the expressions before it used up the work that one token may cause."
    return Cause("BUDGET", text)


def _says(step: Step) -> str:
    """Say what the token says there: as an event keeps it, since that is one of the readers."""
    if step.observed_type is None:
        return "the token has no such claim"
    if step.claim in PERSONAL:
        return "the token names somebody else"
    return f"the token says `{claim_kept(step.claim, step.observed)}`"


def generation(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or not mine.same_names(theirs) or mine.context != theirs.context:
        return None
    if mine.immutable == theirs.immutable:
        return None
    age = "newer" if theirs.immutable else "older"
    text = (
        f"Same repository, {age} subject format. The token says `{theirs.repository}:…`, the credential "
        f"`{mine.repository}:…`. "
    )
    if theirs.immutable:
        text += (
            "GitHub sends ids for repositories created, renamed or transferred since 2026-07-15, or after opting in. "
            "Add the immutable credential beside this one."
        )
        return Cause("GENERATION", text, (add_for(check),))
    text += "GitHub sends the names alone until the repository opts in to immutable subjects. Opt in."
    return Cause("GENERATION", text, (request(check, check.expected),))


def id_changed(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or not mine.same_names(theirs) or not (mine.immutable and theirs.immutable):
        return None
    if mine.repository == theirs.repository:
        return None
    text = (
        f"The names are the same, but the ids are not: `{theirs.repository}` in the token, `{mine.repository}` in the "
        "credential. The repository may have been deleted and created again by someone else."
    )
    return Cause("ID_CHANGED", text)


def entity_type(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or mine.repository != theirs.repository:
        return None
    wanted, ran = mine.ran_for, theirs.ran_for
    if not wanted or not ran or wanted.kind == ran.kind:
        return None
    return Cause("ENTITY_TYPE", *_entity_words(wanted, ran, check))


def _entity_words(wanted: github.Context, ran: github.Context, check: Check) -> tuple[str, tuple[Edit, ...]]:
    short = ran.words.partition(" `")[0]
    if ran.kind == "environment:":
        begin = f"The job names {ran.words}, so GitHub puts the environment into the subject; the credential expects"
    else:
        on = "for" if ran.kind == "pull_request" else "on"
        begin = f"The job ran {on} {ran.words}, the credential expects"
    add = add_for(check)
    the = short if short.startswith("a ") else f"the {short}"
    if wanted.kind != "environment:":
        return f"{begin} {wanted.words}. Add a credential for {the}, if that is what you meant to trust.", (add,)
    step = Edit(
        target="workload",
        kind="set",
        what="environment",
        after=wanted.name,
        text=f"the job has no `environment: {wanted.name}`; add it to the job",
    )
    text = f"{begin} {wanted.words}. Either add `environment: {wanted.name}` to the job, or add a credential for {the}."
    return text, (step, add)


def literal_star(_: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    if not set(glob.WILDCARDS) & set(check.expected) or not glob.parse(check.expected).matches(check.presented):
        return None
    clauses = [f"claims['sub'] matches '{_quoted(check.expected)}'"]
    identity = presented.claims.get("repository_id")
    if isinstance(identity, str):
        clauses.append(f"claims['repository_id'] eq '{_quoted(identity)}'")
    text = (
        "The star in the credential's subject is an ordinary character: a subject is never a pattern. "
        "An expression is one."
    )
    return Cause(
        "LITERAL_STAR",
        text.replace("star", "question mark") if "*" not in check.expected else text,
        (
            add_for(check),
            Edit(
                target="credential",
                kind="set",
                what="claimsMatchingExpression",
                before=check.expected,
                after=" and ".join(clauses),
                effect="wider",
                text="replace the subject by an expression",
            ),
        ),
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")
