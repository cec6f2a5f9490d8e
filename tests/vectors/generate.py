"""Write this project's own vectors: ``python -m tests.vectors.generate``. The private keys are thrown away.

``own/tokens.json``: tokens that are read and proven, or refused, at ``at`` with the given key set.
``own/keys.json``: single keys that are used, or dropped by a rule.
Each has a sentence, a class and what is expected: ``accepted``, the name of a row of the catalogue, or a rule's id.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests import forge
from tests.forge import AT, ISSUER, b64, claims, compact_json, jwk, key_for, octets_of, rsa_key, sign, token
from tests.issuers.weak import modulus, roca_modulus

OWN = Path(__file__).with_name("own")
Vector = dict[str, Any]


def tokens() -> Iterator[Vector]:
    """Tokens, each with the key set it is judged with."""
    for alg in forge.ALGORITHMS:
        yield _token(f"{alg}, nothing wrong with it", "honest", token(alg=alg), [jwk(key_for(alg), kid="key-1")])
    yield from _spellings()
    yield from _signatures()
    yield from _ecdsa()
    yield from _headers()
    yield from _payloads()
    yield from _key_sets()


def _token(sentence: str, kind: str, text: str, keys: list[Any], expect: str = "accepted") -> Vector:
    return {"sentence": sentence, "class": kind, "token": text, "keys": keys, "expect": expect}


def _spellings() -> Iterator[Vector]:
    good, keys = token(), [jwk(key_for("RS256"), kid="key-1")]
    header, payload, signature = good.split(".")
    malformed = {
        ("padding", "the header is padded"): f"{header}=.{payload}.{signature}",
        ("padding", "the payload is padded"): f"{header}.{payload}==.{signature}",
        ("padding", "the signature is padded"): f"{good}==",
        ("alphabet", "the signature is in the standard alphabet"): f"{header}.{payload}.{signature[:-4]}+/+/",
        ("alphabet", "a new line in the payload"): f"{header}.{payload[:8]}\n{payload[8:]}.{signature}",
        ("alphabet", "a space in the signature"): f"{header}.{payload}.{signature[:8]} {signature[8:]}",
        ("alphabet", "a percent sign"): good.replace(".", "%2E"),
        ("trailing bits", "stray bits at the end of the signature"): good[:-1] + _next(good[-1]),
        ("trailing bits", "one character too many"): good + "AAA",
        ("segments", "the signature is missing"): f"{header}.{payload}",
        ("segments", "the signature is empty"): f"{header}.{payload}.",
        ("segments", "the payload is empty"): f"{header}..{signature}",
        ("segments", "there is a fourth segment"): f"{good}.",
        ("segments", "the JSON serialization"): json.dumps(
            {"payload": payload, "protected": header, "signature": signature}
        ),
    }
    for (kind, sentence), text in malformed.items():
        yield _token(sentence, kind, text, keys, "ASSERTION_MALFORMED")
    yield _token("white space around it", "alphabet", f" {good}\r\n", keys)


def _next(last: str) -> str:
    """The next character of the alphabet: it differs in bits that no octet uses."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(last) + 1]


def _signatures() -> Iterator[Vector]:
    keys = [jwk(key_for("RS256"), kid="key-1"), jwk(key_for("ES256"), kid="key-2")]
    one, other = token(claims(jti="1")), token(claims(jti="2"))
    content, _, signature = one.rpartition(".")
    bad = {
        "truncated": f"{content}.{b64(_octets(signature)[:-1])}",
        "of another token": f"{content}.{other.rpartition('.')[2]}",
        "of another algorithm of the same key": f"{content}.{token(claims(jti='1'), alg='PS256').rpartition('.')[2]}",
        "of nobody": f"{content}.{b64(bytes(256))}",
        "of all ones": f"{content}.{b64(bytes([255]) * 256)}",
        "a leading zero too many": f"{content}.{b64(bytes(1) + _octets(signature))}",
        "of another key": token(claims(jti="1"), key=rsa_key(2048, 1)),
        "of another key of the set": token(claims(jti="1"), alg="ES256", header={"alg": "ES256", "kid": "key-1"}),
    }
    for sentence, text in bad.items():
        row = "KEY_UNSUITABLE" if "of the set" in sentence else "SIGNATURE_INVALID"
        yield _token(f"the signature is {sentence}", "signature", text, keys, row)
    yield _token("the payload is of another token", "signature", _swapped(one, other), keys, "SIGNATURE_INVALID")


