"""Past sign-ins, held against a change of trust: who would pass, who would fail, and what nobody can know."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.explain import replay as replaying
from accredit.explain.recalled import Recalled, matched
from accredit.explain.replay import replay
from accredit.signins import Event, match_set
from accredit.trust import match
from accredit.trust.expression import parse
from tests.forge import AUDIENCE, ISSUER, NOW, SUBJECT
from tests.support.every import every
from tests.support.trusting import credential, presented, trusted

ANOTHER = f"{SUBJECT}x"


def event(token=None, *, proof="proven", held=(), **changes):
    """What is kept of a token."""
    token = presented() if token is None else token
    kept = match_set(trusted(*held).wanted(token.issuer), token.claims)
    told = {
        "id": UUID(int=1),
        "at": NOW,
        "tenant_id": UUID(int=2),
        "app_id": UUID(int=3),
        "app_name": "a",
        "principal_id": UUID(int=4),
        "correlation_id": UUID(int=1),
        "address": "192.0.2.7",
        "evidence": "federatedIdentityCredential",
        "proof": proof,
        "issuer": token.issuer,
        "subject": token.subject,
        "audiences": token.audiences,
        "claims": kept.claims,
        "claim_kinds": kept.kinds,
        "claims_lacking": kept.lacking,
    }
    return Event(**{**told, **changes})


def of_version_2(number, text):
    return replace(credential(number, subject=None), expression=parse(text, 2))


def counts(found):
    return {each.outcome: each.count for each in found.outcomes if each.count}


EXACT, OTHER = credential(1), credential(2, ANOTHER)
PATTERN = credential(1, expression="claims['sub'] matches 'repo:*' and claims['repository_id'] eq '7'")
STRANGER = event(presented(sub=ANOTHER))

SCENARIOS = {  # events, before, after, what comes out
    "nothing is changed": ([event()], [EXACT], [EXACT], {"stillPasses": 1}),
    "a credential goes": ([event()], [EXACT], [], {"newlyFails": 1}),
    "a credential comes": ([event()], [], [EXACT], {"newlyPasses": 1}),
    "it passes by another": ([event()], [EXACT], [credential(3)], {"changesCredential": 1}),
    "a switched off credential is none": ([event()], [EXACT], [replace(EXACT, enabled=False)], {"newlyFails": 1}),
    "others are not affected": ([STRANGER], [EXACT], [], {"unaffected": 1}),
    "a subject becomes a pattern with an id": (
        [event(presented(repository_id="7")), event(presented(repository_id="8")), event(presented(sub=ANOTHER))],
        [EXACT],
        [PATTERN],
        {"stillPasses": 1, "newlyFails": 1, "unaffected": 1},
    ),
    "a claim that was looked for and not there decides": ([event()], [EXACT], [PATTERN], {"newlyFails": 1}),
    "a number is not a text": (
        [event(presented(repository_id=7))],
        [EXACT],
        [PATTERN],
        {"newlyFails": 1},
    ),
    "a claim that is not kept is unknown": (
        [event()],
        [EXACT],
        [credential(1, expression="claims['sub'] matches 'repo:*' and claims['run_id'] eq '7'")],
        {"unknown": 1},
    ),
    "what is unknown on both sides and not touched is not affected": (
        [event(presented(sub=ANOTHER))],
        [credential(4, expression="claims['run_id'] eq '7'")],
        [credential(4, expression="claims['run_id'] eq '7'"), EXACT],
        {"unaffected": 1},
    ),
    "nobody has proven it, and it would match": ([event(proof="unproven")], [], [EXACT], {"wouldMatchUnproven": 1}),
    "nobody knows who it was, and it would match": ([event(proof="unknown")], [], [EXACT], {"wouldMatchUnproven": 1}),
    "nobody has proven it, and it would not match any more": (
        [event(proof="unproven")],
        [EXACT],
        [],
        {"unaffected": 1},
    ),
    "an aggregate counts as many, of whom nothing is known": (
        [event(proof="unproven", issuer="", subject=None, audiences=(), count=40)],
        [],
        [EXACT],
        {"unknown": 40},
    ),
    "a secret is no token": ([event(issuer="", evidence="clientSecret")], [], [EXACT], {}),
    "one of two suffices": (
        [event(presented(repository_id="7"))],
        [EXACT],
        [EXACT, credential(5, expression="claims['repository_id'] eq '7'")],
        {"stillPasses": 1},
    ),
}


@every("sentence", SCENARIOS)
def test_what_would_have_happened(sentence):
    events, before, after, outcomes = SCENARIOS[sentence]
    found = replay(events, before, after, "contained")
    assert counts(found) == outcomes
    assert found.decisive is bool({"newlyPasses", "newlyFails"} & {*outcomes})
    assert "matching" in found.note


KEPT = {  # an expression of version 2, what the event keeps, and what is known
    "a text": ("claims['c'] eq 'x'", {"c": "x"}, "s", True),
    "a number": ("claims['c'] eq 1", {"c": "1"}, "i", True),
    "a text is no number": ("claims['c'] eq 1", {"c": "1"}, "s", False),
    "yes": ("claims['c'] eq true", {"c": "true"}, "b", True),
    "a fraction": ("claims['c'] eq 1", {"c": "1.0"}, "f", False),
    "null": ("exists(claims['c'])", {"c": "null"}, "n", False),
    "a list is there": ("exists(claims['c'])", {"c": "[…]"}, "l", True),
    "what is in a list": ("claims['c'] contains 'x'", {"c": "[…]"}, "l", None),
    "an object is there": ("exists(claims['c'])", {"c": "{…}"}, "o", True),
    "a member of an object": ("claims['c']['d'] eq 'x'", {"c": "{…}"}, "o", None),
    "a member of a text": ("claims['c']['d'] eq 'x'", {"c": "x"}, "s", False),
    "a member that is kept": ("claims['c']['d'] eq 'x'", {"claims['c']['d']": "x"}, "s", True),
    "a text that was cut": ("claims['c'] eq 'x'", {"c": "x…"}, "t", None),
    "a person": ("claims['c'] eq 'x'", {"c": "(not kept)"}, "p", None),
    "of an older version, a text": ("claims['c'] eq 'x'", {"c": "x"}, "", True),
    "of an older version, perhaps a number": ("claims['c'] eq '1'", {"c": "1"}, "", None),
    "of an older version, a list": ("exists(claims['c'])", {"c": "[…]"}, "", None),
    "of an older version, escaped": ("claims['c'] eq 'x'", {"c": "\\x1b"}, "", None),
    "or: one suffices": ("claims['c'] eq 'x' or claims['gone'] eq 'y'", {"c": "x"}, "s", True),
    "or: the other decides": ("claims['c'] eq 'z' or claims['gone'] eq 'y'", {"c": "x"}, "s", None),
    "and: one is enough against": ("claims['c'] eq 'z' and claims['gone'] eq 'y'", {"c": "x"}, "s", False),
    "the subject": (f"claims['sub'] eq '{SUBJECT}'", {}, "", True),
}


@every("sentence", KEPT)
def test_what_an_event_tells_of(sentence):
    text, claims, kinds, known = KEPT[sentence]
    of = Recalled.of(event(claims=tuple(claims.items()), claim_kinds=kinds, claims_lacking=()))
    assert matched(of_version_2(1, text), of, "contained") is known


ALTERED = {
    "another issuer": ({"issuer": "https://another.example"}, EXACT, False),
    "the issuer": ({}, credential(1, expression=f"claims['iss'] eq '{ISSUER}'"), True),
    "one audience, which is a text or a list": ({}, credential(1, expression=f"claims['aud'] eq '{AUDIENCE}'"), None),
    "an audience that it has not": ({}, credential(1, expression="claims['aud'] eq 'z'"), False),
    "a subject that was cut": ({"subject": "x" * 600 + "…"}, credential(1, "x" * 601), None),
    "another subject that was cut": ({"subject": "y" * 600 + "…"}, credential(1, "x" * 601), False),
    "an issuer that was escaped": ({"issuer": "urn:a\\x1b"}, credential(1, issuer="urn:a\\x1b"), None),
    "an audience of several that was cut": ({"audiences": (AUDIENCE, "x…")}, EXACT, None),
    "several audiences": ({"audiences": (AUDIENCE, "b")}, EXACT, True),
    "several others": ({"audiences": ("a", "b")}, EXACT, False),
    "no subject": ({"subject": None}, of_version_2(1, "claims['sub'] eq 'x'"), False),
    "a subject that was escaped": ({"subject": "a\\x1b"}, of_version_2(1, "claims['sub'] matches 'a*'"), None),
    "an issuer that was escaped, in an expression": (
        {"issuer": "urn:a\\x1b"},
        credential(1, issuer="urn:a\\x1b", expression="claims['iss'] eq 'urn:a'"),
        None,
    ),
    "several audiences, in an expression": (
        {"audiences": (AUDIENCE, "b")},
        credential(1, expression="claims['aud'] eq 'b'"),
        False,
    ),
    "an audience that was escaped, in an expression": (
        {"audiences": (AUDIENCE, "b\\x1b")},
        credential(1, expression="claims['aud'] eq 'b'"),
        None,
    ),
}


@every("sentence", ALTERED)
def test_what_is_not_kept_as_it_was_is_never_sure(sentence):
    changes, held, known = ALTERED[sentence]
    assert matched(held, Recalled.of(event(**changes)), "contained") is known


def test_the_most_frequent_subjects_are_told_with_their_times():
    events = [event(presented(sub=f"s{n}"), at=NOW - timedelta(hours=n)) for n in range(12) for _ in range(n + 1)]
    found = replay(events, [], [credential(9, expression="claims['sub'] matches 's*'")], "contained")
    (passing,) = (each for each in found.outcomes if each.count)
    assert (passing.outcome, passing.count, passing.first, passing.last) == (
        "newlyPasses",
        78,
        NOW - timedelta(hours=11),
        NOW,
    )
    assert [(each.subject, each.count) for each in passing.subjects] == [(f"s{n}", n + 1) for n in range(11, 1, -1)]
    (use,) = found.credentials
    assert (use.before, use.after, found.examined, found.oldest) == (0, 78, 78, NOW - timedelta(hours=11))


def test_beyond_its_bounds_it_is_a_sample(monkeypatch):
    events = [event()] * 1_200
    assert not replay(events, [EXACT], [], "contained", most=1_200).sampled
    few = replay(events, [EXACT], [], "contained", most=1_199)
    assert (few.sampled, few.examined) == (True, 1_199)
    timed = replay(events, [EXACT], [], "contained", enough=lambda: True)
    assert (timed.sampled, timed.examined) == (True, 500)
    monkeypatch.setattr(replaying, "_MOST_REMEMBERED", 1)
    monkeypatch.setattr(replaying, "_MOST_TOLD_APART", 1)
    found = replay([event(), STRANGER, event()], [EXACT, OTHER], [], "contained")
    assert counts(found) == {"newlyFails": 3}
    assert [each.count for each in next(o for o in found.outcomes if o.count).subjects] == [2]


VALUES = st.sampled_from(["7", "8", 7, True, 1.5, None, ["7"], {"a": "7"}, ...])
TOKENS = st.builds(
    lambda sub, claims: presented(extended=True, sub=sub, **claims),
    st.sampled_from([SUBJECT, ANOTHER, "s"]),
    st.fixed_dictionaries({"repository_id": VALUES, "environment": VALUES, "unlisted": VALUES}),
)
TEXTS = (
    "claims['sub'] matches 'repo:*'",
    "claims['repository_id'] eq '7' and claims['sub'] matches '**'",
    "claims['repository_id'] eq 7 or claims['environment'] in ['7', '8']",
    "exists(claims['environment']) and claims['repository_id'] ne '8'",
    "claims['unlisted'] eq '7' or claims['repository_id'] contains '7'",
    "claims['environment']['a'] eq '7'",
)
CREDENTIALS = st.lists(
    st.sampled_from([EXACT, OTHER, *(of_version_2(10 + n, text) for n, text in enumerate(TEXTS))]),
    max_size=4,
    unique_by=lambda each: each.id,
)


@given(st.lists(TOKENS, max_size=5), CREDENTIALS)
def test_what_is_not_changed_changes_nothing(tokens, held):
    found = counts(replay([event(each, held=held) for each in tokens], held, held, "contained"))
    assert not {"newlyPasses", "newlyFails", "changesCredential", "wouldMatchUnproven", "unknown"} & {*found}


@given(st.lists(TOKENS, max_size=5), CREDENTIALS, st.data())
def test_trusting_less_lets_nobody_pass(tokens, held, data):
    left = [each for each in held if data.draw(st.booleans())]
    found = counts(replay([event(each) for each in tokens], held, left, "contained"))
    assert not {"newlyPasses", "wouldMatchUnproven"} & {*found}


@given(TOKENS, CREDENTIALS)
def test_what_is_known_is_what_the_exchange_says(token, held):
    of = Recalled.of(event(token))
    for each in held:
        known = matched(each, of, "contained")
        assert known is None or known is bool(match(trusted(each), token).credentials)


@given(st.lists(TOKENS, max_size=5), CREDENTIALS, CREDENTIALS, st.sampled_from(["unproven", "unknown"]))
def test_what_nobody_has_proven_never_argues(tokens, before, after, proof):
    found = replay([event(each, proof=proof) for each in tokens], before, after, "contained")
    assert {*counts(found)} <= {"wouldMatchUnproven", "unknown", "unaffected"}
    assert not found.decisive
    assert all(each.before == each.after == 0 for each in found.credentials)
