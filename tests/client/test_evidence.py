"""Who somebody is, is proven to a running authority by a secret, a federated token, or a certificate."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from accredit.client import ClientCertificate, ClientSecret, FederatedToken, connect
from accredit.errors import INPUT_INVALID, KEY_NOT_REGISTERED, SECRET_INVALID, SUBJECT_NOT_TRUSTED, Refused
from tests import forge
from tests.support.workload import engage

KINDS = ("RS256", "ES256", "ES384")
HELD = ("Application.Read.All",)


def pem(algorithm: str, number: int = 0, locked: KeySerializationEncryption | None = None) -> tuple[bytes, bytes]:
    """A certificate and its private key."""
    made = forge.certificate(algorithm, number, valid=(-1, 36_500))
    key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked or NoEncryption())
    return x509.load_der_x509_certificate(made.der).public_bytes(Encoding.PEM), key


def signed_in(emulator, workload, evidence, **more):
    """The token that an application gets for what proves it."""
    with connect(
        emulator.url, client_id=workload.client_id, evidence=evidence, ca_file=str(emulator.ca_file), **more
    ) as authority:
        return authority.token


def test_a_secret(emulator):
    workload = engage(emulator)
    found = signed_in(emulator, workload, ClientSecret(workload.secret().value))
    assert (found.roles, str(found.app_id)) == (HELD, workload.client_id)
    assert found.tenant_id == emulator.tenant_id


def test_a_secret_in_a_tenant_that_is_named_by_its_domain(emulator):
    workload = engage(emulator)
    found = signed_in(emulator, workload, ClientSecret(workload.secret().value), tenant="contoso.test")
    assert found.tenant_id == emulator.tenant_id


def test_a_federated_token(emulator):
    workload = engage(emulator)
    assert signed_in(emulator, workload, FederatedToken(lambda: workload.assertion() + "\n")).roles == HELD


@pytest.mark.parametrize("algorithm", KINDS)
@pytest.mark.parametrize("tenant", ["organizations", "contoso.test", "acc7ed17-0000-4000-8000-000000000001"])
def test_a_certificate(emulator, algorithm, tenant):
    workload = engage(emulator)
    certificate, key = pem(algorithm)
    workload.certificate(certificate)
    evidence = ClientCertificate.of_pem(certificate + key, "client.pem")
    assert signed_in(emulator, workload, evidence, tenant=tenant).roles == HELD
    assert workload.events()[0].evidence == "certificate"


WRONG = {
    "a secret of nobody": (lambda _: ClientSecret("wrong"), SECRET_INVALID),
    "a certificate that is not registered": (
        lambda _: ClientCertificate.of_pem(b"".join(pem("ES256", 1)), "client.pem"),
        KEY_NOT_REGISTERED,
    ),
    "a token of another subject": (
        lambda workload: FederatedToken(lambda: workload.emulator.mint(params={"environment": "elsewhere"})),
        SUBJECT_NOT_TRUSTED,
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_proves_nothing_is_refused_for_what_it_is(emulator, what):
    workload = engage(emulator)
    evidence, row = WRONG[what]
    with pytest.raises(Refused) as refused:
        signed_in(emulator, workload, evidence(workload))
    assert refused.value.row is row


UNREADABLE = {
    "nothing": b"",
    "a certificate without its key": pem("ES256")[0],
    "a key without its certificate": pem("ES256")[1],
    "the key of another certificate": pem("ES256")[0] + pem("ES256", 1)[1],
    "a key that is locked": b"".join(pem("ES256", locked=BestAvailableEncryption(b"password"))),
    "a key of a kind that is not taken": b"".join(pem("EdDSA")),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_file_that_proves_nothing_is_refused_unread(what):
    with pytest.raises(Refused) as refused:
        ClientCertificate.of_pem(UNREADABLE[what], "client.pem")
    assert (refused.value.row, refused.value.fields["what"]) == (INPUT_INVALID, "client.pem")
