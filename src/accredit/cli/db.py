"""``accredit db``: the database as a file: its schema, copies, damage."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from accredit.cli.desk import refuse_elsewhere
from accredit.cli.failures import NO, Answered, Said
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.session import Session, pass_session
from accredit.cli.words import followed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

COLUMNS: Final = (
    Column("database", "path"),
    Column("schema", "schema"),
    Column("needed", "needed"),
    Column("current", "isCurrent"),
)
CHECKED: Final = (Column("Checked", "checked"), Column("OK", "ok"), Column("Problems", "problems"))
COPIED: Final = (Column("copy", "path"), Column("of", "of"), Column("bytes", "bytes"))
SAVED: Final = (Column("Table", "table"), Column("Rows", "rows"), Column("Lost", "lost"), Column("Left out", "leftOut"))


@group("db")
def db() -> None:
    """The database: its schema, copies of it, damage to it."""


@db.command("status")
@pass_session
def status(session: Session) -> None:
    """Say which schema the database has, and which this version needs. Exit code 3 when they differ."""
    from accredit.stores.sqlite import db_status

    path = _path(session)
    found, needed = db_status(path)
    session.show(_shape(path, found, needed), COLUMNS)
    if found != needed:
        session.note("The database is upgraded with: accredit db upgrade")
        raise Answered(NO)


@db.command("upgrade")
@pass_session
def upgrade(session: Session) -> None:
    """Bring the database to the schema of this version. Stop the server and make a copy first."""
    from accredit.stores.migrations import db_upgrade
    from accredit.stores.sqlite import db_status

    path = _path(session)
    found, needed = db_status(path)
    if found == needed:
        session.show(_shape(path, found, needed), COLUMNS)
        session.note("Nothing to do.")
        return
    before, after = db_upgrade(path)
    session.show(_shape(path, after, needed), COLUMNS)
    session.done(f"Upgraded from schema {before} to {after}; only a copy brings the old one back.")


@db.command("check")
@pass_session
def check(session: Session) -> None:
    """Look through the whole database, also beside a running server. Exit code 3 when something is wrong."""
    from accredit.stores.examine import examine

    path = _path(session)
    found = examine(path)
    rows = [{"checked": each.what, "ok": not each.problems, "problems": list(each.problems)} for each in found]
    session.show(rows, CHECKED)
    if any(each.problems for each in found):
        session.warn(f"{path} is damaged. Stop the server; then put back a copy, or save what can be read:")
        session.note(followed("accredit db recover --to FILE", *session.told))
        raise Answered(NO)


@db.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@pass_session
def backup(session: Session, file: Path) -> None:
    """Copy the database to FILE while the server runs. FILE must not exist; the master key is not in it."""
    from accredit.stores.backup import backup

    path = _path(session)
    size = _unless_there(lambda: backup(path, file), file)
    session.show({"path": str(file), "of": str(path), "bytes": size}, COPIED)


@db.command("recover")
@click.option("--to", "new", required=True, type=click.Path(path_type=Path), help="The new database; no such file yet.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A copy from accredit db backup: all but the sign-ins and changes is taken from it.",
)
@pass_session
def recover(session: Session, new: Path, directory: Path | None) -> None:
    """Save what can be read of a damaged database in a new one. The damaged file stays as it is.

    Stop the server first. Exit code 3 when something is missing in the new database: the table says how much.
    """
    from accredit.stores.salvage import recover

    path = _path(session)
    with _nobody_serves(path):
        report = _unless_there(lambda: recover(path, new, directory=directory), new)
    rows = [
        {"table": each.table, "rows": each.rows, "lost": each.lost, "leftOut": each.left_out} for each in report.tables
    ]
    session.show([each for each in rows if each["rows"] or each["lost"] != 0 or each["leftOut"]], SAVED)
    if report.made_anew:
        session.remark(f"Made anew from what was read, with nothing lost: {', '.join(sorted(set(report.made_anew)))}.")
    if report.transactions_lost:
        session.warn(
            f"{report.transactions_lost} transactions of the journal stand behind damage. What they logged was"
            " saved as far as it was found; what they changed in the directory is as before: accredit audit list"
            " shows the changes."
        )
    session.remark(f"{path} is as it was. To serve {new}: move {path.name} and what is beside it away, and this there.")
    if not report.whole:
        raise Answered(NO)


@contextmanager
def _nobody_serves(path: Path) -> Iterator[None]:
    """Keep servers out while the block runs. Where no lock can be taken, because the disk is read-only, none serves."""
    from accredit.app.occupied import occupied
    from accredit.errors import OUTPUT_UNWRITABLE, Refused

    with ExitStack() as ending:
        try:
            ending.enter_context(occupied(path.parent))
        except Refused as refused:
            if refused.row is not OUTPUT_UNWRITABLE:
                raise
        yield


def _unless_there(make: Callable[[], T], file: Path) -> T:
    from accredit.errors import OUTPUT_UNWRITABLE, Refused

    try:
        return make()
    except FileExistsError as error:
        refused = Refused(OUTPUT_UNWRITABLE, what=file, reason="there is such a file already")
        raise Said(refused, fix="Name another file: none is written over.") from error
    except OSError as error:
        if not str(error.filename or "").startswith(str(file)):
            raise
        raise Refused(OUTPUT_UNWRITABLE, what=file, reason=error.strerror) from error


def _path(session: Session) -> Path:
    from accredit.app.local import find_existing

    refuse_elsewhere(session)
    return find_existing(session.settings()).database


def _shape(path: Path, found: str, needed: str) -> dict[str, object]:
    return {"path": str(path), "schema": found, "needed": needed, "isCurrent": found == needed}
