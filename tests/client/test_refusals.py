"""What the directory API refuses comes back as the row that it was refused for: a law over the whole catalogue."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.client.refusals import OtherRefusal, of_graph
from accredit.errors import CATALOGUE, US, Refused
from accredit.signins import Sender
from accredit.web.graph.errors import Envelopes

WHO = Sender(UUID(int=1), UUID(int=2), "127.0.0.1")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30)


def told(refused: Refused) -> Refused | OtherRefusal:
    """Write a refusal as the server does, and read it as the client does."""
    status, body = Envelopes(CATALOGUE).of(refused, WHO, NOW)
    return of_graph(status, msgspec.json.encode(body))


@given(st.data())
@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_refusal_comes_back_with_its_text_and_its_code(name, data):
    row = CATALOGUE[name]
    refused = Refused(row, detail="why", **{each: data.draw(VALUES) for each in sorted(row.fields)})
    found = told(refused)
    assert isinstance(found, Refused)
    assert (found.message, found.row.status) == (refused.message, row.status)
    if row.family != "sts":
        assert found.row.label == row.label
    assert found.detail == ("" if row.status == 401 or row.move == US else "why")


OTHERS = {
    "in other words": (
        400,
        {"error": {"code": "Request_BadRequest", "message": "Nein."}},
        "Request_BadRequest",
        "Nein.",
    ),
    "without a code": (418, {"error": {"message": "Tea."}}, "418", "Tea."),
    "without an error": (500, {}, "500", "The answer has no message."),
    "without JSON": (502, b"<html>", "502", "The answer has no message."),
    "at length": (400, {"error": {"code": "x", "message": "y" * 9_999}}, "x", "y" * 600),
}


@pytest.mark.parametrize("how", OTHERS)
def test_what_the_catalogue_does_not_know_is_told_as_it_is(how):
    status, body, code, message = OTHERS[how]
    found = of_graph(status, body if isinstance(body, bytes) else msgspec.json.encode(body))
    assert isinstance(found, OtherRefusal)
    assert (found.status, found.code, found.message, found.token) == (status, code, message, False)
