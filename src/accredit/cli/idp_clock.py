"""``accredit idp clock``: what time it is for an emulator."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.grammar import group
from accredit.cli.idp_reach import Emulator, on_emulator
from accredit.cli.output import Column
from accredit.cli.words import accredit, counted
from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.cli.session import Session

COLUMNS: Final = (
    Column("Now", "now", lambda shape: datetime.fromisoformat(shape["now"]).isoformat(" ", "seconds")),
    Column("Stands still", "frozen"),
    Column("Ahead", "offset", lambda shape: counted(round(shape["offset"]), "second")),
)
_STEP: Final = re.compile(r"(\d{1,9})(s|min|h|d|w)?")
_SECONDS: Final[Mapping[str, int]] = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


@group("clock")
def clock() -> None:
    """The emulator's clock: of the authority, the directory and the test issuers. Clients keep their own."""


@clock.command("show")
@on_emulator
def show(session: Session, emulator: Emulator, /) -> None:
    """Say what time it is there."""
    _shown(session, emulator, {})


@clock.command("set")
@click.argument("instant", metavar="INSTANT")
@click.option("--freeze", is_flag=True, help="Let it stand still there.")
@on_emulator
def set_clock(session: Session, emulator: Emulator, /, instant: str, *, freeze: bool) -> None:
    """Put it to an instant, such as 2027-03-01T12:00:00Z, from where it goes on."""
    _shown(session, emulator, {"set": instant, **({"freeze": True} if freeze else {})})
    _done(session, emulator)


@clock.command("advance")
@click.argument("step", metavar="STEP")
@on_emulator
def advance(session: Session, emulator: Emulator, /, step: str) -> None:
    """Move it forward: 90s, 15min, 1h, 2d, or a number of seconds."""
    found = _STEP.fullmatch(step)
    if found is None:
        raise Refused(INPUT_INVALID, what=f"STEP {step}", reason="not a time such as 90s, 15min, 1h or 2d")
    _shown(session, emulator, {"advance": int(found[1]) * _SECONDS[found[2] or "s"]})
    _done(session, emulator)


@clock.command("freeze")
@on_emulator
def freeze(session: Session, emulator: Emulator, /) -> None:
    """Let it stand still, until it is set, reset or let go."""
    _shown(session, emulator, {"freeze": True})
    _done(session, emulator)


@clock.command("go")
@on_emulator
def go(session: Session, emulator: Emulator, /) -> None:
    """Let it go on from where it stands."""
    _shown(session, emulator, {"freeze": False})


@clock.command("reset")
@on_emulator
def reset(session: Session, emulator: Emulator, /) -> None:
    """Let it be the machine's clock again."""
    _shown(session, emulator, {"reset": True})


def _shown(session: Session, emulator: Emulator, change: dict[str, Any]) -> None:
    session.show(emulator.ask("_clock", change), COLUMNS)


def _done(session: Session, emulator: Emulator) -> None:
    session.undo(accredit("idp", "clock", "reset", *emulator.told))
