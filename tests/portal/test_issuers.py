"""Issuers: the list, one of them with its keys and documents, probing, uploading, blocking, making and deleting. In an
emulator of its own: keys rotate, and the probes of a minute are counted.
"""

import json
import shlex
import time
from uuid import uuid4

import pytest

from accredit.administer import credentials, issuers
from accredit.app import seed
from tests.cli.conftest import ran
from tests.forge import jwk, jwks, key_for
from tests.portal.scene import furnish
from tests.support.emulator import running
from tests.support.every import every
from tests.support.workload import GITHUB

LIST = f"{seed.TENANT_DOMAIN}/issuers"
PRIVATE = {**jwk(key_for("RS256"), kid="k"), "d": "AQAB"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with running(tmp_path_factory.mktemp("issuers")) as found:
        yield found


@pytest.fixture(scope="module")
def scene(served):
    return furnish(served)


@pytest.fixture
def made(served):
    """An issuer of its own for each test."""
    url = f"https://ci-{uuid4().hex[:8]}.contoso.test"
    return served.administer(lambda by: issuers.create(by, seed.TENANT_ID, url))


def read(served, wanted):
    async def found(by):
        async with by.registry.reading() as view:
            return await view.issuers.get(wanted)

    return served.administer(found)


def keys_of(*kids):
    return jwks(*(jwk(key_for("RS256", each), kid=each, use="sig", alg="RS256") for each in kids)).decode()


def same(page):
    return [each.raw for each in page.root.one("details", **{"class": "same"}).all("pre")]


def test_the_list_says_how_keys_stand(portal, scene):
    page = portal.get(LIST)
    rows = {row[0]: row[1:] for row in page.rows[1:]}
    assert rows[GITHUB][0] == "✓ well"
    assert rows[GITHUB][1] == "2"
    assert rows["https://ci.contoso.test"][4:7] == ["1", "RS256, RS384, RS512", "uploaded"]
    assert rows["https://oidc.contoso.test/clusters/prod"][0].endswith(" not fetched yet")
    only = page.form("issuers").fill(url=GITHUB).submit()
    assert [row[0] for row in only.rows[1:]] == [GITHUB]
    assert "No issuer has this URL" in page.form("issuers").fill(url="https://nobody.test").submit().text


def test_an_issuer_tells_its_record_and_who_names_it(portal, scene):
    page = portal.get(f"{LIST}/{scene.issuer}")
    assert page.h1 == GITHUB
    assert "deploy-bot github-production" in page.text
    assert "public addresses only" in page.text
    assert portal.get(f"{LIST}/{uuid4()}").status == 404
    assert portal.get(f"{LIST}/nonsense").status == 404


def test_keys_are_fetched_and_dropped_at_once(portal, scene):
    page = portal.get(f"{LIST}/{scene.issuer}").form("Fetch now").submit()
    assert "Fetch issuer keys" in page.text
    assert "✓ well" in page.text
    dropped = page.form("Drop keys now").submit()
    assert "Drop issuer keys" in dropped.text
    uploaded = portal.send("POST", f"{LIST}/{scene.uploaded}/fetch", "")
    assert (uploaded.status, "uploaded" in uploaded.root.one("div", role="alert").text) == (422, True)


def test_what_fetches_showed_is_kept_and_compared(portal, served, scene):
    at = f"{LIST}/{scene.issuer}"
    portal.get(at).form("Fetch now").submit()
    token = {"authorization": f"Bearer {served.ready['control_token']}"}
    served.http.post(f"{served.url}/idp/github/_rotate", json={}, headers=token)
    portal.get(at).form("Fetch now").submit()
    history = written_down(portal, f"{at}/history", keys=2)
    newest = next(each for each in history.links if each.text.startswith("key set"))
    document = portal.get(newest.href)
    assert "Difference to the one before" in document.text
    assert document.root.all("span", **{"class": "plus"})
    assert '"keys"' in document.text
    assert "key added" in portal.get(at).text
    assert portal.get(f"{at}/documents/{'0' * 64}").status == 404


def written_down(portal, path, keys):
    """What is heard of issuers is written down beside the fetch: the page is opened until it is there."""
    for _ in range(100):
        page = portal.get(path)
        if len([row for row in page.rows if row[1:2] == ["✓ there"]]) == keys:
            return page
        time.sleep(0.02)
    raise AssertionError(f"{keys} keys are not written down: {page.rows}")


def test_a_probe_tells_every_step(portal, scene):
    page = portal.get(f"{LIST}/{scene.issuer}/probe").form("probe").submit()
    assert page.root.one("p", role="status").text == "✓ Usable"
    steps = [row[0] for row in page.rows if len(row) == 3]
    assert [each for each in steps if each.startswith("✓")][:3] == ["✓ Issuer URL", "✓ Policy", "✓ Name"]
    broken = portal.get(f"{LIST}?url=https://oidc.contoso.test/clusters/prod")
    failed = portal.get(f"{broken.link('https://oidc.contoso.test/clusters/prod')}/probe").form("probe").submit()
    assert failed.root.one("p", role="status").text == "✗ Not usable"


def test_blocking_is_an_operators_and_unblocking_an_admins(served, operator, admin, made):
    at = f"{LIST}/{made.id}"
    blocked = operator.get(at).form("Block").submit()
    assert "This issuer is blocked" in blocked.text
    assert read(served, made.id).blocked
    assert "Unblock" not in [button.text for form in blocked.forms for button in form.buttons]
    assert operator.send("POST", f"{at}/block", "blocked=no").status == 403
    admin.get(at).form("Unblock").submit()
    assert not read(served, made.id).blocked


def test_an_upload_is_judged_before_it_is_taken(portal, served, made):
    at = f"{LIST}/{made.id}/keys"
    page = portal.get(at)
    mixed = json.dumps({"keys": [*json.loads(keys_of("one"))["keys"], {"kty": "RSA", "kid": "broken"}]})
    preview = page.form("keys").fill(jwks=mixed).submit("Preview")
    fates = {row[0]: row[1] for row in preview.rows[1:]}
    assert fates["one"].startswith("✓ is added")
    assert fates["broken"].startswith("✗ KP-")
    assert read(served, made.id).key_source == "discovery"
    preview.form("keys").submit("Upload")
    assert read(served, made.id).key_source == "uploaded"
    part = portal.send(
        "POST",
        f"{at}/preview",
        "jwks=" + keys_of("two").replace("&", "%26").replace("+", "%2B"),
        {"hx_request": "true"},
    )
    assert "goes" in part.html
    assert "<html" not in part.html


UNFIT = {"nothing": ("", "jwks"), "no JSON": ("{", "jwks"), "a private key": (json.dumps({"keys": [PRIVATE]}), "jwks")}


@every("document, field", UNFIT.values(), ids=UNFIT)
def test_what_cannot_be_uploaded_is_said_at_the_field(portal, served, made, document, field):
    page = portal.get(f"{LIST}/{made.id}/keys").form("keys").fill(jwks=document).submit("Upload")
    assert page.status == 422
    assert page.root.one("p", id=f"{field}-problem").text
    assert page.form("keys").fields[field] == document
    assert read(served, made.id).key_source == "discovery"


def test_a_record_is_made_probed_and_changed(portal, served):
    url = f"https://new-{uuid4().hex[:6]}.contoso.test"
    form = portal.get(f"{LIST}/new").form("new").fill(url=url, networks="10.0.0.0/8\n192.168.0.0/16", ports="9443")
    probed = form.submit("Probe first")
    assert "Not usable" in probed.text
    assert probed.form("new").fields["networks"] == "10.0.0.0/8\n192.168.0.0/16"
    page = probed.form("new").submit("Create")
    assert (page.h1, "Add issuer" in page.text) == (url, True)
    made = read(served, page.path.rpartition("/")[2])
    assert (made.networks, made.ports) == (("10.0.0.0/8", "192.168.0.0/16"), (9443,))
    edited = page.follow("Properties").form("edit")
    edited.fill(networks="", skew="60", replay="observe", algorithms=["RS256"]).submit()
    after = read(served, made.id)
    assert (after.networks, after.skew, after.replay, after.algorithms) == ((), 60, "observe", ("RS256",))
    assert after.max_lifetime == made.max_lifetime


NEW = {
    "plain http": ({"url": "http://issuer.example"}, "url"),
    "a network that is none": ({"networks": "everywhere"}, "networks"),
    "a port that is none": ({"ports": "many"}, "ports"),
    "a bundle that is none": ({"ca_bundle": "trust me"}, "ca_bundle"),
    "an issuer that is there": ({"url": GITHUB}, "url"),
}


@every("fields, field", NEW.values(), ids=NEW)
def test_what_no_record_may_be_is_said_at_its_field(portal, fields, field):
    form = portal.get(f"{LIST}/new").form("new").set({"url": f"https://x-{uuid4().hex[:6]}.test", **fields})
    page = form.submit("Create")
    assert page.status == 422
    assert page.root.one("p", id=f"{field}-problem").text
    assert page.form("new").fields[field] == fields[field]


def test_an_issuer_goes_when_its_url_is_typed_and_nobody_names_it(portal, served, scene, made):
    page = portal.get(f"{LIST}/{made.id}").follow("Delete")
    wrong = page.form("delete").fill(name="https://else.test").submit()
    assert (wrong.status, "nothing was deleted" in wrong.text) == (422, True)
    assert "Delete issuer" in page.form("delete").fill(name=made.url).submit().text
    assert portal.get(f"{LIST}/{made.id}").status == 404
    held = portal.get(f"{LIST}/{scene.issuer}/delete").form("delete").fill(name=GITHUB).submit()
    assert (held.status, "credentials name" in held.text) == (422, True)


SAME = ("", "probe", "keys", "delete", "edit")


@every("part", SAME, ids=[each or "overview" for each in SAME])
def test_what_is_said_to_be_the_same_is(portal, made, part):
    command, request, *_ = same(portal.get(f"{LIST}/{made.id}/{part}" if part else f"{LIST}/{made.id}"))
    assert ran(*shlex.split(command)[1:], "--help").code == 0
    method, path = request.split("\n")[0].split(" ")
    assert method in {"POST", "PATCH", "DELETE"}
    assert path.startswith(f"/beta/accredit.issuers/{made.id}")


def test_credentials_are_counted(portal, served, scene):
    async def more(by):
        for number in range(25):
            await credentials.add(
                by, scene.empty, name=f"c-{number}", issuer="https://many.test", subject=f"job-{number}"
            )

    served.administer(lambda by: issuers.create(by, seed.TENANT_ID, "https://many.test"))
    with pytest.raises(Exception, match="20"):
        served.administer(more)
    page = portal.get(f"{LIST}?url=https://many.test")
    assert page.rows[1][2] == "20"


def test_what_a_fetch_met_inside_the_network_is_for_admins(admin, reader, made):
    at, inside = f"{LIST}/{made.id}", f": {made.url.removeprefix('https://')}"
    admin.get(at).form("Fetch now").submit()
    assert inside in admin.get(at).text
    for path in (at, f"{at}/history", LIST):
        assert inside not in reader.get(path).text
