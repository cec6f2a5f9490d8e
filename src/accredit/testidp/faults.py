"""Named ways for a token to be wrong: one row each, with the refusal that it must cause.

Rule 1: a fault changes what its sentence says and nothing else; the signature is valid unless it says otherwise.
Rule 2: faults combine, in the order given; one that cannot apply to the token is refused, never without effect.
Rule 3: ``entra`` and ``extended`` are the AADSTS codes that follow in a tenant of that portability where the honest
token is accepted, through an issuer record that allows the dialect's own algorithms and wants a kid; ``None``: accepted.
``cause`` is what the explanation names then.
"""
# ruff: noqa: E501  a table: one fault a row

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit.errors import FAULT_UNKNOWN, INPUT_INVALID, Refused
from accredit.testidp import changes
from accredit.testidp.draft import base64url
from accredit.testidp.near import meant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.testidp.changes import Change
    from accredit.testidp.draft import Draft

HOUR: Final = 3_600  # seconds; more than any clock skew that is forgiven
YEAR: Final = 31_536_000  # seconds


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be wrong."""

    name: str
    sentence: str
    change: Change
    entra: int | None
    extended: int | None
    cause: str = ""  # of the explanation, where it is refused

    def apply(self, draft: Draft) -> None:
        """Make ``draft`` wrong in this way. ``INPUT_INVALID`` where that is impossible."""
        try:
            self.change(draft)
        except changes.InapplicableError as error:
            raise Refused(INPUT_INVALID, what=f"fault {self.name}", reason=str(error)) from error


# fmt: off
_TABLE: Final = (
    # ── claims that are absent
    Fault("no_exp", "The token has no exp.", changes.without("exp"), 90014, 90014, "CLAIM_MISSING(exp)"),
    Fault("no_iat", "The token has no iat.", changes.without("iat"), None, None),
    Fault("no_nbf", "The token has no nbf.", changes.without("nbf"), None, None),
    Fault("no_sub", "The token has no sub.", changes.without("sub"), 90014, 90014, "CLAIM_MISSING(sub)"),
    Fault("no_iss", "The token has no iss.", changes.without("iss"), 90014, 90014, "CLAIM_MISSING(iss)"),
    Fault("no_aud", "The token has no aud.", changes.without("aud"), 90014, 90014, "CLAIM_MISSING(aud)"),
    # ── the header's reference to its key
    Fault("no_kid", "The header has no kid.", changes.without_header("kid"), 5002723, 5002723, "KID_MISSING"),
    Fault("wrong_kid", "The kid names no key of the issuer.", changes.header(kid="no-such-key"), 7000272, 7000272, "KEY_UNKNOWN"),
    Fault("kid_injection", "The kid is a path, a piece of SQL and line breaks.", changes.header(kid="../../../../dev/null' OR '1'='1\r\n\0"), 7000272, 7000272, "KEY_UNKNOWN"),
    Fault("kid_huge", "The kid is 2,000 characters long.", changes.header(kid="k" * 2_000), 50027, 50027, "MALFORMED"),
    # ── the header's type
    Fault("no_typ", "The header has no typ.", changes.without_header("typ"), None, None),
    Fault("typ_at_jwt", "The typ is at+jwt.", changes.header(typ="at+jwt"), 5002727, None, "TYP"),
    Fault("typ_jose", "The typ is JOSE.", changes.header(typ="JOSE"), 5002727, None, "TYP"),
    # ── the audience
    Fault("aud_array", "The aud is a list of the one audience.", changes.audience(lambda aud: [aud]), None, None),
    Fault("aud_two", "The aud is a list of the audience and another one.", changes.audience(lambda aud: [aud, "https://other.example"]), None, 700212, "AUD_EXTRA"),
    Fault("aud_empty_array", "The aud is an empty list.", changes.claims(aud=[]), 90014, 90014, "CLAIM_MISSING(aud)"),
    Fault("aud_number", "The aud is a number.", changes.claims(aud=42), 90014, 90014, "TYPE(aud)"),
    Fault("aud_null", "The aud is null.", changes.claims(aud=None), 90014, 90014, "CLAIM_MISSING(aud)"),
    # ── the subject
    Fault("sub_empty", "The sub is empty.", changes.claims(sub=""), 90014, 90014, "CLAIM_MISSING(sub)"),
    Fault("sub_number", "The sub is a number.", changes.claims(sub=42), 90014, 90014, "TYPE(sub)"),
    Fault("sub_case", "The last letter of the sub has the other case.", changes.alter("sub", changes.other_case), 7002138, 7002138, "CASE"),
    Fault("sub_legacy", "The sub has the form without ids.", changes.subject_form("sub_legacy"), 700213, 700213, "GENERATION"),
    Fault("sub_immutable", "The sub has the form with ids.", changes.subject_form("sub_immutable"), 700213, 700213, "GENERATION"),
    Fault("sub_homoglyph", "The first o of the sub is the Cyrillic letter that looks like it.", changes.alter("sub", lambda sub: sub.replace("o", "о", 1)), 700213, 700213, "HOMOGLYPH"),  # noqa: RUF001  the point of it
    Fault("sub_trailing_space", "The sub ends in a space.", changes.alter("sub", lambda sub: sub + " "), 700213, 700213, "WHITESPACE"),
    # ── the issuer
    Fault("iss_slash", "The iss has one slash more at its end.", changes.alter("iss", lambda iss: iss + "/"), 700211, 700211, "SLASH"),
    Fault("iss_case", "The last letter of the iss has the other case.", changes.alter("iss", changes.other_case), 700211, 700211, "CASE"),
    Fault("iss_http", "The iss begins with http instead of https.", changes.alter("iss", lambda iss: iss.replace("https://", "http://", 1)), 700211, 700211, "SCHEME"),
    Fault("iss_whitespace", "The iss begins with a space.", changes.alter("iss", lambda iss: " " + iss), 700211, 700211, "WHITESPACE"),
    # ── times
    Fault("expired", "The token expired an hour ago, and was issued an hour before that.", changes.dated(nbf=-2 * HOUR, iat=-2 * HOUR, exp=-HOUR), 700024, 700024, "EXPIRED"),
    Fault("future_nbf", "The token becomes valid in an hour, and expires an hour later.", changes.dated(nbf=HOUR, exp=2 * HOUR), 700024, 700024, "NOT_YET"),
    Fault("future_iat", "The iat is an hour ahead, and exp another.", changes.dated(iat=HOUR, exp=2 * HOUR), 700024, 700024, "NOT_YET"),
    Fault("exp_string", "The exp is a string of digits.", changes.expiry(str), 50027, 50027, "MALFORMED"),
    Fault("exp_float", "The exp has a fraction.", changes.expiry(lambda exp: exp + 0.5), None, None),
    Fault("exp_huge", "The exp is the largest exact integer, beyond every calendar.", changes.claims(exp=2**53 - 1), 50027, 50027, "MALFORMED"),
    Fault("one_year", "The token lives for a year.", changes.dated(exp=YEAR), 70023, 70023, "LIFETIME"),
    # ── the algorithm
    Fault("alg_none", "The alg is none, and the signature is empty.", changes.unsigned("none"), 5002738, 5002738, "ALG"),
    Fault("alg_none_mixed_case", "The alg is nOnE, and the signature is empty.", changes.unsigned("nOnE"), 5002738, 5002738, "ALG"),
    Fault("alg_es384", "The token is signed with a key for ES384 that the issuer publishes.", changes.algorithm("ES384"), 5002738, 5002738, "ALG"),
    Fault("alg_ps256", "The token is signed with a key for PS256 that the issuer publishes.", changes.algorithm("PS256"), 5002738, 5002738, "ALG"),
    Fault("hs256_with_public_key", "The alg is HS256, and the secret is the issuer's public key as PEM.", changes.hmac_with_public_key, 5002738, 5002738, "ALG"),
    # ── the signature
    Fault("bad_signature", "One bit of the signature is flipped.", changes.signature(lambda octets: octets[:-1] + bytes([octets[-1] ^ 1]) if octets else octets), 700027, 700027, "SIGNATURE"),
    Fault("signature_empty", "The signature is empty.", changes.signature(lambda _: b""), 50027, 50027, "MALFORMED"),
    Fault("signature_truncated", "The last octet of the signature is missing.", changes.signature(lambda octets: octets[:-1]), 700027, 700027, "SIGNATURE"),
    Fault("signature_other_key", "The signature is by a key that the issuer does not publish, under the kid of one that it does.", changes.stranger(), 700027, 700027, "SIGNATURE"),
    Fault("es256_der", "The token is signed with a key for ES256 that the issuer publishes, and the signature is DER.", changes.der_signature, 5002738, 5002738, "ALG"),
    # ── base64url
    Fault("b64_padded", "The segments are padded with =, to a multiple of four characters.", changes.padded, 50027, 50027, "MALFORMED"),
    Fault("b64_standard_alphabet", "The segments use + and / in place of - and _; a claim note makes sure that there is one.", changes.standard_alphabet, 50027, 50027, "MALFORMED"),
    Fault("b64_trailing_bits", "The bits that the last characters of the segments do not need are not zero.", changes.stray_bits, 50027, 50027, "MALFORMED"),
    Fault("b64_whitespace", "There is a line break in every segment.", changes.segments(lambda octets: base64url(octets)[:8] + "\n" + base64url(octets)[8:]), 50027, 50027, "MALFORMED"),
    # ── the form of the whole
    Fault("two_segments", "The signature and its dot are missing.", changes.whole(lambda token: token.rpartition(".")[0]), 50027, 50027, "MALFORMED"),
    Fault("four_segments", "There is a fourth segment.", changes.whole(lambda token: token + ".e30"), 50027, 50027, "MALFORMED"),
    Fault("json_serialization", "The token is written as a flattened JSON object.", changes.whole(changes.flattened), 50027, 50027, "MALFORMED"),
    Fault("jwe", "The token is encrypted, for the issuer's own key.", changes.encrypted, 50027, 50027, "MALFORMED"),
    # ── header members that change what the token means
    Fault("crit", "The header marks a member as critical that nobody knows.", changes.header(crit=["https://example.com/x"], **{"https://example.com/x": True}), 50027, 50027, "MALFORMED"),
    Fault("b64_false", "The header says that the payload is not base64url.", changes.header(b64=False, crit=["b64"]), 50027, 50027, "MALFORMED"),
    Fault("zip", "The payload is compressed, and the header says so.", changes.deflated, 50027, 50027, "MALFORMED"),
    Fault("cty_jwt", "The payload is another token, and the header says so.", changes.nested, 50027, 50027, "MALFORMED"),
    # ── header members that bring their own key
    Fault("jwk_header", "The token is signed by a stranger's key, which the header carries as jwk.", changes.stranger(lambda _, key: {"jwk": key.jwk}), 700027, 700027, "SIGNATURE"),
    Fault("jku_header", "The token is signed by a stranger's key, and the header links to a key set with it.", changes.stranger(lambda draft, _: {"jku": draft.address + changes.STRANGER_JWKS}), 700027, 700027, "SIGNATURE"),
    Fault("x5u_header", "The token is signed by a stranger's key, and the header links to its certificate.", changes.stranger(lambda draft, _: {"x5u": draft.address + changes.STRANGER_CERTIFICATE}), 700027, 700027, "SIGNATURE"),
    Fault("x5c_header", "The token is signed by a stranger's key, and the header carries its certificate.", changes.stranger(changes.carried_certificate), 700027, 700027, "SIGNATURE"),
    # ── JSON that two readers understand differently, or not at all
    Fault("dup_claim", "There are two members sub; the last one is the honest one.", changes.claim_twice, 50027, 50027, "MALFORMED"),
    Fault("dup_header", "The header has two members alg; the last one is the honest one.", changes.header_twice, 50027, 50027, "MALFORMED"),
    Fault("nan_claim", "A claim is NaN.", changes.inserted(b'"number":NaN'), 50027, 50027, "MALFORMED"),
    Fault("deep_json", "A claim is 2,000 lists, one in another.", changes.inserted(b'"deep":' + b"[" * 2_000 + b"]" * 2_000), 50027, 50027, "MALFORMED"),
    Fault("huge_claim", "A claim is 5,000 characters long.", changes.claims(huge="x" * 5_000), 50027, 50027, "MALFORMED"),
    Fault("huge_header", "The header has a member of 5,000 characters.", changes.header(huge="x" * 5_000), 50027, 50027, "MALFORMED"),
    Fault("not_json", "The payload is not JSON.", changes.written(lambda _: b"this is not JSON"), 50027, 50027, "MALFORMED"),
    Fault("payload_array", "The payload is a list that holds the claims.", changes.written(lambda text: b"[" + text + b"]"), 50027, 50027, "MALFORMED"),
    Fault("utf16", "The payload is written in UTF-16.", changes.written(lambda text: text.decode().encode("utf-16")), 50027, 50027, "MALFORMED"),
    Fault("bom", "The payload begins with a byte order mark.", changes.written(lambda text: b"\xef\xbb\xbf" + text), 50027, 50027, "MALFORMED"),
    Fault("lone_surrogate", "A claim holds half of a surrogate pair.", changes.inserted(rb'"half":"\ud800"'), 50027, 50027, "MALFORMED"),
)
# fmt: on

FAULTS: Final[Mapping[str, Fault]] = {each.name: each for each in _TABLE}
"""Every fault of a token, by name."""


def fault(name: str) -> Fault:
    """Find a fault. ``FAULT_UNKNOWN``."""
    if name not in FAULTS:
        raise Refused(FAULT_UNKNOWN, name=name, meant=meant(name, FAULTS))
    return FAULTS[name]
