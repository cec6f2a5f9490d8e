from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given

from accredit import errors
from accredit.assertions import ENTRA, EXTENDED, CompactToken, registered
from accredit.directory import Application, Client, Held, Resource, Secret, ServicePrincipal, Tenant, digest
from accredit.errors import Refused
from accredit.exchange import AFTER_PROOF, JWT_BEARER, Assertion, PresentedSecret, TokenRequest, exchange, own_audiences
from accredit.issuers import OwnIssuers, jwks
from accredit.ports import Authority
from accredit.signins import Sender
from accredit.stores.event_row import event_of, row
from accredit.trust import judge
from tests.forge import AT, ISSUER, NOW, SUBJECT, certificate, claims, jwk, key_for, token
from tests.forge import jwks as published
from tests.support.every import every
from tests.support.ports import CountedIds, PlainDirectory, PlainKeys, PlainMint, PlainSignIns
from tests.support.stories import refusal, run
from tests.support.trusting import credential, presented, record, trusted
from tests.trust.test_matching import CREDENTIALS, TOKENS, made

BASE = "https://localhost:8443"
TENANT_ID, APP_ID = UUID("8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b"), UUID("4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5")
TENANT = Tenant(id=TENANT_ID, display_name="Contoso", domains=("contoso.test",), created_at=NOW)
SENDER = Sender(UUID("6f1c2a9e-5b7d-4c38-9e21-4d0a7b3c5d00"), UUID(int=5), "203.0.113.9", "curl/8")
ORDERS = Resource(
    principal_id=UUID(int=3),
    app_id=UUID("c1a5e2d4-7b38-4f60-8d19-2e6a9b0c7f31"),
    display_name="orders",
    names=("api://orders",),
    roles=(),
    token_version=2,
)
SALT = b"0" * 16
SECRET = Secret(
    key_id=UUID(int=11),
    salt=SALT,
    digest=digest(SALT, b"s3cret"),
    hint="s3c",
    starts_at=NOW,
    ends_at=NOW + timedelta(days=1),
)
FORM = {
    "grant_type": "client_credentials",
    "client_id": str(APP_ID),
    "scope": "api://orders/.default",
    "client_assertion_type": JWT_BEARER,
}


class World:
    """An authority of fakes, with one application that trusts ``ISSUER``."""

    def __init__(
        self, *held, tenant=TENANT, resource=ORDERS, roles=None, enabled=True, multi_audience="contained", **app
    ):
        known = {"id": UUID(int=1), "tenant_id": TENANT_ID, "app_id": APP_ID, "display_name": "deploy-bot"}
        application = Application(**{**known, "created_at": NOW, "secrets": (SECRET,)} | app)
        principal = ServicePrincipal(
            id=UUID(int=2), tenant_id=TENANT_ID, app_id=APP_ID, display_name="bot", created_at=NOW, enabled=enabled
        )
        client = Client(application, principal, (registered(certificate().der, UUID(int=12)),))
        self.held = held or (credential(1),)
        records = [each.issuer for each in self.held]
        self.directory = PlainDirectory(
            tenant,
            client,
            trusted(*self.held, multi_audience=multi_audience),
            {"api://orders": resource},
            roles or Held(("Orders.Read",), assigned=True),
            [msgspec.structs.replace(each, tenant_id=TENANT_ID) for each in records],
        )
        document = published(jwk(key_for("RS256"), kid="key-1"))
        self.keys = PlainKeys({each.id: jwks.parse(document, each) for each in records})
        self.mint, self.signins = PlainMint(BASE), PlainSignIns()
        policies = {"entra": ENTRA, "extended": EXTENDED}
        self.authority = Authority(
            BASE,
            OwnIssuers([BASE], kid_mark="emulator-"),
            policies,
            lambda: NOW,
            CountedIds(),
            self.directory,
            self.keys,
            self.mint,
            self.signins,
        )

    def ask(self, assertion=None, *, version=2, tenant="contoso.test", basic=None, **form):
        if assertion is not None:
            form["client_assertion"] = assertion
        changed = {name: value for name, value in {**FORM, **form}.items() if value is not None}
        return exchange(TokenRequest.from_form(SENDER, tenant, changed, basic=basic, version=version), self.authority)

    @property
    def event(self):
        (event,) = self.signins.events
        return event


def signed(*, header: Mapping[str, object] | None = None, **changes: object) -> str:
    return token(claims(**changes), header=header)


