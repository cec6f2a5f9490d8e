"""A token that a real Kubernetes 1.36 API server signed, through the whole authority: uploaded keys, a frozen clock."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import jwt
import pytest

from accredit.administer import applications, credentials, issuers, permissions, tenants
from accredit.app import seed
from tests.support.workload import JWT_BEARER, ORDERS, principal_of
from tests.wire.authority import BASE, TENANT, wire

FIXTURE = json.loads((Path(__file__).parents[1] / "data/kubernetes-1.36-token.json").read_text())
TRUSTED = FIXTURE["credential"]
CODES = {(): 700024, ("issuer",): 700211, ("subject",): 7002138, ("audiences",): 700212}  # by what a row changes


@pytest.fixture(scope="module", params=["entra", "extended"])
def emulator(request, tmp_path_factory):
    folder, earlier = (
        tmp_path_factory.mktemp("kubernetes") / "data",
        datetime.fromtimestamp(FIXTURE["frozen_now"] - 3600, UTC),
    )
    with wire(folder, upload=False, at=earlier) as made:
        made.run(tenants.update, made.administrator, seed.TENANT_ID, portability=request.param)
        yield made


@pytest.fixture
def workload(emulator):
    """An application that may read orders, and trusts nobody yet."""
    by = emulator.administrator
    application = emulator.run(applications.create, by, seed.TENANT_ID, display_name="wl")
    client, orders = (
        emulator.run(principal_of, by, seed.TENANT_ID, each) for each in (application.app_id, seed.ORDERS_ID)
    )
    emulator.run(permissions.grant, by, client.id, orders.id, "Orders.Read.All")
    return application


def trust(emulator, workload, skew, **change):
    """Register the API server with its uploaded keys, and a credential, changed as a row of the fixture says."""
    by = emulator.administrator
    told = {**TRUSTED, **change}
    found = emulator.run(found_or_made, by, told["issuer"])
    emulator.run(issuers.update, by, found.id, skew=skew)
    members = {"issuer": told["issuer"], "subject": told["subject"], "audiences": tuple(told["audiences"])}
    return emulator.run(credentials.add, by, workload.id, name=told["name"], **members)


async def found_or_made(by, issuer):
    async with by.registry.reading() as view:
        found = await view.issuers.find(tenant_id=seed.TENANT_ID, url=issuer)
    return found[0] if found else await issuers.create(by, seed.TENANT_ID, issuer, uploaded=json.dumps(FIXTURE["jwks"]))


def ask(emulator, workload, at):
    emulator.clock.at = datetime.fromtimestamp(at, UTC)
    form = {
        "grant_type": "client_credentials",
        "client_id": str(workload.app_id),
        "client_assertion_type": JWT_BEARER,
        "client_assertion": FIXTURE["token"],
        "scope": f"{ORDERS}/.default",
    }
    return emulator.post(form)


def told(emulator, workload):
    """The one event of an application."""
    (event,) = [each for each in emulator.events() if each.app_id == workload.app_id]
    return event


@pytest.mark.parametrize("row", FIXTURE["expect"], ids=[each.get("reason", "accepted") for each in FIXTURE["expect"]])
def test_as_the_fixture_expects(emulator, workload, row):
    change = row.get("change", {})
    credential = trust(emulator, workload, 0, **change)
    answer = ask(emulator, workload, row["at"])
    event = told(emulator, workload)
    if row["result"] == "accepted":
        assert answer.status == 200
        assert (event.code, event.proof, event.credential_id) == (0, "proven", credential.id)
        assert event.subject == TRUSTED["subject"]
        assert event.token_id == FIXTURE["claims"]["jti"]
    else:
        assert (answer.status, answer.code) == (401, CODES[tuple(change)])
        assert event.code == answer.code


@pytest.mark.parametrize(("skew", "code"), [(0, 700024), (1, None), (300, None)])
def test_one_second_too_early(emulator, workload, skew, code):
    trust(emulator, workload, skew)
    answer = ask(emulator, workload, FIXTURE["claims"]["nbf"] - 1)
    assert (answer.json.get("error_codes") or [None])[0] == code


@pytest.mark.parametrize(("skew", "after", "code"), [(0, -1, None), (0, 0, 700024), (60, 59, None), (60, 60, 700024)])
def test_at_its_end(emulator, workload, skew, after, code):
    trust(emulator, workload, skew)
    answer = ask(emulator, workload, FIXTURE["claims"]["exp"] + after)
    assert (answer.json.get("error_codes") or [None])[0] == code


def test_what_it_is_exchanged_for(emulator, workload):
    trust(emulator, workload, 0)
    at = FIXTURE["frozen_now"]
    token = ask(emulator, workload, at).json["access_token"]
    keys = jwt.PyJWKSet.from_json(emulator.ask("GET", f"/{TENANT}/discovery/v2.0/keys").body.decode())
    claims = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]].key,
        algorithms=["RS256"],
        audience=str(seed.ORDERS_ID),
        issuer=f"{BASE}/{TENANT}/v2.0",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},  # the clock of the fixture is not ours
    )
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (at - 300, at - 300, at + 3600)
    assert (claims["azp"], claims["roles"]) == (str(workload.app_id), ["Orders.Read.All"])
    assert UUID(bytes_le=jwt.utils.base64url_decode(claims["uti"])) == told(emulator, workload).id
