"""Identity tokens of Vault, as its clients ask for them."""

import json

import pytest

from accredit.testidp.native import Places
from accredit.testidp.native.catalogue import Natives
from tests.testidp.native.asking import asked, platforms
from tests.testidp.workbench import BASE, Parts, issuer


@pytest.fixture(scope="module")
def natives():
    return platforms()


@pytest.fixture(scope="module")
def job(natives):
    return natives.begin({"dialect": "vault", "params": {"namespace": "team"}})


def ask(natives, job, path="/v1/identity/oidc/token/job", method="GET", **headers):
    sent = headers or {"x-vault-token": job[0].secret}
    return natives.of_issuer("vault", asked(path, method, sent))


def test_it_answers_the_token_of_the_role(natives, job):
    for path in ("/v1/identity/oidc/token/job", "/v1/team/identity/oidc/token/job"):
        answer = ask(natives, job, path)
        said = json.loads(answer.body)
        claims = Parts.of(said["data"]["token"]).claims
        assert answer.status == 200
        assert said["data"]["client_id"] == claims["aud"]
        assert said["data"]["ttl"] == claims["exp"] - claims["iat"]
        assert claims["namespace"] == "team"


def test_a_bearer_will_do(natives, job):
    assert ask(natives, job, authorization=f"Bearer {job[0].secret}").status == 200


def test_a_token_without_an_end_has_no_life_to_tell(natives):
    job = natives.begin({"dialect": "vault", "faults": ["no_exp"]})
    assert json.loads(ask(natives, job).body)["data"]["ttl"] == 0


def test_what_surrounds_a_job(natives, job):
    variables = {"VAULT_ADDR": f"{BASE}/idp/vault", "VAULT_ROLE": "job", "VAULT_NAMESPACE": "team"}
    assert {name: job[1].variables[name] for name in variables} == variables
    assert job[1].paths == {"VAULT_CACERT": "ca.pem"}
    plain = Natives(issuer(), Places(BASE)).begin({"dialect": "vault"})[1]
    assert (plain.files, plain.paths) == ({}, {})
    assert "VAULT_NAMESPACE" not in plain.variables


def test_it_refuses(natives, job):
    rows = {
        "a wrong token": (ask(natives, job, **{"x-vault-token": "x"}), 403, "permission denied"),
        "another method": (ask(natives, job, method="POST"), 405, "unsupported operation"),
        "another role": (ask(natives, job, "/v1/identity/oidc/token/x"), 400, 'role "x" not found'),
    }
    found = {name: (each.status, json.loads(each.body)["errors"][0]) for name, (each, _, _) in rows.items()}
    assert found == {name: (status, said) for name, (_, status, said) in rows.items()}
    assert ask(natives, job, "/v1/secret/data/x") is None
