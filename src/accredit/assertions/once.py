"""What tells an assertion from every other one, where its issuer's record says that it is good for one token.

Rule 1: it is made of what is proven. Nobody uses up an assertion that he cannot sign.
Rule 2: an assertion is what was signed, or the ``jti`` in it, never its signature: whoever writes a signature in
another way (or finds a second one, as with ECDSA) has the same assertion still.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.issuers.record import MAX_SKEW

if TYPE_CHECKING:
    from accredit.assertions.proof import Proven

GRACE: Final = 5  # seconds, for clocks of several nodes


class Once(msgspec.Struct, frozen=True, gc=False):
    """One assertion of one issuer record of one tenant, as it is remembered."""

    key: bytes  # SHA-256
    until: float  # seconds since the epoch; later it is expired, whatever skew the record may get meanwhile
    enforced: bool  # a second token is refused; else it is only noted


def once(proven: Proven) -> Once | None:
    """Return what is to be remembered when a token is issued for this; ``None``: nobody wants to know."""
    record, presented = proven.issuer, proven.presented
    if record.replay == "off":
        return None
    if presented.token_id is None:
        what = b"signed\0" + presented.signing_input
    else:
        what = b"jti\0" + presented.token_id.encode()
    key = sha256(record.tenant_id.bytes + record.id.bytes + what).digest()
    return Once(key, presented.expires + MAX_SKEW + GRACE, record.replay == "enforce")
