"""A named reason why one value is not another, in words, and the exact edit that would help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from accredit.explain.model import Difference, Edit
from accredit.signins import kept
from accredit.signins.event import LONGEST

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential

WORDS: Final = {"iss": "issuer", "aud": "audience", "sub": "subject"}
DIFFERENT: Final = "DIFFERENT"
_PARTS: Final = frozenset(":/@ ")


class Cause(msgspec.Struct, frozen=True):
    """A named reason, in words, and what would help."""

    id: str
    sentence: str
    edits: tuple[Edit, ...] = ()

    @property
    def near(self) -> bool:
        """Whether the values resemble each other in a way that has a name."""
        return self.id != DIFFERENT


def difference(expected: str, presented: str) -> Difference | None:
    """Return where two values part; ``None`` when they are equal."""
    if expected == presented:
        return None
    shorter = min(len(expected), len(presented))
    at = next((n for n in range(shorter) if expected[n] != presented[n]), shorter)
    return Difference(
        character=at + 1,
        segment=expected[:at].count(":") + 1,
        expected=kept(_part(expected, at)),
        presented=kept(_part(presented, at)),
    )


def _part(value: str, at: int) -> str:
    """The part between separators in which character ``at`` stands; what is longer than may be shown is cut."""
    begin, first = at, max(0, at - LONGEST)
    while begin > first and value[begin - 1] not in _PARTS:
        begin -= 1
    end, last = at, min(len(value), at + LONGEST)
    while end < last and value[end] not in _PARTS:
        end += 1
    return value[begin:end]


def different(credential: FederatedCredential, check: Check, presented: Presented) -> Cause:
    """Differ, for no reason that has a name. What is said of all credentials is true of the nearest."""
    word, found = WORDS[check.claim], difference(check.expected, check.presented)
    if check.claim == "aud":
        text = f"The token is meant for `{kept(check.presented)}`, the credential expects `{check.expected}`."
        return Cause(DIFFERENT, text, (request(check, check.expected),))
    if found and 2 * (found.character - 1) >= max(len(check.expected), len(check.presented)):
        text = (
            f"The {word} differs at character {found.character}: `{found.presented}` in the token, `{found.expected}` "
            "in the credential."
        )
        return Cause(DIFFERENT, text)
    both = f"`{kept(check.presented)}` in the token, `{kept(check.expected)}` in the credential"
    if check.claim == "sub":  # what was compared before is equal
        more = "No credential of this issuer and audience has a subject that resembles it."
    else:
        same = credential.subject is not None and credential.subject == presented.subject
        more = "No credential has an issuer that resembles it." + (" The subject is the same." if same else "")
    return Cause(DIFFERENT, f"The {word} is another one: {both}. {more}")


def set_to(check: Check, after: str) -> Edit:
    word = WORDS[check.claim]
    return Edit(
        target="credential",
        kind="set",
        what=word,
        before=kept(check.expected),
        after=kept(after),
        text=f"set the credential's {word} to `{kept(after)}`",
    )


def request(check: Check, after: str) -> Edit:
    word = WORDS[check.claim]
    return Edit(
        target="workload",
        kind="request",
        what=word,
        before=kept(check.presented),
        after=kept(after),
        text=f"have the platform issue the token with the {word} `{kept(after)}`",
    )


def add_for(check: Check, subject: str = "") -> Edit:
    """Trust what the token says, beside what is trusted. ``subject``: its, where the issuer differs."""
    word, said = WORDS[check.claim], kept(check.presented)
    beside = f" and the subject `{kept(subject)}`" if subject else ""
    return Edit(
        target="credential",
        kind="add",
        what=word,
        before=kept(check.expected),
        after=said,
        effect="wider",
        text=f"add a credential for the {word} `{said}`{beside}",
    )
