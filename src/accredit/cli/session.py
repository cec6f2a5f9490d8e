"""One run of the command line: the options that every command takes, and where its words go.

Rule 1: results go to standard output, everything else to standard error.
Rule 2: nothing is asked without a terminal; what would destroy something then needs ``--yes``.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.failures import USAGE, Declined, Ended, Failure, of_output
from accredit.cli.ink import Ink, folded, ink_for, safe, width
from accredit.cli.output import FORMATS, STREAMED, Style, found, rendered, streamed
from accredit.cli.words import followed, option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from accredit.app.local import Local
    from accredit.cli.output import Column
    from accredit.config import Settings

__all__ = ["FORMATS", "Session", "pass_session"]

LEAST_PROSE: Final = 30  # columns that prose gets, however narrow the terminal
_NOTHING: Final[Sequence[Column]] = ()


@dataclass(slots=True)
class Session:
    """What was said on the command line that every command understands."""

    output: str = "table"
    query: str | None = None
    tenant: str | None = field(default_factory=lambda: os.environ.get("ACCREDIT_TENANT"))
    data: str | None = None
    config: str | None = None
    profile: str | None = None
    timeout: float | None = None  # seconds
    local_store: bool = False
    assume_yes: bool = False
    no_input: bool = False
    no_color: bool = False
    quiet: bool = False
    verbose: int = 0
    where: str = ""  # "at https://…" or "in /…": where the command acts, once that is open

    @property
    def typed_tenant(self) -> str | None:
        """The tenant that the command line names; one that only the environment names is a default."""
        return None if self.tenant == os.environ.get("ACCREDIT_TENANT") else self.tenant

    @property
    def told(self) -> tuple[str, ...]:
        """The options that said where to act, as they were given: what undoes a change has to act there too."""
        return (
            *option("--profile", self.profile),
            *option("--data", self.data),
            *option("--config", self.config),
            *(("--local",) if self.local_store else ()),
            *option("--tenant", self.typed_tenant),
        )

    @property
    def ink(self) -> Ink:
        """Emphasis on standard output."""
        return ink_for(sys.stdout, no_color=self.no_color)

    @property
    def style(self) -> Style:
        """How a table looks here."""
        return Style(self.ink, width())

    def settings(self, *, without: str = "", **given: Any) -> Settings:  # noqa: ANN401  settings by name
        """Read the settings of the authority on this machine, but for the variable ``without``."""
        from accredit import config

        environment = {name: value for name, value in os.environ.items() if name != without}
        return config.read(environment, file=Path(self.config) if self.config else None, data=self.data, **given)

    @contextmanager
    def local(self) -> Iterator[Local]:
        """Open the store on this machine, also beside a running server."""
        from accredit.app.local import local

        with local(self.settings()) as opened:
            self.where = f"in {opened.folder.path}"
            if self.verbose:
                self.note(f"store {opened.folder.database}")
            yield opened

    def show(self, value: Any, columns: Sequence[Column] = _NOTHING) -> None:  # noqa: ANN401  any JSON value
        """Print a result."""
        if self.query:
            value, columns = found(value, self.query), ()
        self._put(rendered(value, columns, self.output, self.style))

    def show_pages(self, pages: Iterable[list[Any]], columns: Sequence[Column]) -> None:
        """Print a list that arrives page by page: each page at once where format and query let it."""
        if self.query or self.output not in STREAMED:
            self.show([each for page in pages for each in page], columns)
            return
        for piece in streamed(pages, columns, self.output, self.style):
            self._put(piece)
            self.flush()

    def say(self, line: str) -> None:
        """Print a line of a result that is prose."""
        self._put(line + "\n")

    def flush(self) -> None:
        """Have everything printed by now, or say that it cannot be."""
        self._put("")

    def _put(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            if not text:
                sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  the interpreter would try it once more
            raise Ended(of_output(error)) from error

    def note(self, text: str = "") -> None:
        """Say something beside the result, on one line however long: a command, a path."""
        if not self.quiet:
            sys.stderr.write(text + "\n")

    def remark(self, text: str) -> None:
        """Say a sentence or two beside the result."""
        for line in folded(safe(text), width()):
            self.note(line)

    def done(self, what: str, *undo: str) -> None:
        """Say what a write did, where that is another machine, and the commands that undo it there."""
        self.remark(what)
        if self.where.startswith("at "):
            self.note(safe(self.where))
        self.undo(*(followed(each, *self.told) for each in undo))

    def undo(self, *commands: str) -> None:
        """Say which commands undo what was done, as they stand."""
        if commands:
            self.note("undo: " + safe(" && ".join(commands)))

    def warn(self, text: str) -> None:
        """Say what somebody should know; ``--quiet`` does not hide it."""
        ink = ink_for(sys.stderr, no_color=self.no_color)
        first, *more = folded(safe(text), max(LEAST_PROSE, width() - len("warning ")))
        lines = [f"{ink.bold('warning')} {first}", *(" " * len("warning ") + each for each in more)]
        sys.stderr.write("".join(each + "\n" for each in lines))

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to answer."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str) -> None:
        """Ask before something is destroyed, and say where; without a terminal ``--yes`` must have been given."""
        if self.assume_yes:
            return
        if self.where:
            asked, mark, more = question.rpartition("?")
            question = f"{asked} {self.where}{mark}{more}"
        if not self.can_ask:
            raise Ended(
                Failure(
                    code="usage",
                    message="this destroys something, and nobody can be asked here",
                    why=f"It would: {question[:1].lower()}{question[1:].rstrip('?')}.",
                    fix="Check that this is meant, then repeat the command with --yes.",
                    exit=USAGE,
                )
            )
        if not click.confirm(safe(question), err=True):
            raise Declined


pass_session = click.make_pass_decorator(Session, ensure=True)
