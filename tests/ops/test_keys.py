"""Signing keys of a running server: published before they sign, withdrawn at once, rotated by age."""

import base64
import json
from datetime import timedelta

import pytest

from tests.ops.servers import command
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
