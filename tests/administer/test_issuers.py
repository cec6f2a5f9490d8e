from dataclasses import replace
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from accredit import errors
from accredit.administer import credentials, issuers, places, tenants
from accredit.administer.administrator import MARK
from accredit.outbound import addresses
from accredit.tokens.keys import EMULATOR_KID
from tests.administer.office import office
from tests.forge import certificate, jwk, jwks, key_for
from tests.support.every import every
from tests.support.stories import refusal, run

URL = "https://idp.test"
KEYS = jwks(jwk(key_for("RS256"), kid="k1")).decode()
OTHER_KEYS = jwks(jwk(key_for("RS256", 1), kid="k2")).decode()
PEM = x509.load_der_x509_certificate(certificate().der).public_bytes(Encoding.PEM).decode()


def create(url=URL, **given):
    return lambda at: issuers.create(at.by, at.tenant.id, url, **given)


def update(**given):
    async def story(at):
        record = await create()(at)
        return await issuers.update(at.by, record.id, **given)

    return story


def test_a_record_is_created_with_everything_that_was_given():
    at = office("extended")
    made = run(
        create(
            algorithms=("ES256",), jwks_url="https://keys.test/jwks", ca_bundle=PEM, networks=("10.0.0.0/8", "fd00::/8")
        )(at)
    )
    assert (made.algorithms, made.key_source, made.jwks_url) == (("ES256",), "jwks_url", "https://keys.test/jwks")
    assert (made.ca_bundle, made.networks, made.fetches) == (PEM, ("10.0.0.0/8", "fd00::/8"), True)
    assert at.changed()["caBundle"][1].startswith("sha256:"), "long values are recorded by their digest"


def test_keys_are_uploaded_replaced_and_given_up_for_discovery():
    at = office()
    made = run(create(uploaded=KEYS)(at))
    assert (made.key_source, made.jwks, made.fetches) == ("uploaded", KEYS, False)
    after = run(issuers.upload(at.by, made.id, OTHER_KEYS))
    assert after.jwks == OTHER_KEYS
    before, now = at.changed()["jwks"]
    assert before != now
    back = run(issuers.update(at.by, made.id, jwks_url=None))
    assert (back.key_source, back.jwks, back.jwks_url) == ("discovery", None, None)
    elsewhere = run(issuers.update(at.by, made.id, jwks_url="https://keys.test/jwks"))
    assert (elsewhere.key_source, elsewhere.jwks_url) == ("jwks_url", "https://keys.test/jwks")
    again = run(issuers.upload(at.by, made.id, KEYS))
    assert (again.key_source, again.jwks_url) == ("uploaded", None)


def test_an_update_changes_what_is_given():
    at = office("extended")
    made = run(create()(at))
    after = run(
        issuers.update(
            at.by,
            made.id,
            algorithms=("RS256", "PS256"),
            ca_bundle=PEM,
            networks=("127.0.0.0/8",),
            max_lifetime=3_600,
            skew=60,
            require_kid=True,
        )
    )
    assert (after.algorithms, after.max_lifetime, after.skew, after.require_kid) == (
        ("RS256", "PS256"),
        3_600,
        60,
        True,
    )
    assert set(at.changed()) == {"algorithms", "caBundle", "networks", "maxLifetime", "skew", "requireKid"}


def test_an_issuer_is_blocked_and_unblocked_and_what_its_credentials_say_follows():
    at = office()
    made = run(create()(at))
    run(credentials.add(at.by, at.application.id, name="one", issuer=URL, subject="s"))
    assert run(issuers.block(at.by, made.id)).blocked is True
    assert at.read("credentials")[0].issuer.blocked is True
    assert run(issuers.block(at.by, made.id, blocked=False)).blocked is False
    assert at.changed() == {"blocked": (True, False)}


