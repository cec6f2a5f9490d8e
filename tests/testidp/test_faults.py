"""Every fault changes what its sentence says and nothing else, and causes the refusal that its row names."""

import hmac
import json
import runpy
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe, jws, jwt
from joserfc.jwk import KeySet, RSAKey

from accredit.assertions import EXTENDED, parse
from accredit.errors import CATALOGUE, Refused
from accredit.testidp import FAULTS, TestIssuer
from accredit.testidp.keys import Key
from tests.forge import AT, b64
from tests.support.faults import HONEST, LEGACY, outcome, published
from tests.testidp.workbench import GITHUB, Parts, decoded, issuer

ROOT = Path(__file__).parents[2]
GONE = object()
SUB = "repo:octo-org@123456/octo-repo@456789:environment:production"
AUD = "api://AzureADTokenExchange"


@pytest.fixture(scope="module")
def idp():
    return issuer()


@dataclass(frozen=True)
class Change:
    """What differs from the honest token: members (GONE: absent), and who signed it."""

    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    signed: str = "issuer"
    request: Mapping[str, Any] = field(default_factory=lambda: HONEST)


def claims(**changed: Any) -> Change:
    return Change(claims=changed)


def header(signed: str = "issuer", **changed: Any) -> Change:
    return Change(header=changed, signed=signed)


# Faults that leave three segments of JSON: exactly these members differ.
CHANGES = {
    "no_exp": claims(exp=GONE),
    "no_iat": claims(iat=GONE),
    "no_nbf": claims(nbf=GONE),
    "no_sub": claims(sub=GONE),
    "no_iss": claims(iss=GONE),
    "no_aud": claims(aud=GONE),
    "no_kid": header(kid=GONE),
    "wrong_kid": header(kid="no-such-key"),
    "kid_injection": header(kid="../../../../dev/null' OR '1'='1\r\n\0"),
    "kid_huge": header(kid="k" * 2_000),
    "no_typ": header(typ=GONE),
    "typ_at_jwt": header(typ="at+jwt"),
    "typ_jose": header(typ="JOSE"),
    "aud_array": claims(aud=[AUD]),
    "aud_two": claims(aud=[AUD, "https://other.example"]),
    "aud_empty_array": claims(aud=[]),
    "aud_number": claims(aud=42),
    "aud_null": claims(aud=None),
    "sub_empty": claims(sub=""),
    "sub_number": claims(sub=42),
    "sub_case": claims(sub=SUB[:-1] + "N"),
    "sub_legacy": claims(sub="repo:octo-org/octo-repo:environment:production"),
    "sub_immutable": Change(claims={"sub": SUB}, request=LEGACY),
    "sub_homoglyph": claims(sub="rep\N{CYRILLIC SMALL LETTER O}" + SUB.removeprefix("repo")),
    "sub_trailing_space": claims(sub=SUB + " "),
    "iss_slash": claims(iss=GITHUB + "/"),
    "iss_case": claims(iss=GITHUB[:-1] + "M"),
    "iss_http": claims(iss="http://token.actions.githubusercontent.com"),
    "iss_whitespace": claims(iss=" " + GITHUB),
    "expired": claims(nbf=AT - 7200, iat=AT - 7200, exp=AT - 3600),
    "future_nbf": claims(nbf=AT + 3600, exp=AT + 7200),
    "future_iat": claims(iat=AT + 3600, exp=AT + 7200),
    "exp_string": claims(exp=str(AT + 300)),
    "exp_float": claims(exp=AT + 300.5),
    "exp_huge": claims(exp=9007199254740991),
    "one_year": claims(exp=AT + 31_536_000),
    "alg_none": header("nobody", alg="none"),
    "alg_none_mixed_case": header("nobody", alg="nOnE"),
    "hs256_with_public_key": header("secret", alg="HS256"),
    "bad_signature": Change(signed="flipped"),
    "signature_empty": Change(signed="nobody"),
    "signature_truncated": Change(signed="short"),
    "signature_other_key": Change(signed="stranger"),
    "crit": header(crit=["https://example.com/x"], **{"https://example.com/x": True}),
    "b64_false": header(b64=False, crit=["b64"]),
    "huge_claim": claims(huge="x" * 5_000),
    "huge_header": header(huge="x" * 5_000),
}

Look = Callable[[TestIssuer, Parts, str], None]


