"""What fetches of issuers' documents showed, in a SQLite file: small statements over connections of its own.

Rule 1: what is written belongs to a record, and goes with it. Of a record that is gone nothing is written.
Rule 2: it is bounded for each record: an issuer that answers otherwise every time fills nobody's disk.
Rule 3: what is told of a drift is an audit record, written in the transaction that makes it history.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from accredit.issuers.drift import drifts
from accredit.issuers.history import OK, Before, History, KnownKey, Run, Snapshot, known
from accredit.stores import audits
from accredit.stores.encoding import instant, micros
from accredit.stores.health import Damage
from accredit.stores.sqlite import connect, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from os import PathLike

    from accredit.issuers import Issuer
    from accredit.issuers.drift import Drift
    from accredit.issuers.history import Visited
    from accredit.signins import Audit

    Told = Callable[[Drift], Audit]
    """Makes the record of a drift."""

SNAPSHOTS: Final = 50  # of each kind and record
OCTETS: Final = 2 * 2**20  # of the documents of each kind and record; the newest is kept whatever it is
RUNS: Final = 50  # of each record
KEYS: Final = 500  # of each record; those that were seen last

_OF: Final = "tenant_id = :tenant AND issuer_id = :issuer"
_THERE: Final = "SELECT 1 FROM issuers WHERE tenant_id = :tenant AND id = :issuer"
_KEYS: Final = (
    "SELECT kid, thumbprint, alg, kty, size, source, first_seen, last_seen, gone_at FROM issuer_keys"  # noqa: S608  constants, as below
    f" WHERE {_OF} ORDER BY gone_at IS NOT NULL, last_seen DESC, first_seen DESC, kid, thumbprint"
)
_SNAPSHOTS: Final = (
    "SELECT kind, digest, first_seen, last_seen, length(document) FROM issuer_documents"  # noqa: S608
    f" WHERE {_OF} ORDER BY last_seen DESC, first_seen DESC, kind, digest"
)
_RUNS: Final = (
    "SELECT result, reason, since, until, fetches, took FROM issuer_fetches"  # noqa: S608
    f" WHERE {_OF} ORDER BY since DESC LIMIT {RUNS}"
)
_AFTER: Final = f"SELECT coalesce(max(until) + 1, 0) FROM issuer_fetches WHERE {_OF}"  # noqa: S608
_DOCUMENT: Final = f"SELECT document FROM issuer_documents WHERE {_OF} AND digest = :digest"  # noqa: S608
_NEWEST: Final = (
    f"SELECT document FROM issuer_documents WHERE {_OF} AND kind = :kind"  # noqa: S608
    " ORDER BY last_seen DESC, first_seen DESC LIMIT 1"
)
_SHARING: Final = (
    "SELECT DISTINCT i.url FROM issuer_keys AS k JOIN issuers AS i ON i.tenant_id = k.tenant_id AND i.id = k.issuer_id"
    " WHERE k.tenant_id = :tenant AND k.thumbprint = :thumbprint AND k.gone_at IS NULL AND i.url <> :url ORDER BY 1"
)
_LONGER: Final = (
    "UPDATE issuer_fetches SET until = :at, reason = :reason, fetches = fetches + 1, took = :took"  # noqa: S608
    f" WHERE {_OF} AND since = (SELECT max(since) FROM issuer_fetches WHERE {_OF}) AND result = :result"
)
_BEGUN: Final = (
    "INSERT INTO issuer_fetches (tenant_id, issuer_id, since, until, result, reason, fetches, took)"
    " VALUES (:tenant, :issuer, :at, :at, :result, :reason, 1, :took) ON CONFLICT DO NOTHING"
)
_FEWER_RUNS: Final = (
    f"DELETE FROM issuer_fetches WHERE {_OF} AND since IN"  # noqa: S608
    f" (SELECT since FROM issuer_fetches WHERE {_OF} ORDER BY since DESC LIMIT -1 OFFSET {RUNS})"
)
_SEEN: Final = (
    "INSERT INTO issuer_documents (tenant_id, issuer_id, kind, digest, first_seen, last_seen, document)"
    " VALUES (:tenant, :issuer, :kind, :digest, :at, :at, :document)"
    " ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)"
)
_FEWER_DOCUMENTS: Final = (
    "DELETE FROM issuer_documents WHERE rowid IN (SELECT rowid FROM (SELECT rowid, row_number() OVER w AS n,"  # noqa: S608
    f" sum(length(document)) OVER w AS total FROM issuer_documents WHERE {_OF}"
    " WINDOW w AS (PARTITION BY kind ORDER BY last_seen DESC, first_seen DESC, digest ROWS UNBOUNDED PRECEDING))"
    f" WHERE n > {SNAPSHOTS} OR (n > 1 AND total > {OCTETS}))"
)
_KEY: Final = (
    "INSERT INTO issuer_keys (tenant_id, issuer_id, thumbprint, kid, alg, kty, size, source, first_seen, last_seen)"
    " VALUES (:tenant, :issuer, :thumbprint, :kid, :alg, :kty, :size, :source, :at, :at)"
    " ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen), gone_at = NULL,"
    " alg = excluded.alg, source = excluded.source"
)
_GONE: Final = f"UPDATE issuer_keys SET gone_at = :at WHERE {_OF} AND gone_at IS NULL AND last_seen < :at"  # noqa: S608
_FEWER_KEYS: Final = (
    f"DELETE FROM issuer_keys WHERE {_OF} AND gone_at IS NOT NULL AND (thumbprint, kid) IN"  # noqa: S608
    f" (SELECT thumbprint, kid FROM issuer_keys WHERE {_OF} ORDER BY gone_at IS NOT NULL, last_seen DESC"
    f" LIMIT -1 OFFSET {KEYS})"
)


class IssuerHistory:
    """The history of one database. Nothing suspends; raises ``Refused`` (STORE_BUSY, STORE_DAMAGED, STORE_UNLIKE).

    ``write`` may run in another thread than the rest, but not twice at a time.
    """

    def __init__(self, path: str | PathLike[str], damage: Damage | None = None) -> None:
        self._path = path
        self._damage = damage or Damage()
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None

    def of(self, issuer: Issuer) -> History:
        """Return what is kept of a record."""
        with self._reading() as connection:
            which = _which(issuer)
            return History(
                tuple(_known_key(row) for row in connection.execute(_KEYS, which)),
                tuple(_snapshot(row) for row in connection.execute(_SNAPSHOTS, which)),
                tuple(_run(row) for row in connection.execute(_RUNS, which)),
            )

    def runs(self, issuer: Issuer) -> tuple[Run, ...]:
        """Return how fetches of a record ended, newest first."""
        with self._reading() as connection:
            return tuple(_run(row) for row in connection.execute(_RUNS, _which(issuer)))

    def before(self, issuer: Issuer) -> Before:
        """Return the newest documents of a record, and how its newest fetch ended."""
        with self._reading() as connection:
            return _before(connection, issuer)

    def document(self, issuer: Issuer, digest: str) -> bytes | None:
        """Return a document as it was fetched; ``None``: it is not kept."""
        with self._reading() as connection:
            row = connection.execute(_DOCUMENT, {**_which(issuer), "digest": digest}).fetchone()
        return None if row is None else bytes(row[0])

    def sharing(self, issuer: Issuer, thumbprints: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the other issuers of the tenant that publish a key, by its thumbprint."""
        with self._reading() as connection:
            return _sharing(connection, issuer, thumbprints)

    def write(self, found: Visited, at: datetime, told: Told) -> tuple[Drift, ...]:
        """Keep what a fetch showed, and return what of it was told."""
        self._damage.refuse_to_write()
        with self._changing() as connection:
            which = _which(found.issuer)
            if connection.execute(_THERE, which).fetchone() is None:
                return ()
            shared = _sharing(connection, found.issuer, [each.thumbprint for each in found.keys.keys])
            drift = drifts(found, _before(connection, found.issuer), shared)
            now = max(
                micros(at), *connection.execute(_AFTER, which).fetchone()
            )  # a clock may be set back, or stand still
            _write_run(connection, found, now)
            if found.result == OK:
                _write_documents(connection, found, now)
                _write_keys(connection, found, now)
            for each in drift:
                _write_audit(connection, told(each))
        return drift

    def close(self) -> None:
        """Let go of the connections."""
        for each in (self._reader, self._writer):
            if each is not None:
                each.close()
        self._reader = self._writer = None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        self._reader = self._reader or connect(self._path)
        with self._unavailable():
            yield self._reader

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        connection = self._writer = self._writer or connect(self._path)
        with self._unavailable():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _unavailable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self._damage.note(error)
            raise reason_of(error) from error


