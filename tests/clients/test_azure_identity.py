"""azure-identity for Python, unmodified: the acceptance cases A1 to A8 that need no Graph."""

import asyncio
import os
import subprocess
import sys
from contextlib import closing

import azure.identity as sync
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import aio

from tests.clients.certified import made
from tests.support.recorder import recording
from tests.support.workload import GRAPH, ORDERS, VERIFIABLE, engage, fixed

pytestmark = pytest.mark.clients

ASK = "import azure.identity as i; print(i.{credential}().get_token('{scope}').token)"
ASK_AIO = """
import asyncio, azure.identity.aio as i
async def main():
    async with i.{credential}() as credential:
        print((await credential.get_token('{scope}')).token)
asyncio.run(main())
"""


def from_variables(variables, program, credential="WorkloadIdentityCredential", scope=f"{GRAPH}/.default"):
    """Run a program that knows nothing but its environment; what it printed."""
    ended = subprocess.run(
        [sys.executable, "-c", program.format(credential=credential, scope=scope)],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def token(credential, scope=f"{ORDERS}/.default"):
    with closing(credential):
        return credential.get_token(scope).token


async def token_aio(credential, scope=f"{ORDERS}/.default"):
    async with credential:
        return (await credential.get_token(scope)).token


@pytest.mark.parametrize("program", [ASK, ASK_AIO], ids=["sync", "aio"])
@pytest.mark.parametrize("credential", ["WorkloadIdentityCredential", "DefaultAzureCredential"])
def test_from_environment_variables_alone(workload, variables, program, credential):
    claims = workload.received(from_variables(variables, program, credential), GRAPH)
    assert claims["aud"] == GRAPH
    assert workload.codes() == [0]


@pytest.mark.parametrize("program", [ASK, ASK_AIO], ids=["sync", "aio"])
@pytest.mark.parametrize("credential", ["WorkloadIdentityCredential", "DefaultAzureCredential"])
def test_it_is_one_request_and_no_discovery(workload, variables, program, credential):
    before = workload.emulator.exchanges()
    with recording(workload.emulator) as recorded:
        asked = {**variables, "AZURE_AUTHORITY_HOST": recorded.url}
        workload.received(from_variables(asked, program, credential), GRAPH)
    assert recorded.requests == [("POST", f"/{workload.application.tenant_id}/oauth2/v2.0/token")]
    assert workload.emulator.exchanges() - before == {("granted", "0", "assertion"): 1}


def test_the_documented_workload_of_every_emulator(emulator, tmp_path, believing):
    (tmp_path / "token").write_text(emulator.mint(params={}))
    deploy_bot, told = fixed(emulator), emulator.ready["workload"]
    for wanted in (ORDERS, GRAPH, VERIFIABLE):
        credential = sync.WorkloadIdentityCredential(
            tenant_id=emulator.ready["tenant_id"],
            client_id=told["client_id"],
            token_file_path=str(tmp_path / "token"),
            authority=emulator.url,
        )
        deploy_bot.received(token(credential, f"{wanted}/.default"), wanted)
    assert deploy_bot.credential.subject == told["subject"]
    assert deploy_bot.credential.issuer.url == told["issuer"]
    assert deploy_bot.credential.audience == told["audience"]


def test_an_assertion_with_a_trailing_newline(workload, believing):
    assertion = workload.assertion() + "\n"
    credential = sync.ClientAssertionCredential(
        str(workload.application.tenant_id), workload.client_id, lambda: assertion, authority=workload.emulator.url
    )
    workload.received(token(credential))


@pytest.mark.parametrize("tenant", ["contoso.test", "CONTOSO.TEST", "organizations"])
def test_a_tenant_by_another_name(workload, believing, tenant):
    credential = sync.ClientAssertionCredential(
        tenant, workload.client_id, workload.assertion, authority=workload.emulator.url
    )
    workload.received(token(credential))


def test_a_client_secret(workload, believing):
    credential = sync.ClientSecretCredential(
        str(workload.application.tenant_id),
        workload.client_id,
        workload.secret().value,
        authority=workload.emulator.url,
        disable_instance_discovery=True,
    )
    workload.received(token(credential), by="clientSecret")


@pytest.mark.parametrize("suffix", ["", "/"], ids=["plain", "with a trailing slash"])
@pytest.mark.parametrize("kind", ["clientSecret", "certificate"])
def test_the_default_chain_with_a_secret_or_a_certificate(workload, environment, monkeypatch, tmp_path, kind, suffix):
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", workload.emulator.url + suffix)
    if kind == "clientSecret":
        monkeypatch.setenv("AZURE_CLIENT_SECRET", workload.secret().value)
    else:
        mine = made()
        workload.certificate(mine.certificate)
        (tmp_path / "both.pem").write_bytes(mine.both)
        monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(tmp_path / "both.pem"))
    credential = sync.DefaultAzureCredential(disable_instance_discovery=True)
    workload.received(token(credential), by=kind)
    assert workload.codes() == [0]


@pytest.mark.parametrize("chain", [False, True], ids=["thumbprint only", "with the chain"])
def test_a_certificate(workload, believing, chain):
    mine = made()
    workload.certificate(mine.certificate)
    credential = sync.CertificateCredential(
        str(workload.application.tenant_id),
        workload.client_id,
        certificate_data=mine.both,
        authority=workload.emulator.url,
        disable_instance_discovery=True,
        send_certificate_chain=chain,
    )
    workload.received(token(credential), by="certificate")


