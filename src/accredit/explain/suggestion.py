"""Which credential would have matched an assertion that was refused: read from its event, for whoever may trust it.

Rule 1: only of an assertion that was proven with the keys of a registered issuer: anybody can write any other event.
Rule 2: values are suggested as they were presented, never a pattern; what an event does not keep as it was, is not.
Rule 3: where a name stayed and its id changed nothing is suggested: it may be somebody else's now.
Rule 4: a proof says who sent it, not that he is one of us: everybody with an account at a public issuer can have such
tokens signed, and whoever receives them can send them here. What the application does not trust yet is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from accredit.errors import MASKED
from accredit.explain import github
from accredit.signins.event import LONGEST, kept
from accredit.trust import DEFAULT_AUDIENCE
from accredit.trust.credential import NAME
from accredit.trust.naming import unpinned
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from accredit.signins import Event
    from accredit.trust import FederatedCredential, MultiAudience

Action = Literal["add", "update", "exists", "none"]
UNMATCHED: Final = frozenset({70025, 700211, 700212, 700213, 7002131, 7002138})
"""The codes of refusals because nothing that the application trusts matches."""
_LONGEST_NAME: Final = 60  # characters of a name that is made here


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What a credential says of whom it trusts."""

    name: str
    issuer: str
    subject: str
    audience: str


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """What to do so that the same assertion is granted: ``add`` a credential, or ``update`` the audience of one.

    ``exists``: one trusts exactly this by now; ``none``: nothing is suggested. ``sentence`` says why.
    """

    action: Action
    sentence: str
    trust: Trust | None = None
    warnings: tuple[str, ...] = ()


def suggest(event: Event, held: Sequence[FederatedCredential], rule: MultiAudience) -> Suggestion:
    """Suggest the credential that would have matched.

    ``held``: what the application trusts now, disabled credentials too. ``rule``: of the tenant, for several audiences.
    """
    issuer, subject = event.issuer, event.subject or ""
    there = next((each for each in held if (each.issuer.url, each.subject) == (issuer, subject)), None)
    rule = (there.multi_audience if there else None) or rule
    if why := why_not(event) or _not_kept(event) or _several(event, rule) or _id_changed(event, held):
        return Suggestion(action="none", sentence=why)
    audience = DEFAULT_AUDIENCE if DEFAULT_AUDIENCE in event.audiences else event.audiences[0]
    if there is None:
        trust = Trust(
            name=_name(event, {each.name.casefold() for each in held}),
            issuer=issuer,
            subject=subject,
            audience=audience,
        )
        warnings = (*_stranger(event, held), *_for_others(event, held, audience), *_warnings(event))
        return Suggestion(action="add", sentence=_ADD, trust=trust, warnings=warnings)
    trust = Trust(name=there.name, issuer=issuer, subject=subject, audience=there.audience)
    if there.audience in event.audiences:
        state = "" if there.enabled else ", but it is disabled"
        sentence = f"The credential `{there.name}` trusts exactly this by now{state}."
        return Suggestion(action="exists", sentence=sentence, trust=trust)
    sentence = (
        f"The credential `{there.name}` trusts this issuer and subject for the audience `{there.audience}`. Have the "
        f"platform issue the token for that; or change the credential, if no other job uses it."
    )
    changed = msgspec.structs.replace(trust, audience=audience)
    return Suggestion(action="update", sentence=sentence, trust=changed, warnings=_for_others(event, held, audience))


_ADD: Final = "The token was signed by an issuer that is registered here. This credential would have matched it."


def why_not(event: Event) -> str:
    """Say why nobody should be trusted for this event; ``""`` when there may be a reason to."""
    if event.code == 0:
        return f"It was granted, by {event.credential_name or 'a secret or certificate'}: nothing is missing."
    if event.count > 1:
        return "The event counts many attempts and keeps no token's claims."
    if event.proof != "proven":
        return (
            f"Nobody has proven who sent this ({event.proof}): anyone can write such an event, with any issuer and "
            "subject. No credential is suggested."
        )
    if event.code not in UNMATCHED:
        return "It was not refused for want of a credential: another one would change nothing."
    return ""


def _not_kept(event: Event) -> str:
    """Say which value is not in the event as it was presented, or is none that a credential can have."""
    if not event.subject:
        return "The token has no subject: only an expression could match it."
    for word, value in (("issuer", event.issuer), ("subject", event.subject), ("audience", event.audiences[0])):
        if len(value) > LONGEST or "\\" in value or MASKED in value:
            return f"The {word} is not kept as it was presented: it is too long, or has characters that nobody sees."
    return ""


