"""STS and IAM as AWS words them: what is refused and how, and what a token then says. boto3 reads it in clients/."""

from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from accredit.testidp.native import Asked
from accredit.testidp.native.aws import EXAMPLE_KEY
from accredit.testidp.native.aws_query import IAM, STS
from tests.forge import NOW
from tests.testidp.native.asking import asked, begun, platforms
from tests.testidp.workbench import BASE, Parts

AWS = "https://sts.amazonaws.com/"
TOKEN = {
    "Action": "GetWebIdentityToken",
    "Version": STS.version,
    "Audience.member.1": "api://a",
    "SigningAlgorithm": "RS256",
}
INFO = {"Action": "GetOutboundWebIdentityFederationInfo", "Version": IAM.version}
ENABLE = INFO | {"Action": "EnableOutboundWebIdentityFederation"}
DISABLE = INFO | {"Action": "DisableOutboundWebIdentityFederation"}
TAG = {"Tags.member.1.Key": "job", "Tags.member.1.Value": "7"}


def signed(key=EXAMPLE_KEY, service="sts", region="eu-west-1"):
    scope = f"Credential={key}/20261123/{region}/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature=00"}


def ask(natives, fields, headers=None):
    """The status, and the elements of the answer by name."""
    body = (
        fields if isinstance(fields, bytes) else urlencode({k: v for k, v in fields.items() if v is not None}).encode()
    )
    answer = natives.of_issuer("aws", asked("/", "POST", signed() if headers is None else headers, body))
    root = ET.fromstring(answer.body)  # noqa: S314  our own answer
    assert answer.content_type == "text/xml"
    found = {each.tag.rpartition("}")[2]: each.text for each in root.iter()}
    assert found["RequestId"] == dict(answer.headers)["x-amzn-requestid"]
    return answer.status, found


REFUSED = {  # what is sent: the fields that differ from a good request, the headers, the status and the code
    "no action": ({"Action": None}, None, 400, "MissingAction"),
    "an action that nobody has": ({"Action": "GetSessionToken"}, None, 400, "InvalidAction"),
    "an action of the other service's version": ({"Version": IAM.version}, None, 400, "InvalidAction"),
    "no version": ({"Version": None}, None, 400, "InvalidAction"),
    "no signature": ({}, {}, 403, "MissingAuthenticationToken"),
    "another scheme": ({}, {"authorization": "Bearer x"}, 400, "IncompleteSignature"),
    "no scope": (
        {},
        {"authorization": "AWS4-HMAC-SHA256 Credential=AKIA, SignedHeaders=a, Signature=b"},
        400,
        "IncompleteSignature",
    ),
    "a scope alone": ({}, {"authorization": signed()["authorization"].partition(",")[0]}, 400, "IncompleteSignature"),
    "a key that nobody has": ({}, signed("AKIAUNKNOWNUNKNOWN00"), 403, "InvalidClientTokenId"),
    "signed for the other service": ({}, signed(service="iam"), 403, "SignatureDoesNotMatch"),
    "no audience": ({"Audience.member.1": None}, None, 400, "ValidationError"),
    "an empty list of audiences": ({"Audience.member.1": None, "Audience": ""}, None, 400, "ValidationError"),
    "an empty audience": ({"Audience.member.1": ""}, None, 400, "ValidationError"),
    "an audience of 1,001 characters": ({"Audience.member.1": "a" * 1_001}, None, 400, "ValidationError"),
    "eleven audiences": ({f"Audience.member.{n}": f"api://{n}" for n in range(1, 12)}, None, 400, "ValidationError"),
    "no algorithm": ({"SigningAlgorithm": None}, None, 400, "ValidationError"),
    "an algorithm that is not offered": ({"SigningAlgorithm": "RS512"}, None, 400, "ValidationError"),
    "59 seconds": ({"DurationSeconds": "59"}, None, 400, "ValidationError"),
    "3,601 seconds": ({"DurationSeconds": "3601"}, None, 400, "ValidationError"),
    "a time that is no number": ({"DurationSeconds": "5m"}, None, 400, "ValidationError"),
    "a number of 5,000 digits": ({"DurationSeconds": "9" * 5_000}, None, 400, "ValidationError"),
    "a tag without a value": ({"Tags.member.1.Key": "a"}, None, 400, "ValidationError"),
    "a tag with an empty key": (TAG | {"Tags.member.1.Key": ""}, None, 400, "ValidationError"),
    "a key of 129 characters": (TAG | {"Tags.member.1.Key": "k" * 129}, None, 400, "ValidationError"),
    "a value of 257 characters": (TAG | {"Tags.member.1.Value": "v" * 257}, None, 400, "ValidationError"),
    "a tag with a control character": (TAG | {"Tags.member.1.Value": "\x01"}, None, 400, "ValidationError"),
    "the same key in another case": (
        TAG | {"Tags.member.2.Key": "JOB", "Tags.member.2.Value": ""},
        None,
        400,
        "InvalidParameterValue",
    ),
    "fifty-one tags": (
        {f"Tags.member.{n}.{part}": f"t{n}" for n in range(1, 52) for part in ("Key", "Value")},
        None,
        400,
        "ValidationError",
    ),
    "fifty tags of four octets a letter": (
        {
            f"Tags.member.{n}.{part}": "\U0001d4d0" * most + str(n)
            for n in range(1, 51)
            for part, most in (("Key", 120), ("Value", 250))
        },
        None,
        400,
        "JWTPayloadSizeExceededException",
    ),
}


