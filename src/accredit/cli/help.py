"""``accredit help``: exit codes, and every code of the catalogue in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click
import rich_click
from msgspec import to_builtins as builtins

from accredit.cli import failures
from accredit.cli.failures import EXIT_CODES, NOT_FOUND, Ended
from accredit.cli.grammar import Noun, command, unknown
from accredit.cli.ink import folded, width
from accredit.cli.output import Column
from accredit.cli.session import Session, pass_session
from accredit.errors import CATALOGUE
from accredit.interop import help as told

if TYPE_CHECKING:
    from accredit.errors import Row

CODES: Final = (Column("Code", "code"), Column("Meaning", "meaning"))
RULE: Final = (
    Column("rule", "id"),
    Column("", "title"),
    Column("level", "level"),
    Column("why", "why"),
    Column("fix", "remedy"),
    Column("before", "before"),
    Column("after", "after"),
)


@command("help")
@click.argument("topic", metavar="[TOPIC]", nargs=-1)
@pass_session
def help_(session: Session, topic: tuple[str, ...]) -> None:
    """Explain a code (AADSTS700213, ACC1001), a rule (FIC-PR), the exit codes, or a command."""
    context = click.get_current_context()
    if not topic:
        session.say(context.find_root().get_help().rstrip("\n"))
    elif topic == ("exit-codes",):
        session.show([{"code": code, "meaning": meaning} for code, meaning in EXIT_CODES.items()], CODES)
    elif rows := told.rows(topic[0]):
        _explain(session, rows)
    elif rule := told.rule(topic[0]):
        session.show(builtins(rule), RULE)
    else:
        session.say(_command_help(context, topic))


def _explain(session: Session, rows: list[Row]) -> None:
    shapes = [_shape(row) for row in rows]
    if session.output != "table" or session.query:
        session.show(shapes[0] if len(shapes) == 1 else shapes)
        return
    ink = session.ink
    for number, (row, shape) in enumerate(zip(rows, shapes, strict=True)):
        if number:
            session.say("")
        session.say(ink.bold(row.label) + f"  {told.title(row)}")
        for name in ("text", "move", "fix", "answer", "exit", "source"):
            if shape[name] not in ("", None):
                first, *more = folded(str(shape[name]), max(30, width() - 10))
                session.say(f"  {ink.faint(name)}{' ' * (6 - len(name))}  {first}")
                for each in more:
                    session.say(" " * 10 + each)


def _shape(row: Row) -> dict[str, Any]:
    return {
        "code": row.label,
        "name": row.name,
        "text": row.template,
        "move": told.MOVES[row.move],
        "fix": row.advice,
        "answer": f"{row.status} {row.error}",
        "exit": failures.exit_of_row(row),
        "source": told.SOURCES[row.mark],
    }


def _command_help(context: click.Context, topic: tuple[str, ...]) -> str:
    """Return the help of a command, as its own ``--help`` prints it."""
    found = context.find_root()
    for word in topic:
        group = found.command
        inner = group.get_command(found, word) if isinstance(group, click.Group) else None
        if inner is None:
            known = [*group.list_commands(found)] if isinstance(group, Noun) else []
            rules = told.rules() if word.upper().startswith("FIC-") else ()
            codes = [*(row.label for row in CATALOGUE.values()), *(each.id for each in rules)]
            failure = failures.of_usage(unknown("topic", word, [*known, "exit-codes", *codes]).message, "accredit help")
            raise Ended(replace(failure, exit=NOT_FOUND))
        found = rich_click.RichContext(inner, parent=found, info_name=word)
    return found.get_help().rstrip("\n")
