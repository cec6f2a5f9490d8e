"""What a change changed, as people read it: complete, exact to the character, and without secrets."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from accredit.signins import Modified, Target
from accredit.signins.difference import HIDDEN, MOST_COMPARED, Difference, Piece, differences, pieces
from tests.signins.changes import NOBODY, record
from tests.support.every import every

TRUST = "FederatedIdentityCredentials"
MAIN = {"id": "1", "name": "main", "issuer": "https://a.test", "subject": "repo:a/b:main", "enabled": True}


def shown(found):
    """Return path, what became of it, and the two values with what differs in brackets."""
    return [(" / ".join(each.path), each.kind, marked(each.before), marked(each.after)) for each in found]


def marked(some):
    return None if some is None else "".join(each.text if each.same else f"«{each.text}»" for each in some)


CHANGES = {
    "a text": ("displayName", "orders", "Orders", [("displayName", "changed", "«o»rders", "«O»rders")]),
    "a text that is new": ("description", None, "x", [("description", "added", None, "«x»")]),
    "a text that is gone": ("description", "x", None, [("description", "removed", "«x»", None)]),
    "a text that is empty now": ("description", "x", "", [("description", "changed", "«x»", "")]),
    "a part that is new": ("x", "a/main/b", "a/main/new/b", [("x", "changed", "a/main/b", "a/main/«new/»b")]),
    "a word that begins otherwise": (
        "x",
        "repo:production",
        "repo:main",
        [("x", "changed", "repo:«production»", "repo:«main»")],
    ),
    "a slip in a word": (
        "x",
        "env:produciton",
        "env:production",
        [("x", "changed", "env:produc«it»on", "env:produc«ti»on")],
    ),
    "a flag": ("enabled", True, False, [("enabled", "changed", "«true»", "«false»")]),
    "a number": ("tokenLifetime", 3600, 600, [("tokenLifetime", "changed", "«3600»", "«600»")]),
    "a text in the place of a number": ("x", 1, "1", [("x", "changed", "«1»", '«"1"»')]),
    "nothing in the place of nothing": ("x", None, [], []),
    "a subject of a credential": (
        TRUST,
        [MAIN],
        [{**MAIN, "subject": "repo:a/c:main"}],
        [(f"{TRUST} / main / subject", "changed", "repo:a/«b»:main", "repo:a/«c»:main")],
    ),
    "a credential that is new": (
        TRUST,
        [],
        [MAIN | {"description": None, "listedAudiences": []}],
        [
            (f"{TRUST} / main / id", "added", None, "«1»"),
            (f"{TRUST} / main / name", "added", None, "«main»"),
            (f"{TRUST} / main / issuer", "added", None, "«https://a.test»"),
            (f"{TRUST} / main / subject", "added", None, "«repo:a/b:main»"),
            (f"{TRUST} / main / enabled", "added", None, "«true»"),
        ],
    ),
    "an expression in the place of a subject": (
        TRUST,
        [MAIN],
        [
            {
                **MAIN,
                "subject": None,
                "claimsMatchingExpression": {"value": "claims['sub'] eq 'x'", "languageVersion": 1},
            }
        ],
        [
            (f"{TRUST} / main / subject", "removed", "«repo:a/b:main»", None),
            (f"{TRUST} / main / claimsMatchingExpression / value", "added", None, "«claims['sub'] eq 'x'»"),
            (f"{TRUST} / main / claimsMatchingExpression / languageVersion", "added", None, "«1»"),
        ],
    ),
    "one of two secrets of one name": (
        "PasswordCredentials",
        [{"keyId": "1", "displayName": "ci"}, {"keyId": "2", "displayName": "ci"}],
        [{"keyId": "1", "displayName": "ci"}],
        [
            ("PasswordCredentials / ci (2) / keyId", "removed", "«2»", None),
            ("PasswordCredentials / ci (2) / displayName", "removed", "«ci»", None),
        ],
    ),
    "a secret without a name": (
        "PasswordCredentials",
        None,
        [{"keyId": "1", "displayName": None}],
        [("PasswordCredentials / 1 / keyId", "added", None, "«1»")],
    ),
    "one value of a list": (
        "identifierUris",
        ["api://a", "api://b"],
        ["api://b", "api://c"],
        [("identifierUris", "changed", "api://«a»", "api://«c»")],
    ),
    "values of a list": (
        "ports",
        [1, 2, 2],
        [2, 3, 4],
        [
            ("ports", "removed", "«1»", None),
            ("ports", "removed", "«2»", None),
            ("ports", "added", None, "«3»"),
            ("ports", "added", None, "«4»"),
        ],
    ),
    "the order of a list": (
        "domains",
        ["a.test", "b.test"],
        ["b.test", "a.test"],
        [("domains", "changed", '«["a.test","b.test"]»', '«["b.test","a.test"]»')],
    ),
    "elements without a name of their own": (
        "redirectUriSettings",
        [{"index": 1}],
        [{"index": 2}],
        [("redirectUriSettings / index", "changed", "«1»", "«2»")],
    ),
    "two elements of one key": (
        "x",
        [{"id": "1", "a": 1}, {"id": "1", "a": 2}],
        [],
        [("x", "removed", '«{"a":1,"id":"1"}»', None), ("x", "removed", '«{"a":2,"id":"1"}»', None)],
    ),
    "another kind of value": ("x", ["a"], "a", [("x", "changed", '«["a"]»', '«"a"»')]),
    "a member that could be a secret": (
        "x",
        {"secretText": "canary"},
        {"secretText": "canary2"},
        [("x / secretText", "changed", f"«{HIDDEN}»", f"«{HIDDEN}»")],
    ),
    "a member that could be a new secret": (
        "x",
        None,
        {"salt": "canary"},
        [("x / salt", "added", None, f"«{HIDDEN}»")],
    ),
}


@every("row", CHANGES.values(), ids=CHANGES.keys())
def test_what_differs(row):
    name, old, new, expected = row
    assert shown(differences(record(Modified(name, json.dumps(old), json.dumps(new))))) == expected


def test_what_is_no_json_is_shown_as_it_stands():
    assert shown(differences(record(Modified("x", "abc-", "abd-")))) == [("x", "changed", "ab«c»-", "ab«d»-")]


def test_of_several_targets_each_counts():
    one = Target(id=NOBODY, kind="Application", name="a", modified=(Modified("x", "1", "2"),))
    both = record(targets=(one, one))
    assert len(differences(both)) == 2
    assert differences(record(targets=())) == ()


WORDS = st.text(st.sampled_from("ab:/ '*é"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "name", "x", "y"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(WORDS, WORDS)
def test_pieces_are_the_texts_and_what_is_shared_is_in_both(before, after):
    left, right = pieces(before, after)
    assert ("".join(each.text for each in left), "".join(each.text for each in right)) == (before, after)
    shared = ["".join(each.text for each in side if each.same) for side in (left, right)]
    assert shared[0] == shared[1]
    for side in (left, right):
        assert all(each.text for each in side)
        assert all(one.same is not other.same for one, other in pairwise(side))


def test_texts_too_long_to_be_compared_word_by_word_are_compared_from_their_ends():
    many = ":" * (MOST_COMPARED // 100)
    assert pieces(f"a{many}b{many}c", f"a{many}d{many}c")[0] == (
        Piece(f"a{many}", same=True),
        Piece("b", same=False),
        Piece(f"{many}c", same=True),
    )


@given(VALUES, VALUES)
def test_whatever_differs_is_named(old, new):
    found = differences(record(Modified("x", json.dumps(old), json.dumps(new))))
    canonical = [json.dumps(each, sort_keys=True) for each in (old, new)]
    if canonical[0] == canonical[1]:
        assert found == ()
    elif stripped(old) != stripped(new):
        assert found
    assert all(each.before is not None or each.after is not None for each in found)


def stripped(value):
    """Leave out what is nothing."""
    if isinstance(value, dict):
        return {name: each for name, raw in value.items() if (each := stripped(raw)) is not None} or None
    if isinstance(value, list):
        return [stripped(each) for each in value] or None
    return json.dumps(value) if value is not None else None


def test_the_values_are_the_texts_in_one_piece():
    (found,) = differences(record(Modified("x", '"a main"', '"a pain"')))
    assert (found.old, found.new) == ("a main", "a pain")
    (found,) = differences(record(Modified("x", "null", "7")))
    assert (found.old, found.new) == (None, "7")
    (found,) = differences(record(Modified("x", "7", "null")))
    assert (found.old, found.new) == ("7", None)


def test_what_is_shared_between_two_differences_is_not_worth_seeing_if_short():
    assert shown(differences(record(Modified("x", '"ab/cd"', '"xy/uv"')))) == [("x", "changed", "«ab/cd»", "«xy/uv»")]
    assert shown(differences(record(Modified("x", '"ab/main/cd"', '"xy/main/uv"')))) == [
        ("x", "changed", "«ab»/main/«cd»", "«xy»/main/«uv»")
    ]


def test_kinds():
    one = (Piece("x", same=False),)
    assert [
        Difference(path=("a",), before=before, after=after).kind
        for before, after in ((None, one), (one, None), (one, one))
    ] == ["added", "removed", "changed"]
