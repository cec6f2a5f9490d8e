import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.issuers import strictjson
from tests.strategies import json_values
from tests.support.every import every

CANARY = "canary-5f1b"


def loads(data, **bounds):
    return strictjson.loads(data, **{"depth": 8, "members": 512, "string": 4096, "elements": 256, **bounds})


REFUSED = {
    "a member twice": (b'{"a":1,"a":1}', "the member 'a' occurs twice"),
    "a member with an empty name twice": (b'{"":1,"b":2,"":1}', "the member '' occurs twice"),
    "a member twice, once escaped": (b'{"a":1,"\\u0061":2}', "the member 'a' occurs twice"),
    "a member twice, deep down": (b'[{"x":{"b":1,"c":2,"b":3}}]', "the member 'b' occurs twice"),
    "a member with a long name twice": (f'{{"{"n" * 65}":1,"{"n" * 65}":2}}'.encode(), f"'{'n' * 64}' … occurs twice"),
    "NaN": (b'{"a":NaN}', "NaN or Infinity"),
    "Infinity": (b"[Infinity]", "NaN or Infinity"),
    "minus Infinity": (b"[-Infinity]", "NaN or Infinity"),
    "a number too large to be finite": (b"[1e999]", "not finite"),
    "an integer beyond what is exact": (b"[9007199254740992]", "beyond 2"),
    "a negative integer beyond what is exact": (b"[-9007199254740992]", "beyond 2"),
    "an integer of a thousand digits": (b"1" * 1000, "beyond 2"),
    "half a surrogate pair": (b'["\\ud800"]', "lone surrogate"),
    "the other half in a member's name": (b'{"\\udc00":1}', "lone surrogate"),
    "half a pair after a whole one": (b'{"a":["\\ud83d\\ude00",{"b":"x\\ud83d"}]}', "lone surrogate"),
    "a surrogate in UTF-8": (b'"\xed\xa0\x80"', "not UTF-8"),
    "UTF-16": ('{"a":1}'.encode("utf-16"), "not UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "byte order mark"),
    "an octet that is not UTF-8": (b'"\xff"', "not UTF-8"),
    "nothing": (b"", "not JSON"),
    "a page of HTML": (b"\n<!doctype html><title>Sign in</title>", "page of HTML"),
    "something behind the value": (b"{} {}", "not JSON: Extra data at character 3"),
    "a comma too many": (b'{"a":1,}', "not JSON"),
    "single quotes": (b"{'a':1}", "not JSON"),
    "a leading zero": (b"[01]", "not JSON"),
    "a control character in a string": (b'["\n"]', "not JSON"),
    "an unknown escape": (b'["\\x41"]', "not JSON"),
    "a hundred thousand brackets": (b"[" * 100_000, "nested too deep"),
    "a member that holds a hundred thousand lists": (
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "nested too deep",
    ),
    "a hundred thousand braces": (b'{"a":' * 100_000, "nested too deep"),
}


@every(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(data, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        loads(data, members=10**6)


READ = {
    "a value that is no container": (b' "a" ', "a"),
    "the largest exact integer": (b"9007199254740991", 2**53 - 1),
    "the smallest exact integer": (b"-9007199254740991", -(2**53) + 1),
    "a fraction": (b"1.5", 1.5),
    "a whole surrogate pair": (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
    "an escape and other letters": ('["\\u00e9","é",{"\\u0065":null}]'.encode(), ["é", "é", {"e": None}]),
    "odd member names": (b'{"a.b":1,"https://x/#y":2}', {"a.b": 1, "https://x/#y": 2}),
    "the same name at two levels": (b'{"a":{"a":1}}', {"a": {"a": 1}}),
    "true, which is not 1": (b"[true]", [True]),
}


@every(("data", "value"), READ.values(), ids=READ.keys())
def test_read(data, value):
    assert loads(data) == value


def nested(depth):
    return b'{"a":' * (depth - 1) + b"[]" + b"}" * (depth - 1)


def members(count):
    return json.dumps({f"m{n}": {"x": n} for n in range(count // 2)} | ({"odd": 1} if count % 2 else {})).encode()


LIMITS = {
    "nesting of objects": (nested, 8, "nested deeper than 8"),
    "nesting of lists": (lambda depth: b"[" * depth + b"]" * depth, 8, "nested deeper than 8"),
    "nesting around a value": (lambda depth: b"[" * depth + b"1" + b"]" * depth, 8, "nested deeper than 8"),
    "members in all": (members, 512, "more than 512 members"),
    "characters of a string": (lambda n: json.dumps(["x" * n]).encode(), 4096, "more than 4096 characters"),
    "characters of a value": (lambda n: json.dumps("x" * n).encode(), 4096, "more than 4096 characters"),
    "characters of a member's name": (lambda n: json.dumps({"x" * n: 1}).encode(), 4096, "more than 4096 characters"),
    "elements of a list": (lambda n: json.dumps(list(range(n))).encode(), 256, "more than 256 elements"),
}


@every(("make", "limit", "reason"), LIMITS.values(), ids=LIMITS.keys())
def test_limits_hold_exactly(make, limit, reason):
    for below in (limit - 1, limit):
        loads(make(below))
    with pytest.raises(ValueError, match=reason):
        loads(make(limit + 1))


def test_brackets_colons_and_commas_in_strings_count_for_nothing():
    text = "[{,:" * 1000
    assert loads(json.dumps({"sub": text}).encode()) == {"sub": text}


def test_without_bounds_for_strings_and_lists_there_are_none():
    value = {"x5c": ["M" * 10_000], "list": [0] * 10_000}
    assert strictjson.loads(json.dumps(value).encode(), depth=16, members=10) == value


@every("text", ["{" + CANARY, f'["{CANARY}\\ud800"]', f'["{CANARY}", NaN]', f'{{"a":"{CANARY}","a":1}}'])
def test_neither_the_reason_nor_the_exception_carries_the_document(text):
    with pytest.raises(ValueError, match=r"not JSON|surrogate|NaN|occurs twice") as refused:
        loads(text.encode())
    assert CANARY not in repr(refused.value)
    assert CANARY not in repr(vars(refused.value))
    assert refused.value.__context__ is None


ORDINARY = {
    "a claim set": {"iss": "https://i", "sub": "a/b\u2028é", "exp": 1_700_000_000, "x": True, "y": None},
    "lists and objects of Kubernetes": {"aud": ["a", "b"], "kubernetes.io": {"pod": {"name": "n", "uid": "u"}}},
    "integers at the bounds of what is exact": {"a": 2**53 - 1, "b": 1 - 2**53},
}


@every("value", ORDINARY.values(), ids=ORDINARY.keys())
def test_ordinary_claim_sets_are_read_quickly(value):
    data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    assert strictjson._quickly(data) == value  # noqa: SLF001  which of the two readers read it shows nowhere else
    assert loads(data) == value


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(data):
    with suppress(ValueError):
        loads(data)


@given(json_values())
def test_honest_documents_are_read_as_any_reader_would(value):
    data = json.dumps(value).encode()
    assert loads(data) == json.loads(data)
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@given(
    st.one_of(
        st.binary(max_size=60), st.text(alphabet='{}[]",:\\u0019eE.-+ \n\tabtrueflsn', max_size=60).map(str.encode)
    )
)
def test_the_quick_reader_never_reads_what_the_careful_one_reads_otherwise(data: bytes) -> None:
    quick = strictjson._quickly(data)  # noqa: SLF001  the law is about the two readers inside
    if quick is not None:
        assert repr(quick) == repr(strictjson._read(strictjson._decode(data)))  # noqa: SLF001  see above


MEMBERS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists, max_leaves=4),
)


@given(MEMBERS, st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]), st.sampled_from(["once", "twice"]))
def test_a_lost_member_is_noticed_however_it_is_written(
    members: dict[str, object], separators: tuple[str, str], how_often: str
) -> None:
    twice = how_often == "twice"
    text = json.dumps(members, separators=separators, ensure_ascii=False)
    if twice and members:
        name = json.dumps(next(iter(members)), ensure_ascii=False)
        text = text[:-1] + separators[0] + name + separators[1] + "1}"
    data = text.encode("utf-8", "surrogatepass")
    quick = strictjson._quickly(data)  # noqa: SLF001  the law is about the reader inside
    assert not (twice and members) or quick is None
    assert quick is None or repr(quick) == repr(members)