def _octets(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "==")


def _swapped(one: str, other: str) -> str:
    header, _, signature = one.split(".")
    return f"{header}.{other.split('.')[1]}.{signature}"


def _ecdsa() -> Iterator[Vector]:
    for alg, order in ORDERS.items():
        key, keys = key_for(alg), [jwk(key_for(alg), kid="key-1")]
        content = token(alg=alg).rpartition(".")[0]
        raw = sign(alg, key, content.encode())
        size = len(raw) // 2
        r, s = int.from_bytes(raw[:size]), int.from_bytes(raw[size:])
        bad = {
            "in DER": encode_dss_signature(r, s),
            "over-long": raw[:size].rjust(size + 1, b"\0") + raw[size:].rjust(size + 1, b"\0"),
            "one octet short": raw[:-1],
            "with r = 0": bytes(size) + raw[size:],
            "with s = 0": raw[:size] + bytes(size),
            "with r = 0 and s = 0": bytes(2 * size),
            "with r = order": order.to_bytes(size) + raw[size:],
            "with s = order": raw[:size] + order.to_bytes(size),
        }
        for sentence, signature in bad.items():
            yield _token(f"{alg} {sentence}", "ecdsa", f"{content}.{b64(signature)}", keys, "SIGNATURE_INVALID")
        mirrored = raw[:size] + (order - s).to_bytes(size)
        yield _token(f"{alg} with the other s that holds", "ecdsa", f"{content}.{b64(mirrored)}", keys)


ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    "ES512": int("1" + "F" * 65 + "A51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
}


def _headers() -> Iterator[Vector]:
    keys = [jwk(key_for("RS256"), kid="key-1")]
    cases: dict[str, tuple[dict[str, object], str]] = {
        "alg none": ({"alg": "none"}, "ALGORITHM_NOT_ALLOWED"),
        "alg nOnE": ({"alg": "nOnE"}, "ALGORITHM_NOT_ALLOWED"),
        "alg HS256": ({"alg": "HS256"}, "ALGORITHM_NOT_ALLOWED"),
        "alg of another case": ({"alg": "rs256"}, "ALGORITHM_NOT_ALLOWED"),
        "no alg": ({"alg": ...}, "ASSERTION_MALFORMED"),
        "crit": ({"crit": ["x"], "x": 1}, "ASSERTION_MALFORMED"),
        "b64": ({"b64": False, "crit": ["b64"]}, "ASSERTION_MALFORMED"),
        "zip": ({"zip": "DEF"}, "ASSERTION_MALFORMED"),
        "a nested JWT": ({"cty": "JWT"}, "ASSERTION_MALFORMED"),
        "another kind of token": ({"typ": "logout+jwt"}, "TYPE_NOT_ALLOWED"),
        "an unknown kid": ({"kid": "key-2"}, "KEY_NOT_FOUND"),
        "a kid that is a path": ({"kid": "../../key-1"}, "KEY_NOT_FOUND"),
        "a kid that is a number": ({"kid": 1}, "ASSERTION_MALFORMED"),
        "a jku of somebody else": ({"jku": "https://evil.example/jwks"}, "accepted"),
        "a jwk of somebody else": ({"jwk": jwk(rsa_key(2048, 1))}, "accepted"),
    }
    for sentence, (header, expect) in cases.items():
        yield _token(f"a header with {sentence}", "header", token(header=header), keys, expect)
    embedded = token(key=rsa_key(2048, 1), header={"jwk": jwk(rsa_key(2048, 1))})
    yield _token("a header with the key that signed it", "header", embedded, keys, "SIGNATURE_INVALID")
    unsigned = token(header={"alg": "none"}).rpartition(".")[0] + "."
    yield _token("alg none and no signature", "header", unsigned, keys, "ALGORITHM_NOT_ALLOWED")


