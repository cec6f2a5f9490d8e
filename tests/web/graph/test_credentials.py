"""``federatedIdentityCredentials`` as clients of Microsoft Graph use them, on a whole emulator in process."""

from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from accredit.administer import applications, credentials, issuers, tenants
from accredit.app import seed
from accredit.directory import Ownership
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import A_W, ABSENT, AUDIENCE, GITHUB, MATCHING, SUBJECT, TEXT, Trusting, audited, refused
from tests.wire.authority import BASE, wire

NARROWER = f"{TEXT} and claims['repository_owner_id'] eq '2'"
A_O, WIDEN = "Application.ReadWrite.OwnedBy", "Accredit.Trust.Widen"
UPSERT = {"prefer": "create-if-missing"}


@pytest.fixture
def trusting(graph: Graph) -> Trusting:
    return Trusting(graph)


@pytest.fixture
def beta(graph: Graph) -> Trusting:
    return Trusting(graph, version="beta")


# ── what is answered ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_is_made_shown_listed_counted_changed_and_deleted(trusting: Trusting) -> None:
    made = trusting.add(description="d")
    context = f"{BASE}/v1.0/$metadata#applications('{trusting.application.id}')/federatedIdentityCredentials"
    assert made.status == 201
    place = made.json["@odata.id"]
    members = {"name": "gh-prod", "issuer": GITHUB, "subject": SUBJECT, "description": "d", "audiences": [AUDIENCE]}
    assert list(made.json.items()) == [
        ("@odata.context", f"{context}/$entity"),
        ("@odata.id", place),
        ("id", str(trusting.stored()[0].id)),
        *members.items(),
    ]
    assert made.headers["location"] == place
    shown = trusting.graph.ask("GET", place.removeprefix(BASE), trusting.token)
    of_id = {"id": made.json["id"]}
    assert list(shown.json.items()) == [("@odata.context", f"{context}/$entity"), *of_id.items(), *members.items()]
    listed = trusting.ask("GET")
    assert listed.json == {"@odata.context": context, "value": [{**of_id, **members}]}
    assert trusting.ask("GET", "/$count").body == b"1"
    assert trusting.ask("GET", "?$count=true").json["@odata.count"] == 1
    changed = trusting.ask("PATCH", "/gh-prod", {"description": None})
    assert (changed.status, changed.body) == (204, b"")
    assert trusting.ask("GET", "/gh-prod").json["description"] is None
    assert trusting.ask("DELETE", f"/{made.json['id']}").status == 204
    assert trusting.ask("GET").json["value"] == []


KEYS = ["/{id}", "('{id}')", "/gh-prod", "('gh-prod')", "(name='gh-prod')", "/{upper}", "/{id}/"]


@pytest.mark.parametrize("key", KEYS)
def test_one_is_found_by(key: str, trusting: Trusting) -> None:
    made = trusting.add().json["id"]
    key = key.format(id=made, upper=made.upper())
    assert trusting.ask("GET", key).json["id"] == made
    assert trusting.ask("PATCH", key, {"description": key}).status == 204
    assert trusting.ask("GET", key).json["description"] == key
    assert trusting.ask("DELETE", key).status == 204
    assert trusting.ask("GET", key).status == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_absence_is_worded_as_it_was_asked_for(method: str, trusting: Trusting) -> None:
    body = {"description": "d"} if method == "PATCH" else None
    by_name = (404, "Request_ResourceNotFound", "FederatedIdentityCredential with name nothing not found.")
    by_id = (
        404,
        "Request_ResourceNotFound",
        f"Resource '{ABSENT}' does not exist or one of its queried reference-property objects are not present.",
    )
    assert refused(trusting.ask(method, "/nothing", body)) == by_name
    assert refused(trusting.ask(method, "(name='nothing')", body)) == by_name
    assert refused(trusting.ask(method, f"/{ABSENT}", body)) == by_id
    assert refused(trusting.graph.ask(method, trusting.path.replace(str(trusting.application.id), ABSENT) + "/x"))[0]


def test_a_name_may_look_like_an_id_but_the_id_comes_first(trusting: Trusting) -> None:
    first = trusting.add().json["id"]
    assert trusting.add(name=ABSENT, subject="other").status == 201
    assert trusting.add(name=first, subject="another").status == 201
    assert trusting.ask("GET", f"/{ABSENT}").json["subject"] == "other"
    assert trusting.ask("GET", f"/{first}").json["name"] == "gh-prod"
    assert trusting.ask("GET", f"(name='{first}')").json["subject"] == "another"