def test_what_aws_refuses():
    natives, failures = platforms(), []
    for sentence, (changes, headers, status, code) in REFUSED.items():
        found, said = ask(natives, TOKEN | changes, headers)
        if (found, said.get("Code"), said.get("Type")) != (status, code, "Sender") or not said.get("Message"):
            failures.append((sentence, found, said))
    assert failures == []


def test_a_body_that_is_no_form():
    natives = platforms()
    for body in (b"\xff", b"Action=A&Action=B", b"&".join(b"a%d=1" % number for number in range(501))):
        status, said = ask(natives, body)
        assert (status, said["Code"]) == (404, "MalformedQueryString")


def test_every_violation_is_told_at_once():
    _, said = ask(platforms(), TOKEN | {"DurationSeconds": "1", "SigningAlgorithm": "none", "Audience.member.1": None})
    assert said["Message"].startswith("3 validation errors detected: Value null at 'audience' failed to satisfy")
    assert "Value '1' at 'durationSeconds'" in said["Message"]


def test_the_fullest_request_that_fits():
    tags = {f"Tags.member.{n}.Key": f"{n:03}".ljust(128, "k") for n in range(1, 51)}
    tags |= {f"Tags.member.{n}.Value": "v" * 256 for n in range(1, 51)}
    audiences = {f"Audience.member.{n}": f"api://{n}" for n in range(1, 11)}
    status, said = ask(platforms(), TOKEN | tags | audiences | {"DurationSeconds": "3600"})
    assert status == 200, said
    claims = Parts.of(said["WebIdentityToken"]).claims
    assert claims["aud"] == [f"api://{n}" for n in range(1, 11)]
    assert len(claims[AWS]["request_tags"]) == 50
    assert claims["exp"] - claims["iat"] == 3_600


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_a_token_says_what_was_asked_for_and_who_asked(algorithm):
    status, said = ask(platforms(), TOKEN | TAG | {"SigningAlgorithm": algorithm})
    assert status == 200
    token = Parts.of(said["WebIdentityToken"])
    assert token.header["alg"] == algorithm
    assert token.claims["aud"] == "api://a"
    assert token.claims["sub"] == "arn:aws:iam::123456789012:role/DataProcessingRole"
    assert token.claims["exp"] - token.claims["iat"] == 300
    assert token.claims[AWS]["source_region"] == "eu-west-1"
    assert token.claims[AWS]["request_tags"] == {"job": "7"}
    _, plain = ask(platforms(), TOKEN, signed(region="aws-global"))
    claims = Parts.of(plain["WebIdentityToken"]).claims
    assert "request_tags" not in claims[AWS]
    assert claims[AWS]["source_region"] == "us-east-1"


