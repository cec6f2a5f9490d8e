"""What the documents of an issuer mean to a probe: the words for what real servers seldom do."""

import json

from accredit.issuers import jwks, probe_documents, probe_visit
from accredit.issuers.discovery import Said
from accredit.issuers.history import Before
from accredit.issuers.probe import Seen, Tls, verdict_of
from tests.forge import ISSUER, NOW
from tests.issuers.records import extended, record
from tests.outbound.rig import key_set, public_key
from tests.support.every import every
from tests.testidp import workbench

KEYS = "https://keys.example/jwks"
DIFFERENT = {
    "a slash": (ISSUER + "/", "SLASH"),
    "letters": (ISSUER.upper(), "CASE"),
    "the port that is usual": (ISSUER.replace(".com", ".com:443", 1), "PORT"),
    "another host": ("https://elsewhere.example", "HOST_ALIAS"),
    "another path": ("https://elsewhere.example/x", "not the same"),
    "no URL": ("spiffe://x", "not the same"),
    "control characters": ("\x1b[31m", "not the same"),
}


@every("theirs, cause", list(DIFFERENT.values()), ids=DIFFERENT)
def test_another_issuer_is_named_with_how_it_differs(theirs, cause):
    at = record()
    readable, same, said = probe_documents.discovery_read(json.dumps({"issuer": theirs}).encode(), at)
    assert (readable.status, same.status, said.issuer) == ("pass", "fail", theirs)
    assert cause in same.remedy
    assert same.value.isprintable()
    assert same.remedy.isprintable()


def test_a_document_without_an_issuer():
    _, same, _ = probe_documents.discovery_read(b"{}", record())
    assert (same.status, same.value) == ("fail", "the document names no issuer")


def test_a_document_that_is_no_object():
    readable, same, said = probe_documents.discovery_read(b"[]", record())
    assert (readable.status, readable.value, same.status, said) == ("fail", "not a JSON object", "skip", None)
    assert "one JSON object" in readable.remedy


PLACES = {
    "no URL": ("keys", record(), "not an absolute https URL"),
    "no https": ("http://keys.example/jwks", record(), "is not https"),
    "a host that is not listed": (KEYS, record(allowed_jwks_hosts=("a.example",)), "none that the issuer record lists"),
}


@every("address, at, said", list(PLACES.values()), ids=PLACES)
def test_keys_may_not_be_anywhere(address, at, said):
    step = probe_documents.place_of_keys(Said(ISSUER, address), at)
    assert (step.id, step.status) == ("P10", "fail")
    assert said in step.value


def test_keys_may_be_at_any_public_host_where_none_is_listed():
    assert probe_documents.place_of_keys(Said(ISSUER, KEYS), record()).status == "pass"


def honest():
    return dict(workbench.shared().platform("github").keyring.published("RS256")[0].jwk)


ALGORITHMS = {
    "RS256": ([honest()], extended(), "pass", ""),
    "ES256 only": ([public_key("a")], extended(), "warn", "nothing of what"),
    "both": ([honest(), public_key("a")], extended(), "warn", "only some of what"),
    "what the record does not list": ([public_key("a")], record(), "fail", "--algorithm"),
    "nothing that is a key": ([{"kty": "RSA"}], record(), "skip", ""),
}


@every("keys, at, status, remedy", list(ALGORITHMS.values()), ids=ALGORITHMS)
def test_what_an_issuer_signs_with(keys, at, status, remedy):
    _, step, _, _ = probe_documents.keys_read(json.dumps({"keys": keys}).encode(), at)
    assert (step.id, step.status) == ("P13", status)
    assert remedy in step.remedy


def test_what_is_odd_about_a_key_stands_with_it():
    odd = {name: value for name, value in honest().items() if name != "use"}
    step, _, _, (key,) = probe_documents.keys_read(json.dumps({"keys": [odd]}).encode(), record())
    assert (step.status, key.accepted, key.rule) == ("warn", True, "KP-07")
    assert "KP-07" in step.details[0]


def test_a_shared_key_is_a_warning():
    at, document = extended(), key_set("a")
    found = jwks.parse(document, at)
    shared = {found.keys[0].thumbprint: ("https://other.example",)}
    step = probe_documents.difference_of(found, at, document, Before(), shared)
    assert (step.status, step.value) == ("warn", "shared_key")
    assert "https://other.example" in step.details[0]


VISITS = {
    "an unknown number of a certificate": (Seen(url=KEYS, stage="tls", failed="tls", certificate=99), "TLS 1.2"),
    "a server that is in trouble": (Seen(url=KEYS, stage="answer", failed="status", status=503), "try again later"),
    "a status of which nothing is known": (Seen(url=KEYS, stage="answer", failed="status", status=418), "--jwks-url"),
    "a step of which nothing is known": (Seen(url=KEYS, stage="answer", failed="wait"), "Nothing answers there"),
}


@every("seen, remedy", list(VISITS.values()), ids=VISITS)
def test_every_failure_has_a_remedy(seen, remedy):
    steps = (*probe_visit.steps_of(seen, NOW), probe_visit.answer_of("P7", seen, record()))
    (failed,) = (each for each in steps if each.status == "fail")
    assert remedy in failed.remedy
    assert verdict_of(steps) == "not_usable"


def test_what_a_server_calls_itself_moves_no_cursor():
    odd = "\x9b31m\u202e"
    tls = Tls(version="TLSv1.3", subject=odd, issuer=odd, names=(odd,), not_after=NOW, spki="00")
    took = dict.fromkeys(("dns", "address", "connect", "tls", "answer"), 1.0)
    seen = Seen(url=KEYS, tls=tls, status=200, media_type=odd, took=took)
    steps = (*probe_visit.steps_of(seen, NOW), probe_visit.answer_of("P7", seen, record()))
    assert [each.id for each in steps if not f"{each.value}{''.join(each.details)}".isprintable()] == []
    assert [each.status for each in steps] == ["pass", "pass", "pass", "warn", "pass"]
