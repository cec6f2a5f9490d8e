"""Secrets and certificates in an exchange, wherever they are registered, and for as long as they are."""

from datetime import timedelta

import pytest

from accredit.administer import applications, evidence
from accredit.app import seed
from accredit.directory import GivenCertificate
from tests.forge import AT, certificate, token
from tests.web.graph.callers import Graph
from tests.wire.authority import BASE, NOW, TOKEN_PATH, wire

MINE = certificate()
SCOPE = f"{BASE}/.default"


@pytest.fixture
def graph(tmp_path):
    with wire(tmp_path / "data", upload=False) as made:
        yield Graph(made)


def signed(app_id, at=AT):
    claims = {
        "iss": str(app_id),
        "sub": str(app_id),
        "aud": f"{BASE}{TOKEN_PATH}",
        "iat": at,
        "nbf": at,
        "exp": at + 300,
    }
    return token(claims, key=MINE.key, header={"kid": ...})


def ask(graph, app_id, **evidence_given):
    form = {"grant_type": "client_credentials", "client_id": str(app_id), "scope": SCOPE}
    if "client_assertion" in evidence_given:
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return graph.wire.post(form | evidence_given)


def test_what_a_service_principal_holds_is_as_good_as_what_its_application_holds(graph):
    run, by = graph.wire.run, graph.wire.administrator
    of = run(applications.create, by, seed.TENANT_ID, display_name="client")
    who = graph.principal_of(of).id
    assert ask(graph, of.app_id, client_assertion=signed(of.app_id)).code == 5002723
    made = run(evidence.add_secret, by, who)
    kept = run(evidence.add_certificate, by, who, MINE.der)
    assert ask(graph, of.app_id, client_secret=made.value).status == 200
    assert ask(graph, of.app_id, client_assertion=signed(of.app_id)).status == 200
    run(evidence.remove_secret, by, who, made.secret.key_id)
    run(evidence.remove_certificate, by, who, kept.key_id)
    assert ask(graph, of.app_id, client_secret=made.value).code == 7000215
    assert ask(graph, of.app_id, client_assertion=signed(of.app_id)).status == 401


def test_a_certificate_counts_for_as_long_as_it_is_registered(graph):
    run, by = graph.wire.run, graph.wire.administrator
    of = run(applications.create, by, seed.TENANT_ID, display_name="client")
    given = GivenCertificate(data=MINE.der, ends_at=NOW + timedelta(hours=1))
    run(applications.amend, by, of.id, lambda _, __: {"certificates": (given,)})
    assert ask(graph, of.app_id, client_assertion=signed(of.app_id)).status == 200
    graph.wire.clock.advance(hours=1, seconds=1)
    late = ask(graph, of.app_id, client_assertion=signed(of.app_id, AT + 3_601))
    assert (late.status, late.code) == (401, 700027)
