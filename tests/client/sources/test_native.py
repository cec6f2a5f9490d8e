"""Platforms that are asked: how they are recognised, and what is said where one gives no token.

That their own clients get the same tokens is shown in ``tests/clients/platforms``; for Vault, which has none there,
the token is got and exchanged below.
"""

import pytest

from accredit.client.http import Answer
from accredit.client.sources import registry
from accredit.client.sources.answers import SHOWN, object_of, refuse_clear, refused
from accredit.client.sources.azure_devops import CONNECTION
from accredit.errors import INPUT_INVALID, SOURCE_MISSING, SOURCE_REFUSED, Refused
from tests.client.sources.surroundings import AUDIENCE, around, unsigned
from tests.clients.platforms.jobs import begin, exchanged, unverified
from tests.support.workload import engage

GITHUB = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x/?a=b", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-1"}
AZURE = {"SYSTEM_OIDCREQUESTURI": "https://x", "SYSTEM_ACCESSTOKEN": "secret-1", CONNECTION: "c"}
VAULT = {"VAULT_ADDR": "https://x", "VAULT_TOKEN": "secret-1", "VAULT_ROLE": "r"}

DETECTED = {
    "github": ("github_actions", GITHUB, {}, True, False, "are set"),
    "github without the permission": ("github_actions", {"GITHUB_ACTIONS": "true"}, {}, False, True, "id-token: write"),
    "no github": ("github_actions", {}, {}, False, False, "ACTIONS_ID_TOKEN_REQUEST_URL is not set"),
    "azure": ("azure_devops", AZURE, {}, True, False, "are set"),
    "azure, a connection by name": ("azure_devops", {**AZURE, CONNECTION: ""}, {"connection": "c"}, True, False, "set"),
    "azure without a connection": ("azure_devops", {**AZURE, CONNECTION: ""}, {}, False, False, CONNECTION),
    "azure without the access token": (
        "azure_devops",
        {**AZURE, "SYSTEM_ACCESSTOKEN": "", "TF_BUILD": "True"},
        {},
        False,
        True,
        "SYSTEM_ACCESSTOKEN: $(System.AccessToken)",
    ),
    "no azure": ("azure_devops", {}, {}, False, False, "SYSTEM_OIDCREQUESTURI is not set"),
    "vault": ("vault", VAULT, {}, True, False, "are set"),
    "vault, a role by name": ("vault", {**VAULT, "VAULT_ROLE": ""}, {"role": "r"}, True, False, "are set"),
    "vault without a role": ("vault", {**VAULT, "VAULT_ROLE": ""}, {}, False, False, "VAULT_ROLE is not set"),
    "no vault": ("vault", {}, {}, False, False, "VAULT_ADDR is not set"),
    "no file": ("kubernetes_file", {}, {}, False, False, "AZURE_FEDERATED_TOKEN_FILE is not set"),
    "a file that is gone": ("kubernetes_file", {"AZURE_FEDERATED_TOKEN_FILE": "/gone"}, {}, False, True, "not there"),
}


def test_what_is_seen_is_said():
    wrong = {}
    for row, (name, environment, options, found, partly, why) in DETECTED.items():
        source = registry.source(name, around(environment), **options)
        seen = source.detect()
        if (seen.found, seen.partly, why in seen.why) != (found, partly, True) or "secret-1" in f"{seen}{source!r}":
            wrong[row] = seen
    assert wrong == {}


def test_a_pod_is_recognised_by_its_files(tmp_path):
    token = tmp_path / "token"
    token.write_text(f"{unsigned()}\n")
    mount = tmp_path / "var/run/secrets/kubernetes.io/serviceaccount"
    mount.mkdir(parents=True)
    named = registry.source("kubernetes_file", around({"AZURE_FEDERATED_TOKEN_FILE": str(token)}))
    chosen = registry.source("kubernetes_file", around({}), file=str(token))
    for each in (named, chosen):
        assert each.detect().found
        assert each.fetch(AUDIENCE) == unsigned()
    seen = registry.source("kubernetes_file", around({}, tmp_path)).detect()
    assert (seen.found, seen.partly) == (False, True)
    assert "azure.workload.identity/use" in seen.why


def answering(status, body):
    """A request that is answered so, whatever it is."""
    return lambda *_, **__: Answer(status, {}, body)


