"""How a draft is made wrong: what the faults and nothing else are made of.

A change that would change nothing, or cannot be made, refuses: a test must not pass because its fault had no effect.
"""

from __future__ import annotations

import hmac
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from accredit.testidp.draft import Draft, base64url, write

if TYPE_CHECKING:
    from accredit.testidp.keys import Key

Change = Callable[[Draft], None]

STRANGER_JWKS: Final = "/_stranger/jwks.json"  # below an issuer's address: the keys that it does not publish
STRANGER_CERTIFICATE: Final = "/_stranger/certificate.pem"
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class InapplicableError(ValueError):
    """The change cannot be made to this token; the message says why."""


# ── what the token says ──────────────────────────────────────────────────────────────────────────────────────────────


def without(claim: str) -> Change:
    def change(draft: Draft) -> None:
        if claim not in draft.claims:
            raise InapplicableError(f"the token has no {claim} anyway")
        del draft.claims[claim]

    return change


def claims(**changed: object) -> Change:
    return lambda draft: draft.claims.update(changed)


def alter(claim: str, change: Callable[[str], str]) -> Change:
    """Change the text of a claim; refuse a change that changes nothing."""

    def apply(draft: Draft) -> None:
        before = draft.claims.get(claim)
        if not isinstance(before, str):
            raise InapplicableError(f"the token's {claim} is not text")
        draft.claims[claim] = change(before)
        if draft.claims[claim] == before:
            raise InapplicableError(f"the token's {claim} has nothing that it could change")

    return apply


def audience(make: Callable[[object], object]) -> Change:
    def change(draft: Draft) -> None:
        draft.claims["aud"] = make(draft.claims.get("aud"))

    return change


def other_case(text: str) -> str:
    """Swap the case of the last letter: what is left of it stays recognisable."""
    last = max((n for n, each in enumerate(text) if each.isascii() and each.isalpha()), default=None)
    return text if last is None else text[:last] + text[last].swapcase() + text[last + 1 :]


def subject_form(form: str) -> Change:
    def change(draft: Draft) -> None:
        if form not in draft.values:
            raise InapplicableError("the dialect has no such form of the subject, or its parts are missing")
        if draft.claims.get("sub") == draft.values[form]:
            raise InapplicableError("the subject has this form already")
        draft.claims["sub"] = draft.values[form]

    return change


def dated(**offsets: float) -> Change:
    """Set dates, in seconds from the moment of minting."""
    return lambda draft: draft.claims.update({name: draft.now + offset for name, offset in offsets.items()})


def expiry(change: Callable[[int], object]) -> Change:
    def apply(draft: Draft) -> None:
        exp = draft.claims.get("exp")
        if not isinstance(exp, int):
            raise InapplicableError("the token's exp is not a whole number")
        draft.claims["exp"] = change(exp)

    return apply


# ── what the header says, and who signs ──────────────────────────────────────────────────────────────────────────────


def header(**changed: object) -> Change:
    return lambda draft: draft.header.update(changed)


def without_header(name: str) -> Change:
    def change(draft: Draft) -> None:
        if name not in draft.header:
            raise InapplicableError(f"the header has no {name} anyway")
        del draft.header[name]

    return change


def unsigned(alg: str) -> Change:
    def change(draft: Draft) -> None:
        draft.header["alg"] = alg
        draft.sign = lambda _: b""

    return change


def algorithm(name: str) -> Change:
    def change(draft: Draft) -> None:
        if draft.key.algorithm == name:
            raise InapplicableError(f"the token is signed with {name} anyway")
        draft.use(draft.keyring.signing(name))

    return change


def hmac_with_public_key(draft: Draft) -> None:
    public = draft.key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    draft.header["alg"] = "HS256"
    draft.sign = lambda message: hmac.digest(public, message, "sha256")


def signature(change: Callable[[bytes], bytes]) -> Change:
    def apply(draft: Draft) -> None:
        sign = draft.sign
        draft.sign = lambda message: change(sign(message))

    return apply


def der_signature(draft: Draft) -> None:
    key = draft.keyring.signing("ES256")
    private = key.private
    assert isinstance(private, ec.EllipticCurvePrivateKey)  # noqa: S101  a key of ES256 is one
    draft.use(key)
    draft.sign = lambda message: private.sign(message, ec.ECDSA(hashes.SHA256()))


