"""One visit to an issuer: what is sent, where it may go, and everything that a peer can do wrong."""

import asyncio
import contextlib
import gzip
import socket
import ssl
import time
from dataclasses import replace
from ipaddress import ip_address

import pytest

from accredit.errors import ISSUER_UNREACHABLE
from accredit.issuers.freshness import PRODUCTION as LIMITS
from accredit.outbound import Fetcher, OwnCa, Rules, Unreachable, emulator
from accredit.outbound.answer import MAX_BODY, MAX_HEADERS
from accredit.outbound.http import PRODUCTION, attempts, is_ours, listens
from accredit.outbound.resolve import SystemResolver
from accredit.outbound.tls import MAX_CONTEXTS, Contexts
from tests.outbound.rig import ANYWHERE_LOCAL, HERE, HOST, issuer, ok, resolving, server, site
from tests.support.every import every

pytestmark = pytest.mark.anyio

AGENT = "accredit/1.2.3"


@pytest.fixture(scope="module")
def anyio_backend():
    """The event loop of the server; the other tests of this folder run on the standard library's."""
    return "asyncio", {"use_uvloop": True}


QUICK = replace(LIMITS, fetch_within=1.0)
GOOD = server(HOST)


def fetcher(limits=LIMITS, rules=ANYWHERE_LOCAL, resolve=HERE):
    return Fetcher(limits, rules, user_agent=AGENT, resolve=resolve)


async def refusal(url, *, limits=LIMITS, rules=ANYWHERE_LOCAL, resolve=HERE, **members):
    record = issuer(url.split("/keys")[0], **({"ca_bundle": GOOD.ca} | members))
    with pytest.raises(Unreachable) as refused:
        await fetcher(limits, rules, resolve).get(url, issuer=record)
    assert refused.value.row is ISSUER_UNREACHABLE
    assert refused.value.detail.startswith(f"{refused.value.step}: ")
    return refused.value


