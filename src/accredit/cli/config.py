"""``accredit config``: the settings of the server, without starting it."""

from __future__ import annotations

import json
import os
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
    from accredit.config import Settings as Kind

    values, defaults = _flat(_plain(settings)), _flat(_plain(Kind()))
    given = {"data": session.data}
    return [
        {
            "name": name,
            "value": value,
            "source": _source(name, given) or ("default" if value == defaults.get(name) else "settings file"),
        }
        for name, value in values.items()
    ]


def _plain(settings: Settings) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    return found


def _text(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _source(name: str, given: dict[str, str | None]) -> str:
    """Return the option or the variable that sets ``name``; nothing when neither does."""
    if given.get(name):
        return f"--{name}"
    variable = "ACCREDIT_" + name.upper().replace(".", "__")
    found = variable in os.environ or any(each.startswith(f"{variable}__") for each in os.environ)
    return variable if found else ""


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Write groups of settings as dotted names; ``issuer_overrides`` and ``refusals`` are single settings."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict) and name in {"tls", "retention", "export", "otlp"}:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
