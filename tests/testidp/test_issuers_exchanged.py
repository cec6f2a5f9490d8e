"""Issuers that parameters and instances make: a running emulator fetches the keys of each where it answers for it."""

from typing import Any

import jwt

from accredit.administer import Administrator, credentials
from tests.support.emulator import Emulator
from tests.support.workload import AUDIENCE, JWT_BEARER, ORDERS, Workload, engage

ACCOUNT = "https://0f0f0f0f-aaaa-4bbb-8ccc-ddddeeeeffff.tokens.sts.global.api.aws"
CLUSTER = "https://oidc.eks.eu-north-1.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789"
TENANT = "0d0d0d0d-1111-4222-8333-000000000007"
REQUESTS: dict[str, dict[str, Any]] = {
    "another account": {"dialect": "aws", "params": {"issuer": ACCOUNT}},
    "another cluster": {"dialect": "eks", "params": {"issuer": CLUSTER}},
    "another cluster, with a slash": {"dialect": "aks", "params": {"issuer": "https://aks.example/a/b/"}},
    "an organization of its own": {"dialect": "circleci", "params": {"org_id": TENANT, "audience": AUDIENCE}},
    "an issuer of one's own": {"dialect": "custom", "params": {"issuer": "https://idp.contoso.example/x"}},
    "GHE.com": {"dialect": "github", "params": {"subdomain": "big", "enterprise": "e", "enterprise_issuer": True}},
    "an instance": {"dialect": "gitlab", "instance": "staging"},
    "an instance with a deeper path of keys": {"dialect": "kubernetes", "instance": "eu-1"},
}


def claims(token: str) -> dict[str, Any]:
    said: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return said


def trusting(emulator: Emulator, tokens: dict[str, str]) -> Workload:
    """Return an application that trusts the issuer and the subject of each token."""
    workload = engage(emulator, trusting=False)

    async def add(by: Administrator) -> None:
        for number, token in enumerate(tokens.values()):
            issuer, subject = claims(token)["iss"], claims(token)["sub"]
            await credentials.add(by, workload.application.id, name=f"c-{number}", issuer=issuer, subject=subject)

    emulator.administer(add)
    return workload


def refusal(workload: Workload, token: str) -> str:
    """Return why a token was not exchanged; empty when it was."""
    asked = {"grant_type": "client_credentials", "client_id": workload.client_id, "scope": f"{ORDERS}/.default"}
    asked |= {"client_assertion_type": JWT_BEARER, "client_assertion": token}
    answer = workload.emulator.http.post(workload.emulator.token_endpoint(), data=asked).json()
    return "" if "access_token" in answer else str(answer["error_description"])


def test_a_token_of_every_issuer_that_is_made_is_exchanged(emulator):
    tokens = {name: emulator.mint(**request) for name, request in REQUESTS.items()}
    workload = trusting(emulator, tokens)
    assert {name: why for name, token in tokens.items() if (why := refusal(workload, token))} == {}


def test_what_answers_for_an_issuer_says_that_issuer(emulator):
    said = claims(emulator.mint("aws", params={"issuer": ACCOUNT}))
    assert said["iss"] == ACCOUNT
    told = emulator.http.get(f"{emulator.ready['idp_url']}/aws/.well-known/openid-configuration").json()
    assert told["issuer"] != ACCOUNT  # the dialect's own account
