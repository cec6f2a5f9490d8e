"""``accredit idp`` against a running emulator: what its test issuers sign, and what a test does to it."""

import json
import re
import shlex
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from accredit.cli import idp_jobs
from accredit.cli.idp_reach import Emulator as Reached
from accredit.testidp import FAULTS, OUTAGES, dialects
from tests.cli.conftest import Cli, Ran
from tests.support.emulator import Emulator

Idp = Callable[..., Ran]


@pytest.fixture
def idp(bare: Cli, ready: str) -> Idp:
    """Run ``accredit idp …`` on the emulator of these tests."""
    return lambda *words: bare("idp", *words, "--ready-file", ready)


@pytest.fixture
def upright(emulator: Emulator, ready: str) -> Iterator[None]:
    """Leave the emulator as it was: others ask it too."""
    yield
    emulator.http.post(
        f"{emulator.ready['idp_url']}/_reset",
        json={},
        headers={"Authorization": f"Bearer {emulator.ready['control_token']}"},
    ).raise_for_status()


def read(token: str, bare: Cli) -> Any:
    return bare("token", "inspect", "-", "-o", "json", stdin=token).json


def exchanged(emulator: Emulator, assertion: str) -> Any:
    """What the token endpoint answers the emulator's own workload, and its status."""
    form = {
        "grant_type": "client_credentials",
        "client_id": emulator.ready["workload"]["client_id"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        "scope": "api://orders/.default",
    }
    return emulator.http.post(emulator.token_endpoint(), data=form)


# ── what it signs ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_as_the_options_say(idp, bare):
    ended = idp(
        *(
            "mint",
            "gitlab",
            "--param",
            "audience=api://a",
            "--override",
            "user_access_level=null",
            "--override",
            "note=a, b",
        ),
        *("--header", "x=[1]", "--time", "exp=60", "--time", "nbf=null"),
    )
    assert ended.code == 0, ended.err
    found = read(ended.out, bare)
    assert found["header"]["x"] == [1]
    assert (found["claims"]["aud"], found["claims"]["note"]) == ("api://a", "a, b")
    assert found["claims"]["user_access_level"] is None
    assert "nbf" not in found["claims"]
    assert found["claims"]["exp"] - found["claims"]["iat"] == 60


def test_a_list_is_a_list_and_null_removes(idp):
    several = idp("mint", "--param", 'audience=["a","b"]', "--param", "environment=null", "-o", "json").json["claims"]
    assert several["aud"] == ["a", "b"]
    assert several["sub"].endswith(":ref:refs/heads/main")


def test_a_documented_token_has_a_name(idp):
    said = idp("mint", "--sample", "buildkite_with_ids", "-o", "json").json["claims"]
    assert (said["iss"], said["pipeline_id"]) == (
        "https://agent.buildkite.com",
        "00000006-1111-4222-8333-000000000006",
    )
    other = idp(
        "mint", "buildkite", "--sample", "buildkite_with_ids", "--param", "branch=x", "-q", "claims.build_branch"
    )
    assert other.out == "x\n"
    nowhere = idp("mint", "--sample", "nonsense")
    assert (nowhere.code, "no dialect has a sample of this name" in " ".join(nowhere.err.split())) == (2, True)


def test_an_instance_is_an_issuer_of_its_own(idp, emulator):
    claims = idp("mint", "custom", "--instance", "cli", "-o", "json").json["claims"]
    assert claims["iss"] == f"{emulator.ready['idp_url']}/custom/cli"


def test_what_cannot_be_minted_is_said_with_its_code(idp):
    rows = {
        ("nowhere",): "ACC1004",
        ("github", "--fault", "no_such_fault"): "ACC1005",
        ("github", "--param", "colour=red"): "no such parameter",
        ("github", "--param", "colour"): "colour is not name=value",
        ("github", "--time", "exp=soon"): "a whole number of seconds from now",
        ("github", "--time", "auth_time=1"): "times.auth_time",
    }
    ended = {words: idp("mint", *words) for words in rows}
    said = {words: each for words, each in ended.items() if rows[words] not in " ".join(each.err.split())}
    assert said == {}
    assert {each.code for each in ended.values()} == {2}


# ── what there is ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_dialects_are_listed(bare):
    listed = bare("idp", "dialects", "-o", "json").json
    assert [each["name"] for each in listed] == [*dialects()]
    assert next(each for each in listed if each["name"] == "semaphore")["jwksPath"] == "/.well-known/jwts"
    table = bare("idp", "dialects").out
    for each in dialects().values():
        assert each.title in table


def test_a_dialect_is_shown_by_any_of_its_names(bare):
    shown = bare("idp", "dialects", "circle").out
    for text in (
        "jwks-pub.json",
        "ssh_rerun",
        "circleci_root_issuer",
        "one of v1, v2; v1 if not given",
        "3600 seconds",
    ):
        assert text in shown
    assert '{"environment": "production", "team"' in " ".join(bare("idp", "dialects", "aws").out.split())
    whole = bare("idp", "dialects", "circleci", "-o", "json").json
    assert whole["issuer"] == "https://oidc.circleci.com/org/00000007-1111-4222-8333-000000000007"
    kinds = {each["name"]: (each["kind"], each["default"], each["choices"]) for each in whole["parameters"]}
    assert kinds["version"] == ("text", "v1", ["v1", "v2"])
    assert kinds["context_ids"] == ("list", ["0000000a-1111-4222-8333-00000000000a"], [])
    assert kinds["ssh_rerun"] == ("flag", False, [])
    assert "the address at which it answers" in " ".join(bare("idp", "dialects", "custom").out.split())
    nobody = bare("idp", "dialects", "nobody")
    assert (nobody.code, "ACC1004" in nobody.err) == (2, True)


def test_the_faults_are_listed_with_what_they_cause(bare):
    listed = {each["name"]: each for each in bare("idp", "faults", "-o", "json").json}
    assert {*listed} == {*FAULTS, *OUTAGES}
    assert (listed["aud_two"]["entra"], listed["aud_two"]["extended"]) == (None, "AADSTS700212")
    assert (listed["html_200"]["of"], listed["html_200"]["entra"]) == ("issuer", "AADSTS90061")
    assert listed["html_200"]["cause"] == "HTML"
    assert {each["name"] for each in bare("idp", "faults", "--of", "token", "-o", "json").json} == {*FAULTS}
    assert "accepted" in bare("idp", "faults", "--of", "token").out


# ── what happens to an issuer ────────────────────────────────────────────────────────────────────────────────────────


def test_an_issuer_rotates_its_keys(idp, bare):
    before = read(idp("mint", "custom", "--instance", "turning").out, bare)["header"]["kid"]
    kids = idp("rotate", "custom", "--instance", "turning", "-o", "json").json["kids"]
    after = read(idp("mint", "custom", "--instance", "turning").out, bare)["header"]["kid"]
    assert before != after
    assert {before, after} <= {*kids}
    dropped = idp("rotate", "custom", "--instance", "turning", "--drop-previous", "-o", "json")
    assert {before, after}.isdisjoint(dropped.json["kids"])
    assert "cannot be undone" in dropped.err


def test_an_issuer_is_down_until_it_is_up_again(idp, bare, emulator):
    address = f"{emulator.ready['idp_url']}/custom/falling/.well-known/openid-configuration"
    down = idp("down", "custom", "--instance", "falling")
    assert down.code == 0, down.err
    with pytest.raises(httpx2.RemoteProtocolError):
        emulator.http.get(address)
    assert idp("down", "custom", "html_200", "--instance", "falling", "-q", "mode").out == "html_200\n"
    assert "<html" in emulator.http.get(address).text or "<title" in emulator.http.get(address).text
    undone = bare(*shlex.split(down.undo)[1:])
    assert (undone.code, emulator.http.get(address).status_code) == (0, 200), undone.err
    assert emulator.http.get(address).json()["issuer"] == f"{emulator.ready['idp_url']}/custom/falling"
    both = idp("down", "custom", "html_200", "--up")
    assert (both.code, "has no MODE" in both.err) == (2, True)
    unknown = idp("down", "custom", "nonsense")
    assert (unknown.code, "ACC1005" in unknown.err) == (2, True)
    nobody = idp("down", "nobody")
    assert (nobody.code, nobody.out) in {(2, ""), (4, "")}


def test_a_job_finds_what_its_platforms_clients_need(idp, emulator):
    ended = idp("environment", "github", "--param", "environment=test")
    assert ended.code == 0, ended.err
    given = dict(shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in ended.out.splitlines() if line)
    token = emulator.http.get(
        given["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=api://x",
        headers={"Authorization": f"bearer {given['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
    ).json()["value"]
    assert token.count(".") == 2
    assert idp("environment", "github", "-o", "json").json["variables"]["GITHUB_ACTIONS"] == "true"
    other = idp("environment", "buildkite")
    assert (other.code, "finds no token around itself" in " ".join(other.err.split())) == (2, True)


def test_the_files_of_a_job_are_its_owners_alone(idp, tmp_path):
    needed = idp("environment", "aks")
    assert (needed.code, "give --folder DIR" in " ".join(needed.err.split())) == (2, True)
    ended = idp("environment", "aks", "--folder", str(tmp_path / "pod"))
    assert ended.code == 0, ended.err
    line = next(each for each in ended.out.splitlines() if "AZURE_FEDERATED_TOKEN_FILE" in each)
    path = Path(shlex.split(line)[1].partition("=")[2])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().count(".") == 2


@pytest.mark.usefixtures("upright")
def test_a_pods_token_is_replaced_before_it_is_too_old(idp, emulator, tmp_path, monkeypatch):
    seen: list[str] = []
    clocks = iter(("50min", "30s"))  # 80 % of an hour are over, and then nothing more

    def later(seconds: float) -> None:
        assert 0 <= seconds <= idp_jobs.LOOKED
        seen.append((tmp_path / "pod/token").read_text())
        if len(seen) > 2:
            raise KeyboardInterrupt
        assert idp("clock", "advance", next(clocks)).code == 0

    monkeypatch.setattr(idp_jobs, "sleep", later)
    ended = idp("project", str(tmp_path / "pod"), "--param", "namespace=prod", "--newline")
    assert (ended.code, str(tmp_path / "pod/token") in ended.out) == (130, True), ended.err
    assert seen[0] != seen[1] == seen[2]
    assert all(each.endswith("\n") for each in seen)
    once = idp("project", str(tmp_path / "other"), "--once", "-q", "seconds")
    assert (once.code, once.out) == (0, "2880.0\n"), once.err


def test_a_pods_token_is_written_without_the_control_token(bare, emulator, tmp_path):
    where = ("--url", emulator.url, "--ca-file", str(emulator.ca_file))
    ended = bare("idp", "project", str(tmp_path), "--dialect", "aks", "--once", *where)
    assert (ended.code, (tmp_path / "token").read_text().count(".")) == (0, 2), ended.err


# ── what happens to the authority ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("upright")
def test_the_next_answers_are_errors(idp, emulator):
    planned = idp("next-error", "AADSTS700024", "--times", "2")
    assert (planned.code, "1 refusal planned." in planned.err) == (0, True), planned.err
    assertion = emulator.mint()
    codes = [exchanged(emulator, assertion).json().get("error_codes", [0])[0] for _ in range(3)]
    assert codes == [700024, 700024, 0]
    assert idp("next-error", "700024", "--until-reset", "--client-id", "somebody-else").code == 0
    assert exchanged(emulator, assertion).status_code == 200
    nonsense = idp("next-error", "AADSTS1")
    assert (nonsense.code, "ACC1003" in nonsense.err) == (2, True)


@pytest.mark.usefixtures("upright")
def test_it_puts_off_and_is_itself_again(idp, emulator):
    assertion = emulator.mint()
    assert idp("throttle", "--retry-after", "7", "--until-reset").code == 0
    off = [exchanged(emulator, assertion) for _ in range(2)]
    assert [(each.status_code, each.headers["retry-after"]) for each in off] == [(429, "7")] * 2
    assert idp("reset").code == 0
    assert exchanged(emulator, assertion).status_code == 200


@pytest.mark.usefixtures("upright")
def test_credentials_are_seen_late(idp, bare, emulator):
    late = idp("delay", "3600")
    assert (late.code, "seconds" in late.out) == (0, True), late.err
    assert bare(*shlex.split(late.undo)[1:]).code == 0
    assert idp("delay", "0", "-q", "seconds").out == "0.0\n"


@pytest.mark.usefixtures("upright")
def test_what_the_token_endpoint_was_asked_is_listed_without_secrets(idp, emulator):
    assert idp("requests", "--clear").code == 0
    assertion = emulator.mint()
    exchanged(emulator, assertion)
    workload = emulator.ready["workload"]
    listed = idp("requests", "--client-id", workload["client_id"], "--limit", "1", "-o", "json")
    asked = listed.json[0]
    assert (asked["status"], asked["assertion"]["claims"]["sub"]) == (200, workload["subject"])
    assert assertion not in listed.out
    assert workload["subject"] in " ".join(idp("requests").out.split())


@pytest.mark.usefixtures("upright")
def test_a_clock_that_was_not_moved_is_not_behind(idp):
    shown = " ".join(idp("clock", "show").out.split())
    assert re.search(r"Now \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00 Stands still no Ahead 0 seconds$", shown), shown


def test_who_mistypes_is_asked_what_was_meant(idp, bare):
    rows: dict[tuple[str, ...], str] = {
        ("mint", "githb"): "there is no dialect githb (did you mean github or gitlab?)",
        ("mint", "google-cluod"): "(did you mean google_cloud or google?)",
        ("mint", "github", "--fault", "expird"): "there is no fault expird (did you mean expired?)",
        ("mint", "github", "--param", "enviroment=x"): "no such parameter (did you mean environment?)",
        ("mint", "aws", "--sample", "aws_rol_rs256"): "no such sample (did you mean aws_role_rs256",
        ("mint", "what"): "there is no dialect what (there are: aks, auth0,",
    }
    for words, told in rows.items():
        ended = idp(*words)
        assert (ended.code, told in " ".join(ended.err.split())) == (2, True), ended.err
    ended = bare("idp", "dialects", "kubernets")
    assert "there is no dialect kubernets (did you mean kubernetes?)" in " ".join(ended.err.split())


def test_who_begins_a_job_is_told_which_ca_its_clients_need(idp, emulator, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    told = f"export SSL_CERT_FILE={emulator.ca_file}"
    assert told in idp("environment", "github").err
    assert told not in idp("environment", "gitlab").err, "its token lies in a variable: nobody is asked for it"
    monkeypatch.setenv("SSL_CERT_FILE", str(emulator.ca_file))
    assert idp("environment", "github").err == ""


@pytest.mark.usefixtures("upright")
def test_the_clock_is_moved_and_put_back(idp, bare):
    shown = idp("clock", "show", "-o", "json").json
    assert (shown["frozen"], abs(shown["offset"]) < 1) == (False, True)
    moved = idp("clock", "advance", "2h", "-o", "json")
    assert abs(moved.json["offset"] - 7_200) < 1
    assert bare(*shlex.split(moved.undo)[1:], "-o", "json").json["offset"] < 1
    later = datetime.fromisoformat(shown["now"]).replace(microsecond=0) + timedelta(minutes=90)
    put = idp("clock", "set", f"{later:%Y-%m-%dT%H:%M:%SZ}", "--freeze", "-o", "json").json
    assert (put["now"][:19], put["frozen"]) == (f"{later:%Y-%m-%dT%H:%M:%S}", True)
    assert int(idp("mint", "-q", "claims.iat").out) == later.timestamp()
    assert idp("clock", "go", "-q", "frozen").out == "no\n"
    assert idp("clock", "freeze", "-q", "frozen").out == "yes\n"
    assert idp("clock", "reset", "-q", "frozen").out == "no\n"
    for words in (("advance", "soon"), ("set", "soon")):
        ended = idp("clock", *words)
        assert (ended.code, "ACC1003" in ended.err) == (2, True)


# ── where it is ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_emulator_is_found_by_variables_and_by_options(bare, emulator, monkeypatch, tmp_path):
    monkeypatch.setenv("ACCREDIT_URL", emulator.url)
    monkeypatch.setenv("ACCREDIT_CA_FILE", str(emulator.ca_file))
    assert bare("idp", "mint").code == 0  # minting is open on loopback
    untold = bare("idp", "clock", "show")
    assert (untold.code, "ACC2401" in untold.err, "--control-token-file" in untold.err) == (6, True, True)
    monkeypatch.setenv("ACCREDIT_CONTROL_TOKEN", emulator.ready["control_token"])
    assert bare("idp", "clock", "show").code == 0
    monkeypatch.setenv("ACCREDIT_CONTROL_TOKEN", "wrong")
    kept = tmp_path / "control"
    kept.write_text(emulator.ready["control_token"] + "\n")
    assert bare("idp", "clock", "show", "--control-token-file", str(kept)).code == 0
    assert bare("idp", "clock", "show").code == 6


def test_what_variables_say_is_not_mixed_with_what_a_ready_file_says(bare, emulator, monkeypatch, tmp_path):
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(emulator.ready))
    monkeypatch.setenv("ACCREDIT_URL", "https://localhost:1")
    monkeypatch.setenv("ACCREDIT_CA_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("ACCREDIT_CONTROL_TOKEN", "of another emulator")
    assert bare("idp", "clock", "show", "--ready-file", str(ready)).code == 0
    ready.write_text(json.dumps({name: value for name, value in emulator.ready.items() if name != "control_token"}))
    assert bare("idp", "clock", "show", "--ready-file", str(ready)).code == 6


def test_an_emulator_that_is_not_there_is_said_to_be_so(bare, emulator, tmp_path):
    rows: dict[tuple[str, ...], tuple[int, str]] = {
        (): (2, "which emulator?"),
        ("--url", "http://localhost:1"): (2, "not an https address"),
        ("--url", "https://localhost:1"): (7, "the emulator does not answer"),
        ("--url", emulator.url): (7, "Give its CA"),
        ("--url", emulator.url, "--ca-file", str(tmp_path / "no.pem")): (7, "does not answer"),
        ("--ready-file", str(tmp_path / "no.json")): (2, "ACC1002"),
    }
    found = {words: bare("idp", "mint", *words) for words in rows}
    said = {
        words: (each.code, each.err)
        for words, each in found.items()
        if each.code != rows[words][0] or rows[words][1] not in " ".join(each.err.split())
    }
    assert said == {}


def test_the_control_token_is_in_no_text_of_it():
    assert "hush" not in repr(Reached("https://localhost", control_token="hush"))


def test_its_other_name_serves_an_emulator_only(bare):
    ended = bare("idp", "serve", "--host", "192.0.2.1", "--port", "0")
    assert (ended.code, "loopback only" in ended.err) == (2, True)
    helped = bare("idp", "serve", "--help").out
    assert "--ready-file" in helped
    assert "--public-url" not in helped