def test_a_record_is_deleted_when_no_credential_names_it():
    at = office()
    made = run(create()(at))
    run(credentials.add(at.by, at.application.id, name="one", issuer=URL, subject="s"))
    refused = refusal(issuers.delete(at.by, made.id))
    assert (refused.row, refused.fields["count"]) == (errors.ISSUER_IN_USE, "1")
    run(credentials.delete(at.by, at.application.id, "one"))
    run(issuers.delete(at.by, made.id))
    assert at.read("issuers") == []
    assert at.last.activity == "Delete issuer"


def machine(at, **given):
    """A program with the role to widen, in a tenant that guards its trust."""
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    return replace(at.by, app_id=UUID(int=2**90), **given)


NOT_FOR_MACHINES = {
    "other keys": lambda by, id_: issuers.upload(by, id_, OTHER_KEYS),
    "keys from elsewhere": lambda by, id_: issuers.update(by, id_, jwks_url="https://keys.test/jwks"),
    "other roots": lambda by, id_: issuers.update(by, id_, ca_bundle=PEM),
    "another algorithm": lambda by, id_: issuers.update(by, id_, algorithms=("RS256", "RS384", "RS512")),
    "a network": lambda by, id_: issuers.update(by, id_, networks=("10.0.0.0/8",)),
    "a port": lambda by, id_: issuers.update(by, id_, ports=(9_443,)),
    "a greater skew": lambda by, id_: issuers.update(by, id_, skew=61),
    "a longer life": lambda by, id_: issuers.update(by, id_, max_lifetime=3_601),
    "blocking": issuers.block,
    "unblocking": lambda by, id_: issuers.block(by, id_, blocked=False),
    "deleting, and with it that it is blocked": issuers.delete,
}


@every("sentence", NOT_FOR_MACHINES)
def test_where_trust_is_guarded_no_program_says_who_an_issuer_is(sentence):
    story = NOT_FOR_MACHINES[sentence]
    at = office()
    made = run(create()(at))
    made = run(issuers.update(at.by, made.id, algorithms=("RS256",), skew=60, max_lifetime=3_600))
    if sentence == "unblocking":
        made = run(issuers.block(at.by, made.id))
    refused = refusal(story(machine(at), made.id))
    assert (refused.row, "no application does this" in refused.detail) == (errors.PRIVILEGES_MISSING, True)
    assert at.read("issuers") == [made]
    run(story(at.by, made.id))


def test_where_trust_is_guarded_a_program_demands_more_of_an_issuer():
    at = office()
    made = run(create(ports=(9_443,))(at))
    by = machine(at, may_widen=False)
    after = run(issuers.update(by, made.id, algorithms=("RS256",), skew=1, max_lifetime=60, ports=()))
    assert (after.algorithms, after.skew, after.max_lifetime, after.ports) == (("RS256",), 1, 60, ())


def test_where_trust_is_guarded_an_issuer_is_registered_by_who_may_widen():
    at = office()
    narrow = machine(at, may_widen=False)
    assert refusal(issuers.create(narrow, at.tenant.id, URL)).row is errors.PRIVILEGES_MISSING
    assert run(issuers.create(replace(narrow, may_widen=True), at.tenant.id, URL)).url == URL


async def second(at):
    await create()(at)
    await create(twin=True)(at)


KEY_HOSTS = {
    "any, in a portable tenant": ("entra", URL, {}, ()),
    "those given, in a portable tenant": ("entra", URL, {"allowed_jwks_hosts": ("Keys.test",)}, ("keys.test",)),
    "the issuer's own": ("extended", "https://Idp.test:8443/x", {}, ("idp.test",)),
    "the issuer's own, an address": ("extended", "https://[fd00::1]", {}, ("fd00::1",)),
    "those of a known platform": (
        "extended",
        "https://accounts.google.com",
        {},
        ("accounts.google.com", "www.googleapis.com"),
    ),
    "those given": ("extended", URL, {"allowed_jwks_hosts": ("10.0.0.1", "keys.test")}, ("10.0.0.1", "keys.test")),
    "none, where keys are uploaded for a name": ("extended", "spiffe://example.org", {"uploaded": KEYS}, ()),
}


