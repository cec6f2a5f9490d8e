from dataclasses import replace
from uuid import UUID

import pytest
from msgspec.structs import replace as changed_struct

from accredit import errors
from accredit.administer import Administrator, applications, credentials, permissions, tenants
from accredit.directory import wellknown
from accredit.signins import Actor
from accredit.stores.memory import MemoryRegistry
from tests.administer.office import BASE, office
from tests.forge import NOW
from tests.support.every import every
from tests.support.ports import CountedIds
from tests.support.stories import refusal, run

MARKED = UUID("acc7ed17-0000-4000-8000-000000000009")


def administrator(**given):
    return Administrator(MemoryRegistry(), CountedIds(), lambda: NOW, Actor(name="ada"), **given)


def test_a_tenant_is_created_with_all_well_known_principals_unless_some_are_named():
    by = administrator()
    everything = run(tenants.create(by, display_name="A", domains=("a.test",)))
    few = run(tenants.create(by, display_name="B", domains=("b.test",), enable=["vc_request", "graph"]))
    none = run(tenants.create(by, display_name="C", domains=("c.test",), enable=()))

    async def seeded(tenant):
        async with by.registry.reading() as store:
            return [each.app_id for each in await store.principals.find(tenant_id=tenant.id)]

    known = wellknown.principals()
    assert run(seeded(everything)) == [each.app_id for each in known.values()]
    assert run(seeded(few)) == [known["graph"].app_id, known["vc_request"].app_id]
    assert run(seeded(none)) == []


def test_domains_are_kept_in_lower_case_and_the_issuers_to_come_are_remembered():
    at = office()
    made = run(tenants.create(at.by, display_name="Fabrikam", domains=("Fabrikam.TEST",), enable=()))
    assert made.domains == ("fabrikam.test",)

    async def emitted():
        async with at.registry.reading() as store:
            return await store.emit([])

    assert {f"{BASE}/{made.id}/", f"{BASE}/{made.id}/v2.0"} <= run(emitted())


def test_an_administrator_who_does_not_know_the_public_address_emits_nothing():
    by = administrator()
    run(tenants.create(by, display_name="A", domains=("a.test",), enable=()))

    async def emitted():
        async with by.registry.reading() as store:
            return await store.emit([])

    assert run(emitted()) == frozenset()


def test_an_update_changes_what_is_given_and_nothing_else():
    at = office()
    after = run(tenants.update(at.by, at.tenant.id, portability="extended", token_lifetime=86_400))
    assert (after.portability, after.token_lifetime, after.display_name) == ("extended", 86_400, "Contoso")
    assert after.several_audiences == "refuse"
    assert at.changed() == {"portability": ("entra", "extended"), "tokenLifetime": (3_600, 86_400)}
    after = run(tenants.update(at.by, at.tenant.id, multi_audience="listed", domains=("Two.test", "contoso.test")))
    assert (after.several_audiences, after.domains) == ("listed", ("two.test", "contoso.test"))


def test_a_tenant_goes_with_everything_in_it_and_its_issuers_are_never_trusted_again():
    at = office()
    run(applications.add_role(at.by, at.application.id, value="Read"))
    run(permissions.grant(at.by, at.principal().id, at.principal().id, "Read"))
    run(credentials.add(at.by, at.application.id, name="one", issuer="https://idp.test", subject="s"))
    run(tenants.delete(at.by, at.tenant.id))
    for shelf in ("tenants", "applications", "principals", "issuers", "credentials", "assignments"):
        assert at.read(shelf) == [], shelf
    assert at.last.activity == "Delete tenant"
    assert at.changed()["displayName"] == ("Contoso", None)

    async def emitted():
        async with at.registry.reading() as store:
            return await store.emit([])

    assert f"{BASE}/{at.tenant.id}/v2.0" in run(emitted())


def create(**given):
    known = {"display_name": "Fabrikam", "domains": ("fabrikam.test",), "enable": ()}
    return lambda at: tenants.create(at.by, **known | given)


def update(**given):
    return lambda at: tenants.update(at.by, at.tenant.id, **given)


