"""What a tenant demands of what its applications trust: what is refused, what is only noted, and in which order."""

from dataclasses import replace
from uuid import UUID

import pytest
from msgspec.structs import replace as changed

from accredit import errors, policy
from accredit.directory import Tenant
from accredit.exchange import TokenRequest, exchange
from accredit.policy import Shown
from accredit.signins import Sender
from accredit.stores.batches import MemorySink
from accredit.stores.events import EventLog
from tests.forge import ISSUER, NOW
from tests.support.every import every
from tests.support.stories import refusal, run
from tests.support.trusting import credential, record
from tests.test_exchange import FORM, TENANT, World, signed

OTHER = "https://other.test"
GITHUB = "https://token.actions.githubusercontent.com"
BY_NAME = "repo:octo-org/octo-repo:ref:refs/heads/main"
BY_ID = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"
EVERYTHING = {
    "allowed_issuers": (OTHER,),
    "allowed_algorithms": ("RS512",),
    "max_assertion_lifetime": 60,
    "immutable_ids": "enforce",
}
DEMANDS = {  # settings, token -> the policies that it breaks, the row that it is refused with
    "nothing": ({}, {}, (), None),
    "an issuer that is another one": ({"allowed_issuers": (OTHER,)}, {}, ("allowedIssuers",), 700238),
    "an issuer that is this one": ({"allowed_issuers": (OTHER, GITHUB)}, {}, (), None),
    "an issuer that is another one, in audit": (
        {"allowed_issuers": (OTHER,), "allowed_issuers_mode": "audit"},
        {},
        ("allowedIssuers",),
        None,
    ),
    "audit of a list that there is none of": ({"allowed_issuers_mode": "audit"}, {}, (), None),
    "another algorithm": ({"allowed_algorithms": ("RS512", "RS384")}, {}, ("allowedAlgorithms",), 5002738),
    "this algorithm": ({"allowed_algorithms": ("RS512", "RS256")}, {}, (), None),
    "a life as long as it is": ({"max_assertion_lifetime": 300}, {}, (), None),
    "a shorter life": ({"max_assertion_lifetime": 299}, {}, ("maxAssertionLifetime",), 70023),
    "a shorter life of one that began with nbf": (
        {"max_assertion_lifetime": 899},
        {"iat": ...},
        ("maxAssertionLifetime",),
        70023,
    ),
    "a shorter life of one that does not say when it began": (
        {"max_assertion_lifetime": 299},
        {"iat": ..., "nbf": ...},
        ("maxAssertionLifetime",),
        70023,
    ),
    "ids": ({"immutable_ids": "enforce"}, {}, ("immutableIds",), 700238),
    "ids, in audit": ({"immutable_ids": "audit"}, {}, ("immutableIds",), None),
    "everything": (EVERYTHING, {}, tuple(policy.RULES), 700238),
    "everything, the issuer in audit": (
        EVERYTHING | {"allowed_issuers_mode": "audit"},
        {},
        tuple(policy.RULES),
        5002738,
    ),
}


def tenant(**settings) -> Tenant:
    return changed(TENANT, **settings)


@every("sentence", DEMANDS)
def test_a_tenant_demands(sentence):
    settings, said, names, code = DEMANDS[sentence]
    world = World(credential(1, BY_NAME), tenant=tenant(**settings))
    if code is None:
        assert run(world.ask(signed(sub=BY_NAME, **said))).value
    else:
        refused = refusal(world.ask(signed(sub=BY_NAME, **said)))
        assert (refused.row.code, bool(refused.policy)) == (code, True)
        assert world.mint.minted == []
    assert (world.event.code, world.event.policies, world.event.proof) == (code or 0, names, "proven")


