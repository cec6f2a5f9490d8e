"""Reading an assertion, trusting nothing: a compact JWS (RFC 7515 section 7.1) whose payload is a claim set.

Rule 1: ``Presented`` is read and believed by nobody. It may choose a credential and shape a refusal, nothing else.
Rule 2: sizes before splitting, alphabet before decoding, strict base64url and strict JSON; one assertion, one spelling.
An application that signs for itself may pad its base64url, all three segments of it: azure-identity's aio client does.
Rule 3: what a header says about where keys are (jku, jwk, x5u, x5c) is ignored: never read, never fetched.
Rule 4: an extension we would have to understand (crit, b64, zip, encryption, a nested JWT) is refused.
Rule 5: no refusal, detail or exception carries text of the assertion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NoReturn

import msgspec

from accredit.assertions import shape
from accredit.errors import (
    ALGORITHM_NOT_ALLOWED,
    ASSERTION_MALFORMED,
    KEY_REFERENCE_MISSING,
    TYPE_NOT_ALLOWED,
    Refused,
)
from accredit.issuers import base64url, strictjson
from accredit.issuers.record import KeyReference

MAX_ASSERTION: Final = 64 * 1_024  # characters; AWS tokens with tags reach about 26 KiB
MAX_HEADER: Final = 4 * 1_024  # characters of the header's segment
MAX_KID: Final = 256  # characters; of a thumbprint too
MAX_TYPE: Final = 64  # characters
MAX_MEMBERS: Final = 512  # in all
MAX_DEPTH: Final = 8
MAX_STRING: Final = 4_096  # characters of one claim
MAX_ELEMENTS: Final = 256  # of one list

_WHITE_SPACE: Final = " \t\n\r\f\v"  # clients send token files unstripped
_CHARACTERS: Final = base64url.ALPHABET + b"."
_SEGMENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """What an assertion may look like before any issuer record is known. One for each portability."""

    algorithms: tuple[str, ...]  # of external tokens, in the order in which refusals print them
    types: frozenset[str] | None  # typ, lower case; None lets any but other kinds of token pass
    key_reference_required: bool


_RS: Final = ("RS256", "RS384", "RS512")
_PS: Final = ("PS256", "PS384", "PS512")

ENTRA: Final = Policy(
    algorithms=_RS, types=frozenset({"jwt", "http://openid.net/specs/jwt/1.0"}), key_reference_required=True
)
EXTENDED: Final = Policy(
    algorithms=(*_RS, *_PS, "ES256", "ES384", "ES512", "EdDSA", "Ed25519"), types=None, key_reference_required=False
)
SELF_SIGNED: Final = (*_RS, *_PS, "ES256", "ES384")
"""Algorithms of assertions that an application signs itself, in both portabilities."""

OTHER_KINDS: Final = frozenset(
    {  # types of tokens that are something else than an assertion (RFC 8725 section 3.11)
        "dpop+jwt",
        "entity-statement+jwt",
        "kb+jwt",
        "logout+jwt",
        "oauth-authz-req+jwt",
        "oauth-client-attestation-pop+jwt",
        "openid4vci-proof+jwt",
        "resolve-response+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "trust-mark+jwt",
        "wpt+jwt",
    }
)
_NOT_UNDERSTOOD: Final = frozenset({"crit", "b64", "zip", "enc", "epk"})


class CompactToken(msgspec.Struct, frozen=True, gc=False):
    """A whole assertion on its way through the program. It has no telling ``repr``: it must not reach a log."""

    value: str

    def __repr__(self) -> str:
        return f"CompactToken({len(self.value)} characters)"


class Segments(msgspec.Struct, frozen=True, gc=False):
    """The three parts of a compact JWS, decoded, and the octets that were signed. Not printed."""

    header: bytes
    payload: bytes
    signature: bytes
    signing_input: bytes
    whole: bytes  # the assertion as it was written, without white space around it
    padded: bool = False  # each was written with the padding that RFC 7515 forbids

    def __repr__(self) -> str:
        return f"Segments({len(self.whole)} octets)"


class Presented(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What an assertion says. Read, and believed by nobody. Times are seconds since the epoch, as they were written."""

    issuer: str
    subject: str | None
    audiences: tuple[str, ...]
    key: KeyReference
    type: str | None
    expires: float
    not_before: float | None
    issued_at: float | None
    token_id: str | None  # jti
    claims: Mapping[str, Any]
    header: Mapping[str, Any]
    signing_input: bytes
    signature: bytes
    digest: str  # SHA-256 of the whole assertion, hex

    @property
    def self_signed(self) -> bool:
        """Whether the application signed it itself: then other rules and other keys hold, and none of an issuer's."""
        return self.issuer == self.subject

    def __repr__(self) -> str:
        return f"Presented(issuer={self.issuer!r}, subject={self.subject!r}, digest={self.digest!r})"


