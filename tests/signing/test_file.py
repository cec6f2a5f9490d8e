"""Private keys at rest, and the master key that seals them."""

import os
import stat

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import MASTER_KEY, Refused
from accredit.signing import create_master_key, load_master_key, open_signer, refuse_foreign, seal, unseal
from tests.signing.grants import MASTER, key
from tests.support.every import every


def reason(call, *args, **kwargs):
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    assert refused.value.row is MASTER_KEY
    return refused.value.fields["reason"]


@given(st.binary(max_size=3_000), st.text(max_size=80, alphabet=st.characters(codec="utf-8")))
def test_what_is_sealed_opens_with_the_same_key_and_kid(plain, kid):
    sealed = seal(MASTER, plain, kid=kid)
    assert unseal(MASTER, sealed, kid=kid) == plain
    assert len(sealed) == len(plain) + 29
    assert seal(MASTER, plain, kid=kid) != sealed, "each with a nonce of its own"


def test_a_sealed_key_shows_nothing_of_the_key():
    sealed = key().sealed
    plain = unseal(MASTER, sealed, kid=key().kid)
    opened = load_der_private_key(plain, password=None)
    assert isinstance(opened, rsa.RSAPrivateKey)
    assert plain[20:60] not in sealed


UNOPENED = {
    "another master key": lambda sealed: (bytes(32), sealed, "kid"),
    "another kid": lambda sealed: (MASTER, sealed, "other"),
    "a flipped bit": lambda sealed: (MASTER, sealed[:-1] + bytes([sealed[-1] ^ 1]), "kid"),
    "another form": lambda sealed: (MASTER, b"\x02" + sealed[1:], "kid"),
    "half of it": lambda sealed: (MASTER, sealed[:20], "kid"),
    "nothing": lambda sealed: (MASTER, sealed[:0], "kid"),
}


@every("change", UNOPENED.values(), ids=UNOPENED)
def test_does_not_open_with(change):
    master, sealed, kid = change(seal(MASTER, b"secret", kid="kid"))
    assert reason(unseal, master, sealed, kid=kid) == f"does not open signing key {kid}"


def test_a_signing_key_does_not_open_with_another_master_key():
    assert reason(open_signer, key(), bytes(32)) == f"does not open signing key {key().kid}"


def test_a_key_of_another_kind_is_a_defect():
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    strange = msgspec.structs.replace(key(), sealed=seal(MASTER, private, kid=key().kid))
    with pytest.raises(TypeError, match="of an unknown kind"):
        open_signer(strange, MASTER)


def test_the_master_key_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "master.key"
    before = os.umask(0)
    try:
        made = create_master_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(made) == 32
    assert load_master_key(path) == made
    assert reason(create_master_key, path) == f"{path} exists already"
    assert create_master_key(tmp_path / "other") != made


def test_a_master_key_cannot_be_made_in_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "no" / "master.key"
    assert reason(create_master_key, path) == f"{path} cannot be made: No such file or directory"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601, 0o644, 0o777])
def test_a_master_key_that_others_may_open_is_refused(mode, tmp_path):
    path = tmp_path / "master.key"
    create_master_key(path)
    path.chmod(mode)
    assert reason(load_master_key, path) == f"{path} is open to others (mode {mode:04o}, not 0600)"


SIZES = {0: "0", 31: "31", 33: "more than 32", 64: "more than 32"}


@pytest.mark.parametrize(("size", "shown"), SIZES.items())
def test_a_master_key_of_another_size_is_refused(size, shown, tmp_path):
    path = tmp_path / "master.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    assert reason(load_master_key, path) == f"{path} has {shown} bytes, not 32"


def test_a_master_key_that_is_missing_or_no_file_is_refused(tmp_path):
    assert reason(load_master_key, tmp_path / "none") == f"is missing: there is no {tmp_path}/none"
    assert reason(load_master_key, tmp_path) == f"{tmp_path} is not a file"
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert reason(load_master_key, tmp_path / "pipe") == f"{tmp_path}/pipe is not a file"
    (tmp_path / "accredit-master-key").mkdir()
    assert "Is a directory" in reason(load_master_key, tmp_path / "none", credentials=tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "cannot be read" in reason(load_master_key, tmp_path / "loop")


def test_a_master_key_of_another_user_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "master.key"
    create_master_key(path)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert reason(load_master_key, path) == f"{path} belongs to another user"


def test_a_credential_of_systemd_comes_first_and_is_guarded_by_systemd(tmp_path):
    path, credentials = tmp_path / "master.key", tmp_path / "credentials"
    made = create_master_key(path)
    credentials.mkdir()
    assert load_master_key(path, credentials=credentials) == made
    (credentials / "accredit-master-key").write_bytes(bytes(32))
    (credentials / "accredit-master-key").chmod(0o440)
    assert load_master_key(path, credentials=credentials) == bytes(32)
    (credentials / "accredit-master-key").write_bytes(b"short")
    assert "has 5 bytes" in reason(load_master_key, path, credentials=credentials)


def test_a_master_key_that_opens_none_of_the_keys_there_are_is_another_ones():
    keys = [key("ES256"), key("RS256")]
    refuse_foreign(MASTER, ())
    refuse_foreign(MASTER, keys)
    with pytest.raises(Refused) as refused:
        refuse_foreign(bytes(32), keys)
    assert refused.value.row is MASTER_KEY
    wrong = msgspec.structs.replace(keys[0], sealed=seal(bytes(32), b"", kid=keys[0].kid))
    refuse_foreign(MASTER, [wrong, keys[1]])  # with the right one what went wrong can be put right
