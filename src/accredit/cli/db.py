"""``accredit db``: the database's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.cli.desk import refuse_elsewhere
from accredit.cli.failures import NO, Answered
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.session import Session, pass_session

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS: Final = (
    Column("database", "path"),
    Column("schema", "schema"),
    Column("needed", "needed"),
    Column("current", "isCurrent"),
)


@group("db")
def db() -> None:
    """The database's schema."""


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


def _path(session: Session) -> Path:
    from accredit.app.local import find_existing

    refuse_elsewhere(session)
    return find_existing(session.settings()).database


def _shape(path: Path, found: str, needed: str) -> dict[str, object]:
    return {"path": str(path), "schema": found, "needed": needed, "isCurrent": found == needed}
