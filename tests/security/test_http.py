"""HTTP as an attacker writes it: raw bytes to a running server, with its memory and time watched."""

import re
import ssl
import time
from urllib.parse import urlencode

import pytest

from accredit.app import seed
from tests.ops.servers import until
from tests.ops.test_lifecycle import TENANT, mint, secret_form, workload_form
from tests.support.every import every

pytestmark = pytest.mark.slow
PATH = f"/{TENANT}/oauth2/v2.0/token"
FORM = "application/x-www-form-urlencoded"
GROWTH = 24  # MiB of resident memory that an attack may leave behind


def exchange(server, *pieces, pause=0.0):
    """Send bytes and read until the server hangs up or falls silent."""
    with server.connect() as connection:
        connection.settimeout(20)
        try:
            for each in pieces:
                connection.sendall(each)
                time.sleep(pause)
        except OSError:
            pass  # it has hung up; what it said may still be read
        said = b""
        try:
            while part := connection.recv(65_536):
                said += part
                if b"\r\n\r\n" in said:
                    break
        except OSError:
            pass
        return said


def request(server, method="GET", path="/common/discovery/keys", *, host=None, version="1.1", more="", body=b""):
    hosts = "".join(f"Host: {each}\r\n" for each in ([server.host] if host is None else host))
    length = f"Content-Length: {len(body)}\r\nContent-Type: {FORM}\r\n" if body else ""
    return f"{method} {path} HTTP/{version}\r\n{hosts}{length}{more}\r\n".encode() + body


def status(said):
    return int(said[9:12]) if said else 0


def alive(server):
    answer = server.token(TENANT, workload_form(mint(server)))
    return answer.status_code == 200


@every(
    ("hosts", "version"),
    [
        ((), "1.1"),
        ((), "1.0"),
        (("evil",), "1.1"),
        (("HOST", "evil"), "1.1"),
        (("evil", "HOST"), "1.1"),
        (("HOST", "HOST"), "1.1"),
    ],
    ids=["none", "none, HTTP/1.0", "foreign", "ours first", "ours last", "twice"],
)
def test_one_host_that_is_ours_or_nothing(server, hosts, version):
    named = [server.host if each == "HOST" else each for each in hosts]
    for method, path in (("GET", "/common/discovery/keys"), ("POST", PATH), ("POST", "/idp/_mint")):
        assert status(exchange(server, request(server, method, path, host=named, version=version))) in (400, 421)


def test_an_absolute_target_changes_neither_host_nor_what_is_answered(server):
    said = exchange(server, request(server, path="http://evil.example/common/v2.0/.well-known/openid-configuration"))
    assert status(said) == 200
    assert b"evil" not in said
    foreign = request(server, path=f"http://{server.host}/common/discovery/keys", host=["evil.example"])
    assert status(exchange(server, foreign)) == 421


@every(
    "path",
    [
        "/a%00b/oauth2/token",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fidp",
        "*",
        "/\\evil",
        "//evil.example/",
        "/%ff",
        "/%",
    ],
)
def test_odd_paths_are_refused_as_json(server, path):
    said = exchange(server, request(server, path=path))
    assert status(said) in (400, 404, 405)
    assert b"Traceback" not in said


def test_a_path_with_encoded_slashes_reaches_no_room_that_the_plain_one_does_not(server):
    said = exchange(server, request(server, "POST", "/idp%2Fcustom%2F_rotate", body=b"{}"))
    assert status(said) in (404, 415)


SMUGGLED = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Bad Header\r\n",
    "X: a\rb\r\n",
    " folded: x\r\n",
]


@every("more", SMUGGLED)
def test_ambiguous_framing_is_refused_and_ends_the_connection(server, more):
    smuggled = request(server)
    said = exchange(server, request(server, "POST", PATH, more=more) + b"0\r\n\r\n" + smuggled)
    assert status(said) in (0, 400)
    assert said.count(b"HTTP/1.1 ") <= 1
    assert alive(server)


@every(
    "value",
    [
        "x\r\ny",
        "x%0d%0aSet-Cookie:a=b",
        "11111111-2222-4333-8444-555555555555\r",
        "{11111111-2222-4333-8444-555555555555}",
        "\x1b[31m",
    ],
)
def test_a_correlation_id_is_a_guid_or_ours(server, value):
    form = workload_form("x") | {"client-request-id": value}
    answer = server.token(TENANT, form, **{"return-client-request-id": "true"})
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["client-request-id"])
    assert answer.json()["correlation_id"] == answer.headers["client-request-id"]
    assert "set-cookie" not in answer.headers
    more = f"client-request-id: {value}\r\nreturn-client-request-id: true\r\n"
    raw = exchange(server, request(server, "POST", PATH, more=more, body=b"a=b"))
    assert b"Set-Cookie:" not in raw


HONEST = secret_form()