def test_an_application_has_three_keys(trusting: Trusting) -> None:
    trusting.add()
    for key in (f"('{trusting.application.id}')", f"(appId='{trusting.application.app_id}')"):
        answer = trusting.graph.ask("GET", f"/v1.0/applications{key}/federatedIdentityCredentials", trusting.token)
        assert [each["name"] for each in answer.json["value"]] == ["gh-prod"]
        assert str(trusting.application.id) in answer.json["@odata.context"]
    for key in (f"/{ABSENT}", "/nothing", f"(appId='{ABSENT}')", "(uniqueName='nothing')"):
        answer = trusting.graph.ask("GET", f"/v1.0/applications{key}/federatedIdentityCredentials", trusting.token)
        assert refused(answer)[:2] == (404, "Request_ResourceNotFound")


def test_a_service_principal_shows_what_its_application_trusts_and_changes_nothing(trusting: Trusting) -> None:
    made = trusting.add().json["id"]
    principal = trusting.graph.principal_of(trusting.application)
    path = f"/v1.0/servicePrincipals/{principal.id}/federatedIdentityCredentials"
    answer = trusting.graph.ask("GET", path, trusting.token)
    assert [each["id"] for each in answer.json["value"]] == [made]
    assert answer.json["@odata.context"].endswith(
        f"$metadata#servicePrincipals('{principal.id}')/federatedIdentityCredentials"
    )
    assert refused(trusting.graph.ask("POST", path, trusting.token, {"name": "other"}))[0] == 405
    of_graph = f"/v1.0/servicePrincipals(appId='{seed.GRAPH}')/federatedIdentityCredentials?$count=true"
    shown = trusting.graph.ask("GET", of_graph, trusting.token).json
    assert (shown["value"], shown["@odata.count"]) == ([], 0)


def test_the_cast_of_a_blueprint_leads_to_the_same_place(trusting: Trusting) -> None:
    made = trusting.add().json["id"]
    cast = "/microsoft.graph.agentIdentityBlueprint/federatedIdentityCredentials"
    path = f"/v1.0/applications/{trusting.application.id}{cast}"
    answer = trusting.graph.ask("GET", path, trusting.graph.caller("AgentIdentityBlueprint.AddRemoveCreds.All").token)
    assert [each["id"] for each in answer.json["value"]] == [made]


def test_pages_filters_and_selections_are_those_of_every_collection(trusting: Trusting) -> None:
    for n in range(3):
        trusting.add(name=f"name-{n}", subject=f"s{n}")
    first = trusting.ask("GET", "?$top=2&$select=name").json
    assert [sorted(each) for each in first["value"]] == [["name"], ["name"]]
    rest = trusting.graph.ask("GET", first["@odata.nextLink"].removeprefix(BASE), trusting.token).json
    assert sorted(each["name"] for each in first["value"] + rest["value"]) == ["name-0", "name-1", "name-2"]
    found = trusting.ask("GET", "?%24filter=name+eq+%27name-1%27").json["value"]
    assert [each["subject"] for each in found] == ["s1"]


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_beta_has_expressions_and_v1_shows_what_has_one_with_a_null_subject(beta: Trusting) -> None:
    made = beta.add(subject=..., claimsMatchingExpression=MATCHING)
    assert made.status == 201
    assert (made.json["subject"], made.json["claimsMatchingExpression"]) == (None, MATCHING)
    shown = beta.ask("GET", "/gh-prod", version="v1.0").json
    assert list(shown)[1:] == ["id", "name", "issuer", "subject", "description", "audiences"]
    assert shown["subject"] is None
    body = {name: value for name, value in shown.items() if not name.startswith("@")}
    assert beta.ask("PATCH", "/gh-prod", body, version="v1.0").status == 204
    assert beta.ask("GET", "/gh-prod").json["claimsMatchingExpression"] == MATCHING
    assert beta.ask("PATCH", "/gh-prod", {"subject": SUBJECT, "claimsMatchingExpression": None}).status == 204
    assert beta.ask("GET", "/gh-prod").json["subject"] == SUBJECT


def test_v1_takes_no_expression_where_the_tenant_does_as_entra_id_does(trusting: Trusting) -> None:
    empty = (400, "Request_BadRequest", "Property 'subject' cannot be empty.")
    assert refused(trusting.add(subject=..., claimsMatchingExpression=MATCHING)) == empty
    trusting.add()
    assert refused(trusting.ask("PATCH", "/gh-prod", {"claimsMatchingExpression": MATCHING})) == empty


