"""Commands as text, to be copied: what undoes a change, what comes next."""

from __future__ import annotations

import shlex


def accredit(*words: object) -> str:
    """Write a command of this program, quoted for a shell."""
    return " ".join(["accredit", *(shlex.quote(str(each)) for each in words)])


def followed(command: str, *more: str) -> str:
    """Write a command with options after it."""
    return " ".join([command, *map(shlex.quote, more)])


def counted(number: int, one: str) -> str:
    """Write how many there are: ``1 key``, ``2 keys``."""
    return f"{number} {one}{'' if number == 1 else 's'}"


def option(name: str, value: object | None) -> tuple[str, ...]:
    """Return an option with its value; nothing when there is none."""
    return () if value is None or value == "" else (name, str(value))


def options(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return a repeated option; once and empty when it clears a list."""
    return tuple(part for each in values for part in (name, each)) or (name, "")