REFUSED = {
    "a name of blanks": (create(display_name="  "), errors.PROPERTY_INVALID, "displayName"),
    "a name of 257 characters": (create(display_name="n" * 257), errors.PROPERTY_INVALID, "displayName"),
    "a name with a control character": (create(display_name="a\nb"), errors.PROPERTY_INVALID, "displayName"),
    "no domain": (create(domains=()), errors.PROPERTY_INVALID, "1 to 100 domains"),
    "101 domains": (create(domains=tuple(f"d{n}.test" for n in range(101))), errors.PROPERTY_INVALID, "1 to 100"),
    "a domain without a dot": (create(domains=("contoso",)), errors.PROPERTY_INVALID, "contoso is not a DNS name"),
    "a domain twice": (create(domains=("a.test", "A.test")), errors.PROPERTY_INVALID, "twice"),
    "a domain of another tenant": (create(domains=("contoso.test",)), errors.VALUE_TAKEN, "another tenant"),
    "an unknown portability": (update(portability="azure"), errors.PROPERTY_INVALID, "portability: azure"),
    "an unknown rule for several audiences": (update(multi_audience="any"), errors.PROPERTY_INVALID, "any"),
    "an unknown rule for changes of trust": (update(trust_changes="nobody"), errors.PROPERTY_INVALID, "nobody"),
    "tokens of 59 seconds": (update(token_lifetime=59), errors.PROPERTY_INVALID, "59 is not within 60 to 86400"),
    "tokens of more than a day": (update(token_lifetime=86_401), errors.PROPERTY_INVALID, "86401"),
    "no allowed issuer": (update(allowed_issuers=()), errors.PROPERTY_INVALID, "allowedIssuers: 1 to 200 issuers"),
    "201 allowed issuers": (
        update(allowed_issuers=tuple(f"https://i{n}.test" for n in range(201))),
        errors.PROPERTY_INVALID,
        "allowedIssuers: 1 to 200 issuers; null allows every one",
    ),
    "an allowed issuer twice": (update(allowed_issuers=("https://a.test",) * 2), errors.PROPERTY_INVALID, "twice"),
    "an allowed issuer of plain http": (
        create(allowed_issuers=("http://localhost:1",)),
        errors.PROPERTY_INVALID,
        "allowedIssuers: http://localhost:1: it must be https",
    ),
    "an allowed issuer that is any text, where Entra ID is imitated": (
        update(allowed_issuers=("kubernetes/serviceaccount",)),
        errors.PROPERTY_INVALID,
        "allowedIssuers: kubernetes/serviceaccount: not an absolute https URL",
    ),
    "an unknown well-known principal": (create(enable=["graphs"]), errors.PROPERTY_INVALID, "graphs"),
    "an id that bears the emulator's mark": (create(tenant_id=MARKED), errors.EMULATOR_MARK, ""),
    "a tenant that is not there": (
        lambda at: tenants.update(at.by, UUID(int=2**100), display_name="x"),
        errors.OBJECT_NOT_FOUND,
        "",
    ),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    at = office()
    story, row, detail = REFUSED[sentence]
    before = at.registry.audits
    refused = refusal(story(at))
    assert refused.row is row
    assert detail in refused.detail
    assert at.registry.audits == before, "a refused change leaves no record"
    assert at.read("tenants") == [at.tenant]


@pytest.mark.parametrize("lifetime", [60, 86_400])
def test_the_shortest_and_the_longest_lifetime_are_allowed(lifetime):
    at = office()
    assert run(tenants.update(at.by, at.tenant.id, token_lifetime=lifetime)).token_lifetime == lifetime


def test_a_tenant_allows_up_to_200_issuers_and_the_record_shows_the_lists_before_and_after():
    at = office()
    assert at.tenant.allows("https://idp.test")
    many = tuple(f"https://i{n}.test" for n in range(200))
    policy = at.tenant.name_of("allowedIssuers")
    after = run(tenants.update(at.by, at.tenant.id, allowed_issuers=many))
    assert at.changed() == {"allowedIssuers": (None, list(many))}
    told = (after.allows(many[199]), after.allows(many[199] + "/"), after.name_of("allowedIssuers"))
    assert told == (True, False, policy)
    after = run(tenants.update(at.by, at.tenant.id, allowed_issuers=None))
    assert at.changed() == {"allowedIssuers": (list(many), None)}
    assert after.allows("https://idp.test")


UNFIT = {  # policies -> what is said
    "a mode of the list that there is none of": ({"allowed_issuers_mode": "off"}, "allowedIssuersMode: off"),
    "ids that are sometimes demanded": ({"immutable_ids": "warn"}, "immutableIds: warn"),
    "lint that is silent": ({"lint": "off"}, "lint: off"),
    "no algorithm": ({"allowed_algorithms": ()}, "allowedAlgorithms: at least one; null allows every one"),
    "an algorithm that no record may list": ({"allowed_algorithms": ("RS256", "ES256")}, "allowedAlgorithms: ES256"),
    "a life that nothing has": ({"max_assertion_lifetime": 59}, "maxAssertionLifetime: 59 is not within 60 to 90000"),
    "a life that is never reached": ({"max_assertion_lifetime": 90_001}, "maxAssertionLifetime: 90001"),
    "an issuer that is none": ({"allowed_issuers": ("idp",)}, "allowedIssuers: idp"),
}


@every("sentence", UNFIT)
def test_a_tenant_cannot_demand(sentence):
    policies, detail = UNFIT[sentence]
    at = office()
    for attempt in (
        tenants.update(at.by, at.tenant.id, **policies),
        tenants.proposed(at.by, at.tenant.id, **policies),
        tenants.create(at.by, display_name="x", domains=("x.test",), **policies),
    ):
        refused = refusal(attempt)
        assert refused.row is errors.PROPERTY_INVALID
        assert refused.detail.startswith(detail)


def test_what_is_proposed_is_stored_nowhere():
    at = office("extended")
    would = run(tenants.proposed(at.by, at.tenant.id, immutable_ids="enforce", allowed_algorithms=("ES256",)))
    assert (would.immutable_ids, would.allowed_algorithms) == ("enforce", ("ES256",))
    assert run(tenants.proposed(at.by, at.tenant.id)) == at.tenant


def test_an_allowed_issuer_is_whatever_a_credential_of_the_tenant_may_name():
    plain, any_text = "http://127.0.0.1:9000/idp", "kubernetes/serviceaccount"
    at = office("extended", emulator=True)
    allowed = run(tenants.update(at.by, at.tenant.id, allowed_issuers=(plain, any_text))).allowed_issuers
    assert allowed == (plain, any_text)


def test_the_name_of_the_policy_is_another_one_in_each_tenant():
    one = office().tenant
    assert one.name_of("allowedIssuers") == office().tenant.name_of("allowedIssuers")
    assert changed_struct(one, id=UUID(int=5)).name_of("allowedIssuers") != one.name_of("allowedIssuers")


def test_an_emulator_has_ids_that_bear_its_mark():
    at = office(emulator=True)
    assert run(create(tenant_id=MARKED)(at)).id == MARKED
    assert str(run(create(domains=("other.test",))(at)).id).startswith("acc7ed17-")
    assert not str(run(create(domains=("third.test",))(office())).id).startswith("acc7ed17-")


WHO_WIDENS = {
    "an emulator's": (None, True, "entra"),
    "any other": (None, False, "owner_may_narrow"),
    "an emulator's that guards its trust": ("owner_may_narrow", True, "owner_may_narrow"),
    "any other that does as Entra ID does": ("entra", False, "entra"),
}


@every("sentence", WHO_WIDENS)
def test_the_rule_for_changes_of_trust_is_in_a_tenant(sentence):
    setting, emulator, rule = WHO_WIDENS[sentence]
    at = office()
    assert run(tenants.update(at.by, at.tenant.id, trust_changes=setting)).who_widens(emulator=emulator) == rule


def widening(at, *, itself=False, **member):
    """Widen something of the application at hand, as somebody."""

    async def story():
        by = replace(at.by, app_id=at.application.app_id if itself else UUID(int=9), **member)
        async with by.change() as change:
            change.refuse_widening(await change.store.tenants.get(at.tenant.id), at.application)

    return story()


def test_where_a_tenant_guards_its_trust_the_role_is_needed_and_nobody_widens_for_itself():
    at = office()
    run(widening(at))
    refused = refusal(widening(at, may_widen=False))
    assert refused.row is errors.PRIVILEGES_MISSING
    assert "trust_changes owner_may_narrow" in refused.detail
    assert "Accredit.Trust.Widen" in refused.detail
    refused = refusal(widening(at, itself=True))
    assert (refused.row, "for itself" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    run(tenants.update(at.by, at.tenant.id, trust_changes="entra"))
    run(widening(at, may_widen=False))
    run(widening(at, itself=True))


POLICY = {
    "who widens": {"trust_changes": "entra"},
    "who widens, as the profile says": {"trust_changes": None},
    "portability": {"portability": "extended"},
    "tokens of several audiences": {"multi_audience": "contained"},
    "domains": {"domains": ("contoso.test", "other.test")},
    "how long tokens live": {"token_lifetime": 60},
    "which issuers are allowed": {"allowed_issuers": ("https://idp.test",)},
}


@every("sentence", POLICY)
def test_where_trust_is_guarded_no_program_changes_the_policy_of_the_tenant(sentence):
    at = office()
    guarding = run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    by = replace(at.by, app_id=UUID(int=9))
    refused = refusal(tenants.update(by, at.tenant.id, display_name="Renamed", **POLICY[sentence]))
    assert (refused.row, "no application does this" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    assert at.read("tenants") == [guarding]
    run(tenants.update(at.by, at.tenant.id, **POLICY[sentence]))


def test_where_trust_is_guarded_a_program_renames_the_tenant_and_repeats_its_policy():
    at = office()
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    by = replace(at.by, app_id=UUID(int=9))
    same = {"trust_changes": "owner_may_narrow", "domains": ("Contoso.test",), "token_lifetime": 3_600}
    assert run(tenants.update(by, at.tenant.id, display_name="Renamed", **same)).display_name == "Renamed"


def test_a_program_lets_a_tenant_guard_its_trust_and_takes_that_back_never():
    at = office()
    run(tenants.update(at.by, at.tenant.id, trust_changes="entra"))
    by = replace(at.by, app_id=UUID(int=9), emulator=True)
    run(tenants.update(by, at.tenant.id, trust_changes="owner_may_narrow", portability="extended"))
    assert refusal(tenants.update(by, at.tenant.id, trust_changes=None)).row is errors.PRIVILEGES_MISSING