def with_key_for(algorithm: str) -> Look:
    def look(idp: TestIssuer, honest: Parts, token: str) -> None:
        key = idp.platform("github").keyring.signing(algorithm)
        made = Parts.of(token)
        assert made.header == {**honest.header, "alg": algorithm, "kid": key.kid}
        assert made.claims == honest.claims
        keys = KeySet.import_key_set({"keys": [each.jwk for each in published(idp)]})
        assert jwt.decode(token, keys, algorithms=[algorithm]).claims == honest.claims

    return look


def der(idp: TestIssuer, honest: Parts, token: str) -> None:
    key, made = idp.platform("github").keyring.signing("ES256"), Parts.of(token)
    assert (made.header, made.claims) == ({**honest.header, "alg": "ES256", "kid": key.kid}, honest.claims)
    key.private.public_key().verify(made.signature, made.signing_input, ec.ECDSA(hashes.SHA256()))


def embedded(member: str, key_of: Callable[[TestIssuer, Any], Any]) -> Look:
    def look(idp: TestIssuer, honest: Parts, token: str) -> None:
        made = Parts.of(token)
        assert {name: value for name, value in made.header.items() if name != member} == honest.header
        assert made.claims == honest.claims
        assert_signed(made, key_of(idp, made.header[member]))
        with pytest.raises(InvalidSignature):
            assert_signed(made, our_key(idp).private.public_key())

    return look


def stranger_key(idp: TestIssuer, _: Any = None) -> Any:
    key = idp.platform("github").keyring.stranger("RS256")
    assert key.kid not in [each.kid for each in published(idp)]
    return key.private.public_key()


def from_certificate(idp: TestIssuer, chain: list[str]) -> Any:
    return x509.load_der_x509_certificate(b64decode(chain[0])).public_key()


def linked(path: str) -> Callable[[TestIssuer, Any], Any]:
    def key_of(idp: TestIssuer, link: str) -> Any:
        assert link == f"https://localhost:8443/idp/github{path}"  # what is served there: test_endpoints.py
        return stranger_key(idp)

    return key_of


def written(expected: Callable[[bytes], bytes], **header_changes: Any) -> Look:
    """The claims' text is the honest one, changed; the signature covers it."""

    def look(idp: TestIssuer, honest: Parts, token: str) -> None:
        made = Parts.of(token)
        assert made.header == honest.header | header_changes
        assert made.claims_text == expected(honest.claims_text)
        assert_signed(made, our_key(idp).private.public_key())

    return look


def in_front(member: bytes) -> Look:
    return written(lambda text: b"{" + member + b"," + text[1:])


def header_twice(idp: TestIssuer, honest: Parts, token: str) -> None:
    made = Parts.of(token)
    assert made.header_text == b'{"alg":"none",' + honest.header_text[1:]
    assert made.claims_text == honest.claims_text
    assert_signed(made, our_key(idp).private.public_key())


def nested(idp: TestIssuer, honest: Parts, token: str) -> None:
    made = Parts.of(token)
    inner = Parts.of(made.claims_text.decode())
    assert made.header == honest.header | {"cty": "JWT"}
    assert (inner.header, inner.claims) == (honest.header, honest.claims)
    for each in (made, inner):
        assert_signed(each, our_key(idp).private.public_key())


def spelled(each: Callable[[str], bool], claims_changes: Mapping[str, Any] | None = None) -> Look:
    """The same octets in another spelling, of which every or some segment shows a trace; the signature covers it."""

    def look(idp: TestIssuer, honest: Parts, token: str) -> None:
        made = Parts.of(token)
        assert (made.header, made.claims) == (honest.header, honest.claims | dict(claims_changes or {}))
        assert any(each(segment) for segment in token.split("."))
        assert not any(each(segment) for segment in honest_token(idp).split("."))
        assert_signed(made, our_key(idp).private.public_key())

    return look


def stray(segment: str) -> bool:
    """Whether two spellings decode to the octets of ``segment`` and this is not the canonical one."""
    return b64(decoded(segment)) != segment


def whole(expected: Callable[[str], str]) -> Look:
    def look(idp: TestIssuer, honest: Parts, token: str) -> None:
        assert token == expected(honest_token(idp))

    return look


