"""A refusal as Microsoft Graph says it.

Rule 1: every answer that is no success has this shape: the Azure CLI ends with a traceback on any other JSON.
Rule 2: the precise reason (``Refused.detail``) is told to who has proven who it is, as a member that clients ignore;
what is wrong with us is told to nobody but the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from accredit.errors import GRAPH_VERB, US

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accredit.errors import Refused, Row
    from accredit.signins import Sender

_UNAUTHORIZED: Final = 401
_LATER: Final = frozenset({429, 503})
RETRY_AFTER: Final = 1  # seconds
CODES: Final[Mapping[int, str]] = {
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    409: "Conflict",
    413: "RequestEntityTooLarge",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
"""What a status is called where a row has no code of Microsoft Graph's; every other one is a BadRequest."""


@dataclass(frozen=True, slots=True)
class Envelopes:
    """How refusals are worded here: the catalogue, which an operator may override."""

    catalogue: Mapping[str, Row]

    def of(self, refused: Refused, who: Sender, at: datetime) -> tuple[int, dict[str, Any]]:
        """Return status and body."""
        row = self.catalogue.get(refused.row.name, refused.row)
        inner = {
            "date": f"{at:%Y-%m-%dT%H:%M:%S}",  # without a Z, as Graph writes it
            "request-id": str(who.trace),
            "client-request-id": str(who.correlation),
        }
        if refused.detail and row.status != _UNAUTHORIZED and row.move != US:
            inner["accredit"] = refused.detail
        code = row.error if row.family == "graph" else CODES.get(row.status, "BadRequest")
        message = row.template.format_map(refused.fields)
        error: dict[str, Any] = {"code": code, "message": message, "innerError": inner}
        if refused.details:
            error["details"] = [
                {"code": rule, "message": text, "target": member} for rule, text, member in refused.details
            ]
        return row.status, {"error": error}


def headers(refused: Refused, status: int) -> dict[str, str]:
    """Return the headers that belong to a refusal."""
    if refused.row is GRAPH_VERB:
        return {"Allow": refused.fields["valid_verbs"]}
    if status == _UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": str(refused.retry_after or RETRY_AFTER)} if status in _LATER else {}
