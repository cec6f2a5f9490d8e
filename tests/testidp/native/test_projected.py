"""A projected token: when it becomes another one, and that nobody reads a half of it."""

import stat
import threading
from datetime import UTC, datetime, timedelta

import pytest

from accredit.testidp.native.projected import Projected

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def advance(self, seconds):
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


def tokens(clock, life=3600, **more):
    """What hands out numbered tokens with a life in seconds."""
    given = []

    def fetch():
        given.append(f"token-{len(given)}")
        iat = int(clock().timestamp())
        return given[-1], {"iat": iat, "exp": iat + life, **more}

    return fetch


def test_it_is_another_one_when_four_fifths_of_its_life_are_over(tmp_path, clock):
    projected = Projected(tmp_path / "volume", tokens(clock), clock)
    assert projected.keep() == 2880
    assert projected.path.read_text() == "token-0"
    clock.advance(2879)
    assert projected.keep() == 1
    assert projected.path.read_text() == "token-0"
    clock.advance(1)
    assert projected.keep() == 2880
    assert projected.path.read_text() == "token-1"


def test_how_long_each_is_good_for(tmp_path, clock):
    now = int(START.timestamp())
    rows = {
        "a short one": ({"iat": now, "exp": now + 600}, 480),
        "a day at most": ({"iat": now, "exp": now + 31_536_000}, 86_400),
        "what it says to be warned of": (
            {"iat": now, "exp": now + 31_536_000, "kubernetes.io": {"warnafter": now + 3600}},
            2880,
        ),
        "one that says nothing": ({}, 86_400),
        "one without an end": ({"iat": now}, 86_400),
        "one that has ended": ({"iat": now, "exp": now - 1}, 86_400),
    }
    found = {
        name: Projected(tmp_path / str(number), lambda claims=claims: ("t", claims), clock).keep()
        for number, (name, (claims, _)) in enumerate(rows.items())
    }
    assert found == {name: seconds for name, (_, seconds) in rows.items()}


def test_it_lies_as_the_kubelet_lays_it(tmp_path, clock):
    projected = Projected(tmp_path, tokens(clock), clock, name="api-token", newline=True)
    for _ in range(3):
        projected.keep()
        clock.advance(3600)
    assert projected.path.read_text() == "token-2\n"
    assert str(projected.path.readlink()) == "..data/api-token"
    folders = ["..2026_11_23_15_00_00.000000", "..2026_11_23_16_00_00.000000"]  # the one before, and the present one
    assert sorted(each.name for each in tmp_path.iterdir()) == [*folders, "..data", "api-token"]
    assert stat.S_IMODE(projected.path.stat().st_mode) == 0o600


def test_a_clock_that_stands_still_or_goes_back_is_no_trouble(tmp_path, clock):
    fetch = tokens(clock)
    for number in range(2):
        projected = Projected(tmp_path, fetch, clock)  # another process that takes the folder over
        projected.keep()
        assert projected.path.read_text() == f"token-{number}"
    assert len([*tmp_path.iterdir()]) == 4


def test_a_plain_file_in_its_place_makes_way(tmp_path, clock):
    (tmp_path / "token").write_text("old")
    projected = Projected(tmp_path, tokens(clock), clock)
    projected.keep()
    assert projected.path.read_text() == "token-0"


def test_what_a_link_leads_to_is_left_alone(tmp_path, clock):
    others, volume = tmp_path / "others", tmp_path / "volume"
    others.mkdir()
    (others / "kept").write_text("precious")
    volume.mkdir()
    (volume / "..2026_other").symlink_to(others)
    projected = Projected(volume, tokens(clock, 100), clock)
    for _ in range(3):
        projected.keep()
        clock.advance(100)
    assert (others / "kept").read_text() == "precious"
    assert projected.path.read_text() == "token-2"


def test_nobody_reads_a_half_of_it_or_none(tmp_path, clock):
    projected = Projected(tmp_path, lambda: ("x" * 20_000, {}), clock)
    projected.keep()
    wrong, done, readings, read = [], threading.Event(), [0, 0], threading.Condition()

    def follow(reader):
        while not done.is_set():
            try:
                if projected.path.read_text() != "x" * 20_000:
                    wrong.append("a half")
            except OSError as error:
                wrong.append(str(error))
            with read:
                readings[reader] += 1
                read.notify()

    followers = [threading.Thread(target=follow, args=[each]) for each in range(2)]
    for each in followers:
        each.start()
    for _ in range(50):
        clock.advance(86_400)
        before = [*readings]
        projected.keep()
        with read:  # nobody is so slow that he meets two rotations on his way
            assert read.wait_for(lambda before=before: all(n > b for n, b in zip(readings, before, strict=True)), 20)
    done.set()
    for each in followers:
        each.join()
    assert wrong == []
