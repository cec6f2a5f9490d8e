"""Whether a database is what it should be: its pages, its references, its bodies, and the counts that follow the log.

Nothing is changed. The journal is looked at first: SQLite would leave out what stands behind damage in it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import STORE_BUSY, STORE_DAMAGED, Refused
from accredit.stores import audits, sqlite, walfile
from accredit.stores.event_counts import COME, HOUR, HOURS_OF_DAY, come_to
from accredit.stores.event_index import COME_TO
from accredit.stores.event_row import DAY, claims_of, event_of
from accredit.stores.kept import READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

READERS: Final[Mapping[str, Callable[[bytes], object]]] = {
    **READ,
    "audits": audits.READ,
    "signins": event_of,
    "claim_sets": claims_of,
}
"""How the ``body`` of every table that has one is read."""
MOST: Final = 20  # problems of one kind that are told
_HOURS: Final = ", ".join(
    f"sum(iif(at / {HOUR} % 24 = {hour}, count, 0)) AS {name}" for hour, name in enumerate(HOURS_OF_DAY)
)
_COUNTED: Final = (  # hours that the log has whole: from the one after its first event's
    f"SELECT tenant_id, at / {DAY} AS day, code, {_HOURS} FROM signins"  # noqa: S608  constants
    " WHERE seq <= {}"
    f" AND at / {HOUR} > (SELECT at / {HOUR} FROM signins ORDER BY seq LIMIT 1) GROUP BY 1, 2, 3"
)
_SUMS: Final = ", ".join(f"sum({name}) AS {name}" for name in HOURS_OF_DAY)
_TOTALS: Final = f"SELECT tenant_id, day, code, {_SUMS} FROM {{}} GROUP BY 1, 2, 3"  # noqa: S608
_BOTH: Final = ", ".join(
    (*(f"l.{name}" for name in HOURS_OF_DAY), *(f"coalesce(t.{name}, 0)" for name in HOURS_OF_DAY))
)
_LESS: Final = " OR ".join(f"l.{name} > coalesce(t.{name}, 0)" for name in HOURS_OF_DAY)
_DIFFERENT: Final = (
    f"SELECT hex(l.tenant_id), l.day, l.code, {_BOTH} FROM ({_COUNTED}) AS l"  # noqa: S608
    f" LEFT JOIN ({{}}) AS t USING (tenant_id, day, code) WHERE {_LESS} LIMIT ?"
)
_CREDENTIAL: Final = "coalesce(credential_id, key_id)"
_USED_MORE: Final = (
    f"SELECT hex(l.app_id), hex(l.credential), l.n, coalesce(u.grants + u.refusals, 0) FROM (SELECT tenant_id, app_id,"  # noqa: S608
    f" {_CREDENTIAL} AS credential, sum(count) AS n, max(iif(code = 0, at, NULL)) AS at FROM signins"
    f" WHERE seq <= {come_to('uses')} AND {_CREDENTIAL} IS NOT NULL GROUP BY 1, 2, 3) AS l"
    " LEFT JOIN signin_uses AS u USING (tenant_id, app_id, credential)"
    " WHERE l.n > coalesce(u.grants + u.refusals, 0) OR l.at > coalesce(u.last_at, 0) LIMIT ?"
)
_UNFOUND: Final = (  # the index of each application's events
    f"SELECT count(*) FROM signins AS s WHERE seq <= {COME_TO} AND NOT EXISTS ("  # noqa: S608
    "SELECT 1 FROM signins_by_application AS a"
    f" WHERE a.day = s.at / {DAY} AND a.app_id = s.app_id AND a.at = s.at AND a.seq = s.seq AND a.code = s.code)"
)
_UNLISTED: Final = (  # whose those are that the index has not come to
    f"SELECT count(*) FROM signins AS s WHERE seq > {COME_TO} AND seq <= {come_to('totals')}"  # noqa: S608
    " AND NOT EXISTS (SELECT 1 FROM signins_ahead AS a WHERE a.seq = s.seq AND a.app_id = s.app_id)"
)


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at, and what is wrong with it."""

    what: str
    problems: tuple[str, ...] = ()


def examine(database: Path) -> list[Examined]:
    """Look through a database. Raises ``Refused`` (STORE_MISSING, STORE_FOREIGN, STORE_BUSY, SCHEMA_UNKNOWN)."""
    try:
        walfile.refuse_lost_transactions(database)
        found = [Examined("journal")]
        sqlite.refuse_other_schema(database)
        with closing(sqlite.connect(database)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            found += [Examined(what, _problems(look, connection)) for what, look in _LOOKS.items()]
    except Refused as refused:
        if refused.row is not STORE_DAMAGED:
            raise
        return [Examined("file", (str(refused.fields["reason"]),))]
    return found


def _problems(look: Callable[[sqlite3.Connection], Iterator[str]], connection: sqlite3.Connection) -> tuple[str, ...]:
    found: list[str] = []
    try:
        for problem in look(connection):
            found.append(problem)
            if len(found) == MOST:
                break
    except sqlite3.DatabaseError as error:
        reason = sqlite.reason_of(error)
        if reason.row is STORE_BUSY:
            raise reason from error
        found.append(str(error))
    return tuple(found)


def _pages(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({MOST})"):
        if line != "ok":
            yield from line.splitlines()


def _references(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"{table}, row {row}: what it refers to in {parent} is not there"


def _bodies(connection: sqlite3.Connection) -> Iterator[str]:
    for table, read in READERS.items():
        for row, body in connection.execute(f"SELECT rowid, body FROM {table}"):  # noqa: S608  our own names
            try:
                read(body)
            except (msgspec.MsgspecError, ValueError) as error:  # the second one: of text that is no text
                yield f"{table}, row {row}: {error}"


def _index(connection: sqlite3.Connection) -> Iterator[str]:
    missing = sum(connection.execute(each).fetchone()[0] for each in (_UNFOUND, _UNLISTED))
    if missing:
        yield f"{missing} events are missing in the index of their application's"


def _counts(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield hours of which the log has more than was counted. The counts remember what the log has forgotten."""
    for table, place in COME.items():
        question = _DIFFERENT.format(come_to(place), _TOTALS.format(table))
        for tenant, day, code, *numbers in connection.execute(question, (MOST,)):
            hours = len(HOURS_OF_DAY)
            for hour, (there, counted) in enumerate(zip(numbers[:hours], numbers[hours:], strict=True), day * hours):
                if there > counted:
                    yield f"{table}: tenant {tenant}, hour {hour}, code {code}: {there} in the log, {counted} counted"
    for app, credential, there, counted in connection.execute(_USED_MORE, (MOST,)):
        yield f"signin_uses: application {app}, {credential}: {there} in the log, {counted} counted"


_LOOKS: Final = {
    "pages": _pages,
    "references": _references,
    "bodies": _bodies,
    "index of sign-ins": _index,
    "counts of sign-ins": _counts,
}
