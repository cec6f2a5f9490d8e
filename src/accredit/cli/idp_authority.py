"""``accredit idp next-error|throttle|delay|requests|reset``: what a test does to the emulator as an authority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.grammar import command
from accredit.cli.idp_reach import Emulator, on_emulator
from accredit.cli.output import Column
from accredit.cli.words import accredit, counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.cli.session import Session

    Command = Callable[..., None]

COLUMNS: Final = (
    Column("At", "at"),
    Column("Application", "client_id"),
    Column("Status", "status"),
    Column("Error", "error"),
    Column("Subject", "assertion.claims.sub", below=True),
)
_WHICH: Final = (
    click.option("--times", type=click.IntRange(1), default=1, help="How many requests (default: 1)."),
    click.option("--until-reset", is_flag=True, help="Every request, until accredit idp reset."),
    click.option("--client-id", metavar="APP", help="Requests of this application only."),
)


def _which(story: Command) -> Command:
    """Decorate a command with the options that say which requests are meant."""
    for each in reversed(_WHICH):
        story = each(story)
    return story


@command("next-error")
@click.argument("code", metavar="CODE")
@click.option("--status", type=click.IntRange(400, 599), help="Another status than the one that goes with the code.")
@click.option("--retry-after", type=click.IntRange(0), metavar="SECONDS", help="With the header Retry-After.")
@_which
@on_emulator
def next_error(session: Session, emulator: Emulator, /, code: str, **given: Any) -> None:  # noqa: ANN401  options
    """Refuse the next token request with a code, such as AADSTS700024, however right it is."""
    body = {"error": code, "status": given["status"], "retry_after": given["retry_after"], **_meant(given)}
    _planned(session, emulator, "_next", body)


@command("throttle")
@click.option("--status", type=click.Choice(["429", "503"]), default="429", help="What is answered (default: 429).")
@click.option("--retry-after", type=click.IntRange(0), default=1, metavar="SECONDS", help="When to come back (1).")
@_which
@on_emulator
def throttle(session: Session, emulator: Emulator, /, **given: Any) -> None:  # noqa: ANN401  options
    """Put the next token request off, with Retry-After, as an authority does that is asked too often."""
    body = {"status": int(given["status"]), "retry_after": given["retry_after"], **_meant(given)}
    _planned(session, emulator, "_throttle", body)


@command("delay")
@click.argument("seconds", type=click.FloatRange(0, 86_400), metavar="SECONDS")
@on_emulator
def delay(session: Session, emulator: Emulator, /, seconds: float) -> None:
    """Let credentials be seen only so many seconds after they were made, as in Entra ID; 0: at once."""
    session.show(emulator.ask("_delay", {"seconds": seconds}))
    if seconds:
        session.undo(accredit("idp", "delay", "0", *emulator.told))


@command("requests")
@click.option("--client-id", metavar="APP", help="Of this application only.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The newest so many.")
@click.option("--clear", is_flag=True, help="Forget them all afterwards.")
@on_emulator
def requests(session: Session, emulator: Emulator, /, client_id: str | None, limit: int | None, *, clear: bool) -> None:
    """List what the token endpoint was asked, oldest first: fields, and what assertions claim; no token, no secret."""
    body = {"client_id": client_id or "", "limit": limit, "clear": clear}
    session.show(emulator.ask("_requests", body)["requests"], COLUMNS)


@command("reset")
@on_emulator
def reset(session: Session, emulator: Emulator, /) -> None:
    """Let the emulator be an ordinary authority again: nothing planned, no delay, the machine's clock, no outage."""
    emulator.ask("_reset", {})
    session.done("The emulator answers as it should.")


def _meant(given: dict[str, Any]) -> dict[str, Any]:
    times = None if given["until_reset"] else given["times"]
    return {"times": times, "client_id": given["client_id"] or ""}


def _planned(session: Session, emulator: Emulator, route: str, body: dict[str, Any]) -> None:
    found = emulator.ask(route, body)
    session.show(found)
    session.done(f"{counted(found['planned'], 'refusal')} planned.", accredit("idp", "reset", *emulator.told))
