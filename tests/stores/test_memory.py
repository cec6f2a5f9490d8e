"""The store in memory passes the suite."""

import asyncio

import pytest

from accredit.stores.memory import MemoryRegistry
from tests.stores.conformance import CASES, Store


@pytest.mark.parametrize("sentence", CASES)
def test_memory(sentence):
    heard = []
    registry = MemoryRegistry(lambda version, keys: heard.append((version, keys)))
    asyncio.run(CASES[sentence](Store(registry, registry, heard)))