def flattened(idp: TestIssuer, honest: Parts, token: str) -> None:
    found = json.loads(token)
    assert ".".join((found["protected"], found["payload"], found["signature"])) == honest_token(idp)
    jws.deserialize_json(found, RSAKey.import_key(our_key(idp).jwk))


def encrypted(idp: TestIssuer, honest: Parts, token: str) -> None:
    assert token.count(".") == 4
    key = RSAKey.import_key(our_key(idp).pem)
    opened = jwe.decrypt_compact(token, key, algorithms=["RSA-OAEP-256", "A256GCM"])
    assert opened.plaintext == honest_token(idp).encode()


# The rest: how each looks.
LOOKS = {
    "alg_es384": with_key_for("ES384"),
    "alg_ps256": with_key_for("PS256"),
    "es256_der": der,
    "jwk_header": embedded("jwk", lambda _, jwk: RSAKey.import_key(jwk).public_key),
    "jku_header": embedded("jku", linked("/_stranger/jwks.json")),
    "x5u_header": embedded("x5u", linked("/_stranger/certificate.pem")),
    "x5c_header": embedded("x5c", from_certificate),
    "zip": lambda idp, honest, token: written(lambda _: Parts.of(token).claims_text, zip="DEF")(idp, honest, token),
    "cty_jwt": nested,
    "dup_claim": in_front(b'"sub":"somebody-else"'),
    "dup_header": header_twice,
    "nan_claim": in_front(b'"number":NaN'),
    "deep_json": in_front(b'"deep":' + b"[" * 2_000 + b"]" * 2_000),
    "lone_surrogate": in_front(b'"half":"\\ud800"'),
    "not_json": written(lambda _: b"this is not JSON"),
    "payload_array": written(lambda text: b"[" + text + b"]"),
    "utf16": written(lambda text: text.decode().encode("utf-16")),
    "bom": written(lambda text: b"\xef\xbb\xbf" + text),
    "b64_padded": spelled(lambda segment: segment.endswith("=")),
    "b64_standard_alphabet": spelled(lambda segment: "+" in segment or "/" in segment, {"note": "?????"}),
    "b64_trailing_bits": spelled(stray),
    "b64_whitespace": spelled(lambda segment: "\n" in segment),
    "two_segments": whole(lambda token: token.rpartition(".")[0]),
    "four_segments": whole(lambda token: token + ".e30"),
    "json_serialization": flattened,
    "jwe": encrypted,
}


def our_key(idp: TestIssuer) -> Key:
    return idp.platform("github").keyring.signing("RS256")


def honest_token(idp: TestIssuer, request: Mapping[str, Any] = HONEST) -> str:
    return idp.mint(request).token


def assert_signed(made: Parts, key: Any) -> None:
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(made.signature, made.signing_input, padding.PKCS1v15(), hashes.SHA256())


def assert_signature(idp: TestIssuer, made: Parts, signed: str) -> None:
    key = our_key(idp)
    due = key.sign(made.signing_input)
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    expected = {
        "issuer": due,
        "nobody": b"",
        "short": due[:-1],
        "flipped": due[:-1] + bytes([due[-1] ^ 1]),
        "secret": hmac.digest(pem, made.signing_input, "sha256"),
        "stranger": idp.platform("github").keyring.stranger("RS256").sign(made.signing_input),
    }
    assert made.signature == expected[signed]


def test_every_fault_is_examined_below():
    assert {*CHANGES, *LOOKS} == {*FAULTS}
    assert not {*CHANGES} & {*LOOKS}


