"""Places of an API: shares of an application, of a tenant, of everybody."""

from contextlib import ExitStack
from uuid import UUID

import pytest

from accredit.errors import GRAPH_THROTTLED, Refused
from accredit.web.places import Places, Shares
from tests.support.every import every
from tests.web.crowd import caller

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
CONTOSO, FABRIKAM = UUID(int=8), UUID(int=9)
SHARES = Shares(4, 3, 2)

REFUSED = {
    "the third of one application": ([(A, CONTOSO), (A, CONTOSO)], (A, CONTOSO), "2 calls of this application"),
    "the fourth of one tenant": ([(A, CONTOSO), (B, CONTOSO), (B, CONTOSO)], (C, CONTOSO), "3 calls of this tenant"),
    "the fifth": ([(A, CONTOSO), (A, CONTOSO), (B, FABRIKAM), (B, FABRIKAM)], (C, UUID(int=7)), "4 calls"),
}


@every("row", REFUSED.values(), ids=REFUSED)
def test_whoever_has_his_share_is_told_to_come_again(
    row: tuple[list[tuple[UUID, UUID]], tuple[UUID, UUID], str],
) -> None:
    held, wanted, detail = row
    places = Places(SHARES, "calls")
    with ExitStack() as stack:
        for each in held:
            stack.enter_context(places.taken(caller(*each)))
        with pytest.raises(Refused) as refused, places.taken(caller(*wanted)):
            pytest.fail("there was a place")
        assert (refused.value.row, refused.value.detail) == (GRAPH_THROTTLED, detail)
    with places.taken(caller(*wanted)):
        pass


def test_one_application_leaves_places_to_others() -> None:
    places = Places(SHARES, "calls")
    with places.taken(caller(A, CONTOSO)), places.taken(caller(A, CONTOSO)), places.taken(caller(B, CONTOSO)):
        pass
    with pytest.raises(ZeroDivisionError), places.taken(caller(A, CONTOSO)):
        raise ZeroDivisionError
    assert not places._taken  # noqa: SLF001  nobody who has gone is remembered
