"""What may be done about a refusal, by whom, and with which command.

Rule 1: a refused token is a message from a stranger. Until somebody has proven who sent it, what would change whom an
application trusts is shown, but is no action: it has no command.
Rule 2: a command holds values as they are, quoted for a shell; one that cannot be shown whole is in no command.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec.structs import replace

from accredit.errors import MASKED
from accredit.explain.causes import Cause
from accredit.explain.model import Edit
from accredit.signins import kept
from accredit.trust import evaluate
from accredit.trust.expression import Budget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.assertions import Presented
    from accredit.explain.model import Near
    from accredit.signins import ProofState
    from accredit.trust import FederatedCredential, MultiAudience

K = TypeVar("K")

MOST_ELSEWHERE: Final = 3  # applications that are named
LOOKED_THROUGH: Final = 2_000  # credentials of other applications
ADD: Final = Edit(
    target="credential", kind="add", what="credential", effect="wider", text="add a credential for this token"
)
_TRUSTING: Final = frozenset({"credential", "issuer"})
_OPTIONS: Final = {
    "issuer": "--issuer",
    "subject": "--subject",
    "audience": "--audience",
    "claimsMatchingExpression": "--expression",
}
_ADDED: Final = frozenset({"issuer", "subject", "credential"})
_ALTERED: Final = ("…", "\\", MASKED)  # what stands in a value that is not shown as it is


def actions(
    edits: Sequence[Edit], proof: ProofState, presented: Presented, client: str, near: Near | None
) -> tuple[Edit, ...]:
    """Mark what is no action while nobody has proven who sent the token; give the others their command."""
    if proof != "proven":
        return tuple(replace(each, offered=each.target not in _TRUSTING) for each in edits)
    return tuple(replace(each, command=_command(each, presented, client, near)) for each in edits)


def trusting(
    others: Sequence[tuple[K, Sequence[FederatedCredential]]], presented: Presented, rule: MultiAudience
) -> tuple[K, ...]:
    """Return the first applications that trust the token: what stands for each, beside what it trusts."""
    budget, left, found = Budget(), LOOKED_THROUGH, list[K]()
    for name, credentials in others:
        looked = [each for each in credentials if each.enabled][:left]
        left -= len(looked)
        if any(evaluate(each, presented, rule, budget).passed for each in looked):
            found.append(name)
        if len(found) == MOST_ELSEWHERE or left <= 0:
            break
    return tuple(found)


def other_application(client: str, elsewhere: Sequence[str]) -> Cause:
    """Say who trusts the token, where the application that was asked for does not."""
    named = " and ".join(f"`{kept(each)}`" for each in elsewhere)
    one = len(elsewhere) == 1
    text = (
        f"Nothing that the application `{kept(client)}` trusts resembles this token, but the application"
        f"{'' if one else 's'} {named} trust{'s' if one else ''} it. Use {'its' if one else 'their'} client id."
    )
    edit = Edit(target="workload", kind="set", what="client_id", text=f"use the client id of {named}")
    return Cause("OTHER_APPLICATION", text, (edit,))


def _command(edit: Edit, presented: Presented, client: str, near: Near | None) -> str:
    if edit.target != "credential":
        return ""
    if edit.kind == "set" and near is not None and edit.what in _OPTIONS:
        return _written("update", client, near.name, _OPTIONS[edit.what], edit.after)
    if edit.kind == "add" and edit.what in _ADDED and presented.subject:
        expected = {each.claim: each.expected for each in near.comparisons} if near else {}
        audience = expected.get("aud", "")
        audience = audience if audience in presented.audiences else presented.audiences[0]
        said = ("--issuer", presented.issuer, "--subject", presented.subject, "--audience", audience)
        return _written("add", client, *(kept(each) for each in said))
    return ""


def _written(verb: str, *words: str) -> str:
    if any(sign in word for word in words for sign in _ALTERED):
        return ""
    return " ".join(["accredit", "credential", verb, *map(shlex.quote, words)])
