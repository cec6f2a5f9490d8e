"""What a probe is told: ready means that a token could be issued now, and anything else says why not."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from accredit.administer import signing_keys
from accredit.app import seed
from accredit.stores import sqlite
from accredit.stores.sqlite import SqliteRegistry
from tests.ops.servers import until
from tests.wire.authority import wire


@pytest.fixture
def emulator(tmp_path):
    with wire(tmp_path / "data") as running:
        yield running


def told(emulator):
    """The status of /readyz, and the conditions that do not hold."""
    answer = emulator.ask("GET", "/readyz?verbose", headers={"host": "localhost"}, application=emulator.runtime.admin)
    conditions = json.loads(answer.body)["conditions"]
    return answer.status, {name: why for name, why in conditions.items() if why != "ok"}


def test_it_is_ready(emulator):
    assert told(emulator) == (200, {})


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_not_without_a_key_that_signs_for_each_algorithm(emulator, algorithm):
    emulator.clock.at = seed.EARLIEST - timedelta(days=1)
    found = told(emulator)
    assert found[0] == 503
    assert f"no {algorithm} key signs now" in found[1]["signing key"]


def test_not_with_a_key_that_is_published_and_does_not_sign_yet(emulator):
    async def only_the_next(runtime):
        made = await signing_keys.rotate(runtime.administrator, runtime.folder.make_key(runtime.folder.master_key()))
        async with runtime.registry.transaction() as change:
            for each in await signing_keys.read_all(change):
                if each.kid != made.kid and each.algorithm == "RS256":
                    await change.signing_keys.put(signing_keys.replace(each, withdrawn_at=emulator.clock()))

    emulator.run(only_the_next, emulator.runtime)
    assert told(emulator) == (503, {"signing key": "no RS256 key signs now"})


def test_not_without_its_database(emulator):
    database = emulator.runtime.folder.database
    away = database.rename(database.with_name("away"))
    assert told(emulator)[0] == 503
    assert "database" in told(emulator)[1]
    away.rename(database)
    assert told(emulator) == (200, {})


def test_not_with_a_schema_that_it_does_not_know(emulator):
    connection = sqlite.connect(emulator.runtime.folder.database)
    connection.execute("UPDATE schema_version SET version_num = '9999'")
    connection.close()
    status, wrong = told(emulator)
    assert status == 503
    assert "9999" in wrong["database"]


def test_not_while_it_cannot_follow_what_others_change(emulator, monkeypatch):
    elsewhere = SqliteRegistry(emulator.runtime.folder.database)
    by = replace(emulator.administrator, registry=elsewhere)

    async def change():
        make = emulator.runtime.folder.make_key(emulator.runtime.folder.master_key())
        await signing_keys.rotate(by, make, emergency=True)

    def fail(_lookup):
        raise IndexError

    with monkeypatch.context() as broken:
        broken.setattr(type(emulator.runtime.following.lookup), "signing_keys", fail)
        emulator.run(change)
        answer = emulator.post(emulator.form())
        assert (answer.status, answer.code) == (503, 90033)
        assert told(emulator) == (503, {"directory": "IndexError"})
    assert emulator.post(emulator.form()).status == 200
    assert told(emulator) == (200, {})
    elsewhere.close()


def test_not_while_the_sign_in_log_takes_nothing(emulator):
    log = emulator.runtime.log
    log.sink._trouble = "above its cap"  # noqa: SLF001  until its thread looks again
    assert told(emulator)[1].get("sign-in log") == "above its cap"


def test_what_runs_in_the_background_runs_again_when_it_has_failed(tmp_path, monkeypatch):
    monkeypatch.setattr("accredit.app.runtime.AGAIN_AFTER", 0.01)
    done = []

    async def keep_fresh(_keys):
        done.append(True)
        raise RuntimeError

    monkeypatch.setattr("accredit.outbound.IssuerKeys.keep_fresh", keep_fresh)
    with wire(tmp_path / "data") as running:
        until(lambda: len(done) > 2)
        assert told(running) == (200, {})
