"""A token that a real Kubernetes 1.36 API server signed, proven with its uploaded keys and a frozen clock."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from accredit import assertions, trust
from accredit.errors import AUDIENCE_NOT_TRUSTED, ISSUER_NOT_TRUSTED, NOT_IN_TIME, SUBJECT_CASE_DIFFERS, Refused
from accredit.issuers import IssuerUrl, discovery, jwks
from accredit.trust import FederatedCredential, Trusted
from tests.issuers.records import record
from tests.support.every import every

FIXTURE = json.loads((Path(__file__).parents[1] / "data/kubernetes-1.36-token.json").read_text())
FROZEN = FIXTURE["frozen_now"]


def credential(skew, *, issuer=FIXTURE["issuer"], subject=None, audiences=None):
    trusted = FIXTURE["credential"]
    found = record(
        url=IssuerUrl(issuer), key_source="uploaded", jwks=json.dumps(FIXTURE["jwks"]), algorithms=("RS256",), skew=skew
    )
    return FederatedCredential(
        id=UUID(int=3),
        tenant_id=found.tenant_id,
        application_id=UUID(int=4),
        name=trusted["name"],
        issuer=found,
        audience=(audiences or trusted["audiences"])[0],
        subject=subject or trusted["subject"],
        created_at=datetime.fromtimestamp(FROZEN, UTC),
    )


def judge(at, skew, policy=assertions.ENTRA, **change):
    """Match and prove, as the exchange does; the row of the refusal, or ``None``."""
    presented = assertions.parse(FIXTURE["token"], policy)
    try:
        matched = trust.match(Trusted((credential(skew, **change),), multi_audience="refuse"), presented)
        (chosen,) = trust.choose("wl", matched)
        keys = jwks.parse(chosen.issuer.jwks, chosen.issuer, uploaded=True)
        assertions.verify(presented, chosen.issuer, keys, datetime.fromtimestamp(at, UTC))
    except Refused as refused:
        return refused.row
    return None


ROWS = {  # by what the fixture changes: the refusal that its word "refused" means here
    (): NOT_IN_TIME,
    ("issuer",): ISSUER_NOT_TRUSTED,
    ("subject",): SUBJECT_CASE_DIFFERS,
    ("audiences",): AUDIENCE_NOT_TRUSTED,
}


@every("policy", [assertions.ENTRA, assertions.EXTENDED], ids=["entra", "extended"])
@every("case", FIXTURE["expect"], ids=[each.get("reason", "accepted") for each in FIXTURE["expect"]])
def test_as_the_fixture_expects(case, policy):
    change = case.get("change", {})
    row = None if case["result"] == "accepted" else ROWS[tuple(change)]
    assert judge(case["at"], 0, policy, **change) is row


@every(("skew", "row"), [(0, NOT_IN_TIME), (1, None), (300, None)])
def test_one_second_before_nbf_is_forgiven_by_one_second_of_skew(skew, row):
    assert judge(1795401253, skew) is row


@every(("at", "row"), [(1795404853, None), (1795404854, NOT_IN_TIME), (1795404855, NOT_IN_TIME)])
def test_at_exp_it_is_expired(at, row):
    assert judge(at, 0) is row


def test_it_is_read_as_it_was_written():
    presented = assertions.parse(FIXTURE["token"], assertions.ENTRA)
    assert presented.claims == FIXTURE["claims"]
    assert presented.header == FIXTURE["header"]
    assert presented.type is None
    assert presented.subject == FIXTURE["credential"]["subject"]


def test_the_discovery_document_of_the_api_server_is_accepted():
    document = json.dumps(FIXTURE["discovery"]).encode()
    assert discovery.parse(document, credential(0).issuer) == FIXTURE["discovery"]["jwks_uri"]
