"""The client, against an authority that refuses what Entra ID refuses."""

import asyncio

import client
import pytest
from azure.core.exceptions import ClientAuthenticationError

REPOSITORY = "octo-org@123456/octo-repo@456789"


@pytest.fixture
def deploy_bot(accredit_app):
    accredit_app.grant("api://orders", "Orders.Read.All")
    accredit_app.trust_github(REPOSITORY, environment="production")
    return accredit_app


def test_it_signs_in(deploy_bot, azure_environment, accredit_tenant):
    with azure_environment(deploy_bot):
        assert client.token()
    signed_in = accredit_tenant.sign_ins.last
    assert (signed_in.granted, signed_in.credential.name) == (True, "github_actions-production")
    assert signed_in.roles == ("Orders.Read.All",)


def test_it_signs_in_without_waiting(deploy_bot, azure_environment, accredit_tenant):
    with azure_environment(deploy_bot):
        assert asyncio.run(client.token_async())
    assert accredit_tenant.sign_ins.last.granted


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"environment": None, "branch": "main"}, "AADSTS700213"),
        ({"audience": "https://github.com/octo-org"}, "AADSTS700212"),
        ({"faults": ["expired"]}, "AADSTS700024"),
        ({"faults": ["bad_signature"]}, "AADSTS700027"),
    ],
    ids=["another branch", "the wrong audience", "an old token", "a forged token"],
)
def test_it_is_refused(changed, code, deploy_bot, azure_environment, accredit_tenant):
    with (
        azure_environment(deploy_bot, token=deploy_bot.assertion(**changed)),
        pytest.raises(ClientAuthenticationError, match=code),
    ):
        client.token()
    assert accredit_tenant.sign_ins.last.code == code


def test_it_comes_again_when_it_is_throttled(deploy_bot, azure_environment, accredit_tenant):
    deploy_bot.throttle(429, retry_after=0)
    with azure_environment(deploy_bot):
        assert client.token()
    assert [each.status for each in accredit_tenant.requests] == [429, 200]


def test_it_survives_a_rotation_of_githubs_keys(deploy_bot, azure_environment, accredit_idp):
    deploy_bot.token("api://orders/.default")
    accredit_idp.rotate_keys("github", keep_previous=False)
    with azure_environment(deploy_bot):
        assert client.token()
