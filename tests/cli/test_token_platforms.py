"""Each platform as an emulator plays it: found by itself, explained, trusted as was proposed, exchanged. No option."""

import os

import pytest

from tests.clients.platforms.jobs import begin, unverified
from tests.support.workload import ORDERS, engage

pytestmark = pytest.mark.slow

PLATFORMS = {  # by dialect; of those whose tokens Entra ID's rules take
    "github": "github_actions",
    "azure_devops": "azure_devops",
    "gitlab": "gitlab",
    "terraform": "terraform",
    "semaphore": "semaphore",
    "spacelift": "spacelift",
    "vercel": "vercel",
    "kubernetes": "kubernetes_file",
    "google": "google_cloud",
    "aws": "aws_outbound",
}
TELLING = ("CI", "GITHUB_", "ACTIONS_", "AZURE_", "AWS_", "GCE_", "IDENTITY_", "SPIFFE_", "VAULT_", "SYSTEM_")


@pytest.fixture
def clean(monkeypatch, tmp_path, emulator):
    """A machine that says nothing of where it is, and on which nobody else can be asked."""
    for name in [each for each in os.environ if each.startswith(TELLING)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GCE_METADATA_IP", "127.0.0.1:1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("SSL_CERT_FILE", str(emulator.ca_file))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(emulator.ca_file))


@pytest.mark.parametrize("dialect", PLATFORMS)
def test_a_workload_needs_no_option(bare, emulator, ready, clean, monkeypatch, tmp_path, dialect):
    for name, value in begin(emulator, tmp_path, dialect).variables.items():
        monkeypatch.setenv(name, value)
    explained = bare("token", "--source", "auto", "--explain", "-o", "json")
    assert explained.code == 0, explained.err
    found = explained.json
    assert [each["name"] for each in found["detected"]] == [PLATFORMS[dialect]]
    proposed = found["credential"]
    assert proposed["preset"] in (PLATFORMS[dialect], "kubernetes")
    workload = engage(emulator, trusting=False)
    workload.trust(issuer=proposed["issuer"], subject=proposed["subject"], audiences=tuple(proposed["audiences"]))
    words = ("-a", workload.client_id, "--tenant", str(workload.application.tenant_id), "--scope", f"{ORDERS}/.default")
    ended = bare("token", "--source", "auto", "--exchange", "--ready-file", ready, *words)
    assert (ended.code, ended.err) == (0, "")
    workload.received(ended.out.strip())
    assert unverified(bare("token", "--source", "auto").out.strip())["sub"] == proposed["subject"]
