"""What lint says, as programs read it: one JSON object for each finding, with names as Microsoft Graph writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypedDict

if TYPE_CHECKING:
    from accredit.trust.lint import Finding

STDIN: Final = "standard input"
"""What a document is called that came in no file."""


class Written(TypedDict):
    """A finding."""

    rule: str
    level: Literal["error", "warn", "info"]
    application: str
    credential: str
    path: Literal["issuer", "subject", "claimsMatchingExpression", "audiences", "record"]
    message: str
    why: str
    remedy: str
    example: str | None
    docsUrl: str
    edit: dict[str, str] | None
    start: int | None
    end: int | None
    source: str | None


def write(of: Finding) -> Written:
    """Return a finding; members of which nothing is known are ``None``."""
    return Written(
        rule=of.rule,
        level=of.level,
        application=of.application,
        credential=of.credential,
        path=of.path,
        message=of.message,
        why=of.why,
        remedy=of.remedy,
        example=of.example or None,
        docsUrl=of.docs_url,
        edit=None if of.edit is None else dict(of.edit),
        start=of.start,
        end=of.end,
        source=of.source or None,
    )


def place(source: str) -> tuple[str, int | None]:
    """Return file and line of ``trust.json:12``; no file for what came in none."""
    file, colon, line = source.rpartition(":")
    if not (colon and line.isascii() and line.isdecimal()):
        file, line = source, ""
    return "" if file == STDIN else file, int(line) if line and int(line) else None
