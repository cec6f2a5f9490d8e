"""Each client is told what it needs to be pointed at an authority, in words that a shell takes, and no more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from accredit.app import seed
from tests.support.workload import engage

pytestmark = pytest.mark.slow

TENANT = str(seed.TENANT_ID)

EXPORTS = {
    "azure-identity": {"AZURE_AUTHORITY_HOST", "REQUESTS_CA_BUNDLE"},
    "aio": {"AZURE_AUTHORITY_HOST", "SSL_CERT_FILE"},
    "msal": {"REQUESTS_CA_BUNDLE"},
    "node": {"AZURE_AUTHORITY_HOST", "NODE_EXTRA_CA_CERTS"},
    "az": {"ARM_CLOUD_METADATA_URL", "AZURE_CORE_INSTANCE_DISCOVERY", "REQUESTS_CA_BUNDLE"},
    "terraform": {"ARM_METADATA_HOSTNAME", "ARM_USE_OIDC", "SSL_CERT_FILE"},
    "curl": {"CURL_CA_BUNDLE"},
}


@pytest.mark.parametrize("client", EXPORTS)
def test_a_client_is_told_what_it_needs_and_where_it_stumbles(bare, emulator, ready, client):
    found = bare("env", "--client", client, "--ready-file", ready, "-o", "json").json
    assert found["variables"].keys() >= EXPORTS[client]
    assert str(emulator.ca_file) in found["variables"].values()
    assert found["traps"]
    assert "$" not in "".join(found["variables"].values())
    if "AZURE_AUTHORITY_HOST" in EXPORTS[client]:
        assert found["variables"]["AZURE_CLIENT_ID"] == emulator.ready["workload"]["client_id"]


@pytest.mark.parametrize("client", EXPORTS)
def test_a_shell_takes_the_variables_and_nothing_else(bare, ready, client):
    said = bare("env", "--client", client, "--ready-file", ready, "--client-id", "a b\n'; touch /x '$(id)").out
    found = bare("env", "--client", client, "--ready-file", ready, "-o", "json").json["variables"]
    script = f"{said}\nexec env"
    ended = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": os.defpath})
    assert ended.stderr == ""
    for name in found:
        assert f"{name}=" in ended.stdout
    assert not Path("/x").exists()


def test_the_variables_work(bare, emulator, ready, tmp_path):
    """An unmodified azure-identity gets a token with nothing but what is printed."""
    workload = engage(emulator)
    (tmp_path / "token").write_text(workload.assertion())
    options = ("--client-id", workload.client_id, "--token-file", str(tmp_path / "token"))
    said = bare("env", "--client", "azure-identity", "--ready-file", ready, *options).out
    program = (
        "from azure.identity import DefaultAzureCredential as C; print(C().get_token('api://orders/.default').token)"
    )
    script = f'eval "$1"; exec {sys.executable} -c "{program}"'
    ended = subprocess.run(["sh", "-c", script, "sh", said], capture_output=True, text=True, check=True)
    workload.received(ended.stdout.strip())


def test_a_client_is_pointed_at_what_a_profile_or_an_option_names(bare, emulator, signed_in):
    def told(*options):
        return bare("env", "--client", "azure-identity", *options, "-o", "json").json["variables"]

    assert told()["AZURE_AUTHORITY_HOST"] == emulator.url
    assert told()["AZURE_TENANT_ID"] == TENANT
    assert told()["AZURE_CLIENT_ID"] == "CLIENT_ID", "who signs in with a secret has no token in a file"
    assert told("--url", "https://x.example/") == {
        "AZURE_AUTHORITY_HOST": "https://x.example",
        "AZURE_TENANT_ID": "TENANT_ID",
        "AZURE_CLIENT_ID": "CLIENT_ID",
        "AZURE_FEDERATED_TOKEN_FILE": "/path/to/token",
    }
    assert told("--profile", "dev", "--tenant", "contoso.test")["AZURE_TENANT_ID"] == "contoso.test"
    bare("logout")
    assert bare("env", "--client", "az").code == 2


def test_a_client_is_not_pointed_where_it_could_not_go(bare, emulator, tmp_path, monkeypatch):
    for options in (("--url", "http://x.example"), ("--url", "https://u:hunter2@x.example"), ("--url", "https://x/y")):
        ended = bare("env", "--client", "az", *options)
        assert (ended.code, ended.out, "hunter2" in ended.err) == (2, "", False)
    ended = bare("env", "--client", "curl", "--url", "https://x.example", "--ca-file", "nope")
    assert (ended.code, ended.out, "ACC1002" in ended.err) == (2, "", True)
    (tmp_path / "ca.pem").write_bytes(emulator.ca_file.read_bytes())
    monkeypatch.chdir(tmp_path)
    found = bare("env", "--client", "curl", "--url", "https://x.example", "--ca-file", "ca.pem", "-o", "json").json
    assert found["variables"]["CURL_CA_BUNDLE"] == str(tmp_path / "ca.pem")


def test_which_client_is_asked_on_lines_that_hold_nothing_else(bare):
    ended = bare("env", "-o", "json")
    assert (ended.code, "\\t" in ended.err, "azure-identity" in ended.err) == (2, False, True)
