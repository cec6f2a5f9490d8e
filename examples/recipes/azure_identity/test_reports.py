"""The fixtures are those of accredit's pytest plugin; nothing is patched."""

import jwt
import pytest
from reports import NotAllowed, Reports


@pytest.fixture
def job(accredit_app):
    accredit_app.grant("api://reports", "Reports.Send")
    accredit_app.trust_github("octo-org@123456/octo-repo@456789", environment="production")
    return accredit_app


@pytest.fixture
def sent():
    return []


@pytest.fixture
def send(job, sent, azure_environment):
    """Send reports as a job with the platform's token that is given, else with one that is trusted."""

    def sending(*reports, token=None):
        with azure_environment(job, token=token):
            ours = Reports(lambda path, **request: sent.append((path, request)))
            for each in reports:
                ours.send(each)

    return sending


def test_a_report_bears_a_token_with_the_role(send, sent):
    send({"all": "well"})
    token = sent[0][1]["headers"]["Authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, options={"verify_signature": False})["roles"] == ["Reports.Send"]


def test_ten_reports_need_one_token(send, sent, accredit_tenant):
    send(*({"number": number} for number in range(10)))
    assert (len(sent), len(accredit_tenant.requests)) == (10, 1)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"environment": "staging"}, "AADSTS700213"),
        ({"audience": "api://somebody-else"}, "AADSTS700212"),
        ({"faults": ["expired"]}, "AADSTS700024"),
        ({"faults": ["bad_signature"]}, "AADSTS700027"),
    ],
    ids=["of another environment", "for somebody else", "expired", "forged"],
)
def test_what_is_refused_is_not_sent(wrong, code, job, send, sent, caplog):
    with pytest.raises(NotAllowed):
        send({"all": "well"}, token=job.assertion(**wrong))
    assert sent == []
    assert code in caplog.text


def test_a_credential_that_was_removed_is_refused(job, send, caplog):
    job.distrust()
    with pytest.raises(NotAllowed):
        send({"all": "well"})
    assert "AADSTS70025" in caplog.text


def test_a_busy_authority_is_asked_again(job, send, sent, accredit_tenant):
    job.throttle(429, retry_after=0)
    send({"all": "well"})
    assert [each.status for each in accredit_tenant.requests] == [429, 200]
    assert len(sent) == 1
