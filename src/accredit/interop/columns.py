"""A sign-in as one flat row, for tables and for attributes of a log record: the same names and types wherever it goes.

Rule 1: names and types are a promise to whoever keeps such rows: a new column comes last, none changes its type.
Rule 2: what has parts of its own (claims, verdicts) stands in one column as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
from msgspec.structs import asdict

from accredit.signins import Event, hashed
from accredit.signins.claim_set import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

Kind = Literal["text", "texts", "whole", "real", "time"]
"""``texts``: a list of them; ``time``: an aware UTC instant."""
Value: TypeAlias = str | list[str] | int | float | datetime | None

_json: Final = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what its values are, and how one is read off an event."""

    name: str
    kind: Kind
    of: Callable[[Event], Value]


def row(event: Event) -> dict[str, Value]:
    """Return a sign-in as a row: every column by its name, ``None`` where there is nothing."""
    return {each.name: each.of(event) for each in COLUMNS}


def _id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _moment(epoch: float | None) -> datetime | None:
    """Return a time that a stranger wrote into a token; ``None`` for one that no calendar has."""
    try:
        return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _verdicts(event: Event) -> str | None:
    kept = [
        {"credential_id": each.credential_id, "name": each.name, "checks": [asdict(check) for check in each.checks]}
        for each in event.verdicts
    ]
    return _json.encode(kept).decode() if kept else None


COLUMNS: Final = (
    Column("id", "text", lambda e: str(e.id)),
    Column("time", "time", lambda e: e.at),
    Column("tenant_id", "text", lambda e: str(e.tenant_id)),
    Column("app_id", "text", lambda e: str(e.app_id)),
    Column("app_name", "text", lambda e: e.app_name),
    Column("service_principal_id", "text", lambda e: str(e.principal_id)),
    Column("correlation_id", "text", lambda e: str(e.correlation_id)),
    Column("unique_token_identifier", "text", lambda e: e.uti or None),
    Column("address", "text", lambda e: e.address),
    Column("user_agent", "text", lambda e: e.user_agent or None),
    Column("result", "text", lambda e: "refused" if e.code else "granted"),
    Column("code", "whole", lambda e: e.code),
    Column("failure_reason", "text", lambda e: e.failure or None),
    Column("additional_details", "text", lambda e: e.detail or None),
    Column("nearest", "text", lambda e: e.nearest or None),
    Column("credential_type", "text", lambda e: e.evidence),
    Column("proof", "text", lambda e: e.proof),
    Column("credential_id", "text", lambda e: _id(e.credential_id)),
    Column("credential_name", "text", lambda e: e.credential_name or None),
    Column("key_id", "text", lambda e: _id(e.key_id)),
    Column("key_thumbprint", "text", lambda e: e.thumbprint or None),
    Column("clause", "text", lambda e: e.clause or None),
    Column("issuer_record_id", "text", lambda e: _id(e.issuer_id)),
    Column("issuer", "text", lambda e: e.issuer or None),
    Column("subject", "text", lambda e: e.subject),
    Column("audiences", "texts", lambda e: list(e.audiences)),
    Column("algorithm", "text", lambda e: e.algorithm or None),
    Column("kid", "text", lambda e: e.kid),
    Column("token_id_hash", "text", lambda e: hashed(e.token_id)),
    Column("assertion_sha256", "text", lambda e: e.digest or None),
    Column("assertion_issued", "time", lambda e: _moment(e.issued)),
    Column("assertion_expires", "time", lambda e: _moment(e.expires)),
    Column("keys_stale_seconds", "real", lambda e: e.keys_stale),
    Column("claims", "text", lambda e: _json.encode(dict(e.claims)).decode() if e.claims else None),
    Column("requested_resource", "text", lambda e: e.wanted or None),
    Column("resource_app_id", "text", lambda e: _id(e.resource_app_id)),
    Column("resource_service_principal_id", "text", lambda e: _id(e.resource_principal_id)),
    Column("resource_name", "text", lambda e: e.resource_name or None),
    Column("roles", "texts", lambda e: list(e.roles)),
    Column("duration_ms", "real", lambda e: e.duration),
    Column("count", "whole", lambda e: e.count),
    Column("last_time", "time", lambda e: e.last_at),
    Column("last_id", "text", lambda e: _id(e.last_id)),
    Column("subjects", "texts", lambda e: list(e.subjects)),
    Column("verdicts", "text", _verdicts),
    Column("policies", "texts", lambda e: list(e.policies)),
    Column("assertion_reused", "whole", lambda e: e.reused),
    Column("assertion_first_address", "text", lambda e: e.first_address or None),
    Column("claim_types", "texts", lambda e: [KINDS.get(each, each) for each in e.claim_kinds]),
    Column("claims_lacking", "texts", lambda e: list(e.claims_lacking)),
)
