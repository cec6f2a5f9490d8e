"""FIC-DUP: the application trusts the same twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding
    from accredit.trust.written import WrittenTrust

RULE: Final = Rule(
    id="FIC-DUP",
    level="error",
    title="The same trust twice",
    why="Entra ID refuses a second credential with the same issuer and subject (or expression) on one application."
    " Whoever deletes one of them later believes the trust to be gone.",
    remedy="Delete one of the two.",
    refused=True,
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of the later one, and name the earlier."""
    mine = linted.trust
    for other in linted.context.before:
        if _same(mine, other):
            said = f"{other.name} trusts exactly this already: the same issuer and the same {_whom(mine)}."
            yield RULE.finding(linted, linted.member, said)
            return


def _same(one: WrittenTrust, other: WrittenTrust) -> bool:
    issuer = one.issuer == other.issuer
    if issuer and one.record is not None and other.record is not None:
        issuer = one.record.id == other.record.id  # two records may share an issuer's name
    whom = (one.subject or None, one.expression or None)
    return issuer and any(whom) and whom == (other.subject or None, other.expression or None)


def _whom(trust: WrittenTrust) -> str:
    return "subject" if trust.subject else "expression"
