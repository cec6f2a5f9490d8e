"""What tells one assertion from another: the same one in another writing is the same one."""

from base64 import urlsafe_b64decode
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from msgspec.structs import replace as changed

from accredit import assertions
from accredit.assertions import EXTENDED, Once, once
from accredit.errors import Refused
from accredit.issuers import jwks
from tests import forge
from tests.forge import AT, NOW, claims, jwk, key_for, token
from tests.issuers.records import extended
from tests.support.every import every

RECORD = changed(extended(), replay="enforce")
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def used(text: str, record=RECORD) -> Once | None:
    keys = jwks.parse(forge.jwks(*(jwk(key_for(alg), kid=alg) for alg in ("RS256", "PS256", "ES256"))), record)
    return once(assertions.verify(assertions.parse(text, EXTENDED), record, keys, NOW))


def signed(alg="RS256", **changes) -> str:
    return token(claims(**changes), alg=alg, header={"kid": alg})


def test_a_record_that_does_not_look_remembers_nothing():
    assert used(signed(), changed(RECORD, replay="off")) is None


def test_it_is_remembered_until_it_is_expired_for_everybody():
    observed = used(signed(), changed(RECORD, replay="observe", skew=0))
    assert (observed.until, observed.enforced, len(observed.key)) == (AT + 300 + 300 + 5, False, 32)
    assert used(signed()).enforced


SAME = {
    "its jti again, in a token that says something else": (signed(), signed(exp=AT + 200, sub="repo:o/r:x")),
    "its jti again, with another algorithm": (signed(), signed("ES256")),
    "white space around it": (signed(jti=...), f" \t{signed(jti=...)}\r\n"),
    "a second signature over the same": (signed("PS256", jti=...), signed("PS256", jti=...)),
    "a second signature over the same, of an elliptic key": (signed("ES256", jti=...), signed("ES256", jti=...)),
}
OTHER = {
    "another jti": (signed(), signed(jti="2")),
    "a token without jti that says something else": (signed(jti=...), signed(jti=..., exp=AT + 200)),
    "a jti that is empty, and no jti": (signed(jti="", exp=AT + 200), signed(jti=...)),
    "a jti that is what another one signed": (signed(jti=...), signed(jti=signed(jti=...).rpartition(".")[0][:512])),
}


@every("sentence", SAME)
def test_one_assertion_is(sentence):
    first, second = SAME[sentence]
    assert used(first).key == used(second).key


@every("sentence", OTHER)
def test_two_assertions_are(sentence):
    first, second = OTHER[sentence]
    assert used(first).key != used(second).key


def test_one_jti_of_two_records_or_two_tenants_is_two_assertions():
    keys = {
        used(signed(), record).key
        for record in (RECORD, changed(RECORD, id=UUID(int=77)), changed(RECORD, tenant_id=UUID(int=78)))
    }
    assert len(keys) == 3


def negated(text: str) -> str:
    """The other signature that verifies where one does: s, and the order less s."""
    signing_input, _, signature = text.rpartition(".")
    octets = urlsafe_b64decode(signature + "==")
    s = ORDER_OF_P256 - int.from_bytes(octets[32:])
    return f"{signing_input}.{forge.b64(octets[:32] + s.to_bytes(32))}"


def in_der(text: str) -> str:
    signing_input = text.rpartition(".")[0]
    der = forge.sign("ES256", key_for("ES256"), signing_input.encode(), der=True)
    assert decode_dss_signature(der)
    return f"{signing_input}.{forge.b64(der)}"


def with_bits(text: str) -> str:
    """The last character with bits set that no octet has."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]


def in_payload(text: str, change) -> str:
    header, payload, signature = text.split(".")
    return f"{header}.{change(payload)}.{signature}"


MALLEABLE = {  # another writing of one signed token
    "the other signature of an elliptic key": negated,
    "its signature in DER": in_der,
    "bits behind the last octet of the signature": with_bits,
    "bits behind the last octet of the payload": lambda text: in_payload(text, with_bits),
    "padding": lambda text: f"{text}==",
    "padding of the payload": lambda text: in_payload(text, lambda payload: payload + "=" * (-len(payload) % 4 or 4)),
    "a line break in the payload": lambda text: in_payload(text, lambda payload: f"{payload[:9]}\n{payload[9:]}"),
    "another alphabet": lambda text: text.replace("-", "+").replace("_", "/") + "+",
    "a fourth segment": lambda text: f"{text}.AA",
    "blanks around it": lambda text: f"  {text}\n",
}


@every("sentence", MALLEABLE)
def test_another_writing_is_no_second_assertion(sentence):
    text = signed("ES256", jti=...)
    again = MALLEABLE[sentence](text)
    assert again != text
    try:
        found = used(again)
    except Refused:
        return  # it proves nothing at all
    assert found.key == used(text).key
    assert sentence in {"the other signature of an elliptic key", "blanks around it"}
