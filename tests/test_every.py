"""A test of many rows fails for each of them, says which, and is none without a row."""

import inspect

import pytest

from tests.support.every import every

NUMBERS = {"one": 1, "two": 2, "three": 3}


def checked(*wrong):
    """A test of three rows, of which some do not hold; and what it was called with."""
    called = []

    @every("number", NUMBERS.values(), ids=NUMBERS)
    def check(number):
        called.append(number)
        assert number not in wrong

    return check, called


def test_every_row_runs_each_time():
    check, called = checked()
    check()
    check()
    assert called == [1, 2, 3] * 2


def test_one_row_that_fails_is_told_as_it_is_and_by_its_sentence():
    check, called = checked(2)
    with pytest.raises(AssertionError) as found:
        check()
    assert found.value.__notes__ == ["the row: two"]
    assert called == [1, 2, 3], "the others run all the same"


def test_several_rows_that_fail_are_told_together():
    check, _ = checked(1, 3)
    for _ in range(2):  # the second time says nothing of the first
        with pytest.raises(BaseExceptionGroup, match="2 of 3 rows do not hold: one; three") as found:
            check()
        assert len(found.value.exceptions) == 2


@pytest.mark.parametrize("give_up", [pytest.fail, pytest.skip])
def test_a_row_that_gives_up_is_one_that_fails(give_up):
    @every("number", [1, 2])
    def check(number):
        if number == 1:
            give_up("no")

    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as found:
        check()
    assert found.value.__notes__ == ["the row: 1"]


def test_a_test_asks_for_what_no_row_gives():
    @every(("a", "b"), [(1, 2)])
    def check(a, tmp_path, b):
        assert (a, tmp_path, b) == (1, "x", 2)

    assert list(inspect.signature(check).parameters) == ["tmp_path"]
    check(tmp_path="x")


def test_two_tables_multiply():
    called = []

    @every("b", [1, 2])
    @every("a", [pytest.param("x", id="ex"), "y"])
    def check(a, b):
        called.append(f"{a}{b}")
        assert (a, b) != ("x", 2)

    with pytest.raises(AssertionError) as found:
        check()
    assert called == ["x1", "y1", "x2", "y2"]
    assert found.value.__notes__ == ["the row: 2, ex"]


@pytest.mark.anyio
async def test_what_is_awaited():
    @every("number", [1, 2], ids=lambda each: f"n{each}")
    async def check(number):
        assert number == 1

    with pytest.raises(AssertionError) as found:
        await check()
    assert found.value.__notes__ == ["the row: n2"]


NONE = {
    "no row": ("a", [], None),
    "fewer sentences than rows": ("a", [1, 2], ["one"]),
    "more values than names": ("a, b", [(1, 2, 3)], None),
    "a mark": ("a", [pytest.param(1, marks=pytest.mark.slow)], None),
}


@pytest.mark.parametrize("sentence", NONE)
def test_what_is_no_table(sentence):
    names, table, ids = NONE[sentence]
    with pytest.raises(ValueError, match=r"\S"):
        every(names, table, ids=ids)
