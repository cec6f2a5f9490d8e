"""``accredit token --exchange`` at a running authority: granted, refused and explained, kept, read by other clients."""

import json
import os
import shlex
import stat
import subprocess
import sys
from datetime import datetime

import jwt
import pytest
from google.auth import pluggable
from kubernetes.config.exec_provider import ExecProvider
from kubernetes.config.kube_config import ConfigNode

from accredit.cli import token_kept
from tests.client.answering import answering
from tests.support.workload import ORDERS, engage

pytestmark = pytest.mark.slow

SCOPE = f"{ORDERS}/.default"
COMMAND = (sys.executable, "-m", "accredit")


@pytest.fixture
def workload(emulator, monkeypatch):
    """An application that trusts its own subject, and a job whose token it trusts."""
    found = engage(emulator)
    monkeypatch.setenv("TFC_WORKLOAD_IDENTITY_TOKEN", found.assertion())
    for each in ("AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "KUBERNETES_EXEC_INFO"):
        monkeypatch.delenv(each, raising=False)
    return found


@pytest.fixture
def asked(workload, ready):
    """The words that ask for an access token."""
    return (
        *("token", "--source", "terraform", "--exchange", "--ready-file", ready),
        *("-a", workload.client_id, "--tenant", str(workload.application.tenant_id), "--scope", SCOPE),
    )


def test_an_access_token_is_printed(bare, workload, asked):
    ended = bare(*asked)
    assert (ended.code, ended.err) == (0, "")
    assert workload.received(ended.out.strip(), ORDERS)["roles"] == ["Orders.Read.All"]
    found = bare(*asked, "-o", "json").json
    assert (found["kind"], found["source"]) == ("access_token", "terraform")
    said = jwt.decode(found["token"], options={"verify_signature": False})
    assert abs(datetime.fromisoformat(found["expiresOn"]).timestamp() - said["exp"]) < 60
    assert bare(*asked, "--format", "env").out.startswith("export ACCREDIT_TOKEN=ey")


@pytest.mark.parametrize("where", ["variables", "azure", "profile"])
def test_where_the_authority_is_may_be_said_elsewhere(bare, workload, emulator, monkeypatch, where, ready):
    tenant = str(workload.application.tenant_id)
    words = ["token", "--source", "auto", "--exchange", "--scope", SCOPE]
    if where == "variables":
        told = {"ACCREDIT_URL": emulator.url, "ACCREDIT_CA_FILE": str(emulator.ca_file)}
        told |= {"ACCREDIT_TENANT": tenant, "ACCREDIT_CLIENT_ID": workload.client_id}
    elif where == "azure":
        told = {"AZURE_AUTHORITY_HOST": f"{emulator.url}/", "SSL_CERT_FILE": str(emulator.ca_file)}
        told |= {"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": workload.client_id}
    else:
        told = {}
        assert bare("login", "--ready-file", ready, "--name", "dev").code == 0
        words += ["--profile", "dev", "-a", workload.client_id, "--tenant", tenant]
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    ended = bare(*words)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("ey")


def test_who_signs_in_with_a_secret_is_not_the_workload(bare, workload, emulator, monkeypatch):
    told = {"ACCREDIT_URL": emulator.url, "ACCREDIT_CA_FILE": str(emulator.ca_file)}
    told |= {"ACCREDIT_TENANT": str(workload.application.tenant_id)}
    told |= {"ACCREDIT_CLIENT_ID": emulator.ready["admin"]["client_id"], "ACCREDIT_CLIENT_SECRET": "x"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    words = ("token", "--source", "auto", "--exchange", "--scope", SCOPE)
    assert "an exchange needs -a ID" in " ".join(bare(*words).err.split())
    monkeypatch.setenv("AZURE_CLIENT_ID", workload.client_id)
    ended = bare(*words)
    assert (ended.code, ended.err) == (0, "")


def test_a_refusal_says_its_code_what_the_token_says_and_what_helps(bare, workload, asked, monkeypatch):
    token = workload.emulator.mint(params={"environment": "another"})
    monkeypatch.setenv("TFC_WORKLOAD_IDENTITY_TOKEN", token)
    ended = bare(*asked)
    assert (ended.code, ended.out) == (8, "")
    told = " ".join(ended.err.split())
    assert told.startswith("error AADSTS700213: No matching federated identity record found")
    assert "subject repo:octo-org@123456/octo-repo@456789:environment:another" in told
    assert "trace id " in told
    assert "accredit token --source terraform --explain" in told
    for part in token.split("."):
        assert part not in told
    found = json.loads(bare(*asked, "-o", "json").err)
    assert (found["code"], found["docs"]) == ("AADSTS700213", "accredit help AADSTS700213")


def test_a_token_that_has_ended_is_not_sent(bare, workload, asked, monkeypatch):
    monkeypatch.setenv("TFC_WORKLOAD_IDENTITY_TOKEN", workload.assertion(faults=["expired"]))
    ended = bare(*asked)
    assert ended.code == 6
    assert "ACC5016" in ended.err
    assert workload.codes() == []


def test_an_access_token_is_kept_only_where_that_is_asked_for(bare, workload, asked, monkeypatch, tmp_path):
    runtime = tmp_path / "run"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    first = bare(*asked).out
    assert not list(runtime.rglob("*"))
    first = bare(*asked, "--cache").out
    (kept,) = (runtime / "accredit").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert os.environ["TFC_WORKLOAD_IDENTITY_TOKEN"] not in kept.read_text()
    assert bare(*asked, "--cache").out == first, "the kept one"
    before = len(workload.codes())
    monkeypatch.setenv("TFC_WORKLOAD_IDENTITY_TOKEN", workload.assertion(faults=["expired"]))
    assert bare(*asked, "--cache").out == first, "the job's own has ended, what it was given for lives on"
    assert len(workload.codes()) == before
    assert len(list((runtime / "accredit").iterdir())) == 1
    monkeypatch.setenv("TFC_WORKLOAD_IDENTITY_TOKEN", workload.emulator.mint(params={"environment": "another"}))
    assert bare(*asked, "--cache").code == 8, "another job of the same user is somebody else"


def test_a_file_that_others_may_read_or_that_holds_something_else_is_as_good_as_none(
    bare, workload, asked, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    bare(*asked, "--cache")
    (kept,) = (tmp_path / "accredit").iterdir()
    held = json.loads(kept.read_text())
    poisoned = json.dumps({**held, "value": "poison"})
    other = tmp_path / "other"
    instants = ("2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2999-01-01T00:00:00")
    texts = [json.dumps({**held, "value": "poison", "expires_at": each}) for each in instants]
    texts += ["{", "[]", '"\\ud800"', "[" * 100_000]
    for text, mode in ((poisoned, 0o644), *((each, 0o600) for each in texts)):
        kept.write_text(text)
        kept.chmod(mode)
        assert bare(*asked, "--cache").out.startswith("ey")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.unlink()
    other.write_text(poisoned)
    other.chmod(0o600)
    kept.symlink_to(other)
    assert bare(*asked, "--cache").out.startswith("ey")
    assert not kept.is_symlink()
    kept.unlink()
    os.mkfifo(kept, 0o600)
    assert bare(*asked, "--cache").out.startswith("ey"), "and nobody waits for who writes into it"
    assert kept.is_file()
    monkeypatch.setattr(token_kept.os, "getuid", lambda: -1)
    assert bare(*asked, "--cache").out.startswith("ey"), "somebody else's"


def test_where_nothing_can_be_kept_it_is_said(bare, workload, asked, monkeypatch, tmp_path):
    (tmp_path / "accredit").write_text("a file")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    ended = bare(*asked, "--cache")
    assert ended.code == 2
    assert "cannot be written" in ended.err
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    assert bare(*asked, "--cache").out.startswith("ey"), "the cache of the user"


def test_the_kubernetes_client_reads_it(workload, asked):
    """The client runs the command by itself, as a credential plugin."""
    for version in ("v1", "v1beta1"):
        plugin = {
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "command": COMMAND[0],
            "args": [*COMMAND[1:], *asked, "--format", "exec-credential"],
        }
        status = ExecProvider(ConfigNode("exec", plugin), None).run()
        workload.received(status["token"])
        assert status["expirationTimestamp"].endswith("Z")


def test_google_s_client_reads_it(workload, asked, monkeypatch):
    monkeypatch.setenv("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")
    line = shlex.join([*COMMAND, *asked, "--format", "credential-process"])
    found = pluggable.Credentials(
        audience="//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/accredit",
        subject_token_type="urn:ietf:params:oauth:token-type:jwt",
        token_url="https://sts.googleapis.com/v1/token",
        credential_source={"executable": {"command": line, "timeout_millis": 30_000}},
    )
    workload.received(found.retrieve_subject_token(None))


def test_no_argument_of_a_process_is_a_token(workload, asked):
    """What another user of the machine sees of the command and of what it runs."""
    seen = (
        "import glob, os\n"
        "lines = [open(each, 'rb').read() for each in glob.glob('/proc/[0-9]*/cmdline')]\n"
        "token = os.environ['TFC_WORKLOAD_IDENTITY_TOKEN'].encode()\n"
        "assert not any(token in each for each in lines)\n"
        "print(token.decode())\n"
    )
    words = [each for each in asked if each not in ("--source", "terraform")]
    line = shlex.join([sys.executable, "-c", seen])
    ended = subprocess.run(
        [*COMMAND, *words, "--source", "exec", "--command", line],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("ey")


def test_an_authority_in_words_of_its_own_is_explained_by_its_code(bare, workload, tmp_path):
    """Entra ID's texts differ from ours in a word here and there; its codes are the same."""
    said = "AADSTS700213: No matching federated identity record was found, subject 'x'. Trace ID: t Correlation ID: c"
    with answering(tmp_path) as server:
        server.say((401, {"error": "invalid_client", "error_description": said, "trace_id": "t-1"}))
        where = (
            "--authority",
            server.url,
            "--ca-file",
            str(server.ca_file),
            "--tenant",
            "t",
            "-a",
            "x",
            "--scope",
            "s",
        )
        ended = bare("token", "--source", "terraform", "--exchange", *where)
    told = " ".join(ended.err.split())
    assert (ended.code, ended.out) == (8, "")
    assert told.startswith("error AADSTS700213: No matching federated identity record was found, subject 'x'.")
    assert "unverified: issuer https://token.actions.githubusercontent.com" in told
    assert "trace id t-1" in told
    assert "accredit token --source terraform --explain" in told
    assert "docs accredit help AADSTS700213" in told
