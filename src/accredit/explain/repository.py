"""Why the subject of a GitHub Actions token is not the credential's: generation, context, template, ids and names.

Rule 1: where a name stayed and its id changed no edit is made: the repository may be somebody else's now.
Rule 2: an edit that widens trust never stands first where another one helps.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.explain import github
from accredit.explain.causes import Cause, add_for, request, set_to
from accredit.explain.model import Edit
from accredit.signins import kept

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential

_QUEUE: Final = re.compile(r"gh-readonly-queue/(?P<branch>.+)/pr-\d+-[0-9a-f]+")
_MISSPELT: Final = {  # how contexts are written by hand, and what GitHub writes
    "pull-request": "pull_request",
    "pull_requests": "pull_request",
    "pullrequest": "pull_request",
    "pr": "pull_request",
    "env": "environment",
    "environments": "environment",
}
_KEYS: Final = frozenset(  # of customised subjects
    (
        *("actor", "actor_id", "base_ref", "context", "enterprise", "enterprise_id", "environment", "event_name"),
        *("head_ref", "job_workflow_ref", "ref", "ref_type", "repository", "repository_id", "repository_owner"),
        *("repository_owner_id", "repository_visibility", "run_id", "runner_environment", "sha", "workflow"),
        "workflow_ref",
    )
)
_CONTEXTS: Final = frozenset({"ref", "environment"})  # that GitHub puts behind the repository itself
_PARTED: Final = {"environment:": "environment", "ref:refs/heads/": "branch", "ref:refs/tags/": "tag"}


def generation(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or not mine.same_names(theirs) or mine.immutable == theirs.immutable:
        return None
    if mine.context != theirs.context and (_keyed(mine.context) or _keyed(theirs.context)):
        return None
    age = "newer" if theirs.immutable else "older"
    text = (
        f"Same repository, {age} subject format. The token says `{theirs.repository}:…`, the credential "
        f"`{mine.repository}:…`. "
    )
    if theirs.immutable:
        text += (
            "GitHub sends ids for repositories created, renamed or transferred since 2026-07-15, or after opting in. "
        )
        text += _also(mine, theirs) or "Add the immutable credential beside this one."
        return Cause("GENERATION", text, (add_for(check),))
    text += "GitHub sends the names alone until the repository opts in to immutable subjects. "
    text += _also(mine, theirs) or "Opt in."
    return Cause("GENERATION", text, (request(check, check.expected),))


def _also(mine: github.Subject, theirs: github.Subject) -> str:
    """Say what a job ran for, where that differs besides the format. Neither format is at fault for it."""
    if mine.context == theirs.context:
        return ""
    wanted, ran = (each.ran_for.words if each.ran_for else f"`{kept(each.context)}`" for each in (mine, theirs))
    return f"And the job ran for {ran}, where the credential expects {wanted}."


def id_changed(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or not mine.same_names(theirs) or not (mine.immutable and theirs.immutable):
        return None
    if mine.repository == theirs.repository:
        return None
    text = (
        f"The names are the same, but the ids are not: `{theirs.repository}` in the token, `{mine.repository}` in the "
        "credential. The repository may have been deleted and created again by someone else. Nothing was granted; an "
        "administrator has to confirm."
    )
    return Cause("ID_CHANGED", text)


def name_changed(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or not mine.same_ids(theirs) or mine.context != theirs.context:
        return None
    changes = " and ".join(
        f"the {what}'s name changed from `{old}` to `{new}`"
        for what, old, new in (("owner", mine.owner, theirs.owner), ("repository", mine.name, theirs.name))
        if old != new
    )
    text = f"The ids are the same, {changes}. Set the credential's subject to `{kept(check.presented)}`."
    return Cause("NAME_CHANGED", text, (set_to(check, check.presented),))


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
    text = f"{begin} {wanted.words}. Either add `environment: {wanted.name}` to the job, or add a credential for {the}."
    return text, (_named(wanted.name), add)


def ref_form(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Write the context as people say it, not as GitHub does."""
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or mine.repository != theirs.repository or mine.ran_for is not None:
        return None
    said, meant = mine.context, theirs.context
    key, _colon, rest = said.partition(":")
    right, right_rest = _MISSPELT.get(key.lower(), ""), meant.partition(":")[2]
    if rest and meant in {f"ref:refs/heads/{rest}", f"ref:refs/tags/{rest}", f"ref:refs/{rest}"}:
        old, new = (rest, right_rest) if key == "ref" else (said, meant)
        text = f"The credential says `{old}` where the token says `{new}`."
    elif right and meant.partition(":")[0] == right and rest == right_rest:
        text = f"The credential says `{key}`{_mark(key)}; GitHub writes `{right}`{_mark(right)}."
    else:
        return None
    after = kept(check.presented)
    return Cause("REF_FORM", f"{text} Set the credential's subject to `{after}`.", (set_to(check, check.presented),))


