"""Keys that are ready: made once, this user's alone, and never trusted further than that."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from accredit.app.chance import now
from accredit.signing import EMULATOR_NAME, common_names, open_signer
from accredit.testidp.keys import Key
from accredit.testing import ready_keys
from accredit.testing.ready_keys import FOLDER, ISSUERS, ReadyKeys
from accredit.tokens.keys import EMULATOR_KID

MASTER = bytes(32)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / FOLDER


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_key_is_made_once(algorithm, home):
    at = now()
    first, again = (ReadyKeys.of_user().signing(MASTER)(algorithm, at) for _ in range(2))
    assert (first.kid, first.public) == (again.kid, again.public)
    assert first.kid.startswith(EMULATOR_KID)
    assert common_names(first.certificate) == (EMULATOR_NAME,)
    assert (first.algorithm, first.activates_at) == (algorithm, at)
    assert open_signer(again, MASTER).sign(b"x")
    assert [oct(each.stat().st_mode & 0o777) for each in (home, *home.iterdir())] == ["0o700", "0o600"]


def kid(algorithm="ES256") -> str:
    return ReadyKeys.of_user().signing(MASTER)(algorithm, now()).kid


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def opened(path: Path) -> None:
    path.chmod(0o644)


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def swapped(path: Path) -> None:
    kid("RS256")
    path.write_bytes(path.with_name("signing.RS256.pem").read_bytes())


@pytest.mark.parametrize("change", [damaged, opened, linked, swapped])
def test_what_is_not_as_it_was_left_is_not_used(change, home):
    before = kid()
    change(home / "signing.ES256.pem")
    after = kid()
    assert after != before
    assert kid() == after


@pytest.mark.parametrize(
    ("later", "same"), [(timedelta(days=29), True), (timedelta(days=30), False), (-timedelta(days=1), False)]
)
def test_it_ends_after_a_while(later, same, home, monkeypatch):
    before = kid()
    monkeypatch.setattr(ready_keys, "now", lambda: now() + later)
    assert (kid() == before) is same


def test_without_a_folder_of_its_own_nothing_is_kept(home, tmp_path, monkeypatch):
    home.mkdir(parents=True)
    home.chmod(0o755)
    assert ReadyKeys.of_user().folder is None
    assert kid() != kid()
    nothing = ReadyKeys(None)
    nothing.lay_out(tmp_path / "data")
    nothing.take_over(tmp_path / "data")
    assert not (tmp_path / "data").exists()
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert ReadyKeys.of_user().folder is None
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert ReadyKeys.of_user().folder == tmp_path / "me/.cache" / FOLDER

    def nobody() -> Path:
        raise RuntimeError("no home directory")

    monkeypatch.setattr(Path, "home", nobody)
    assert ReadyKeys.of_user().folder is None


def test_what_cannot_be_written_is_not_kept(home):
    keys = ReadyKeys.of_user()
    (home / "signing.ES256.pem").mkdir()
    assert keys.signing(MASTER)("ES256", now()).kid != keys.signing(MASTER)("ES256", now()).kid
    assert [each.name for each in home.iterdir()] == ["signing.ES256.pem"]


def test_issuers_begin_with_the_keys_that_others_made(home, tmp_path):
    data, keys = tmp_path / "data" / ISSUERS, ReadyKeys.of_user()
    data.mkdir(parents=True)
    one, two = Key.made("ES256").pem, Key.made("ES256").pem
    for name, pem in {
        "github-ES256.pem": one,
        "gitlab-ES256.pem": one + two,
        "github.x-ES256.pem": one,
        "x": one,
    }.items():
        (data / name).write_bytes(pem)
        (data / name).chmod(0o600)
    keys.take_over(data.parent)
    assert [each.name for each in home.iterdir()] == ["github-ES256.pem"]
    (data / "github-ES256.pem").write_bytes(two)
    keys.take_over(data.parent)
    ReadyKeys.of_user().lay_out(tmp_path / "next")
    assert (tmp_path / "next" / ISSUERS / "github-ES256.pem").read_bytes() == one
    assert os.stat(tmp_path / "next" / ISSUERS).st_mode & 0o777 == 0o700  # noqa: PTH116  the same


def test_no_private_key_is_part_of_the_package():
    package = Path(ready_keys.__file__).parents[1]
    files = [each for each in package.rglob("*") if each.is_file() and "__pycache__" not in each.parts]
    assert len(files) > 100
    key = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{60,}|\"d\"\s*:\s*\"[\w-]{40,}\"")
    assert [str(each) for each in files if key.search(each.read_bytes())] == []
