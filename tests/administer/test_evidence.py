from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accredit import errors
from accredit.administer import applications, evidence, principals, tenants
from accredit.directory import GivenCertificate, prove_secret, wellknown
from tests.administer.office import office
from tests.forge import AT, NOW, certificate, certify, rsa_key, token
from tests.support.every import every
from tests.support.stories import refusal, run

DAY = timedelta(days=1)
NOTHING = UUID(int=2**90)


def pem(der):
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def test_a_secret_is_returned_once_and_proves_the_application_for_two_years():
    at = office()
    made = run(evidence.add_secret(at.by, at.application.id, display_name="laptop"))
    (kept,) = at.read("applications")[0].secrets
    assert kept == made.secret
    assert (kept.hint, kept.starts_at, kept.ends_at) == (made.value[:3], NOW, NOW + 730 * DAY)
    assert prove_secret(made.value, [kept], at.application.app_id, NOW).key_id == kept.key_id
    assert made.value not in repr(made)
    assert made.value not in repr(kept)


def test_no_record_of_a_change_holds_a_secret_or_its_hash():
    at = office()
    made = run(evidence.add_secret(at.by, at.application.id))
    run(evidence.add_certificate(at.by, at.application.id, certificate().der))
    text = repr(at.registry.audits)
    for hidden in (made.value, made.secret.digest.hex(), repr(made.secret.digest), repr(made.secret.salt)):
        assert hidden not in text
    names = [each.name for audit in at.registry.audits for target in audit.targets for each in target.modified]
    assert "secrets" not in names
    assert "certificates" not in names


def test_the_record_of_a_change_shows_ids_names_and_dates():
    at = office()
    made = run(evidence.add_secret(at.by, at.application.id, display_name="laptop", starts_at=NOW, ends_at=NOW + DAY))
    assert at.changed() == {
        "PasswordCredentials": (
            [],
            [
                {
                    "keyId": str(made.secret.key_id),
                    "displayName": "laptop",
                    "startDateTime": "2026-11-23T14:00:00Z",
                    "endDateTime": "2026-11-24T14:00:00Z",
                }
            ],
        )
    }
    run(evidence.remove_secret(at.by, at.application.id, made.secret.key_id))
    assert at.changed()["PasswordCredentials"][1] == []
    assert at.read("applications")[0].secrets == ()


@every("form", ["DER", "PEM", "PEM behind a private key"])
def test_a_certificate_is_registered_and_nothing_else_of_its_file_is_kept(form):
    at = office()
    made = certificate()
    private = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    data = {"DER": made.der, "PEM": pem(made.der), "PEM behind a private key": private + pem(made.der)}[form]
    kept = run(evidence.add_certificate(at.by, at.application.id, data, display_name="build"))
    assert (kept.der, kept.thumbprint, kept.display_name) == (made.der, made.sha1.hex().upper(), "build")
    assert (kept.starts_at, kept.ends_at) == (NOW - DAY, NOW + 365 * DAY)
    assert at.changed()["KeyCredentials"][1][0]["customKeyIdentifier"] == kept.thumbprint
    run(evidence.remove_certificate(at.by, at.application.id, kept.key_id))
    assert at.read("applications")[0].certificates == ()


@every("alg", ["RS256", "ES256", "ES384"])
def test_a_certificate_may_be_of(alg):
    at = office()
    run(evidence.add_certificate(at.by, at.application.id, certificate(alg).der))


def secret(**given):
    return lambda at: evidence.add_secret(at.by, at.application.id, **given)


def register(data, **given):
    return lambda at: evidence.add_certificate(at.by, at.application.id, data, **given)


async def twenty_one_secrets(at):
    for _ in range(21):
        await secret()(at)


async def twice(at):
    await register(certificate().der)(at)
    await register(pem(certificate().der))(at)


async def twenty_one_certificates(at):
    for n in range(21):
        await register(certificate("ES256", n).der)(at)


