"""boto3, unmodified, against STS and IAM as the test issuer plays them; then the exchange."""

import boto3
import pytest
from azure.core.exceptions import ClientAuthenticationError
from botocore.config import Config
from botocore.exceptions import ClientError

from accredit.client.sources.registry import source
from accredit.client.sources.source import Surroundings as Seen
from accredit.errors import SOURCE_REFUSED, Refused
from tests.clients.platforms.jobs import AUDIENCE, begin, exchanged, unverified
from tests.support.workload import CONTOSO, engage, extended

pytestmark = pytest.mark.clients

AWS = "https://sts.amazonaws.com/"
ISSUER = "https://1ad2c3b4-5e6f-4a7b-8c9d-0e1f2a3b4c5d.tokens.sts.global.api.aws"
ROLE = "arn:aws:iam::123456789012:role/"
ASK = {"Audience": [AUDIENCE], "SigningAlgorithm": "RS256"}
# Without retries, and without the checks that the library makes before it sends: the answer is what is tested.
PLAIN = Config(parameter_validation=False, retries={"total_max_attempts": 1})


@pytest.fixture
def client(emulator, tmp_path):
    """A client of a service for a new job, configured by nothing but the job's surroundings."""

    def make(service="sts", **request):
        name = f"{len(list(tmp_path.iterdir()))}"
        (tmp_path / name).mkdir()
        variables = begin(emulator, tmp_path / name, "aws", **request).variables
        return of(variables, service)

    return make


def of(variables, service):
    return boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables.get("AWS_SESSION_TOKEN"),
        region_name=variables["AWS_REGION"],
    ).client(
        service,
        endpoint_url=variables[f"AWS_ENDPOINT_URL_{service.upper()}"],
        verify=variables["AWS_CA_BUNDLE"],
        config=PLAIN,
    )


def code(client, operation, **parameters):
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**parameters)
    answer = refused.value.response
    assert answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["RequestId"]
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def trusting(emulator, home=CONTOSO, **members):
    made = engage(emulator, home=home, trusting=False)
    made.trust(**{"issuer": ISSUER, **members})
    return made


def test_a_role_known_by_its_environment_alone(emulator, tmp_path):
    program = "import boto3; print(boto3.client('sts').get_web_identity_token(Audience=['{}'],"
    program = program.format(AUDIENCE) + " SigningAlgorithm='RS256')['WebIdentityToken'])"
    token = begin(emulator, tmp_path, "aws").program(program)
    exchanged(trusting(emulator, subject=f"{ROLE}DataProcessingRole"), token)


def test_two_access_keys_are_two_principals(emulator, client):
    workload = trusting(emulator, subject=f"{ROLE}service/ci/Builder")
    builder = client(params={"path": "service/ci", "name": "Builder"}).get_web_identity_token(**ASK)
    user = client(params={"principal": "user", "name": "ci-user"}).get_web_identity_token(**ASK)
    exchanged(workload, builder["WebIdentityToken"])
    assert unverified(user["WebIdentityToken"])["sub"] == "arn:aws:iam::123456789012:user/ci-user"
    with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
        exchanged(workload, user["WebIdentityToken"])


def test_what_is_asked_for_is_in_the_token(client):
    answer = client(params={"region": "eu-central-1"}).get_web_identity_token(
        Audience=[AUDIENCE, "https://other.example"],
        SigningAlgorithm="ES384",
        DurationSeconds=900,
        Tags=[{"Key": "job-id", "Value": "42"}, {"Key": "Ümlaut", "Value": ""}],
    )
    claims = unverified(answer["WebIdentityToken"])
    assert claims["aud"] == [AUDIENCE, "https://other.example"]
    assert claims["exp"] - claims["iat"] == 900
    assert answer["Expiration"].timestamp() == pytest.approx(claims["exp"], abs=1)
    assert claims[AWS]["source_region"] == "eu-central-1"
    assert claims[AWS]["request_tags"] == {"job-id": "42", "Ümlaut": ""}


