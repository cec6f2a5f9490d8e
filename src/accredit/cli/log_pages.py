"""What lists of sign-ins have in common: their columns, and how they are read page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec.structs import replace

from accredit.cli.log_words import how
from accredit.cli.output import Column
from accredit.signins.words import code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from accredit.cli.session import Session
    from accredit.query import Page, Query

T = TypeVar("T")

PAGE: Final = 500  # events asked for at once


def outcome(shape: dict[str, Any]) -> str:
    """Say in one word how it ended; an aggregate says how often."""
    number = shape["status"]["errorCode"]
    times = f" ({shape['count']} times)" if shape["count"] > 1 else ""
    return ("granted" if number == 0 else code(number)) + times


COLUMNS: Final = (
    Column("When", "createdDateTime"),
    Column("Application", "appDisplayName"),
    Column("Result", "status.errorCode", outcome),
    Column("How", "clientCredentialType", how, below=True),
    Column("Request ID", "id", below=True),
    Column(
        "API", "resourceDisplayName", lambda row: row["resourceDisplayName"] or row["requestedResource"], below=True
    ),
    Column("Address", "ipAddress", below=True),
    *(
        Column(path, path, wide=True)
        for path in (
            "appId",
            "federatedCredentialName",
            "federatedCredentialId",
            "servicePrincipalCredentialKeyId",
            "resourceId",
            "roles",
            "userAgent",
            "status.failureReason",
            "status.additionalDetails",
            "nearest.federatedCredentialName",
            "nearest.difference",
            "proof",
            "assertion.issuer",
            "assertion.subject",
            "matchedClause",
            "correlationId",
            "uti",
            "count",
            "lastDateTime",
        )
    ),
)


def or_none(session: Session, pages: Iterable[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Yield pages, and tell people where there was nothing in them: a heading alone leaves one in doubt."""
    empty = True
    for each in pages:
        empty = empty and not each
        yield each
    if empty and session.output == "table":
        session.remark("No sign-in meets this.")


def pages_of(ask: Callable[[Query], Page[T]], query: Query, most: int) -> Iterator[Sequence[T]]:
    """Yield what meets a query, at most so many, page by page as it is handed out."""
    while most > 0:
        page = ask(replace(query, limit=min(most, query.limit)))
        yield page.things[:most]
        most -= len(page.things)
        if page.after is None:
            return
        query = replace(query, after=page.after)
