"""The API, with tokens of a real authority: those that it must take, and those that it must not."""

import ssl
from datetime import timedelta

import jwt
import pytest
from api import Forbidden, Guard

ORDERS, SCOPE = "api://orders", "api://orders/.default"


@pytest.fixture
def caller(accredit_app):
    accredit_app.trust_github("octo-org@123456/octo-repo@456789", environment="production")
    return accredit_app


@pytest.fixture
def guard(accredit_tenant):
    trusted = ssl.create_default_context(cafile=accredit_tenant.ca_file)
    return Guard(
        issuer=accredit_tenant.issuer,
        audience=accredit_tenant.api(ORDERS, "Orders.Read.All", "Orders.Write.All"),
        keys=jwt.PyJWKClient(accredit_tenant.jwks_uri, ssl_context=trusted),
    )


def test_the_role_lets_in(guard, caller):
    caller.grant(ORDERS, "Orders.Read.All")
    assert guard.caller(caller.token(SCOPE)) == caller.client_id


def test_another_role_does_not(guard, caller):
    caller.grant(ORDERS, "Orders.Write.All")
    with pytest.raises(Forbidden, match=r"Orders\.Read\.All is missing"):
        guard.caller(caller.token(SCOPE))


def test_a_token_for_another_api_does_not(guard, caller):
    caller.grant("api://invoices", "Orders.Read.All")
    with pytest.raises(Forbidden, match="Audience"):
        guard.caller(caller.token("api://invoices/.default"))


def test_a_token_of_yesterday_does_not(guard, caller, accredit_tenant):
    caller.grant(ORDERS, "Orders.Read.All")
    with accredit_tenant.clock.frozen(accredit_tenant.clock.now - timedelta(days=1)):
        token = caller.token(SCOPE)
    with pytest.raises(Forbidden, match="expired"):
        guard.caller(token)


def test_a_token_of_another_tenant_does_not(guard, accredit):
    with accredit.tenant() as elsewhere:
        stranger = elsewhere.application(roles={ORDERS: ["Orders.Read.All"]})
        stranger.trust_github(environment="production")
        with pytest.raises(Forbidden, match="issuer"):
            guard.caller(stranger.token(SCOPE))
