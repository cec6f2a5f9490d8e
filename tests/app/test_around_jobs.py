"""What an emulator answers beside its address: the metadata listener and the socket, from its start to its end."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from accredit.client.sources import registry
from accredit.client.sources.source import Surroundings
from accredit.testing import authority
from tests.clients.platforms.jobs import AUDIENCE, unverified

GOOGLE = {"Metadata-Flavor": "Google"}


def begun(found, dialect):
    answer = found.http.post(f"{found.url}/idp/_environment", json={"dialect": dialect})
    assert answer.status_code == 200, answer.text
    return answer.json()["variables"]


@pytest.mark.parametrize("name", ["data", "d" * 120], ids=["beside the data", "where that path is too long"])
def test_a_socket_is_there_while_the_emulator_is(tmp_path, name):
    with authority(data=tmp_path / name) as found:
        path = Path(begun(found, "fly")["ACCREDIT_FLY_SOCKET"])
        assert path.is_socket()
        assert path.is_relative_to(tmp_path) == (name == "data")
        token = registry.source("fly", Surroundings({"ACCREDIT_FLY_SOCKET": str(path)})).fetch(AUDIENCE)
        assert unverified(token)["aud"] == AUDIENCE
    assert not path.exists()
    assert path.parent.exists() == (name == "data")


def test_the_metadata_listener_is_on_loopback_alone_and_answers_to_its_own_names(emulator):
    url = emulator.ready["metadata_url"]
    host, port = urlsplit(url).hostname, urlsplit(url).port
    assert host == "127.0.0.1"
    address = f"{url}/computeMetadata/v1/instance/id"
    answers = {
        name: httpx2.get(address, headers=GOOGLE | more, trust_env=False)
        for name, more in {
            "its own": {},
            "its other name": {"Host": f"localhost:{port}"},
            "another host": {"Host": "metadata.google.internal"},
            "a page of another site": {"Sec-Fetch-Site": "cross-site"},
        }.items()
    }
    assert {name: each.status_code for name, each in answers.items()} == {
        "its own": 200,
        "its other name": 200,
        "another host": 421,
        "a page of another site": 403,
    }
    assert httpx2.get(f"{url}/idp/github/.well-known/jwks", trust_env=False).status_code == 404
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 421")
