"""An authority that is served in a thread of this process."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from accredit.app.listen import new_loop
from accredit.app.serve import serving

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from accredit.app.runtime import Runtime
    from accredit.config import Settings
    from accredit.testing.ready_keys import ReadyKeys

T = TypeVar("T")

STARTS_WITHIN: Final = 30.0  # seconds
ENDS_WITHIN: Final = 30.0  # seconds
ONE_CALL: Final = 60.0  # seconds that one change of the directory may take


@dataclass(frozen=True, slots=True)
class _Begun:
    """What the thread hands over when requests are answered."""

    runtime: Runtime
    loop: asyncio.AbstractEventLoop
    told: asyncio.Event


class Served:
    """An authority that is served in a thread of its own. ``start`` once, ``stop`` once."""

    def __init__(self, settings: Settings, keys: ReadyKeys) -> None:
        self._settings = settings
        self._keys = keys
        self._begun: Future[_Begun] = Future()
        # A daemon: an interpreter that ends without ``stop`` shall not wait for it.
        self._thread = threading.Thread(target=self._serve, name="accredit-authority", daemon=True)

    @property
    def runtime(self) -> Runtime:
        """The authority itself. What it is made of is used in its own thread only: ``run``."""
        return self._begun.result(0).runtime

    def start(self) -> None:
        """Start, and return when requests are answered. ``TimeoutError``, or what serving raises."""
        self._thread.start()
        try:
            self._begun.result(STARTS_WITHIN)
        except TimeoutError:
            self._begun.cancel()  # nobody will end it, so it ends as soon as it has begun
            raise

    def stop(self) -> None:
        """End it, and wait until it has ended: ``TimeoutError``. Keys that it made are kept for the next one."""
        begun = self._begun.result(0)
        with suppress(RuntimeError):  # its loop has ended already
            begun.loop.call_soon_threadsafe(begun.told.set)
        self._thread.join(ENDS_WITHIN)
        if self._thread.is_alive():
            raise TimeoutError(f"the authority has not ended within {ENDS_WITHIN:.0f} seconds")

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        """Run a story in the authority's own thread, and return what it returns."""
        return asyncio.run_coroutine_threadsafe(story, self._begun.result(0).loop).result(ONE_CALL)

    def _serve(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(self._served())
        except BaseException as error:  # whoever waits for the start is told
            if self._begun.cancelled():
                return
            if self._begun.done():
                raise
            self._begun.set_exception(error)

    async def _served(self) -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()

        def announced(runtime: Runtime) -> None:
            self._begun.set_result(_Begun(runtime, loop, told))

        await serving(self._settings, told, announced, keys=self._keys.signing)
