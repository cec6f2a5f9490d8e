"""From one released schema to the next, with Alembic, which nothing but these functions imports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from accredit.errors import SCHEMA_UNKNOWN, STORE_BUSY, Refused
from accredit.stores.encoding import SCHEMA
from accredit.stores.sqlite import db_status, engine

if TYPE_CHECKING:
    from os import PathLike

    from alembic.config import Config

VERSION_TABLE = "schema_version"


def db_upgrade(path: str | PathLike[str]) -> tuple[str, str]:
    """Bring the database to this version's schema, in one transaction; return the schemas before and after.

    Raises ``Refused(SCHEMA_UNKNOWN)`` for a schema of a newer version, STORE_MISSING, STORE_BUSY.
    """
    from alembic import command  # noqa: PLC0415  a quarter of a second that only an upgrade may cost
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    found, needed = db_status(path)
    config = configured()
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    if found not in known | {"none"}:
        raise Refused(SCHEMA_UNKNOWN, found=found, needed=needed)
    database = engine(path)
    try:
        with database.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except OperationalError as error:
        raise Refused(STORE_BUSY, reason=error.orig or error) from error
    finally:
        database.dispose()
    return found, SCHEMA


def configured() -> Config:
    """Return Alembic's configuration: it needs no file."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


__all__ = ["VERSION_TABLE", "configured", "db_status", "db_upgrade"]