def _several(event: Event, rule: MultiAudience) -> str:
    if len(event.audiences) == 1 or rule == "contained":
        return ""
    return "The token has several audiences, and one alone is accepted: have the platform issue it for one."


def _id_changed(event: Event, held: Sequence[FederatedCredential]) -> str:
    """Stop where the repository is called as a trusted one is, and is another."""
    theirs = github.read(event.subject or "")
    if theirs is None or not theirs.immutable:
        return ""
    for each in held:
        mine = github.read(each.subject or "")
        if mine and mine.immutable and mine.same_names(theirs) and mine.repository != theirs.repository:
            return (
                f"Same name, different repository: the token says `{theirs.repository}`, the credential `{each.name}` "
                f"`{mine.repository}`. It may have been deleted and created again by someone else: find out first."
            )
    return ""


def _stranger(event: Event, held: Sequence[FederatedCredential]) -> tuple[str, ...]:
    """Warn of an owner, at an issuer that serves many, of whom the application trusts nothing so far."""
    owner = _owner(event)
    if not owner:
        return ()
    for each in held:
        trusted = each.subject.startswith(owner) if each.subject else each.expression and owner in each.expression.text
        if trusted and each.enabled and each.issuer.url == event.issuer:
            return ()
    warning = (
        f"This application trusts nothing of `{kept(owner)}` so far. Everybody who has an account at the issuer gets "
        "tokens like this one, and may send them here: make sure that this is yours, to the letter."
    )
    return (warning,)


def _owner(event: Event) -> str:
    """Return how a subject begins that says whose it is, where every customer of the platform has the issuer."""
    from accredit.trust.lint import Context, facts  # noqa: PLC0415  only whoever asks about a sign-in pays for lint

    trust = WrittenTrust(name="", issuer=event.issuer, subject=event.subject)
    seen = facts.read(trust, Context())
    parts = seen.branches[0].parts if seen.shared and seen.branches else None
    ends = [end for name, (_, end) in parts.spans.items() if parts.segment(name).of == "tenant"] if parts else []
    return (event.subject or "")[: max(ends) + 1] if ends else ""


def _for_others(event: Event, held: Sequence[FederatedCredential], audience: str) -> tuple[str, ...]:
    """Warn of an audience that is somebody else's, maybe: whoever receives such tokens could use them here."""
    known = {each.audience for each in held if each.enabled and each.issuer.url == event.issuer}
    if audience in {DEFAULT_AUDIENCE, *known}:
        return ()
    warning = (
        f"The token was made for `{kept(audience)}`: whoever that is has such tokens, and could use them here. Have "
        f"the platform issue one for `{DEFAULT_AUDIENCE}` instead."
    )
    return (warning,)


def _warnings(event: Event) -> tuple[str, ...]:
    subject = event.subject or ""
    theirs, found = github.read(subject), []
    if missing := unpinned(event.issuer, subject, None):
        how = " Have GitHub put ids into the subject (immutable subjects) first." if theirs else ""
        which = " and ".join(missing)
        found.append(
            f"The subject has no id of the {which}: who takes over a name is trusted in its owner's place.{how}"
        )
    ran = theirs.ran_for if theirs else None
    if ran is not None and ran.kind == "pull_request":
        found.append("Whoever may open a pull request in the repository runs such jobs.")
    if not subject.isascii():
        found.append("The subject has letters beyond ASCII, some of which look like others: read it twice.")
    return tuple(found)


def _name(event: Event, taken: Collection[str]) -> str:
    """Make a name that is free, from the issuer's host and the end of the subject."""
    host = event.issuer.partition("://")[2].partition("/")[0].removeprefix("token.").partition(".")[0]
    end = (event.subject or "").rpartition(":")[2].rpartition("/")[2]
    made = re.sub(r"[^A-Za-z0-9]+", "-", f"{host}-{end}").strip("-")[:_LONGEST_NAME].strip("-")
    made = made if NAME.fullmatch(made) else "from-sign-in"
    names = (made, *(f"{made}-{n}" for n in range(2, len(taken) + 3)))
    return next(each for each in names if each.casefold() not in taken)


__all__ = ["UNMATCHED", "Action", "Suggestion", "Trust", "suggest", "why_not"]
