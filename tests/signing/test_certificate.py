"""New signing keys and the certificates that name them."""

from base64 import urlsafe_b64decode
from hashlib import sha1

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey

from accredit.signing import EMULATOR_NAME, PRODUCTION_NAME, generate, open_signer
from accredit.tokens.keys import EMULATOR_KID, key_set
from tests.signing.grants import MASTER, NOW, key


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_key_is_named_by_the_thumbprint_of_its_certificate(algorithm):
    made = key(algorithm)
    digest = urlsafe_b64decode(made.thumbprint + "=")
    assert digest == sha1(made.certificate).digest()  # noqa: S324  a name, as Entra ID gives it
    assert len(made.thumbprint) == 27
    assert made.kid == made.thumbprint
    assert (made.created_at, made.activates_at) == (NOW, NOW)
    assert made.withdrawn_at is None


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_the_certificate_certifies_itself_and_no_other(algorithm):
    made = key(algorithm)
    certificate = x509.load_der_x509_certificate(made.certificate)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert certificate.not_valid_before_utc < NOW
    assert (certificate.not_valid_after_utc - NOW).days == 730
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == PRODUCTION_NAME
    assert certificate.public_key() == open_signer(made, MASTER).private_key.public_key()
    assert isinstance(certificate.signature_hash_algorithm, SHA256)


def test_the_emulators_keys_bear_its_marks():
    made = generate("ES256", now=NOW, activates_at=NOW, master_key=MASTER, name=EMULATOR_NAME, kid_prefix=EMULATOR_KID)
    assert made.kid == f"emulator-{made.thumbprint}"
    certificate = x509.load_der_x509_certificate(made.certificate)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [each.value for each in names] == ["accredit emulator, not for production"]
    assert open_signer(made, MASTER).kid == made.kid


def test_the_published_key_set_is_read_by_others():
    published = key_set([key("RS256"), key("ES256")], "https://localhost/x/v2.0")["keys"]
    rsa_key, ec_key = RSAKey.import_key(published[0]), ECKey.import_key(published[1])
    assert (
        rsa_key.public_key.public_numbers()
        == open_signer(key("RS256"), MASTER).private_key.public_key().public_numbers()
    )
    assert (
        ec_key.public_key.public_numbers()
        == open_signer(key("ES256"), MASTER).private_key.public_key().public_numbers()
    )
    assert published[0]["e"] == "AQAB"


def test_two_keys_differ_and_are_strong():
    one, two = (generate("RS256", now=NOW, activates_at=NOW, master_key=MASTER) for _ in range(2))
    assert one.kid != two.kid
    opened = open_signer(one, MASTER).private_key
    assert isinstance(opened, rsa.RSAPrivateKey)
    assert opened.key_size == 2_048
    other = open_signer(key("ES256"), MASTER).private_key
    assert isinstance(other, ec.EllipticCurvePrivateKey)
    assert other.curve.name == "secp256r1"