def _payloads() -> Iterator[Vector]:
    keys = [jwk(key_for("RS256"), kid="key-1")]
    usual = compact_json(claims())[1:]
    cases: dict[str, tuple[object, str]] = {
        "sub twice": (b'{"sub":"x",' + usual, "ASSERTION_MALFORMED"),
        "exp twice, once escaped": (b'{"\\u0065xp":1,' + usual, "ASSERTION_MALFORMED"),
        "NaN": (b'{"x":NaN,' + usual, "ASSERTION_MALFORMED"),
        "half a surrogate pair": (b'{"x":"\\ud800",' + usual, "ASSERTION_MALFORMED"),
        "no JSON": (b"foo", "ASSERTION_MALFORMED"),
        "a list": ([1], "ASSERTION_MALFORMED"),
        "exp as text": (claims(exp=str(AT + 300)), "ASSERTION_MALFORMED"),
        "exp true": (claims(exp=True), "ASSERTION_MALFORMED"),
        "no exp": (claims(exp=...), "CLAIM_MISSING"),
        "no iss": (claims(iss=...), "CLAIM_MISSING"),
        "an empty aud": (claims(aud=[]), "CLAIM_MISSING"),
        "a number as sub": (claims(sub=1), "CLAIM_MISSING"),
        "another issuer": (claims(iss=ISSUER + "/"), "ISSUER_NOT_TRUSTED"),
        "exp long ago": (claims(exp=AT - 3600), "NOT_IN_TIME"),
        "a life of a year": (claims(exp=AT + 31_536_000), "LIFETIME_TOO_LONG"),
        "fractions as dates": (claims(exp=AT + 300.5, iat=AT - 0.5), "accepted"),
    }
    for sentence, (payload, expect) in cases.items():
        yield _token(f"a payload with {sentence}", "payload", token(payload), keys, expect)


def _key_sets() -> Iterator[Vector]:
    mine, alive = jwk(key_for("RS256"), kid="key-1"), jwk(key_for("ES256"), kid="alive")
    sets: dict[str, tuple[list[Any], str]] = {
        "two different keys of one kid": ([mine, jwk(rsa_key(2048, 1), kid="key-1"), alive], "KEY_UNSUITABLE"),
        "the same key twice": ([mine, mine], "accepted"),
        "a key for encryption": ([{**mine, "use": "enc"}, alive], "KEY_UNSUITABLE"),
        "a key for signing only": ([{**mine, "key_ops": ["sign"]}, alive], "KEY_UNSUITABLE"),
        "a key for another algorithm": ([{**mine, "alg": "PS256"}, alive], "KEY_UNSUITABLE"),
        "a key of another type": ([jwk(key_for("ES256"), kid="key-1")], "KEY_UNSUITABLE"),
        "a published private key": ([{**mine, "d": "AQAB"}, alive], "KEY_UNSUITABLE"),
        "no usable key at all": ([{"kty": "oct", "k": "AQAB", "kid": "key-1"}], "ISSUER_UNREACHABLE"),
    }
    for sentence, (keys, expect) in sets.items():
        yield _token(f"a key set of {sentence}", "key set", token(), keys, expect)
    small = token(key=rsa_key(1024))
    yield _token("a key of 1024 bits", "key set", small, [jwk(rsa_key(1024), kid="key-1"), alive], "KEY_UNSUITABLE")


