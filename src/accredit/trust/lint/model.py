"""What a rule is, and what it says: values that every face shows, none of which knows how.

Rule 1: a finding names the value it is about, the risk and the remedy; whoever reads nothing else knows what to do.
Rule 2: an edit is whole new values of members of the credential, to be taken as they are; without a safe one there is
none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from accredit.trust.lint.context import Path as Path  # noqa: PLC0414  rules have it from here

if TYPE_CHECKING:
    from accredit.trust.lint.facts import Branch, Linted

Level = Literal["error", "warn", "info"]
LEVELS: Final[tuple[Level, ...]] = ("error", "warn", "info")
"""The gravest first. An error can never match, or lets strangers in; a warning is wider than it looks; an info is
worth knowing."""

PAGE: Final = "docs/lint.md"


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one rule says of one credential."""

    rule: str  # its id: FIC-NAME-ONLY
    level: Level
    application: str
    credential: str  # its name
    path: Path
    message: str  # one sentence: the value, and what is wrong with it
    why: str
    remedy: str
    example: str  # before → after; empty where there is nothing to write
    docs_url: str
    edit: Mapping[str, str] | None = None  # member: its new value
    start: int | None = None  # the place in the member's text, where it is a part of it: text[start:end]
    end: int | None = None
    source: str = ""  # the file and the place in it
    ways: tuple[int, ...] = ()  # through the expression, counted from 1, in which it holds; none: it is not about one

    @property
    def location(self) -> tuple[str, str]:
        """Whose it is: the application and the credential."""
        return (self.application, self.credential)


class Rule(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One rule, with all that its page says."""

    id: str  # FIC- and the upper-case name of its file
    level: Level  # the usual one
    title: str  # a few words
    why: str
    remedy: str
    before: str = ""
    after: str = ""
    quiet: bool = False  # true of whatever is trusted on such a platform: who saves some is not told
    refused: bool = False  # Entra ID refuses it, so a portable tenant does, whatever its policy

    @property
    def example(self) -> str:
        """Before and after, in one line."""
        return f"{self.before} → {self.after}" if self.before and self.after else self.before or self.after

    @property
    def docs_url(self) -> str:
        """The page that says all of it."""
        return f"{PAGE}#{self.id.lower()}"

    def finding(  # noqa: PLR0913  the members of a finding
        self,
        linted: Linted,
        path: Path,
        message: str,
        *,
        level: Level | None = None,
        why: str = "",
        remedy: str = "",
        example: str = "",
        edit: Mapping[str, str] | None = None,
        at: tuple[int, int] | None = None,
        branch: Branch | None = None,
    ) -> Finding:
        """Return what this rule says of a credential; what is not given is the rule's own."""
        trust = linted.trust
        return Finding(
            rule=self.id,
            level=level or self.level,
            application=trust.application,
            credential=trust.name,
            path=path,
            message=message,
            why=why or self.why,
            remedy=remedy or self.remedy,
            example=example or self.example,
            docs_url=self.docs_url,
            edit=edit,
            start=at[0] if at else None,
            end=at[1] if at else None,
            source=trust.source,
            ways=(linted.branches.index(branch) + 1,) if branch is not None else (),
        )
