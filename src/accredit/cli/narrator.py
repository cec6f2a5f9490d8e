"""Who tells the steps of ``accredit demo``, and remembers what did not hold."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from accredit.cli import failures
from accredit.cli.ink import folded, safe, width

if TYPE_CHECKING:
    from accredit.cli.session import Session
    from accredit.cli.stage import Stage

_LABEL: Final = 12  # columns


class Narrator:
    """Tells the steps, and remembers what did not hold."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ink = session.ink
        self.failed: list[str] = []

    def title(self, text: str) -> None:
        """Begin."""
        self.say(f"{self.ink.bold('accredit demo')}   {text}")

    def step(self, number: int, name: str, text: str) -> None:
        """Begin a step."""
        self.say()
        self.say(f"{self.ink.accent(str(number))}  {self.ink.bold(name)}")
        self.prose(text)

    def say(self, line: str = "") -> None:
        """Print one line, at once."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def prose(self, text: str) -> None:
        """Print a sentence or two."""
        for line in folded(text, width() - 3):
            self.say(f"   {line}")

    def fact(self, label: str, text: str, broad: int = _LABEL) -> None:
        """Print a value under its name; it stays whole, so that it can be copied."""
        self.say(f"     {self.ink.faint(label)}{' ' * max(1, broad - len(label))} {safe(text)}")

    def block(self, text: str) -> None:
        """Print what another program printed."""
        for line in text.rstrip("\n").split("\n"):
            self.say(f"  {line}".rstrip())

    def check(self, text: str, *, holds: bool) -> None:
        """Say what must hold here, and whether it does."""
        self.say(f"   {self.ink.good('✓') if holds else self.ink.bad('✗ NOT SO:')} {safe(text)}")
        if not holds:
            self.failed.append(text)

    def command(self, stage: Stage, *words: str) -> tuple[int, str]:
        """Run a command of this program and return its exit code and what it printed."""
        from accredit.cli.root import run

        printed, columns = io.StringIO(), os.environ.get("COLUMNS")
        os.environ["COLUMNS"] = str(width() - 2)
        try:
            with contextlib.redirect_stdout(printed):
                code = run(
                    [*words, "--data", str(stage.data), "--tenant", stage.tenant_domain, "--no-color", "--quiet"]
                )
        finally:
            os.environ.pop("COLUMNS")
            if columns is not None:
                os.environ["COLUMNS"] = columns
        return code, printed.getvalue()

    def rows(self, stage: Stage, *words: str) -> Any:  # noqa: ANN401  any JSON value
        """Run a command of this program and return its result as data."""
        import json

        code, printed = self.command(stage, *words, "-o", "json")
        return json.loads(printed) if code == failures.DONE else []
