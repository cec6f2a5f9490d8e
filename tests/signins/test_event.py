from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from accredit import errors
from accredit.assertions import ENTRA, parse, registered, verify_self_signed
from accredit.directory import Application, Client, KnownSecret, Resource, ServicePrincipal, Tenant
from accredit.errors import Refused
from accredit.signins import PERSON, PERSONAL, Event, Sender, SignIn, claim_kept, kept
from accredit.signins.event import LONGEST, MOST_CLAIMS, MOST_VERDICTS
from accredit.trust import match
from tests.forge import AT, AUDIENCE, ISSUER, NOW, SUBJECT, certificate, claims, token
from tests.support.every import every
from tests.support.trusting import credential, presented, trusted

TRACE, CORRELATION, APP_ID = UUID(int=1 << 8), UUID(int=2), UUID(int=3)
TENANT = Tenant(id=UUID(int=4), display_name="Contoso", domains=("contoso.test",), created_at=NOW)
APPLICATION = Application(id=UUID(int=5), tenant_id=TENANT.id, app_id=APP_ID, display_name="deploy-bot", created_at=NOW)
PRINCIPAL = ServicePrincipal(id=UUID(int=6), tenant_id=TENANT.id, app_id=APP_ID, display_name="bot", created_at=NOW)
ORDERS = Resource(
    principal_id=UUID(int=7), app_id=UUID(int=8), display_name="orders", names=(), roles=(), token_version=2
)


def signin(**filled):
    made = SignIn(
        NOW, Sender(TRACE, CORRELATION, "203.0.113.9", "curl/8"), TENANT, Client(APPLICATION, PRINCIPAL), version=7
    )
    return replace(made, **filled)


def test_an_attempt_that_was_granted():
    event = signin(
        wanted="api://orders",
        evidence="federatedIdentityCredential",
        presented=presented(),
        credential=credential(9),
        proof_state="proven",
        resource=ORDERS,
        roles=("Read", "Write"),
    ).event(None, 1.25)
    assert (event.id, event.correlation_id, event.at, event.duration) == (TRACE, CORRELATION, NOW, 1.25)
    assert (event.tenant_id, event.app_id, event.app_name, event.principal_id) == (
        TENANT.id,
        APP_ID,
        "deploy-bot",
        PRINCIPAL.id,
    )
    assert (event.address, event.user_agent) == ("203.0.113.9", "curl/8")
    assert (event.code, event.failure, event.detail, event.verdicts) == (0, "", "", ())
    assert (event.credential_id, event.credential_name) == (UUID(int=9), "credential-9")
    assert event.issuer_id == credential(9).issuer.id
    assert (event.issuer, event.subject, event.audiences) == (ISSUER, SUBJECT, (AUDIENCE,))
    assert (event.algorithm, event.kid, event.token_id) == ("RS256", "key-1", "1")
    assert (event.issued, event.expires, event.digest) == (AT, AT + 300, presented().digest)
    assert (event.resource_app_id, event.resource_principal_id) == (ORDERS.app_id, ORDERS.principal_id)
    assert (event.resource_name, event.roles, event.wanted) == ("orders", ("Read", "Write"), "api://orders")
    assert event.uti == "AAAAAAAAAAAAAAAAAAABAA"


def test_an_attempt_that_was_refused_early_says_what_is_known():
    event = signin().event(Refused(errors.CLIENT_PUBLIC, detail="why"), 0.5)
    assert (event.code, event.detail, event.evidence, event.proof) == (700025, "why", "none", "unknown")
    assert event.failure == errors.CLIENT_PUBLIC.template
    assert (event.uti, event.issuer, event.subject, event.audiences, event.verdicts) == ("", "", None, (), ())


