"""Why a subject is not the credential's, by the grammar of its platform: which part differs, and what that part is.

Rule 1: where a name stayed and its id changed no edit is made: who has the name may be somebody else now.
Rule 2: a wildcard is never proposed; what cannot be a fixed subject is pinned by ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.explain import platform
from accredit.explain.causes import Cause, add_for, set_to
from accredit.explain.model import Edit
from accredit.signins import claim_kept, kept
from accredit.trust.expression import condition
from accredit.trust.expression.allowed import allowances

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential
    from accredit.trust.presets import Preset, Segment, SubjectParts

_OWNERS: Final = frozenset({"tenant", "project", "account"})
_MOST_CLAIMS: Final = 200  # of a token that are looked through for ids
_MOST_IDS: Final = 4  # that an expression is made of
_LESSER: Final = frozenset({"run_phase", "scope", "run_type"})  # parts that tell a job which may do less from its twin


def part(_: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Name the one part that differs, or what it means that an id or a name does."""
    by = platform.of(presented.issuer, presented.subject)
    pair = platform.read(by, check.expected, check.presented) if by else None
    if by is None or pair is None:
        return None
    mine, theirs = pair
    differ = [name for name in {**mine.values, **theirs.values} if mine.values.get(name) != theirs.values.get(name)]
    if cause := _recycled(mine, theirs, differ) or _renamed(check, mine, theirs, differ):
        return cause
    classes = {mine.segment(each).cls for each in differ}
    if classes == {"run"}:
        return _per_run(by, check, presented, theirs, differ[0])
    if classes == {"person"}:
        return _person(by, check, presented)
    return _segment(check, mine, theirs, differ[0]) if len(differ) == 1 else None


def alike(check: Check, presented: Presented) -> float | None:
    """Return which share of a subject's parts is equal; ``None`` where no grammar reads both."""
    by = platform.of(presented.issuer, presented.subject)
    pair = platform.read(by, check.expected, check.presented) if by else None
    if pair is None:
        return None
    mine, theirs = pair
    names = {**mine.values, **theirs.values}
    equal = sum(mine.values.get(each) == theirs.values.get(each) for each in names)
    return equal / len(names) if names else None


def _recycled(mine: SubjectParts, theirs: SubjectParts, differ: list[str]) -> Cause | None:
    """Find an id that differs where the name of the same thing does not."""
    for name in differ:
        segment = mine.segment(name)
        if segment.cls != "id" or segment.of not in _OWNERS:
            continue
        names = _called(mine, segment, "name")
        if names and not set(names) & set(differ):
            text = (
                f"The names are the same, but `{name}` is `{kept(_of(theirs, name))}` in the token and "
                f"`{_of(mine, name)}` in the credential. It may have been deleted and created again by "
                "someone else; an administrator has to confirm."
            )
            return Cause("ID_CHANGED", text)
    return None


def _renamed(check: Check, mine: SubjectParts, theirs: SubjectParts, differ: list[str]) -> Cause | None:
    """Find names that differ where the ids of the same things do not."""
    if not differ or not all(_same_thing(mine, mine.segment(name), differ) for name in differ):
        return None
    changes = ", ".join(f"`{_of(mine, name)}` is now `{kept(_of(theirs, name))}`" for name in differ)
    text = f"The ids are the same, the names are not: {changes}. Set the subject to `{kept(check.presented)}`."
    return Cause("NAME_CHANGED", text, (set_to(check, check.presented),))


def _same_thing(parts: SubjectParts, segment: Segment, differ: list[str]) -> bool:
    """Whether a part is the name of something whose ids do not differ."""
    if segment.cls != "name" or segment.of not in _OWNERS:
        return False
    ids = _called(parts, segment, "id")
    return bool(ids) and not set(ids) & set(differ)


def _called(parts: SubjectParts, like: Segment, cls: str) -> list[str]:
    """Return the parts that are names, or ids, of what another part is of."""
    return [each for each in parts.values if parts.segment(each).cls == cls and parts.segment(each).of == like.of]


def _per_run(by: Preset, check: Check, presented: Presented, theirs: SubjectParts, name: str) -> Cause:
    is_last = theirs.spans.get(name, (0, 0))[1] == len(check.presented)
    which = f"The last part of the subject of {by.title} is" if is_last else f"The subject of {by.title} holds"
    text = (
        f"{which} the {_said(name)}, different in every run; a fixed subject can never match again."
        f"{_instead(by, presented)}"
    )
    return Cause("PER_RUN", text, _pinned(by, check, presented))


def _person(by: Preset, check: Check, presented: Presented) -> Cause:
    text = (
        "Only the user differs: the subject names the person who started the job, and this was somebody else."
        f"{_instead(by, presented)}"
    )
    return Cause("PERSON", text, _pinned(by, check, presented))


def _segment(check: Check, mine: SubjectParts, theirs: SubjectParts, name: str) -> Cause:
    old, new = _of(mine, name), kept(_of(theirs, name))
    add = add_for(check)
    more = f"Add a credential for it, if that is what you meant to trust: `{kept(check.presented)}`."
    if name in _LESSER:
        more = "If that one is to do less, trust it in an application of its own: roles belong to the application."
        text = f"trust `{new}` in a second application, whose roles are its own"
        add = Edit(target="credential", kind="add", what="application", after=add.after, effect="wider", text=text)
    text = f"One segment differs, the {_said(name)}: `{new}` in the token, `{old}` in the credential. {more}"
    return Cause(f"SEGMENT({name})", text, (add,))


def _instead(by: Preset, presented: Presented) -> str:
    return " Trust an expression over the ids instead." if _ids(by, presented.claims) else ""


def _pinned(by: Preset, check: Check, presented: Presented) -> tuple[Edit, ...]:
    """Return the edit that trusts the ids which the token has, all of them, and exactly those values."""
    ids = _ids(by, presented.claims)
    if not ids:
        return ()
    clauses = (condition((name,), "eq", value) for name, value in ids.items())
    in_entra = any(each.covers(presented.issuer) for each in allowances())
    text = "replace the subject by an expression over the ids"
    return (
        Edit(
            target="credential",
            kind="set",
            what="claimsMatchingExpression",
            before=kept(check.expected),
            after=" and ".join(clauses),
            effect="wider",
            text=text if in_entra else f"{text}; Entra ID takes none for this issuer",
        ),
    )


def _ids(by: Preset, claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the claims that are ids of a project or of its owner, as far as they can be shown whole."""
    found: dict[str, str] = {}
    for name in list(claims)[:_MOST_CLAIMS]:
        row = by.claim((name,))
        if row is None or row.cls != "id" or row.of not in {"project", "tenant"} or len(found) == _MOST_IDS:
            continue
        value = claims[name]
        if isinstance(value, str) and value and claim_kept(name, value) == value:
            found[name] = value
    return found


def _of(parts: SubjectParts, name: str) -> str:
    return parts.values.get(name, "")


def _said(name: str) -> str:
    return name.replace("_", " ")
