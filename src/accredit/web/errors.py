"""A refusal as the token endpoint says it: status and body, and nothing that only administrators may know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accredit.errors import Refused, Row
    from accredit.signins import Sender

SEPARATORS: Final = {"space": " ", "crlf": "\r\n"}


@dataclass(frozen=True, slots=True)
class Errors:
    """How this authority words refusals: its catalogue (an operator may override rows) and its public URL."""

    base: str
    catalogue: Mapping[str, Row]
    separator: Literal["space", "crlf"] = "space"

    def body(
        self, refused: Refused, sender: Sender, at: datetime, explanation: Mapping[str, Any] | None = None
    ) -> tuple[int, bytes]:
        """Return status and JSON body, members in the order in which Entra ID sends them."""
        row = self.catalogue.get(refused.row.name, refused.row)
        stamp = f"{at.isoformat(' ', 'seconds')[:19]}Z"
        trace = str(sender.trace)
        correlation = trace if sender.correlation is sender.trace else str(sender.correlation)
        text = SEPARATORS[self.separator].join(
            (
                f"{row.label}: {row.template.format_map(refused.fields)}",
                f"Trace ID: {trace}",
                f"Correlation ID: {correlation}",
                f"Timestamp: {stamp}",
            )
        )
        body: dict[str, Any] = {
            "error": row.error,
            "error_description": text,
            "error_codes": [row.code] if row.family == "sts" else [],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }
        if row.uri:
            body["error_uri"] = f"{self.base}/error?code={row.code}"
        if explanation is not None:
            body["accredit_explain"] = explanation
        return row.status, msgspec.json.encode(body)

    def page(self, code: str) -> bytes:
        """Return the help page that ``error_uri`` leads to: what the number means, and nothing of any caller."""
        rows = [row for row in self.catalogue.values() if str(row.code) == code and row.stage != "tools"]
        if not code.isdecimal() or not rows:
            return _html("Unknown code", "<p>There is no refusal with this number here.</p>")
        parts = (f"<p>{_escaped(row.template)}</p><p><b>What helps:</b> {_escaped(row.advice)}</p>" for row in rows)
        return _html(f"AADSTS{code}", "".join(parts))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _html(title: str, body: str) -> bytes:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} · accredit</title>'
    return f"{head}<h1>{title}</h1>{body}</html>".encode()
