"""The sign-in log when the process is killed and when the disk is full: in processes of their own, for real."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from accredit.stores import fresh, sqlite
from tests.stores.attempts import granted, ids, opened

ROOT = Path(__file__).parents[2]
KILLS = 5


def _run(module, path, **options):
    return subprocess.Popen([sys.executable, "-m", f"tests.stores.{module}", str(path)], cwd=ROOT, **options)


def _told_before_it_was_killed(path, after):
    """Let the program work for ``after`` seconds from its first line, kill it, return the ids that it was told."""
    with _run("under_load", path, stdout=subprocess.PIPE) as program:
        first = program.stdout.readline()
        ends = time.monotonic() + after
        lines = [first]
        while time.monotonic() < ends:
            lines.append(program.stdout.readline())
        program.send_signal(signal.SIGKILL)
        lines += program.stdout.readlines()
    assert program.returncode == -signal.SIGKILL
    return {UUID(line.decode().strip()) for line in lines if line.endswith(b"\n") and len(line) == 37}


@pytest.mark.slow
def test_killed_under_load_the_log_has_every_event_that_anybody_was_told_of_and_opens_again(tmp_path):
    path = tmp_path / "accredit.db"
    fresh.create(path)
    told = set()
    for _ in range(KILLS):
        told |= _told_before_it_was_killed(path, random.uniform(0.05, 0.4))  # noqa: S311  any moment will do
        assert told <= ids(path)
    assert len(told) > 50 * KILLS
    with closing(sqlite.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    async def once_more():
        async with opened(path) as log:
            return await granted(log)

    assert asyncio.run(once_more()) in ids(path)


def test_on_a_full_disk_nothing_is_issued_and_it_recovers_by_itself(tmp_path):
    path = tmp_path / "accredit.db"
    fresh.create(path)
    with _run("full_disk", path, stdout=subprocess.PIPE, text=True) as program:
        told = json.loads(program.communicate(timeout=50)[0])
    failure = told.pop("failure")
    assert told == {"issued": 0, "answers": [90033], "healthy": False, "kept": True, "kept_after": True}
    assert "the disk does not take what is written to it" in failure
