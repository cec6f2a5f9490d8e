"""A test issuer whose time stands still and whose ids repeat: equal requests give equal tokens."""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from accredit.testidp import TestIssuer
from accredit.testidp.platforms import Platform
from tests.forge import NOW

BASE = "https://localhost:8443"
GITHUB = "https://token.actions.githubusercontent.com"
JTI = UUID("6f4762ed-0758-4ccb-808d-ee3af5d723a8")


class SameIds:
    """The port Ids, without chance."""

    def object(self) -> UUID:
        return JTI

    def trace(self) -> UUID:
        return JTI

    def octets(self, count: int) -> bytes:
        return bytes(count)


def issuer(data: Path | None = None, base: str = BASE, issuers: Mapping[str, str] | None = None) -> TestIssuer:
    return TestIssuer(base, clock=lambda: NOW, ids=SameIds(), data=data, issuers=issuers)


@cache
def shared() -> TestIssuer:
    """The test issuer of tests that only mint: it makes the keys of every platform once."""
    return issuer()


def answering(issuer: object, dialect: str) -> Platform:
    """Return who answers for an issuer string in ``shared()``; where nobody does, the dialect's own issuer."""
    address = shared().real_issuers.get(str(issuer))
    return shared().platform(dialect) if address is None else shared().locate(f"{urlsplit(address).path}/")[0]


@dataclass(frozen=True)
class Parts:
    """The three segments of a token, decoded as tolerantly as possible."""

    header_text: bytes
    claims_text: bytes
    signature: bytes
    signing_input: bytes

    @classmethod
    def of(cls, token: str) -> "Parts":
        header, claims, signature = token.split(".")
        return cls(decoded(header), decoded(claims), decoded(signature), f"{header}.{claims}".encode())

    @property
    def header(self) -> Mapping[str, Any]:
        return read(self.header_text)

    @property
    def claims(self) -> Mapping[str, Any]:
        return read(self.claims_text)


def decoded(segment: str) -> bytes:
    """Decode as a reader without any strictness would."""
    text = "".join(segment.split()).replace("+", "-").replace("/", "_").rstrip("=")
    return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")


def read(text: bytes) -> Mapping[str, Any]:
    found = json.loads(text)
    assert isinstance(found, dict)
    return found
