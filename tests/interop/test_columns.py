"""A sign-in as one flat row."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from accredit.interop import columns
from accredit.interop.columns import COLUMNS
from accredit.signins import CheckKept, Event, VerdictKept
from tests.interop.graph.test_signin import GRANTED
from tests.support.every import every

FIELDS = {each.name: each for each in msgspec.structs.fields(Event)}
OTHER = {
    UUID: UUID(int=77),
    datetime: datetime(2001, 2, 3, tzinfo=UTC),
    str: "something else",
    int: 77,
    float: 7.5,
    tuple[str, ...]: ("another",),
    tuple[tuple[str, str], ...]: (("environment", "test"),),
    tuple[VerdictKept, ...]: (VerdictKept(UUID(int=5), "ci", (CheckKept("sub", "a", "b", False),)),),
}
LITERALS = {"evidence": "certificate", "proof": "unproven"}


def other(name):
    """A value of a member that an event may have and this one has not."""
    if name in LITERALS:
        return LITERALS[name]
    kind = FIELDS[name].type
    parts = [each for each in getattr(kind, "__args__", ()) if each is not type(None)]
    return OTHER[kind] if kind in OTHER else OTHER[parts[0]]


@every("name", FIELDS)
def test_every_member_of_an_event_stands_in_a_column(name):
    assert columns.row(replace(GRANTED, **{name: other(name)})) != columns.row(replace(GRANTED, **{name: _usual(name)}))


def _usual(name):
    found = getattr(GRANTED, name)
    return found if found != other(name) else FIELDS[name].default


KINDS = {"text": str, "texts": list, "whole": int, "real": float, "time": datetime}


@every("column", COLUMNS, ids=lambda each: each.name)
def test_a_column_has_values_of_its_kind(column):
    full = replace(GRANTED, **{name: other(name) for name in FIELDS if name != "at"})
    assert isinstance(
        column.of(replace(full, code=0 if column.name == "unique_token_identifier" else 7)), KINDS[column.kind]
    )


def test_names_are_told_apart():
    assert len({each.name for each in COLUMNS}) == len(COLUMNS)


TIMES = {
    "none": (None, None),
    "the epoch": (0.0, datetime(1970, 1, 1, tzinfo=UTC)),
    "a fraction": (0.5, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=0.5)),
    "beyond any calendar": (1e300, None),
    "infinity": (float("inf"), None),
    "not a number": (float("nan"), None),
}


@every(("written", "meant"), TIMES.values(), ids=TIMES.keys())
def test_times_that_strangers_wrote(written, meant):
    assert columns.row(replace(GRANTED, expires=written))["assertion_expires"] == meant


def test_verdicts_are_json():
    kept = columns.row(replace(GRANTED, verdicts=OTHER[tuple[VerdictKept, ...]]))["verdicts"]
    checks = [{"claim": "sub", "expected": "a", "passed": False, "presented": "b"}]
    assert msgspec.json.decode(kept) == [{"credential_id": str(UUID(int=5)), "name": "ci", "checks": checks}]
