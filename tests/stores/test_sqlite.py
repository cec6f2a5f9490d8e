"""The store in SQLite passes the suite."""

import asyncio

import pytest

from accredit.stores.fresh import create
from accredit.stores.sqlite import SqliteRegistry
from tests.stores.conformance import CASES, Store


@pytest.mark.parametrize("sentence", CASES)
def test_sqlite(sentence, tmp_path):
    heard, path = [], tmp_path / "accredit.db"
    create(path)
    registry, another = SqliteRegistry(path, lambda version, keys: heard.append((version, keys))), SqliteRegistry(path)
    try:
        asyncio.run(CASES[sentence](Store(registry, another, heard)))
    finally:
        registry.close()
        another.close()
