"""The request URI of Azure Pipelines, as Microsoft's clients ask it."""

import json
from urllib.parse import urlsplit

import pytest

from tests.testidp.native.asking import asked, begun, platforms
from tests.testidp.workbench import BASE, Parts

CONNECTION = "0000001a-1111-4222-8333-00000000001a"


@pytest.fixture(scope="module")
def natives():
    return platforms()


def ask(natives, variables, method="POST", version="7.1", **changed):
    """Ask as a client does, with a query and headers of its own."""
    headers = {
        "authorization": f"Bearer {changed.pop('bearer', variables['SYSTEM_ACCESSTOKEN'])}",
        "x-tfs-fedauthredirect": changed.pop("redirect", "Suppress"),
    }
    path = urlsplit(variables["SYSTEM_OIDCREQUESTURI"]).path.removeprefix("/idp/azure_devops")
    query = {"api-version": version, "serviceConnectionId": CONNECTION, **changed}
    return natives.of_issuer("azure_devops", asked(path, method, headers, **query))


@pytest.mark.parametrize("form", ["legacy", "entra"])
def test_it_answers_the_token_of_the_connection(natives, form):
    variables = begun(natives, "azure_devops", params={"form": form})
    assert variables["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"] == CONNECTION
    answer = ask(natives, variables)
    claims = Parts.of(json.loads(answer.body)["oidcToken"]).claims
    assert answer.status == 200
    assert claims["sub"].endswith({"legacy": "/payments/prod-connection", "entra": CONNECTION}[form])


def test_names_are_written_as_addresses_have_them(natives):
    variables = begun(natives, "azure_devops", params={"project": "two words"})
    assert variables["SYSTEM_OIDCREQUESTURI"].startswith(f"{BASE}/idp/azure_devops/contoso/two%20words/_apis/")
    assert ask(natives, variables).status == 200


def test_it_refuses(natives):
    variables = begun(natives, "azure_devops")
    rows = {
        "a wrong bearer": ({"bearer": "x"}, 401),
        "a browser's": ({"bearer": "x", "redirect": ""}, 302),
        "no version": ({"version": ""}, 400),
        "another version": ({"version": "5.0"}, 400),
        "another connection": ({"serviceConnectionId": "0000001a-0000-4222-8333-00000000001a"}, 404),
        "another method": ({"method": "GET"}, 405),
    }
    assert {name: ask(natives, variables, **change).status for name, (change, _) in rows.items()} == {
        name: status for name, (_, status) in rows.items()
    }


def test_a_preview_of_a_version_is_that_version(natives):
    assert ask(natives, begun(natives, "azure_devops"), version="7.2-preview.1").status == 200


def test_other_addresses_are_none_of_it(natives):
    assert natives.of_issuer("azure_devops", asked("/contoso/_apis/projects")) is None
