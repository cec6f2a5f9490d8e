"""Where a page ended: what is written is read back, and nothing else is."""

from datetime import UTC, datetime, timedelta, timezone
from zlib import crc32

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import QUERY_SYNTAX
from accredit.interop.odata import read_skiptoken, write_skiptoken
from accredit.issuers import base64url
from accredit.query import Order
from tests.refusals import refusal
from tests.support.every import every

BY_NAME = Order("displayName")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS | st.datetimes(timezones=st.just(UTC))
ORDERS = st.none() | st.builds(Order, TEXTS, st.booleans())


@given(VALUES, TEXTS, ORDERS)
def test_a_place_that_is_written_is_read_back(value, key, order):
    text = write_skiptoken((value, key), order)
    found = read_skiptoken(text, order)
    assert found == (value, key)
    assert type(found[0]) is type(value)
    assert set(text.encode()) <= set(base64url.ALPHABET)


@given(VALUES, TEXTS, st.data())
def test_a_token_in_which_one_character_differs_is_refused(value, key, data):
    text = write_skiptoken((value, key), BY_NAME)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([each for each in base64url.ALPHABET.decode() if each != text[at]]))
    assert refusal(read_skiptoken, text[:at] + other + text[at + 1 :], BY_NAME) is QUERY_SYNTAX


def test_a_time_keeps_its_instant():
    at = datetime(2026, 11, 23, 8, 0, 0, 1, tzinfo=timezone(timedelta(hours=1)))
    assert read_skiptoken(write_skiptoken((at, "k"), BY_NAME), BY_NAME) == (at, "k")


def forged(octets: bytes) -> str:
    return base64url.encode(crc32(octets).to_bytes(4, "big") + octets)


def place(*members: object) -> str:
    return forged(b"\x01" + msgspec.msgpack.encode(members))


FORGED = {
    "nothing": "",
    "a checksum and nothing": forged(b""),
    "another version": forged(b"\x02" + msgspec.msgpack.encode(("displayName", False, "k", "v"))),
    "no place": forged(b"\x01" + msgspec.msgpack.encode("x")),
    "something behind it": forged(b"\x01" + msgspec.msgpack.encode(("displayName", False, "k", "v")) + b"\x01"),
    "too few members": place("displayName", False),
    "too many members": place("displayName", False, "k", "v", None, 1),
    "a key that is none": place("displayName", False, 5, "v"),
    "a value of another type": place("displayName", False, "k", 1.5),
    "a list for a value": place("displayName", False, "k", ["v"]),
    "a NUL in the key": place("displayName", False, "k\0", "v"),
    "a NUL in the value": place("displayName", False, "k", "v\0"),
    "a number beyond 64 bits": place("displayName", False, "k", 2**64 - 1),
    "a time before the first": place("displayName", False, "k", None, -62_135_596_800_000_001),
    "a time after the last": place("displayName", False, "k", None, 253_402_300_800_000_000),
    "another order": place("appId", False, "k", "v"),
    "no order": place(None, False, "k", None),
    "padding": write_skiptoken(("v", "k"), BY_NAME) + "=",
    "4,097 characters": write_skiptoken(("v" * 4_000, "k"), BY_NAME),
}


@every("text", FORGED.values(), ids=FORGED)
def test_what_was_not_written_for_this_list_is_refused(text):
    assert refusal(read_skiptoken, text, BY_NAME) is QUERY_SYNTAX


def test_what_the_forgeries_are_made_with_makes_good_tokens_too():
    assert read_skiptoken(place("displayName", False, "k", "v"), BY_NAME) == ("v", "k")
