"""The manifest: shown, changed, compared before it is saved, refused in words."""

import asyncio
import json
from types import SimpleNamespace
from uuid import uuid4

import pytest

from accredit.administer import applications, evidence
from accredit.app import seed
from accredit.web.portal.pages import manifest as manifest_page
from tests.stores.made import tenant
from tests.support.every import every

TENANT = seed.TENANT_DOMAIN
UNFIT = {
    "nothing": ("", "cannot be read as JSON"),
    "half of it": ('{"displayName": "a"', "cannot be read as JSON"),
    "a name twice": ('{"displayName": "a", "displayName": "b"}', "cannot be read as JSON"),
    "too deep": ("[" * 40 + "]" * 40, "cannot be read as JSON"),
    "a list": ("[]", "one JSON object"),
    "a member that there is none of": ('{"display": "a"}', "display: "),
    "a number for a text": ('{"displayName": 1}', "displayName: "),
    "another id": ('{"id": "00000000-0000-0000-0000-000000000001"}', "id: "),
    "no name": ('{"displayName": null}', "displayName: "),
}


@pytest.fixture
def made(served):
    """An application of its own for each test."""
    name = f"app-{uuid4().hex[:8]}"
    return served.administer(lambda by: applications.create(by, seed.TENANT_ID, display_name=name))


def manifest(portal, of):
    return portal.get(f"{TENANT}/applications/{of.id}/manifest")


def stored(served, of):
    async def read(by):
        async with by.registry.reading() as store:
            return await store.applications.get(of.id)

    return served.administer(read)


def reviewed(portal, of, typed):
    return manifest(portal, of).form("manifest").fill(manifest=typed).submit()


def lines(page, sign):
    return [each[1].strip() for each in page.rows if each[0].startswith(sign)]


def test_it_is_what_graph_shows_and_as_it_stands_it_changes_nothing(portal, made):
    typed = manifest(portal, made).form("manifest").fields["manifest"]
    assert json.loads(typed)["appId"] == str(made.app_id)
    review = reviewed(portal, made, typed)
    assert "Nothing: this is how it is already." in review.text
    assert "Save" not in {each.text for each in review.form("save").buttons}


def test_what_changes_is_shown_before_it_is_saved(portal, served, made):
    typed = json.dumps({"notes": "Größe <b>", "tags": ["a"], "api": {"requestedAccessTokenVersion": 2}})
    review = reviewed(portal, made, typed)
    assert '"notes": null,' in lines(review, "\N{MINUS SIGN}")
    assert {'"notes": "Größe <b>",', '"requestedAccessTokenVersion": 2,'} <= set(lines(review, "+"))
    assert stored(served, made).registration.notes is None
    done = review.form("save").submit()
    assert "Update application" in done.text
    found = stored(served, made)
    assert (found.registration.notes, found.registration.tags, found.token_version) == ("Größe <b>", ("a",), 2)


@every("typed, said", UNFIT.values(), ids=UNFIT)
def test_what_cannot_be_is_told_and_stays_in_the_field(portal, served, made, typed, said):
    refused = reviewed(portal, made, typed)
    assert refused.status == 422
    assert said in refused.root.one("p", id="manifest-problem").text
    assert refused.form("manifest").fields["manifest"] == typed
    straight = portal.send(
        "POST", f"/portal/{TENANT}/applications/{made.id}/manifest", f"revision={made.revision}&manifest={typed}"
    )
    assert straight.status == 422
    assert stored(served, made) == made


def test_what_the_directory_refuses_is_told_when_it_is_saved(portal, served, made):
    refused = reviewed(portal, made, '{"identifierUris": ["api://orders"]}').form("save").submit()
    assert (refused.status, "belongs to application" in refused.text) == (422, True)
    assert stored(served, made) == made


def test_what_somebody_changed_since_is_compared_again(portal, served, made):
    review = reviewed(portal, made, '{"notes": "mine"}')
    served.administer(lambda by: applications.update(by, made.id, description="theirs"))
    again = review.form("save").submit()
    assert "It was changed since." in again.text
    assert stored(served, made).registration.notes is None
    assert again.form("save").submit().path.endswith("/manifest")
    found = stored(served, made)
    assert (found.description, found.registration.notes) == ("theirs", "mine")


def test_a_secret_that_is_left_out_of_its_list_goes(portal, served, made):
    value = served.administer(lambda by: evidence.add_secret(by, made.id, display_name="old")).value
    shown = manifest(portal, made)
    assert value not in shown.html
    review = reviewed(portal, made, '{"passwordCredentials": []}')
    assert '"displayName": "old",' in lines(review, "\N{MINUS SIGN}")
    review.form("save").submit()
    assert stored(served, made).secrets == ()


def test_a_long_comparison_lets_others_be_answered(made):
    """A manifest of 250 KiB takes a moment: the loop turns meanwhile, for it is the token endpoint's, too."""
    answered, before_page = [], []

    async def page(_, **values):
        before_page.extend(answered)
        return values["lines"]

    visit = SimpleNamespace(tenant=tenant(), url=lambda *_parts, **_asked: "", page=page)
    typed = json.dumps({"tags": [f"t{each}" for each in range(2_000)]})

    async def asked():
        asyncio.get_running_loop().call_soon(answered.append, "somebody else")
        return await manifest_page._reviewed(visit, made, typed)  # noqa: SLF001

    assert len(asyncio.run(asked())) > 2_000
    assert before_page == ["somebody else"]
