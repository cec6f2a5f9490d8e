"""``accredit idp environment|project``: what a platform puts around a job, so that its own clients get their token."""

from __future__ import annotations

import os
import re
import shlex
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.failures import UNREACHABLE, Ended, Failure
from accredit.cli.grammar import command
from accredit.cli.idp_reach import Emulator, on_emulator
from accredit.cli.idp_wanted import token_options, wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.cli.session import Session

LOOKED: Final = 1.0  # seconds after which it is looked again whether a file is due: a test may move the clock
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@command("environment")
@click.argument("dialect", metavar="DIALECT")
@click.option("--folder", metavar="DIR", help="Where the files go that the platform lays beside a job.")
@token_options
@on_emulator
def environment(
    session: Session,
    emulator: Emulator,
    /,
    dialect: str,
    folder: str | None,
    **said: Any,  # noqa: ANN401  options
) -> None:
    """Begin a job of a platform, and print the variables that it finds: eval "$(accredit idp environment github …)".

    The platform's own clients then get a token of the job from the emulator.
    """
    found = emulator.ask("_environment", wanted(dialect, **said))
    variables = dict(found["variables"])
    if folder:
        variables = _written(found, Path(folder))
    elif found["paths"]:
        raise click.UsageError(f"a job of {dialect} finds files too ({', '.join(found['files'])}): give --folder DIR")
    if session.output != "table" or session.query:
        session.show({**found, "variables": variables})
        return
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            failure = Failure("unreachable", "the answer is not that of an emulator", emulator.url, exit=UNREACHABLE)
            raise Ended(failure)
        session.say(f"export {name}={shlex.quote(value)}")
    _warned(session, emulator, variables)


@command("project")
@click.argument("folder", metavar="DIR")
@click.option("--dialect", metavar="DIALECT", default="kubernetes", help="Whose token (default: kubernetes).")
@click.option("--newline", is_flag=True, help="Write a line feed behind it.")
@click.option("--once", is_flag=True, help="Write it and end.")
@token_options
@on_emulator
def project(
    session: Session,
    emulator: Emulator,
    /,
    folder: str,
    *,
    once: bool,
    newline: bool,
    dialect: str,
    **said: Any,  # noqa: ANN401  options
) -> None:
    """Keep a pod's token in DIR/token until Ctrl-C, as the kubelet does: another one when 80 % of its life are over.

    How late it is the emulator's clock says; without the control token it is the machine's.
    """
    from accredit.app.chance import now as machine
    from accredit.testidp.native.projected import Projected

    def fetch() -> tuple[str, Mapping[str, object]]:
        minted = emulator.ask("_mint", wanted(dialect, **said))
        return str(minted["token"]), minted["claims"]

    def now() -> datetime:
        if not emulator.control_token:
            return machine()
        return datetime.fromisoformat(emulator.ask("_clock", {})["now"])

    kept = Projected(Path(folder), fetch, now, newline=newline)
    due = kept.keep()
    _told(session, kept.path.absolute(), due)
    while not once:
        sleep(min(max(due, 0.0), LOOKED))
        due = kept.keep()


def _told(session: Session, path: Path, due: float) -> None:
    if session.output == "table" and not session.query:
        session.say(str(path))
    else:
        session.show({"path": str(path), "seconds": due})
    session.flush()


def _warned(session: Session, emulator: Emulator, variables: Mapping[str, str]) -> None:
    """Say which CA the job's clients have to trust: on the platform it is one that everybody trusts."""
    asked = any(value.startswith("https://localhost:") for value in variables.values())
    if asked and emulator.ca_file and os.environ.get("SSL_CERT_FILE") != emulator.ca_file:
        session.note(f"Its clients have to trust the emulator: export SSL_CERT_FILE={shlex.quote(emulator.ca_file)}")


def _written(found: dict[str, Any], folder: Path) -> dict[str, str]:
    """Write the files of a job, for their owner only; return its variables, with the paths of the files."""
    from accredit.testidp.native import Environment

    return Environment(found["variables"], found["files"], found["paths"]).written(folder)
