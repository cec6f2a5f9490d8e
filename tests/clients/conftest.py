"""What the tests of clients share: each of them gets an application of its own in this worker's emulator."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.emulator import Emulator
from tests.support.workload import Workload, engage

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")


@pytest.fixture
def workload(emulator: Emulator) -> Workload:
    """An application that trusts its own subject."""
    return engage(emulator)


@pytest.fixture
def untrusting(emulator: Emulator) -> Workload:
    """An application that trusts nobody yet."""
    return engage(emulator, trusting=False)


@pytest.fixture
def token_file(workload: Workload, tmp_path: Path) -> Path:
    """A file with a token of the workload, and the newline that editors and shells leave."""
    path = tmp_path / "token"
    path.write_text(workload.assertion() + "\n")
    return path


@pytest.fixture
def variables(workload: Workload, token_file: Path) -> Mapping[str, str]:
    """What a platform gives its workloads: nothing else is configured."""
    return {
        **dict.fromkeys(CA_VARIABLES, str(workload.emulator.ca_file)),
        "AZURE_AUTHORITY_HOST": workload.emulator.url,
        "AZURE_TENANT_ID": str(workload.application.tenant_id),
        "AZURE_CLIENT_ID": workload.client_id,
        "AZURE_FEDERATED_TOKEN_FILE": str(token_file),
    }


@pytest.fixture
def environment(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The same, in this process."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def believing(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries of this process believe the emulator's CA."""
    for name in CA_VARIABLES:
        monkeypatch.setenv(name, str(emulator.ca_file))
