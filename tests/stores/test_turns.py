"""Threads that answer long questions: tenants in turn, nobody for ever, nothing left behind."""

import asyncio
import threading
import time
from uuid import UUID

import pytest

from accredit.errors import GRAPH_THROTTLED, Refused
from accredit.stores import turns as module
from accredit.stores.turns import MOST_WAITING, THREADS, Turns

pytestmark = pytest.mark.anyio

A, B, C = (UUID(int=number) for number in (1, 2, 3))


class Held:
    """Questions that wait until they are let go, and remember in what order they began."""

    def __init__(self):
        self.began, self.gate = [], threading.Event()

    def question(self, name):
        def ask():
            self.began.append(name)
            assert self.gate.wait(10)
            return name

        return ask


async def begun(held, many):
    for _ in range(1_000):
        if len(held.began) >= many:
            break
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    assert len(held.began) == many


@pytest.fixture
def turns():
    made = Turns()
    yield made
    made.close()


async def test_a_tenant_has_one_question_under_way_and_another_does_not_wait_for_the_rest(turns):
    held = Held()
    asked = [asyncio.create_task(turns.answer(A, held.question(f"a{n}"))) for n in range(9)]
    await begun(held, 1)
    assert await turns.answer(B, lambda: "b") == "b"
    assert held.began == ["a0"]
    held.gate.set()
    assert await asyncio.gather(*asked) == held.began == [f"a{n}" for n in range(9)]


async def test_tenants_come_in_turn(turns):
    held = Held()
    asked = [asyncio.create_task(turns.answer(A, held.question(f"a{n}"))) for n in range(3)]
    asked += [asyncio.create_task(turns.answer(B, held.question(f"b{n}"))) for n in range(3)]
    asked += [asyncio.create_task(turns.answer(C, held.question(f"c{n}"))) for n in range(2)]
    await begun(held, THREADS)
    held.gate.set()
    await asyncio.gather(*asked)
    assert held.began.index("c0") <= 3, "it waits for what is under way, and for nothing more of who had a turn"
    assert sorted(held.began) == ["a0", "a1", "a2", "b0", "b1", "b2", "c0", "c1"]


async def test_what_one_tenant_asks_at_once_is_bounded(turns):
    held = Held()
    asked = [asyncio.create_task(turns.answer(A, held.question(n))) for n in range(MOST_WAITING + 1)]
    await begun(held, 1)
    with pytest.raises(Refused) as caught:
        await turns.answer(A, lambda: None)
    assert caught.value.row is GRAPH_THROTTLED
    assert await turns.answer(B, lambda: 1) == 1
    held.gate.set()
    await asyncio.gather(*asked)
    assert await turns.answer(A, lambda: 2) == 2


async def test_nobody_waits_for_ever(turns, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    held = Held()
    first = asyncio.create_task(turns.answer(A, held.question(0)))
    await begun(held, 1)
    with pytest.raises(Refused) as caught:
        await turns.answer(A, held.question(1))
    assert caught.value.row is GRAPH_THROTTLED
    held.gate.set()
    assert await first == 0
    assert await turns.answer(A, lambda: 2) == 2
    assert held.began == [0]


@pytest.mark.parametrize("waits", [True, False])
async def test_who_hangs_up_leaves_no_place_taken(turns, waits):
    held = Held()
    asked = [asyncio.create_task(turns.answer(A, held.question(n))) for n in range(2)]
    await begun(held, 1)
    asked[waits].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked[waits]
    await asyncio.sleep(0.02)
    assert held.began == [0], "what is under way is waited for, though nobody wants its answer"
    held.gate.set()
    assert await asked[not waits] == int(not waits)
    assert await turns.answer(A, lambda: 2) == 2
    assert (turns._busy, turns._waiting) == (set(), {})  # noqa: SLF001


async def test_who_hangs_up_when_it_is_his_turn_gives_it_back(turns):
    asked = asyncio.create_task(turns.answer(A, lambda: 1))
    asyncio.get_running_loop().call_soon(asked.cancel)  # after it has its turn, before it knows
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await turns.answer(A, lambda: 2) == 2


async def test_an_error_is_the_askers(turns):
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await turns.answer(A, lambda: 1 / 0)


async def test_to_close_waits_for_what_is_under_way():
    turns, ended = Turns(), []
    asked = asyncio.create_task(turns.answer(A, lambda: (time.sleep(0.2), ended.append(1))))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(turns.close)
    assert ended == [1]
    await asked
    with pytest.raises(RuntimeError):
        await turns.answer(B, lambda: 1)


def test_a_loop_that_is_closed_is_not_told():
    turns = Turns()

    async def hang_up():
        asked = asyncio.create_task(turns.answer(A, lambda: time.sleep(0.2)))
        await asyncio.sleep(0.05)
        asked.cancel()

    asyncio.run(hang_up())
    turns.close()