@every("name", policy.RULES)
def test_what_is_said_to_the_administrator_names_the_tenant_and_its_limit(name):
    settings = {"immutableIds": "immutable_ids", "allowedIssuers": "allowed_issuers"}.get(name)
    settings = settings or {"allowedAlgorithms": "allowed_algorithms"}.get(name, "max_assertion_lifetime")
    world = World(credential(1, BY_NAME), tenant=tenant(**{settings: EVERYTHING[settings]}))
    assert refusal(world.ask(signed(sub=BY_NAME))).policy == name
    told = {
        "allowedIssuers": "the issuer is not one that the tenant allows",
        "allowedAlgorithms": "the tenant's list of algorithms",
        "maxAssertionLifetime": "a life of 300 s, the limit is 60 s of the tenant's policy",
        "immutableIds": "credential credential-1 does not pin the id of the tenant and project",
    }
    assert world.event.detail == told[name]


def test_the_shorter_limit_of_record_and_tenant_counts_and_the_record_comes_first():
    short = credential(1, BY_NAME, issuer=record(max_lifetime=100))
    world = World(short, tenant=tenant(max_assertion_lifetime=60))
    refused = refusal(world.ask(signed(sub=BY_NAME)))
    assert (refused.detail, world.event.policies) == ("a life of 300 s, the limit is 100 s", ())


def test_trust_that_names_ids_meets_a_tenant_that_demands_them():
    world = World(credential(1, BY_ID), tenant=tenant(immutable_ids="enforce"))
    assert run(world.ask(signed(sub=BY_ID))).value
    assert world.event.policies == ()


def test_nothing_is_asked_of_other_evidence_nor_of_what_is_not_proven():
    demanding = tenant(**EVERYTHING)
    assert run(World(tenant=demanding).ask(client_secret="s3cret", client_assertion_type=None)).value
    world = World(tenant=demanding)
    assert refusal(world.ask(signed()[:-8] + "AAAAAAAA")).row is errors.SIGNATURE_INVALID
    assert world.event.policies == ()


def test_a_policy_comes_before_what_the_resource_demands():
    world = World(credential(1, BY_NAME), tenant=tenant(immutable_ids="audit"))
    refused = refusal(world.ask(signed(sub=BY_NAME), scope="api://other/.default"))
    assert (refused.row, world.event.policies) == (errors.RESOURCE_UNKNOWN, ("immutableIds",))


KNOWN = {  # what is known: settings, credential, token -> policies
    "an issuer alone": (EVERYTHING, None, None, ["allowedIssuers"]),
    "a credential without a token": (EVERYTHING, credential(1, BY_NAME), None, ["allowedIssuers", "immutableIds"]),
    "a record of which no algorithm is left": (
        {"allowed_algorithms": ("ES256",)},
        credential(1, BY_NAME),
        None,
        ["allowedAlgorithms"],
    ),
    "a record of which one is left": ({"allowed_algorithms": ("RS256",)}, credential(1, BY_NAME), None, []),
    "a token whose life is not known": (
        {"max_assertion_lifetime": 60},
        credential(1, BY_NAME),
        Shown("RS256", None),
        [],
    ),
    "the token used last": (
        {"max_assertion_lifetime": 60, "allowed_algorithms": ("RS256",)},
        credential(1, BY_NAME),
        Shown("ES256", 61.0),
        ["allowedAlgorithms", "maxAssertionLifetime"],
    ),
}


@every("sentence", KNOWN)
def test_judged_by(sentence):
    settings, held, shown, expected = KNOWN[sentence]
    assert [each.policy for each in policy.judged(tenant(**settings), ISSUER, held, shown)] == expected


def test_no_policy_costs_no_look_at_the_token():
    assert policy.breaches(TENANT, credential(), None, NOW) == ()  # type: ignore[arg-type]  # it is not looked at


# ── assertions that are good for one token ───────────────────────────────────────────────────────────────────────────