def _which(issuer: Issuer) -> dict[str, str]:
    return {"tenant": str(issuer.tenant_id), "issuer": str(issuer.id)}


def _before(connection: sqlite3.Connection, issuer: Issuer) -> Before:
    which = _which(issuer)
    newest = {kind: connection.execute(_NEWEST, {**which, "kind": kind}).fetchone() for kind in ("discovery", "jwks")}
    last = connection.execute(_RUNS, which).fetchone()
    return Before({kind: bytes(row[0]) for kind, row in newest.items() if row}, "" if last is None else str(last[0]))


def _sharing(
    connection: sqlite3.Connection, issuer: Issuer, thumbprints: Sequence[str]
) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in thumbprints:
        wanted = {"tenant": str(issuer.tenant_id), "thumbprint": each, "url": issuer.url}
        if urls := tuple(str(url) for (url,) in connection.execute(_SHARING, wanted)):
            found[each] = urls
    return found


def _write_run(connection: sqlite3.Connection, found: Visited, at: int) -> None:
    row = {
        **_which(found.issuer),
        "at": at,
        "result": found.result,
        "reason": found.reason,
        "took": round(found.milliseconds * 1_000),
    }
    if not connection.execute(_LONGER, row).rowcount:
        connection.execute(_BEGUN, row)
        connection.execute(_FEWER_RUNS, _which(found.issuer))


