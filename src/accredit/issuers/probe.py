"""A visit to an issuer made to be looked at: its steps, what each of them means, and what to do about it.

Rule 1: a step that could not be made is skipped, never passed over in silence and never counted as good.
Rule 2: what a stranger wrote is bounded and escaped before it stands in a step.
Rule 3: nothing is learnt from a probe: neither keys nor algorithms, nor where they may come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

Status = Literal["pass", "fail", "warn", "skip"]
Verdict = Literal["usable", "warnings", "not_usable"]

TITLES: Final[Mapping[str, str]] = {
    "P1": "Issuer URL",
    "P2": "Policy",
    "P3": "Name",
    "P4": "Address policy",
    "P5": "Connection",
    "P6": "TLS",
    "P7": "Discovery document",
    "P8": "Discovery is JSON",
    "P9": "Issuer is the same",
    "P10": "Address of the keys",
    "P11": "Key document",
    "P12": "Keys",
    "P13": "Algorithms",
    "P14": "Difference to before",
    "P16": "Summary",
}
"""The steps, in their order. A token that is held against the issuer is explained, not probed: there is no P15."""

VERDICTS: Final[Mapping[Verdict, str]] = {
    "usable": "usable",
    "warnings": "usable, with warnings",
    "not_usable": "not usable",
}


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One step and what came of it."""

    id: str
    status: Status
    value: str = ""  # what was found, in a line
    remedy: str = ""  # what to do about it
    details: tuple[str, ...] = ()  # a line for each key, address, name
    milliseconds: float | None = None

    @property
    def title(self) -> str:
        """What the step is called."""
        return TITLES[self.id]


class ProbedKey(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A key of the document, and whether it may verify anything. Empty texts: it has none, or nobody can tell."""

    kid: str = ""
    thumbprint: str = ""  # RFC 7638
    kty: str = ""
    alg: str = ""
    size: int = 0  # bits
    accepted: bool
    rule: str = ""  # that it breaks
    reason: str = ""
    algorithms: tuple[str, ...] = ()  # that it may verify for the record


class Probe(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a probe found."""

    issuer: str
    issuer_id: UUID | None = None  # of the record; None: there is none yet
    at: datetime
    steps: tuple[Step, ...]
    keys: tuple[ProbedKey, ...] = ()
    verdict: Verdict


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed on, and with whom."""

    version: str
    subject: str
    issuer: str  # the certificate authority
    names: tuple[str, ...]
    not_after: datetime
    spki: str  # SHA-256 of the public key, hex


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one visit saw, as far as it came."""

    url: str  # that was visited: another one where an emulator has something else answer
    addresses: tuple[str, ...] = ()
    peer: str = ""  # the address and port that was connected to
    tls: Tls | None = None
    status: int | None = None
    media_type: str = ""
    cache_control: str | None = None
    body: bytes = b""
    excerpt: str = ""  # of an answer that was refused: at most 512 octets, escaped
    stage: str = ""  # that failed; "": none did
    failed: str = ""  # in a word
    reason: str = ""
    certificate: int | None = None  # why a certificate was not accepted (OpenSSL's number)
    took: Mapping[str, float] = {}  # milliseconds, by stage: url, dns, address, connect, tls, answer


def verdict_of(steps: tuple[Step, ...]) -> Verdict:
    """Return what the steps come to."""
    found = {each.status for each in steps}
    return "not_usable" if "fail" in found else "warnings" if "warn" in found else "usable"


def skipped(*ids: str, why: str = "") -> tuple[Step, ...]:
    """Return steps that were not made."""
    return tuple(Step(id=each, status="skip", value=why) for each in ids)
