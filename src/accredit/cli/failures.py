"""How the command line says no: what, where, why, how to fix it, and the exit code that scripts can rely on."""

from __future__ import annotations

import errno
import json
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit.cli.ink import Ink, safe
from accredit.errors import (
    ASSIGNMENT_EXISTS,
    CATALOGUE,
    EMULATOR_MARK,
    IDENTIFIER_TAKEN,
    KEY_STATE,
    OWN_ISSUER,
    ROLE_ENABLED,
    SCHEMA_UNKNOWN,
    STORE_MISSING,
    TRUST_EXISTS,
    TRUST_LIMIT,
    VALUE_TAKEN,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.client import OtherRefusal
    from accredit.errors import Row

DONE: Final = 0
UNEXPECTED: Final = 1
USAGE: Final = 2
NO: Final = 3
NOT_FOUND: Final = 4
CONFLICT: Final = 5
NOT_ALLOWED: Final = 6
UNREACHABLE: Final = 7
EXCHANGE_REFUSED: Final = 8
INTERRUPTED: Final = 130

EXIT_CODES: Final[Mapping[int, str]] = {
    DONE: "done",
    UNEXPECTED: "unexpected failure, or a question that was answered with no",
    USAGE: "usage: the command, an option or a value is not right",
    NO: (
        "the answer is no (explain: no credential matches, a check fails, or the signature was not checked; lint: "
        "something was found; --replay: somebody would newly pass or newly fail)"
    ),
    NOT_FOUND: "not found",
    CONFLICT: "conflict or limit",
    NOT_ALLOWED: "not signed in or not allowed",
    UNREACHABLE: "authority, issuer or database unreachable",
    EXCHANGE_REFUSED: "exchange refused: also a sign-in at a URL, for its secret, token or certificate",
    INTERRUPTED: "interrupted",
}
"""Every exit code and what it means. They do not change within a major version."""

_CONFLICTS: Final = frozenset(
    row.name
    for row in (
        ASSIGNMENT_EXISTS,
        EMULATOR_MARK,
        IDENTIFIER_TAKEN,
        KEY_STATE,
        ROLE_ENABLED,
        SCHEMA_UNKNOWN,
        TRUST_EXISTS,
        TRUST_LIMIT,
        VALUE_TAKEN,
    )
)
_BY_STATUS: Final[Mapping[int, int]] = {
    404: NOT_FOUND,
    409: CONFLICT,
    401: NOT_ALLOWED,
    403: NOT_ALLOWED,
    500: UNEXPECTED,
    503: UNREACHABLE,
}
_OF_SYSTEM: Final[Mapping[int, str]] = {
    errno.EACCES: "Run it as the user who owns that path (ls -ld shows who), or name another: --data DIR.",
    errno.EPERM: "Run it as the user who owns that path (ls -ld shows who), or name another: --data DIR.",
    errno.ENOSPC: "Free some space on that disk, and repeat the command.",
    errno.EROFS: "That disk is mounted read-only; name a directory elsewhere: --data DIR.",
}
_BROAD: Final = 71  # columns of a text beside its label


@dataclass(frozen=True, slots=True)
class Failure:
    """One error as people and programs read it."""

    code: str
    message: str
    where: str = ""
    why: str = ""
    fix: str = ""
    docs: str = ""
    exit: int = UNEXPECTED

    def as_text(self, ink: Ink) -> str:
        """Return the lines for standard error."""
        label = f"error {self.code}" if self.code[:1].isupper() else "error"
        lines = _beside(f"{label}: {self.message}", "  ")
        lines[0] = ink.bad(label) + lines[0].removeprefix(label)
        for name in ("where", "why", "fix", "docs"):
            if value := getattr(self, name):
                first, *more = _beside(value, "")
                lines += [f"  {ink.faint(name)}{' ' * (7 - len(name))}{first}", *(" " * 9 + each for each in more)]
        return "\n".join(lines) + "\n"

    def as_json(self) -> str:
        """Return one object for programs."""
        members = {name: getattr(self, name) for name in ("code", "message", "where", "why", "fix", "docs")}
        return json.dumps(members) + "\n"


class Ended(Exception):
    """The command ends with this failure, which is not in the catalogue: another program said it."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure)


class Said(Exception):
    """A refusal, with what this program knows beyond it: where in the input it arose, and what helps."""

    def __init__(self, refused: Refused, where: str = "", fix: str = "") -> None:
        self.refused = refused
        self.where = where
        self.fix = fix
        super().__init__(refused, where, fix)


class Declined(Exception):
    """Somebody was asked, and said no."""


class Answered(Exception):
    """The command has printed its answer, and the answer has an exit code of its own."""

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(exit_code)


def of_refused(refused: Refused, where: str, fix: str = "") -> Failure:
    """Word a refusal. ``fix``: what helps here, where that is more than the catalogue knows."""
    row = refused.row
    return Failure(
        code=row.label,
        message=refused.message,
        where=where,
        why=refused.detail,
        fix=fix or row.advice,
        docs=f"accredit help {row.label}",
        exit=exit_of_row(row),
    )


def of_authority(error: OtherRefusal, where: str) -> Failure:
    """Word what an authority refused for a reason that the catalogue here does not have."""
    usual = _BY_STATUS.get(error.status, USAGE)
    known = next((row for row in CATALOGUE.values() if row.label == error.code and row.advice), None)
    other = "Ask whoever administers the authority; its version or its texts differ from those of this command."
    return Failure(
        code=error.code,
        message=error.message,
        where=where,
        why=error.detail or f"The authority answered {error.status}.",
        fix=known.advice if known is not None else other,
        docs=f"accredit help {error.code}" if known is not None else "",
        exit=EXCHANGE_REFUSED if error.token else usual,
    )


def of_system(error: OSError, where: str) -> Failure:
    """Word what the operating system refused: a right that this user lacks, a full disk, a path that is none."""
    what = str(error.filename or "")
    said = error.strerror or str(error)
    fix = _OF_SYSTEM.get(error.errno or 0, "Check the path, its permissions and the free space.")
    return Failure(
        code="system",
        message=f"{what}: {said}" if what else said,
        where=where,
        why="The operating system refused it.",
        fix=fix,
        exit=NOT_ALLOWED if isinstance(error, PermissionError) else UNEXPECTED,
    )


def of_output(error: OSError) -> Failure:
    """Word that a result could not be printed. What the command changed before stays changed."""
    return Failure(
        code="system",
        message=f"the result cannot be printed: {error.strerror or error}",
        where="standard output",
        why="What the command changed before is changed.",
        fix="Send the output to a file or a program that takes it, and read again what was changed.",
    )


def of_usage(message: str, where: str) -> Failure:
    """Word a command that cannot be understood. Lists of choices come with tabs and ends of lines in them."""
    message = " ".join(message.split())
    message = message[:1].lower() + message[1:]
    return Failure(code="usage", message=message, where=where, docs=f"{where or 'accredit'} --help", exit=USAGE)


def exit_of_row(row: Row) -> int:
    """Return the exit code of a refusal: by row where it matters, else by status, else by whose move it is."""
    if row.name in _CONFLICTS:
        return CONFLICT
    if row.name == STORE_MISSING.name:
        return NOT_FOUND
    if row.name == OWN_ISSUER.name:  # here it is a value that nobody may trust; explain has an answer of its own
        return USAGE
    if row.move == "outside":
        return UNREACHABLE
    if row.family == "sts":
        return EXCHANGE_REFUSED
    return _BY_STATUS.get(row.status, UNEXPECTED if row.move == "us" else USAGE)


def _beside(value: str, indent: str) -> list[str]:
    """Wrap prose; a value without spaces (an address, a subject) stays whole, so that it can be copied."""
    lines = [
        line
        for each in value.splitlines()
        for line in textwrap.wrap(
            safe(each), _BROAD, break_long_words=False, break_on_hyphens=False, subsequent_indent=indent
        )
    ]
    return lines or [""]