def test_es384_is_for_tenants_that_take_it(emulator, client):
    token = client().get_web_identity_token(**{**ASK, "SigningAlgorithm": "ES384"})["WebIdentityToken"]
    subject = f"{ROLE}DataProcessingRole"
    exchanged(trusting(emulator, extended(emulator), subject=subject), token)
    with pytest.raises(ClientAuthenticationError, match="AADSTS5002738"):
        exchanged(trusting(emulator, subject=subject), token)


def test_what_sts_refuses(emulator, client, tmp_path):
    role, session = client(), client(params={"lifetime": 120})
    many = [{"Key": "k" * 120 + str(number), "Value": "\u00e9" * 100 + "v" * 156} for number in range(50)]
    assert code(role, "get_web_identity_token", **ASK, DurationSeconds=30) == ("ValidationError", 400)
    assert code(role, "get_web_identity_token", **{**ASK, "SigningAlgorithm": "HS256"}) == ("ValidationError", 400)
    assert code(role, "get_web_identity_token", **{**ASK, "Audience": []}) == ("ValidationError", 400)
    assert code(role, "get_web_identity_token", **ASK, Tags=many) == ("JWTPayloadSizeExceededException", 400)
    assert code(session, "get_web_identity_token", **ASK) == ("SessionDurationEscalationException", 403)
    assert code(role, "get_session_token") == ("InvalidAction", 400)
    stranger = {**begin(emulator, tmp_path, "aws").variables, "AWS_ACCESS_KEY_ID": "AKIAUNKNOWNUNKNOWN00"}
    assert code(of(stranger, "sts"), "get_web_identity_token", **ASK) == ("InvalidClientTokenId", 403)


def test_an_account_enables_federation_and_disables_it(emulator, tmp_path):
    account = begin(emulator, tmp_path, "aws", params={"account": "210987654321"}).variables
    sts, iam = of(account, "sts"), of(account, "iam")
    assert code(iam, "enable_outbound_web_identity_federation") == ("FeatureEnabled", 409)
    info = iam.get_outbound_web_identity_federation_info()
    assert info["JwtVendingEnabled"] is True
    iam.disable_outbound_web_identity_federation()
    assert code(iam, "disable_outbound_web_identity_federation") == ("FeatureDisabled", 404)
    assert code(iam, "get_outbound_web_identity_federation_info") == ("FeatureDisabled", 404)
    disabled = ("OutboundWebIdentityFederationDisabledException", 403)
    assert code(sts, "get_web_identity_token", **ASK) == disabled
    with pytest.raises(sts.exceptions.OutboundWebIdentityFederationDisabledException):
        sts.get_web_identity_token(**ASK)
    with pytest.raises(Refused) as refused:
        source("aws_outbound", Seen(account)).fetch(AUDIENCE)
    assert refused.value.row is SOURCE_REFUSED
    assert "aws iam enable-outbound-web-identity-federation" in str(refused.value.detail)
    again = iam.enable_outbound_web_identity_federation()
    assert again["IssuerIdentifier"] == info["IssuerIdentifier"]
    token = sts.get_web_identity_token(**ASK)["WebIdentityToken"]
    assert unverified(token)["iss"] == info["IssuerIdentifier"]


def test_every_account_has_an_issuer_of_its_own(emulator, tmp_path):
    issuers = [ISSUER]
    for request in ({}, {"instance": "subsidiary"}):
        job = begin(emulator, tmp_path, "aws", params={"account": "333333333333"}, **request).variables
        issuers.append(of(job, "iam").get_outbound_web_identity_federation_info()["IssuerIdentifier"])
        token = of(job, "sts").get_web_identity_token(**ASK)["WebIdentityToken"]
        subject = "arn:aws:iam::333333333333:role/DataProcessingRole"
        exchanged(trusting(emulator, issuer=issuers[-1], subject=subject), token)
    assert len(set(issuers)) == 3


def test_the_source_gets_the_same_token(emulator, tmp_path):
    job = begin(emulator, tmp_path, "aws", params={"name": "Sourced"})
    found = source("aws", Seen(job.variables))
    assert found.detect().found
    exchanged(trusting(emulator, subject=f"{ROLE}Sourced"), found.fetch(AUDIENCE))
