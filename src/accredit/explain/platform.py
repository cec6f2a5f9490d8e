"""Which platform signs, and what it says of its subjects and audiences: the catalogue, as causes ask it.

Rule 1: nothing is read that is not needed: most differences are named without any platform. What was asked is kept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from accredit.explain.model import Unlisted
from accredit.signins import kept
from accredit.trust import presets
from accredit.trust.credential import LONGEST

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust.presets import Preset, SubjectParts

_REMEMBERED: Final = 512  # issuers with their subjects; strangers choose what they say, so it is bounded
_SPEAK: Final = (  # how subjects begin that only one platform has, wherever it runs
    ("system:serviceaccount:", "kubernetes"),
    ("repo:", "github_actions"),
    ("project_path:", "gitlab"),
    ("spiffe://", "spiffe"),
    ("sc://", "azure_devops"),
    ("/eid1/", "azure_devops"),
)
_RUN: Final = ":run_phase:"
_NOUNS: Final = {
    "github_actions": "repository",
    "github_enterprise_server": "repository",
    "gitlab": "project",
    "kubernetes": "service account",
    "terraform": "workspace",
    "spiffe": "workload",
}
_ONE: Final = {"github_enterprise_server": "github_actions"}  # presets of one grammar


def of(issuer: str, subject: str | None) -> Preset | None:
    """Return the platform that an issuer is certainly of, or else whose subjects look like this one.

    Of platforms that have the issuer in common it is the one whose subject this is.
    """
    said = subject or ""
    return _of(issuer, said if len(said) <= LONGEST else "")


def same(one: Preset | None, other: Preset | None) -> bool:
    """Whether two issuers are of platforms with one grammar."""
    return one is not None and other is not None and _ONE.get(one.id, one.id) == _ONE.get(other.id, other.id)


def noun(of: Preset) -> str:
    """Return what a subject of this platform is the name of."""
    return _NOUNS.get(of.id, "workload")


def read(of: Preset, expected: str, presented: str) -> tuple[SubjectParts, SubjectParts] | None:
    """Take two subjects apart; ``None`` where they are not of one form."""
    mine, theirs = of.read_subject(expected), of.read_subject(presented)
    if mine is None or theirs is None or mine.form.name != theirs.form.name:
        return None
    return mine, theirs


def label(of: Preset, group: str) -> str:
    """Return what people call a part of an issuer, in lower case."""
    field = of.field(group)
    return (field.label if field else group).lower().replace("_", " ")


def unlisted(presented: Presented) -> tuple[Unlisted, ...]:
    """Return the claims that the platform of a token was not known to send; none where nobody knows the platform."""
    if (whose := of(presented.issuer, presented.subject)) is None:
        return ()
    found = presets.unlisted(whose, presented.claims)
    return tuple(Unlisted(name=kept(name), type=kind) for name, kind in found.items())


def _speaker(subject: str) -> str:
    if subject.startswith("organization:"):
        return "terraform" if _RUN in subject else ""
    return next((name for begin, name in _SPEAK if subject.startswith(begin)), "")


@lru_cache(maxsize=_REMEMBERED)
def _of(issuer: str, subject: str) -> Preset | None:
    if presets.recognise(issuer) is not None:
        return presets.recognise(issuer, subject)
    speaker = _speaker(subject)
    return presets.preset(speaker) if speaker else None
