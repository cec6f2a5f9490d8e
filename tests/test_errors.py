import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit import errors
from accredit.directory import read_tenant
from accredit.errors import CATALOGUE, SHOWN, Refused, override, shown
from tests.support import provoked

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


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_whole(row):
    assert getattr(errors, row.name) is row, "the catalogue and the module's names are the same values"
    assert 400 <= row.status < 600
    assert row.move in {"caller", "operator", "outside", "us"}
    assert row.mark in {"V", "R", "A", ""}
    assert bool(row.mark) is (row.family != "local"), "what is our own decision needs no evidence"
    assert row.family == "graph" or row.error in OAUTH
    assert row.template[-1] not in " ,"


@pytest.mark.parametrize("row", [row for row in CATALOGUE.values() if row.family == "sts"], ids=lambda row: row.name)
def test_401_is_the_answer_exactly_to_a_client_that_did_not_prove_itself(row):
    assert (row.status == 401) is (row.error == "invalid_client")
    assert row.label == f"AADSTS{row.code}"


def test_codes_stand_in_one_row_but_for_those_with_several_texts():
    codes = [row.code for row in CATALOGUE.values() if row.family != "graph"]
    assert {code for code in codes if codes.count(code) > 1} == {700027}
    assert all(str(row.code).startswith("ACC") for row in CATALOGUE.values() if row.family == "local")


@pytest.mark.parametrize("row", [row for row in CATALOGUE.values() if row.family == "sts"], ids=lambda row: row.name)
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
        }
    )
    assert (changed["TENANT_UNKNOWN"].template, changed["TENANT_UNKNOWN"].status) == ("No tenant '{tenant}'.", 404)
    assert changed["LIFETIME_TOO_LONG"].error == "invalid_grant"
    assert changed["RESOURCE_UNKNOWN"].uri is False
    assert changed.keys() == CATALOGUE.keys()
    assert override({}) == CATALOGUE
    assert CATALOGUE["TENANT_UNKNOWN"].status == 400, "the catalogue itself never changes"


OVERRIDES = {
    "a row that does not exist": ({"TENANT_MISSING": {}}, "0 rows"),
    "a code that three rows have": ({"AADSTS700027": {}}, "3 rows"),
    "a member that does not change": ({"TENANT_UNKNOWN": {"move": "us"}}, "unknown members ['move']"),
    "a placeholder that the row has no value for": (
        {"TENANT_UNKNOWN": {"template": "{client} in {tenant}"}},
        "unknown placeholders ['client']",
    ),
}


@pytest.mark.parametrize("sentence", OVERRIDES)
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
