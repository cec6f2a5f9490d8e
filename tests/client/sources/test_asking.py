"""Requests to the places where platforms hand out tokens: bounded, verified, not sent on, not told with a secret."""

import socket
import ssl
import threading
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from accredit.client.sources import asking
from accredit.errors import INPUT_UNREADABLE, SOURCE_REFUSED, SOURCE_UNREACHABLE, Refused
from accredit.signing.developmentca import development_tls
from tests.client.answering import Answering

SECRET = "s3cret-of-the-job"
BEARER = {"Authorization": f"Bearer {SECRET}"}


def test_an_answer_is_returned_whatever_its_status(server: Answering):
    server.say((403, {"message": "no"}, {"X-Said": "no"}))
    found = asking.ask("x", "POST", f"{server.url}/t?a=b", headers=BEARER, body=b"{}", ca_file=str(server.ca_file))
    assert (found.status, found.headers["x-said"], found.body) == (403, "no", b'{"message": "no"}')
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/t?a=b", b"{}")
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert "message" not in repr(found)


def test_nobody_is_sent_on(server: Answering):
    server.say((302, None, {"Location": f"{server.url}/elsewhere"}))
    assert asking.ask("x", "GET", server.url, headers=BEARER, ca_file=str(server.ca_file)).status == 302
    assert len(server.asked) == 1


