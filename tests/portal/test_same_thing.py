"""Same thing as: the commands are commands, the requests do in Microsoft Graph's API what the form would have done."""

import json
import re
import shlex
from uuid import uuid4

import click
import pytest

from accredit.administer import applications, consent
from accredit.app import seed
from accredit.cli.root import root
from accredit.directory import wellknown
from tests.support.every import every

TENANT = seed.TENANT_DOMAIN
GRAPH = wellknown.principals()["graph"]
READ = next(each for each in GRAPH.app_roles if each.value == "Application.Read.All")
PAGES = (
    "applications/new?name=a+%22b%22",
    "applications/{app}/edit",
    "applications/{app}/disable",
    "applications/{app}/enable",
    "applications/{app}/delete",
    "applications/{app}/permissions/consent",
    "applications/{app}/permissions/add/{graph}/review?role={read}",
    "applications/{app}/roles/new",
    "applications/{app}/roles/{role}/remove",
    "applications/{app}/owners",
    "applications/{app}/manifest",
    "enterprise-apps/{app_id}/disable",
    "enterprise-apps/{app_id}/enable",
    "enterprise-apps/{app_id}/owners",
)


@pytest.fixture(scope="module")
def names(served):
    """An application with a role, which wishes for a permission."""

    async def make(by):
        of = await applications.create(by, seed.TENANT_ID, display_name="same thing")
        role = await applications.add_role(by, of.id, value="Things.Read")
        await applications.enable_role(by, of.id, role.id, enabled=False)
        await consent.configure(by, of.id, str(GRAPH.app_id), [("Role", READ.id)])
        return {"app": of.id, "app_id": of.app_id, "role": role.id, "graph": GRAPH.app_id, "read": READ.id}

    return served.administer(make)


@pytest.fixture(scope="module")
def graph(served):
    """Sends a request as a page shows it, as the emulator's administrator."""
    form = {
        "grant_type": "client_credentials",
        "client_id": str(seed.ADMIN_ID),
        "client_secret": seed.ADMIN_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    token = served.http.post(served.token_endpoint(), data=form).json()["access_token"]

    def send(said):
        head, _, body = said.partition("\n\n")
        method, path = head.split(" ")
        given = {"json": json.loads(body)} if body else {}
        return served.http.request(method, f"{served.url}{path}", headers={"authorization": f"Bearer {token}"}, **given)

    return send


def said(page):
    """What stands under the heads of the folded part."""
    told = page.root.one("details", **{"class": "same"})
    heads, found = told.all("h3", "pre"), {}
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        if head.tag == "h3":
            found[head.text] = after.raw if after is not None and after.tag == "pre" else ""
    return found


def parsed(words):
    """Let click read a command without running it."""
    context, command = root.make_context("accredit", list(words)), root
    while isinstance(command, click.Group):
        left = [*context._protected_args, *context.args]  # noqa: SLF001  from where click itself goes on
        name, command, rest = command.resolve_command(context, left)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
    return context


@every("path", PAGES)
def test_each_command_is_one_and_each_request_has_a_route(portal, names, served, path):
    page = portal.get(f"{TENANT}/{path.format(**names)}")
    assert page.status == 200
    told = said(page)
    for line in told["Command"].splitlines():
        program, *words = shlex.split(line)
        assert program == "accredit"
        parsed(words)
        assert words[-2:] == ["--tenant", TENANT]  # in a store with several tenants a command without one is refused
    for each in re.split(r"\n\n(?=POST|PATCH|DELETE)", told["Graph request"]):
        head, _, body = each.partition("\n\n")
        method, url = head.split(" ")
        assert served.http.request(method, f"{served.url}{url}").status_code == 401  # there is such a call
        assert not body or json.loads(body)
    assert told["Terraform"].startswith(("resource ", "terraform destroy ")) or not told["Terraform"]


def test_the_requests_do_what_the_forms_would(portal, served, graph):
    made = graph(said(portal.get(f"{TENANT}/applications/new?name=by+graph"))["Graph request"].split("\n\nPOST")[0])
    assert made.status_code == 201
    one, app_id = f"{TENANT}/applications/{made.json()['id']}", made.json()["appId"]
    assert graph(f'POST /v1.0/servicePrincipals\n\n{{"appId": "{app_id}"}}').status_code == 201
    for path in ("disable", "enable", "roles/new", f"permissions/add/{GRAPH.app_id}/review?role={READ.id}", "edit"):
        told = said(portal.get(f"{one}/{path}"))["Graph request"]
        assert graph(told).status_code == 204, (path, told)
    assert "✓ Granted" not in portal.get(f"{one}/permissions").text
    assert graph(said(portal.get(f"{one}/permissions/consent"))["Graph request"]).status_code == 201
    shown = portal.get(f"{one}/permissions")
    assert "✓ Granted" in shown.text
    for what, status in (("Revoke", 204), ("Remove", 204)):
        assert graph(said(shown.follow(what))["Graph request"]).status_code == status
    assert "No permissions yet" in portal.get(f"{one}/permissions").text
    owner = said(portal.get(f"{one}/owners"))["Graph request"].replace(
        "OWNER_ID", str(seed.marked("principal deploy-bot"))
    )
    assert graph(owner).status_code == 204
    assert graph(said(portal.get(f"{one}/owners").follow("Remove"))["Graph request"]).status_code == 204
    assert graph(said(portal.get(f"{one}/delete"))["Graph request"]).status_code == 204
    assert portal.get(one).status == 404


def test_names_are_quoted_in_every_language(portal):
    name = f'a\'b "c" ${{d}} {uuid4().hex[:6]}'
    told = said(portal.get(f"{TENANT}/applications/new?name={name.replace(' ', '+').replace('&', '')}"))
    assert shlex.split(told["Command"])[-3:] == [name, "--tenant", TENANT]
    assert json.loads(told["Graph request"].partition("\n\n")[2].partition("\n\n")[0])["displayName"] == name
    assert "$${d}" in told["Terraform"]
