"""What the event of a refusal says of why it came about."""

from time import thread_time
from uuid import UUID

import pytest
from hypothesis import given
from msgspec.structs import replace

from accredit import errors
from accredit.errors import Refused
from accredit.explain import explain, worded
from accredit.explain.nearest import CONSIDERED
from accredit.explain.reasons import REASONS
from accredit.signins import PERSONAL
from accredit.trust import choose, match
from accredit.trust.expression import parse
from tests.forge import NOW
from tests.signins.test_event import signin
from tests.support.every import every
from tests.support.trusting import credential, presented, trusted
from tests.trust.test_matching import CREDENTIALS, TOKENS, made

MAIN = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"
PRODUCTION = "repo:octo-org@123456/octo-repo@456789:environment:production"


def missed(*held, said=None, **changes):
    """The event of an assertion that nothing matches."""
    said, known = said or presented(**changes), trusted(*held)
    matched = match(known, said)
    with pytest.raises(Refused) as refusal:
        choose("deploy-bot", matched)
    return told(refusal.value, presented=said, trusted=known, matched=matched)


def told(refused, **filled):
    form = signin(**filled)
    return worded(form.event(refused, 1.0), form, refused)


def test_the_nearest_credential_is_the_first_and_its_difference_is_said():
    far = credential(1, "somebody-else")
    near = credential(2, PRODUCTION)
    event = missed(far, near, sub=MAIN)
    assert [each.credential_id for each in event.verdicts] == [near.id, far.id]
    assert event.nearest.startswith("The job ran on branch `main`, the credential expects environment `production`.")


def test_who_got_less_far_stands_behind():
    held = (credential(1, MAIN, issuer="https://gitlab.com"), credential(2, MAIN + "x"), credential(3, MAIN[:-1]))
    event = missed(*held, sub=MAIN)
    assert event.verdicts[-1].credential_id == UUID(int=1)
    assert event.nearest


def test_among_many_those_that_begin_alike_are_put_into_words():
    many = [credential(n, f"somebody-{n}") for n in range(100)]
    near = credential(200, PRODUCTION)
    assert missed(*many, near, sub=MAIN).verdicts[0].credential_id == near.id
    case = credential(300, MAIN.upper())
    assert missed(*many, near, case, sub=MAIN).verdicts[0].credential_id == case.id
    same = [credential(n, MAIN + "x" * (n + 1)) for n in range(CONSIDERED + 1)]
    assert missed(*same, sub=MAIN).nearest


LITTLE = 1.0  # seconds of a processor, on whatever machine; it takes some hundredths, to compare it all takes many
ENDLESS = {  # what costs most to compare, as long as a claim may be
    "one run of letters": (MAIN + "a" * 4096)[:4096],
    "accents out of order": "a" + "".join(chr(0x300 + n % 2 * 0x23) for n in range(4095)),
    "letters that are many": "\ufdfa" * 4096,
    "what nobody sees": "\x01" * 4096,
    "what is encoded": "%3A" * 1365,
    "names with dots": "aaaaaaaa.eaaaaaaa." * 220,
}


@every("claim", ["sub", "iss"])
@every("name", ENDLESS)
def test_however_long_a_stranger_writes_a_refusal_costs_little(name, claim):
    held = [credential(n, f"{MAIN}-{n}") for n in range(1, CONSIDERED + 1)]
    said = presented(**{claim: ENDLESS[name]})
    begun = thread_time()
    event = missed(*held, said=said)
    assert thread_time() - begun < LITTLE
    assert f"has {len(ENDLESS[name])} characters" in event.nearest


def test_audiences_that_are_long_together_are_said_as_others_are():
    audiences = ["x" * 998 + f"{n:02}" for n in range(16)]
    begun = thread_time()
    event = missed(*(credential(n, f"{MAIN}-{n}") for n in range(1, CONSIDERED + 1)), aud=audiences)
    assert thread_time() - begun < LITTLE
    assert event.nearest.startswith("The token is meant for `xxx")


def test_who_trusts_nobody_is_told_so():
    event = missed()
    assert (event.code, event.verdicts) == (70025, ())
    assert event.nearest == "The application `deploy-bot` trusts nobody yet: it has no enabled credential."


def test_after_a_match_it_is_what_the_credential_did_not_bear_out():
    held, said = credential(1), presented()
    known = {"presented": said, "trusted": trusted(held), "credential": held, "matched": match(trusted(held), said)}
    refused = Refused(errors.SIGNATURE_INVALID)
    event = told(refused, **known)
    assert event.nearest.startswith("The registered key does not verify the signature")
    assert event.verdicts == ()
    without = told(refused, **known | {"credential": None})
    assert without.nearest == event.nearest


def test_what_has_nothing_to_do_with_trust_says_nothing():
    held, said = credential(1), presented()
    known = {"presented": said, "trusted": trusted(held), "credential": held, "matched": match(trusted(held), said)}
    row = errors.ROLE_NOT_ASSIGNED
    assert told(Refused(row, **dict.fromkeys(row.fields, "x")), **known).nearest == ""
    assert told(Refused(errors.SECRET_INVALID, client="x")).nearest == ""
    assert row.name not in REASONS


PERSONS = "claims['sub'] eq 'x' and claims['actor'] eq 'alice'"


def test_who_a_person_is_is_not_said():
    event = missed(credential(1, expression=PERSONS.replace("'x'", f"'{MAIN}'")), sub=MAIN, actor="mallory")
    assert "mallory" not in repr(event)
    assert event.nearest.endswith("`claims['actor'] eq 'alice'`, but the token names somebody else.")
    assert "actor" in PERSONAL


STRANGERS = {
    "where a star stops": ("claims['actor'] matches 'team/*'", {"actor": "team/mallory/x"}),
    "in an object": ("claims['user']['email'] eq 'alice'", {"user": {"email": "mallory"}}),
    "where the object is a text": ("claims['actor']['login'] eq 'alice'", {"actor": "mallory"}),
}


@every("sentence", STRANGERS)
def test_nor_is_it_said(sentence):
    clause, claims = STRANGERS[sentence]
    held = replace(credential(1), subject=None, expression=parse(f"claims['sub'] eq '{MAIN}' and {clause}", 2))
    event = missed(held, sub=MAIN, **claims)
    assert "mallory" not in repr(event)
    assert event.nearest


def test_a_claim_is_said_as_it_is_kept():
    held = credential(1, expression="claims['ref'] eq 'refs/heads/main'")
    assert missed(held, ref="refs/heads/dev").nearest.endswith("but the token says `refs/heads/dev`.")
    assert missed(held, ref={"deep": "secret"}).nearest.endswith(
        "but the token says `{…}`, which is of another type (object)."
    )
    assert missed(held).nearest.endswith("but the token has no such claim.")


@given(CREDENTIALS, TOKENS)
def test_the_event_and_the_explanation_name_the_same_credential(described, said):
    held, said = made(described), presented(extended=True, **said)
    matched = match(trusted(*held), said)
    if matched.credentials or not matched.verdicts or said.self_signed:
        return
    event = missed(*held, said=said)
    whole = explain(said, trusted(*held), client="deploy-bot", now=NOW)
    assert event.verdicts[0].credential_id == whole.near[0].credential_id
    assert event.nearest == whole.near[0].sentence
