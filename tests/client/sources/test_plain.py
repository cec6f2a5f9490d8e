"""A file, standard input, Jenkins's binding: what somebody names."""

import io

import pytest

from accredit.client.sources import registry, running
from accredit.errors import INPUT_INVALID, SOURCE_MISSING, SOURCE_REFUSED, SOURCE_UNKNOWN, Refused
from tests.client.sources.surroundings import AUDIENCE, around, unsigned

TOKEN = unsigned()


def test_a_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f" {TOKEN}\r\n")
    source = registry.source("file", around({}), file=str(path))
    assert source.detect().found
    assert source.fetch(AUDIENCE) == TOKEN
    assert (source.one_shot, source.audience) == (False, "preset")


def test_files_that_hold_no_token(tmp_path):
    (tmp_path / "large").write_text("x" * 300_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    rows = {
        "": (SOURCE_MISSING, "no file was named"),
        str(tmp_path / "absent"): (SOURCE_MISSING, "absent cannot be read: No such file"),
        str(tmp_path): (SOURCE_MISSING, "cannot be read: Is a directory"),
        str(tmp_path / "large"): (SOURCE_REFUSED, "larger than 262144 bytes"),
        str(tmp_path / "binary"): (SOURCE_REFUSED, "holds something else than a token"),
    }
    wrong = []
    for path, (row, why) in rows.items():
        with pytest.raises(Refused) as refused:
            registry.source("file", around({}), file=path).fetch(AUDIENCE)
        if refused.value.row is not row or why not in refused.value.message:
            wrong.append(f"{path}: {refused.value}")
    assert not wrong, "\n".join(wrong)
    assert not registry.source("file", around({})).detect().found
    assert "is not there" in registry.source("file", around({}), file=str(tmp_path / "absent")).detect().why


def test_jenkins_binds_a_file_too(tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN)
    for options in ({"file": str(path)}, {"variable": "ID_TOKEN_FILE"}):
        source = registry.source("jenkins", around({"ID_TOKEN_FILE": str(path)}), **options)
        assert source.detect().found
        assert source.fetch(AUDIENCE) == TOKEN


def test_standard_input(monkeypatch):
    rows = {f"{TOKEN}\n": None, " \n": SOURCE_MISSING, "x" * 300_000: SOURCE_REFUSED}
    for said, row in rows.items():
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        source = registry.source("stdin", around({}, typed=running.typed))
        assert source.detect().found
        if row is None:
            assert source.fetch(AUDIENCE) == TOKEN
            continue
        with pytest.raises(Refused) as refused:
            source.fetch(AUDIENCE)
        assert refused.value.row is row


def test_what_a_source_is_not_known_to_take_is_refused():
    for name, options, why in (("stdin", {"file": "x"}, "it takes none"), ("file", {"path": "x"}, "it takes file")):
        with pytest.raises(Refused, match=why) as refused:
            registry.source(name, around({}), **options)
        assert refused.value.row is INPUT_INVALID


def test_another_name_is_not_a_source():
    for name, meant in (("gitlub", "did you mean gitlab"), ("zzz", "there are: github_actions, azure_devops")):
        with pytest.raises(Refused, match=meant) as refused:
            registry.source(name, around({}))
        assert refused.value.row is SOURCE_UNKNOWN
