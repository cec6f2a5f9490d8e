"""What is rarely met: an authority that is not there, answers that are none, files around a job, a full memory."""

import os
from pathlib import Path

import pytest

from accredit.app.occupied import occupied
from accredit.config import Settings
from accredit.errors import Refused
from accredit.testing import KitError, authority, place, served, starting
from accredit.testing.ready_keys import ReadyKeys
from accredit.testing.there import There

pytestmark = pytest.mark.slow

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_nobody_answers(served):
    there = There({"url": "https://localhost:1", "ca_file": served.ca_file})
    with pytest.raises(KitError, match="https://localhost:1 cannot be reached"):
        there.fresh()
    there.close()


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("_nothing", {}, "has no /idp/_nothing: tests act on an emulator only"),
        ("_tenant", {"colour": "red"}, "colour"),
        ("_clock", {"set": "yesterday"}, "yesterday"),
        ("github/_down", {"mode": "wrong"}, "there is no fault wrong"),
    ],
)
def test_a_control_request_that_cannot_be(path, body, told, reached):
    with pytest.raises(KitError) as refused:
        reached._place.control(path, body)  # noqa: SLF001  what the kit itself asks
    assert told in str(refused.value)


def test_an_address_is_read_as_people_write_it(served):
    there = There({**served.ready, "url": f"{served.url}/"})
    assert there.ready["url"] == served.url
    assert repr(there.fresh()).startswith("Tenant(t-")
    there.close()
    with pytest.raises(Refused, match="not an https address"):
        There({"url": "http://localhost:1"})


def test_a_wrong_control_token_is_said(served):
    there = There({**served.ready, "control_token": "wrong"})
    with pytest.raises(KitError, match="control token"):
        there.fresh()
    there.close()


def test_an_answer_that_is_none():
    with pytest.raises(KitError, match="answered 502, and no JSON object"):
        place.answered(502, b"<html>")
    with pytest.raises(KitError, match="it was refused with 500"):
        place.answered(500, b"{}")


@pytest.mark.parametrize("client", ["nobody", "00000000-0000-0000-0000-00000000abcd"], ids=["no id", "an unknown id"])
def test_a_request_of_an_unknown_application_is_told(client, alone):
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "scope": "api://orders/.default",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": alone.idp.github(),
    }
    assert alone.http.post(alone.token_endpoint, data=form).status_code >= 400
    told = alone.explanation()
    assert told.startswith("AADSTS")
    assert "sub repo:octo-org@123456/octo-repo@456789" in told


def test_a_platform_lays_files_around_a_job(alone):
    with alone.idp.environment("kubernetes") as found:
        paths = [Path(each) for each in found.values() if Path(each).is_file()]
        assert paths
        assert {oct(each.stat().st_mode & 0o777) for each in paths} == {"0o600"}
        assert all(each.is_relative_to(alone.folder()) for each in paths)
    alone.close()
    assert not any(each.exists() for each in paths)


def test_memory_is_used_where_there_is_room(cache, monkeypatch, tmp_path):
    monkeypatch.setattr(starting, "ROOM", 0)  # a container may have little of it
    with authority() as found:
        folder = Path(found.ca_file).parent
        assert folder.is_relative_to(starting.MEMORY) == os.access(starting.MEMORY, os.W_OK)
    assert not folder.exists()
    monkeypatch.setattr(starting, "MEMORY", tmp_path / "nowhere")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(starting.tempfile, "tempdir", None)
    with authority() as found:
        assert Path(found.ca_file).is_relative_to(tmp_path)
    monkeypatch.setattr(starting, "MEMORY", tmp_path)
    monkeypatch.setattr(starting, "ROOM", 2**80)
    with authority() as found:
        assert Path(found.ca_file).is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_that_starts_too_late_ends_by_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(served, "STARTS_WITHIN", 0)
    settings = Settings(profile="emulator", data=str(tmp_path), port=0, admin_port=0, log_level="error")
    late = served.Served(settings, ReadyKeys(None))
    with pytest.raises(TimeoutError):
        late.start()
    late._thread.join(60)  # noqa: SLF001  nobody else knows it
    assert not late._thread.is_alive()  # noqa: SLF001
    with occupied(tmp_path):
        pass


def test_what_was_killed_is_swept_up(cache, monkeypatch, tmp_path):
    monkeypatch.setattr(starting, "MEMORY", tmp_path)
    left, new, used, others = (tmp_path / name for name in (*(f"{starting.PREFIX}{n}" for n in "abc"), "d"))
    for each in (left, new, used, others):
        each.mkdir()
        (each / "accredit.db").touch()
    with occupied(used):
        for each in (left, used, others):
            os.utime(each, (0, 0))
        with authority():
            assert {each.name for each in (new, used, others)} <= {each.name for each in tmp_path.iterdir()}
            assert not left.exists()


def test_roles_without_an_api_are_none(alone):
    with pytest.raises(KitError, match="roles are given by API"):
        alone.application("deploy-bot", roles=["Orders.Read.All"])