def test_a_refusal_keeps_the_verdicts_on_the_nearest_credentials():
    near = [credential(n, f"nobody-{n}") for n in range(2, 9)]
    matched = match(trusted(credential(1, issuer="https://gitlab.com"), *near), presented())
    event = signin(presented=presented(), matched=matched).event(
        Refused(errors.SUBJECT_NOT_TRUSTED, presented="x"), 1.0
    )
    assert [each.name for each in event.verdicts] == [f"credential-{n}" for n in range(2, 2 + MOST_VERDICTS)]
    first = event.verdicts[0].checks[-1]
    assert (first.claim, first.expected, first.presented, first.passed) == ("sub", "nobody-2", SUBJECT, False)


def self_proven():
    said = claims(iss=str(APP_ID), sub=str(APP_ID), aud="here")
    key = registered(certificate().der, UUID(int=12))
    shown = parse(token(said, header={"kid": ...}), ENTRA)
    return verify_self_signed(shown, [key], ["here"], str(APP_ID), NOW)


@pytest.mark.parametrize(
    ("proof", "key_id"), [(lambda: KnownSecret(UUID(int=11)), UUID(int=11)), (self_proven, UUID(int=12))]
)
def test_the_secret_or_certificate_that_proved_it_is_named(proof, key_id):
    event = signin(proof=proof()).event(None, 1.0)
    assert (event.key_id, event.proof) == (key_id, "proven")


def test_the_certificate_is_named_by_its_thumbprint_too():
    key = registered(certificate().der, UUID(int=12))
    by = signin(evidence="certificate", client=Client(APPLICATION, PRINCIPAL, (key,)))
    assert replace(by, proof=self_proven()).event(None, 1.0).thumbprint == key.x5t.hex().upper()
    assert by.event(Refused(errors.SIGNATURE_INVALID), 1.0).thumbprint == ""


def test_a_refusal_names_the_secret_or_certificate_that_it_concerns():
    refused = Refused(errors.SECRET_EXPIRED, client="x")
    refused.about = UUID(int=11)
    event = signin(evidence="clientSecret").event(refused, 1.0)
    assert (event.key_id, event.proof) == (UUID(int=11), "proven")
    refused.about = UUID(int=12)
    assert signin(proof=KnownSecret(UUID(int=13))).event(refused, 1.0).key_id == UUID(int=13)


EXPRESSION = "claims['sub'] matches 'repo:*' and claims['repository_id'] eq '1' and claims['actor'] eq 'alice'"


def test_what_matched_and_the_claims_that_expressions_name_are_kept():
    said = presented(repository_id="1", actor="alice", other="x")
    held = trusted(credential(1, expression=EXPRESSION), credential(2, expression="claims['absent'] eq 'x'"))
    event = signin(presented=said, trusted=held, credential=held.credentials[0]).event(None, 1.0)
    assert event.clause == EXPRESSION
    assert event.claims == (("actor", PERSON), ("repository_id", "1"))
    assert (event.claim_kinds, event.claims_lacking[:2]) == ("ps", ("absent", "enterprise"))


def test_what_is_kept_of_all_claims_together_is_bounded():
    names = [f"c{n}" for n in range(8)]
    held = trusted(credential(1, expression=" and ".join(f"claims['{name}'] eq 'x'" for name in names)))
    said = signin(presented=presented(**dict.fromkeys(names, "y" * 700)), trusted=held).event(None, 1.0).claims
    assert [name for name, _ in said] == names
    assert [len(value) for _, value in said] == [LONGEST + 1] * 3 + [MOST_CLAIMS - 3 * (LONGEST + 1) + 1] + [1] * 4


def test_a_plain_subject_keeps_no_clause_and_what_says_whose_workload_it_was():
    held = trusted(credential(1))
    event = signin(presented=presented(repository_id="1"), trusted=held, credential=held.credentials[0]).event(None, 1)
    assert (event.clause, event.claims) == ("", (("repository_id", "1"),))