def test_both_versions_take_any_expression_where_the_tenant_accepts_more(own: Graph) -> None:
    own.wire.run(tenants.update, own.wire.administrator, seed.TENANT_ID, portability="extended")
    trusting = Trusting(own)
    text = {"value": "claims['tier'] eq 'gold'", "languageVersion": 1}
    assert trusting.add(subject=..., issuer="https://idp.test", claimsMatchingExpression=text).status == 201
    assert trusting.ask("GET", "/gh-prod").json["subject"] is None
    assert trusting.ask("GET", "/gh-prod", version="beta").json["claimsMatchingExpression"] == text
    for n in range(20):
        assert trusting.add(name=f"more-{n}", subject=f"s{n}").status == 201
    own_issuer = trusting.add(name="own", issuer=f"{BASE}/{seed.TENANT_ID}/v2.0")
    assert refused(own_issuer) == (
        400,
        "Request_BadRequest",
        "Invalid value specified for property 'issuer' of resource 'FederatedIdentityCredential'.",
    )
    assert "AADSTS700222" in own_issuer.json["error"]["innerError"]["accredit"]


def test_both_versions_take_expressions_of_version_2_where_the_tenant_accepts_more(own: Graph) -> None:
    own.wire.run(tenants.update, own.wire.administrator, seed.TENANT_ID, portability="extended")
    trusting = Trusting(own)
    text = {"value": "claims['sub'] eq 'a' or claims['k8s.io']['uid'] in ['b', 1]", "languageVersion": 2}
    for version in ("v1.0", "beta"):
        trusting.version = version
        name = version.replace(".", "-") + "-one"
        made = trusting.add(name=name, subject=..., issuer=f"https://{name}.test", claimsMatchingExpression=text)
        assert made.status == 201
        assert trusting.ask("GET", f"/{name}", version="beta").json["claimsMatchingExpression"] == text
    third = trusting.add(subject=..., claimsMatchingExpression={**text, "languageVersion": 3})
    assert refused(third)[2].startswith(
        "The FederatedIdentityCredential.ClaimsMatchingExpression.Value is invalid. Rule exception: Language version 3 "
        "is not known; the language version must be 1 or 2. paramName: "
    )
    wrong = trusting.add(subject=..., claimsMatchingExpression={**text, "value": "claims['sub'] eq 'a' || true"})
    assert 'Expected "and", "or" or the end at position 22, found "|| true"; did you mean "or"?' in refused(wrong)[2]


def test_what_is_ours_is_shown_and_changed_in_beta(beta: Trusting) -> None:
    ours = {"enabled": False, "multiAudience": "listed", "listedAudiences": ["other"]}
    made = beta.add(accredit=ours).json
    (record,) = {each.issuer.id for each in beta.stored()}
    assert made["accredit"] == {
        "enabled": False,
        "state": "disabled",
        "multiAudience": "listed",
        "listedAudiences": ["other"],
        "issuerRecordId": str(record),
        "createdDateTime": "2026-11-23T14:00:00Z",
        "notPortable": [],
    }
    assert beta.ask("PATCH", "/gh-prod", {"accredit": {"enabled": True}}).status == 204
    shown = beta.ask("GET", "/gh-prod").json["accredit"]
    assert (shown["enabled"], shown["state"], shown["multiAudience"]) == (True, "enforced", "listed")
    body = {name: value for name, value in beta.ask("GET", "/gh-prod").json.items() if not name.startswith("@")}
    assert beta.ask("PATCH", "/gh-prod", body).status == 204
    assert refused(beta.ask("PATCH", "/gh-prod", {"accredit": {"enabled": True}}, version="v1.0")) == (
        400,
        "Request_BadRequest",
        "Invalid value specified for property 'accredit' of resource 'FederatedIdentityCredential'.",
    )


def test_where_two_records_share_a_url_the_body_names_one(own: Graph) -> None:
    by = own.wire.administrator
    own.wire.run(tenants.update, by, seed.TENANT_ID, portability="extended")
    url = "https://kubernetes.default.svc"
    first = own.wire.run(issuers.create, by, seed.TENANT_ID, url)
    second = own.wire.run(issuers.create, by, seed.TENANT_ID, url, twin=True)
    beta = Trusting(own, version="beta")
    invalid = "Invalid value specified for property 'issuer' of resource 'FederatedIdentityCredential'."
    assert refused(beta.add(issuer=url)) == (400, "Request_BadRequest", invalid)
    assert beta.add(issuer=url, accredit={"issuerRecordId": str(second.id)}).status == 201
    assert [each.issuer.id for each in beta.stored()] == [second.id]
    assert beta.ask("PATCH", "/gh-prod", {"accredit": {"issuerRecordId": str(first.id)}}).status == 204
    assert [each.issuer.id for each in beta.stored()] == [first.id]
    other = beta.ask("PATCH", "/gh-prod", {"accredit": {"issuerRecordId": ABSENT}})
    assert refused(other) == (400, "Request_BadRequest", invalid)


