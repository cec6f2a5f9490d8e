"""Client secrets and certificates: made, shown once, removed."""

import shlex
import ssl

import pytest

from accredit.app import seed
from tests.cli.conftest import ran
from tests.forge import certificate
from tests.support.every import every
from tests.support.workload import engage

HERE = f"{seed.TENANT_DOMAIN}/applications"


@pytest.fixture(scope="module")
def workload(served):
    return engage(served)


@pytest.fixture
def fresh(served):
    return engage(served)


def at(workload, *parts):
    return "/".join((f"{HERE}/{workload.application.id}/credentials", *map(str, parts)))


def found(workload):
    async def read(by):
        async with by.registry.reading() as view:
            return await view.applications.get(workload.application.id)

    return workload.emulator.administer(read)


def test_a_secret_is_shown_once_and_signs_in(portal, fresh):
    page = portal.get(at(fresh, "secrets"))
    assert "Federated credentials need no rotation" in page.text
    made = page.form("secret").fill(display_name="old pipeline", months="3").submit("Add")
    value = made.root.one("div", **{"class": "card fresh"}).one("code").text
    assert value not in portal.get(at(fresh, "secrets")).html
    (kept,) = found(fresh).secrets
    assert value.startswith(kept.hint)
    assert kept.display_name == "old pipeline"
    assert 89 <= (kept.ends_at - kept.starts_at).days <= 90
    answer = fresh.emulator.http.post(
        fresh.emulator.token_endpoint(),
        data={
            "grant_type": "client_credentials",
            "client_id": fresh.client_id,
            "client_secret": value,
            "scope": "api://orders/.default",
        },
    )
    assert answer.status_code == 200
    asked = portal.get(at(fresh, "secrets")).follow("Remove")
    assert "1 granted" in asked.text
    assert asked.form("remove").fill(name="new pipeline").submit().status == 422
    gone = asked.form("remove").fill(name="old pipeline").submit()
    assert "No client secrets" in gone.text
    assert not found(fresh).secrets


def test_a_certificate_is_pasted_and_removed(portal, operator, fresh):
    pem = ssl.DER_cert_to_PEM_cert(certificate().der)
    page = portal.get(at(fresh, "certificates"))
    done = page.form("certificate").fill(display_name="build", pem=pem).submit("Add")
    (kept,) = found(fresh).certificates
    assert kept.thumbprint in done.text
    assert done.link("Remove it again").endswith(f"{kept.key_id}/remove")
    gone = operator.get(at(fresh, "certificates")).follow("Remove").form("remove").fill(name="build").submit()
    assert "No certificates" in gone.text
    assert not found(fresh).certificates


UNFIT = {
    "nothing": ("", "Paste a certificate first"),
    "no certificate": ("hello", ""),
    "a private key": ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----", "has a private key in it"),
}


@every("pem, says", UNFIT.values(), ids=UNFIT)
def test_what_is_no_certificate_is_refused(portal, workload, pem, says):
    page = portal.get(at(workload, "certificates")).form("certificate").fill(display_name="kept", pem=pem).submit("Add")
    assert page.status >= 400
    assert says in page.text
    assert "c2VjcmV0" not in page.html
    assert page.form("certificate").fields["display_name"] == "kept"
    assert not found(workload).certificates


def test_who_may_not_add_is_offered_no_form(reader, operator, workload):
    for who in (reader, operator):
        for kind in ("secrets", "certificates"):
            assert not [each for each in who.get(at(workload, kind)).forms if each.is_called("Add")]
            assert who.send("POST", at(workload, kind), "display_name=x").status == 403


def test_a_name_that_hides_text_is_refused(portal, workload):
    page = portal.get(at(workload, "secrets")).form("secret").fill(display_name="a\u202eb").submit("Add")
    assert page.status == 422
    assert "printable characters" in page.text
    assert not found(workload).secrets


@every("kind", ["secrets", "certificates"])
def test_the_command_beside_the_form_is_one(portal, workload, kind):
    page = portal.get(at(workload, kind))
    command = page.root.one("details", **{"class": "same"}).all("pre")[0].raw
    shown = ran(*shlex.split(command)[1:], "--help")
    assert shown.code == 0, shown.err