# ── yes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trusted_and_proven_token_becomes_an_access_token_and_an_event():
    world = World()
    issued = run(world.ask(signed()))
    said = msgspec.json.decode(issued.value)
    assert (said["aud"], said["azp"], said["roles"], said["azpacr"]) == (
        str(ORDERS.app_id),
        str(APP_ID),
        ["Orders.Read"],
        "2",
    )
    assert (issued.wanted, issued.lifetime, issued.issued_at) == ("api://orders", 3_600, AT)
    event = world.event
    assert (event.code, event.failure, event.proof, event.evidence) == (0, "", "proven", "federatedIdentityCredential")
    assert (event.credential_name, event.issuer, event.subject) == ("credential-1", ISSUER, SUBJECT)
    assert (event.resource_name, event.roles, event.uti) == ("orders", ("Orders.Read",), said["uti"])
    assert (event.id, event.correlation_id, event.address) == (SENDER.trace, SENDER.correlation, "203.0.113.9")
    assert len(world.keys.fetches) == 1


def test_keys_at_hand_cost_no_fetch():
    world = World()
    world.keys.cached = [each.issuer.id for each in world.held]
    run(world.ask(signed()))
    assert world.keys.fetches == []


@every("tenant", ["contoso.test", "CONTOSO.test", str(TENANT_ID), str(TENANT_ID).upper(), "organizations"])
def test_the_tenant_is_named_by_id_or_domain_or_found_from_the_client(tenant):
    assert run(World().ask(signed(), tenant=tenant))


def test_version_1_names_the_resource_itself():
    issued = run(World().ask(signed(), version=1, scope=None, resource="api://orders"))
    assert issued.wanted == "api://orders"


def test_a_secret_proves_the_application_in_the_form_or_in_http_basic():
    world = World()
    for how in (
        {"client_secret": "s3cret", "client_assertion_type": None},
        {"basic": (str(APP_ID), "s3cret"), "client_id": None},
        {"basic": (str(APP_ID), "s3cret")},
    ):
        assert msgspec.json.decode(run(world.ask(**how)).value)["azpacr"] == "1"
    assert {(each.evidence, each.key_id) for each in world.signins.events} == {("clientSecret", SECRET.key_id)}


@pytest.mark.parametrize("audience", [f"{BASE}/{TENANT_ID}/v2.0", f"{BASE}/contoso.test/oauth2/v2.0/token"])
def test_an_assertion_signed_with_a_registered_certificate_needs_no_credential_and_no_client_id(audience):
    world = World()
    app = str(APP_ID)
    own = signed(iss=app, sub=app, aud=audience, header={"kid": ...})
    assert run(world.ask(own, client_id=None))
    assert (world.event.evidence, world.event.key_id, world.event.proof) == ("certificate", UUID(int=12), "proven")
    assert world.keys.fetches == []


def test_the_audiences_of_self_signed_assertions_are_exactly_these():
    names = {str(TENANT_ID), "contoso.test", "organizations", "common"}
    ends = {"/v2.0", "/", "/oauth2/v2.0/token", "/oauth2/token"}
    assert own_audiences(BASE, TENANT, "contoso.test") == {f"{BASE}/{name}{end}" for name in names for end in ends}


@every("called", [str(TENANT_ID).upper(), "CONTOSO.test", "contoso.test", "organizations"])
@every("end", ["oauth2/v2.0/token", "oauth2/token", "v2.0"])
def test_an_assertion_may_name_the_endpoint_as_it_was_called(called, end):
    app = str(APP_ID)
    own = signed(iss=app, sub=app, aud=f"{BASE}/{called}/{end}", header={"kid": ...})
    assert run(World().ask(own, tenant=called))


def test_an_assertion_may_not_name_the_endpoint_in_a_spelling_that_was_not_called():
    app = str(APP_ID)
    own = signed(iss=app, sub=app, aud=f"{BASE}/CONTOSO.test/v2.0", header={"kid": ...})
    assert refusal(World().ask(own, tenant="Contoso.TEST")).row is errors.ASSERTION_AUDIENCE


def test_another_process_may_change_the_trust_once_while_it_is_read():
    world = World()
    world.signins.outdated = 1
    assert run(world.ask(signed()))
    assert (world.directory.refreshed, len(world.signins.events)) == (1, 1)
    world.signins.outdated = 2
    refused = refusal(world.ask(signed()))
    assert (refused.row, world.directory.refreshed) == (errors.TRANSIENT, 3)


# ── several records of one issuer ────────────────────────────────────────────────────────────────────────────────────


OLD = {
    "proves a grant": (1, {}, 0),
    "proves a grant, of two records of one issuer": (2, {}, 0),
    "judges a token that has expired": (1, {"exp": AT - 900, "iat": AT - 1_800, "nbf": AT - 1_800}, 700024),
}