# ── upsert ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_patch_adds_what_is_missing_where_the_caller_prefers_that(trusting: Trusting) -> None:
    body = {"issuer": GITHUB, "subject": SUBJECT, "audiences": [AUDIENCE]}
    assert trusting.ask("PATCH", "(name='gh-prod')", body).status == 404
    made = trusting.ask("PATCH", "(name='gh-prod')", body, UPSERT)
    assert (made.status, made.json["name"], made.headers["location"]) == (201, "gh-prod", made.json["@odata.id"])
    again = trusting.ask("PATCH", "(name='gh-prod')", {**body, "subject": "other"}, UPSERT)
    assert (again.status, again.body) == (204, b"")
    assert trusting.ask("GET", "/gh-prod").json["subject"] == "other"
    assert trusting.ask("PATCH", "/plain", {**body, "name": "plain"}, UPSERT).status == 201
    other = trusting.ask("PATCH", "(name='third')", {**body, "name": "fourth"}, UPSERT)
    assert refused(other)[2] == "Name is immutable and cannot be changed after creation"
    assert trusting.ask("PATCH", f"/{ABSENT}", body, UPSERT).status == 404


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────

DENIED = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


@pytest.mark.parametrize("role", ["Application.Read.All", "Directory.Read.All"])
def test_who_may_only_read_sees_no_credential(role: str, graph: Graph) -> None:
    trusting = Trusting(graph)
    made = trusting.add().json["id"]
    reader = graph.caller(role).token
    for rest in ("", f"/{made}", "/$count"):
        assert refused(trusting.ask("GET", rest, token=reader)) == DENIED
    assert refused(trusting.ask("DELETE", "/gh-prod", token=reader)) == DENIED


def test_who_may_write_what_it_owns_writes_that_and_nothing_else(own: Graph) -> None:
    trusting = Trusting(own)
    trusting.add()
    caller = own.new_caller(A_O)
    body = {"name": "other", "issuer": GITHUB, "subject": "s", "audiences": [AUDIENCE]}
    asked = [
        lambda: trusting.ask("POST", body=body, token=caller.token),
        lambda: trusting.ask("PATCH", "/gh-prod", {"description": "d"}, token=caller.token),
        lambda: trusting.ask("PATCH", "(name='third')", {**body, "name": "third"}, UPSERT, token=caller.token),
        lambda: trusting.ask("DELETE", "/gh-prod", token=caller.token),
    ]
    assert [refused(ask()) for ask in asked] == [DENIED] * 4
    assert trusting.ask("GET", "/gh-prod", token=caller.token).status == 200
    own_it(own, trusting, caller.principal.id)
    assert [ask().status for ask in asked] == [201, 204, 400, 204]  # the third trusts what the first does


def own_it(graph: Graph, trusting: Trusting, principal_id: UUID) -> None:
    async def write() -> None:
        async with graph.wire.runtime.registry.transaction() as change:
            await change.ownerships.add(
                Ownership(
                    id=UUID(int=2**99),
                    tenant_id=seed.TENANT_ID,
                    owner_id=principal_id,
                    created_at=graph.wire.clock(),
                    application_id=trusting.application.id,
                )
            )

    graph.wire.run(write)


def test_where_owners_may_narrow_only_a_role_widens_trust_and_nobody_for_itself(own: Graph) -> None:
    beta = Trusting(own, version="beta")
    beta.add(subject=..., claimsMatchingExpression=MATCHING)
    own.wire.run(tenants.update, own.wire.administrator, seed.TENANT_ID, trust_changes="owner_may_narrow")
    denied = beta.ask("POST", body={"name": "other", "issuer": GITHUB, "subject": "s", "audiences": [AUDIENCE]})
    assert refused(denied) == DENIED
    assert "Accredit.Trust.Widen" in denied.json["error"]["innerError"]["accredit"]
    wider = {"claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:*' and claims['repository_id'] eq '1'"}}
    assert refused(beta.ask("PATCH", "/gh-prod", wider)) == DENIED
    assert beta.ask("PATCH", "/gh-prod", {"claimsMatchingExpression": {"value": NARROWER}}).status == 204
    assert refused(beta.ask("PATCH", "/gh-prod", {"claimsMatchingExpression": MATCHING})) == DENIED
    widening = own.new_caller(A_W, WIDEN)
    assert beta.ask("PATCH", "/gh-prod", {"claimsMatchingExpression": MATCHING}, token=widening.token).status == 204
    itself = f"/beta/applications/{widening.application.id}/federatedIdentityCredentials"
    body = {"name": "mine", "issuer": GITHUB, "subject": "s", "audiences": [AUDIENCE]}
    assert refused(own.ask("POST", itself, widening.token, body)) == DENIED
    assert beta.ask("PATCH", "/gh-prod", {"accredit": {"enabled": False}}).status == 204
    assert refused(beta.ask("PATCH", "/gh-prod", {"accredit": {"enabled": True}})) == DENIED
    assert beta.ask("DELETE", "/gh-prod").status == 204


