"""B5, small: five kills of a server under load, for real; and that a token without an event would be found."""

import os
import sqlite3
from contextlib import closing
from uuid import UUID, uuid4

import pytest

from accredit.app.folder import DATABASE
from benchmarks import durability, minting, product
from benchmarks.directory import Contents
from benchmarks.machine import Cores

pytestmark = pytest.mark.slow

KILLS = 5
USABLE = sorted(os.sched_getaffinity(0))
CORES = Cores(USABLE[0], USABLE[-1])  # one and the same will do: nothing is measured here


def test_no_answered_token_is_missing_after_any_of_five_kills(tmp_path):
    key = minting.Key.new("key-1")
    contents = Contents(50, [product.uploaded(key)])
    killed = durability.kill(CORES, tmp_path / "killed", contents, key, kills=KILLS, seconds=0.6)
    assert len(killed.received) == KILLS
    assert sum(killed.received) > 20 * KILLS, "the server has answered"
    assert killed.problems == []
    assert killed.lost == set()
    database = product.folder(tmp_path / "killed").path / DATABASE
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        (gone,) = other.execute("DELETE FROM signins WHERE seq = 7 RETURNING id").fetchone()
        (there,) = other.execute("SELECT id FROM signins WHERE seq = 8").fetchone()
    stranger = uuid4()
    asked = {UUID(bytes=gone), UUID(bytes=there), stranger}
    assert durability.missing(database, asked) == {UUID(bytes=gone), stranger}
