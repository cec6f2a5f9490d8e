"""Signing keys of a running server: published before they sign, withdrawn at once, rotated by age."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from accredit.administer import signing_keys
from accredit.errors import Refused
from accredit.stores.sqlite import SqliteRegistry
from tests.ops.servers import command, initialise
from tests.wire.authority import TENANT, wire

KEYS = f"/{TENANT}/discovery/v2.0/keys"


def kids(answer):
    return [each["kid"] for each in answer.json()["keys"] if each["kty"] == "RSA"]


def signed_by(answer):
    assert answer.status_code == 200, answer.text
    header = answer.json()["access_token"].split(".")[0]
    return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]


@pytest.mark.slow
def test_rotation_publishes_the_next_key_and_an_emergency_withdraws_the_rest_for_the_next_request(production, workload):
    def keys():
        return kids(production.http.get(f"/{workload.tenant}/discovery/v2.0/keys"))

    def rotate(*options):
        done = command("keys", "rotate", *options, "--data", str(production.data), "--yes", "-o", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["kid"]

    (first,) = keys()
    assert signed_by(workload.ask()) == first
    following = rotate()
    assert keys() == [first, following]  # published by the very next request
    assert signed_by(workload.ask()) == first  # and not used yet
    for _ in range(5):
        fresh = rotate("--emergency")
        assert signed_by(workload.ask()) == fresh
        assert keys() == [fresh]
        fresh = rotate("--emergency")
        assert keys() == [fresh]  # also when no token was asked for in between
        assert signed_by(workload.ask()) == fresh
    assert following not in keys()


def test_keys_rotate_by_age_without_a_gap(tmp_path):
    with wire(tmp_path / "data") as emulator:

        def shown():
            return [each["kid"] for each in emulator.ask("GET", KEYS).json["keys"] if each["kty"] == "RSA"]

        def signer():
            answer = emulator.post(emulator.form())
            assert answer.status == 200, answer.json
            header = answer.json["access_token"].split(".")[0]
            return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]

        (first,) = shown()
        ages = []
        while len(shown()) == 1:
            emulator.clock.advance(days=1)
            emulator.run(emulator.runtime._tend)  # what runs every hour  # noqa: SLF001
            ages.append(1)
        assert len(ages) == 88  # two days before the key is ninety days old
        assert signer() == first
        second = shown()[1]
        emulator.clock.advance(days=2)
        assert signer() == second
        assert shown() == [second, first]  # what it signed is still valid
        emulator.clock.at += timedelta(days=1, minutes=11)
        assert shown() == [second]


async def replace_key(emulator, master_key):
    """Rotate in an emergency, beside the server, with a master key."""
    folder = emulator.runtime.folder
    elsewhere = SqliteRegistry(folder.database)
    by = replace(emulator.administrator, registry=elsewhere)
    await signing_keys.rotate(by, folder.make_key(master_key), "RS256", emergency=True)
    elsewhere.close()


def test_a_key_that_another_master_key_sealed_stops_signing_and_never_leaves_the_withdrawn_one_in_use(tmp_path):
    with wire(tmp_path / "data") as emulator:
        folder = emulator.runtime.folder

        def ready():
            return {name: why for name, why in emulator.runtime.ready().items() if why}

        assert emulator.post(emulator.form()).status == 200
        assert ready() == {}
        emulator.clock.advance(minutes=1)
        emulator.run(replace_key, emulator, bytes(32))
        for _ in range(3):
            answer = emulator.post(emulator.form())
            assert (answer.status, answer.code) == (503, 90033)
        assert list(ready()) == ["signing key"]
        assert "master key" in ready()["signing key"]
        emulator.clock.advance(minutes=1)
        emulator.run(replace_key, emulator, folder.master_key())
        assert emulator.post(emulator.form()).status == 200
        assert ready() == {}


def test_a_server_seals_no_key_with_a_master_key_that_was_put_in_place_of_its_own(tmp_path):
    with wire(tmp_path / "data") as emulator:
        emulator.runtime.folder.master_key_file.write_bytes(bytes(32))
        emulator.clock.advance(days=89)
        with pytest.raises(Refused, match="master key"):
            emulator.run(emulator.runtime._tend)  # noqa: SLF001
        assert len(kids_of(emulator)) == 1


def kids_of(emulator):
    return [each["kid"] for each in emulator.ask("GET", KEYS).json["keys"] if each["kty"] == "RSA"]


def test_the_command_seals_no_key_with_another_master_key_than_the_stores(tmp_path):
    initialise(tmp_path)
    data = tmp_path / "data"
    (data / "master.key").write_bytes(bytes(32))
    for options in ((), ("--emergency", "--yes")):
        done = command("keys", "rotate", *options, "--data", str(data))
        assert done.returncode == 2
        assert "opens none of the signing keys" in done.stderr
    listed = command("keys", "list", "--all", "--data", str(data), "-o", "json")
    assert [each["state"] for each in json.loads(listed.stdout)] == ["active", "active"]