@every("sentence", KEY_HOSTS)
def test_keys_may_come_from(sentence):
    portability, issuer, given, hosts = KEY_HOSTS[sentence]
    at = office(portability)
    assert run(create(issuer, **given)(at)).allowed_jwks_hosts == hosts


def test_the_hosts_of_keys_follow_the_tenants_portability_at_the_next_change():
    at = office()
    run(credentials.add(at.by, at.application.id, name="one", issuer=URL, subject="s"))
    (made,) = at.read("issuers")
    assert made.allowed_jwks_hosts == ()
    run(tenants.update(at.by, at.tenant.id, portability="extended"))
    assert run(issuers.update(at.by, made.id, skew=60)).allowed_jwks_hosts == ("idp.test",)
    assert run(issuers.update(at.by, made.id, allowed_jwks_hosts=("keys.test",))).allowed_jwks_hosts == ("keys.test",)
    assert at.changed() == {"allowedJwksHosts": (["idp.test"], ["keys.test"])}
    assert run(issuers.update(at.by, made.id, allowed_jwks_hosts=())).allowed_jwks_hosts == ("idp.test",)


def test_a_record_opts_in_to_ports():
    at = office()
    made = run(create(ports=(9_443,))(at))
    assert made.ports == (9_443,)
    assert run(issuers.update(at.by, made.id, ports=())).ports == ()


INVALID = errors.PROPERTY_INVALID


def test_a_network_is_opted_in_to_exactly_where_connections_can_be():
    assert sorted(map(str, places.PRIVATE)) == sorted(str(each.network) for each in addresses.PRIVATE)