def parse(text: str, policy: Policy) -> Presented:
    """Read an assertion. 50027, then of the header 5002738 5002727 5002723, then of the claims 90014 and 50027."""
    segments = split(text)
    header, claims = _header(segments.header), _object(segments.payload, "payload")
    issuer, subject = claims.get("iss"), claims.get("sub")
    self_signed = issuer == subject and isinstance(issuer, str)
    if segments.padded and not self_signed:
        _refuse("padding, which base64url has none of in an external token")
    key = _key(segments.header, bool(segments.signature), SELF_SIGNED if self_signed else policy.algorithms)
    kind = header.get("typ")
    if not self_signed:
        _refuse_type(kind, policy)
        if policy.key_reference_required and key.missing:
            raise Refused(KEY_REFERENCE_MISSING, detail="header: no kid, x5t or x5t#S256")
    return Presented(
        issuer=shape.issuer(issuer),
        audiences=shape.audiences(claims.get("aud")),
        subject=shape.subject(claims),
        key=key,
        type=kind,
        expires=shape.expiry(claims.get("exp")),
        not_before=shape.date(claims, "nbf"),
        issued_at=shape.date(claims, "iat"),
        token_id=shape.token_id(claims.get("jti")),
        claims=claims,
        header=header,
        signing_input=segments.signing_input,
        signature=segments.signature,
        digest=sha256(segments.whole).hexdigest(),
    )


def peek_client(text: str) -> str | None:
    """Return the client that a self-signed assertion names: ``iss`` when ``sub`` is equal. Believe it for nothing else.

    Bounded like ``parse``; whatever cannot be read, or is not self-signed, names nobody.
    """
    try:
        claims = _object(split(text).payload, "payload")
    except Refused:
        return None
    issuer = claims.get("iss")
    return issuer if isinstance(issuer, str) and issuer and issuer == claims.get("sub") else None


def split(text: str) -> Segments:
    """Take a compact JWS apart: white space around it, length, alphabet, two dots, strict base64url. 50027.

    The third segment may be empty: what an unsigned token is refused for is its algorithm.
    """
    text = text.strip(_WHITE_SPACE)
    if len(text) > MAX_ASSERTION:
        _refuse(f"longer than {MAX_ASSERTION} characters")
    data = text.encode("ascii", "replace")  # "?" is not of the alphabet either
    strange = data.translate(None, _CHARACTERS)
    if strange.strip(b"="):
        _refuse("a character that is neither of the base64url alphabet nor a dot")
    segments = data.split(b".")
    if len(segments) != _SEGMENTS:
        _refuse(f"{len(segments)} segments, not {_SEGMENTS}")
    header, payload, signature = segments
    if not header or not payload:
        _refuse("an empty header or payload")
    if len(header) > MAX_HEADER:
        _refuse(f"header: longer than {MAX_HEADER} characters")
    signing_input = data[: len(header) + 1 + len(payload)]
    if strange:
        header, payload, signature = (_without_padding(each) for each in segments)
    return Segments(
        _decoded(header, "header"),
        _decoded(payload, "payload"),
        _decoded(signature, "signature"),
        signing_input,
        data,
        bool(strange),
    )


