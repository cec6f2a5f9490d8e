"""What fetches of an issuer showed: the timeline, its keys, its documents as they were, and how they differ.

Rule 1: a document is a stranger's: it is shown as text, and never served as itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from accredit.errors import NOT_FOUND, Refused
from accredit.issuers.history import difference
from accredit.web.portal.pages import issuer_parts as parts
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from accredit.issuers.history import Snapshot
    from accredit.web.portal.visit import Visit

LONGEST: Final = 100_000  # characters of a document that are shown


class Line(NamedTuple):
    """One line of a comparison. ``kind``: added, removed, or neither."""

    kind: str
    text: str


async def history(visit: Visit) -> Response:
    """Show the fetch timeline, the keys that are and were, and the documents."""
    issuer = await parts.found(visit)
    known = visit.portal.key_watch.history(issuer)
    runs = tuple(replace(each, reason=parts.told(visit, each.reason)) for each in known.runs)
    return await visit.page(
        "issuer_history.html",
        **await parts.around(visit, issuer, "history"),
        known=replace(known, runs=runs),
    )


async def document(visit: Visit) -> Response:
    """Show one document as it was fetched, and how it differs from the one before it of its kind."""
    issuer, digest = await parts.found(visit), visit.request.path_params["digest"]
    watch = visit.portal.key_watch
    snapshots = watch.history(issuer).snapshots
    shown = next((each for each in snapshots if each.digest == digest), None)
    body = None if shown is None else watch.document(issuer, shown.digest)
    if shown is None or body is None:
        raise Refused(NOT_FOUND, detail=_("This document is not kept any more."))
    before = _before(shown, snapshots)
    old = None if before is None else watch.document(issuer, before.digest)
    return await visit.page(
        "issuer_document.html",
        **await parts.around(visit, issuer, "history"),
        shown=shown,
        text=_text(body)[:LONGEST],
        before=before if old is not None else None,
        lines=[] if old is None else _lines(difference(old, body)),
    )


def _before(shown: Snapshot, snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Return the document that was fetched before this one."""
    older = [each for each in snapshots if each.kind == shown.kind and each.fetched_at < shown.fetched_at]
    return max(older, key=lambda each: each.fetched_at, default=None)


def _text(body: bytes) -> str:
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")


def _lines(compared: Sequence[str]) -> list[Line]:
    kinds = {"+": "added", "-": "removed"}
    return [Line(kinds.get(each[:1], ""), each) for each in compared if not each.startswith(("+++", "---"))]


ROUTES: Final = (
    Route("GET", f"{parts.PATH}/history", history, "reader"),
    Route("GET", f"{parts.PATH}/documents/{{digest}}", document, "reader"),
)