def stranger(link: Callable[[Draft, Key], dict[str, object]] | None = None) -> Change:
    """Sign with a key that the issuer does not publish, still under the honest kid."""

    def change(draft: Draft) -> None:
        other = draft.keyring.stranger(draft.key.algorithm)
        draft.sign = other.sign
        if link is not None:
            draft.header.update(link(draft, other))

    return change


def certificate(key: Key, now: int) -> x509.Certificate:
    """Return a certificate that ``key`` made for itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accredit test issuer, a stranger's key")])
    since = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.private.public_key(), 1, since, since + timedelta(days=365))
    return builder.sign(key.private, hashes.SHA256() if key.algorithm != "EdDSA" else None)


def carried_certificate(draft: Draft, other: Key) -> dict[str, object]:
    return {"x5c": [b64encode(certificate(other, draft.now).public_bytes(Encoding.DER)).decode()]}


# ── how it is written ────────────────────────────────────────────────────────────────────────────────────────────────


def written(change: Callable[[bytes], bytes]) -> Change:
    return lambda draft: draft.claims_rewrites.append(change)


def inserted(member: bytes) -> Change:
    """Put a member in front of the others."""
    return written(lambda text: b"{" + member + b"," + text[1:])


def segments(encode: Callable[[bytes], str]) -> Change:
    def change(draft: Draft) -> None:
        draft.encode = encode

    return change


def whole(change: Callable[[str], str]) -> Change:
    return lambda draft: draft.token_rewrites.append(change)


def standard_alphabet(draft: Draft) -> None:
    draft.claims["note"] = "?????"  # wherever it begins, it holds a 6-bit group of ones, which is _ or /
    draft.encode = lambda octets: b64encode(octets).rstrip(b"=").decode()


def stray_bits(draft: Draft) -> None:
    def encode(octets: bytes) -> str:
        text = base64url(octets)
        return text if len(octets) % 3 == 0 else text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) + 1]

    draft.claims_rewrites.append(uneven)
    draft.encode = encode


def padded(draft: Draft) -> None:
    draft.claims_rewrites.append(uneven)
    draft.encode = lambda octets: urlsafe_b64encode(octets).decode()


def uneven(text: bytes) -> bytes:
    """Add a space where it takes one for the last base64 character to have bits to spare."""
    return text + b" " if len(text) % 3 == 0 else text


def flattened(token: str) -> str:
    return write(dict(zip(("protected", "payload", "signature"), token.split("."), strict=False))).decode()


def encrypted(draft: Draft) -> None:
    """Encrypt the whole token for its own issuer (RFC 7516 section 7.1)."""
    recipient = draft.keyring.signing("RS256").private
    assert isinstance(recipient, rsa.RSAPrivateKey)  # noqa: S101  a key of RS256 is one

    def encrypt(token: str) -> str:
        header = base64url(write({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}))
        key, iv = AESGCM.generate_key(256), AESGCM.generate_key(128)[:12]
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        sealed = AESGCM(key).encrypt(iv, token.encode(), header.encode())
        parts = (recipient.public_key().encrypt(key, oaep), iv, sealed[:-16], sealed[-16:])
        return ".".join((header, *map(base64url, parts)))

    draft.token_rewrites.append(encrypt)


def deflated(draft: Draft) -> None:
    draft.header["zip"] = "DEF"
    draft.claims_rewrites.append(lambda text: zlib.compress(text, wbits=-15))


def nested(draft: Draft) -> None:
    inner, key = dict(draft.header), draft.key
    draft.header["cty"] = "JWT"

    def wrap(text: bytes) -> bytes:
        signing_input = f"{base64url(write(inner))}.{base64url(text)}"
        return f"{signing_input}.{base64url(key.sign(signing_input.encode()))}".encode()

    draft.claims_rewrites.append(wrap)


def header_twice(draft: Draft) -> None:
    draft.header_rewrites.append(lambda text: b'{"alg":"none",' + text[1:])


def claim_twice(draft: Draft) -> None:
    if "sub" not in draft.claims:
        raise InapplicableError("the token has no sub")
    inserted(b'"sub":"somebody-else"')(draft)
