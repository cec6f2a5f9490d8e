"""What an operator gets wrong is said as his to put right: never as a fault of accredit, always with what helps."""

import errno
import json
import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from tests.cli.test_programs import appeared, started

PUBLIC = "https://sts.example.com"
ANY_PORT = ("--port", "0", "--admin-port", "0")


@pytest.fixture
def made(bare, tmp_path):
    """A production directory."""
    folder = tmp_path / "made"
    assert bare("init", "--domain", "corp.test", "--data", str(folder)).code == 0
    return folder


def flat(text):
    return " ".join(text.split())


CONTRADICTIONS = {
    "delete": ("tenant", "delete", "contoso.test", "--yes"),
    "update": ("tenant", "update", "contoso.test", "--name", "x"),
    "show": ("tenant", "show", "contoso.test"),
    "list": ("tenant", "list"),
    "create": ("tenant", "create", "x", "--domain", "x.test"),
}


@pytest.mark.parametrize("verb", CONTRADICTIONS)
def test_a_tenant_verb_refuses_an_option_that_names_another_tenant(cli, monkeypatch, verb):
    ended = cli(*CONTRADICTIONS[verb], "--tenant", "nope")
    assert (ended.code, "--tenant" in ended.err) == (2, True)
    assert cli("tenant", "list", "-q", "length(@)").out == "1\n"
    if verb == "show":
        assert cli(*CONTRADICTIONS[verb], "--tenant", "Contoso.test").code == 0
        monkeypatch.setenv("ACCREDIT_TENANT", "other.test")
        assert cli(*CONTRADICTIONS[verb]).code == 0, "a variable is a default"