def read_header(header: Mapping[str, Any], algorithms: tuple[str, ...], *, signed: bool = True) -> KeyReference:
    """Judge a header: algorithm (5002738), then what cannot be understood or has a wrong shape (50027)."""
    alg = header.get("alg")
    if not isinstance(alg, str):
        _refuse("header: alg is missing or not a string")
    if alg not in algorithms:
        raise Refused(ALGORITHM_NOT_ALLOWED, alg=alg, allowed=",".join(algorithms), detail="header: alg")
    if not signed:
        _refuse("an empty signature")
    if not _NOT_UNDERSTOOD.isdisjoint(header):
        _refuse("header: " + ", ".join(sorted(_NOT_UNDERSTOOD & header.keys())) + " cannot be understood")
    if "cty" in header:
        _refuse_nested(header["cty"])
    if "typ" in header:
        _text(header, "typ", MAX_TYPE)
    return KeyReference(
        alg=alg,
        kid=_text(header, "kid", MAX_KID) if "kid" in header else None,
        x5t=_text(header, "x5t", MAX_KID) if "x5t" in header else None,
        x5t_s256=_text(header, "x5t#S256", MAX_KID) if "x5t#S256" in header else None,
    )


def _without_padding(segment: bytes) -> bytes:
    """Take off the padding that fills a segment to a multiple of four characters, and accept no other."""
    bare = segment.rstrip(b"=")
    if len(segment) != len(bare) + (-len(bare) % 4) or b"=" in bare:
        _refuse("padding that does not fill every segment to a multiple of four characters")
    return bare


@lru_cache(maxsize=1_024)
def _header(data: bytes) -> Mapping[str, Any]:
    """Read a header. All tokens under one key of an issuer have the same one, so it is read once. Nobody changes it."""
    return _object(data, "header")


@lru_cache(maxsize=1_024)
def _key(header: bytes, signed: bool, algorithms: tuple[str, ...]) -> KeyReference:  # noqa: FBT001  part of the key
    """Judge a header, once for all tokens that have the same one."""
    return read_header(_header(header), algorithms, signed=signed)


def _decoded(segment: bytes, name: str) -> bytes:
    try:
        return base64url.decode_segment(segment)
    except ValueError as error:
        return _refuse(f"{name}: {error}")


def _object(data: bytes, name: str) -> dict[str, Any]:
    try:
        found = strictjson.loads(data, depth=MAX_DEPTH, members=MAX_MEMBERS, string=MAX_STRING, elements=MAX_ELEMENTS)
    except ValueError as error:
        _refuse(f"{name}: {error}")
    if not isinstance(found, dict):
        _refuse(f"{name}: not a JSON object")
    return found


def _refuse_type(kind: str | None, policy: Policy) -> None:
    if kind is None:
        return
    lower = kind.lower() if kind.isascii() else kind
    if policy.types is not None:
        if lower not in policy.types:
            raise Refused(TYPE_NOT_ALLOWED, detail=f"header: typ {_quoted(kind)}")
    elif lower.removeprefix("application/") in OTHER_KINDS:  # RFC 7515 section 4.1.9: the prefix may be left out
        raise Refused(TYPE_NOT_ALLOWED, detail=f"header: typ {_quoted(kind)} is another kind of token")


def _refuse_nested(kind: object) -> None:
    if not isinstance(kind, str):
        _refuse("header: cty is not a string")
    if kind.lower().removeprefix("application/") == "jwt":
        _refuse("header: cty says that the payload is another JWT")


def _text(header: Mapping[str, Any], name: str, limit: int) -> str:
    value = header[name]
    if not isinstance(value, str):
        _refuse(f"header: {name} is not a string")
    if len(value) > limit:
        _refuse(f"header: {name} is longer than {limit} characters")
    return value


def _quoted(kind: str) -> str:
    return repr(kind)  # at most MAX_TYPE characters


def _refuse(reason: str) -> NoReturn:
    raise Refused(ASSERTION_MALFORMED, detail=reason)