def _write_documents(connection: sqlite3.Connection, found: Visited, at: int) -> None:
    for each in found.documents:
        row = {"kind": each.kind, "digest": each.digest, "at": at, "document": each.body}
        connection.execute(_SEEN, {**_which(found.issuer), **row})
    connection.execute(_FEWER_DOCUMENTS, _which(found.issuer))


def _write_keys(connection: sqlite3.Connection, found: Visited, at: int) -> None:
    which = {**_which(found.issuer), "at": at}
    for each in known(found, instant(at)):
        row = {name: getattr(each, name) for name in ("thumbprint", "kid", "alg", "kty", "size", "source")}
        connection.execute(_KEY, {**which, **row})
    connection.execute(_GONE, which)
    connection.execute(_FEWER_KEYS, which)


def _write_audit(connection: sqlite3.Connection, record: Audit) -> None:
    for table, rows in (("audits", [audits.row(record)]), (audits.ELEMENTS, audits.targets(record))):
        for row in rows:
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608  our own names


def _known_key(row: Sequence[Any]) -> KnownKey:
    kid, thumbprint, alg, kty, size, source, first_seen, last_seen, gone_at = row
    return KnownKey(
        kid=kid,
        thumbprint=thumbprint,
        alg=alg,
        kty=kty,
        size=size,
        source=source,
        first_seen=instant(first_seen),
        last_seen=instant(last_seen),
        gone_at=None if gone_at is None else instant(gone_at),
    )


def _snapshot(row: Sequence[Any]) -> Snapshot:
    kind, digest, first_seen, last_seen, octets = row
    return Snapshot(
        kind=kind, digest=digest, fetched_at=instant(first_seen), last_seen=instant(last_seen), octets=octets
    )


def _run(row: Sequence[Any]) -> Run:
    result, reason, since, until, fetches, took = row
    return Run(
        result=result,
        reason=reason,
        since=instant(since),
        until=instant(until),
        fetches=fetches,
        milliseconds=took / 1_000,
    )