def test_aio_with_what_was_configured_in_code(workload, tmp_path):
    """A1, A2 and A4 of aio: ``connection_verify`` is all that names the CA."""
    mine = made()
    workload.certificate(mine.certificate)
    tenant, client, secret = str(workload.application.tenant_id), workload.client_id, workload.secret().value
    (tmp_path / "token").write_text(workload.assertion())

    def options(url):
        return {"authority": url, "connection_verify": str(workload.emulator.ca_file)}

    async def ask(url):
        file = {"tenant_id": tenant, "client_id": client, "token_file_path": str(tmp_path / "token")}
        kinds = {
            "federatedIdentityCredential": aio.WorkloadIdentityCredential(**file, **options(url)),
            "clientSecret": aio.ClientSecretCredential(tenant, client, secret, **options(url)),
            "certificate": aio.CertificateCredential(tenant, client, certificate_data=mine.both, **options(url)),
        }
        return {kind: await token_aio(each) for kind, each in kinds.items()}

    with recording(workload.emulator) as recorded:
        # The certificate's assertion is made for the address it is sent to, so it goes to the emulator itself.
        received = asyncio.run(ask(workload.emulator.url))
        asyncio.run(token_aio(aio.ClientSecretCredential(tenant, client, secret, **options(recorded.url))))
    for kind, each in received.items():
        workload.received(each, by=kind)
    assert recorded.requests == [("POST", f"/{tenant}/oauth2/v2.0/token")]


def adding_in_this_process(workload):
    workload.trust()


def adding_with_the_command(workload):
    emulator = workload.emulator
    members = {"--name": "added", "--issuer": emulator.ready["workload"]["issuer"], "--subject": workload.subject}
    members |= {"--data": str(emulator.data), "--tenant": str(workload.application.tenant_id)}
    options = [each for pair in members.items() for each in pair]
    ended = subprocess.run(
        (sys.executable, "-m", "accredit", "credential", "add", workload.client_id, "--local", *options),
        env={**os.environ, "ACCREDIT_PROFILE": "emulator"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("adding", [adding_in_this_process, adding_with_the_command])
def test_what_was_refused_is_granted_at_once_when_it_is_trusted(untrusting, believing, adding):
    """A6: the same client object, without a pause, while another process changes the directory."""
    untrusting.trust(subject=f"{untrusting.subject}-of-another")
    credential = sync.ClientAssertionCredential(
        str(untrusting.application.tenant_id),
        untrusting.client_id,
        untrusting.assertion,
        authority=untrusting.emulator.url,
    )
    with closing(credential):
        with pytest.raises(ClientAuthenticationError, match="AADSTS700213") as refused:
            credential.get_token(f"{ORDERS}/.default")
        adding(untrusting)
        received = credential.get_token(f"{ORDERS}/.default").token
    assert untrusting.subject in str(refused.value)
    assert untrusting.codes() == [700213, 0]
    assert untrusting.verified(received)["roles"] == ["Orders.Read.All"]
    assert untrusting.events()[0].proof == "proven"


A7 = {  # in the order of the case: what stands in the directory, and the code that a token of the workload then meets
    "no credential": ({}, 70025),
    "another issuer": ({"issuer": "https://token.actions.githubusercontent.com/"}, 700211),
    "another audience": ({"audiences": ("api://somewhere-else",)}, 700212),
    "another case": ({"subject": str.upper}, 7002138),
    "an expression that does not hold": (
        {"expression": "claims['sub'] matches 'repo:another/*' and claims['repository_id'] eq '1'"},
        7002131,
    ),
}


def test_why_nothing_matches(untrusting, believing):
    credential = sync.ClientAssertionCredential(
        str(untrusting.application.tenant_id),
        untrusting.client_id,
        untrusting.assertion,
        authority=untrusting.emulator.url,
    )
    with closing(credential):
        for members, code in A7.values():
            untrusting.distrust()
            if members:
                untrusting.trust(**{k: v(untrusting.subject) if callable(v) else v for k, v in members.items()})
            with pytest.raises(ClientAuthenticationError, match=f"AADSTS{code}: "):
                credential.get_token(f"{ORDERS}/.default")
    assert untrusting.codes() == [code for _, code in A7.values()]


def test_resources_by_identifier_and_by_id(workload, believing):
    """A8: a URI and an appId name the same resource; two of them name none."""
    credential = sync.ClientAssertionCredential(
        str(workload.application.tenant_id),
        workload.client_id,
        workload.assertion,
        authority=workload.emulator.url,
    )
    with closing(credential):
        for scope in (f"{ORDERS}/.default", f"{workload.orders_id}/.default"):
            claims = workload.received(credential.get_token(scope).token)
            assert claims["aud"] == str(workload.orders_id)
        with pytest.raises(ClientAuthenticationError, match="AADSTS1002012"):
            credential.get_token(f"{ORDERS}/.default", f"{GRAPH}/.default")


def test_each_application_gets_its_own(emulator, believing):
    first, second = engage(emulator), engage(emulator)
    for each in (first, second):
        credential = sync.ClientAssertionCredential(
            str(emulator.tenant_id), each.client_id, each.assertion, authority=emulator.url
        )
        each.received(token(credential))
    borrowed = sync.ClientAssertionCredential(
        str(emulator.tenant_id), second.client_id, first.assertion, authority=emulator.url
    )
    with closing(borrowed), pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
        borrowed.get_token(f"{ORDERS}/.default")
