"""``accredit idp rotate|down``: what happens to a test issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from accredit.cli.grammar import command
from accredit.cli.idp_reach import Emulator, on_emulator
from accredit.cli.words import accredit, option

if TYPE_CHECKING:
    from accredit.cli.session import Session

MODE: Final = "down"  # where no other way of being down is named
INSTANCE: Final = click.option("--instance", metavar="NAME", help="Another issuer of the dialect.")


@command("rotate")
@click.argument("dialect", metavar="DIALECT")
@INSTANCE
@click.option("--drop-previous", is_flag=True, help="Publish the new key only: what the others signed is refused.")
@on_emulator
def rotate(session: Session, emulator: Emulator, /, dialect: str, instance: str | None, *, drop_previous: bool) -> None:
    """Let a test issuer sign with a new key, as platforms do now and then."""
    found = emulator.ask(_route(dialect, instance, "_rotate"), {"keep_previous": not drop_previous})
    session.show({"dialect": dialect, "instance": instance, "kids": found["kids"]})
    session.done(f"{_name(dialect, instance)} signs with a new key; this cannot be undone.")


@command("down")
@click.argument("dialect", metavar="DIALECT")
@click.argument("mode", metavar="[MODE]", required=False)
@INSTANCE
@click.option("--up", is_flag=True, help="Let it answer again as it should.")
@on_emulator
def down(
    session: Session, emulator: Emulator, /, dialect: str, mode: str | None, instance: str | None, *, up: bool
) -> None:
    """Let a test issuer's documents be wrong in a named way (accredit idp faults --of issuer), or right again.

    Without MODE connections end before an answer is complete. What an authority fetched before serves until it is
    due.
    """
    if up and mode:
        raise click.UsageError("an issuer that is up has no MODE: give MODE or --up")
    found = emulator.ask(_route(dialect, instance, "_down"), {"mode": None if up else mode or MODE})
    session.show({"dialect": dialect, "instance": instance, "mode": found["mode"]})
    if up:
        session.done(f"{_name(dialect, instance)} answers as it should.")
    else:
        more = (*option("--instance", instance), *emulator.told)
        session.done(f"{_name(dialect, instance)} is down.", accredit("idp", "down", dialect, "--up", *more))


def _route(dialect: str, instance: str | None, what: str) -> str:
    return "/".join(each for each in (dialect, instance, what) if each)


def _name(dialect: str, instance: str | None) -> str:
    return f"{dialect}/{instance}" if instance else dialect