def test_the_machine_s_own_certificates_are_believed_too(server: Answering, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
    assert asking.ask("x", "GET", server.url).status == 200


def test_a_proxy_is_not_asked_for_what_is_near(server: Answering, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert asking.ask("x", "GET", server.url, near=True, ca_file=str(server.ca_file)).status == 200


def test_what_is_not_encrypted_is_sent_through_no_proxy(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(Refused, match="refused") as refused:
            asking.ask("x", "GET", "http://localhost:1/", headers=BEARER)
        proxy.settimeout(0)
        with pytest.raises(BlockingIOError):
            proxy.accept()
    assert refused.value.row is SOURCE_UNREACHABLE


def test_a_certificate_is_verified_however_https_is_spelt(server: Answering):
    for scheme in ("HTTPS", "Https", "hTTPs"):
        with pytest.raises(Refused, match="is not trusted") as refused:
            asking.ask("x", "GET", server.url.replace("https", scheme), headers=BEARER)
        assert "SSL_CERT_FILE" in refused.value.detail
    assert server.asked == []


def test_a_proxy_of_another_kind_is_said_to_be_one(server: Answering, monkeypatch):
    for scheme, why in (("socks5", "SOCKS"), ("foo", "Unknown scheme")):
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:{SECRET}@127.0.0.1:1")
        with pytest.raises(Refused, match=why) as refused:
            asking.ask("x", "GET", server.url, ca_file=str(server.ca_file))
        assert refused.value.row is SOURCE_UNREACHABLE
        assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_what_was_sent_is_not_in_what_is_told(server: Answering):
    repeated = f"you sent Bearer {SECRET}".encode()
    for name, value in (*BEARER.items(), ("X-Vault-Token", SECRET), ("X-IDENTITY-HEADER", SECRET)):
        server.say((403, repeated))
        found = asking.ask("x", "GET", server.url, headers={name: value}, ca_file=str(server.ca_file))
        assert found.body == b"you sent Bearer (not shown)", name
    server.say((200, repeated))
    assert asking.ask("x", "GET", server.url, headers=BEARER, ca_file=str(server.ca_file)).body == repeated


DRIPS = {"its head": b"HTTP/1.1 200 OK\r\n", "its body": b"HTTP/1.1 200 OK\r\n\r\n"}


def test_who_answers_drop_by_drop_is_not_waited_for(tmp_path: Path):
    files = development_tls(tmp_path, now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate_file, files.key_file)
    for drips, begin in DRIPS.items():
        for tls in (False, True):
            with socket.create_server(("127.0.0.1", 0)) as listening:
                port, ended = listening.getsockname()[1], threading.Event()
                drop = dripping(listening, begin, context if tls else None, ended)
                url = f"{'https' if tls else 'http'}://localhost:{port}/"
                with pytest.raises(Refused, match="did not answer in time") as refused:
                    asking.ask("x", "GET", url, timeout=0.4, ca_file=str(files.ca_file))
                ended.set()
                drop.join(5)
            assert refused.value.row is SOURCE_UNREACHABLE, f"{drips}, {'https' if tls else 'http'}"


def dripping(
    listening: socket.socket, begin: bytes, context: ssl.SSLContext | None, ended: threading.Event
) -> threading.Thread:
    """Answer one request with a beginning and then an octet now and then, for ten seconds at most."""

    def drip() -> None:
        with suppress(OSError), listening.accept()[0] as raw:
            connection = context.wrap_socket(raw, server_side=True) if context else raw
            with connection:
                connection.recv(65_536)
                connection.sendall(begin)
                for _ in range(200):
                    connection.sendall(b"x")
                    if ended.wait(0.05):
                        return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    return thread


def test_what_cannot_be_asked_is_said_without_what_was_sent(server: Answering, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        rows = {
            "nobody listens": ({"url": "http://127.0.0.1:1/t"}, "http://127.0.0.1:1/t", "refused"),
            "it says nothing": ({"url": f"http://127.0.0.1:{port}/?k={SECRET}", "timeout": 0.1}, "/:", "not answer in"),
            "its certificate is of nobody": ({"url": server.url}, server.url, "is not trusted"),
            "no address": ({"url": "http://[bad"}, "an address that is none", ""),
            "no scheme": ({"url": "localhost/x"}, "", ""),
            "a header of two lines": ({"url": server.url, "headers": {"A": "b\r\nc"}}, server.url, ""),
            "a user in it": ({"url": f"http://me:{SECRET}@127.0.0.1:1/"}, "http://127.0.0.1:1/", ""),
            "no socket": (
                {"url": "http://localhost/", "socket": str(tmp_path / "api")},
                str(tmp_path / "api"),
                "no such",
            ),
        }
        wrong = []
        for row, (options, place, reason) in rows.items():
            with pytest.raises(Refused) as refused:
                asking.ask("x", "GET", **{"headers": BEARER, **options})
            told = refused.value
            if told.row is not SOURCE_UNREACHABLE or place not in told.message or reason not in told.message:
                wrong.append(f"{row}: {told}")
            if SECRET in "".join(traceback.format_exception(told)):
                wrong.append(f"{row}: what was sent is told")
    assert not wrong, "\n".join(wrong)


def test_an_answer_without_end_is_not_read_to_it(server: Answering):
    server.say((200, b"x" * (asking.LARGEST + 1)))
    with pytest.raises(Refused, match="larger than 1048576 bytes") as refused:
        asking.ask("x", "GET", server.url, ca_file=str(server.ca_file))
    assert refused.value.row is SOURCE_REFUSED


def test_certificates_that_are_none(server: Answering, tmp_path: Path):
    (tmp_path / "ca.pem").write_text("nothing")
    for path, why in ((tmp_path / "ca.pem", "PEM"), (tmp_path / "absent", "No such file")):
        with pytest.raises(Refused, match=why) as refused:
            asking.ask("x", "GET", server.url, ca_file=str(path))
        assert refused.value.row is INPUT_UNREADABLE


def test_a_unix_socket_is_spoken_to(tmp_path: Path):
    path = str(tmp_path / "api")
    asked: list[bytes] = []

    def answer(listening: socket.socket) -> None:
        with listening.accept()[0] as connection:
            asked.append(connection.recv(65_536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        thread = threading.Thread(target=answer, args=(listening,), daemon=True)
        thread.start()
        assert asking.ask("x", "GET", "http://localhost/v1", socket=path).body == b"ok"
        thread.join(5)
    assert asked[0].startswith(b"GET /v1 HTTP/1.1\r\nHost: localhost\r\n")
