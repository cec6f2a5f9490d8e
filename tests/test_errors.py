from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit import errors
from accredit.directory import read_tenant
from accredit.errors import CATALOGUE, MASKED, SHOWN, Refused, masked, override, shown
from tests.support import provoked
from tests.support.every import every

ROWS = [pytest.param(row, id=name) for name, row in CATALOGUE.items()]
OAUTH = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "invalid_resource",
    "invalid_instance",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "temporarily_unavailable",
    "server_error",
}


@every("row", ROWS)
def test_every_row_is_whole(row):
    assert getattr(errors, row.name) is row, "the catalogue and the module's names are the same values"
    assert 400 <= row.status < 600
    assert row.move in {"caller", "operator", "outside", "us"}
    assert row.mark in {"V", "R", "A", ""}
    assert bool(row.mark) is (row.family != "local"), "what is our own decision needs no evidence"
    assert row.family == "graph" or row.error in OAUTH
    assert row.template[-1] not in " ,"


@every("row", [row for row in CATALOGUE.values() if row.family == "sts"], ids=lambda row: row.name)
def test_401_is_the_answer_exactly_to_a_client_that_did_not_prove_itself(row):
    assert (row.status == 401) is (row.error == "invalid_client")
    assert row.label == f"AADSTS{row.code}"


def test_codes_stand_in_one_row_but_for_those_with_several_texts_or_causes():
    codes = [row.code for row in CATALOGUE.values() if row.family != "graph"]
    assert {code for code in codes if codes.count(code) > 1} == {700027, 700238}
    assert all(str(row.code).startswith("ACC") for row in CATALOGUE.values() if row.family == "local")


@every("row", [row for row in CATALOGUE.values() if row.family == "sts"], ids=lambda row: row.name)
def test_what_a_caller_is_refused_has_advice_for_an_administrator(row):
    assert bool(row.advice) is (row.stage == "first")


def test_a_refusal_takes_exactly_the_fields_of_its_row():
    refused = Refused(errors.TENANT_UNKNOWN, tenant="nowhere.test", detail="looked everywhere")
    assert refused.message.startswith("Tenant 'nowhere.test' not found.")
    assert str(refused) == f"AADSTS90002: {refused.message}"
    assert (refused.detail, refused.fields) == ("looked everywhere", {"tenant": "nowhere.test"})
    assert "everywhere" not in str(refused), "the detail is for administrators"
    for fields in ({}, {"tenant": "a", "client": "b"}, {"client": "b"}):
        with pytest.raises(TypeError, match="TENANT_UNKNOWN takes the fields"):
            Refused(errors.TENANT_UNKNOWN, **fields)


def test_a_value_from_outside_neither_grows_a_text_nor_moves_a_cursor():
    assert shown("x" * SHOWN) == "x" * SHOWN
    assert shown("x" * (SHOWN + 1)) == "x" * SHOWN + "…"
    assert shown("a\x1b[2J\u202eb") == "a�[2J�b"
    assert shown(7) == "7"


@given(st.text(max_size=2 * SHOWN))
def test_whatever_is_presented_the_text_is_printable_and_bounded(value):
    text = Refused(errors.SUBJECT_NOT_TRUSTED, presented=value).message
    assert text.isprintable()
    assert len(text) <= SHOWN + 1 + len(errors.SUBJECT_NOT_TRUSTED.template)


def test_braces_in_a_value_are_text():
    assert "'{0} {client}'" in Refused(errors.SUBJECT_NOT_TRUSTED, presented="{0} {client}").message


def test_an_operator_changes_rows_by_name_or_by_a_code_that_only_one_row_has():
    changed = override(
        {
            "TENANT_UNKNOWN": {"template": "No tenant '{tenant}'.", "status": 404},
            "AADSTS70023": {"error": "invalid_grant"},
            "500011": {"uri": False},
            "ISSUER_NOT_TRUSTED": {"status": 400},
            "CONTROL_TOKEN": {"template": "{{closed}}"},
        }
    )
    assert changed["ISSUER_NOT_TRUSTED"].status == 400, "what the 70021x family answers is not verified"
    assert changed["CONTROL_TOKEN"].status == 401
    assert (changed["TENANT_UNKNOWN"].template, changed["TENANT_UNKNOWN"].status) == ("No tenant '{tenant}'.", 404)
    assert changed["LIFETIME_TOO_LONG"].error == "invalid_grant"
    assert changed["RESOURCE_UNKNOWN"].uri is False
    assert changed.keys() == CATALOGUE.keys()
    assert override({}) == CATALOGUE
    assert CATALOGUE["TENANT_UNKNOWN"].status == 400, "the catalogue itself never changes"


