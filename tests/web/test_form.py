from typing import Any

import pytest

from accredit.errors import REQUEST_MALFORMED, Refused
from accredit.web import form
from tests.support.every import every

FORM = b"application/x-www-form-urlencoded"

READ: dict[str, tuple[bytes, bytes, dict[str, str]]] = {
    "nothing": (FORM, b"", {}),
    "plain fields": (FORM, b"a=1&b=2", {"a": "1", "b": "2"}),
    "a charset behind the media type": (FORM + b"; charset=utf-8", b"a=1", {"a": "1"}),
    "the media type in capitals": (FORM.upper(), b"a=1", {"a": "1"}),
    "plus and percent": (FORM, b"scope=a%2F.default+b&%67=1", {"scope": "a/.default b", "g": "1"}),
    "utf-8": (FORM, "n=%C3%A4&m=ä".encode(), {"n": "ä", "m": "ä"}),
    "no value": (FORM, b"a&b=", {"a": "", "b": ""}),
    "an equals sign in the value": (FORM, b"a=b=c", {"a": "b=c"}),
    "empty pairs": (FORM, b"&&a=1&", {"a": "1"}),
    "broken percent signs stay as they are": (FORM, b"a=%zz%4", {"a": "%zz%4"}),
    "an undecodable scope is kept to be refused as a scope": (FORM, b"scope=%ff", {"scope": "\udcff"}),
    "JSON is no form": (b"application/json", b'{"a": 1}', {}),
    "no media type is no form": (b"", b"a=1", {}),
    "64 fields": (FORM, b"&".join(b"a%d=1" % n for n in range(64)), {f"a{n}": "1" for n in range(64)}),
    "a name of 128 characters": (FORM, b"a" * 128 + b"=1", {"a" * 128: "1"}),
}

REFUSED: dict[str, tuple[bytes, str]] = {
    "a field twice": (b"a=1&a=1", "the parameter 'a' was sent more than once"),
    "a field twice, once encoded": (b"a=1&%61=2", "the parameter 'a' was sent more than once"),
    "65 fields": (b"&".join(b"a%d=1" % n for n in range(65)), "more than 64 fields were sent"),
    "a name of 129 characters": (b"a" * 129 + b"=1", "a field name is longer than 128 characters"),
    "an undecodable value": (b"client_id=%ff", "the parameter 'client_id' is not UTF-8"),
    "an undecodable name": (b"%ff=1", "a field name is not UTF-8"),
}


@every("row", READ.values(), ids=READ.keys())
def test_fields_are_read(row: tuple[Any, ...]) -> None:
    content_type, body, expected = row
    assert form.read(content_type, body) == expected


@every("row", REFUSED.values(), ids=REFUSED.keys())
def test_a_broken_form_is_refused_with_its_reason(row: tuple[bytes, str]) -> None:
    body, reason = row
    with pytest.raises(Refused) as caught:
        form.read(FORM, body)
    assert caught.value.row is REQUEST_MALFORMED
    assert caught.value.fields["reason"] == reason