CLAIMS = {
    "a text": ("ref", "refs/heads/main", "refs/heads/main"),
    "a text that moves a cursor": ("ref", "a\x1b[2J", "a\\x1b[2J"),
    "a text without end": ("ref", "x" * 700, "x" * LONGEST + "…"),
    "a token": ("ref", token(claims()), "<jwt masked>"),
    "a number": ("run", 7, "7"),
    "yes": ("protected", True, "true"),
    "nothing": ("ref", None, "null"),
    "a list": ("groups", ["a", "b"], "[…]"),
    "an object": ("kubernetes.io", {"namespace": "a"}, "{…}"),
    "a person": ("user_email", "alice@example.com", PERSON),
}


@every("sentence", CLAIMS)
def test_a_claim_is_kept_as_text(sentence):
    name, value, text = CLAIMS[sentence]
    assert claim_kept(name, value) == text
    assert "email" in PERSONAL


PROOFS = {
    "a proof": ({"proof": KnownSecret(UUID(int=1))}, errors.ROLE_NOT_ASSIGNED, "proven"),
    "a signature that held, of a token that is too old": ({}, errors.NOT_IN_TIME, "proven"),
    "a signature that held, of a token that lives too long": ({}, errors.LIFETIME_TOO_LONG, "proven"),
    "a secret that is known and expired": ({}, errors.SECRET_EXPIRED, "proven"),
    "a signature that does not hold": ({}, errors.SIGNATURE_INVALID, "unproven"),
    "a key that is not there": ({}, errors.KEY_NOT_FOUND, "unproven"),
    "a secret that nobody has": ({}, errors.SECRET_INVALID, "unproven"),
    "nothing that was tried": ({}, errors.ISSUER_NOT_TRUSTED, "unknown"),
    "what was found out of band": ({"proof_state": "proven"}, errors.ISSUER_NOT_TRUSTED, "proven"),
}


@every("sentence", PROOFS)
def test_who_sent_it_is_known_by(sentence):
    filled, row, state = PROOFS[sentence]
    refused = Refused(row, **dict.fromkeys(row.fields, "x"))
    assert signin(**filled).event(refused, 1.0).proof == state


def test_a_row_of_our_own_is_kept_by_its_number():
    assert signin().event(Refused(errors.BROKEN), 1.0).code == 2_500


def test_a_token_that_is_cut_off_is_masked():
    endless = "eyJhbGciOiJSUzI1NiJ9." + "a" * 5_000 + ".c2lnbmF0dXJl"
    assert kept(endless) == "<jwt masked>…"
    assert kept("x " * 200 + endless) == "x " * 200 + "<jwt masked>…"


def test_values_from_outside_are_cut_and_made_visible():
    assert kept("x" * LONGEST) == "x" * LONGEST
    assert kept("x" * (LONGEST + 1)) == "x" * LONGEST + "…"
    assert kept("abcdef", 3) == "abc…"
    assert kept("a\x1b[2J") == "a\\x1b[2J"
    assert kept("a\u202eb") == "a\\u202eb"
    evil = "\x1b" * 700
    event = signin(
        presented=presented(sub=evil, aud=[evil, AUDIENCE], jti="\x1b", header={"kid": "\x1b"}), wanted=evil
    ).event(Refused(errors.CLIENT_PUBLIC, detail=evil), 1.0)
    for text in (event.subject, event.audiences[0], event.token_id, event.kid, event.wanted, event.detail):
        assert text.isprintable()


def test_what_a_token_does_not_say_stays_absent():
    event = signin(presented=presented(extended=True, sub=..., jti=..., iat=..., nbf=...)).event(None, 1.0)
    assert (event.subject, event.token_id, event.issued) == (None, None, None)
    nameless = parse(token(claims(iss="x", sub="x"), header={"kid": ...}), ENTRA)
    assert signin(presented=nameless).event(None, 1.0).kid is None


def test_no_event_holds_a_token_or_a_signature():
    text = token(claims())
    event = signin(presented=parse(text, ENTRA), credential=credential()).event(None, 1.0)
    written = msgspec.json.encode(event).decode()
    for part in (text, *text.split(".")):
        assert part not in written
    assert msgspec.json.decode(written, type=Event) == event
