"""An authority that says what a test wants, and the client that asks it."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accredit.client import Authority, ClientSecret, Graph
from accredit.client.http import Http
from accredit.client.tokens import AccessToken, Tokens
from tests.client.answering import Answering, answering

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
TENANT = "11111111-1111-4111-8111-111111111111"
CLIENT = "22222222-2222-4222-8222-222222222222"
PRINCIPAL = "33333333-3333-4333-8333-333333333333"
SECRET = "s3cret-that-nobody-may-read"


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answering]:
    with answering(tmp_path_factory.mktemp("answering")) as found:
        yield found


@pytest.fixture
def server(_server: Answering, monkeypatch: pytest.MonkeyPatch) -> Answering:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    _server.asked.clear()
    _server.say((200, {}))
    return _server


def bearer(life: int = 3_600, **claims: Any) -> str:
    """A token as an authority issues it, unsigned: the client does not judge it."""
    told = {"tid": TENANT, "appid": CLIENT, "oid": PRINCIPAL, "roles": ["Application.Read.All"], **claims}
    told = {"exp": int((NOW + timedelta(seconds=life)).timestamp())} | told
    return ".".join(urlsafe_b64encode(each).rstrip(b"=").decode() for each in (b"{}", json.dumps(told).encode(), b"x"))


@pytest.fixture
def waited() -> list[float]:
    """How long the client waited, in seconds; nobody really waits."""
    return []


@pytest.fixture
def http(server: Answering, waited: list[float]) -> Iterator[Http]:
    found = Http(server.url, ca_file=str(server.ca_file), sleep=waited.append, timeout=10)
    yield found
    found.close()


@pytest.fixture
def tokens(http: Http) -> Tokens:
    return Tokens(http, "contoso.test", CLIENT, ClientSecret(SECRET), lambda: NOW, lambda: "once")


@pytest.fixture
def signed_in(http: Http) -> Callable[[], Authority]:
    """An authority that somebody is signed in to by a token alone."""

    def made() -> Authority:
        held = AccessToken.read(bearer())
        return Authority(Graph(http, Tokens(http, TENANT, CLIENT, None, lambda: NOW, lambda: "once", held)), uuid4)

    return made


@pytest.fixture
def ca(server: Answering) -> Path:
    return server.ca_file
