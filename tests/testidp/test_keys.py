"""Keys outlive the process when there is a folder, and a rotation is seen."""

import stat
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from accredit.testidp.keys import ALGORITHMS, Key, Keyring
from tests.testidp.workbench import issuer


def kids(keyring, default="RS256"):
    return [key.kid for key in keyring.published(default)]


@pytest.mark.parametrize(("algorithm", "library"), [("RS256", RSAKey), ("ES384", ECKey), ("EdDSA", OKPKey)])
def test_the_kid_is_the_thumbprint(algorithm, library):
    key = Key.made(algorithm)
    assert key.kid == library.import_key(key.jwk).thumbprint()


def test_nothing_is_made_before_it_is_used(tmp_path):
    issuer(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_restart_keeps_every_key(tmp_path, algorithm):
    made = Keyring("custom", tmp_path).signing(algorithm)
    assert Keyring("custom", tmp_path).signing(algorithm).jwk == made.jwk


def test_a_restart_publishes_all_keys_before_they_are_used_again(tmp_path):
    first = Keyring("custom", tmp_path)
    for algorithm in ("RS256", "ES256"):
        first.signing(algorithm)
    assert kids(Keyring("custom", tmp_path)) == kids(first)


def test_the_file_is_for_its_owner_only_and_nothing_is_left_beside_it(tmp_path):
    Keyring("custom", tmp_path / "keys").signing("ES256")
    (file,) = (tmp_path / "keys").iterdir()
    assert file.name == "custom-ES256.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_issuers_share_a_folder_and_no_key(tmp_path):
    assert Keyring("a", tmp_path).signing("ES256").kid != Keyring("b", tmp_path).signing("ES256").kid


def test_of_two_processes_that_make_a_key_at_once_one_wins(tmp_path, monkeypatch):
    first, second, faster, make = Keyring("custom", tmp_path), Keyring("custom", tmp_path), [], Key.made

    def made(algorithm):
        monkeypatch.undo()
        faster.append(first.signing(algorithm).kid)  # while the second makes its own
        return make(algorithm)

    monkeypatch.setattr(Key, "made", made)
    assert [second.signing("ES256").kid] == faster
    assert [file.name for file in tmp_path.iterdir()] == ["custom-ES256.pem"]


def test_threads_that_sign_first_at_once_sign_with_one_key(monkeypatch):
    ring, make = Keyring("custom", None), Key.made

    def slowly(algorithm):
        sleep(0.005)  # lets the others in
        return make(algorithm)

    monkeypatch.setattr(Key, "made", slowly)
    with ThreadPoolExecutor(8) as threads:
        signed = {each.kid for each in threads.map(lambda _: ring.signing("ES256"), range(8))}
    assert signed == {*kids(ring, "ES256")}
    assert len(signed) == 1


def test_a_rotation_signs_with_a_new_key_and_publishes_the_one_before(tmp_path):
    ring = Keyring("custom", tmp_path)
    (first,) = kids(ring)
    ring.rotate("RS256", keep_previous=True)
    assert kids(ring) == [ring.signing("RS256").kid, first]
    second = ring.signing("RS256").kid
    ring.rotate("RS256", keep_previous=True)
    assert kids(ring) == [ring.signing("RS256").kid, second]  # the first is gone
    assert kids(Keyring("custom", tmp_path)) == kids(ring)


def test_a_rotation_can_drop_the_previous_key_at_once(tmp_path):
    ring = Keyring("custom", tmp_path)
    before = kids(ring)
    ring.rotate("RS256", keep_previous=False)
    assert len(kids(ring)) == 1
    assert kids(ring) != before
    assert kids(Keyring("custom", tmp_path)) == kids(ring)


def test_a_rotation_reaches_every_algorithm_in_use():
    ring = Keyring("custom", None)
    before = {ring.signing("ES256").kid, ring.signing("RS256").kid}
    ring.rotate("RS256", keep_previous=False)
    assert len(kids(ring)) == 2
    assert before.isdisjoint(kids(ring))


def test_a_strangers_key_is_never_published():
    ring = Keyring("custom", None)
    stranger = ring.stranger("RS256")
    assert ring.strangers() == (stranger,)
    assert stranger.kid not in kids(ring)