def merge_queue(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Run for a merge queue, whose ref is another one every time."""
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or mine.repository != theirs.repository or theirs.ran_for is None:
        return None
    queue = _QUEUE.fullmatch(theirs.ran_for.name)
    if queue is None:
        return None
    text = (
        f"The job ran for the merge queue of `{queue['branch']}`; its ref is different in every run and can never "
        "equal a fixed subject. Name an environment in the job, and trust that."
    )
    edit = Edit(
        target="workload", kind="set", what="environment", text="name an environment in the job, and trust that"
    )
    return Cause("PER_RUN", text, (edit,))


def context(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Run for another branch, tag or environment of the same repository."""
    mine, theirs = github.read(check.expected), github.read(check.presented)
    if not mine or not theirs or mine.repository != theirs.repository:
        return None
    wanted, ran = mine.ran_for, theirs.ran_for
    if not wanted or not ran or wanted.kind != ran.kind or wanted.kind not in _PARTED:
        return None
    name = _PARTED[wanted.kind]
    text = (
        f"One segment differs, the {name}: `{ran.name}` in the token, `{wanted.name}` in the credential. Add a "
        f"credential for this {name}, if that is what you meant to trust."
    )
    first = (_named(wanted.name),) if name == "environment" else ()
    return Cause(f"SEGMENT({name})", text, (*first, add_for(check)))


def template(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Have a subject of the form that somebody made for the repository, on one side only."""
    if _is_default(check.expected) and _is_customised(check.presented):
        text = (
            "The repository uses a customised subject template; the credential expects GitHub's default form. The "
            f"token says `{kept(check.presented)}`. Reset the template to the default, or trust that subject."
        )
        reset = Edit(
            target="workload",
            kind="set",
            what="subject",
            before=kept(check.presented),
            text="reset the subject template of the repository and its organization to GitHub's default",
        )
        return Cause("TEMPLATE", text, (reset, add_for(check)))
    if _is_customised(check.expected) and _is_default(check.presented):
        text = (
            "The credential expects a customised subject; the token has GitHub's default form, so the repository's "
            "template was reset, or never set. Set it again, or trust the default form."
        )
        return Cause("TEMPLATE", text, (request(check, check.expected), add_for(check)))
    return None


def _is_default(subject: str) -> bool:
    found = github.read(subject)
    return found is not None and not _keyed(found.context)


def _is_customised(subject: str) -> bool:
    found = github.read(subject)
    return _keyed(found.context) if found else subject.partition(":")[0] in _KEYS


def _keyed(context: str) -> bool:
    """Whether what follows the repository is made of keys and values of somebody's choice."""
    key = context.partition(":")[0]
    return key in _KEYS and key not in _CONTEXTS


def _named(environment: str) -> Edit:
    return Edit(
        target="workload",
        kind="set",
        what="environment",
        after=environment,
        text=f"the job has no `environment: {environment}`; add it to the job",
    )


def _mark(keyword: str) -> str:
    return " with a hyphen" if "-" in keyword else " with an underscore" if "_" in keyword else ""
