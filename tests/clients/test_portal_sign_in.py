"""Signing in to the portal at a provider that is none of ours: npm's oidc-provider, which is certified."""

import re
import ssl
from contextlib import contextmanager
from urllib.parse import urljoin

import httpx2
import pytest

from accredit.administer import people
from tests.clients.authorities import certified
from tests.clients.on_node import staying
from tests.portal.page import Visitor
from tests.support.emulator import running

pytestmark = pytest.mark.clients_node
SECRET = "portal-secret-of-32-characters: +"
MOST_STEPS = 12


@pytest.fixture(scope="module")
def authority():
    return certified()


@pytest.fixture(scope="module")
def foreign(clients_node, authority):
    with staying(clients_node, "provider.mjs", {}) as found:
        issuer = found.order({"tls": {"key": authority.key, "cert": authority.certificate}})["issuer"]
        yield issuer, found.order


@pytest.fixture(scope="module")
def served(foreign, authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("portal")
    for name, text in (("secret", SECRET), ("ca.pem", authority.ca)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    told = {"ISSUER": foreign[0], "CLIENT_ID": "portal", "SCOPES": "groups", "CA_FILE": str(folder / "ca.pem")}
    told["CLIENT_SECRET_FILE"] = str(folder / "secret")
    with running(
        folder, environment={f"ACCREDIT_PORTAL__OIDC__{each}": value for each, value in told.items()}
    ) as found:
        given = {"issuer": foreign[0], "claim": "groups", "value": "group-of-ada", "role": "operator"}
        found.administer(lambda by: people.add(by, tenant_id=found.tenant_id, **given))
        yield found


@contextmanager
def browser(authority):
    verify = ssl.create_default_context(cadata=authority.ca)
    with httpx2.Client(verify=verify, trust_env=False, follow_redirects=False, timeout=30) as made:
        yield made


def led_back(authority, url, name, back):
    """Say a name at the provider's own pages, and agree to what is asked; where that leads back to."""
    with browser(authority) as http:
        answer = http.get(url)
        for _ in range(MOST_STEPS):
            if answer.is_redirect:
                url = urljoin(url, answer.headers["location"])
                if url.startswith(back):
                    return url
                answer = http.get(url)
                continue
            assert answer.status_code == 200, answer.text
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)[1]
            action = re.search(r'action="([^"]+)"', answer.text)[1]
            url = urljoin(url, action)
            answer = http.post(url, data={"prompt": prompt, "login": name, "password": "any"})
    raise AssertionError(f"more than {MOST_STEPS} steps, the last to {url}")


@pytest.mark.parametrize("alg", ["RS256", "ES384"])
def test_somebody_signs_in_with_the_role_of_their_group(foreign, served, authority, alg):
    back = f"{served.url}/portal/oidc/callback"
    foreign[1]({"redirect": back, "alg": alg})
    visitor = Visitor(served.http, served.url)
    page = visitor.send("POST", "oidc/start", "next=/portal/tenants", follow=False)
    url = page.headers["refresh"].partition("url=")[2]
    page = visitor.get(led_back(authority, url, "ada", back), sec_fetch_site="cross-site")
    assert (page.status, page.path) == (200, "/portal/tenants"), page.text
    assert "Operator" in page.main.text


def test_somebody_of_another_group_has_no_role(foreign, served, authority):
    back = f"{served.url}/portal/oidc/callback"
    foreign[1]({"redirect": back, "alg": "RS256"})
    visitor = Visitor(served.http, served.url)
    url = visitor.send("POST", "oidc/start", "", follow=False).headers["refresh"].partition("url=")[2]
    page = visitor.get(led_back(authority, url, "eve", back))
    assert (page.status, visitor.cookies) == (403, {})
    assert "--claim sub --value eve" in page.text


def test_the_provider_knows_our_address_to_the_letter(foreign, served, authority):
    foreign[1]({"redirect": f"{served.url}/portal/oidc/callback/", "alg": "RS256"})
    visitor = Visitor(served.http, served.url)
    url = visitor.send("POST", "oidc/start", "", follow=False).headers["refresh"].partition("url=")[2]
    with browser(authority) as http:
        answer = http.get(url)
    assert answer.status_code == 400
    assert "redirect_uri" in answer.text
