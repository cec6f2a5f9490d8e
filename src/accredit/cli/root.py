"""The program ``accredit``: its nouns, and the one place where what went wrong becomes words and an exit code."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

import click
import rich_click

from accredit.cli import failures
from accredit.cli.failures import Answered, Declined, Ended, Failure, Said
from accredit.cli.grammar import Root
from accredit.cli.ink import ink_for
from accredit.cli.session import Session
from accredit.errors import OBJECT_NOT_FOUND, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOUNS: Final[Mapping[str, tuple[str, str]]] = {
    "demo": (
        "demo:demo",
        "Show a token exchanged, one refused, why, and what the log says of both.",
    ),
    "init": ("init:init", "Make a data directory: database, master key, signing keys, the first tenant."),
    "serve": ("serve:serve", "Answer token requests until SIGTERM or Ctrl-C, then finish what is under way."),
    "tenant": ("tenant:tenant", "Directories of their own; nothing in one is visible to another."),
    "app": ("app:app", "Applications: clients that ask for tokens, and APIs that are asked for."),
    "sp": ("sp:sp", "Service principals: who may hold roles in a tenant, and whose roles."),
    "credential": ("credential:credential", "Federated identity credentials: whose tokens sign an application in."),
    "secret": ("secret:secret", "Client secrets. A federated credential needs none, and never expires."),
    "certificate": ("certificate:certificate", "Certificates that an application signs its own assertions with."),
    "permission": ("permission:permission", "App roles that applications hold on APIs."),
    "issuer": ("issuer:issuer", "Issuers: who may sign tokens, and where their keys come from."),
    "explain": (
        "explain:explain",
        "Would this token sign an application in? If not: why, and what to change.",
    ),
    "lint": ("lint:lint", "Find trust that is too broad, mistaken or forgotten."),
    "migration": ("migration:migration", "Move trust in GitHub's repositories from their names to their ids."),
    "preset": ("preset:preset", "Presets: the form of each platform, and the trust that follows from it."),
    "import": ("import_:import_trusts", "Hold what a document trusts against an application, and add what lacks."),
    "export": ("export:export", "Write what applications trust for Microsoft Entra ID, Terraform, Bicep, or a file."),
    "token": ("token:token", "Get the token that the platform gives this workload, or an access token for it."),
    "logs": ("logs:logs", "Sign-ins, granted or refused, and why: every attempt whose application is known."),
    "audit": ("audit:audit", "Changes of the directory: who changed which trust, when, and from what to what."),
    "idp": ("idp:idp", "Test issuers of a running emulator, and what a test does to the emulator itself."),
    "testing": ("testing:testing", "An authority for tests: started for one command, gone when it ends."),
    "login": ("login:login", "Sign in at an authority: commands act there from now on, until logout, or with --local."),
    "logout": ("login:logout", "Forget an authority and the access token for it."),
    "whoami": ("login:whoami", "Say who commands act as, where, with which roles, and for how long."),
    "profile": ("profile:profile", "Authorities that you signed in at, and which of them commands act at."),
    "env": ("env:env", "Print the variables that point a client at an authority, and name its traps."),
    "admin": ("admin:admin", "People who use the portal: their roles, their sessions, and one-time links."),
    "keys": ("keys:keys", "Signing keys: next, active, retired."),
    "db": ("db:db", "The database: its schema, copies of it, damage to it."),
    "config": ("config:config", "Settings of the server."),
    "help": ("help:help_", "Explain a code (AADSTS700213, ACC1001), a rule (FIC-PR), the exit codes, or a command."),
    "version": ("version:version", "Print the version."),
}
"""Each noun: where it is, and the sentence that stands in the list, so that listing them imports none."""

_NO_CONTEXT: Final = click.Context(click.Command("accredit"))
_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "displayName": ("name",),
    "audiences": ("audience",),
    "claimsMatchingExpression": ("expression",),
    "appRoleId": ("role",),
    "requestedAccessTokenVersion": ("token_version",),
    "endDateTime": ("end",),
    "jwks": ("keys", "file"),
    "key": ("file",),
    "passwordCredentials": (),
}
"""Parameters of commands that set a member of another name."""

rich_click.rich_click.STYLE_OPTIONS_PANEL_BORDER = "dim"
rich_click.rich_click.STYLE_COMMANDS_PANEL_BORDER = "dim"
rich_click.rich_click.COMMAND_GROUPS = {
    "accredit": [
        {"name": "Begin", "commands": ["demo", "init", "serve"]},
        {
            "name": "Who may sign in, and how",
            "commands": [
                "tenant",
                "app",
                "sp",
                "credential",
                "preset",
                "migration",
                "secret",
                "certificate",
                "permission",
                "issuer",
            ],
        },
        {"name": "What happened, and why", "commands": ["explain", "lint", "token", "logs", "audit", "idp", "testing"]},
        {"name": "Speak to an authority", "commands": ["login", "logout", "whoami", "profile", "env"]},
        {"name": "Run it", "commands": ["import", "export", "admin", "keys", "db", "config", "help", "version"]},
    ]
}


def _print_version(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked:
        from accredit import __version__

        context.ensure_object(Session).say(f"accredit {__version__}")
        context.exit()


@rich_click.command(
    "accredit",
    cls=Root,
    nouns=NOUNS,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        rich_click.RichOption(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version.",
        )
    ],
    epilog="Exit codes: accredit help exit-codes.  A code from a log or an answer: accredit help AADSTS700213.",
)
def root() -> None:
    """Exchange tokens that your platforms already sign for access tokens.

    A workload identity federation authority, compatible with Microsoft Entra ID.
    """


def main() -> NoReturn:
    """Run the program."""
    _stand_in_for_closed_streams()
    sys.exit(run(sys.argv[1:]))


class _Closed(io.TextIOBase):
    """Stands for standard output where the caller closed it: what is written to it is lost, and that is said."""

    def write(self, _text: str) -> int:
        """Refuse."""
        raise OSError(errno.EBADF, "it is closed")


def _stand_in_for_closed_streams() -> None:
    """Keep the first three descriptors taken, so that no file of ours ever becomes somebody's standard output."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004  0, 1 and 2
        pass
    os.close(opened)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123  open until the process ends
    if sys.stdout is None:
        sys.stdout = _Closed()


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Nothing that is expected to go wrong leaves a traceback."""
    session = Session()
    try:
        code = _invoked(arguments, session)
        session.flush()
    except Declined:
        session.note("Nothing was changed.")
        return failures.UNEXPECTED
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("\n")
        return failures.INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001  the one place where an error of ours becomes words
        return _say(error, session, arguments)
    return code


def _invoked(arguments: Sequence[str], session: Session) -> int:
    try:
        with root.make_context("accredit", list(arguments), obj=session) as context:
            root.invoke(context)
    except (Answered, click.exceptions.Exit) as ended:
        return ended.exit_code
    return failures.DONE


def _worded(error: Exception, where: str) -> Failure:
    if isinstance(error, Ended):
        return replace(error.failure, where=error.failure.where or where)
    if isinstance(error, Said):
        return failures.of_refused(error.refused, error.where or where, error.fix)
    if isinstance(error, Refused):
        fix = _listing(where) if error.row is OBJECT_NOT_FOUND else ""
        return failures.of_refused(error, _parameter(where, error.fields.get("property", "")), fix)
    if isinstance(error, click.UsageError):
        context = error.ctx
        return failures.of_usage(error.format_message(), context.command_path if context else where)
    if isinstance(error, click.ClickException):
        return failures.of_usage(error.format_message(), where)
    return (
        _of_authority(error, where)
        or _of_outside(error, where)
        or Failure(
            code="unexpected",
            message=f"{type(error).__name__}: {error}",
            where=where,
            why="This is a fault of accredit, not of yours.",
            fix="Repeat the command with -vv and report what it prints.",
        )
    )


def _of_authority(error: Exception, where: str) -> Failure | None:
    """Word what an authority said in words that this version does not know; nothing for any other error."""
    if "accredit.client" not in sys.modules:  # nobody asked one
        return None
    from accredit.client import OtherRefusal

    return failures.of_authority(error, where) if isinstance(error, OtherRefusal) else None


def _of_outside(error: Exception, where: str) -> Failure | None:
    """Word what the database or the operating system says; nothing for any other error."""
    from sqlite3 import Error

    cause = getattr(error, "orig", None) or error  # SQLAlchemy's errors carry the driver's
    if isinstance(cause, Error):
        from accredit.stores.sqlite import reason_of

        return failures.of_refused(reason_of(cause), where)
    return failures.of_system(cause, where) if isinstance(cause, OSError) else None


def _listing(where: str) -> str:
    """Return the command that lists what the noun of a command is about; empty where there is none."""
    words = where.split()[1:2]
    noun = root.get_command(_NO_CONTEXT, words[0]) if words else None
    verb = noun.get_command(click.Context(noun), "list") if isinstance(noun, click.Group) else None
    if verb is None:
        return ""
    needed = [str(each.metavar) for each in verb.params if isinstance(each, click.Argument) and each.required]
    return " ".join(["accredit", *words, "list", *needed])


def _parameter(where: str, name: str) -> str:
    """Return ``where`` with the option or argument that sets a member, if there is one."""
    wanted = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(), *_PARAMETERS.get(name, ())}
    found: click.Command | None = root
    for word in where.split()[1:]:
        found = found.get_command(click.Context(found), word) if isinstance(found, click.Group) else None
    for each in found.params if found and name else ():
        if each.name in wanted:
            return f"{where} {each.opts[0] if isinstance(each, click.Option) else each.make_metavar(_NO_CONTEXT)}"
    return where


def _say(error: Exception, session: Session, arguments: Sequence[str]) -> int:
    """Print what went wrong on standard error, in the format that was asked for."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        sys.stderr.write(error.format_message() + "\n")
        return failures.USAGE
    failure = _worded(error, _where(arguments))
    if session.verbose > 1 or "-vv" in arguments:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if session.output == "json" or _asks_json(arguments):
        sys.stderr.write(failure.as_json())
    else:
        sys.stderr.write(failure.as_text(ink_for(sys.stderr, no_color=session.no_color or "--no-color" in arguments)))
    return failure.exit


def _where(arguments: Sequence[str]) -> str:
    """Return the command without its arguments: noun and verb."""
    words: list[str] = []
    command: click.Command | None = root
    for each in arguments:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), each)
        if command is None:
            break
        words.append(each)
    return " ".join(["accredit", *words])


def _asks_json(arguments: Sequence[str]) -> bool:
    """Whether JSON was asked for on a line that could not be understood as a whole."""
    joined = "\0".join(arguments)
    return any(each in joined for each in ("-o\0json", "--output\0json", "--output=json", "-ojson"))


def _reader_left() -> int:
    """Whoever read our output has seen enough (``| head``). Keep the interpreter from complaining when it flushes."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  open until the process ends
    return failures.DONE