@every("sentence", OLD)
def test_the_event_says_how_old_a_key_was_that(sentence):
    records, changes, code = OLD[sentence]
    world = World(*twins()[:records])
    world.keys.cached = [each.issuer.id for each in world.held]
    world.keys.published = {name: replace(each, stale_for=12.5) for name, each in world.keys.published.items()}
    if code:
        refusal(world.ask(signed(**changes)))
    else:
        run(world.ask(signed(**changes)))
    assert (world.event.code, world.event.keys_stale) == (code, 12.5)
    assert event_of(row(world.event)[-1]).keys_stale == 12.5


def test_the_event_of_fresh_keys_says_nothing_of_their_age():
    world = World()
    run(world.ask(signed()))
    assert event_of(row(world.event)[-1]).keys_stale == 0


def twins(**first):
    return credential(1, issuer=record(1, **first)), credential(2, issuer=record(2))


def test_of_two_records_of_one_issuer_the_one_whose_keys_prove_it_counts():
    world = World(*twins())
    other = published(jwk(key_for("RS256", 1), kid="key-1"))
    world.keys.published = {**world.keys.published, UUID(int=1): jwks.parse(other, record(1))}
    world.keys.cached = [UUID(int=1), UUID(int=2)]
    run(world.ask(signed()))
    assert (world.event.credential_name, world.keys.fetches) == ("credential-2", [])


def test_where_no_keys_are_at_hand_one_fetch_is_spent_on_the_first_that_may_fetch():
    world = World(*twins(key_source="uploaded", algorithms=("RS512",)))
    run(world.ask(signed()))
    assert (world.event.credential_name, world.keys.fetches) == ("credential-2", [UUID(int=2)])


def test_where_none_may_fetch_nothing_is_fetched():
    uploaded = {"key_source": "uploaded"}
    world = World(credential(1, issuer=record(1, **uploaded)), credential(2, issuer=record(2, **uploaded)))
    refused = refusal(world.ask(signed(header={"kid": "unknown"})))
    assert (refused.row, world.keys.fetches) == (errors.KEY_NOT_FOUND, [])


# ── no ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

FORMS = {
    "no grant type": ({"grant_type": None}, errors.PARAMETER_MISSING),
    "another grant": ({"grant_type": "authorization_code"}, errors.GRANT_UNSUPPORTED),
    "a path of managed identities": ({"fmi_path": "x"}, errors.PARAMETER_UNSUPPORTED),
    "on behalf of somebody": ({"requested_token_use": "on_behalf_of"}, errors.PARAMETER_UNSUPPORTED),
    "a token bound to a key": ({"req_cnf": "x"}, errors.PARAMETER_UNSUPPORTED),
    "proof of possession": ({"token_type": "pop"}, errors.PARAMETER_UNSUPPORTED),
    "a resource on version 2.0": ({"resource": "api://orders"}, errors.PARAMETER_UNSUPPORTED),
    "an assertion and a secret": ({"client_assertion": "x", "client_secret": "y"}, errors.REQUEST_MALFORMED),
    "no type of assertion": ({"client_assertion": "x", "client_assertion_type": None}, errors.PARAMETER_MISSING),
    "another type of assertion": (
        {"client_assertion": "x", "client_assertion_type": "saml2-bearer"},
        errors.REQUEST_MALFORMED,
    ),
    "no client": ({"client_assertion": None, "client_id": None}, errors.PARAMETER_MISSING),
    "no client, and an assertion that names none": (
        {"client_assertion": signed(), "client_id": None},
        errors.PARAMETER_MISSING,
    ),
    "no evidence": ({"client_assertion": None}, errors.CREDENTIAL_REQUIRED),
    "no scope": ({"client_secret": "s3cret", "scope": None}, errors.PARAMETER_MISSING),
}


@every("sentence", FORMS)
def test_refused_is_a_form_with(sentence):
    form, row = FORMS[sentence]
    with pytest.raises(Refused) as refused:
        World().ask(**form)
    assert refused.value.row is row


@every(
    ("basic", "form", "row"),
    [
        (("other", "s3cret"), {}, errors.REQUEST_MALFORMED),
        ((str(APP_ID), "s3cret"), {"client_secret": "s3cret"}, errors.REQUEST_MALFORMED),
        ((str(APP_ID), "s3cret"), {"client_assertion": "x"}, errors.REQUEST_MALFORMED),
        (("", "s3cret"), {"client_id": None}, errors.PARAMETER_MISSING),
    ],
)
def test_refused_is_http_basic_with_something_else_or_with_nobody(basic, form, row):
    with pytest.raises(Refused) as refused:
        World().ask(basic=basic, **form)
    assert refused.value.row is row


