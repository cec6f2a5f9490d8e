"""What can be read of a damaged database, in a new one. The damaged file is read without SQLite and stays as it is.

Rule 1: of the directory only what is certain is taken: rows that a tree leads to, or that stood below a damaged page of
one, told from deleted ones by the list of free pages. A trust that was removed must not come back by accident.
Rule 2: of the logs (sign-ins, changes) everything is taken that is found, also behind what is damaged of the journal.
Rule 3: what follows from other tables is made anew where its own pages are damaged. Nothing is lost by that.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.errors import SCHEMA_UNKNOWN, STORE_BUSY, STORE_DAMAGED, Refused
from accredit.stores import audits, event_counts, fresh, sqlite
from accredit.stores.encoding import SCHEMA, column
from accredit.stores.event_index import EventIndex
from accredit.stores.examine import READERS
from accredit.stores.health import plain
from accredit.stores.kept import READ
from accredit.stores.kinds import KINDS
from accredit.stores.pagefile import PageFile, Tree
from accredit.stores.parentless import leave_out
from accredit.stores.shapes import belongs, insertion, shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from accredit.stores.pagefile import Values
    from accredit.stores.shapes import Shape

LOGS: Final = frozenset({"signins", "claim_sets", "audits"})
FOLLOWS: Final = frozenset({"signins_by_application", "signins_by_minute", "signin_days", "signins_ahead"})
"""What is made anew from the log, or from what was counted by the hour, always."""
COUNTS: Final = frozenset(event_counts.SUMS | event_counts.OF_USES)
ELEMENTS: Final = frozenset({audits.ELEMENTS, *(kind.elements for kind in KINDS if kind.elements)})
NAMES: Final = frozenset(kind.owned.table for kind in KINDS if kind.owned)
_OWN: Final = frozenset({"schema_version", "configuration", "changes", "signins_indexed"})  # written by ``_begin``
_LEFT: Final = _OWN | {"portal_sessions", "portal_links"}  # a session that was revoked must not come back
_PLACES: Final = 5  # columns of ``signins_indexed``
_PIECE: Final = 5_000  # rows that are held in memory
_AHEAD: Final = "INSERT INTO signins_ahead (seq, app_id) SELECT seq, app_id FROM signins WHERE seq > ?"
_DAYS: Final = "INSERT OR IGNORE INTO signin_days SELECT day FROM signin_hours"


@dataclass(slots=True)
class Saved:
    """What became of one table."""

    table: str
    rows: int = 0  # in the new database
    lost: int | None = 0  # None: some, nobody knows how many
    left_out: int = 0  # rows that could be read, but what they belong to could not


@dataclass(slots=True)
class Report:
    """What became of a database."""

    tables: list[Saved] = field(default_factory=list)
    transactions_lost: int = 0  # behind the damage of the journal; what they logged was taken, what they changed not
    made_anew: list[str] = field(default_factory=list)  # tables that follow from others
    without_directory: bool = False  # it could not be told from what had been deleted

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return not (self.transactions_lost or self.without_directory or any(s.lost != 0 for s in self.tables))


def recover(damaged: Path, new: Path, *, directory: Path | None = None) -> Report:
    """Write what can be read of ``damaged`` to ``new``, which must not exist.

    ``directory``: a whole database of another time, of which everything but the logs is taken. Nobody may be using the
    damaged one. Raises ``FileExistsError``, ``OSError``, ``Refused`` (SCHEMA_UNKNOWN, STORE_BUSY, STORE_DAMAGED).
    """
    fresh.create(new)
    try:
        with PageFile(damaged) as pages, closing(sqlite.connect(new)) as made:
            made.execute("PRAGMA foreign_keys = OFF")
            made.execute("BEGIN IMMEDIATE")
            report = _Salvage(pages, made, directory).run()
            made.execute("COMMIT")
            made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        _remove(new)
        raise Refused(STORE_BUSY, reason=plain(error)) from error
    except BaseException:
        _remove(new)
        raise
    return report


def _remove(path: Path) -> None:
    for name in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + name).unlink()


class _Salvage:
    def __init__(self, pages: PageFile, made: sqlite3.Connection, directory: Path | None) -> None:
        self._pages = pages
        self._made = made
        self._directory = directory
        self._roots: dict[str, int] = {}
        self._indexes: dict[str, list[int]] = {}  # of each table, those that have every row
        self._trees: dict[str, Tree] = {}
        self._unreadable: dict[str, int] = {}  # rows of each table that were there, with a body that is none
        self._report = Report(transactions_lost=pages.wal.lost)
        statements = self._catalogue()
        own = [sql for (sql,) in made.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")]
        self._shapes = shapes(own) | shapes(statements)

    def run(self) -> Report:
        self._refuse_other_schema()
        version, places = self._number("configuration"), self._places()
        for name in sorted(self._shapes.keys() - _LEFT - FOLLOWS - COUNTS):
            self._copy(name)
        self._alone()
        if self._directory is not None:
            self._take_directory(self._directory)
        elif self._report.without_directory:
            raise Refused(STORE_DAMAGED, reason="the directory cannot be told from what was deleted of it")
        self._derive()
        left_out = leave_out(self._made, self._shapes)
        self._count(places)
        self._begin(version)
        self._tell(left_out)
        return self._report

    def _catalogue(self) -> list[str]:
        """Read which tables and indexes there are, and where; return the statements that make the tables."""
        tree, statements = Tree(), []
        for _, values in self._pages.rows(1, tree):
            if len(values) != 5 or not isinstance(values[3], int):  # noqa: PLR2004  kind, name, table, root, statement
                continue
            kind, name, table, root, sql = values
            if kind == "table" and not name.startswith("sqlite_"):
                self._roots[name] = root
                statements.append(sql)
            elif kind == "index" and " WHERE " not in (sql or ""):
                self._indexes.setdefault(table, []).append(root)
        known = self._pages.free is not None
        self._report.without_directory = not known and not (tree.whole and self._roots)
        return statements

    def _refuse_other_schema(self) -> None:
        found = [values[0] for _, values in self._read("schema_version")]
        if found and found != [SCHEMA]:
            raise Refused(SCHEMA_UNKNOWN, found=found[0], needed=SCHEMA)

    def _read(self, name: str) -> Iterator[tuple[int, Values]]:
        tree = self._trees[name] = Tree()
        root = self._roots.get(name)
        if root is None:
            tree.bad_pages += 1
            return iter(())
        return self._pages.rows(root, tree)

    def _number(self, name: str) -> int | None:
        """Return the number in a table of one row."""
        found = [values[1] for _, values in self._read(name) if len(values) > 1 and isinstance(values[1], int)]
        return found[0] if found else None

    def _places(self) -> tuple[int, ...] | None:
        """Return how far the log was followed: by the index of applications, by the totals, the hours, the uses."""
        rows = [values[1:] for _, values in self._read("signins_indexed") if len(values) == _PLACES]
        found = [row for row in rows if all(isinstance(each, int) for each in row)]
        return found[0] if found else None

    def _copy(self, name: str) -> None:
        shape = self._shapes[name]
        self._insert(shape, (shape.row(n, values) for n, values in self._read(name) if shape.fits(values)))

    def _insert(self, shape: Shape, rows: Iterable[Values]) -> None:
        statement, remaining = insertion(shape), iter(row for row in rows if self._readable(shape, row))
        while piece := [*islice(remaining, _PIECE)]:
            self._made.executemany(statement, piece)

    def _readable(self, shape: Shape, row: Values) -> bool:
        """Whether the body of a row can be read, where it has one: who meets another one later breaks on it."""
        read = READERS.get(shape.table)
        if read is None:
            return True
        try:
            read(row[[each.name for each in shape.columns].index("body")])
        except (msgspec.MsgspecError, ValueError):
            self._unreadable[shape.table] = self._unreadable.get(shape.table, 0) + 1
            return False
        return True

    def _alone(self) -> None:
        """Take what stands in pages that no tree leads to: first what is certain, then what only the logs may take."""
        certain = self._pages.free is not None
        tables = [each for each in self._shapes.values() if each.rows_have_numbers and each.table not in _OWN]
        for number, values in self._pages.orphans():
            self._place(number, values, tables, certain=certain)
        for number, values in self._pages.behind():
            self._place(number, values, tables, certain=False)

    def _place(self, number: int, values: Values, tables: list[Shape], *, certain: bool) -> None:
        shape = belongs(tables, values)
        if shape is None or not (certain or shape.table in LOGS):
            return
        if shape.table == "claim_sets" and sha256(values[2]).digest()[:16] != values[0]:
            return
        self._insert(shape, [shape.row(number, values)])

    def _take_directory(self, path: Path) -> None:
        """Take everything but the logs from another database, and nothing of the damaged one's."""
        sqlite.refuse_other_schema(path)
        with closing(sqlite.connect(path)) as other:
            for name in sorted(self._shapes.keys() - _LEFT - FOLLOWS - COUNTS - LOGS - {audits.ELEMENTS, "exports"}):
                shape = self._shapes[name]
                names = ", ".join(f'"{each.name}"' for each in shape.columns)
                self._made.execute(f"DELETE FROM {name}")  # noqa: S608  our own names, as below
                self._insert(shape, other.execute(f"SELECT {names} FROM {name}"))  # noqa: S608
                self._trees[name] = Tree()
        self._report.without_directory = False

    def _derive(self) -> None:
        """Make anew what follows from the bodies of other tables, where its own pages are damaged."""
        for kind in KINDS:
            tables = (kind.elements, kind.owned.table if kind.owned else "")
            for table in (each for each in tables if each and not self._trees[each].whole):
                for (body,) in self._made.execute(f"SELECT body FROM {kind.table}").fetchall():  # noqa: S608
                    value = READ[kind.table](body)
                    rows = kind.element_rows(value) if table == kind.elements else _owned(kind, value)
                    self._add(table, rows)
                self._report.made_anew.append(table)
        if not self._trees[audits.ELEMENTS].whole or not self._trees["audits"].whole or self._report.transactions_lost:
            for (body,) in self._made.execute("SELECT body FROM audits").fetchall():
                self._add(audits.ELEMENTS, audits.targets(audits.READ(body)))
            self._report.made_anew.append(audits.ELEMENTS)

    def _add(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        for row in rows:
            names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
            self._made.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608

    def _count(self, places: tuple[int, ...] | None) -> None:
        """Have what follows the log follow it; what it had counted stays, also of events that are gone."""
        counts = {name: self._shapes[name] for name in sorted(COUNTS)}
        rows = {name: [shape.row(n, v) for n, v in self._read(name) if shape.fits(v)] for name, shape in counts.items()}
        kept = places is not None and all(self._trees[name].whole for name in COUNTS)
        if kept and places:  # what the counts had come to, and no more
            self._made.execute("CREATE TEMP TABLE later AS SELECT * FROM signins WHERE seq > ?", places[1:2])
            self._made.execute("DELETE FROM signins WHERE seq > ?", places[1:2])
        index = EventIndex(self._made)
        index.come_to_end()
        if kept and places:
            for name, shape in counts.items():
                self._made.execute(f"DELETE FROM {name}")  # noqa: S608
                self._insert(shape, rows[name])
            self._made.execute("UPDATE signins_indexed SET seq = ?, totals = ?, hours = ?, uses = ?", places)
            self._made.execute("DELETE FROM signins_by_application WHERE seq > ?", places[:1])
            self._made.execute(_AHEAD, (min(places),))
            self._made.execute(_DAYS)
            self._made.execute("INSERT INTO signins SELECT * FROM later")
            self._made.execute("DROP TABLE later")
            return
        self._report.made_anew += COUNTS
        (first,) = self._made.execute("SELECT min(at) / ? FROM signins", (event_counts.HOUR,)).fetchone()
        for name in sorted(event_counts.SUMS):  # hours that the log no longer has
            event_counts.remember_hours(self._made, name, rows[name], first)
        self._made.execute(_DAYS)
        for name in event_counts.OF_USES:
            names = [each.name for each in counts[name].columns]
            event_counts.remember(self._made, (dict(zip(names, each, strict=True)) for each in rows[name]))

    def _begin(self, version: int | None) -> None:
        """Let everybody who kept something of the old database see that this is another one."""
        if version is None:
            tree = self._trees.setdefault("changes", Tree())
            rows = self._pages.rows(self._roots.get("changes", 0), tree)
            version = max((values[0] for _, values in rows if isinstance(values[0], int)), default=0)
        self._made.execute("UPDATE configuration SET version = ?", (version + 1,))

    def _tell(self, left_out: dict[str, int]) -> None:
        hidden = _LEFT | FOLLOWS | ELEMENTS
        for name in sorted(self._shapes.keys() - hidden):
            (rows,) = self._made.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608  our own names
            gone = left_out.get(name, 0)
            lost: int | None = self._unreadable.get(name, 0)
            if not (self._trees[name].whole or name in COUNTS | NAMES):
                lost = self._missing(name, rows + gone)
            self._report.tables.append(Saved(name, rows, lost, gone))

    def _missing(self, name: str, found: int) -> int | None:
        """Return how many rows are missing: an index that is whole has one entry for each."""
        for root in self._indexes.get(name, ()):
            tree = Tree()
            count = sum(1 for _ in self._pages.rows(root, tree))
            if tree.whole:
                return max(0, count - found)
        return None


def _owned(kind: Any, value: msgspec.Struct) -> list[dict[str, Any]]:  # noqa: ANN401  any kind of thing
    return [{name: column(each) for name, each in row.items()} for row in kind.owned.rows(value)]
