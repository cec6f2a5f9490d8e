"""TLS is always verified, what is put off is asked again for a bounded while, and a failure says what and why."""

import socket

import pytest

from accredit.client import http as requests
from accredit.client.http import Http, address
from accredit.errors import AUTHORITY_UNREACHABLE, INPUT_INVALID, INPUT_UNREADABLE, Refused

PUT_OFF = {
    "once, for as long as it says": ([(429, {}, {"Retry-After": "2"}), (200, {})], 200, [2.0]),
    "by an authority that starts": ([(503, {}, {"Retry-After": "1"}), (503, {}), (200, {})], 200, [1.0, 2.0]),
    "without saying for how long": ([(503, {}), (503, {}), (200, {})], 200, [1.0, 2.0]),
    "until a date, which is not read": (
        [(429, {}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), (200, {})],
        200,
        [1.0],
    ),
    "for as long as it is waited at most": ([(429, {}, {"Retry-After": "60"}), (200, {})], 200, [60.0]),
    "for longer than it is waited": ([(429, {}, {"Retry-After": "61"})], 429, []),
    "for longer than it is waited in all": (
        [(429, {}, {"Retry-After": "40"}), (429, {}, {"Retry-After": "30"})],
        429,
        [40.0],
    ),
    "each time": ([(503, {}, {"Retry-After": "1"})], 503, [1.0] * 4),
}


@pytest.mark.parametrize("how", PUT_OFF)
def test_what_is_put_off_is_asked_again(server, http, waited, how):
    answers, status, waits = PUT_OFF[how]
    server.say(*answers)
    assert http.send("POST", "/x", b"body").status == status
    assert waited == waits
    assert [each.body for each in server.asked] == [b"body"] * (len(waits) + 1)


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 404, 500, 502])
def test_every_other_answer_stands(server, http, waited, status):
    server.say((status, None if status == 204 else {"a": 1}, {"Location": "https://elsewhere.example/"}))
    found = http.send("GET", "/x")
    assert (found.status, waited, len(server.asked)) == (status, [], 1)


def test_a_slash_at_the_end_of_the_address_changes_nothing(server, ca):
    http = Http(server.url + "/", ca_file=str(ca), sleep=lambda _: None)
    http.send("GET", "/x")
    http.close()
    assert server.asked[0].path == "/x"
    assert server.asked[0].headers["user-agent"].startswith("accredit/")


NO_ADDRESS = (
    "http://localhost:8443",
    "localhost:8443",
    "https://",
    "https://x/?a=b",
    "https://x/#f",
    "https://u@x",
    "https://u:p@x",
    "https://x/path",
    "",
    "https://x:y",
)


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_only_an_https_address_is_asked(url):
    with pytest.raises(Refused) as refused:
        address(url)
    assert refused.value.row is INPUT_INVALID


def test_a_certificate_of_an_unknown_ca_is_refused(server):
    http = Http(server.url, ca_file=None, sleep=lambda _: None)
    with pytest.raises(Refused) as refused:
        http.send("GET", "/x")
    http.close()
    assert refused.value.row is AUTHORITY_UNREACHABLE
    assert refused.value.fields["reason"].startswith("its TLS certificate is not trusted (")
    assert refused.value.fields["reason"].count("(") == refused.value.fields["reason"].count(")")
    assert "_ssl" not in refused.value.message
    assert server.asked == []


def test_a_certificate_of_another_name_is_refused(http, server, ca, monkeypatch):
    usual = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *more, **named: usual("localhost", *more, **named))
    other = Http(server.url.replace("localhost", "other.test"), ca_file=str(ca), sleep=lambda _: None)
    with pytest.raises(Refused) as refused:
        other.send("GET", "/x")
    other.close()
    assert "its TLS certificate is not trusted" in refused.value.message


@pytest.mark.parametrize("text", [None, "nonsense", "é"])
def test_a_ca_file_that_holds_no_certificates_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    with pytest.raises(Refused) as refused:
        Http("https://localhost:1", ca_file=str(tmp_path / "ca.pem"), sleep=lambda _: None)
    assert refused.value.row is INPUT_UNREADABLE


def test_an_authority_that_is_not_there_is_unreachable(ca):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://localhost:{free.getsockname()[1]}"
        http = Http(url, ca_file=str(ca), sleep=lambda _: None)
        with pytest.raises(Refused) as refused:
            http.send("GET", "/x")
        http.close()
    assert refused.value.row is AUTHORITY_UNREACHABLE
    assert refused.value.fields["url"] == url
    assert "Errno" not in refused.value.message


def test_an_authority_that_says_nothing_is_given_up(ca):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        http = Http(f"https://localhost:{silent.getsockname()[1]}", ca_file=str(ca), sleep=lambda _: None, timeout=0.2)
        with pytest.raises(Refused) as refused:
            http.send("GET", "/x")
        http.close()
    assert "did not answer in time" in refused.value.message


def test_an_authority_that_answers_drop_by_drop_is_given_up(server, monkeypatch):
    monkeypatch.setattr(requests, "WHOLE", 1)
    http = Http(server.url, ca_file=str(server.ca_file), sleep=lambda _: None, timeout=0.5)
    assert http.send("GET", "/x").status == 200, "and the connection is kept"
    server.say((200, b"x" * 400))
    server.pause = 0.05  # seconds between two octets
    try:
        with pytest.raises(Refused, match="did not answer in time"):
            http.send("GET", "/x")
    finally:
        server.pause = 0.0
    server.say((200, b"y"))
    assert http.send("GET", "/x").body == b"y", "another connection, with a time of its own"
    http.close()


def test_a_proxy_of_another_kind_is_said_to_be_one(server, monkeypatch):
    for scheme, why in (("socks5", "SOCKS"), ("foo", "Unknown scheme")):
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:pass-word@127.0.0.1:1")
        with pytest.raises(Refused, match=why) as refused:
            Http(server.url, ca_file=str(server.ca_file), sleep=lambda _: None)
        assert refused.value.row is AUTHORITY_UNREACHABLE
        assert "pass-word" not in str(refused.value)


def test_an_answer_without_end_is_given_up(server, http, monkeypatch):
    monkeypatch.setattr(requests, "LARGEST", 1_000)
    server.say((200, b"x" * 1_000))
    assert len(http.send("GET", "/x").body) == 1_000
    server.say((200, b"x" * 1_001))
    with pytest.raises(Refused) as refused:
        http.send("GET", "/x")
    assert "larger than 1000 bytes" in refused.value.message