@every("field", HONEST)
def test_a_field_that_is_sent_twice_is_refused_equal_or_not(server, field):
    for second in (HONEST[field], "other", ""):
        body = urlencode([*HONEST.items(), (field, second)])
        answer = server.http.post(PATH, content=body, headers={"content-type": FORM})
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [90023])


def test_parameters_count_in_the_body_only(server):
    query = urlencode(HONEST)
    assert server.http.post(f"{PATH}?{query}").json()["error_codes"] == [900144]
    assert server.http.post(PATH, json=HONEST).json()["error_codes"] == [900144]
    assert server.http.post(f"{PATH}?client_id={seed.WORKLOAD_ID}", data=HONEST).status_code == 200
    assert server.http.get(f"{PATH}?{query}").json()["error_codes"] == [900561]


@pytest.mark.parametrize(
    "more",
    [
        {
            "client_assertion": "a.b.c",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        },
        {"request": "x", "client_assertion": "a"},
    ],
)
def test_two_kinds_of_evidence_are_refused(server, more):
    assert server.token(TENANT, HONEST | more).json()["error_codes"] == [90023]


def test_basic_beside_a_secret_is_refused(server):
    answer = server.http.post(PATH, data=HONEST, auth=(str(seed.ADMIN_ID), seed.ADMIN_SECRET))
    assert answer.json()["error_codes"] == [90023]


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_a_body_of_ten_megabytes_is_refused_in_little_memory(server, chunked):
    before, body = server.memory, b"client_assertion=" + b"a" * 10_000_000
    if chunked:
        head = request(server, "POST", PATH, more=f"Transfer-Encoding: chunked\r\nContent-Type: {FORM}\r\n")
        said = exchange(server, head, *(b"10000\r\n" + b"a" * 65_536 + b"\r\n" for _ in range(150)))
    else:
        said = exchange(server, request(server, "POST", PATH, body=body))
    assert status(said) in (0, 413)
    assert server.memory - before < GROWTH
    assert alive(server)


def test_an_assertion_of_50000_segments_and_a_deep_one_are_refused_quickly(server):
    begun = time.monotonic()
    for token in ("." * 50_000, "a." * 50_000, "e30." * 15_000, "W1tb" * 16_000 + ".e30.e30"):
        assert server.token(TENANT, workload_form(token)).json()["error_codes"] == [50027]
    assert time.monotonic() - begun < 5


@every(
    "flood",
    [
        ("one long field", lambda head: (head[:-2] + b"X: ", b"a" * 1_048_576)),
        ("many fields", lambda head: (head[:-2], b"X: y\r\n" * 150_000)),
        ("a long target", lambda _head: (b"GET /", b"a" * 1_048_576)),
        (
            "a trailer",
            lambda head: (head[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * 1_048_576),
        ),
        (
            "chunk extensions",
            lambda head: (head[:-2] + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 1_048_576),
        ),
    ],
    ids=lambda flood: flood[0],
)
def test_headers_without_end_are_cut_off(server, flood):
    before = server.memory
    start, more = flood[1](request(server, "POST", PATH))
    said = exchange(server, start, *[more] * 40)
    assert status(said) in (0, 400, 404, 431)
    assert server.memory - before < GROWTH
    assert alive(server)


def test_headers_of_reasonable_size_are_read(server):
    for size, expected in ((30_000, (200,)), (70_000, (0, 400, 431))):
        assert status(exchange(server, request(server, more=f"Cookie: {'a' * size}\r\n"))) in expected


def has_ended(connection):
    """Whether the server has hung up."""
    connection.setblocking(False)
    try:
        return connection.recv(4096) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


@pytest.mark.timeout(90)
def test_slow_senders_are_hung_up_on_and_hold_nobody_up(server):
    """More of them than there are places for requests; a request that arrives meanwhile is answered."""
    head = request(server, "POST", PATH, more=f"Content-Length: 1000\r\nContent-Type: {FORM}\r\n")
    pieces = (b"", head[:-2], head)  # nothing, half a head, a head without its body
    slow = [server.connect() for _ in range(150)]
    try:
        for number, each in enumerate(slow):
            each.sendall(pieces[number % 3])
        assert alive(server)
        waiting = list(slow)

        def all_ended():
            waiting[:] = [each for each in waiting if not has_ended(each)]
            return not waiting

        until(all_ended, within=40)
    finally:
        for each in slow:
            each.close()
    assert alive(server)


def test_instance_discovery_survives_any_address(server):
    for endpoint in ("https://[", "https://[::1", "http://x", "https://evil.example/x", "//", "https://a@b:c/", "\0"):
        answer = server.http.get("/common/discovery/instance", params={"authorization_endpoint": endpoint})
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [50049])


def test_all_this_left_no_traceback_and_little_in_the_log(server):
    said = server.log.read_text()
    assert "Traceback" not in said
    assert "Invalid HTTP request" not in said
