"""What is known of an issuer's keys as JSON: a probe, how they stand, their history. Extensions of this authority."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads the annotations
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID  # noqa: TC003  as above

import msgspec

from accredit.interop.graph import parts
from accredit.interop.graph.parts import Json, Wire
from accredit.issuers.history import DocumentKind  # noqa: TC001  as above
from accredit.issuers.probe import Probe, ProbedKey, Status, Verdict  # noqa: TC001  as above
from accredit.issuers.record import KeySource  # noqa: TC001  as above

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.issuers import Issuer
    from accredit.issuers.history import History
    from accredit.issuers.watching import KeyState

KIND = "Probe"


class Asked(Wire, frozen=True, kw_only=True):
    """The body that asks for a probe of an issuer, by its URL. There may be no record of it yet."""

    url: str


class WrittenStep(Wire, frozen=True, kw_only=True):
    """A step of a probe."""

    id: str
    title: str
    status: Status
    value: str
    remedy: str
    details: tuple[str, ...]
    milliseconds: float | None


class WrittenProbe(Wire, frozen=True, kw_only=True):
    """A probe."""

    issuer: str
    issuer_record_id: UUID | None
    probed_date_time: datetime
    verdict: Verdict
    steps: tuple[WrittenStep, ...]
    keys: tuple[ProbedKey, ...]


class WrittenState(Wire, frozen=True, kw_only=True):
    """How the keys of a record stand. Times: the last success, the last attempt if it failed, the next one."""

    health: Literal["ok", "failing", "unknown"]
    fetched_date_time: datetime | None
    failed_date_time: datetime | None
    failure: str
    next_date_time: datetime | None
    keys: int | None
    is_fresh: bool


class WrittenKey(Wire, frozen=True, kw_only=True):
    """A key that was usable in some document."""

    kid: str
    thumbprint: str
    alg: str
    kty: str
    size: int
    source: KeySource
    first_seen_date_time: datetime
    last_seen_date_time: datetime
    gone_date_time: datetime | None


class WrittenDocument(Wire, frozen=True, kw_only=True):
    """A document that was fetched; by its digest its text can be had."""

    kind: DocumentKind
    digest: str
    first_seen_date_time: datetime
    last_seen_date_time: datetime
    size: int


class WrittenFetches(Wire, frozen=True, kw_only=True):
    """Fetches one after the other that ended alike."""

    result: str
    reason: str
    since_date_time: datetime
    until_date_time: datetime
    fetches: int
    milliseconds: float


class WrittenHistory(Wire, frozen=True, kw_only=True):
    """What is kept of a record, each newest first."""

    id: UUID
    url: str
    state: WrittenState
    keys: tuple[WrittenKey, ...]
    documents: tuple[WrittenDocument, ...]
    fetches: tuple[WrittenFetches, ...]


class WrittenText(Wire, frozen=True, kw_only=True):
    """A document as it was fetched; what is not UTF-8 in it is replaced."""

    digest: str
    document: str


def asked(body: Mapping[str, Any]) -> str:
    """Return the URL that a body asks a probe of. Raises ``Refused(PROPERTY_INVALID)``."""
    return parts.merged(KIND, Asked, body).url


def probe(of: Probe) -> Json:
    """Write a probe."""
    return _written(
        WrittenProbe(
            issuer=of.issuer,
            issuer_record_id=of.issuer_id,
            probed_date_time=of.at,
            verdict=of.verdict,
            steps=tuple(
                WrittenStep(
                    id=each.id,
                    title=each.title,
                    status=each.status,
                    value=each.value,
                    remedy=each.remedy,
                    details=each.details,
                    milliseconds=None if each.milliseconds is None else round(each.milliseconds, 3),
                )
                for each in of.steps
            ),
            keys=of.keys,
        )
    )


def state(of: KeyState) -> Json:
    """Write how the keys of a record stand."""
    return _written(_state(of))


def history(issuer: Issuer, of: History, now: KeyState) -> Json:
    """Write what is kept of a record, and how it stands."""
    return _written(
        WrittenHistory(
            id=issuer.id,
            url=issuer.url,
            state=_state(now),
            keys=tuple(
                WrittenKey(
                    kid=each.kid,
                    thumbprint=each.thumbprint,
                    alg=each.alg,
                    kty=each.kty,
                    size=each.size,
                    source=each.source,
                    first_seen_date_time=each.first_seen,
                    last_seen_date_time=each.last_seen,
                    gone_date_time=each.gone_at,
                )
                for each in of.keys
            ),
            documents=tuple(
                WrittenDocument(
                    kind=each.kind,
                    digest=each.digest,
                    first_seen_date_time=each.fetched_at,
                    last_seen_date_time=each.last_seen,
                    size=each.octets,
                )
                for each in of.snapshots
            ),
            fetches=tuple(
                WrittenFetches(
                    result=each.result,
                    reason=each.reason,
                    since_date_time=each.since,
                    until_date_time=each.until,
                    fetches=each.fetches,
                    milliseconds=each.milliseconds,
                )
                for each in of.runs
            ),
        )
    )


def document(digest: str, body: bytes) -> Json:
    """Write a document as it was fetched."""
    return _written(WrittenText(digest=digest, document=body.decode("utf-8", "replace")))


def _state(of: KeyState) -> WrittenState:
    return WrittenState(
        health=of.health,
        fetched_date_time=of.fetched_at,
        failed_date_time=of.failed_at,
        failure=of.failure,
        next_date_time=of.next_at,
        keys=of.keys,
        is_fresh=of.fresh,
    )


def _written(of: Wire) -> Json:
    found: Json = msgspec.json.decode(msgspec.json.encode(of))  # with lists, as who reads JSON has them
    return found
