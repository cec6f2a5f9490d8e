from base64 import b64encode
from uuid import UUID

import pytest

from accredit.app.chance import SystemIds
from accredit.errors import REQUEST_MALFORMED, Refused
from accredit.web import sender
from accredit.web.sender import Senders, networks
from tests.support.every import every

GUID = "57a671b2-b4c8-4a87-9b73-3f8848456127"
PROXIES = networks(["10.0.0.0/8", "fd00::/8"])

ADDRESSES: dict[str, tuple[tuple[str, ...], str, str | None, str]] = {
    "no proxy is trusted: the header says nothing": ((), "203.0.113.5", "198.51.100.9", "203.0.113.5"),
    "the peer is no trusted proxy": (("10.0.0.0/8",), "203.0.113.5", "198.51.100.9", "203.0.113.5"),
    "a trusted proxy names the caller": (("10.0.0.0/8",), "10.0.0.1", "198.51.100.9", "198.51.100.9"),
    "what stands left of the first stranger is his own invention": (
        ("10.0.0.0/8",),
        "10.0.0.1",
        "1.1.1.1, 198.51.100.9, 10.2.2.2",
        "198.51.100.9",
    ),
    "only proxies in the chain": (("10.0.0.0/8",), "10.0.0.1", "10.3.3.3, 10.2.2.2", "10.3.3.3"),
    "no header": (("10.0.0.0/8",), "10.0.0.1", None, "10.0.0.1"),
    "rubbish in the header": (("10.0.0.0/8",), "10.0.0.1", "<script>", "10.0.0.1"),
    "several headers, in the order of the proxies": (
        ("10.0.0.0/8",),
        "10.0.0.1",
        "1.1.1.1\n198.51.100.9, 10.3.3.3\n10.2.2.2",
        "198.51.100.9",
    ),
    "an address with a port": (("10.0.0.0/8",), "10.0.0.1", "198.51.100.9:5678, 10.2.2.2:80", "198.51.100.9"),
    "version 6 with a port": (("fd00::/8",), "fd00::1", "[2001:db8::7]:5678, [fd00::2]:80", "2001:db8::7"),
    "version 6 in brackets": (("fd00::/8",), "fd00::1", "[2001:db8::7]", "2001:db8::7"),
    "rubbish with a port": (("10.0.0.0/8",), "10.0.0.1", "1.2.3:80", "10.0.0.1"),
    "version 6": (("fd00::/8",), "fd00::1", "2001:db8::7", "2001:db8::7"),
}


@every("row", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_forwarded_addresses_are_believed_from_trusted_proxies_only(
    row: tuple[tuple[str, ...], str, str | None, str],
) -> None:
    proxies, peer, forwarded, expected = row
    headers = [] if forwarded is None else [(b"x-forwarded-for", each.encode()) for each in forwarded.split("\n")]
    senders = Senders(SystemIds(), networks(proxies))
    scope = {"client": (peer, 1), "headers": headers}
    assert senders.read(scope, dict(headers), {}).address == expected


def test_a_guid_becomes_the_correlation_id_and_nothing_else_does() -> None:
    senders = Senders(SystemIds())
    assert senders.read({}, {b"client-request-id": GUID.encode()}, {}).correlation == UUID(GUID)
    assert senders.read({}, {}, {"client-request-id": GUID}).correlation == UUID(GUID)
    for rubbish in ("x", GUID[:-1], GUID + "0", "g" * 36, "57a671b2-b4c8-4a87-9b73-3f88484561\r\n"):
        who = senders.read({}, {}, {"client-request-id": rubbish})
        assert who.correlation == who.trace


def test_a_trace_id_ends_in_zero_and_is_never_the_same() -> None:
    senders = Senders(SystemIds())
    traces = {senders.read({}, {}, {}).trace for _ in range(1_000)}
    assert len(traces) == 1_000
    assert {each.bytes[-1] for each in traces} == {0}


def test_the_user_agent_is_cut_and_cannot_move_a_cursor() -> None:
    who = Senders(SystemIds()).read({}, {b"user-agent": b"a\x1b[2J" + b"b" * 300}, {})
    assert who.user_agent.startswith("a\\x1b[2Jb")
    assert len(who.user_agent) == 257


BASIC: dict[str, tuple[bytes, tuple[str, str] | None]] = {
    "user and password": (b"Basic " + b64encode(b"me:pass"), ("me", "pass")),
    "the scheme in small letters": (b"basic " + b64encode(b"me:pass"), ("me", "pass")),
    "form-encoded parts": (b"Basic " + b64encode(b"a%2Db:p%20q+r"), ("a-b", "p q r")),
    "a colon in the password": (b"Basic " + b64encode(b"me:a:b"), ("me", "a:b")),
    "another scheme": (b"Bearer abc", None),
}


@every("row", BASIC.values(), ids=BASIC.keys())
def test_http_basic_is_read(row: tuple[bytes, tuple[str, str] | None]) -> None:
    value, expected = row
    assert sender.basic([(b"accept", b"*/*"), (b"authorization", value)]) == expected
    assert sender.basic([(b"accept", b"*/*")]) is None


@every("value", [b"Basic !!!", b"Basic " + b64encode(b"nocolon"), b"Basic " + b64encode(b"\xff:\xff")])
def test_broken_http_basic_is_refused(value: bytes) -> None:
    with pytest.raises(Refused) as caught:
        sender.basic([(b"authorization", value)])
    assert caught.value.row is REQUEST_MALFORMED


@pytest.mark.parametrize("second", [b"Basic " + b64encode(b"me:pass"), b"Bearer abc"])
def test_two_authorization_headers_are_refused(second: bytes) -> None:
    with pytest.raises(Refused) as caught:
        sender.basic([(b"authorization", b"Basic " + b64encode(b"me:pass")), (b"authorization", second)])
    assert caught.value.row is REQUEST_MALFORMED
    assert caught.value.fields == {"reason": "the Authorization header was sent more than once"}
