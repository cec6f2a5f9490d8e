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

from accredit.cli.ink import Ink, ink_for, safe, width
from accredit.cli.output import FORMATS, Style, found, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accredit.app.local import Local
    from accredit.cli.output import Column
    from accredit.config import Settings

__all__ = ["FORMATS", "Session", "pass_session"]

_NOTHING: Final[Sequence[Column]] = ()


@dataclass(slots=True)
class Session:
    """What was said on the command line that every command understands."""

    output: str = "table"
    query: str | None = None
    tenant: str | None = field(default_factory=lambda: os.environ.get("ACCREDIT_TENANT"))
    data: str | None = None
    config: str | None = None
    local_store: bool = False
    assume_yes: bool = False
    no_input: bool = False
    no_color: bool = False
    quiet: bool = False
    verbose: int = 0

    @property
    def ink(self) -> Ink:
        """Emphasis on standard output."""
        return ink_for(sys.stdout, no_color=self.no_color)

    @property
    def style(self) -> Style:
        """How a table looks here."""
        return Style(self.ink, width())

    def settings(self, **given: Any) -> Settings:  # noqa: ANN401  settings by name
        """Read the settings of the authority on this machine."""
        from accredit import config

        return config.read(os.environ, file=Path(self.config) if self.config else None, data=self.data, **given)

    @contextmanager
    def local(self) -> Iterator[Local]:
        """Open the store on this machine, also beside a running server."""
        from accredit.app.local import local

        with local(self.settings()) as opened:
            if self.verbose:
                self.note(f"store {opened.folder.database}")
            yield opened

    def show(self, value: Any, columns: Sequence[Column] = _NOTHING) -> None:  # noqa: ANN401  any JSON value
        """Print a result."""
        if self.query:
            value, columns = found(value, self.query), ()
        sys.stdout.write(rendered(value, columns, self.output, self.style))

    def say(self, line: str) -> None:
        """Print a line of a result that is prose."""
        sys.stdout.write(line + "\n")

    def note(self, text: str = "") -> None:
        """Say something beside the result."""
        if not self.quiet:
            sys.stderr.write(text + "\n")

    def done(self, what: str, undo: str = "") -> None:
        """Say what a write did, and the command that undoes it."""
        self.note(safe(what) + (f"   undo: {safe(undo)}" if undo else ""))

    def warn(self, text: str) -> None:
        """Say what somebody should know; ``--quiet`` does not hide it."""
        ink = ink_for(sys.stderr, no_color=self.no_color)
        sys.stderr.write(f"{ink.bold('warning')} {safe(text)}\n")

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there to answer."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str) -> None:
        """Ask before something is destroyed; without a terminal ``--yes`` must have been given."""
        if self.assume_yes:
            return
        if not self.can_ask:
            raise click.UsageError(f"{question} Nobody can be asked here: repeat the command with --yes.")
        if not click.confirm(safe(question), err=True):
            raise click.Abort


pass_session = click.make_pass_decorator(Session, ensure=True)
