"""Base64url as JOSE writes it: no padding, no white space, no stray bits (RFC 7515 section 2).

Rule: one octet string has exactly one spelling, so two texts that differ never decode to the same octets, and a
signature cannot be respelled to look like another assertion.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from binascii import a2b_base64
from typing import Final

ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
TO_STANDARD: Final = bytes.maketrans(b"-_", b"+/")

# What the last character may be, by the length of the text modulo 4: the bits that no octet uses must be zero.
_LAST: Final[tuple[frozenset[int], ...]] = (
    frozenset(ALPHABET),
    frozenset(),
    frozenset(b"AQgw"),
    frozenset(b"AEIMQUYcgkosw048"),
)
_PADDING: Final = (b"", b"", b"==", b"=")


def decode(text: str) -> bytes:
    """Decode ``text``. Raises ``ValueError`` with the reason for anything that is not the one spelling."""
    if not text.isascii():
        message = "not base64url: a character outside the alphabet"
        raise ValueError(message)
    return decode_segment(_in_alphabet(text.encode()))


def decode_segment(text: bytes) -> bytes:
    """Decode ``text``, whose characters are known to be of the base64url alphabet."""
    if not text:
        return b""
    rest = len(text) % 4
    if text[-1] not in _LAST[rest]:
        message = "not base64url: its length is impossible" if rest == 1 else "not base64url: stray bits at its end"
        raise ValueError(message)
    return a2b_base64(text.translate(TO_STANDARD) + _PADDING[rest])


def encode(octets: bytes) -> str:
    """Write ``octets`` without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _in_alphabet(text: bytes) -> bytes:
    strange = text.translate(None, ALPHABET)
    if strange:
        message = (
            "not base64url: padding"
            if strange.strip(b"=") == b""
            else "not base64url: a character outside the alphabet"
        )
        raise ValueError(message)
    return text
