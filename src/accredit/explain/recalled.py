"""A token as its event remembers it, and whether a credential matches it: yes, no, or nobody knows.

Rule 1: an expression is monotone: a clause whose claim was not kept is unknown, and what it decides is unknown.
Rule 2: what was escaped, cut or masked is compared as it is kept; where that is equal, the token may still differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.errors import MASKED
from accredit.signins import PERSON, kept
from accredit.trust.expression import Atom, Budget, Cause
from accredit.trust.expression.evaluation import compare
from accredit.trust.match_set import written
from accredit.trust.matching import audience_accepted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.signins import Event
    from accredit.trust import FederatedCredential, MultiAudience
    from accredit.trust.expression import Node

_ABSENT: Final = object()
_UNKNOWN: Final = object()
_ALTERED: Final = ("\\", "…", MASKED)
_NOT_TEXT: Final = frozenset({"[…]", "{…}", PERSON})


class Recalled(msgspec.Struct, frozen=True):
    """What an event tells of the token that was presented; equal for sign-ins that are alike."""

    issuer: str
    subject: str | None
    audiences: tuple[str, ...]
    claims: tuple[tuple[str, str], ...]
    kinds: str
    lacking: tuple[str, ...]

    @classmethod
    def of(cls, event: Event) -> Recalled:
        """Read an event."""
        return cls(event.issuer, event.subject, event.audiences, event.claims, event.claim_kinds, event.claims_lacking)


def matched(credential: FederatedCredential, of: Recalled, rule: MultiAudience) -> bool | None:
    """Whether a credential matches. ``None``: the event does not tell."""
    if not of.issuer:
        return None  # attempts of many, of which only the number was kept
    issuer = _same(of.issuer, credential.issuer.url)
    if issuer is False:
        return False
    audience = _meant(credential, of.audiences, rule)
    if audience is False:
        return False
    if credential.expression is None:
        subject = _same(of.subject or "", credential.subject or "")
    else:
        subject = _holds(credential.expression.root, of)
    if subject is False:
        return False
    return True if issuer and audience and subject else None


def _same(text: str, expected: str) -> bool | None:
    if kept(expected) != text:
        return False
    return None if _altered(text) else True


def _altered(text: str) -> bool:
    return any(each in text for each in _ALTERED)


def _meant(credential: FederatedCredential, audiences: Sequence[str], rule: MultiAudience) -> bool | None:
    if len(audiences) == 1:
        return _same(audiences[0], credential.audience)
    return None if any(map(_altered, audiences)) else audience_accepted(credential, audiences, rule)


def _holds(node: Node, of: Recalled) -> bool | None:
    if isinstance(node, Atom):
        return _atom(node, of)
    decides = node.kind == "or"
    found = [_holds(each, of) for each in node.parts]
    if decides in found:
        return decides
    return None if None in found else not decides


def _atom(atom: Atom, of: Recalled) -> bool | None:
    if atom.path == ("aud",):
        forms: list[Any] = [[*of.audiences], *of.audiences[:1]] if len(of.audiences) == 1 else [[*of.audiences]]
        found = {_UNKNOWN if any(map(_altered, of.audiences)) else _asked(atom, each) for each in forms}
        return None if len(found) > 1 or _UNKNOWN in found else found.pop() is True
    value = _value(atom.path, of)
    if value is _UNKNOWN:
        return None
    if isinstance(value, list) and atom.operator == "contains":
        return None
    return value is not _ABSENT and _asked(atom, value)


def _asked(atom: Atom, value: object) -> bool:
    return compare(atom, value, Budget()) is Cause.OK


def _value(path: tuple[str, ...], of: Recalled) -> object:
    """Return the value at a path, of a list or an object an empty one; or that there is none, or nobody knows."""
    if path == ("iss",):
        return _UNKNOWN if _altered(of.issuer) else of.issuer
    if path == ("sub",):
        return _ABSENT if of.subject is None else _UNKNOWN if _altered(of.subject) else of.subject
    names = [written(path[: n + 1]) for n in range(len(path))]
    if any(each in of.lacking for each in names):
        return _ABSENT
    for at, (name, text) in enumerate(of.claims):
        if name == names[-1]:
            return _read(text, of.kinds[at : at + 1])
        if name in names and of.kinds[at : at + 1] in {*"sbifnl"}:
            return _ABSENT  # it has no members
    return _UNKNOWN


def _read(text: str, kind: str) -> object:
    if kind in {"t", "p"}:
        return _UNKNOWN
    if kind in {"l", "o"}:
        return [] if kind == "l" else {}
    if kind == "s":
        return text
    if kind:
        return msgspec.json.decode(text)
    return _of_unknown_type(text)


def _of_unknown_type(text: str) -> object:
    """Read what an older version kept without its type: what can only have been a text is one."""
    if text in _NOT_TEXT or _altered(text):
        return _UNKNOWN
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return _UNKNOWN


__all__ = ["Recalled", "matched"]
