"""Objects of whatever kind, and what asks for several of them."""

from uuid import UUID

import pytest

from accredit.errors import PROPERTY_INVALID, Refused
from accredit.interop.graph import directory_object
from accredit.interop.graph.directory_object import APPLICATION, MOST, PRINCIPAL
from tests.support.every import every

ONE, TWO = UUID(int=1), UUID(int=2)


def test_an_object_says_first_what_it_is():
    assert list(directory_object.write(APPLICATION, {"id": "1"}).items()) == [
        ("@odata.type", "#microsoft.graph.application"),
        ("id", "1"),
    ]


WANTED = {
    "every kind": ({"ids": [str(ONE)]}, {APPLICATION, PRINCIPAL}),
    "every kind, said so": ({"ids": [str(ONE)], "types": ["directoryObject"]}, {APPLICATION, PRINCIPAL}),
    "no kind in particular": ({"ids": [str(ONE)], "types": []}, {APPLICATION, PRINCIPAL}),
    "one kind, in any case": ({"ids": [str(ONE)], "types": ["ServicePrincipal"]}, {PRINCIPAL}),
    "as the Azure CLI asks": (
        {"ids": [str(ONE)], "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"]},
        {PRINCIPAL},
    ),
    "kinds that there are none of": ({"ids": [str(ONE)], "types": ["user"]}, set()),
}


@every("row", WANTED.values(), ids=WANTED.keys())
def test_which_kinds_are_wanted(row):
    body, kinds = row
    assert directory_object.wanted(body) == ([ONE], kinds)


def test_each_id_is_wanted_once_in_any_case():
    high = UUID("ABCDEFAB-0000-0000-0000-000000000000")
    ids, _ = directory_object.wanted({"ids": [str(TWO), str(high).upper(), str(TWO), str(high)]})
    assert ids == [TWO, high]


REFUSED = {
    "no ids": {},
    "an empty list": {"ids": []},
    "one too many": {"ids": [str(UUID(int=n)) for n in range(MOST + 1)]},
    "what is no id": {"ids": [str(ONE), "x"]},
    "what is no list": {"ids": str(ONE)},
}


@every("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_list_of_ids(body):
    with pytest.raises(Refused) as caught:
        directory_object.wanted(body)
    assert (caught.value.row, caught.value.fields["property"]) == (PROPERTY_INVALID, "ids")


def test_the_most_ids_in_one_call():
    ids, _ = directory_object.wanted({"ids": [str(UUID(int=n)) for n in range(MOST)]})
    assert len(ids) == MOST
