from datetime import timedelta
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accredit import errors
from accredit.administer import evidence
from accredit.directory import prove_secret
from tests.administer.office import office
from tests.forge import NOW, certificate, certify, rsa_key
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


@pytest.mark.parametrize("form", ["DER", "PEM", "PEM behind a private key"])
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


@pytest.mark.parametrize("alg", ["RS256", "ES256", "ES384"])
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


@pytest.mark.parametrize("sentence", REFUSED)
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