OVERRIDES = {
    "a row that does not exist": ({"TENANT_MISSING": {}}, "0 rows"),
    "a code that several rows have": ({"AADSTS700027": {}}, "4 rows"),
    "a member that does not change": ({"TENANT_UNKNOWN": {"move": "us"}}, "unknown members ['move']"),
    "a placeholder that the row has no value for": (
        {"TENANT_UNKNOWN": {"template": "{client} in {tenant}"}},
        "unknown placeholders ['client']",
    ),
    "a placeholder within a placeholder's value": (
        {"SUBJECT_NOT_TRUSTED": {"template": "{presented.__class__}"}},
        "unknown placeholders ['presented.__class__']",
    ),
    "a placeholder without a name": ({"TENANT_UNKNOWN": {"template": "tenant {}"}}, "positional"),
    "a conversion that does not exist": ({"SUBJECT_NOT_TRUSTED": {"template": "{presented!z}"}}, "nothing else"),
    "a conversion": ({"SUBJECT_NOT_TRUSTED": {"template": "{presented!r}"}}, "nothing else"),
    "a format": ({"SUBJECT_NOT_TRUSTED": {"template": "{presented:d}"}}, "nothing else"),
    "a format of the caller's making": (
        {"SUBJECT_NOT_TRUSTED": {"template": "{presented:{presented}>5}"}},
        "nothing else",
    ),
    "a brace that is not closed": ({"TENANT_UNKNOWN": {"template": "broken {x"}}, "expected '}'"),
    "a status as text": ({"TENANT_UNKNOWN": {"status": "404"}}, "status is of type str, not int"),
    "a status as truth": ({"TENANT_UNKNOWN": {"status": True}}, "status is of type bool, not int"),
    "a link as a number": ({"TENANT_UNKNOWN": {"uri": 1}}, "uri is of type int, not bool"),
    "a text as a number": ({"TENANT_UNKNOWN": {"template": 7}}, "template is of type int, not str"),
    "an error as a number": ({"TENANT_UNKNOWN": {"error": 7}}, "error is of type int, not str"),
    "no error": ({"TENANT_UNKNOWN": {"error": ""}}, "error is empty"),
    "an error with a quote": ({"TENANT_UNKNOWN": {"error": 'a"b'}}, "does not allow"),
    "a status that grants": ({"TENANT_UNKNOWN": {"status": 200}}, "status 200 is no refusal"),
    "a status that does not exist": ({"TENANT_UNKNOWN": {"status": 600}}, "status 600 is no refusal"),
    "a status of 401 for something else than invalid_client": (
        {"TENANT_UNKNOWN": {"status": 401}},
        "status 401 belongs to invalid_client alone",
    ),
    "another error beside a status of 401": (
        {"SUBJECT_NOT_TRUSTED": {"error": "invalid_grant"}},
        "status 401 belongs to invalid_client alone",
    ),
}


@every("sentence", OVERRIDES)
def test_an_override_is_refused_for(sentence):
    changes, reason = OVERRIDES[sentence]
    with pytest.raises(Refused) as refused:
        override(changes)
    assert refused.value.row is errors.OVERRIDE_INVALID
    assert reason in refused.value.fields["reason"]


def test_the_ledger_counts_what_the_product_refuses_and_what_a_test_has_read(monkeypatch):
    monkeypatch.setattr(provoked, "SEEN", set())
    Refused(errors.TENANT_MALFORMED, tenant="made by a test")
    assert "TENANT_MALFORMED" in provoked.missing()
    with pytest.raises(Refused):
        read_tenant("made by the product")
    provoked.note("TENANT_UNKNOWN")
    assert {"TENANT_MALFORMED", "TENANT_UNKNOWN"} == provoked.SEEN
    assert "TENANT_MALFORMED" not in provoked.missing()
    assert "SUBJECT_EXPECTED" not in provoked.missing(), "its feature does not exist yet"
    with pytest.raises(LookupError):
        provoked.note("NOTHING")


HEADER = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9"
TOKEN = f"{HEADER}.eyJzdWIiOiJ3b3JrbG9hZCJ9.c2lnbmF0dXJlLW9mLWEtdG9rZW4"


@every(
    ("text", "said"),
    [
        (TOKEN, MASKED),
        (f"a {TOKEN}, b {TOKEN}", f"a {MASKED}, b {MASKED}"),
        (f"https://some-host.{TOKEN}", f"https://some-host.{MASKED}"),
        (f"some-host.some-name.{TOKEN}", f"some-host.some-name.{MASKED}"),
        (f"{HEADER}.aaaaaaaa. and more that is long enough", f"{MASKED} and more that is long enough"),
        (f"cut off in its claims: {TOKEN[:80]}", f"cut off in its claims: {MASKED}"),
        ("container.googleapis.com and oidc.eks.eu-west-1.amazonaws.com",) * 2,
    ],
)
def test_a_token_is_masked_wherever_it_stands(text, said):
    assert masked(text) == said


@every("text", ["e" * 65_536 + "..", "eaaaaaaa." * 7_000, f"{HEADER}." * 1_700, "e-" * 30_000 + "."])
def test_to_look_for_tokens_costs_as_much_as_the_text_is_long(text):
    begun = thread_time()
    masked(text + ".")
    assert thread_time() - begun < 1.0  # seconds of a processor, on whatever machine; it takes some hundredths
