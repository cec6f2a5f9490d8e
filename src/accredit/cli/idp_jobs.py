"""``accredit idp environment``: what a platform puts around a job, so that its own clients get their token here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.failures import UNREACHABLE, Ended, Failure
from accredit.cli.grammar import command
from accredit.cli.idp_reach import Emulator, on_emulator
from accredit.cli.idp_wanted import token_options, wanted

if TYPE_CHECKING:
    from accredit.cli.session import Session

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


def _written(found: dict[str, Any], folder: Path) -> dict[str, str]:
    """Write the files of a job, for their owner only; return its variables, with the paths of the files."""
    from accredit.testidp.native import Environment

    return Environment(found["variables"], found["files"], found["paths"]).written(folder)
