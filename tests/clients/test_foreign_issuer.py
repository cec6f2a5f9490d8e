"""An issuer that is none of ours: npm's oidc-provider on loopback. Its tokens are exchanged through live discovery."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass

import httpx2
import jwt
import pytest

from accredit.administer import issuers
from tests.clients.authorities import Certified, certified
from tests.clients.on_node import Staying, staying
from tests.support.workload import CONTOSO, JWT_BEARER, ORDERS, engage, extended

pytestmark = pytest.mark.clients_node
CLIENT, SECRET = "build-agent", "build-agent-secret-of-32-characters"


@dataclass
class Foreign:
    """The running issuer, and its CA when it has one."""

    url: str
    order: Callable[[object], dict]
    authority: Certified | None

    def token(self, alg="RS256", typ="JWT"):
        """What its own client gets from its own token endpoint."""
        verify = ssl.create_default_context(cadata=self.authority.ca) if self.authority else False
        answer = httpx2.post(
            f"{self.url}/token",
            auth=(CLIENT, SECRET),
            data={"grant_type": "client_credentials", "resource": f"urn:token:{alg}:{typ.replace('+', '%2B')}"},
            verify=verify,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        assert {"alg": alg, "typ": typ}.items() <= jwt.get_unverified_header(token).items()
        return token


@pytest.fixture(params=["https", "http"])
def foreign(request, clients_node):
    authority = certified() if request.param == "https" else None
    with staying(clients_node, "issuer.mjs", {}) as running:
        yield began(running, authority)


@pytest.fixture
def secure(clients_node):
    with staying(clients_node, "issuer.mjs", {}) as running:
        yield began(running, certified())


def began(running: Staying, authority):
    tls = authority and {"key": authority.key, "cert": authority.certificate}
    return Foreign(running.order({"tls": tls})["issuer"], running.order, authority)


def trusting(emulator, foreign, home=CONTOSO):
    """An application that trusts the issuer's client; the issuer's record holds its CA."""
    workload = engage(emulator, home=home, trusting=False)
    if foreign.authority:
        ca = foreign.authority.ca
        emulator.administer(lambda by: issuers.create(by, home.tenant_id, foreign.url, ca_bundle=ca))
    workload.trust(issuer=foreign.url, subject=CLIENT)
    return workload


def exchange(workload, assertion):
    """Ask for a token; the access token, or the number of the refusal."""
    answer = workload.emulator.http.post(
        workload.emulator.token_endpoint(workload.application.tenant_id),
        data={
            "grant_type": "client_credentials",
            "client_id": workload.client_id,
            "client_assertion_type": JWT_BEARER,
            "client_assertion": assertion,
            "scope": f"{ORDERS}/.default",
        },
    ).json()
    return answer.get("access_token") or answer["error_codes"][0]


TOKENS = {  # portability, alg, typ: what Entra ID would take, and what only an extended tenant takes
    "an RS256 JWT, portable": ("entra", "RS256", "JWT"),
    "an RS256 access token": ("extended", "RS256", "at+jwt"),
    "an ES384 access token": ("extended", "ES384", "at+jwt"),
}


@pytest.mark.parametrize(("portability", "alg", "typ"), TOKENS.values(), ids=TOKENS.keys())
def test_its_tokens_are_exchanged_before_and_after_it_rotates_its_keys(emulator, foreign, portability, alg, typ):
    workload = trusting(emulator, foreign, CONTOSO if portability == "entra" else extended(emulator))
    before = foreign.token(alg, typ)
    workload.received(exchange(workload, before))
    fetches = emulator.fetches()[foreign.url]  # one, or two where the record was made while the first was judged
    workload.received(exchange(workload, foreign.token(alg, typ)))
    assert emulator.fetches()[foreign.url] == fetches

    assert f"{alg}-2" in foreign.order({"rotate": {"keep": False}})["kids"]
    workload.received(exchange(workload, foreign.token(alg, typ)))
    assert emulator.fetches()[foreign.url] == fetches + 1
    assert exchange(workload, before) == 7000272
    assert workload.codes() == [0, 0, 0, 7000272]
    assert {each.kid for each in workload.events()} == {f"{alg}-1", f"{alg}-2"}
    assert {each.algorithm for each in workload.events()} == {alg}


def test_while_both_keys_are_published_both_hold(emulator, secure):
    workload = trusting(emulator, secure)
    before = secure.token()
    workload.received(exchange(workload, before))
    secure.order({"rotate": {"keep": True}})
    workload.received(exchange(workload, secure.token()))
    workload.received(exchange(workload, before))
    assert [each.kid for each in reversed(workload.events())] == ["RS256-1", "RS256-2", "RS256-1"]


NOT_PORTABLE = {"an access token": ("RS256", "at+jwt", 5002727), "ES384": ("ES384", "JWT", 5002738)}


@pytest.mark.parametrize(("alg", "typ", "code"), NOT_PORTABLE.values(), ids=NOT_PORTABLE.keys())
def test_what_a_portable_tenant_does_not_take(emulator, secure, alg, typ, code):
    workload = trusting(emulator, secure)
    assert exchange(workload, secure.token(alg, typ)) == code
    assert secure.url not in emulator.fetches()


def test_an_issuer_behind_a_ca_that_its_record_does_not_hold(emulator, secure):
    workload = engage(emulator, trusting=False)
    workload.trust(issuer=secure.url, subject=CLIENT)
    assert exchange(workload, secure.token()) == 90061
    (event,) = workload.events()
    assert "certificate" in event.detail.lower()


def test_a_subject_that_the_issuer_did_not_name(emulator, secure):
    workload = trusting(emulator, secure)
    workload.distrust()
    workload.trust(issuer=secure.url, subject="another-agent")
    assert exchange(workload, secure.token()) == 700213
    assert secure.url not in emulator.fetches()