def single_keys() -> Iterator[Vector]:
    """Single keys, judged by a record that takes every algorithm."""
    usual: Vector = {"kid": "key-1"}
    mine, point, edwards = (jwk(key_for(alg), **usual) for alg in ("RS256", "ES256", "EdDSA"))
    made: dict[str, tuple[object, str]] = {
        "an RSA key": (mine, "accepted"),
        "an EC key": (point, "accepted"),
        "an Ed25519 key": (edwards, "accepted"),
        "RSA, 2048 bits exactly": (_rsa(modulus(2048)), "accepted"),
        "RSA, 8192 bits exactly": (_rsa(modulus(8192)), "accepted"),
        "RSA, 1024 bits": (jwk(rsa_key(1024), **usual), "KP-02"),
        "RSA, 2047 bits": (_rsa(modulus(2047)), "KP-02"),
        "RSA, 8193 bits": (_rsa(modulus(8193)), "KP-02"),
        "RSA, even": (_rsa((1 << 2047) + 2), "KP-02"),
        "RSA, a small divisor": (_rsa(modulus(2040) * 997), "KP-02"),
        "RSA, e = 1": ({**mine, "e": "AQ"}, "KP-03"),
        "RSA, e = 3": ({**mine, "e": "Aw"}, "KP-03"),
        "RSA, e even": ({**mine, "e": "AQAC"}, "KP-03"),
        "RSA, e above 2^32": (_rsa(modulus(2048), 2**32 + 1), "KP-03"),
        "RSA, ROCA": (_rsa(roca_modulus()), "KP-04"),
        "EC, off the curve": ({**point, "y": point["x"]}, "KP-05"),
        "EC, the point (0, 0)": ({**point, "x": b64(bytes(32)), "y": b64(bytes(32))}, "KP-05"),
        "EC, a short coordinate": ({**point, "x": b64(bytes(31))}, "KP-05"),
        "EC, another curve": ({**point, "crv": "P-384"}, "KP-05"),
        "EC, an unknown curve": ({**point, "crv": "P-224"}, "KP-05"),
        "OKP, another curve": ({**edwards, "crv": "X25519"}, "KP-06"),
        "OKP, 31 octets": ({**edwards, "x": b64(bytes(31))}, "KP-06"),
        "for encryption": ({**mine, "use": "enc"}, "KP-07"),
        "for signing only": ({**mine, "key_ops": ["sign"]}, "KP-08"),
        "for verifying and encrypting": ({**mine, "key_ops": ["verify", "encrypt"]}, "KP-08"),
        "RSA that says ES256": ({**mine, "alg": "ES256"}, "KP-09"),
        "RSA that says HS256": ({**mine, "alg": "HS256"}, "KP-09"),
        "EC that says ES521": ({**point, "alg": "ES521"}, "KP-09"),
        "a kid of 257 characters": ({**mine, "kid": "k" * 257}, "KP-10"),
        "private": ({**mine, "d": "AQAB"}, "KP-11"),
        "padded": ({**mine, "e": "AQAB===="}, "KP-12"),
        "with a new line": ({**mine, "n": mine["n"] + "\n"}, "KP-12"),
        "in the standard alphabet": ({**mine, "n": "+" + mine["n"][1:]}, "KP-12"),
        "with stray bits": ({**edwards, "x": edwards["x"][:-1] + _next(edwards["x"][-1])}, "KP-12"),
        "symmetric": ({"kty": "oct", "kid": "key-1", "k": "AQAB"}, "KP-01"),
        "of an unknown type": ({"kty": "AKP", "kid": "key-1"}, "KP-15"),
    }
    for sentence, (key, expect) in made.items():
        yield {"sentence": sentence, "class": "key", "key": key, "expect": expect}


def _rsa(n: int, e: int = 65_537) -> Vector:
    return {"kty": "RSA", "use": "sig", "kid": "key-1", "n": b64(octets_of(n)), "e": b64(octets_of(e))}


def main() -> None:
    """Write both files."""
    OWN.mkdir(exist_ok=True)
    for name, vectors in (("tokens", tokens()), ("keys", single_keys())):
        content = {"at": AT, "issuer": ISSUER, "vectors": list(vectors)}
        (OWN / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
