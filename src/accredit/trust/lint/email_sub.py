"""FIC-EMAIL-SUB: a Google account that is named by its e-mail address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-EMAIL-SUB",
    level="error",
    title="The subject is no account's id",
    why="The `sub` of Google's tokens is the number of the account, never its address: an address can be given to"
    " somebody else after the account is deleted, the number cannot.",
    remedy="Take the unique id: gcloud iam service-accounts describe ADDRESS --format='value(uniqueId)'.",
    before="wl@project.iam.gserviceaccount.com",
    after="112233445566778899000",
)
_USUAL: Final = 21  # digits, as many as every id that was seen has


def check(linted: Linted) -> Iterator[Finding]:
    """Tell what is no number; warn of a number of an unusual length."""
    if linted.preset is None or linted.preset.id != "google_cloud":
        return
    subjects = dict.fromkeys(each.subject for each in linted.branches if each.subject is not None)
    for subject in subjects:
        if not (subject.isascii() and subject.isdigit()):
            said = f"The subject {subject} is no number; in Google's tokens it is always one."
            yield RULE.finding(linted, linted.member, said, example=f"{subject} → {RULE.after}")
        elif len(subject) != _USUAL:
            yield RULE.finding(
                linted,
                linted.member,
                f"The subject {subject} has {len(subject)} digits; the ids of Google's accounts have {_USUAL}.",
                level="warn",
                why="An id that is copied in part matches nothing.",
                example=f"{subject} → {RULE.after}",
            )
