"""What a source is, and what it may look at."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from accredit.client.sources import asking, running
from accredit.errors import SOURCE_MISSING, SOURCE_REFUSED, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from accredit.client.http import Answer

LONGEST: Final = 256 * 1_024  # characters of a token; a longer text is no token of anybody
Audience = Literal["chosen", "fixed", "preset"]
"""Who says what the token is for: who asks for it, the platform, or the job's definition, before it started."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Whether a platform was recognised, and by what: a variable or a file, by name; else what is missing.

    ``partly``: it is this platform, but it was not told to give this job a token; ``why`` says how it is told.
    """

    found: bool
    why: str
    partly: bool = False


def there(path: Path, kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Whether there is something of a kind at a path; what may not be looked at is not there for us."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


class Source(Protocol):
    """Where a token comes from."""

    @property
    def name(self) -> str:
        """The platform's id."""

    @property
    def one_shot(self) -> bool:
        """Whether a job gets one token and no other, so that it cannot be asked again."""

    @property
    def audience(self) -> Audience:
        """Who chooses the audience."""

    def detect(self) -> Detection:
        """Say whether this is the platform. Raises nothing; waits a third of a second at most."""

    def fetch(self, audience: str) -> str:
        """Return a token, meant for ``audience`` where that can be chosen. A row ``SOURCE_...``."""


class Ask(Protocol):
    """Send one request."""

    def __call__(  # noqa: PLR0913  a request has as many parts
        self,
        source: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = asking.TIMEOUT,
        near: bool = False,
        socket: str | None = None,
        ca_file: str | None = None,
    ) -> Answer:
        """Return the answer, whatever its status. ``SOURCE_UNREACHABLE``, in the name of ``source``.

        ``near``: an address of this machine or its host, which no proxy stands before. ``socket``: the path of a
        Unix socket that is spoken to instead. ``ca_file``: certificates that are trusted beside the machine's.
        """


class Run(Protocol):
    """Run another program."""

    def __call__(
        self,
        source: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        timeout: float = running.TIMEOUT,
    ) -> str:
        """Return what it prints. ``SOURCE_MISSING`` when there is none of that name, else ``SOURCE_REFUSED``."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source may look at. Tests say what it sees; the rest is real."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    root: Path = Path("/")  # where the machine's files begin: /sys, /.fly, /mnt, /var/run
    ask: Ask = asking.ask
    run: Run = running.run
    typed: Callable[[int], str] = running.typed  # standard input, at most so many characters

    def value(self, name: str) -> str:
        """Return a variable without blanks around it; empty: it is not set, or says nothing."""
        return self.environment.get(name, "").strip()

    def need(self, source: str, name: str, otherwise: str = "") -> str:
        """Return a variable. ``SOURCE_MISSING``; ``otherwise``: what is to be done about it, a sentence."""
        if found := self.value(name):
            return found
        raise Refused(SOURCE_MISSING, source=source, reason=f"{name} is not set", detail=otherwise)

    def path(self, name: str) -> Path:
        """Return a file of the machine, named as its own programs name it: ``/.fly/api``."""
        return self.root / name.lstrip("/")

    def seen(self, variable: str, marker: str = "", how: str = "") -> Detection:
        """Say whether a variable holds a token; ``how`` it is had, where a ``marker`` tells the platform."""
        if self.value(variable):
            return Detection(True, f"{variable} is set")  # noqa: FBT003  found
        if marker and self.value(marker):
            return Detection(False, f"{marker} is set, but {variable} is not: {how}", partly=True)  # noqa: FBT003
        return Detection(False, f"{variable} is not set")  # noqa: FBT003

    def file(self, source: str, path: Path | str, *, most: int = LONGEST) -> str:
        """Return what a file says, without the white space around it. ``SOURCE_MISSING``, ``SOURCE_REFUSED``."""
        try:
            with Path(path).open("rb") as opened:
                data = opened.read(most + 1)
        except OSError as error:
            reason = f"{path} cannot be read: {error.strerror or type(error).__name__}"
            raise Refused(SOURCE_MISSING, source=source, reason=reason) from error
        if len(data) > most:
            raise Refused(SOURCE_REFUSED, source=source, reason=f"{path} is larger than {most} bytes")
        try:
            return data.decode("ascii").strip()
        except UnicodeDecodeError:
            raise Refused(SOURCE_REFUSED, source=source, reason=f"{path} holds something else than a token") from None