def test_version_1_needs_the_resource_and_takes_no_scope_for_it():
    with pytest.raises(Refused) as refused:
        World().ask(signed(), version=1)
    assert (refused.value.row, refused.value.fields) == (errors.PARAMETER_MISSING, {"name": "resource"})


OWN = f"{BASE}/{TENANT_ID}/v2.0"
FORBIDDING = msgspec.structs.replace(TENANT, allowed_issuers=(ISSUER + "/", "https://other.test"))
STORIES = {  # world, request -> row, proof state of the event (None: no event), how many fetches
    "an unknown tenant": (World, {"tenant": "fabrikam.test"}, errors.TENANT_UNKNOWN, None, 0),
    "a malformed tenant": (World, {"tenant": "x"}, errors.TENANT_MALFORMED, None, 0),
    "common": (World, {"tenant": "common"}, errors.GRANT_NEEDS_TENANT, None, 0),
    "an unknown client": (World, {"client_id": str(TENANT_ID)}, errors.CLIENT_UNKNOWN, None, 0),
    "a disabled client": (lambda: World(disabled=True), {}, errors.CLIENT_DISABLED, "unknown", 0),
    "a disabled principal": (lambda: World(enabled=False), {}, errors.CLIENT_DISABLED, "unknown", 0),
    "a public client": (lambda: World(public=True), {}, errors.CLIENT_PUBLIC, "unknown", 0),
    "a scope of another form": (World, {"scope": "api://orders"}, errors.SCOPE_NOT_DEFAULT, "unknown", 0),
    "what is no token": (World, {"assertion": "x"}, errors.ASSERTION_MALFORMED, "unknown", 0),
    "a subject that nobody trusts": (World, {"assertion": signed(sub="x")}, errors.SUBJECT_NOT_TRUSTED, "unknown", 0),
    "an issuer that nobody trusts": (
        World,
        {"assertion": signed(iss="https://evil.test")},
        errors.ISSUER_NOT_TRUSTED,
        "unknown",
        0,
    ),
    "an own issuer, though a credential names it": (
        lambda: World(credential(1, issuer=OWN)),
        {"assertion": signed(iss=OWN)},
        errors.OWN_ISSUER,
        "unknown",
        0,
    ),
    "an emulator's key, where there is no emulator": (
        World,
        {"assertion": signed(header={"kid": "emulator-x"})},
        errors.OWN_ISSUER,
        "unknown",
        0,
    ),
    "an algorithm that the record does not list": (
        lambda: World(credential(1, issuer=record(algorithms=("RS512",)))),
        {"assertion": signed()},
        errors.ALGORITHM_NOT_ALLOWED,
        "unknown",
        0,
    ),
    "a blocked issuer": (
        lambda: World(credential(1, issuer=record(blocked=True))),
        {"assertion": signed()},
        errors.FEDERATION_BLOCKED,
        "unknown",
        0,
    ),
    "an issuer that the tenant does not allow": (
        lambda: World(tenant=FORBIDDING),
        {"assertion": signed()},
        errors.FEDERATION_FORBIDDEN,
        "proven",
        1,
    ),
    "an issuer that the tenant does not allow, of a token that nobody proves": (
        lambda: World(tenant=FORBIDDING),
        {"assertion": signed()[:-8] + "AAAAAAAA"},
        errors.SIGNATURE_INVALID,
        "unproven",
        1,
    ),
    "an issuer that the tenant does not allow, of a token that has expired": (
        lambda: World(tenant=FORBIDDING),
        {"assertion": signed(iat=AT - 900, nbf=AT - 900, exp=AT - 300)},
        errors.NOT_IN_TIME,
        "proven",
        1,
    ),
    "an issuer that the tenant does not allow, for an unknown resource": (
        lambda: World(tenant=FORBIDDING),
        {"assertion": signed(), "scope": "api://other/.default"},
        errors.FEDERATION_FORBIDDEN,
        "proven",
        1,
    ),
    "an unknown key": (World, {"assertion": signed(header={"kid": "x"})}, errors.KEY_NOT_FOUND, "unproven", 1),
    "an altered token": (
        World,
        {"assertion": signed()[:-8] + "AAAAAAAA"},
        errors.SIGNATURE_INVALID,
        "unproven",
        1,
    ),
    "an expired token": (
        World,
        {"assertion": signed(iat=AT - 900, nbf=AT - 900, exp=AT - 300)},
        errors.NOT_IN_TIME,
        "proven",
        1,
    ),
    "a token that lives too long": (
        World,
        {"assertion": signed(exp=AT + 90_001)},
        errors.LIFETIME_TOO_LONG,
        "proven",
        1,
    ),
    "a wrong secret": (World, {"client_secret": "x"}, errors.SECRET_INVALID, "unproven", 0),
    "an unknown resource": (
        World,
        {"assertion": signed(), "scope": "api://other/.default"},
        errors.RESOURCE_UNKNOWN,
        "proven",
        1,
    ),
    "a resource that demands an assignment": (
        lambda: World(resource=msgspec.structs.replace(ORDERS, assignment_required=True), roles=Held(("x",))),
        {"assertion": signed()},
        errors.ROLE_NOT_ASSIGNED,
        "proven",
        1,
    ),
    "a self-signed assertion for another client": (
        World,
        {"assertion": signed(iss="other", sub="other")},
        errors.ASSERTION_OF_ANOTHER,
        "unknown",
        0,
    ),
    "a self-signed assertion for another audience": (
        World,
        {"assertion": signed(iss=str(APP_ID), sub=str(APP_ID), header={"kid": ...})},
        errors.ASSERTION_AUDIENCE,
        "unknown",
        0,
    ),
}


