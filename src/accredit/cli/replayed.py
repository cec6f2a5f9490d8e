"""``--dry-run --replay 30d``: what a change of a credential would have meant for the sign-ins that there were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import failures, inputs
from accredit.cli.failures import Answered
from accredit.cli.ink import safe
from accredit.cli.output import Column
from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from accredit.cli.desk import Desk
    from accredit.directory import Application
    from accredit.trust import FederatedCredential

WORDS: Final = {
    "newlyFails": "would newly fail",
    "newlyPasses": "would newly pass",
    "changesCredential": "would pass by another credential",
    "stillPasses": "would pass as before",
    "wouldMatchUnproven": "would match, and nobody has proven them",
    "unknown": "unknown: what decides it was not kept",
    "unaffected": "not affected",
}
COLUMNS: Final = (
    Column("Attempts", "count"),
    Column("Past sign-ins that", "outcome", lambda shape: WORDS[shape["outcome"]]),
    Column("First", "first"),
    Column("Last", "last"),
)


def replayable(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that try a change before it is made."""
    function = click.option(
        "--replay",
        "since",
        metavar="TIME",
        help="With --dry-run: also say what it would have meant for sign-ins since then (30d, or an ISO date).",
    )(function)
    return click.option("--dry-run", is_flag=True, help="Judge it, and change nothing.")(function)


def refuse_replay(since: str | None, now: datetime, *, dry_run: bool) -> None:
    """Refuse a replay of what is done anyway (``click.UsageError``), and of no past (``INPUT_INVALID``)."""
    if since is not None and not dry_run:
        raise click.UsageError("--replay says what would have been: give it together with --dry-run")
    instant = inputs.moment(since, now, "--replay")
    if instant is not None and instant > now:
        raise Refused(INPUT_INVALID, what=f"--replay {since}", reason="it is yet to come")


def replaces_the_rest(desk: Desk, since: str | None) -> bool:
    """Whether the report is all that is printed: a format for programs holds one value."""
    return since is not None and (desk.session.output != "table" or bool(desk.session.query))


async def tell_replay(
    desk: Desk,
    application: Application,
    before: FederatedCredential | None,
    after: FederatedCredential | None,
    since: str | None,
) -> None:
    """Print what a change would have meant. Ends with exit code 3 where somebody would newly pass, or newly fail."""
    instant = inputs.moment(since, desk.now, "--replay")
    if instant is None:
        return
    told = await desk.place.replayed(application, before, after, instant)
    session = desk.session
    if replaces_the_rest(desk, since):
        session.show(told)
    else:
        seen = [each for each in told["outcomes"] if each["count"]]
        session.show(sorted(seen, key=lambda each: list(WORDS).index(each["outcome"])), COLUMNS)
        for line in _details(told):
            session.say(line)
    session.remark(f"{told['examined']} attempts since {instant:%Y-%m-%d %H:%M}Z. {told['note']}")
    if told["sampled"]:
        session.warn(f"there are more: these are the newest, back to {told['oldest']}")
    if any(each["count"] for each in told["outcomes"] if each["outcome"] in {"newlyPasses", "newlyFails"}):
        raise Answered(failures.NO)


def _details(told: dict[str, Any]) -> Iterable[str]:
    """Name the subjects of what would be different, and the credentials whose counts would be."""
    for each in told["outcomes"]:
        if each["subjects"] and each["outcome"] not in {"stillPasses", "unaffected"}:
            yield f"\n{WORDS[each['outcome']].capitalize()}:"
            yield from (f"  {seen['count']:>7}  {safe(seen['subject'])}" for seen in each["subjects"])
    if told["credentials"]:
        yield "\nProven attempts by credential:"
        yield from (f"  {safe(of['name'])}: {of['before']} → {of['after']}" for of in told["credentials"])