INVALID = errors.PROPERTY_INVALID
REFUSED = {
    "a secret that ends before it starts": (secret(ends_at=NOW - DAY, starts_at=NOW), INVALID, "endDateTime"),
    "a secret that ends as it starts": (secret(ends_at=NOW + DAY, starts_at=NOW + DAY), INVALID, "endDateTime"),
    "a secret that has ended": (secret(ends_at=NOW, starts_at=NOW - DAY), INVALID, "endDateTime"),
    "a secret from the year 9999": (secret(starts_at=datetime(9999, 12, 31, tzinfo=UTC)), INVALID, "100 years"),
    "a secret from the year 1": (secret(starts_at=datetime(1, 1, 1, tzinfo=UTC)), INVALID, "100 years"),
    "a secret for more than 100 years": (secret(ends_at=NOW + 36_526 * DAY), INVALID, "100 years"),
    "a secret's name of blanks": (secret(display_name=" "), INVALID, "displayName"),
    "the twenty-first secret": (twenty_one_secrets, INVALID, "at most 20"),
    "a certificate's name of blanks": (register(certificate().der, display_name=" "), INVALID, "displayName"),
    "what is no certificate": (register(b"nothing"), INVALID, "neither a PEM nor a DER"),
    "PEM that is no certificate": (register(b"-----BEGIN CERTIFICATE-----"), INVALID, "neither a PEM nor a DER"),
    "a file of more than 64 KiB": (register(b"x" * 65_537), INVALID, "larger than"),
    "a key of 1,024 bits": (register(certify(rsa_key(1_024)).der), INVALID, "cannot be used"),
    "a key on P-521": (register(certificate("ES512").der), INVALID, "no client signs"),
    "a key of Ed25519": (register(certificate("EdDSA").der), INVALID, "no client signs"),
    "a certificate that has expired": (register(certificate("ES256", 0, (-9, -1)).der), INVALID, "expired"),
    "a certificate twice": (twice, errors.VALUE_TAKEN, "registered already"),
    "the twenty-first certificate": (twenty_one_certificates, INVALID, "at most 20"),
    "the removal of a secret that is not there": (
        lambda at: evidence.remove_secret(at.by, at.application.id, NOTHING),
        errors.OBJECT_NOT_FOUND,
        "",
    ),
    "the removal of a certificate that is not there": (
        lambda at: evidence.remove_certificate(at.by, at.application.id, NOTHING),
        errors.OBJECT_NOT_FOUND,
        "",
    ),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    at = office()
    story, row, detail = REFUSED[sentence]
    refused = refusal(story(at))
    assert refused.row is row
    assert detail in refused.detail


def test_a_key_of_2048_bits_is_the_weakest_of_rsa():
    assert isinstance(rsa_key(2_048), rsa.RSAPrivateKey)
    at = office()
    run(register(certify(rsa_key(2_048)).der)(at))


def test_a_service_principal_has_secrets_and_certificates_of_its_own():
    at = office()
    who = at.principal().id
    made = run(evidence.add_secret(at.by, who, display_name="here"))
    assert at.last.activity == "Add service principal credentials"
    assert [each.kind for each in at.last.targets] == ["ServicePrincipal"]
    kept = run(evidence.add_certificate(at.by, who, certificate().der))
    assert (at.principal().secrets, at.principal().certificates) == ((made.secret,), (kept,))
    assert at.read("applications")[0].secrets == ()
    run(evidence.remove_secret(at.by, who, made.secret.key_id))
    run(evidence.remove_certificate(at.by, who, kept.key_id))
    assert at.last.activity == "Remove service principal credentials"
    assert (at.principal().secrets, at.principal().certificates) == ((), ())


def test_nothing_else_has_secrets():
    at = office()
    assert refusal(evidence.add_secret(at.by, at.tenant.id)).row is errors.OBJECT_NOT_FOUND


def listed(at, *given, secrets=None):
    """Keep what is listed on the application."""
    changes = {"certificates": given} if secrets is None else {"secrets": secrets}
    return run(applications.amend(at.by, at.application.id, lambda _, __: changes))


def one(number=0, **members):
    return GivenCertificate(data=certificate("ES256", number).der, **members)


def test_a_list_keeps_what_it_names_by_id_registers_what_is_new_and_drops_the_rest():
    at = office()
    first, second = listed(at, one(0, display_name="a"), one(1, key_id=UUID(int=77))).certificates
    assert (second.key_id, first.starts_at, first.ends_at) == (UUID(int=77), NOW - DAY, NOW + 365 * DAY)
    assert at.last.activity.startswith("Update application")
    again = listed(at, GivenCertificate(key_id=first.key_id), one(2, starts_at=NOW, ends_at=NOW + DAY)).certificates
    assert again[0] == first
    assert (again[1].starts_at, again[1].ends_at) == (NOW, NOW + DAY)
    assert [each["displayName"] for each in at.changed()["KeyCredentials"][1]] == ["a", None]
    assert listed(at, one(0, key_id=first.key_id, display_name="b")).certificates[0].display_name == "b"
    records = len(at.registry.audits)
    listed(at, GivenCertificate(key_id=first.key_id))
    assert len(at.registry.audits) == records  # nothing changed
    assert listed(at).certificates == ()


def test_a_list_of_secrets_keeps_those_it_names():
    at = office()
    first, second = (run(evidence.add_secret(at.by, at.application.id)).secret for _ in range(2))
    assert listed(at, secrets=(second.key_id, first.key_id)).secrets == (first, second)
    assert listed(at, secrets=(second.key_id,)).secrets == (second,)
    assert len(at.changed()["PasswordCredentials"][1]) == 1


SAME = one()
UNLISTED = {
    "a certificate that nobody knows": ((GivenCertificate(key_id=NOTHING),), INVALID),
    "neither an id nor a key": ((GivenCertificate(),), INVALID),
    "one certificate twice": ((SAME, SAME), errors.VALUE_TAKEN),
    "one id twice": ((one(0, key_id=NOTHING), one(1, key_id=NOTHING)), errors.VALUE_TAKEN),
    "an end after the certificate's": ((one(ends_at=NOW + 366 * DAY),), INVALID),
    "a start before the certificate's": ((one(starts_at=NOW - 2 * DAY),), INVALID),
    "an end in the past": ((one(ends_at=NOW),), INVALID),
    "21 certificates": (tuple(one(n) for n in range(21)), INVALID),
    "a registered certificate's name of blanks": ((one(display_name=" "),), INVALID),
}


@every("sentence", UNLISTED)
def test_a_list_is_refused_with(sentence):
    at = office()
    given, row = UNLISTED[sentence]
    refused = refusal(applications.amend(at.by, at.application.id, lambda _, __: {"certificates": given}))
    assert refused.row is row
    assert at.read("applications")[0].certificates == ()


def test_a_registered_certificate_is_listed_once_and_no_secret_is_chosen():
    at = office()
    (kept,) = listed(at, one()).certificates
    twice = {"certificates": (GivenCertificate(key_id=kept.key_id),) * 2}
    assert refusal(applications.amend(at.by, at.application.id, lambda _, __: twice)).row is errors.VALUE_TAKEN
    renamed = {"certificates": (GivenCertificate(key_id=kept.key_id, display_name=" "),)}
    assert refusal(applications.amend(at.by, at.application.id, lambda _, __: renamed)).row is INVALID
    chosen = {"secrets": (NOTHING,)}
    refused = refusal(applications.amend(at.by, at.application.id, lambda _, __: chosen))
    assert refused.row is INVALID
    assert "addPassword" in refused.detail


def proof(at, object_id, made=None, **claims):
    """A JWT that proves the key of a certificate, by default that of the first."""
    key = (made or certificate()).key
    usual = {"iss": str(object_id), "aud": "00000002-0000-0000-c000-000000000000", "nbf": AT, "exp": AT + 600}
    return token(usual | claims, key=key, header={"kid": ...})


@pytest.mark.parametrize("kind", ["application", "principal"])
def test_who_holds_a_key_brings_in_the_next_and_takes_out_the_last(kind):
    at = office()
    object_id = at.application.id if kind == "application" else at.principal().id
    first = run(evidence.add_certificate(at.by, object_id, certificate().der))
    second = run(evidence.roll_in(at.by, object_id, one(), proof(at, object_id)))
    run(evidence.roll_out(at.by, object_id, first.key_id, proof(at, object_id)))
    holder = at.read("applications")[0] if kind == "application" else at.principal()
    assert holder.certificates == (second,)


def test_without_a_proof_no_key_is_changed():
    at = office()
    who = at.application.id
    assert refusal(evidence.roll_in(at.by, who, one(), proof(at, who))).row is INVALID  # no key is registered
    kept = run(evidence.add_certificate(at.by, who, certificate().der))
    for wrong in (
        "nothing",
        proof(at, at.principal().id),
        proof(at, who, certificate("RS256", 5)),
        proof(at, who, exp=AT + 601),
    ):
        refused = refusal(evidence.roll_out(at.by, who, kept.key_id, wrong))
        assert (refused.row, refused.fields["property"]) == (INVALID, "proof")
    at.advance(timedelta(days=400))
    late = int(AT + 400 * 86_400)
    assert (
        "expired" in refusal(evidence.roll_out(at.by, who, kept.key_id, proof(at, who, nbf=late, exp=late + 60))).detail
    )


WIDENING = {
    "a secret": lambda at, by: evidence.add_secret(by, at.application.id),
    "a certificate": lambda at, by: evidence.add_certificate(by, at.application.id, certificate("ES256", 3).der),
    "a certificate in a list": lambda at, by: applications.amend(
        by, at.application.id, lambda before, _: {"certificates": (*map(by_id, before.certificates), one(3))}
    ),
    "a certificate by proof": lambda at, by: evidence.roll_in(
        by, at.application.id, one(3), proof(at, at.application.id)
    ),
    "a secret of its principal": lambda at, by: evidence.add_secret(by, at.principal().id),
}


def by_id(each):
    return GivenCertificate(key_id=each.key_id)


@every("sentence", WIDENING)
def test_where_a_tenant_guards_its_trust_only_who_may_widen_it_adds(sentence):
    at = office()
    run(evidence.add_certificate(at.by, at.application.id, certificate().der))
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    for by in (replace(at.by, may_widen=False), replace(at.by, app_id=at.application.app_id)):
        assert refusal(WIDENING[sentence](at, by)).row is errors.PRIVILEGES_MISSING
    run(WIDENING[sentence](at, at.by))


def test_where_a_tenant_guards_its_trust_everybody_takes_away():
    at = office()
    secret_id = run(evidence.add_secret(at.by, at.application.id)).secret.key_id
    kept, gone = listed(at, one(0), one(1)).certificates
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    narrow = replace(at.by, may_widen=False)
    run(evidence.remove_secret(narrow, at.application.id, secret_id))
    changes = {"certificates": (GivenCertificate(key_id=kept.key_id, display_name="kept"),)}
    after = run(applications.amend(narrow, at.application.id, lambda _, __: changes))
    assert [each.key_id for each in after.certificates] == [kept.key_id]
    assert gone not in after.certificates


def test_a_well_known_api_is_no_application_to_be_guarded_against_itself():
    at = office()
    run(tenants.update(at.by, at.tenant.id, trust_changes="owner_may_narrow"))
    graph = at.principal(wellknown.principals()["graph"].app_id)
    run(evidence.add_secret(at.by, graph.id))
    assert refusal(evidence.add_secret(replace(at.by, may_widen=False), graph.id)).row is errors.PRIVILEGES_MISSING
    run(principals.delete(at.by, graph.id))
