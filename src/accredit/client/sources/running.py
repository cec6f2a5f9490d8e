"""Other programs that hand out tokens: by a list of arguments, never through a shell."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

from accredit.errors import SOURCE_MISSING, SOURCE_REFUSED, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT: Final = 30.0  # seconds
LONGEST: Final = 256 * 1_024  # characters that are read of it
_SHOWN: Final = 300  # characters of a complaint


def run(source: str, arguments: Sequence[str], *, environment: Mapping[str, str], timeout: float = TIMEOUT) -> str:
    """Return what a program prints. ``SOURCE_MISSING`` when there is none of that name, else ``SOURCE_REFUSED``."""
    program = arguments[0]
    try:
        ended = subprocess.run(  # noqa: S603  the list is the platform's or the caller's; no shell reads it
            list(arguments),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"{program} did not end within {timeout:g} s"
        raise Refused(SOURCE_REFUSED, source=source, reason=reason) from None  # what it printed stands in the error
    except (OSError, ValueError) as error:
        reason = f"{program} cannot be run: {getattr(error, 'strerror', None) or 'not a name of a program'}"
        raise Refused(SOURCE_MISSING, source=source, reason=reason) from None
    if ended.returncode:
        complaint = ended.stderr.decode(errors="replace").strip()[:_SHOWN]
        reason = f"{program} ended with status {ended.returncode}"
        raise Refused(SOURCE_REFUSED, source=source, reason=reason, detail=complaint)
    return ended.stdout[:LONGEST].decode("ascii", errors="replace").strip()


def typed(most: int) -> str:
    """Return what standard input says, at most so many characters."""
    return sys.stdin.read(most)
