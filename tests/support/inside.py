"""A running emulator in a thread of this process: real sockets and TLS, and its own objects within reach."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accredit import config
from accredit.app.provoking import Provoking
from accredit.app.runtime import Runtime
from accredit.app.serve import ready
from accredit.testidp import TestIssuer
from accredit.testing.ready_keys import ReadyKeys
from accredit.testing.served import Served
from tests.support.emulator import Emulator


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
    served = Served(told, ReadyKeys(None))
    served.start()
    made = Inside(folder, ready(served.runtime, folder / "ca.pem"), served.runtime)
    try:
        yield made
    finally:
        made.http.close()
        served.stop()