def test_every_fault_has_a_sentence_of_its_own():
    sentences = [each.sentence for each in FAULTS.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(each.endswith(".") and each[0].isupper() for each in sentences)


def failures(names, attempt):
    """Try every name; return what went wrong, by name, so that all of it is told."""
    wrong = {}
    for name in names:
        try:
            attempt(name)
        except Exception as error:  # noqa: BLE001  an assertion that fails, a token that cannot be read, anything
            wrong[name] = repr(error)
    return wrong


def test_exactly_the_named_members_differ(idp):
    def attempt(name):
        change = CHANGES[name]
        honest = Parts.of(honest_token(idp, change.request))
        minted = idp.mint({**change.request, "faults": [name]})
        made = Parts.of(minted.token)
        for before, after, changed in (
            (honest.header, made.header, change.header),
            (honest.claims, made.claims, change.claims),
        ):
            assert after == {each: value for each, value in {**before, **changed}.items() if value is not GONE}
        assert_signature(idp, made, change.signed)
        assert (minted.header, minted.claims) == (made.header, made.claims)

    assert failures(CHANGES, attempt) == {}


def test_it_looks_as_its_sentence_says(idp):
    def attempt(name):
        LOOKS[name](idp, Parts.of(honest_token(idp)), idp.mint({**HONEST, "faults": [name]}).token)

    assert failures(LOOKS, attempt) == {}


def test_a_compressed_payload_is_the_honest_one(idp):
    made = Parts.of(idp.mint({**HONEST, "faults": ["zip"]}).token)
    assert zlib.decompress(made.claims_text, wbits=-15) == Parts.of(honest_token(idp)).claims_text


def test_a_spelling_fault_shows_whatever_the_token_says(idp):
    # 96 octets of signature need neither padding nor spare bits.
    for name in ("b64_padded", "b64_standard_alphabet", "b64_trailing_bits"):
        for length in range(6):
            params = {"algorithm": "ES384", "sub": "s" * (length + 1)}
            token = idp.mint({"dialect": "custom", "params": params, "faults": [name]}).token
            with pytest.raises(Refused):
                parse(token, EXTENDED)


INAPPLICABLE = {
    "no such claim": (["no_exp", "no_exp"], "fault no_exp", "the token has no exp anyway"),
    "no such header": (["no_kid", "no_kid"], "fault no_kid", "the header has no kid anyway"),
    "not text": (["no_sub", "sub_case"], "fault sub_case", "the token's sub is not text"),
    "nothing to change": (
        ["sub_empty", "sub_case"],
        "fault sub_case",
        "the token's sub has nothing that it could change",
    ),
    "the form is there": (["sub_immutable"], "fault sub_immutable", "the subject has this form already"),
    "exp is no number": (["exp_string", "exp_float"], "fault exp_float", "the token's exp is not a whole number"),
    "algorithm in use": (["alg_es384", "alg_es384"], "fault alg_es384", "the token is signed with ES384 anyway"),
    "one sub is not two": (["no_sub", "dup_claim"], "fault dup_claim", "the token has no sub"),
}


def test_a_fault_without_effect_is_refused(idp):
    def attempt(name):
        faults, what, reason = INAPPLICABLE[name]
        with pytest.raises(Refused) as refused:
            idp.mint({**HONEST, "faults": faults})
        assert refused.value.row.name == "INPUT_INVALID"
        assert refused.value.fields == {"what": what, "reason": reason}

    assert failures(INAPPLICABLE, attempt) == {}


def test_a_dialect_with_one_form_of_the_subject_has_no_other(idp):
    with pytest.raises(Refused, match="fault sub_legacy is not valid: the dialect has no such form"):
        idp.mint({"dialect": "custom", "faults": ["sub_legacy"]})


def test_any_two_faults_make_a_token_or_a_refusal(idp):
    for first in FAULTS:
        for second in (
            "no_sub",
            "alg_none",
            "two_segments",
            "json_serialization",
            "jwe",
            "b64_trailing_bits",
            "not_json",
        ):
            try:
                idp.mint({**HONEST, "faults": [first, second]})
            except Refused as refused:
                assert refused.row.name == "INPUT_INVALID"  # noqa: PT017  either outcome is right


def test_the_core_answers_with_code_and_cause_of_the_row(idp):
    known = {row.code for row in CATALOGUE.values()}
    wrong = {}
    for name, fault in FAULTS.items():
        for portability, code in (("entra", fault.entra), ("extended", fault.extended)):
            assert code is None or code in known
            found = outcome(idp, name, portability)
            if (found.code, found.cause) != (code, fault.cause if code else ""):
                wrong[name, portability] = found
    assert wrong == {}


def test_a_row_has_a_cause_where_something_refuses():
    assert [each.name for each in FAULTS.values() if bool(each.cause) != bool(each.entra or each.extended)] == []


def test_the_honest_token_is_accepted(idp):
    for portability in ("entra", "extended"):
        found = outcome(idp, "", portability)
        assert (found.code, found.cause) == (None, "")


def test_the_documentation_has_what_is_true_here(capsys):
    current = runpy.run_path(str(ROOT / "scripts/fault_tables.py"))["main"]("--check")
    assert current == 0, f"run scripts/fault_tables.py\n{capsys.readouterr().out}"