REFUSED = {
    "github without anything": ("github_actions", {}, None, SOURCE_MISSING, "id-token: write"),
    "github refuses": ("github_actions", GITHUB, answering(403, b"no"), SOURCE_REFUSED, "it answered 403: no"),
    "github says nothing": ("github_actions", GITHUB, answering(500, b""), SOURCE_REFUSED, "it answered 500"),
    "github gives none": ("github_actions", GITHUB, answering(200, b"[]"), SOURCE_REFUSED, "no token with it"),
    "azure without anything": ("azure_devops", {}, None, SOURCE_MISSING, "SYSTEM_OIDCREQUESTURI"),
    "azure without a connection": ("azure_devops", {**AZURE, CONNECTION: ""}, None, SOURCE_MISSING, CONNECTION),
    "azure refuses": ("azure_devops", AZURE, answering(401, b""), SOURCE_REFUSED, "it answered 401"),
    "azure gives none": ("azure_devops", AZURE, answering(200, b'{"oidcToken":1}'), SOURCE_REFUSED, "no token with it"),
    "kubernetes without anything": ("kubernetes_file", {}, None, SOURCE_MISSING, "AZURE_FEDERATED_TOKEN_FILE"),
    "vault without anything": ("vault", {}, None, SOURCE_MISSING, "VAULT_ADDR"),
    "vault without a role": ("vault", {**VAULT, "VAULT_ROLE": ""}, None, SOURCE_MISSING, "VAULT_ROLE is not set"),
    "github in the clear": (
        "github_actions",
        {**GITHUB, "ACTIONS_ID_TOKEN_REQUEST_URL": "http://x/?a=b"},
        None,
        INPUT_INVALID,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN is sent to an https address only",
    ),
    "azure in the clear": (
        "azure_devops",
        {**AZURE, "SYSTEM_OIDCREQUESTURI": "http://localhost.evil.example:80"},
        None,
        INPUT_INVALID,
        "an https address only",
    ),
    "vault in the clear": ("vault", {**VAULT, "VAULT_ADDR": "http://x"}, None, INPUT_INVALID, "an https address only"),
    "vault refuses": ("vault", VAULT, answering(403, b'{"errors":["permission denied"]}'), SOURCE_REFUSED, "denied"),
    "vault gives none": ("vault", VAULT, answering(200, b'{"data":null}'), SOURCE_REFUSED, "no token with it"),
}


def test_who_gets_no_token_is_told_why():
    wrong = {}
    for row, (name, environment, ask, code, why) in REFUSED.items():
        seen = around(environment, **({"ask": ask} if ask else {}))
        with pytest.raises(Refused) as told:
            registry.source(name, seen).fetch(AUDIENCE)
        said = f"{told.value} {told.value.detail or ''}"
        if told.value.row is not code or why not in said or "secret-1" in said:
            wrong[row] = said
    assert wrong == {}


def test_of_an_answer_little_is_repeated_and_no_token():
    said = str(refused("it", Answer(400, {}, f"a\n  b {unsigned()} {'x' * 1_000}".encode())))
    assert "a b " in said
    assert unsigned() not in said
    assert len(said) < SHOWN + 100
    assert object_of(Answer(200, {}, b"[" * 100_000)) == {}


def test_a_secret_is_sent_encrypted_or_to_this_machine():
    rows = {
        "https://x": True,
        "http://localhost:1/x": True,
        "http://127.0.0.1": True,
        "http://[::1]:80/": True,
        "http://x": False,
        "http://localhost:80@evil.example/": False,
        "http://localhost.evil.example:80": False,
        "ftp://localhost": False,
        "http://[::1": False,
        "localhost:80": False,
        "": False,
    }
    found = {}
    for url in rows:
        try:
            refuse_clear(url, "a secret")
            found[url] = True
        except Refused as refused:
            found[url] = refused.row is not INPUT_INVALID
    assert found == rows


def test_vault_gives_its_token_and_it_is_exchanged(emulator, tmp_path):
    workload = engage(emulator, trusting=False)
    job = begin(emulator, tmp_path, "vault", params={"audience": AUDIENCE, "namespace": "team"})
    token = registry.source("vault", around(job.variables)).fetch("somebody else: the role has its own")
    said = unverified(token)
    workload.trust(issuer=said["iss"], subject=said["sub"])
    exchanged(workload, token)


def test_vault_refuses_another_role_in_its_own_words(emulator, tmp_path):
    job = begin(emulator, tmp_path, "vault")
    with pytest.raises(Refused, match="not found"):
        registry.source("vault", around(job.variables), role="x").fetch(AUDIENCE)
