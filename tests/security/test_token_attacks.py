"""What attack tools do to a token, done to a running server, which must refuse each and visit nobody for it.

The modes are written here from their description: algorithm none, null signature, blank password, spoofed key set
(jku), key confusion, inline key (jwk), and injections through kid. All share one honest token to begin with.
"""

import hashlib
import hmac
import json
from base64 import b64encode, urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests import forge
from tests.forge import b64, compact_json
from tests.ops.test_lifecycle import TENANT, mint, workload_form
from tests.support.every import every
from tests.support.recorder import silent

pytestmark = pytest.mark.slow
HMACS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def decoded(part):
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def parts(token):
    header, payload, signature = token.split(".")
    return decoded(header), decoded(payload), signature


def ask(server, token):
    answer = server.token(TENANT, workload_form(token))
    assert answer.status_code < 500, answer.text
    assert "access_token" not in answer.text
    return answer.json()["error_codes"][0]


@pytest.fixture(scope="module")
def honest(server):
    token = mint(server)
    assert server.token(TENANT, workload_form(token)).status_code == 200
    return token


@pytest.fixture
def nobody():
    """An address that a token names; nobody may come."""
    with silent() as address:
        yield address
    assert address.visits == 0


@every("signature", ["", "AAAA", "honest"])
@every("alg", ["none", "None", "NONE", "nOnE", "noNe", " none", "none ", ""])
def test_algorithm_none(server, honest, alg, signature):
    header, payload, real = parts(honest)
    kept = real if signature == "honest" else signature
    token = f"{b64(compact_json(header | {'alg': alg}))}.{b64(compact_json(payload))}.{kept}"
    assert ask(server, token) in ((5002738,) if alg.strip() else (5002738, 50027))


def test_null_signature(server, honest):
    header, payload, _ = honest.split(".")
    assert ask(server, f"{header}.{payload}.") == 50027
    assert ask(server, f"{header}.{payload}") == 50027
    for junk in ("AA", "A" * 342, "A" * 341 + "A", "_" * 342):
        assert ask(server, f"{header}.{payload}.{junk}") in (50027, 700027)


@every("alg", HMACS)
@every("password", [b"", b"\0", b"secret", b"null"])
def test_blank_and_common_passwords(server, honest, alg, password):
    header, payload, _ = parts(honest)
    signed = f"{b64(compact_json(header | {'alg': alg}))}.{b64(compact_json(payload))}"
    mac = hmac.new(password, signed.encode(), HMACS[alg]).digest()
    assert ask(server, f"{signed}.{b64(mac)}") == 5002738


@every("alg", HMACS)
@every("form", ["pem", "pem without end", "pkcs1 pem", "der", "jwk", "jwks", "n"])
def test_key_confusion(server, honest, alg, form):
    header, payload, _ = parts(honest)
    document = server.http.get("/idp/github/.well-known/jwks")
    jwk = next(each for each in document.json()["keys"] if each["kid"] == header["kid"])
    numbers = [int.from_bytes(urlsafe_b64decode(jwk[name] + "==")) for name in ("e", "n")]
    public = RSAPublicNumbers(*numbers).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    password = {
        "pem": pem,
        "pem without end": pem.rstrip(b"\n"),
        "pkcs1 pem": public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "jwk": compact_json(jwk),
        "jwks": document.content,
        "n": jwk["n"].encode(),
    }[form]
    signed = f"{b64(compact_json(header | {'alg': alg}))}.{b64(compact_json(payload))}"
    mac = hmac.new(password, signed.encode(), HMACS[alg]).digest()
    assert ask(server, f"{signed}.{b64(mac)}") == 5002738


@pytest.mark.parametrize("kid", ["honest", "own", "absent"])
@pytest.mark.parametrize("member", ["jku", "jwk", "x5u", "x5c", "all"])
def test_keys_in_the_header_or_behind_a_link_are_not_keys(server, honest, nobody, member, kid):
    header, payload, _ = parts(honest)
    mine = forge.certificate("RS256", 7)
    jwk = forge.jwk(mine.key, kid="mine" if kid == "own" else header["kid"], alg="RS256")
    offered = {
        "jku": f"http://127.0.0.1:{nobody.port}/jwks",
        "x5u": f"https://127.0.0.1:{nobody.port}/chain",
        "jwk": jwk,
        "x5c": [b64encode(mine.der).decode()],
    }
    added = offered if member == "all" else {member: offered[member]}
    named = {"honest": {}, "own": {"kid": "mine"}, "absent": {"kid": ...}}[kid]
    token = forge.token(payload, key=mine.key, header={**header, **added, **named})
    assert ask(server, token) == {"honest": 700027, "own": 7000272, "absent": 5002723}[kid]


@pytest.mark.parametrize("member", ["jku", "x5u"])
def test_an_honest_token_may_link_to_anything_and_is_judged_on_the_registered_key(server, nobody, member):
    link = f"http://127.0.0.1:{nobody.port}/"
    answer = server.http.post("/idp/_mint", json={"dialect": "github", "params": {}, "header": {member: link}})
    assert server.token(TENANT, workload_form(answer.json()["token"])).status_code == 200


KIDS = [
    "../../../../dev/null",
    "/dev/null",
    "/proc/self/environ",
    "file:///etc/passwd",
    "http://127.0.0.1:1/key",
    "' UNION SELECT 'secret'; --",
    "x' OR '1'='1",
    '"; DROP TABLE signing_keys; --',
    "key;sleep 10",
    "| sleep 10",
    "$(sleep 10)",
    "`sleep 10`",
    "key\0",
    "key\r\nSet-Cookie: x=y",
    "\x1b[31m",
    "\u202ekey",
    "",
    "x" * 256,
    "x" * 257,
    "x" * 60_000,
    ["a"],
    {"a": 1},
    7,
    None,
]


@every("kid", KIDS, ids=lambda kid: repr(kid)[:24])
def test_injections_through_the_key_id(server, honest, kid):
    header, payload, _ = parts(honest)
    token = forge.token(payload, key=forge.key_for("RS256", 7), header={**header, "kid": kid})
    code = ask(server, token)
    fits = isinstance(kid, str) and 0 < len(kid) <= 256
    assert code in ((7000272,) if fits else (50027, 5002723, 7000272))


CHANGES = [
    {"sub": "repo:octo-org@123456/octo-repo@456789:environment:production "},
    {"sub": "repo:evil/octo-repo:environment:production"},
    {"exp": 4_000_000_000},
    {"exp": 10**300},
    {"aud": ["api://AzureADTokenExchange", "api://evil"]},
    {"iss": "https://token.actions.githubusercontent.com/"},
    {"iss": "https://token.actions.githubusercontent.com\0"},
    {"new": "claim"},
]


@every("change", CHANGES, ids=lambda change: json.dumps(change)[:40])
def test_claims_changed_under_an_honest_signature(server, honest, change):
    header, payload, signature = honest.split(".")
    token = f"{header}.{b64(compact_json(decoded(payload) | change))}.{signature}"
    assert ask(server, token) in (700027, 700211, 700212, 700213, 50027, 90014)


@every("where", range(3))
def test_every_flipped_character_is_noticed(server, honest, where):
    pieces = honest.split(".")
    for at in range(0, len(pieces[where]), max(1, len(pieces[where]) // 12)):
        other = "A" if pieces[where][at] != "A" else "B"
        changed = pieces[where][:at] + other + pieces[where][at + 1 :]
        assert ask(server, ".".join((*pieces[:where], changed, *pieces[where + 1 :])))
