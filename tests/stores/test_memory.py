"""The store in memory passes the suite."""

import asyncio

from accredit.stores.memory import MemoryRegistry
from tests.stores.conformance import CASES, Store
from tests.support.every import every


@every("sentence", CASES)
def test_memory(sentence):
    heard = []
    registry = MemoryRegistry(lambda version, keys: heard.append((version, keys)))
    asyncio.run(CASES[sentence](Store(registry, registry, heard)))
