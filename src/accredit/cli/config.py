"""``accredit config``: the settings of the server, without starting it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.session import Session, pass_session
from accredit.cli.words import counted

if TYPE_CHECKING:
    from accredit.config import Settings

COLUMNS: Final = (
    Column("Setting", "name"),
    Column("Value", "value", lambda shape: _text(shape["value"])),
    Column("From", "source"),
)


@group("config")
def config() -> None:
    """Settings of the server."""


@config.command("show")
@pass_session
def show(session: Session) -> None:
    """Show every setting, its value, and where the value comes from."""
    session.show(_rows(session, session.settings()), COLUMNS)


@config.command("check")
@pass_session
def check(session: Session) -> None:
    """Read the settings, and judge them as accredit serve does."""
    from accredit.app.judge import judge

    settings = session.settings()
    judge(settings)
    changed = [each["name"] for each in _rows(session, settings) if each["source"] != "default"]
    if session.output == "table" and not session.query:
        session.say(f"A server takes these settings; {counted(len(changed), 'setting')} not at the default.")
    else:
        session.show({"isValid": True, "changed": changed})


@config.command("schema")
@pass_session
def schema(session: Session) -> None:
    """Print the JSON schema of the settings file."""
    from accredit.config import schema as of_settings

    if session.output == "table" and not session.query:
        session.say(json.dumps(of_settings(), indent=2))
    else:
        session.show(of_settings())


def _rows(session: Session, settings: Settings) -> list[dict[str, Any]]:
    from accredit.app.settings_shown import rows

    return rows(settings, {"data": session.data})


def _text(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
