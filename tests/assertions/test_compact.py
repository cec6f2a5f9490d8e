import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit import assertions
from accredit.assertions import ENTRA, EXTENDED, CompactToken, compact
from accredit.errors import (
    ALGORITHM_NOT_ALLOWED,
    ASSERTION_MALFORMED,
    CLAIM_MISSING,
    KEY_REFERENCE_MISSING,
    TYPE_NOT_ALLOWED,
    Refused,
)
from accredit.issuers import KeyReference
from tests import strategies
from tests.forge import AT, AUDIENCE, ISSUER, SUBJECT, assemble, b64, claims, compact_json, token
from tests.refusals import refusal
from tests.support.every import every

CLIENT = "4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5"
HEADER = {"alg": "RS256", "kid": "key-1", "typ": "JWT"}
GOOD = token()
PADDED = ".".join(each + "=" * (-len(each) % 4) for each in GOOD.split("."))


def made(header=None, payload=None, signature=b"x"):
    """A token that nobody signed: reading does not mind. A member given as ``...`` is left out."""
    whole = {name: value for name, value in {**HEADER, **(header or {})}.items() if value is not ...}
    return assemble(whole, claims() if payload is None else payload, signature)


def own(header=None, **changes):
    return made(header, claims(iss=CLIENT, sub=CLIENT, **changes))


def refused(text, policy=ENTRA):
    with pytest.raises(Refused) as found:
        assertions.parse(text, policy)
    return found.value


def test_what_is_read():
    text = made({"x5t": "t", "x5t#S256": "u", "x": 1}, claims(aud=[AUDIENCE, "b"], exp=AT + 0.5, more={"a": [1]}))
    presented = assertions.parse(text, ENTRA)
    assert presented.issuer == ISSUER
    assert presented.subject == SUBJECT
    assert presented.audiences == (AUDIENCE, "b")
    assert presented.key == KeyReference("RS256", "key-1", "t", "u")
    assert presented.type == "JWT"
    assert (presented.expires, presented.not_before, presented.issued_at) == (AT + 0.5, AT - 600, AT)
    assert presented.token_id == "1"
    assert presented.claims["more"] == {"a": [1]}
    assert presented.header["x"] == 1
    assert presented.signing_input.decode() == text.rpartition(".")[0]
    assert presented.signature == b"x"
    assert not presented.self_signed