async def test_an_answer_arrives_and_only_what_is_needed_is_sent(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with site(GOOD) as peer:
        peer.answers["/keys?a=b"] = ok(b'{"keys":[]}', "Cache-Control: max-age=60", "cache-control: public")
        found = await fetcher().get(f"{peer.url}/keys?a=b", issuer=issuer(peer.url, ca_bundle=GOOD.ca))
    assert found.body == b'{"keys":[]}'
    assert found.headers["cache-control"] == "max-age=60, public"
    assert peer.heads == [
        b"GET /keys?a=b HTTP/1.1\r\n"
        b"Host: issuer.test:%d\r\nUser-Agent: accredit/1.2.3\r\nAccept: application/json\r\n"
        b"Accept-Encoding: identity\r\nConnection: close\r\n\r\n" % peer.port
    ]


async def test_every_visit_has_a_connection_of_its_own_and_sends_no_cookie():
    async with site(GOOD) as peer:
        peer.answers["/"] = ok(b"{}", "set-cookie: a=b", "connection: keep-alive")
        for _ in range(3):
            await fetcher().get(peer.url, issuer=issuer(peer.url, ca_bundle=GOOD.ca))
    assert len(peer.heads) == 3
    assert not any(b"ookie" in head for head in peer.heads)


# ── what a peer can do wrong ─────────────────────────────────────────────────────────────────────────────────────────


async def hang(writer):
    await asyncio.sleep(30)


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    for _ in range(600):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def drip_head(writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(600):
        writer.write(b"x-%d: y\r\n" % number)
        await writer.drain()
        await asyncio.sleep(0.05)


async def endless(writer):
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


async def endless_extensions(writer):
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1;" + b"e" * 8_000 + b"\r\n \r\n")
        await writer.drain()


async def endless_interim(writer):
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        await writer.drain()


async def reset(writer):
    writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12")
    writer.transport.abort()


def line(status, *fields, body=b""):
    return (
        f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n".encode()
        + "".join(f"{each}\r\n" for each in fields).encode()
        + b"\r\n"
        + body
    )


LARGE, LARGE_HEAD = "size: an answer over 524288", "size: a header section over 16384"
NOT_HTTP, CUT = "protocol: not HTTP/1.1", "connect: the connection was closed before"
OK = b"HTTP/1.1 200 OK\r\n"

PEERS = {
    # what it does: (the answer, the detail, whether it counts as an answer)
    "redirects": (line("302 Found", "location: https://169.254.169.254/x"), "redirect: 302 to 'https://169.254.", True),
    "redirects to itself": (line("301 Moved", "location: /keys2"), "redirect: 301 to '/keys2'", True),
    "redirects with control characters": (line("307 T", "location: /\x07"), "redirect: 307 to '/\ufffd'", True),
    "answers 304": (line("304 Not Modified"), "redirect: 304", True),
    "answers 401": (line("401 Unauthorized", "www-authenticate: Negotiate"), "status: 401", True),
    "answers 404": (line("404 Not Found"), "status: 404", True),
    "answers 500": (line("500 Oops", body=b"<html>secret"), "status: 500", False),
    "answers 503": (line("503 Later", "retry-after: 1"), "status: 503", False),
    "answers 204": (b"HTTP/1.1 204 No Content\r\n\r\n", "status: 204", True),
    "answers 206": (line("206 Partial Content", body=b"{}"), "status: 206", True),
    "sends gzip although asked not to": (ok(gzip.compress(b"{}"), "content-encoding: gzip"), "encoding: the", True),
    "sends gzip as a transfer coding": (
        OK + b"transfer-encoding: gzip, chunked\r\n\r\n", NOT_HTTP, True,
    ),
    "announces a large body": (OK + b"content-length: %d\r\n\r\n" % (MAX_BODY + 1), LARGE, True),
    "sends a large body": (endless, LARGE, True),
    "sends large chunk extensions": (endless_extensions, LARGE, True),
    "sends a large head": (OK + b"x: y\r\n" * 10_000 + b"\r\n", LARGE_HEAD, True),
    "sends one large field": (OK + b"x: " + b"y" * 20_000, LARGE_HEAD, True),
    "sends interim answers for ever": (endless_interim, LARGE_HEAD, True),
    "two lengths": (OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\n{}", NOT_HTTP, True),
    "speaks something else": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", NOT_HTTP, True),
    "closes without a word": (b"", CUT, False),
    "closes in the head": (OK + b"x: ", CUT, False),
    "closes in the body": (OK + b"content-length: 9\r\n\r\n{", CUT, False),
    "resets": (reset, "connect: the connection was", False),
}  # fmt: skip


@every(("answer", "detail", "answered"), PEERS.values(), ids=PEERS)
async def test_a_peer_that(answer, detail, answered):
    async with site(GOOD) as peer:
        peer.answers["/keys"] = answer
        refused = await refusal(f"{peer.url}/keys")
    assert refused.detail.startswith(detail)
    assert refused.answered is answered
    assert len(refused.detail) < 300
    assert peer.paths() == ["/keys"], "nothing else was fetched"


SLOW = {"hangs": hang, "drips its body": drip, "drips its head": drip_head}


@every("answer", SLOW.values(), ids=SLOW)
async def test_the_budget_of_a_slow_peer_ends(answer):
    async with site(GOOD) as peer:
        peer.answers["/keys"] = answer
        began = time.monotonic()
        refused = await refusal(f"{peer.url}/keys", limits=QUICK)
    assert refused.detail == "time: not done within 1 s, while reading the answer"
    assert time.monotonic() - began < 20  # it is one second; the peer keeps on until the test's own limit
    assert not refused.answered


@pytest.mark.parametrize("size", [MAX_BODY - 1, MAX_BODY])
async def test_a_body_up_to_the_cap_arrives(size):
    async with site(GOOD) as peer:
        peer.answers["/"] = ok(b" " * size)
        found = await fetcher().get(peer.url, issuer=issuer(peer.url, ca_bundle=GOOD.ca))
    assert len(found.body) == size


@every(("over", "arrives"), [(-1, True), (0, True), (1, False)])
async def test_a_header_section_up_to_the_cap_arrives(over, arrives):
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: "
    answer = head + b"y" * (MAX_HEADERS + over - len(head) - 4) + b"\r\n\r\n"
    assert len(answer) == MAX_HEADERS + over
    async with site(GOOD) as peer:
        peer.answers["/"] = answer
        visit = fetcher().get(peer.url, issuer=issuer(peer.url, ca_bundle=GOOD.ca))
        if arrives:
            assert (await visit).body == b""
        else:
            with pytest.raises(Unreachable, match="90061"):
                await visit


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

WRONG_TLS = {
    "an expired certificate": (server(HOST, age=31), None, "certificate has expired"),
    "a certificate that is not valid yet": (server(HOST, age=-2), None, "certificate is not yet valid"),
    "a certificate for another name": (server("other.test"), None, "Hostname mismatch"),
    "a CA that nobody registered": (server(HOST), server("other.test").ca, "unable to get local issuer"),
}  # fmt: skip


@every(("tls", "ca", "detail"), WRONG_TLS.values(), ids=WRONG_TLS)
async def test_a_server_is_not_believed_with(tls, ca, detail):
    async with site(tls) as peer:
        refused = await refusal(f"{peer.url}/keys", ca_bundle=ca or tls.ca)
    assert refused.detail.startswith("tls: the certificate is not accepted: ")
    assert detail in refused.detail
    assert not peer.heads, "nothing was sent"


async def test_without_a_bundle_the_public_roots_decide():
    async with site(GOOD) as peer:
        refused = await refusal(f"{peer.url}/keys", ca_bundle=None)
    assert refused.step == "tls"


async def test_a_bundle_replaces_the_emulators_own_ca():
    rules = emulator(own_ca=OwnCa(frozenset({HOST}), GOOD.ca))
    async with site(GOOD) as peer:
        peer.answers["/"] = ok(b"{}")
        await fetcher(rules=rules).get(peer.url, issuer=issuer(peer.url))
        refused = await refusal(f"{peer.url}/keys", rules=rules, ca_bundle=server("x").ca)
        assert refused.step == "tls"
        elsewhere = emulator(own_ca=OwnCa(frozenset({"localhost"}), GOOD.ca))
        refused = await refusal(f"{peer.url}/keys", rules=elsewhere, ca_bundle=None)
        assert refused.step == "tls", "the own CA is believed for the own hosts only"


async def test_old_tls_is_refused():
    old = server(HOST, tls=ssl.TLSVersion.TLSv1_1)
    async with site(old) as peer:
        refused = await refusal(f"{peer.url}/keys", ca_bundle=old.ca)
        assert refused.step == "tls"
        careless = ssl.create_default_context(cadata=old.ca)
        careless.set_ciphers("DEFAULT@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
            careless.minimum_version = ssl.TLSVersion.TLSv1
        _, writer = await asyncio.open_connection("127.0.0.1", peer.port, ssl=careless, server_hostname=HOST)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.1", "it is the version that was refused"
        writer.transport.abort()


async def test_a_server_without_tls_and_one_that_never_agrees():
    patient = replace(LIMITS, connect_within=0.2, fetch_within=5.0)
    async with site(None) as peer:  # waits for the end of a request that it never gets
        refused = await refusal(f"{peer.url}/keys", limits=patient)
    assert refused.detail == "tls: no agreement within 0.2 s"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        refused = await refusal(f"https://{HOST}:{silent.getsockname()[1]}/keys", limits=patient)
    assert refused.detail == "tls: no agreement within 0.2 s"


async def test_a_bundle_that_is_none_is_named():
    for bundle in ("not PEM", "", "né", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        refused = await refusal(f"https://{HOST}:8443/keys", ca_bundle=bundle)
        assert refused.detail == "tls: the record's CA bundle cannot be read", bundle


def test_settings_are_made_once_for_each_bundle_and_their_number_is_bounded():
    contexts = Contexts()
    first = contexts.of(HOST, GOOD.ca)
    assert contexts.of("other.test", GOOD.ca) is first
    assert contexts.of(HOST, server("other.test").ca) is not first
    for number in range(MAX_CONTEXTS):
        contexts.of(HOST, GOOD.ca + "\n" * number)
    assert contexts.of(HOST, GOOD.ca) is first, "it was used meanwhile"
    for number in range(1, MAX_CONTEXTS + 1):
        contexts.of(HOST, GOOD.ca + "\n" * number)
    assert contexts.of(HOST, GOOD.ca) is not first


# ── where it may go ──────────────────────────────────────────────────────────────────────────────────────────────────

REFUSED_URLS = {
    "http": ("http://issuer.test/keys", "url: it is not https"),
    "another scheme": ("file:///etc/passwd", "url: not an absolute https URL"),
    "userinfo": ("https://ok@evil.test/keys", "url: userinfo"),
    "a backslash": ("https://issuer.test\\@evil.test/keys", "url: a backslash"),
    "a fragment": ("https://issuer.test/keys#x", "url: a fragment"),
    "a decimal address": ("https://2130706433/keys", "url: the host is an address in an unusual form"),
    "a hexadecimal address": ("https://0x7f000001/keys", "url: the host is an address in an unusual form"),
    "an octal address": ("https://0177.0.0.1/keys", "url: the host is an address in an unusual form"),
    "a short address": ("https://127.1/keys", "url: the host is an address in an unusual form"),
    "an encoded host": ("https://%31%32%37.0.0.1/keys", "url: the host is not a name"),
    "a trailing dot": ("https://issuer.test./keys", "url: the host is not a name"),
    "an empty label": ("https://issuer..test/keys", "url: the host is not a name"),
    "full-width digits": ("https://\uff11\uff12\uff17.0.0.1/keys", "url: a character outside ASCII"),
    "another port": ("https://issuer.test:22/keys", "url: port 22 is none of 443, 6443, 8443"),
    "loopback": ("https://127.0.0.1/keys", "address: 127.0.0.1: 127.0.0.1 is loopback"),
    "loopback, IPv6": ("https://[::1]/keys", "address: ::1: ::1 is loopback"),
    "loopback, mapped": ("https://[::ffff:127.0.0.1]/keys", "address: ::ffff:"),
    "6to4": ("https://[2002:7f00:1::]/keys", "address: 2002:7f00:1::: 2002:7f00:1:: is never"),
    "metadata": ("https://169.254.169.254/keys", "address: 169.254.169.254: 169.254.169.254 is never"),
    "a private address": ("https://10.0.0.1/keys", "address: 10.0.0.1: 10.0.0.1 is private"),
    "a name of loopback": ("https://here.test/keys", "address: here.test: 127.0.0.1 is loopback"),
    "a name of a public and a private address": ("https://both.test/keys", "address: both.test: 10.0.0.1 is private"),
    "a name of metadata": ("https://meta.test/keys", "address: meta.test: 169.254.169.254 is never"),
    "a name that nobody knows": ("https://nobody.test/keys", "dns: nobody.test: no such host"),
    "a name without addresses": ("https://empty.test/keys", "dns: empty.test has no address"),
}

NAMES = resolving(
    here_test=["127.0.0.1"], both_test=["93.184.215.14", "10.0.0.1"], meta_test=["169.254.169.254"], empty_test=[]
)


@pytest.mark.parametrize(("url", "detail"), REFUSED_URLS.values(), ids=REFUSED_URLS)
async def test_production_does_not_go_to(url, detail, monkeypatch):
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", must_not_connect, raising=False)
    refused = await refusal(url, rules=PRODUCTION, resolve=NAMES, ca_bundle=None)
    assert refused.detail.startswith(detail)
    assert not refused.answered


async def must_not_connect(sock, address):
    pytest.fail(f"a connection to {address} was attempted")


async def test_a_record_opts_in_to_a_port():
    async with site(GOOD) as peer:
        peer.answers["/keys"] = ok(b"{}")
        rules, record = replace(ANYWHERE_LOCAL, ports=frozenset({443})), {"ca_bundle": GOOD.ca}
        refused = await refusal(f"{peer.url}/keys", rules=rules, ports=(1,), **record)
        assert refused.detail.startswith(f"url: port {peer.port} is none of 1, 443 (")
        opted_in = issuer(peer.url, ports=(peer.port,), **record)
        assert (await fetcher(rules=rules).get(f"{peer.url}/keys", issuer=opted_in)).body == b"{}"


HOSTS = {
    "any host, where the record lists none": ((), "https://keys.test/keys", None, True),
    "the issuer's own": (("keys.test",), "https://issuer.test/keys", None, True),
    "a listed one, in any case": (("keys.test",), "https://KEYS.test/keys", None, True),
    "one that is not listed": (("issuer.test", "keys.test"), "https://evil.test/keys", None, False),
    "a part of a listed one": (("issuer.test", "keys.test"), "https://test/keys", None, False),
    "one below a listed one": (("issuer.test",), "https://a.issuer.test/keys", None, False),
    "one that an administrator wrote out": (("issuer.test",), "https://keys.test/jwks", "https://keys.test/jwks", True),
}


@every(("listed", "url", "jwks_url", "allowed"), HOSTS.values(), ids=HOSTS)
async def test_documents_come_from(listed, url, jwks_url, allowed):
    record = {"allowed_jwks_hosts": listed, "jwks_url": jwks_url}
    with pytest.raises(Unreachable) as refused:
        await fetcher(resolve=resolving()).get(url, issuer=issuer("https://issuer.test", **record))
    assert refused.value.step == ("dns" if allowed else "url"), refused.value.detail
    if not allowed:
        assert f"is none that the issuer record lists ({', '.join(listed)})" in refused.value.detail


async def test_the_place_that_answers_for_an_issuer_may_have_its_keys():
    real = "https://token.actions.githubusercontent.com"
    async with site(GOOD) as peer:
        peer.answers["/idp/keys"] = ok(b"{}")
        record = issuer(real, ca_bundle=GOOD.ca, allowed_jwks_hosts=("token.actions.githubusercontent.com",))
        rules = replace(ANYWHERE_LOCAL, overrides={real: f"{peer.url}/idp"})
        for url in (f"{peer.url}/idp/keys", f"{real}/keys"):
            assert (await fetcher(rules=rules).get(url, issuer=record)).body == b"{}"


async def test_a_record_with_a_network_reaches_it_and_metadata_never():
    rules = Rules(ports=frozenset({443}))
    record = {"networks": ("127.0.0.0/8", "169.254.0.0/16")}
    async with site(GOOD) as peer:
        peer.answers["/keys"] = ok(b"{}")
        near = Rules(ports=frozenset({peer.port}))
        found = await fetcher(rules=near).get(f"{peer.url}/keys", issuer=issuer(peer.url, ca_bundle=GOOD.ca, **record))
    assert found.body == b"{}"
    refused = await refusal("https://169.254.169.254/keys", rules=rules, **record)
    assert "metadata" in refused.detail
    refused = await refusal("https://169.254.1.1/keys", rules=rules, **record)
    assert "link-local" in refused.detail


async def test_a_name_that_changes_its_mind_changes_nothing():
    """DNS rebinding: a second look-up would say something else. There is none: the first answer holds."""
    asked = []

    async def rebinding(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["::1"]

    async with site(GOOD) as peer:  # listens on 127.0.0.1 only
        refused = await refusal(f"{peer.url}/keys", resolve=rebinding)
    assert refused.step == "connect"
    assert refused.detail.startswith("connect: ::1 port ")
    assert asked == [HOST]
    assert not peer.heads


async def test_the_emulator_reaches_http_on_this_machine_only():
    async with site(None) as peer:
        peer.answers["/keys"] = ok(b"{}")
        url = f"http://{HOST}:{peer.port}"
        found = await fetcher(rules=emulator()).get(f"{url}/keys", issuer=issuer(url))
        assert found.body == b"{}"
        assert peer.heads[0].startswith(b"GET /keys HTTP/1.1\r\nHost: issuer.test:")
    away = await refusal("http://away.test/keys", rules=emulator(), resolve=resolving(away_test=["8.8.8.8"]))
    assert away.detail == "url: it is not https, and 8.8.8.8 is not this machine"
    private = await refusal("http://10.0.0.1/keys", rules=emulator())
    assert private.step == "address"


async def test_the_servers_own_listeners_are_not_visited():
    async with site(GOOD) as peer:
        for own in ("127.0.0.1", "0.0.0.0"):  # noqa: S104
            rules = replace(ANYWHERE_LOCAL, own_listeners=frozenset({(own, peer.port)}))
            refused = await refusal(f"{peer.url}/keys", rules=rules)
            assert refused.detail == f"address: 127.0.0.1 port {peer.port} is this server itself"
    assert not peer.heads


def test_a_wildcard_listener_is_reached_by_every_address_of_this_machine():
    assert listens(ip_address("127.0.0.9"), 8443, ("::", 8443))
    assert not listens(ip_address("127.0.0.9"), 8444, ("::", 8443))
    assert not listens(ip_address("8.8.8.8"), 8443, ("0.0.0.0", 8443))  # noqa: S104
    assert not listens(ip_address("127.0.0.1"), 8443, ("::1", 8443))
    assert is_ours(ip_address("127.0.0.1"))
    assert not is_ours(ip_address("2606:4700::1111"))


async def test_an_override_answers_for_a_real_issuer_and_for_nothing_else():
    real = "https://token.actions.githubusercontent.com"
    async with site(GOOD) as peer:
        rules = emulator(overrides={real: f"{peer.url}/idp/github/"}, own_ca=OwnCa(frozenset({HOST}), GOOD.ca))
        path = "/.well-known/openid-configuration"
        peer.answers[f"/idp/github{path}"] = ok(b"{}")
        peer.answers["/keys"] = ok(b"[]")
        fetch = fetcher(rules=rules)
        assert (await fetch.get(real + path, issuer=issuer(real))).body == b"{}"
        assert (await fetch.get(f"{peer.url}/keys", issuer=issuer(real))).body == b"[]"
        with pytest.raises(Unreachable) as refused:
            await fetch.get(f"{real}.evil.test/keys", issuer=issuer(real))
        assert refused.value.step == "dns"
        with pytest.raises(Unreachable) as refused:
            await fetch.get(real + path, issuer=issuer("https://other.test"))
        assert refused.value.step == "dns"
    assert peer.paths() == [f"/idp/github{path}", "/keys"]


# ── connecting ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_both_families_are_tried_early_and_a_lonely_address_twice():
    def order(texts, count):
        return [str(each) for each in attempts([ip_address(text) for text in texts], count)]

    assert order(["2606::1", "2606::2", "8.8.8.8"], 2) == ["2606::1", "8.8.8.8"]
    assert order(["8.8.8.8", "8.8.4.4"], 2) == ["8.8.8.8", "8.8.4.4"]
    assert order(["8.8.8.8"], 2) == ["8.8.8.8", "8.8.8.8"]
    assert order(["8.8.8.8"], 1) == ["8.8.8.8"]


async def test_one_retry_goes_to_the_next_address():
    async with site(GOOD) as peer:
        peer.answers["/keys"] = ok(b"{}")
        record = issuer(peer.url, ca_bundle=GOOD.ca)
        two = resolving(issuer_test=["::1", "127.0.0.1"])
        assert (await fetcher(resolve=two).get(f"{peer.url}/keys", issuer=record)).body == b"{}"
        refused = await refusal(f"{peer.url}/keys", resolve=two, limits=replace(LIMITS, connect_retries=0))
    assert refused.detail.startswith("connect: ::1 port ")


async def test_a_host_that_does_not_answer_is_given_up():
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # takes one connection; what comes later gets no answer
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        limits = replace(LIMITS, connect_within=0.2)
        refused = await refusal(f"https://{HOST}:{port}/keys", limits=limits)
    assert refused.detail == f"connect: 127.0.0.1 port {port}: no answer within 0.2 s"


async def test_a_look_up_that_hangs_ends_with_the_budget():
    async def hanging(host, port):
        await asyncio.sleep(30)

    refused = await refusal(f"https://{HOST}/keys", resolve=hanging, limits=QUICK)
    assert refused.detail == "time: not done within 1 s, while looking up the host"


async def test_the_systems_resolver_finds_this_machine_and_is_bounded():
    resolve = SystemResolver(limit=1)
    assert set(await resolve("localhost", 443)) <= {"127.0.0.1", "::1"}
    with pytest.raises(OSError, match=r"\S"):
        await resolve("does-not-exist.invalid", 443)
    full = SystemResolver(limit=0)
    with pytest.raises(OSError, match="0 look-ups"):
        await full("localhost", 443)


async def test_a_look_up_that_nobody_awaits_any_more_gives_its_place_back(monkeypatch):
    resolve = SystemResolver(limit=1)
    real = socket.getaddrinfo

    def slow(*args, **kwargs):
        time.sleep(0.2)
        return real(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolve("localhost", 443)
    with pytest.raises(OSError, match="1 look-ups"):
        await resolve("localhost", 443)
    await asyncio.sleep(0.4)
    assert await resolve("localhost", 443)
