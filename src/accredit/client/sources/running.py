"""Other programs that hand out tokens: by a list of arguments, never through a shell."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from accredit.errors import SOURCE_MISSING, SOURCE_REFUSED, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT: Final = 30.0  # seconds
LONGEST: Final = 256 * 1_024  # characters that are read of it
_SHOWN: Final = 300  # characters of a complaint
_AT_ONCE: Final = 65_536  # octets


def run(source: str, arguments: Sequence[str], *, environment: Mapping[str, str], timeout: float = TIMEOUT) -> str:
    """Return what a program prints. ``SOURCE_MISSING`` when there is none of that name, else ``SOURCE_REFUSED``."""
    program = arguments[0]
    try:
        with subprocess.Popen(  # noqa: S603  the list is the platform's or the caller's; no shell reads it
            list(arguments),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                printed, complaint = _heard(process, time.monotonic() + timeout)
            except BaseException:
                process.kill()
                raise
    except subprocess.TimeoutExpired:
        reason = f"{program} did not end within {timeout:g} s"
        raise Refused(SOURCE_REFUSED, source=source, reason=reason) from None
    except (OSError, ValueError) as error:
        reason = f"{program} cannot be run: {getattr(error, 'strerror', None) or 'not a name of a program'}"
        raise Refused(SOURCE_MISSING, source=source, reason=reason) from None
    if len(printed) > LONGEST:
        raise Refused(SOURCE_REFUSED, source=source, reason=f"{program} printed more than {LONGEST} characters")
    if process.returncode:
        said = complaint.decode(errors="replace").strip()[:_SHOWN]
        reason = f"{program} ended with status {process.returncode}"
        raise Refused(SOURCE_REFUSED, source=source, reason=reason, detail=said)
    return printed.decode("ascii", errors="replace").strip()


def _heard(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, bytes]:
    """Return what a program prints and complains of until it ends, or until it has printed more than a token has.

    ``until``: an instant of the monotonic clock, after which ``TimeoutExpired`` is raised.
    """
    found = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as waiting:
        for each in found:
            waiting.register(each, selectors.EVENT_READ)  # type: ignore[arg-type]  # both are pipes
        while waiting.get_map() and len(found[process.stdout]) <= LONGEST:
            ready = waiting.select(max(until - time.monotonic(), 0.0))
            if not ready:
                raise subprocess.TimeoutExpired(process.args, 0.0)
            for key, _ in ready:
                part = os.read(key.fd, _AT_ONCE)
                if not part:
                    waiting.unregister(key.fileobj)
                elif len(kept := found[key.fileobj]) <= LONGEST:  # type: ignore[index]
                    kept += part
    if len(found[process.stdout]) > LONGEST:
        process.kill()
    process.wait(max(until - time.monotonic(), 0.0))
    return bytes(found[process.stdout]), bytes(found[process.stderr])


def typed(most: int) -> str:
    """Return what standard input says, at most so many characters."""
    return sys.stdin.read(most)