MALFORMED = {
    "nothing": ("", "1 segments, not 3"),
    "white space": (" \n", "1 segments, not 3"),
    "two segments": (GOOD.rpartition(".")[0], "2 segments, not 3"),
    "four segments": (GOOD + ".x", "4 segments, not 3"),
    "a JWE of five segments": ("a.b.c.d.e", "5 segments, not 3"),
    "an empty header": ("." + GOOD.partition(".")[2], "an empty header or payload"),
    "an empty payload": ("{0}..{2}".format(*GOOD.split(".")), "an empty header or payload"),
    "two dots": ("..", "an empty header or payload"),
    "an empty signature": (made(signature=b""), "an empty signature"),
    "JSON serialization": ('{"payload":"Zm9v","signatures":[]}', "a character that is neither"),
    "padding": (PADDED, "padding, which base64url has none of"),
    "padding of the signature alone": (GOOD + "==", "padding that does not fill every segment"),
    "too much padding": (PADDED + "====", "padding that does not fill every segment"),
    "too little padding": (PADDED.removesuffix("="), "padding that does not fill every segment"),
    "padding inside": ("{0}.e=30.{2}".format(*PADDED.split(".")), "padding that does not fill every segment"),
    "padding alone": ("====.====.====", "padding that does not fill every segment"),
    "the standard alphabet": ("+/+/" + GOOD, "a character that is neither"),
    "white space inside": (GOOD.replace(".", ". "), "a character that is neither"),
    "a new line inside": (GOOD[:9] + "\n" + GOOD[9:], "a character that is neither"),
    "NUL": ("\0" + GOOD, "a character that is neither"),
    "a letter that is not ASCII": (GOOD + "ü", "a character that is neither"),
    "a space that is not ASCII": ("\N{NO-BREAK SPACE}" + GOOD, "a character that is neither"),
    "Bearer in front": ("Bearer " + GOOD, "a character that is neither"),
    "an impossible length": ("eyJhb." + GOOD.partition(".")[2], "header: not base64url: its length is impossible"),
    "stray bits in the payload": (f"{b64(compact_json(HEADER))}.e31.eA", "payload: not base64url: stray bits"),
    "stray bits in the signature": (made(signature=b"")[:-1] + ".eB", "signature: not base64url: stray bits"),
    "a header that is no JSON": (made().replace(made().split(".")[0], b64(b"header")), "header: not JSON"),
    "a payload that is no JSON": (made(payload=b"foo"), "payload: not JSON"),
    "a header that is a list": (assemble([], {}), "header: not a JSON object"),
    "a payload that is a list": (made(payload=[1]), "payload: not a JSON object"),
    "a payload that is a text": (made(payload="x"), "payload: not a JSON object"),
    "UTF-16": (made(payload=json.dumps(claims()).encode("utf-16")), "payload: not UTF-8"),
    "a byte order mark": (made(payload=b"\xef\xbb\xbf{}"), "payload: it begins with a byte order mark"),
    "a claim twice": (made(payload=b'{"sub":"a","sub":"b"}'), "payload: the member 'sub' occurs twice"),
    "alg twice": (assemble(b'{"alg":"RS256","alg":"none"}', {}), "header: the member 'alg' occurs twice"),
    "a claim twice, deep down": (made(payload=b'{"a":{"b":1,"b":1}}'), "payload: the member 'b' occurs twice"),
    "NaN": (made(payload=b'{"exp":NaN}'), "payload: NaN or Infinity"),
    "half a surrogate pair": (made(payload=b'{"sub":"\\ud800"}'), "payload: a lone surrogate"),
    "a bomb of brackets": (made(payload=b"[" * 40_000), "payload: nested too deep to be read"),
    "no alg": (made({"alg": ...}), "header: alg is missing or not a string"),
    "alg null": (made({"alg": None}), "header: alg is missing or not a string"),
    "alg a list": (made({"alg": ["RS256"]}), "header: alg is missing or not a string"),
    "crit": (made({"crit": ["exp"]}), "header: crit cannot be understood"),
    "crit, empty": (made({"crit": []}), "header: crit cannot be understood"),
    "b64": (made({"b64": False}), "header: b64 cannot be understood"),
    "b64 true": (made({"b64": True}), "header: b64 cannot be understood"),
    "crit and b64": (made({"crit": ["b64"], "b64": False}), "header: b64, crit cannot be understood"),
    "zip": (made({"zip": "DEF"}), "header: zip cannot be understood"),
    "enc": (made({"enc": "A128GCM"}), "header: enc cannot be understood"),
    "epk": (made({"epk": {}}), "header: epk cannot be understood"),
    "a nested JWT": (made({"cty": "JWT"}), "header: cty says that the payload is another JWT"),
    "a nested JWT, lower case": (made({"cty": "jwt"}), "header: cty says that the payload is another JWT"),
    "a nested JWT, long form": (made({"cty": "application/JWT"}), "header: cty says that the payload is another JWT"),
    "cty a number": (made({"cty": 1}), "header: cty is not a string"),
    "kid a number": (made({"kid": 1}), "header: kid is not a string"),
    "kid null": (made({"kid": None}), "header: kid is not a string"),
    "x5t a list": (made({"x5t": ["x"]}), "header: x5t is not a string"),
    "x5t#S256 an object": (made({"x5t#S256": {}}), "header: x5t#S256 is not a string"),
    "typ null": (made({"typ": None}), "header: typ is not a string"),
    "typ a number": (made({"typ": 1}), "header: typ is not a string"),
    "exp a text": (made(payload=claims(exp=str(AT))), "payload: exp is not a number"),
    "exp true": (made(payload=claims(exp=True)), "payload: exp is not a number"),
    "exp false": (made(payload=claims(exp=False)), "payload: exp is not a number"),
    "exp a list": (made(payload=claims(exp=[AT])), "payload: exp is not a number"),
    "exp an object": (made(payload=claims(exp={})), "payload: exp is not a number"),
    "exp infinite": (made(payload=b'{"iss":"a","aud":"b","exp":1e999}'), "payload: a number that is not finite"),
    "exp beyond what is exact": (made(payload=claims(exp=2**53)), "payload: an integer beyond 2^53 - 1"),
    "exp negative": (made(payload=claims(exp=-1)), "payload: exp is not between 1970"),
    "exp in the year 10000": (made(payload=claims(exp=253_402_300_800)), "payload: exp is not between 1970"),
    "exp a fraction too late": (made(payload=claims(exp=253_402_300_799.5)), "payload: exp is not between 1970"),
    "nbf a text": (made(payload=claims(nbf="0")), "payload: nbf is not a number"),
    "nbf null": (made(payload=claims(nbf=None)), "payload: nbf is not a number"),
    "nbf negative": (made(payload=claims(nbf=-0.5)), "payload: nbf is not between 1970"),
    "iat true": (made(payload=claims(iat=True)), "payload: iat is not a number"),
    "iat in the year 10000": (made(payload=claims(iat=1e12)), "payload: iat is not between 1970"),
}


