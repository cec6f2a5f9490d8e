"""One server for one data directory: two would each keep trust in memory that the other one changes."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from accredit.errors import DATA_IN_USE, OUTPUT_UNWRITABLE, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK: Final = "serve.lock"


@contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this server while the block runs; commands beside it ask for nothing.

    ``DATA_IN_USE``; ``OUTPUT_UNWRITABLE`` where the disk is read-only, or the directory another user's.

    The lock is the kernel's: it ends with the process, however that ends; the file stays and means nothing.
    """
    path = folder / LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Refused(OUTPUT_UNWRITABLE, what=path, reason=error.strerror) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(DATA_IN_USE, path=folder) from error
        yield
    finally:
        os.close(lock)