def test_keys_of_sessions_are_nothing_without_their_token():
    natives = platforms()
    variables = begun(natives, "aws", params={"name": "Other"})
    key = variables["AWS_ACCESS_KEY_ID"]
    assert ask(natives, TOKEN, signed(key))[1]["Code"] == "InvalidClientTokenId"
    status, said = ask(natives, TOKEN, signed(key) | {"x-amz-security-token": variables["AWS_SESSION_TOKEN"]})
    assert status == 200
    assert Parts.of(said["WebIdentityToken"]).claims["sub"] == "arn:aws:iam::123456789012:role/Other"


def test_a_session_gives_no_token_that_outlives_it():
    natives = platforms()
    key = begun(natives, "aws", params={"lifetime": 120})["AWS_ACCESS_KEY_ID"]
    headers = signed(key) | {"x-amz-security-token": "t"}
    assert ask(natives, TOKEN, headers)[1]["Code"] == "SessionDurationEscalationException"
    assert ask(natives, TOKEN | {"DurationSeconds": "120"}, headers)[0] == 200


def test_what_a_job_was_begun_with_holds_for_every_token():
    natives = platforms()
    key = begun(natives, "aws", faults=["expired"], params={"account": "444444444444"})["AWS_ACCESS_KEY_ID"]
    _, said = ask(natives, TOKEN, signed(key) | {"x-amz-security-token": "t"})
    claims = Parts.of(said["WebIdentityToken"]).claims
    assert claims["exp"] < NOW.timestamp()
    assert claims["sub"] == "arn:aws:iam::444444444444:role/DataProcessingRole"
    assert claims["iss"].endswith(".tokens.sts.global.api.aws")


def test_federation_is_enabled_and_disabled_for_an_account():
    natives, iam = platforms(), signed(service="iam")
    other = begun(natives, "aws", params={"account": "210987654321"})["AWS_ACCESS_KEY_ID"]
    elsewhere = signed(other) | {"x-amz-security-token": "t"}
    assert ask(natives, ENABLE, iam)[1]["Code"] == "FeatureEnabled"
    status, said = ask(natives, INFO, iam)
    assert (status, said["JwtVendingEnabled"]) == (200, "true")
    issuer = said["IssuerIdentifier"]
    assert ask(natives, DISABLE, iam)[0] == 200
    for fields, expected in ((DISABLE, (404, "FeatureDisabled")), (INFO, (404, "FeatureDisabled"))):
        status, said = ask(natives, fields, iam)
        assert (status, said["Code"]) == expected
    status, said = ask(natives, TOKEN)
    assert (status, said["Code"]) == (403, "OutboundWebIdentityFederationDisabledException")
    assert ask(natives, TOKEN, elsewhere)[0] == 200  # an account of its own
    assert ask(natives, ENABLE, iam)[1]["IssuerIdentifier"] == issuer
    status, said = ask(natives, TOKEN)
    assert Parts.of(said["WebIdentityToken"]).claims["iss"] == issuer
    ask(natives, DISABLE, iam)
    natives.heal()
    assert ask(natives, TOKEN)[0] == 200, "what a test disabled is over with the test"


def test_what_is_repeated_is_still_xml():
    status, said = ask(platforms(), TOKEN | {"SigningAlgorithm": "<&\x00\ud800>".encode("utf-8", "replace").decode()})
    assert status == 400
    assert "'<&\ufffd?>'" in said["Message"]


def test_an_instance_is_an_account_with_an_issuer_of_its_own():
    natives = platforms()
    variables = begun(natives, "aws", instance="other")
    assert variables["AWS_ENDPOINT_URL_STS"] == f"{BASE}/idp/aws/other/"
    _, said = ask(natives, TOKEN, signed(variables["AWS_ACCESS_KEY_ID"]) | {"x-amz-security-token": "t"})
    assert Parts.of(said["WebIdentityToken"]).claims["iss"] == f"{BASE}/idp/aws/other"


def test_other_routes_are_not_answered():
    natives = platforms()
    for method, path in (("GET", "/"), ("POST", "/other-place")):
        assert natives.of_issuer("aws", Asked(method, path)) is None