REFUSED = {
    "a second record of one issuer": (second, errors.VALUE_TAKEN, "has a record"),
    "any text without uploaded keys": (create("spiffe://example.org"), INVALID, ""),
    "any text in a portable tenant": (create("spiffe://example.org", uploaded=KEYS), INVALID, ""),
    "no algorithm": (update(algorithms=()), INVALID, "at least one"),
    "an algorithm that Entra ID does not take": (update(algorithms=("ES256",)), INVALID, "ES256"),
    "tokens without a key reference, as Entra ID does": (update(require_kid=False), INVALID, "key reference"),
    "a skew of 301 seconds": (update(skew=301), INVALID, "301 is not within 0 to 300"),
    "a negative skew": (update(skew=-1), INVALID, "-1"),
    "tokens that live 59 seconds": (update(max_lifetime=59), INVALID, "59"),
    "tokens that live more than 25 hours": (update(max_lifetime=90_001), INVALID, "90001"),
    "keys at plain http": (update(jwks_url="http://keys.test/jwks"), INVALID, "https"),
    "keys at no address": (update(jwks_url="keys"), INVALID, "absolute"),
    "a bundle that holds no certificate": (update(ca_bundle="-----BEGIN NOTHING-----"), INVALID, "not PEM"),
    "a bundle of more than 64 KiB": (update(ca_bundle="x" * 65_537), INVALID, "longer than"),
    "a bundle of 17 certificates": (update(ca_bundle=PEM * 17), INVALID, "17 certificates"),
    "a network that is none": (update(networks=("10.0.0.1/8",)), INVALID, "10.0.0.1/8"),
    "a port beyond all ports": (update(ports=(65_536,)), INVALID, "65536"),
    "port 0": (create(ports=(0,)), INVALID, "0 is not within 1 to 65535"),
    "17 ports": (update(ports=tuple(range(1, 18))), INVALID, "at most 16"),
    "17 hosts of keys": (update(allowed_jwks_hosts=tuple(f"k{n}.test" for n in range(17))), INVALID, "at most 16"),
    "a host of keys with a port": (update(allowed_jwks_hosts=("keys.test:8443",)), INVALID, "not a host name"),
    "a host of keys with a path": (create(allowed_jwks_hosts=("keys.test/x",)), INVALID, "not a host name"),
    "a pattern for a host of keys": (create(allowed_jwks_hosts=("*.test",)), INVALID, "not a host name"),
    "every network as a private one": (update(networks=("0.0.0.0/0",)), INVALID, "not within a private network"),
    "every network of IPv6": (update(networks=("::/0",)), INVALID, "not within a private network"),
    "a public network": (update(networks=("8.8.8.0/24",)), INVALID, "not within a private network"),
    "more than a private network": (update(networks=("10.0.0.0/7",)), INVALID, "not within a private network"),
    "link-local addresses": (update(networks=("169.254.0.0/16",)), INVALID, "not within a private network"),
    "65 networks": (update(networks=tuple(f"10.{n}.0.0/16" for n in range(65))), INVALID, "at most 64"),
    "uploaded keys that are none": (create(uploaded="{}"), INVALID, "not a JSON object with a list of keys"),
    "a private key beside a usable one": (
        create(
            uploaded=jwks({**jwk(key_for("RS256"), kid="a"), "d": "AQAB"}, jwk(key_for("RS256", 1), kid="b")).decode()
        ),
        INVALID,
        "private key",
    ),
    "a weak key": (create(uploaded=jwks({"kty": "oct", "k": "AAAA"}).decode()), INVALID, "KP-01"),
    "a key whose algorithm the record does not list": (
        create(uploaded=jwks(jwk(key_for("ES256"), kid="e")).decode()),
        INVALID,
        "KP-09",
    ),
    "a record that is not there": (lambda at: issuers.block(at.by, UUID(int=2**90)), errors.OBJECT_NOT_FOUND, ""),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    at = office()
    story, row, detail = REFUSED[sentence]
    refused = refusal(story(at))
    assert refused.row is row
    assert detail in refused.detail


def test_algorithms_that_no_uploaded_key_serves_are_refused():
    at = office()
    made = run(create(uploaded=KEYS)(at))
    run(issuers.update(at.by, made.id, algorithms=("RS512",)))
    es256 = jwks(jwk(key_for("RS256"), kid="k1", alg="RS256")).decode()
    refused = refusal(issuers.upload(at.by, made.id, es256))
    assert "KP-09" in refused.detail


def test_an_emulator_may_fetch_keys_from_loopback_over_plain_http():
    at = office(emulator=True)
    assert run(create(jwks_url="http://127.0.0.1:9000/jwks")(at)).jwks_url == "http://127.0.0.1:9000/jwks"
    assert refusal(update(jwks_url="http://keys.test/jwks")(office(emulator=True))).row is INVALID


EMULATORS = {
    "a test issuer on this machine": "https://localhost:8443/idp/github",
    "one on its other address": "https://[::1]:8443/idp/custom/two",
    "a tenant": f"https://sts.test/{MARK}-0000-4000-8000-000000000001/v2.0",
    "a tenant, behind a path": f"https://sts.test/emulated/{MARK}-1/",
}


def test_no_emulators_issuer_is_stored_where_no_server_would_start_with_it():
    for row, url in EMULATORS.items():
        for portability in ("entra", "extended"):
            at = office(portability)
            for story in (create(url), create(url, uploaded=KEYS), trusting(url)):
                refused = refusal(story(at))
                assert refused.row is INVALID, f"{row}, {portability}"
                assert not at.read("issuers"), f"{row}, {portability}"
        at = office(emulator=True)
        assert run(create(url)(at)).url == url
    assert run(create("https://idp.test/idp/github")(office())).url == "https://idp.test/idp/github"


def trusting(url):
    return lambda at: credentials.add(at.by, at.application.id, name="name", issuer=url, subject="s", audiences=("a",))


def test_no_emulators_key_is_uploaded():
    keys = jwks(jwk(key_for("RS256"), kid="k1"), jwk(key_for("RS256", 1), kid=f"{EMULATOR_KID}k2")).decode()
    at = office("extended")
    assert "the key of an emulator" in refusal(create(uploaded=keys)(at)).detail
    made = run(create()(at))
    assert refusal(issuers.upload(at.by, made.id, keys)).row is INVALID
    assert run(create(uploaded=keys)(office(emulator=True))).jwks == keys
