"""A running emulator in a thread of this process: real sockets and TLS, and its own objects within reach."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from accredit import config
from accredit.app.listen import new_loop
from accredit.app.provoking import Provoking
from accredit.app.runtime import Runtime
from accredit.app.serve import ready, serving
from accredit.testidp import TestIssuer
from tests.support.emulator import Emulator

STARTS_WITHIN = 30.0  # seconds


@dataclass(frozen=True)
class Inside(Emulator):
    """An emulator, and what it is made of."""

    runtime: Runtime

    @property
    def provoking(self) -> Provoking:
        found = self.runtime.provoking
        assert isinstance(found, Provoking)
        return found

    @property
    def issuer(self) -> TestIssuer:
        found = self.runtime.test_issuer
        assert isinstance(found, TestIssuer)
        return found


@contextmanager
def inside(folder: Path, **settings: Any) -> Iterator[Inside]:
    """Serve an emulator with its data in ``folder`` until the block ends."""
    told = config.read(
        {}, secrets=None, profile="emulator", data=str(folder), port=0, **{"log_level": "error"} | settings
    )
    begun: Future[tuple[Runtime, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        await serving(told, stop, lambda runtime: begun.set_result((runtime, asyncio.get_running_loop(), stop)))

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(serve())
        except BaseException as error:
            if begun.done():
                raise
            begun.set_exception(error)

    thread = Thread(target=run, name="emulator")
    thread.start()
    runtime, loop, stop = begun.result(STARTS_WITHIN)
    made = Inside(folder, ready(runtime, folder / "ca.pem"), runtime)
    try:
        yield made
    finally:
        made.http.close()
        loop.call_soon_threadsafe(stop.set)
        thread.join(STARTS_WITHIN)
