"""FIC-DANGLING: a trust that nobody uses, or whose issuer is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-DANGLING",
    level="warn",
    title="A forgotten trust",
    why="What nobody uses nobody watches. A name that was given up, a repository, an account or a domain, can be"
    " taken by somebody else, who may then sign in.",
    remedy="Disable the credential; delete it when nobody has missed it.",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell how long it was not used, as far as that is known; a disabled one lets nobody in."""
    trust, context = linted.trust, linted.context
    if not trust.enabled:
        return
    if context.unresolvable:
        said = f"The host of {trust.issuer} does not exist: whoever registers its name can sign tokens."
        yield RULE.finding(linted, "issuer", said)
    since = trust.last_used_at or trust.created_at
    if context.now is None or since is None:
        return
    days = (context.now - since).days
    if days >= context.unused_days:
        when = "Nobody has signed in with it since" if trust.last_used_at else "It was never used since it was made on"
        yield RULE.finding(linted, "record", f"{when} {since:%Y-%m-%d}, {days} days ago.")