class Logged(World):
    """A world whose log is the real one, in memory."""

    def __init__(self, replay, *held, **given):
        held = held or (credential(1, issuer=record(replay=replay)),)
        super().__init__(*held, **given)
        self.log = EventLog(MemorySink(), lambda: 0)
        self.authority = replace(self.authority, signins=self.log)
        self.number = 0

    def once_more(self, text, *, address="203.0.113.9", **form):
        """Ask with an assertion, each time as another request."""
        self.number += 1
        sender = Sender(UUID(int=self.number << 8), UUID(int=5), address, "curl/8")
        request = TokenRequest.from_form(sender, "contoso.test", FORM | {"client_assertion": text} | form)
        return exchange(request, self.authority)

    @property
    def events(self):
        return list(self.log.sink.events.values())


def test_an_assertion_that_is_good_for_one_token_gets_one():
    world = Logged("enforce")
    assert run(world.once_more(signed())).value
    refused = refusal(world.once_more(signed(), address="198.51.100.7"))
    assert (refused.row, refused.message) == (errors.ASSERTION_REUSED, "Client assertion failed signature validation.")
    assert refused.detail == "the assertion was used for a token before, from 203.0.113.9"
    first, second = world.events
    assert (first.code, first.policies, first.reused) == (0, (), 0)
    assert (second.code, second.policies, second.reused, second.proof) == (700027, ("replay",), 1, "proven")
    assert (second.first_address, second.address) == ("203.0.113.9", "198.51.100.7")
    assert world.log.figures.reused == 1


def test_where_it_is_only_observed_every_use_but_the_first_says_so():
    world = Logged("observe")
    for address in ("203.0.113.9", "198.51.100.7", "198.51.100.8"):
        assert run(world.once_more(signed(), address=address)).value
    assert [(each.code, each.reused, each.first_address) for each in world.events] == [
        (0, 0, ""),
        (0, 1, "203.0.113.9"),
        (0, 2, "203.0.113.9"),
    ]
    assert [each.policies for each in world.events] == [(), ("replay",), ("replay",)]


def test_where_nobody_looks_nothing_is_remembered():
    world = Logged("off")
    assert run(world.once_more(signed())).value
    assert run(world.once_more(signed())).value
    assert world.log.sink.used == {}
    assert [each.reused for each in world.events] == [0, 0]


REFUSED = {
    "a forged signature": {"client_assertion": signed()[:-8] + "AAAAAAAA"},
    "a resource that does not exist": {"scope": "api://other/.default"},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_nothing_is_used_up_by(sentence):
    world = Logged("enforce")
    refusal(world.once_more(signed(), **REFUSED[sentence]))
    assert run(world.once_more(signed())).value


def test_nothing_is_used_up_by_what_a_policy_refuses():
    world = Logged("enforce", tenant=tenant(allowed_issuers=(OTHER,)))
    assert refusal(world.once_more(signed())).row is errors.FEDERATION_FORBIDDEN
    assert world.log.sink.used == {}


@pytest.mark.parametrize("replay", ["enforce", "observe"])
def test_a_log_that_cannot_be_written_gives_no_token_and_uses_nothing_up(replay):
    world = Logged(replay)
    world.log.sink.failure = "disk full"
    refused = refusal(world.once_more(signed()))
    assert (refused.row, refused.row.status) == (errors.TRANSIENT, 503)
    world.log.sink.failure = ""
    assert run(world.once_more(signed())).value
    assert [each.reused for each in world.events if each.code == 0] == [0]


def test_what_a_policy_notes_stands_beside_the_second_use():
    world = Logged(
        "observe", credential(1, BY_NAME, issuer=record(replay="observe")), tenant=tenant(immutable_ids="audit")
    )
    for _ in range(2):
        assert run(world.once_more(signed(sub=BY_NAME))).value
    assert [each.policies for each in world.events] == [("immutableIds",), ("immutableIds", "replay")]


def test_an_assertion_of_another_record_or_with_another_id_is_another_one():
    world = Logged("enforce")
    for number in range(3):
        assert run(world.once_more(signed(jti=f"{number}"))).value
    assert run(world.once_more(signed(jti=...))).value
    assert refusal(world.once_more(signed(jti=...))).row is errors.ASSERTION_REUSED
