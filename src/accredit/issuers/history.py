"""What fetches of an issuer's documents showed, one after the other, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import unified_diff
from hashlib import sha256
from typing import Final, Literal

import msgspec

from accredit.errors import Refused
from accredit.issuers import jwks, material
from accredit.issuers.keyset import EMPTY, KeySet
from accredit.issuers.record import Issuer, KeySource

DocumentKind = Literal["discovery", "jwks"]

OK: Final = "ok"
MOST_LINES: Final = 4_000  # of two documents together that are compared line by line


class Document(msgspec.Struct, frozen=True):
    """A document as it was fetched."""

    kind: DocumentKind
    body: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of it, hex."""
        return sha256(self.body).hexdigest()


class Visited(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one fetch. ``result``: ``ok``, else what failed, in a word."""

    issuer: Issuer
    result: str
    reason: str = ""
    keys: KeySet = EMPTY
    documents: tuple[Document, ...] = ()  # those that were read, also when it failed later
    milliseconds: float = 0.0

    def body(self, kind: DocumentKind) -> bytes | None:
        """Return the document of a kind, if it was read."""
        return next((each.body for each in self.documents if each.kind == kind), None)


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was usable in some document. Empty texts: it has none."""

    kid: str
    thumbprint: str  # RFC 7638
    alg: str
    kty: str
    size: int  # bits
    source: KeySource
    first_seen: datetime
    last_seen: datetime
    gone_at: datetime | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was fetched, once or many times."""

    kind: DocumentKind
    digest: str
    fetched_at: datetime  # first
    last_seen: datetime
    octets: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Fetches one after the other that ended alike."""

    result: str
    reason: str  # of the last of them
    since: datetime
    until: datetime
    fetches: int  # that were written down; not every one is
    milliseconds: float  # that the last of them took


class History(msgspec.Struct, frozen=True):
    """What is kept of one record, each newest first."""

    keys: tuple[KnownKey, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    runs: tuple[Run, ...] = ()


class Before(msgspec.Struct, frozen=True):
    """What the newest fetches before showed."""

    documents: Mapping[str, bytes] = {}  # by kind, of those that succeeded
    result: str = ""  # of the newest; "": there was none

    def keys(self, issuer: Issuer) -> KeySet | None:
        """Return the keys of then, as the record of today reads them."""
        body = self.documents.get("jwks")
        return None if body is None else read_keys(body, issuer)


def known(found: Visited, at: datetime) -> tuple[KnownKey, ...]:
    """Return the keys that a fetch shows, as they are kept when they are new."""
    return tuple(
        KnownKey(
            kid=each.kid or "",
            thumbprint=each.thumbprint,
            alg=each.alg or "",
            kty=each.kty,
            size=material.size(each.public_key),
            source=found.issuer.key_source,
            first_seen=at,
            last_seen=at,
        )
        for each in found.keys.keys
    )


def read_keys(document: bytes, issuer: Issuer) -> KeySet:
    """Return the keys of a document, none of one that cannot be read."""
    try:
        return jwks.read(document, issuer, uploaded=not issuer.fetches)
    except Refused:
        return EMPTY


def difference(old: bytes, new: bytes) -> list[str]:
    """Return how two documents differ, line by line, each member on a line of its own."""
    before, after = _lines(old), _lines(new)
    if len(before) + len(after) > MOST_LINES:
        return [f"more than {MOST_LINES} lines: too long to be compared"]
    return [*unified_diff(before, after, "before", "after", lineterm="")]


def _lines(document: bytes) -> list[str]:
    try:
        found = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError):
        return document.decode("utf-8", "replace").splitlines()
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode().splitlines()
