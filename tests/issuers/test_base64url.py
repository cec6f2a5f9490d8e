from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.issuers import base64url
from tests.support.every import every

REFUSED = {
    "padding": ("TQ==", "padding"),
    "padding alone": ("=", "padding"),
    "the standard alphabet": ("+_-/", "outside the alphabet"),
    "white space": ("TW Fu", "outside the alphabet"),
    "a new line at the end": ("TWFu\n", "outside the alphabet"),
    "padding in the middle": ("TQ==TQ", "padding"),
    "a letter that is not ASCII": ("TWFü", "outside the alphabet"),
    "one character": ("A", "length is impossible"),
    "five characters": ("TWFuA", "length is impossible"),
    "four stray bits": ("TR", "stray bits"),
    "two stray bits": ("TWF", "stray bits"),
}


@every(("text", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        base64url.decode(text)


@given(st.binary(max_size=70))
def test_octets_have_exactly_one_spelling(octets):
    text = base64url.encode(octets)
    assert text == urlsafe_b64encode(octets).rstrip(b"=").decode()
    assert base64url.decode(text) == octets


@given(st.text(alphabet=base64url.ALPHABET.decode(), max_size=70))
def test_what_decodes_is_the_spelling_of_what_it_decodes_to(text):
    try:
        octets = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(octets) == text