UNFIT = {
    "no public URL": ({"ACCREDIT_PUBLIC_URL": ""}, "public_url: it is needed"),
    "a public URL that no client takes": ({"ACCREDIT_PUBLIC_URL": "http://sts.example.com"}, "https://host[:port]"),
    "half of a certificate": ({"ACCREDIT_TLS__CERTIFICATE": "/no/such"}, "setting tls.key"),
    "a certificate that is not there": (
        {"ACCREDIT_TLS__CERTIFICATE": "/no/such", "ACCREDIT_TLS__KEY": "/no/such"},
        "tls.certificate /no/such: No such file",
    ),
    "a certificate that is none": (
        {"ACCREDIT_TLS__CERTIFICATE": "/dev/null", "ACCREDIT_TLS__KEY": "/dev/null"},
        "/dev/null with /dev/null",
    ),
    "what exists in an emulator only": ({"ACCREDIT_EXPOSE_EMULATOR": "1"}, "emulator profile only"),
    "proxies that are no networks": ({"ACCREDIT_TRUSTED_PROXIES": "10.0.0.0/99"}, "trusted_proxies"),
    "an override of no refusal": ({"ACCREDIT_REFUSALS": '{"NOPE": {"status": 400}}'}, "override of refusal NOPE"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_config_check_refuses_what_serve_refuses(bare, made, monkeypatch, name):
    variables, said = UNFIT[name]
    for variable, value in {"ACCREDIT_PUBLIC_URL": PUBLIC, **variables}.items():
        monkeypatch.setenv(variable, value)
    checked, served = bare("config", "check"), bare("serve", "--data", str(made), *ANY_PORT)
    assert (checked.code, served.code) == (2, 2)
    assert said in flat(checked.err)
    assert said in flat(served.err)
    assert not (made / "serve.lock").exists(), "it is judged before anything is touched"


def test_init_judges_before_it_touches(bare, tmp_path):
    for words in (
        ("--domain", "nodot"),
        ("--domain", "a.test", "--public-url", "http://x"),
        ("--domain", "a.test", "--well-known", "x"),
    ):
        ended = bare("init", *words, "--data", str(tmp_path / "made"))
        assert ended.code == 2
        assert list(tmp_path.iterdir()) == []


def test_init_leaves_a_directory_that_others_read_as_it_is(bare, tmp_path):
    folder = tmp_path / "there"
    folder.mkdir(mode=0o755)
    ended = bare("init", "--domain", "a.test", "--data", str(folder))
    assert (ended.code, "0755" in ended.err, "chmod 700" in ended.err) == (2, True, True)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert list(folder.iterdir()) == []


def test_init_says_the_command_that_comes_next_and_it_is_complete(bare, tmp_path, monkeypatch):
    where = ("--data", str(tmp_path / "one"))
    told = bare("init", "--domain", "a.test", "--public-url", PUBLIC, *where).err
    assert f"  accredit serve --data {tmp_path / 'one'} --public-url {PUBLIC}\n" in told
    assert max(map(len, told.replace(str(tmp_path), "").splitlines())) <= 80
    monkeypatch.setenv("ACCREDIT_DATA", str(tmp_path / "two"))
    monkeypatch.setenv("ACCREDIT_PUBLIC_URL", PUBLIC)
    assert "  accredit serve\n" in bare("init", "--domain", "a.test").err


def test_a_damaged_database_is_the_operators_to_restore(cli, data):
    file = data / "accredit.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    ended = cli("app", "list")
    assert (ended.code, "ACC4005" in ended.err) == (1, True), ended.err
    assert "put back a copy" in flat(ended.err)
    assert "fault of accredit" not in ended.err


UNLIKE = {
    "a directory without a column": ("ALTER TABLE applications RENAME COLUMN body TO x", ("app", "list")),
    "one that is written": ("ALTER TABLE applications RENAME COLUMN display_name TO x", ("app", "create", "x")),
    "a log without its table": ("DROP TABLE signins", ("logs", "list")),
}


@pytest.mark.parametrize("what", UNLIKE)
def test_what_a_database_cannot_be_asked_is_no_damage(cli, data, what):
    change, words = UNLIKE[what]
    with closing(sqlite3.connect(data / "accredit.db")) as other:
        other.execute(change)
    ended = cli(*words)
    assert (ended.code, "ACC4008" in ended.err, "SQLITE_ERROR: " in ended.err) == (1, True, True), ended.err
    assert "fault of accredit" in flat(ended.err)
    assert "recover" not in ended.err
    assert "damaged" not in ended.err


def test_another_programs_database_is_neither_read_nor_upgraded(bare, tmp_path):
    with closing(sqlite3.connect(tmp_path / "accredit.db")) as other:
        other.execute("CREATE TABLE theirs (x)")
    where = ("--data", str(tmp_path))
    for words in (("app", "list"), ("db", "status"), ("db", "upgrade")):
        ended = bare(*words, *where)
        assert (ended.code, "ACC4006" in ended.err) == (5, True)
        assert "db upgrade" not in ended.err.partition("fix")[2]
    with closing(sqlite3.connect(tmp_path / "accredit.db")) as other:
        assert [name for (name,) in other.execute("SELECT name FROM sqlite_master")] == ["theirs"]


@pytest.mark.slow
def test_a_locked_database_has_the_exit_code_of_what_cannot_be_reached(cli, data, monkeypatch):
    monkeypatch.setattr("accredit.stores.sqlite.BUSY_TIMEOUT", 1)
    with closing(sqlite3.connect(data / "accredit.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ended = cli("app", "create", "x")
    assert (ended.code, "ACC4003" in ended.err) == (7, True), ended.err


def test_a_missing_master_key_is_to_be_put_back(bare, made):
    (made / "master.key").unlink()
    ended = bare("serve", "--data", str(made), "--public-url", PUBLIC, *ANY_PORT)
    assert (ended.code, "ACC3003" in ended.err) == (2, True)
    assert "fix    Put back the key file" in ended.err


def test_a_directory_of_another_user_is_refused_by_the_system_and_said_so(bare, made, monkeypatch):
    def denied(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr("pathlib.Path.exists", denied)
    ended = bare("app", "list", "--data", str(made))
    assert (ended.code, "Permission denied" in flat(ended.err)) == (6, True), ended.err
    assert "the user who owns that path" in flat(ended.err)
    assert "fault of accredit" not in ended.err


def test_output_that_cannot_be_printed_is_an_error(data):
    where = ("app", "list", "--data", str(data))
    with open("/dev/full", "w") as full:  # noqa: PTH123
        words = [sys.executable, "-m", "accredit", *where]
        ended = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, "cannot be printed" in ended.stderr) == (1, True)
    assert "Exception ignored" not in ended.stderr
    closed = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m accredit {' '.join(where)} >&-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (closed.returncode, "it is closed" in closed.stderr) == (1, True)


def test_a_port_that_is_taken_is_a_conflict_and_names_its_setting(bare, made):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        where = ("--data", str(made), "--public-url", PUBLIC)
        public = bare("serve", *where, "--port", port, "--admin-port", "0")
        admin = bare("serve", *where, "--port", "0", "--admin-port", port)
    assert (public.code, f"setting port: 127.0.0.1:{port}" in flat(public.err)) == (5, True)
    assert (admin.code, f"setting admin_port: 127.0.0.1:{port}" in flat(admin.err)) == (5, True)
    host = bare("serve", *where, "--host", "192.0.2.1", *ANY_PORT)
    assert (host.code, "setting host: cannot listen on 192.0.2.1:0" in flat(host.err)) == (2, True)


def test_a_ready_file_that_cannot_be_written_is_named(bare, made):
    ready = made.parent / "nowhere" / "ready.json"
    ended = bare("serve", "--data", str(made), "--public-url", PUBLIC, *ANY_PORT, "--ready-file", str(ready))
    assert (ended.code, "ACC1007" in ended.err) == (2, True)
    assert str(ready) in re.sub(r"\s", "", ended.err)


@pytest.mark.slow
def test_a_server_says_where_it_listens_and_keeps_another_out_of_its_directory(bare, made):
    ready, where = made.parent / "ready.json", ("--data", str(made), "--public-url", PUBLIC, *ANY_PORT)
    process = started("serve", *where, "--ready-file", str(ready))
    try:
        appeared(ready, process)
        told = json.loads(ready.read_bytes())
        with socket.create_connection((told["listen"].split("/")[2].split(":")[0], int(told["listen"].split(":")[2]))):
            pass
        second = bare("serve", *where)
        assert (second.code, "ACC3007" in second.err) == (5, True)
        assert bare("app", "create", "beside", "--data", str(made)).code == 0
    finally:
        process.terminate()
        _, err = process.communicate(timeout=30)
    assert f"listen   {told['listen']}" in err
    third = started("serve", *where, "--ready-file", str(ready))
    try:
        appeared(ready, third)
    finally:
        third.terminate()
        third.communicate(timeout=30)


@pytest.mark.slow
def test_an_emulator_ignores_the_directory_of_the_production_server(made, monkeypatch):
    ready = made.parent / "ready.json"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")}
    words = ("serve", "--profile", "emulator", "--port", "0", "--ready-file", str(ready))
    process = subprocess.Popen(
        [sys.executable, "-m", "accredit", *words],
        env={**clean, "ACCREDIT_DATA": str(made), "ACCREDIT_PUBLIC_URL": PUBLIC},
        stderr=subprocess.DEVNULL,
    )
    try:
        appeared(ready, process)
        assert not json.loads(ready.read_bytes())["ca_file"].startswith(str(made))
    finally:
        process.terminate()
        process.wait(30)


def test_a_key_that_does_not_exist_is_not_asked_about(cli):
    ended = cli("keys", "retire", "nope")
    assert (ended.code, "No signing key has this id" in ended.err) == (4, True)


HELPS = {
    "an API of Microsoft's that is not enabled": (
        ("permission", "grant", "beside", "graph", "Application.Read.All"),
        4,
        "fix accredit sp create graph",
    ),
    "a value of a wrong form, by the option's name": (
        ("app", "create", "x", "--identifier-uri", "nope"),
        2,
        "where accredit app create --identifier-uri why identifierUris: an absolute URI",
    ),
    "a credential without a subject": (
        ("credential", "add", "beside", "--name", "abc", "--issuer", "https://x.example"),
        2,
        "--subject SUBJECT or --expression EXPRESSION",
    ),
    "a variable that is not set": (("token", "inspect", "env:NOPE"), 2, "Set it (NOPE=... accredit ...)"),
    "a command by another word": (("app", "remove"), 2, "did you mean delete?"),
    "a command that is like no other": (("app", "zzz"), 2, "there is no command 'zzz'"),
}


@pytest.mark.parametrize("name", HELPS)
def test_an_error_names_what_helps(bare, made, name):
    words, code, said = HELPS[name]
    assert bare("app", "create", "beside", "--data", str(made)).code == 0
    ended = bare(*words, "--data", str(made))
    assert (ended.code, said in flat(ended.err)) == (code, True), ended.err
    if "zzz" in words:
        assert "did you mean" not in ended.err


def test_the_version_is_an_option_too(bare):
    assert bare("--version").out == bare("version").out
