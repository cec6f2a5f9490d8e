"""The end of a request that is answered drop by drop: a time-out begins anew with every octet, this does not.

Rule 1: what a connection is spoken to through is shut down when the time is over; whoever reads it then reads its end.
Rule 2: a connection is shut down and never closed here: its number could be somebody else's by then.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager, suppress
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Deadline:
    """Watches the connections of one client, which makes one request at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._over = False
        self._turn = object()  # of the request that is under way

    @property
    def over(self) -> bool:
        """Whether the request that was made last had to be ended."""
        return self._over

    def heard(self, _: str, said: Mapping[str, Any]) -> None:
        """Take note of a connection that is made (the client library's ``trace``)."""
        found = getattr(said.get("return_value"), "get_extra_info", None)
        if found is None:
            return
        with self._lock:
            self._socket = found("socket") or self._socket
            if self._over:
                self._shut()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let a request take so many seconds in all."""
        with self._lock:
            self._over, self._turn = False, object()
        timer = Timer(seconds, self._end, (self._turn,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self, turn: object) -> None:
        with self._lock:
            if turn is self._turn:  # a timer that was late for its own request does not end the one after it
                self._over = True
                self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # TLS goes on knowing what it is
