import json

import pytest

from accredit.errors import BODY_NOT_JSON, Refused
from accredit.web.graph import body
from tests.support.every import every

READ: dict[str, tuple[str, str, dict[str, object]]] = {
    "nothing": ("", "", {}),
    "an object": ("application/json", '{"a":1}', {"a": 1}),
    "with parameters of the media type": ("Application/JSON; charset=utf-8", '{"a":null}', {"a": None}),
    "annotations are not kept": (
        "application/json",
        '{"@odata.type":"#microsoft.graph.application","tags@odata.type":"#Collection(String)","a":1}',
        {"a": 1},
    ),
    "nor inside": (
        "application/json",
        '{"a":[{"@odata.type":"x","b":{"@odata.type":"y","c":1}}]}',
        {"a": [{"b": {"c": 1}}]},
    ),
    "what binds is kept": (
        "application/json",
        '{"owners@odata.bind":["u"],"@odata.id":"v"}',
        {"owners@odata.bind": ["u"], "@odata.id": "v"},
    ),
}


@every("row", READ.values(), ids=READ.keys())
def test_a_body_is_an_object_without_annotations(row: tuple[str, str, dict[str, object]]) -> None:
    content_type, text, expected = row
    assert body.read(content_type, text.encode()) == expected


REFUSED: dict[str, tuple[str, bytes]] = {
    "no media type": ("", b"{}"),
    "another media type": ("application/x-www-form-urlencoded", b"{}"),
    "a longer media type": ("application/jsonp", b"{}"),
    "no JSON": ("application/json", b"{"),
    "a list": ("application/json", b"[]"),
    "a text": ("application/json", b'"a"'),
    "a member twice": ("application/json", b'{"a":1,"a":2}'),
    "no UTF-8": ("application/json", b'{"a":"\xff"}'),
    "a byte order mark": ("application/json", b'\xef\xbb\xbf{"a":1}'),
    "NaN": ("application/json", b'{"a":NaN}'),
    "too deep": ("application/json", b'{"a":' * 25 + b"1" + b"}" * 25),
    "too many members": ("application/json", json.dumps({str(each): 1 for each in range(16_001)}).encode()),
    "too many values": ("application/json", json.dumps({"a": [1] * 16_000}).encode()),
    "too many empty objects": ("application/json", json.dumps({"a": [{}] * 8_000}).encode()),
}


@every("row", REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused(row: tuple[str, bytes]) -> None:
    with pytest.raises(Refused) as caught:
        body.read(*row)
    assert caught.value.row is BODY_NOT_JSON


def test_the_bounds_hold_exactly() -> None:
    assert body.read("application/json", b'{"a":' * 24 + b"1" + b"}" * 24)
    assert len(body.read("application/json", json.dumps({str(each): 1 for each in range(16_000)}).encode())) == 16_000
    roles = [{name: ["x"] for name in "abcdefgh"} for _ in range(800)]
    assert len(body.read("application/json", json.dumps({"appRoles": roles}).encode())["appRoles"]) == 800
