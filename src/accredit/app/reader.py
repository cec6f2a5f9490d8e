"""How far the other end of a connection is behind with reading what was answered, as far as a server can see it.

Rule 1: who takes nothing for fifteen seconds is too slow, and who takes an answer in small bites for five minutes is.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from fcntl import ioctl
from termios import TIOCOUTQ
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

TAKES_WITHIN: Final = 15.0  # seconds in which a reader takes something: less than a draining server waits
READS_WITHIN: Final = 300.0  # seconds in which he takes one answer whole


def left(transport: asyncio.Transport) -> int:
    """Return the bytes of what was written that have not arrived yet.

    The kernel's are among them (Linux): behind TLS, a loop holds what is encrypted already where nobody else sees it,
    and as long as there is some, the kernel's own buffer is full.
    """
    held, socket = transport.get_write_buffer_size(), transport.get_extra_info("socket")
    if socket is None:  # the connection is lost, and its protocol will be told next: behind TLS that takes a turn
        return held
    with suppress(OSError, ValueError):  # it is closed already; or the system does not count
        held += int.from_bytes(ioctl(socket.fileno(), TIOCOUTQ, bytes(4)), sys.byteorder)
    return held


class Behind:
    """A reader who has not taken everything, from when he was first seen so until he has."""

    __slots__ = ("_answers", "_left", "_moved", "_since")

    def __init__(self, left: int, answers: int, now: float) -> None:
        self._left = left
        self._answers = answers  # that were complete
        self._moved = now  # when he was last seen to have taken something
        self._since = now  # when he was first seen with this answer

    def is_too_slow(self, left: int, answers: int, now: float) -> bool:
        """Look at him again. ``answers``: as many as are complete by now; a further one begins his time anew."""
        if left != self._left:
            self._left, self._moved = left, now
        if answers != self._answers:
            self._answers, self._since = answers, now
        return now - self._moved > TAKES_WITHIN or now - self._since > READS_WITHIN
