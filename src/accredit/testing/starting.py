"""An authority of a test's own process, from its first file to its last."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from accredit.app.occupied import occupied
from accredit.app.serve import ready
from accredit.config import Retention, Settings
from accredit.errors import Refused
from accredit.testing.here import Here
from accredit.testing.kit import Authority
from accredit.testing.ready_keys import ReadyKeys
from accredit.testing.served import Served

if TYPE_CHECKING:
    from types import TracebackType

DRAINED_WITHIN: Final = 1  # second: a test that has ended waits for no answer
MEMORY: Final = Path("/dev/shm")  # noqa: S108  a folder in it is this user's alone
PREFIX: Final = "accredit-testing-"
LEFT: Final = 3_600.0  # seconds after which a folder in which nobody serves was left behind
ROOM: Final = 48 * 2**20  # octets
CA_FILE: Final = "ca.pem"


def _memory() -> Path | None:
    """Return where files are kept in memory, if there is room: what need not survive need not wait for a disk."""
    with suppress(OSError):
        found = os.statvfs(MEMORY)
        if os.access(MEMORY, os.W_OK | os.X_OK) and found.f_bavail * found.f_frsize >= ROOM:
            return MEMORY
    return None


def _sweep(memory: Path) -> None:
    """Take away what tests left in memory that were killed: folders of this user's in which nobody serves."""
    for each in memory.glob(f"{PREFIX}*"):
        with suppress(OSError, Refused):
            found = each.lstat()
            if found.st_uid == os.geteuid() and time.time() - found.st_mtime > LEFT:  # noqa: TID251  a file's age
                with occupied(each):
                    shutil.rmtree(each)


class Starting:
    """Starts an authority when its block is entered, and ends it when that ends. Synchronous and asynchronous."""

    def __init__(self, *, data: str | None = None, explain_to_caller: bool = False) -> None:
        self._data = data
        self._explain_to_caller = explain_to_caller
        self._ending = ExitStack()

    def __enter__(self) -> Authority:
        with ExitStack() as ending:  # what was begun before something failed ends here
            data, keys = self._folder(ending), ReadyKeys.of_user()
            keys.lay_out(data)
            served = Served(self._settings(data), keys)
            ending.callback(keys.take_over, data)
            served.start()
            ending.callback(served.stop)
            runtime = served.runtime
            place = Here(served, ready(runtime, runtime.folder.path / CA_FILE))
            ending.callback(place.close)
            found = Authority(place)
            ending.callback(found.close)
            self._ending = ending.pop_all()
        return found

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def _folder(self, ending: ExitStack) -> Path:
        """Return where it keeps its things; a temporary folder is removed at the end."""
        if self._data is not None:
            return Path(self._data).absolute()
        memory = _memory()
        if memory is not None:
            _sweep(memory)
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=memory))
        ending.callback(shutil.rmtree, made, ignore_errors=True)
        return made

    def _settings(self, data: Path) -> Settings:
        """Return its settings: what other servers on this machine are told is none of its business."""
        return Settings(
            profile="emulator",
            data=str(data),
            port=0,
            admin_port=0,
            log_level="error",
            shutdown_timeout=DRAINED_WITHIN,
            # A test's log may be as long as its folder is large.
            retention=Retention(reserve_megabytes=1, reserve_percent=0),
            explain_to_caller=self._explain_to_caller,
        )

    async def __aenter__(self) -> Authority:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._ending.close)