def test_nothing_of_another_tenant_is_there(own: Graph) -> None:
    by = own.wire.administrator
    other = own.wire.run(tenants.create, by, display_name="Other", domains=("other.test",), enable=())
    application = own.wire.run(applications.create, by, other.id, display_name="theirs")
    own.wire.run(credentials.add, by, application.id, name="theirs", issuer=GITHUB, subject="s")
    token = own.caller(A_W).token
    for key in (f"/{application.id}", f"(appId='{application.app_id}')"):
        path = f"/v1.0/applications{key}/federatedIdentityCredentials"
        assert refused(own.ask("GET", path, token))[0] == 404
        assert refused(own.ask("DELETE", f"{path}/theirs", token))[0] == 404


# ── the record of it, and what holds at once ─────────────────────────────────────────────────────────────────────────


def test_every_change_leaves_a_record_with_the_caller_and_both_values(own: Graph) -> None:
    trusting = Trusting(own)
    caller = own.caller(A_W)
    correlation = "11111111-2222-4333-8444-555555555555"
    made = trusting.ask(
        "POST",
        body={"name": "gh-prod", "issuer": GITHUB, "subject": SUBJECT, "audiences": [AUDIENCE]},
        headers={"client-request-id": correlation},
    ).json
    own.wire.clock.advance(seconds=1)
    trusting.ask("PATCH", "/gh-prod", {"subject": "other"})
    own.wire.clock.advance(seconds=1)
    trusting.ask("DELETE", "/gh-prod")
    deleted, changed, added = [
        each
        for each in audited(own)
        if each.activity == credentials.ACTIVITY and each.targets[0].id == trusting.application.id
    ]
    for each in (deleted, changed, added):
        assert each.activity == "Update application – Certificates and secrets management"  # noqa: RUF001  Entra ID's
        assert (each.actor.kind, each.actor.name, each.actor.id) == (
            "application",
            caller.application.display_name,
            str(caller.principal.id),
        )
        (target,) = each.targets
        assert (target.id, target.kind) == (trusting.application.id, "Application")
        assert target.modified[0].name == "FederatedIdentityCredentials"
    assert str(added.correlation_id) == correlation
    values = [
        tuple(
            msgspec.json.decode(text)
            for text in (each.targets[0].modified[0].before, each.targets[0].modified[0].after)
        )
        for each in (added, changed, deleted)
    ]
    subjects = [[[one["subject"] for one in side] for side in pair] for pair in values]
    assert subjects == [[[], [SUBJECT]], [[SUBJECT], ["other"]], [["other"], []]]
    assert values[0][1][0]["id"] == made["id"]


def test_what_is_added_lets_the_next_exchange_in_and_what_is_deleted_does_not(tmp_path: Path) -> None:
    with wire(tmp_path / "data") as made:
        graph = Graph(made)
        path = f"/v1.0/applications(appId='{seed.WORKLOAD_ID}')/federatedIdentityCredentials"
        token = graph.caller(A_W).token
        sub = "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main"

        def exchange() -> int | None:
            answer = made.post(made.form(client_assertion=made.mint(overrides={"sub": sub})))
            return None if answer.status == 200 else answer.code

        assert exchange() == 700213
        for _ in range(2):
            body = {"name": "branch", "issuer": GITHUB, "subject": sub, "audiences": [AUDIENCE]}
            assert graph.ask("POST", path, token, body).status == 201
            assert exchange() is None
            assert graph.ask("PATCH", f"{path}/branch", token, {"subject": "other"}).status == 204
            assert exchange() == 700213
            assert graph.ask("PATCH", f"{path}/branch", token, {"subject": sub}).status == 204
            assert exchange() is None
            assert graph.ask("DELETE", f"{path}/branch", token).status == 204
            assert exchange() == 700213
