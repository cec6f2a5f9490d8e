"""A table is cleared a slice at a time: all that may go goes, nothing else does, no slice is too long."""

import sqlite3

import pytest

from accredit.stores.sweep import Sweep

GONE = [2, 3, 5, 7, 11, 13, 17]


@pytest.fixture
def connection():
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.execute("CREATE TABLE t (a INT, b INT, n INT, PRIMARY KEY (a, b)) WITHOUT ROWID")
    made.executemany("INSERT INTO t VALUES (?, ?, ?)", [(n // 4, n % 4, n) for n in range(20)])
    yield made
    made.close()


def left(connection):
    return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]


@pytest.mark.parametrize("rows", [1, 3, 4, 19, 20, 21])
def test_one_pass_takes_all_that_may_go(connection, rows):
    sweep = Sweep(connection, "t", ("a", "b"), f"n IN ({','.join(map(str, GONE))}) AND n < :below")
    sweep.want(1)
    taken = []
    while sweep.passes:
        before = left(connection)
        taken.append(sweep.step(rows, {"below": 17}))
        touched = set(before) - set(left(connection))
        assert len(touched) == taken[-1]
        assert not touched or max(touched) - min(touched) < rows
    assert sum(taken) == 6
    assert left(connection) == [n for n in range(20) if n not in GONE or n == 17]
    assert 20 / rows <= len(taken) <= 20 / rows + 2


def test_nothing_is_done_that_nobody_wants(connection):
    sweep = Sweep(connection, "t", ("a", "b"), "TRUE")
    assert sweep.step(100, {}) == 0
    assert len(left(connection)) == 20
    sweep.want(1)
    sweep.want(1)
    assert sweep.step(100, {}) == 20
    assert sweep.passes == 0


def test_a_pass_begins_where_the_last_one_ended(connection):
    sweep = Sweep(connection, "t", ("a", "b"), "n >= :least")
    sweep.want(2)
    assert [sweep.step(10, {"least": 15}), sweep.step(10, {"least": 15}), sweep.step(10, {"least": 15})] == [0, 5, 0]
    assert sweep.step(10, {"least": 3}) == 7
    assert left(connection) == [0, 1, 2, 10, 11, 12, 13, 14]
