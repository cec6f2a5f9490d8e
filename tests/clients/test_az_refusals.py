"""What azure-cli, unmodified, says of a refusal: one line, never a traceback. And what it pages through.

Z7. Any JSON but the envelopes that it knows, it answers with a traceback.
"""

import json
import socket
import ssl
from contextlib import ExitStack, contextmanager

import pytest

from accredit.administer import applications
from accredit.app import directory_api, seed
from accredit.directory import azure
from tests.clients.on_az import commands
from tests.support.provoked import note
from tests.support.workload import engage

pytestmark = [pytest.mark.clients_az, pytest.mark.xdist_group("clients_az"), pytest.mark.timeout(300)]
NOBODY = "00000000-1111-4222-8333-444444444444"
SUBSCRIPTION = f"/subscriptions/{azure.subscription_of(seed.TENANT_ID)}"
BODY = json.dumps({"ids": [NOBODY]})
PAGED = 230  # applications: three pages


@pytest.fixture(scope="module")
def reader(emulator):
    """An application that trusts its platform, and may read applications."""
    return engage(emulator)


@pytest.fixture(scope="module")
def az(clients_az, reader, tmp_path_factory):
    """The CLI, signed in as the reader."""
    with commands(clients_az, reader.emulator, tmp_path_factory.mktemp("az")) as found:
        found.use_cloud()
        tenant = str(reader.application.tenant_id)
        who = ("-u", reader.client_id, "-t", tenant)
        found("login", "--service-principal", *who, "--federated-token", reader.assertion())
        yield found


ASSIGNEE = ("--assignee-object-id", NOBODY, "--assignee-principal-type", "ServicePrincipal")
REFUSED = {
    "403 of Graph": (
        ("ad", "app", "update", "--id", str(seed.ORDERS_ID), "--display-name", "mine"),
        "Insufficient privileges to complete the operation.",
    ),
    "404 of Graph": (("ad", "app", "show", "--id", NOBODY), f"Resource '{NOBODY}' does not exist or one of its quer"),
    "400 of Graph": (("ad", "app", "list", "--filter", "displayName eq eq"), "Invalid filter clause: "),
    "403 of Azure Resource Manager": (
        ("role", "assignment", "create", *ASSIGNEE, "--role", "Reader", "--scope", SUBSCRIPTION),
        "(AuthorizationFailed) The client '",
    ),
    "404 of Azure Resource Manager": (("group", "show", "-n", "none"), "(ResourceNotFound) The resource '"),
    "a subscription of nobody": (
        ("role", "definition", "list", "--scope", f"/subscriptions/{NOBODY}"),
        f"(SubscriptionNotFound) The subscription '{NOBODY}' could not be found.",
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_refusal_is_one_clean_line(az, sentence):
    command, expected = REFUSED[sentence]
    ended = az.run(*command)
    said = [line for line in ended.stderr.splitlines() if line.startswith("ERROR: ")]
    assert ended.returncode in (1, 3), ended.stderr  # 3: what is asked for is not there
    assert [line.startswith(f"ERROR: {expected}") for line in said] == [True], ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_who_is_signed_in_is_an_application_and_has_no_profile(az):
    assert (
        "/me request is only valid with delegated authentication flow." in az.run("ad", "signed-in-user", "show").stderr
    )


@contextmanager
def crowded(az):
    """Take every place that an application's bodies have: with requests whose bodies never come."""
    token = az("account", "get-access-token", "--scope", f"{az.emulator.url}/.default")["accessToken"]
    head = (
        f"POST /v1.0/$batch HTTP/1.1\r\nHost: {az.emulator.host}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    )
    context = ssl.create_default_context(cafile=az.emulator.ca_file)
    host, _, port = az.emulator.host.partition(":")
    with ExitStack() as stack:
        for _ in range(directory_api.ON_THEIR_WAY[-1]):
            plain = stack.enter_context(socket.create_connection((host, int(port))))
            stack.enter_context(context.wrap_socket(plain, server_hostname=host)).sendall(head.encode())
        yield


def test_a_crowd_is_told_to_come_again(az):
    with crowded(az):
        objects = f"{az.emulator.url}/v1.0/directoryObjects/getByIds"
        assert "Too many requests." in az.refused("rest", "--method", "post", "--url", objects, "--body", BODY)
        note("GRAPH_THROTTLED")
    assert az("ad", "app", "list", "--query", "[0].appId")


def test_lists_are_read_to_their_last_page(az, emulator):
    async def many(by):
        for each in range(PAGED):
            await applications.create(by, seed.TENANT_ID, display_name=f"paged-{each:03}")

    emulator.administer(many)
    first = az("rest", "--url", f"{az.emulator.url}/v1.0/applications?$filter=startswith(displayName,'paged-')")
    assert len(first["value"]) == 100
    assert json.dumps(first).count("@odata.nextLink") == 1
    found = az("ad", "app", "list", "--display-name", "paged-", "--all", "--query", "[].displayName")
    assert sorted(found) == [f"paged-{each:03}" for each in range(PAGED)]
