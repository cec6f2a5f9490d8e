"""Why a refusal came about is put into words for events that are stored in full, and for nothing else."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from accredit import errors
from accredit.errors import Refused
from accredit.stores.batches import MemorySink
from accredit.stores.events import EventLog
from accredit.stores.quota import Quota
from tests.forge import NOW
from tests.signins.test_event import signin
from tests.support.stories import run

REFUSED = Refused(errors.SUBJECT_NOT_TRUSTED, presented="x")


def logged(full=1):
    """A log that says "because" of every refusal that it puts into words."""
    asked = []

    def worded(event, form, refused):
        asked.append(refused)
        return changed(event, nearest="because")

    sink = MemorySink()
    return EventLog(sink, lambda: 7, Quota(full=full), lambda: 10.0, worded=worded), sink, asked


def attempt(log, refused=None, began=0.0):
    form = signin()
    sender = changed(form.sender, began=began)

    async def story():
        async with log.attempt(NOW, sender, form.tenant, form.client):
            if refused is not None:
                raise refused

    if refused is None:
        run(story())
    else:
        with pytest.raises(Refused):
            run(story())


def test_a_refusal_that_is_stored_says_why():
    log, sink, asked = logged()
    attempt(log, REFUSED)
    assert [each.nearest for each in sink.events.values()] == ["because"]
    assert asked == [REFUSED]


def test_a_grant_and_a_refusal_beyond_the_quota_cost_no_words():
    log, sink, asked = logged(full=0)
    attempt(log)
    attempt(log, REFUSED)
    assert asked == []
    assert [(each.code, each.nearest) for each in sink.events.values()] == [(0, "")]
    assert log.figures.counted == 1


def test_without_anybody_who_finds_words_the_event_is_as_it_is():
    log, sink, _ = logged()
    plain = replace(log, worded=EventLog(sink, lambda: 7).worded)
    attempt(plain, REFUSED)
    assert [each.nearest for each in sink.events.values()] == [""]


def test_an_attempt_lasts_from_when_its_request_began_to_be_read():
    log, sink, _ = logged()
    attempt(log, began=9.5)
    assert [each.duration for each in sink.events.values()] == [500.0]
    attempt(log)
    assert [each.duration for each in sink.events.values()] == [0.0]
