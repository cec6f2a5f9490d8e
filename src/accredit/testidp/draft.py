"""A token on its way: what it says, how it is written, how it is signed. Faults change any of the three."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.testidp.keys import Key, Keyring, Sign

Encode = Callable[[bytes], str]


def base64url(octets: bytes) -> str:
    """Write ``octets`` as JOSE does: without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def write(value: object) -> bytes:
    """Write JSON as the platforms do: compact."""
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass(slots=True)
class Draft:
    """Everything about a token that can be made wrong. The rewrites run in the order in which they were added."""

    address: str  # where the issuer answers
    keyring: Keyring
    key: Key
    now: int  # seconds since 1970
    values: Mapping[str, object]  # what the dialect's templates knew
    header: dict[str, object]
    claims: dict[str, object]
    sign: Sign
    encode: Encode = base64url  # of each segment
    header_rewrites: list[Callable[[bytes], bytes]] = field(default_factory=list)  # of its JSON
    claims_rewrites: list[Callable[[bytes], bytes]] = field(default_factory=list)  # of its JSON
    token_rewrites: list[Callable[[str], str]] = field(default_factory=list)

    def use(self, key: Key) -> None:
        """Sign with another key, and say so in the header."""
        self.key, self.sign = key, key.sign
        self.header.update(alg=key.algorithm, kid=key.kid)

    def compact(self) -> str:
        """Write, sign and join the segments (RFC 7515 section 7.1)."""
        header, claims = write(self.header), write(self.claims)
        for rewrite in self.header_rewrites:
            header = rewrite(header)
        for rewrite in self.claims_rewrites:
            claims = rewrite(claims)
        signing_input = f"{self.encode(header)}.{self.encode(claims)}"
        token = f"{signing_input}.{self.encode(self.sign(signing_input.encode()))}"
        for change in self.token_rewrites:
            token = change(token)
        return token
