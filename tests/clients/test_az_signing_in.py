"""azure-cli, unmodified, finds the authority, signs in to it in every way that a workload can, and gets tokens."""

import jwt
import pytest

from accredit.directory import azure
from tests.clients.certified import made
from tests.clients.on_az import commands
from tests.support.recorder import silent
from tests.support.workload import GITHUB, GRAPH

pytestmark = [pytest.mark.clients_az, pytest.mark.xdist_group("clients_az"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def offline(clients_az, emulator, tmp_path_factory):
    """The CLI, guarded: nothing that the tests of this module run may leave this machine."""
    with commands(clients_az, emulator, tmp_path_factory.mktemp("az")) as found:
        yield found


@pytest.fixture
def az(offline, tmp_path):
    """The CLI with a configuration of this test's own."""
    return offline.with_configuration(tmp_path / "az")


def arguments(workload, *proof, tenant=None):
    named = tenant or str(workload.application.tenant_id)
    return ("login", "--service-principal", "-u", workload.client_id, "-t", named, *proof)


def federated(workload):
    return ("--federated-token", workload.assertion(), "--allow-no-subscriptions")


def signed_in(az, workload, proof, *, by="federatedIdentityCredential", tenant=None):
    """Sign in; one event of it for Azure Resource Manager, another one for the token that is asked for afterwards."""
    (account,) = az(*arguments(workload, *proof, tenant=tenant))
    tenant_id = str(workload.application.tenant_id)
    assert account["id"] == str(azure.subscription_of(workload.application.tenant_id))
    assert (account["tenantId"], account["user"]["name"]) == (tenant_id, workload.client_id)
    (event,) = workload.events()
    assert (event.code, event.evidence, event.resource_name) == (0, by, "Azure Resource Manager")
    if by == "federatedIdentityCredential":
        assert event.credential_id == workload.credential.id
    got = az("account", "get-access-token", "--scope", f"{GRAPH}/.default")
    assert (got["tokenType"], got["tenant"]) == ("Bearer", tenant_id)
    workload.received(got["accessToken"], GRAPH, by=by)


@pytest.mark.parametrize("ending", ["", "/"], ids=["", "with a slash"])
def test_a_cloud_is_described_by_its_resource_manager_alone(az, workload, ending):
    """Z1."""
    az.use_cloud("--endpoint-resource-manager", workload.emulator.url + ending)
    cloud = az("cloud", "show")
    assert cloud["endpoints"]["activeDirectory"] == cloud["endpoints"]["microsoftGraphResourceId"] == az.emulator.url
    signed_in(az, workload, federated(workload))


def test_a_cloud_is_described_by_a_variable_and_registered_nowhere(offline, workload, tmp_path):
    """Z2."""
    url = f"{workload.emulator.url}/metadata/endpoints?api-version=2019-05-01"
    az = offline.with_configuration(tmp_path / "az", ARM_CLOUD_METADATA_URL=url)
    signed_in(az, workload, federated(workload))
    assert az("account", "show")["environmentName"] == "Accredit"
    assert [each["name"] for each in az("cloud", "list")] == ["Accredit"]


def test_a_cloud_is_described_by_each_of_its_endpoints(az, workload):
    """Z3."""
    url = workload.emulator.url
    az.use_cloud(
        "--skip-endpoint-discovery",
        *("--endpoint-active-directory", url, "--endpoint-resource-manager", url),
        *("--endpoint-active-directory-resource-id", f"{url}/arm", "--endpoint-microsoft-graph-resource-id", url),
    )
    signed_in(az, workload, federated(workload))
    assert workload.client_id in az("ad", "app", "list", "--query", "[].appId", "--all")


def test_a_tenant_is_named_by_its_domain(az, workload):
    az.use_cloud()
    signed_in(az, workload, federated(workload), tenant=workload.emulator.ready["tenant_domain"])


def test_an_assertion_is_refused_until_it_is_trusted_and_then_accepted_at_once(az, untrusting):
    """Z5."""
    az.use_cloud()
    command = arguments(untrusting, *federated(untrusting))
    assert az.refused(*command).startswith("AADSTS70025: ")
    untrusting.trust(issuer=GITHUB)
    az(*command)
    assert untrusting.codes() == [70025, 0]


def test_a_certificate(az, workload, tmp_path):
    """Z6."""
    mine = made()
    workload.certificate(mine.certificate)
    (tmp_path / "client.pem").write_bytes(mine.both)
    az.use_cloud()
    signed_in(az, workload, ("--certificate", str(tmp_path / "client.pem")), by="certificate")


def test_a_secret_and_another_one_after_what_is_cached_was_cleared(az, workload):
    """Z6. Signing in again is answered from the token cache, whatever the secret is."""
    az.use_cloud()
    signed_in(az, workload, ("-p", workload.secret().value), by="clientSecret")
    az(*arguments(workload, "-p", "another"))
    assert workload.codes() == [0, 0]
    az("account", "clear")
    assert az("account", "list") == []
    assert az.refused(*arguments(workload, "-p", "another")).startswith("AADSTS7000215: ")
    az(*arguments(workload, "-p", workload.secret().value))
    az("logout")
    assert "Please run 'az login'" in az.refused("account", "show")
    assert workload.codes() == [0, 0, 7000215, 0]


def test_an_authority_without_tls_is_refused_before_anything_is_sent(az, workload):
    """C3."""
    with silent() as nobody:
        url = f"http://localhost:{nobody.port}"
        az.use_cloud(
            "--skip-endpoint-discovery",
            *("--endpoint-active-directory", url, "--endpoint-resource-manager", url),
            *("--endpoint-active-directory-resource-id", f"{url}/arm"),
        )
        ended = az.run(*arguments(workload, *federated(workload)))
        assert ended.returncode == 1
        assert "authority" in ended.stderr
        assert "https" in ended.stderr
    assert nobody.visits == 0


def test_tokens_are_got_for_what_is_asked(az, workload):
    az.use_cloud()
    az(*arguments(workload, *federated(workload)))
    url = az.emulator.url
    asked = {
        ("--resource", f"{GRAPH}"): GRAPH,
        ("--resource", "api://orders"): str(workload.orders_id),
        ("--resource-type", "ms-graph"): url,
        ("--resource-type", "arm"): f"{url}/arm",
        (): f"{url}/arm",
    }
    for options, audience in asked.items():
        token = az("account", "get-access-token", *options)["accessToken"]
        assert jwt.decode(token, options={"verify_signature": False})["aud"] == audience, options
    (listed,) = az("account", "list")
    assert (listed["name"], listed["isDefault"], listed["state"]) == ("Contoso", True, "Enabled")
    assert az("group", "list") == []