@every("sentence", STORIES)
def test_refused_is(sentence):
    make, request, row, proof, fetches = STORIES[sentence]
    world = make()
    sent = {"assertion": signed()} | request if "client_secret" not in request else request
    refused = refusal(world.ask(**sent))
    assert refused.row is row
    assert len(world.keys.fetches) == fetches
    assert world.mint.minted == []
    if proof is None:
        assert world.signins.events == [], "it has no home"
    else:
        assert (world.event.code, world.event.proof) == (row.code, proof)
        assert world.event.failure == refused.message
    assert (row.name in AFTER_PROOF) is (proof == "proven"), "after proof nobody is held to a limit"


def test_a_tenant_that_lists_its_issuers_lets_those_sign_in_and_says_nothing_of_other_evidence():
    listing = World(tenant=msgspec.structs.replace(TENANT, allowed_issuers=("https://other.test", ISSUER)))
    assert run(listing.ask(signed())).value
    assert run(World(tenant=FORBIDDING).ask(client_secret="s3cret", client_assertion_type=None)).value
    forbidden = World(tenant=FORBIDDING)
    assert refusal(forbidden.ask(signed())).detail == "the issuer is not one that the tenant allows"
    assert forbidden.event.credential_name == "credential-1"


def test_an_issuer_that_cannot_be_reached_is_refused_after_one_try():
    world = World()
    world.keys.published = {}
    assert refusal(world.ask(signed())).row is errors.ISSUER_UNREACHABLE
    assert len(world.keys.fetches) == 1
    assert world.event.detail == "connect: refused"


PROOFS = {  # what is found out about a token that nothing trusts, with keys at hand only
    "keys at hand that verify it": (True, {}, "proven"),
    "keys at hand that do not": (True, {"header": {"kid": "x"}}, "unproven"),
    "no keys at hand": (False, {}, "unknown"),
    "an issuer without a record": (True, {"iss": "https://evil.test"}, "unknown"),
}


@every("sentence", PROOFS)
def test_a_token_that_nothing_trusts_is_proven_out_of_band_by(sentence):
    cached, changes, proof = PROOFS[sentence]
    world = World(credential(1, "somebody else"))
    world.keys.cached = [each.issuer.id for each in world.held] if cached else []
    refusal(world.ask(signed(**changes)))
    assert (world.event.proof, world.keys.fetches) == (proof, [])


def test_the_verdicts_on_the_nearest_credentials_are_kept_with_a_refusal():
    world = World(*(credential(n, f"nobody-{n}") for n in range(1, 8)))
    refusal(world.ask(signed()))
    assert len(world.event.verdicts) == 5
    assert [each.passed for each in world.event.verdicts[0].checks] == [True, True, False]


def test_evidence_is_not_printed():
    assert "s3cret" not in repr(PresentedSecret("s3cret"))
    assert "eyJ" not in repr(Assertion(CompactToken("eyJhbGciOi")))


# ── a law ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(CREDENTIALS.filter(bool), TOKENS)
def test_a_token_is_granted_only_if_some_credentials_every_check_passes(rows, changes):
    held = made(rows)
    tenant = msgspec.structs.replace(TENANT, portability="extended")
    world = World(*held, tenant=tenant)
    said = {name: value for name, value in changes.items() if value is not ...}
    try:
        run(world.ask(signed(**{"sub": ..., **said})))
        granted = True
    except Refused:
        granted = False
    passing = any(
        each.passed for each in judge(world.directory.trust, presented(extended=True, **{"sub": ..., **said}))
    )
    assert granted is passing