@every("policy", [ENTRA, EXTENDED], ids=["entra", "extended"])
@every(("text", "reason"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(text, reason, policy):
    found = refused(text, policy)
    assert found.row is ASSERTION_MALFORMED
    assert reason in found.detail


MISSING = {
    "no iss": ({"iss": ...}, "iss", "missing or not a string"),
    "iss null": ({"iss": None}, "iss", "missing or not a string"),
    "iss empty": ({"iss": ""}, "iss", "empty"),
    "iss a number": ({"iss": 1}, "iss", "missing or not a string"),
    "iss a list": ({"iss": [ISSUER]}, "iss", "missing or not a string"),
    "no aud": ({"aud": ...}, "aud", "missing, or neither"),
    "aud null": ({"aud": None}, "aud", "missing, or neither"),
    "aud empty": ({"aud": ""}, "aud", "one of 0 characters"),
    "aud a number": ({"aud": 1}, "aud", "missing, or neither"),
    "aud an object": ({"aud": {}}, "aud", "missing, or neither"),
    "aud an empty list": ({"aud": []}, "aud", "a list of 0"),
    "aud a list with an empty text": ({"aud": [AUDIENCE, ""]}, "aud", "one of 0 characters"),
    "aud a list with a number": ({"aud": [AUDIENCE, 1]}, "aud", "missing, or neither"),
    "aud a list in a list": ({"aud": [[AUDIENCE]]}, "aud", "missing, or neither"),
    "aud a list of 17": ({"aud": [AUDIENCE] * 17}, "aud", "a list of 17, not 1 to 16"),
    "aud of 1001 characters": ({"aud": "a" * 1001}, "aud", "one of 1001 characters, not 1 to 1000"),
    "sub a number": ({"sub": 1}, "sub", "not a string"),
    "sub null": ({"sub": None}, "sub", "not a string"),
    "sub a list": ({"sub": [SUBJECT]}, "sub", "not a string"),
    "no exp": ({"exp": ...}, "exp", "missing, null or empty"),
    "exp null": ({"exp": None}, "exp", "missing, null or empty"),
    "exp empty": ({"exp": ""}, "exp", "missing, null or empty"),
}


@every(("changes", "claim", "reason"), MISSING.values(), ids=MISSING.keys())
def test_a_claim_that_is_missing_or_of_a_wrong_type(changes, claim, reason):
    found = refused(made(payload=claims(**changes)))
    assert found.row is CLAIM_MISSING
    assert found.fields == {"claim": claim}
    assert found.detail.startswith(f"payload: {claim} is ")
    assert reason in found.detail


READ = {
    "no sub": ({"sub": ...}, "subject", None),
    "sub empty": ({"sub": ""}, "subject", ""),
    "white space around iss": ({"iss": f" {ISSUER} "}, "issuer", f" {ISSUER} "),
    "iss of 4096 characters": ({"iss": "i" * 4096}, "issuer", "i" * 4096),
    "aud a list of one": ({"aud": [AUDIENCE]}, "audiences", (AUDIENCE,)),
    "aud a list of 16": ({"aud": ["a"] * 16}, "audiences", ("a",) * 16),
    "aud of 1000 characters": ({"aud": "a" * 1000}, "audiences", ("a" * 1000,)),
    "exp at the epoch": ({"exp": 0}, "expires", 0),
    "exp at the last second": ({"exp": 253_402_300_799}, "expires", 253_402_300_799),
    "exp a fraction": ({"exp": 1795442400.5}, "expires", 1795442400.5),
    "no nbf": ({"nbf": ...}, "not_before", None),
    "no iat": ({"iat": ...}, "issued_at", None),
    "no jti": ({"jti": ...}, "token_id", None),
    "jti empty": ({"jti": ""}, "token_id", None),
    "jti a number": ({"jti": 7}, "token_id", None),
    "jti of 512 characters": ({"jti": "j" * 512}, "token_id", "j" * 512),
    "jti of 513 characters": ({"jti": "j" * 513}, "token_id", None),
}


@every(("changes", "name", "value"), READ.values(), ids=READ.keys())
def test_what_may_be_absent_or_odd(changes, name, value):
    assert getattr(assertions.parse(made(payload=claims(**changes)), ENTRA), name) == value


ALGORITHMS = {
    **{f"{alg}, Entra": (alg, ENTRA, None) for alg in ("RS256", "RS384", "RS512")},
    **{f"{alg}, Entra": (alg, ENTRA, "RS256,RS384,RS512") for alg in ("PS256", "ES256", "EdDSA", "Ed25519", "RS1")},
    **{f"{alg}, extended": (alg, EXTENDED, None) for alg in EXTENDED.algorithms},
    **{
        f"{alg}, {name}": (alg, policy, ",".join(policy.algorithms))
        for alg in (
            "none",
            "None",
            "NONE",
            "nOnE",
            "HS256",
            "HS512",
            "rs256",
            "RSA1_5",
            "dir",
            "",
            "RS256 ",
            "ES521",
            "ES256K",
        )
        for name, policy in {"Entra": ENTRA, "extended": EXTENDED}.items()
    },
}


@every("signature", [b"x", b""], ids=["signed", "unsigned"])
@every(("alg", "policy", "allowed"), ALGORITHMS.values(), ids=ALGORITHMS.keys())
def test_algorithms_of_the_server(alg, policy, allowed, signature):
    text = made({"alg": alg}, signature=signature)
    if allowed is None and signature:
        assert assertions.parse(text, policy).key.alg == alg
    elif allowed is None:
        assert refused(text, policy).row is ASSERTION_MALFORMED
    else:
        found = refused(text, policy)
        assert found.row is ALGORITHM_NOT_ALLOWED
        assert found.fields == {"alg": alg, "allowed": allowed}


def test_the_lists_are_printed_in_order():
    assert ",".join(ENTRA.algorithms) == "RS256,RS384,RS512"
    assert ",".join(EXTENDED.algorithms) == "RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA,Ed25519"


TYPES = {
    "none, as Kubernetes": (..., True, True),
    "JWT": ("JWT", True, True),
    "jwt": ("jwt", True, True),
    "JwT": ("JwT", True, True),
    "OpenID": ("http://openid.net/specs/jwt/1.0", True, True),
    "OpenID, upper case": ("HTTP://OPENID.NET/specs/jwt/1.0", True, True),
    "JOSE": ("JOSE", False, True),
    "empty": ("", False, True),
    "at+jwt": ("at+jwt", False, True),
    "application/at+jwt": ("application/at+jwt", False, True),
    "application/jwt": ("application/jwt", False, True),
    "client-authentication+jwt": ("client-authentication+jwt", False, True),
    "JWT with a space": ("JWT ", False, True),
    "letters like JWT": ("\uff2a\uff37\uff34", False, True),
    "64 characters": ("x" * 64, False, True),
    "logout+jwt": ("logout+jwt", False, False),
    "Logout+JWT": ("Logout+JWT", False, False),
    "application/logout+jwt": ("application/logout+jwt", False, False),
    "secevent+jwt": ("secevent+jwt", False, False),
    "dpop+jwt": ("dpop+jwt", False, False),
    "entity-statement+jwt": ("entity-statement+jwt", False, False),
    "token-introspection+jwt": ("token-introspection+jwt", False, False),
    "kb+jwt": ("kb+jwt", False, False),
}


@every(("kind", "entra", "extended"), TYPES.values(), ids=TYPES.keys())
def test_types(kind, entra, extended):
    for policy, accepted in ((ENTRA, entra), (EXTENDED, extended)):
        text = made({"typ": kind})
        assert refusal(assertions.parse, text, policy) is (None if accepted else TYPE_NOT_ALLOWED)
        if not accepted:
            assert repr(kind) in refused(text, policy).detail


REFERENCES = {
    "a kid": {"kid": "k"},
    "an empty kid": {"kid": ""},
    "a thumbprint": {"kid": ..., "x5t": "t"},
    "a long thumbprint": {"kid": ..., "x5t#S256": "t"},
}


@every("header", REFERENCES.values(), ids=REFERENCES.keys())
def test_a_key_reference(header):
    assert not assertions.parse(made(header), ENTRA).key.missing


def test_without_one():
    text = made({"kid": ...})
    assert refused(text).row is KEY_REFERENCE_MISSING
    assert assertions.parse(text, EXTENDED).key.missing


ORDER = {
    "a broken payload before a wrong alg": (made({"alg": "none"}, b"x"), ASSERTION_MALFORMED),
    "the algorithm before the signature": (made({"alg": "none"}, signature=b""), ALGORITHM_NOT_ALLOWED),
    "the algorithm before crit": (made({"alg": "HS256", "crit": []}), ALGORITHM_NOT_ALLOWED),
    "the algorithm before the type": (made({"alg": "HS256", "typ": "at+jwt"}), ALGORITHM_NOT_ALLOWED),
    "the algorithm before the key reference": (made({"alg": "ES256", "kid": ...}), ALGORITHM_NOT_ALLOWED),
    "crit before the type": (made({"crit": [], "typ": "at+jwt"}), ASSERTION_MALFORMED),
    "the type before the key reference": (made({"typ": "at+jwt", "kid": ...}), TYPE_NOT_ALLOWED),
    "the key reference before the claims": (made({"kid": ...}, claims(iss=...)), KEY_REFERENCE_MISSING),
    "the issuer before the audience": (made(payload=claims(iss=..., aud=...)), CLAIM_MISSING),
    "missing claims before dates": (made(payload=claims(aud=..., exp="x")), CLAIM_MISSING),
}


@every(("text", "row"), ORDER.values(), ids=ORDER.keys())
def test_the_first_failing_check_decides(text, row):
    assert refused(text).row is row


EMBEDDED = {
    "jwk": {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}},
    "jku": {"jku": "https://evil.example/keys"},
    "x5u": {"x5u": "https://evil.example/certificate"},
    "x5c": {"x5c": ["MIIB"]},
    "all of them, of any type": {"jwk": 1, "jku": None, "x5u": [], "x5c": "x"},
}


@every("header", EMBEDDED.values(), ids=EMBEDDED.keys())
@every("policy", [ENTRA, EXTENDED], ids=["entra", "extended"])
def test_what_a_header_says_about_where_keys_are_is_ignored(header, policy):
    assert assertions.parse(made(header), policy).key == KeyReference("RS256", "key-1")


@every("kind", ["text", "json", "application/json", ""])
def test_a_content_type_that_is_no_jwt_says_nothing(kind):
    assert assertions.parse(made({"cty": kind}), ENTRA).header["cty"] == kind


@every("space", [" ", "\n", "\r\n", "\t \n\f\v", "\n\n"])
def test_white_space_around_a_token_file_is_stripped(space):
    plain, spaced = assertions.parse(GOOD, ENTRA), assertions.parse(space + GOOD + space, ENTRA)
    assert plain == spaced
    assert plain.digest == spaced.digest


class TestSelfSigned:
    @pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"])
    def test_it_has_algorithms_of_its_own(self, alg):
        assert assertions.parse(own({"alg": alg}), ENTRA).self_signed

    @pytest.mark.parametrize("alg", ["ES512", "EdDSA", "Ed25519", "HS256", "none"])
    def test_and_no_others(self, alg):
        found = refused(own({"alg": alg}), EXTENDED)
        assert found.row is ALGORITHM_NOT_ALLOWED
        assert found.fields["allowed"] == "RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384"

    @pytest.mark.parametrize("kind", [..., "JWT", "client-authentication+jwt", "JOSE", "at+jwt"])
    def test_any_type(self, kind):
        assert assertions.parse(own({"typ": kind}), ENTRA).self_signed

    def test_no_key_reference(self):
        assert assertions.parse(own({"kid": ...}), ENTRA).key.missing

    def test_padded_thumbprints_and_fractions(self):
        presented = assertions.parse(own({"x5t": "dGh1bWI="}, exp=AT + 300.5, iat=AT + 0.25, nbf=...), ENTRA)
        assert presented.key.x5t == "dGh1bWI="
        assert (presented.expires, presented.issued_at) == (AT + 300.5, AT + 0.25)

    def test_padded_segments(self):
        text = ".".join(each + "=" * (-len(each) % 4) for each in own().split("."))
        presented = assertions.parse(text, ENTRA)
        assert presented.claims == assertions.parse(own(), ENTRA).claims
        assert presented.signing_input.decode() == text.rpartition(".")[0]
        assert presented.digest == sha256(text.encode()).hexdigest()
        assert assertions.peek_client(text) == CLIENT

    def test_crit_is_refused_all_the_same(self):
        assert refused(own({"crit": []})).row is ASSERTION_MALFORMED

    @pytest.mark.parametrize("issuer", [..., None, "", 1, [CLIENT]])
    def test_iss_and_sub_that_are_equal_but_no_text_are_not(self, issuer):
        text = made({"alg": "ES256"}, claims(iss=issuer, sub=issuer))
        assert refusal(assertions.parse, text, ENTRA) is (CLAIM_MISSING if issuer == "" else ALGORITHM_NOT_ALLOWED)


PEEKED = {
    "self-signed": (own(), CLIENT),
    "self-signed, with white space around it": (f" {own()}\n", CLIENT),
    "self-signed, whatever the header says": (assemble(b"header", {"iss": CLIENT, "sub": CLIENT}), CLIENT),
    "of an issuer": (made(), None),
    "iss alone": (made(payload={"iss": CLIENT}), None),
    "sub alone": (made(payload={"sub": CLIENT}), None),
    "neither": (made(payload={}), None),
    "both empty": (made(payload={"iss": "", "sub": ""}), None),
    "both null": (made(payload={"iss": None, "sub": None}), None),
    "both a number": (made(payload={"iss": 1, "sub": 1}), None),
    "not an object": (made(payload=[CLIENT]), None),
    "sub twice": (made(payload=f'{{"iss":"{CLIENT}","sub":"x","sub":"{CLIENT}"}}'.encode()), None),
    "no token": ("x", None),
    "too large": (own(big="x" * 70_000), None),
}


@every(("text", "client"), PEEKED.values(), ids=PEEKED.keys())
def test_the_client_that_a_self_signed_assertion_names(text, client):
    assert assertions.peek_client(text) == client


def sized(length):
    """A token of exactly so many characters."""
    lists = {f"l{number}": ["x" * 4000] * 1 for number in range(11)}
    signature = b64(b"x" * 300)
    head = b64(compact_json(HEADER))
    for fill in range(4000):
        payload = b64(compact_json({**claims(), **lists, "fill": "y" * fill}))
        missing = length - len(head) - len(payload) - 2
        if missing < 4000 and missing % 4 != 1:
            return f"{head}.{payload}.{signature[:0]}{'A' * missing}"
    raise AssertionError


def nested(depth):
    value = "x"
    for _ in range(depth - 1):
        value = [value]
    return made(payload=claims(deep=value))


LIMITS = {
    "characters of an assertion": (sized, 64 * 1024, "longer than 65536 characters"),
    "characters of a header": (
        lambda n: made({"x": "y" * (n * 3 // 4 - len(compact_json({**HEADER, "x": ""})))}),
        4096,
        "header: longer than 4096 characters",
    ),
    "characters of a kid": (lambda n: made({"kid": "k" * n}), 256, "header: kid is longer than 256 characters"),
    "characters of a thumbprint": (lambda n: made({"x5t": "k" * n}), 256, "header: x5t is longer than 256 characters"),
    "members": (
        lambda n: made(payload=claims(**{f"m{number}": number for number in range(n - 7)})),
        512,
        "payload: more than 512 members",
    ),
    "members, nested": (
        lambda n: made(payload=claims(m={f"m{number}": number for number in range(n - 8)})),
        512,
        "payload: more than 512 members",
    ),
    "depth": (nested, 8, "payload: nested deeper than 8"),
    "characters of a claim": (
        lambda n: made(payload=claims(more="x" * n)),
        4096,
        "payload: a string of more than 4096 characters",
    ),
    "elements of a list": (
        lambda n: made(payload=claims(more=["x"] * n)),
        256,
        "payload: a list of more than 256 elements",
    ),
}


@every(("make", "limit", "reason"), LIMITS.values(), ids=LIMITS.keys())
def test_limits_hold_exactly(make, limit, reason):
    for below in (limit - 1, limit):
        assert assertions.parse(make(below), ENTRA)
    step = 2 if "header" in reason and "kid" not in reason and "x5t" not in reason else 1
    found = refused(make(limit + step))
    assert found.row is ASSERTION_MALFORMED
    assert found.detail == reason


def test_the_type_limit_holds_exactly():
    assert assertions.parse(made({"typ": "x" * 64}), EXTENDED)
    assert refused(made({"typ": "x" * 65}), EXTENDED).detail == "header: typ is longer than 64 characters"


def test_a_token_with_many_tags_is_within_the_limits():
    tags = {f"key{number:03}": "v" * 250 for number in range(50)}
    nested_claims = {"https://sts.amazonaws.com/": {"principal_tags": tags, "request_tags": tags}}
    text = made(payload=claims(**nested_claims))
    assert len(text) > 26 * 1024
    assert assertions.parse(text, ENTRA).claims["https://sts.amazonaws.com/"]["request_tags"] == tags


CANARY = "canary-1ab7"


def test_neither_value_nor_refusal_shows_what_must_not_reach_a_log():
    text = made({"x": CANARY}, claims(secret=CANARY), CANARY.encode())
    presented = assertions.parse(text, ENTRA)
    for shown in (repr(presented), repr(compact.split(text)), repr(CompactToken(text)), str(CompactToken(text))):
        assert CANARY not in shown
        assert text[-10:] not in shown
    assert repr(CompactToken("12345")) == "CompactToken(5 characters)"
    assert CompactToken(text).value == text


@given(
    st.sampled_from([CANARY, b64(CANARY.encode())]), st.sampled_from(["{0}", "{0}.{0}.{0}", "e30.{0}.x", "{0}=.a.b"])
)
def test_no_refusal_carries_text_of_the_assertion(canary, form):
    found = refused(form.format(canary))
    assert canary not in repr((found.detail, found.fields, found.args))
    assert canary not in repr(found.__cause__)
    assert found.__cause__ is None or found.__cause__.__context__ is None


def test_the_digest_is_that_of_the_whole_assertion():
    text = token()
    assert assertions.parse(f"{text}\n", ENTRA).digest == compact.sha256(text.encode()).hexdigest()


@given(strategies.compact_tokens())
def test_any_text_is_read_or_refused(text):
    rows = {ASSERTION_MALFORMED, ALGORITHM_NOT_ALLOWED, TYPE_NOT_ALLOWED, KEY_REFERENCE_MISSING, CLAIM_MISSING, None}
    assert refusal(assertions.parse, text, ENTRA) in rows
    assert refusal(assertions.parse, text, EXTENDED) in rows
    assert isinstance(assertions.peek_client(text), str | None)


@given(st.text(max_size=60))
def test_any_characters_are_read_or_refused(text):
    assert refusal(assertions.parse, text, ENTRA) is ASSERTION_MALFORMED


@given(strategies.claim_sets())
def test_honest_claims_are_read_as_they_are(payload):
    presented = assertions.parse(made(payload=payload), ENTRA)
    assert presented.claims == payload
    assert (presented.issuer, presented.subject, presented.expires) == (payload["iss"], payload["sub"], payload["exp"])


@given(strategies.compact_tokens())
def test_what_entra_reads_extended_reads_alike(text):
    if refusal(assertions.parse, text, ENTRA) is None:
        assert assertions.parse(text, ENTRA) == assertions.parse(text, EXTENDED)


@given(strategies.claim_sets(), st.data())
def test_one_assertion_has_one_spelling(payload, data):
    text = made(payload=payload)
    at = data.draw(st.integers(0, len(text) - 1))
    other = text[:at] + data.draw(st.sampled_from("ABCDEFGHIJKLMNOPabcdef019-_")) + text[at + 1 :]
    if other != text and refusal(assertions.parse, other, ENTRA) is None:
        one, two = assertions.parse(text, ENTRA), assertions.parse(other, ENTRA)
        assert (one.signing_input, one.signature) != (two.signing_input, two.signature)
        assert one.digest != two.digest
