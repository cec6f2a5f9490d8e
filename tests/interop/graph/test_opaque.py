"""Ids of what ties two objects together."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from accredit.interop.graph import opaque
from tests.support.every import every

KNOWN = UUID("00112233-4455-6677-8899-aabbccddeeff")


@given(st.uuids())
def test_what_is_written_is_read_and_has_22_characters(of):
    assert opaque.read(opaque.write(of)) == of
    assert len(opaque.write(of)) == 22


def test_it_is_base64url_of_the_octets():
    assert opaque.write(KNOWN) == "ABEiM0RVZneImaq7zN3u_w"


@every(
    "text",
    {
        "nothing": "",
        "a GUID": str(KNOWN),
        "one character too few": "ABEiM0RVZneImaq7zN3u_",
        "one too many": "ABEiM0RVZneImaq7zN3u_ww",
        "padding": "ABEiM0RVZneImaq7zN3u==",
        "base64 of the other alphabet": "ABEiM0RVZneImaq7zN3u/w",
        "bits at the end that say nothing": "ABEiM0RVZneImaq7zN3u_x",
        "a letter that is not ASCII": "ÄBEiM0RVZneImaq7zN3u_w",
        "a line after it": "ABEiM0RVZneImaq7zN3u_w\n",
    }.values(),
)
def test_nothing_else_is_an_id(text):
    assert opaque.read(text) is None


@given(st.text(max_size=30) | st.from_regex(r"[A-Za-z0-9_-]{22}", fullmatch=True))
def test_whatever_is_read_was_written_so(text):
    found = opaque.read(text)
    assert found is None or opaque.write(found) == text
