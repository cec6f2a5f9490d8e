"""How commands are made: nouns that load late, verbs that all take the same options, and "did you mean"."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click
import rich_click

from accredit.cli.session import FORMATS, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NEAR: Final = 0.65  # of 1: a name that is less alike is another one, not a slip
_SAME: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("add", "new", "make", "create"), ("create", "add", "grant")),
    **dict.fromkeys(("delete", "del", "rm", "remove", "destroy"), ("delete", "remove", "revoke", "retire")),
    **dict.fromkeys(("ls", "all"), ("list",)),
    **dict.fromkeys(("get", "view", "describe", "info"), ("show", "inspect")),
    **dict.fromkeys(("set", "edit", "change", "modify"), ("update",)),
    **dict.fromkeys(("start", "run", "server"), ("serve",)),
    **dict.fromkeys(("application", "apps", "applications"), ("app",)),
    **dict.fromkeys(("log", "signins", "sign-ins"), ("logs",)),
    **dict.fromkeys(("follow", "watch", "stream"), ("tail",)),
    **dict.fromkeys(("statistics", "count", "summary", "top"), ("stats",)),
    **dict.fromkeys(("last-used", "unused", "activity"), ("usage",)),
    **dict.fromkeys(("audits", "changes", "history"), ("audit",)),
    "key": ("keys",),
}
"""Other words for a command; what a noun does not know is passed over."""
SHARED: Final = "Options of every command"
EPILOG: Final = "Options of every command (-o, -q, --tenant, --profile, --yes, ...): accredit --help"


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Note an option that was given; what stands nearer to the verb wins over what stands before the noun."""
    if value is not None and value is not False and value != 0 and parameter.name is not None:
        setattr(context.ensure_object(Session), parameter.name, value)


def _shared(*, hidden: bool) -> list[click.Parameter]:
    rows: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
        (
            ("-o", "--output", "output"),
            {
                "type": click.Choice(FORMATS),
                "metavar": "FORMAT",
                "is_eager": True,
                "help": f"{', '.join(FORMATS)}.",
            },
        ),
        (("-q", "--query", "query"), {"metavar": "JMESPATH", "help": "Print what this JMESPath expression finds."}),
        (
            ("--tenant", "tenant"),
            {"metavar": "NAME", "help": "Tenant, by id or domain; needed where there are several (ACCREDIT_TENANT)."},
        ),
        (("--data", "data"), {"metavar": "DIR", "help": "Data directory of the authority (ACCREDIT_DATA)."}),
        (("--config", "config"), {"metavar": "FILE", "help": "Settings file (ACCREDIT_CONFIG)."}),
        (("--local", "local_store"), {"is_flag": True, "help": "Act on the store of this machine, not at a URL."}),
        (("--profile", "profile"), {"metavar": "NAME", "help": "Act where accredit login went (ACCREDIT_PROFILE)."}),
        (
            ("--timeout", "timeout"),
            {"type": click.FloatRange(0.1, 600), "metavar": "SECONDS", "help": "How long to wait for an authority."},
        ),
        (("-y", "--yes", "assume_yes"), {"is_flag": True, "help": "Do not ask before something is destroyed."}),
        (("--no-input", "no_input"), {"is_flag": True, "help": "Never ask; what would be asked is refused."}),
        (("--no-color", "no_color"), {"is_flag": True, "help": "No colour (also NO_COLOR)."}),
        (("--quiet", "quiet"), {"is_flag": True, "help": "Print no notes, only results and errors."}),
        (
            ("-v", "--verbose", "verbose"),
            {"count": True, "metavar": "", "help": "Say more; -vv shows the traceback of an error."},
        ),
    )
    return [
        rich_click.RichOption(names, expose_value=False, callback=_keep, panel=SHARED, hidden=hidden, **more)
        for names, more in rows
    ]


def _with_shared(own: Sequence[click.Parameter]) -> list[click.Parameter]:
    taken = {name for each in own for name in each.opts}  # serve has a --profile of its own
    return [*own, *(each for each in _shared(hidden=True) if not taken & set(each.opts))]


class Verb(rich_click.RichCommand):
    """A command that does something. It takes the shared options after its own."""

    def __init__(self, *, params: list[click.Parameter] | None = None, **more: Any) -> None:  # noqa: ANN401
        super().__init__(params=_with_shared(params or []), **{"epilog": EPILOG, **more})


class Noun(rich_click.RichGroup):
    """A thing, with the verbs it knows."""

    command_class = Verb

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise unknown("command", name, self.list_commands(ctx), ctx)
        return super().resolve_command(ctx, args)


class Doing(Noun):
    """A thing that does something without a verb, too. It takes the shared options after its own."""

    def __init__(self, *, params: list[click.Parameter] | None = None, **more: Any) -> None:  # noqa: ANN401
        more = {"invoke_without_command": True, "no_args_is_help": True, **more}
        super().__init__(params=_with_shared(params or []), **more)


class Root(Noun):
    """The program. Its nouns are named in a table and imported when one is called."""

    def __init__(  # the rest is click's
        self,
        *,
        nouns: Mapping[str, tuple[str, str]],
        params: list[click.Parameter] | None = None,
        **more: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(params=[*(params or []), *_shared(hidden=False)], **more)
        self.nouns = nouns
        self._listing = False

    def format_help(self, ctx: click.Context, formatter: Any) -> None:  # noqa: ANN401
        """Write the help; the nouns in it are names and sentences."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)  # type: ignore[arg-type]  # it is one
        finally:
            self._listing = False

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the nouns in the order of the table."""
        return list(self.nouns)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import a noun; in the list of all of them it is only a name and a sentence."""
        if cmd_name not in self.nouns:
            return None
        place, sentence = self.nouns[cmd_name]
        if self._listing:
            return click.Command(cmd_name, help=sentence)
        module, _, name = place.partition(":")
        found: click.Command = getattr(import_module(f"accredit.cli.{module}"), name)
        return found


def group(name: str, **more: Any) -> Callable[[Callable[..., Any]], Noun]:  # noqa: ANN401
    """Decorate a noun."""
    return rich_click.command(name, cls=Noun, **{"epilog": EPILOG, **more})


def doing(name: str, **more: Any) -> Callable[[Callable[..., Any]], Doing]:  # noqa: ANN401
    """Decorate a noun that does something by itself."""
    return rich_click.command(name, cls=Doing, **{"epilog": EPILOG, **more})


def command(name: str, **more: Any) -> Callable[[Callable[..., Any]], Verb]:  # noqa: ANN401
    """Decorate a verb that stands alone."""
    return rich_click.command(name, cls=Verb, **more)


def unknown(kind: str, name: str, known: Sequence[str], context: click.Context | None = None) -> click.UsageError:
    """Make the error about a name that does not exist, with the nearest one that does."""
    message = f"there is no {kind} {name!r}"
    return click.UsageError(f"{message}; {hint}" if (hint := did_you_mean(name, known)) else message, ctx=context)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return a question that names the nearest of ``known``, or nothing."""
    folded = {each.casefold(): each for each in reversed(known)}
    said = name.casefold()
    meant = next((each for each in _SAME.get(said, ()) if each in folded), "")
    near = [meant] if meant else difflib.get_close_matches(said, folded, n=1, cutoff=NEAR)
    return f"did you mean {folded[near[0]]}?" if near else ""
