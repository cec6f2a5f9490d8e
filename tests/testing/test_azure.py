"""Unmodified azure-identity, pointed at an authority by variables alone."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential, WorkloadIdentityCredential
from azure.identity.aio import DefaultAzureCredential as AsyncDefault
from azure.identity.aio import WorkloadIdentityCredential as AsyncWorkload

from accredit.testing.variables import Variables, misleading, no_proxy

ORDERS, SCOPE = "api://orders", "api://orders/.default"
MISLEADING = {
    "AZURE_CLIENT_SECRET": "of somebody else",
    "AZURE_TOKEN_CREDENTIALS": "dev",
    "IDENTITY_ENDPOINT": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "CURL_CA_BUNDLE": "/nowhere.pem",
}
pytestmark = [pytest.mark.clients, pytest.mark.slow]


@pytest.fixture
def app(alone):
    made = alone.application(roles={ORDERS: ["Orders.Read.All"]})
    made.trust_github(environment="production")
    return made


async def asked(credential) -> str:
    async with credential:
        return (await credential.get_token(SCOPE)).token


@pytest.mark.parametrize(
    "get",
    [
        lambda: DefaultAzureCredential().get_token(SCOPE).token,
        lambda: WorkloadIdentityCredential().get_token(SCOPE).token,
        lambda: asyncio.run(asked(AsyncDefault())),
        lambda: asyncio.run(asked(AsyncWorkload())),
    ],
    ids=["default", "workload", "default, asynchronous", "workload, asynchronous"],
)
def test_it_signs_in(get, app, alone, monkeypatch):
    for name, value in MISLEADING.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with alone.azure_environment(app) as variables:
        assert get().count(".") == 2
        assert not set(MISLEADING) & set(os.environ) - set(variables)
        token_file = Path(variables["AZURE_FEDERATED_TOKEN_FILE"])
        assert token_file.stat().st_mode & 0o777 == 0o600
    assert dict(os.environ) == before
    assert alone.sign_ins.last.credential.name == "github_actions-production"
    assert alone.requests[-1].user_agent.startswith("azsdk-python-identity")


def test_it_is_refused_with_the_platforms_other_token(app, alone):
    token = alone.idp.github(branch="main", environment=None)
    with alone.azure_environment(app, token=token), pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
        DefaultAzureCredential().get_token(SCOPE)


IMPORTED_BEFORE = """
import asyncio, aiohttp
from azure.identity.aio import WorkloadIdentityCredential
from accredit.testing import authority

async def main():
    async with authority() as a:
        app = a.application(roles={"api://orders": ["Orders.Read.All"]})
        app.trust_github(environment="production")
        with a.azure_environment(app):
            async with WorkloadIdentityCredential() as credential:
                print(len((await credential.get_token("api://orders/.default")).token.split(".")))

asyncio.run(main())
"""


def test_aiohttp_may_have_been_imported_before(cache):
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORTED_BEFORE], capture_output=True, text=True, timeout=50, check=False
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "3"), ran.stderr


def test_variables_for_another_process(app, alone):
    around = {**os.environ, **MISLEADING, "NO_PROXY": "example.com"}
    told = alone.azure_environment(app, environment=around).over(around)
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    ran = subprocess.run([sys.executable, "-c", program], env=told, capture_output=True, timeout=50, check=False)
    seen = json.loads(ran.stdout)
    assert seen["AZURE_AUTHORITY_HOST"] == alone.url
    assert seen["NO_PROXY"] == "example.com,localhost,127.0.0.1,::1"
    assert not set(MISLEADING) & set(seen)


def test_blocks_within_blocks(monkeypatch):
    monkeypatch.setenv("KEPT", "before")
    variables = Variables({"KEPT": "meanwhile", "NEW": "1"}, without=["GONE"])
    monkeypatch.setenv("GONE", "x")
    with variables:
        with variables:
            assert (os.environ["KEPT"], "GONE" in os.environ) == ("meanwhile", False)
        assert os.environ["NEW"] == "1"
    assert (os.environ["KEPT"], "NEW" in os.environ, os.environ["GONE"]) == ("before", False, "x")
    assert repr(variables) == "Variables(KEPT, NEW)"
    assert misleading({"azure_x": "", "https_proxy": "", "SSL_CERT_FILE": "", "PATH": ""}, roots=False) == [
        "azure_x",
        "https_proxy",
    ]
    assert no_proxy({"no_proxy": "localhost"})["NO_PROXY"] == "localhost,127.0.0.1,::1"
