"""What the directory tells of itself."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from accredit.app import seed
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import ABSENT, refused

TENANT = str(seed.TENANT_ID)
APPLICATION = str(seed.marked("application deploy-bot"))
PRINCIPAL = str(seed.marked("principal deploy-bot"))
GRAPH_ITSELF = str(seed.marked("principal graph"))
D_R = "Directory.Read.All"
BASE = "https://localhost:8443"
NOT_THERE = "Resource '{}' does not exist or one of its queried reference-property objects are not present."
DELEGATED = (400, "BadRequest", "/me request is only valid with delegated authentication flow.")


@pytest.fixture(scope="module")
def reader(graph: Graph) -> str:
    return graph.caller(D_R).token


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_the_organization(graph, reader, version):
    context = f"{BASE}/{version}/$metadata#organization"
    (one,) = (listed := graph.ask("GET", f"/{version}/organization", reader).json)["value"]
    assert listed["@odata.context"] == context
    assert one["id"] == TENANT
    assert one["displayName"] == "Contoso"
    assert [each["name"] for each in one["verifiedDomains"]] == ["contoso.test"]
    alone = graph.ask("GET", f"/{version}/organization/{TENANT}", reader).json
    assert alone == {"@odata.context": f"{context}/$entity", **one}
    assert graph.ask("GET", f"/{version}/organization('{TENANT}')?$select=id", reader).json == {
        "@odata.context": f"{context}/$entity",
        "id": TENANT,
    }


def test_another_organization_is_not_there(graph, reader):
    answer = graph.ask("GET", f"/v1.0/organization/{ABSENT}", reader)
    assert refused(answer) == (404, "Request_ResourceNotFound", NOT_THERE.format(ABSENT))


def test_domains(graph, reader):
    listed = graph.ask("GET", "/v1.0/domains?$count=true", reader).json
    assert listed["@odata.count"] == 1
    assert listed["value"] == [
        {
            "id": "contoso.test",
            "authenticationType": "Managed",
            "isAdminManaged": True,
            "isDefault": True,
            "isInitial": True,
            "isRoot": True,
            "isVerified": True,
            "supportedServices": [],
        }
    ]
    assert graph.ask("GET", "/v1.0/domains/Contoso.test", reader).json["id"] == "contoso.test"
    assert graph.ask("GET", "/v1.0/domains/other.test", reader).status == 404


def test_how_many_there_are(own):
    admin = own.admin()
    own.ask("PATCH", "/beta/accredit.tenant", admin, {"domains": ["contoso.test", "b.test", "c.test"]})
    some = quote("?$filter=isDefault eq false", safe="?$=&()")
    for path, count in (("organization", 1), ("domains", 3), (f"domains{some}", 2)):
        where, mark, query = path.partition("?")
        assert own.ask("GET", f"/v1.0/{where}/$count{mark}{query}", admin).body == str(count).encode(), path


DOMAINS = {
    "all": ("", ["contoso.test", "b.test", "c.test"]),
    "the default one": ("?$filter=isDefault eq true", ["contoso.test"]),
    "by id": ("?$filter=startswith(id,'B')", ["b.test"]),
    "in pages": ("?$top=2", ["contoso.test", "b.test", "c.test"]),
    "what is left of them, in pages": ("?$top=1&$filter=isDefault eq false", ["b.test", "c.test"]),
}


@pytest.mark.parametrize("row", DOMAINS.values(), ids=DOMAINS.keys())
def test_domains_that_are_asked_for(own, row):
    query, expected = row
    admin = own.admin()
    own.ask("PATCH", "/beta/accredit.tenant", admin, {"domains": ["contoso.test", "b.test", "c.test"]})
    found, path = [], "/v1.0/domains" + quote(query, safe="?$=&()")
    while path:
        page = own.ask("GET", path, admin).json
        found += [each["id"] for each in page["value"]]
        path = page.get("@odata.nextLink", "").removeprefix(BASE)
    assert found == expected


UNSUPPORTED = {
    "a property that there is none of": "$filter=name eq 'x'",
    "a collection as if it were a value": "$filter=supportedServices eq 'x'",
    "a value as if it were a collection": "$filter=id/any(x:x eq 'x')",
    "an order": "$orderby=id",
    "what cannot be expanded": "$expand=rootDomain",
}


@every("query", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_what_domains_cannot_be_asked(graph, reader, query):
    answer = graph.ask("GET", "/v1.0/domains?" + quote(query, safe="?$=&()"), reader)
    assert refused(answer)[:2] == (400, "Request_UnsupportedQuery")


@every("path", ["me", "me/ownedObjects", "me?$select=id"])
def test_nobody_is_signed_in_here(graph, path):
    assert refused(graph.ask("GET", f"/v1.0/{path}", graph.caller().token)) == DELEGATED


@pytest.mark.parametrize("path", ["me", "me/ownedObjects"])
def test_nor_can_anybody_without_a_token_ask(graph, path):
    assert graph.ask("GET", f"/v1.0/{path}").status == 401


@pytest.mark.parametrize("kind", ["users", "groups"])
def test_there_are_no_people(graph, reader, kind):
    empty = {"@odata.context": f"{BASE}/v1.0/$metadata#{kind}", "value": []}
    query = quote("?$filter=startswith(displayName,'a')&$top=5", safe="?$=&()")
    assert graph.ask("GET", f"/v1.0/{kind}", reader).json == empty
    assert graph.ask("GET", f"/v1.0/{kind}{query}", reader).json == empty
    assert graph.ask("GET", f"/v1.0/{kind}?$count=true", reader).json["@odata.count"] == 0
    assert graph.ask("GET", f"/v1.0/{kind}/$count", reader).body == b"0"
    assert graph.ask("GET", f"/v1.0/{kind}/{ABSENT}", reader).status == 404
    assert graph.ask("GET", f"/v1.0/{kind}?$filter=broken", reader).status == 400


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("DELETE", 204)])
def test_nothing_that_was_deleted_is_kept(graph, method, status):
    token = graph.caller("Application.ReadWrite.All").token
    assert graph.ask(method, f"/v1.0/directory/deletedItems/{ABSENT}", token).status == status


OBJECTS = {"application": APPLICATION, "servicePrincipal": PRINCIPAL}


@every("version", ["v1.0", "beta"])
@every("kind", OBJECTS)
def test_an_object_by_its_id(graph, reader, kind, version):
    found = graph.ask("GET", f"/{version}/directoryObjects/{OBJECTS[kind]}", reader).json
    itself = graph.ask("GET", f"/{version}/{kind}s/{OBJECTS[kind]}", reader).json
    assert list(found)[:3] == ["@odata.context", "@odata.type", "id"]
    assert found.pop("@odata.context") == f"{BASE}/{version}/$metadata#directoryObjects/$entity"
    assert found.pop("@odata.type") == f"#microsoft.graph.{kind}"
    del itself["@odata.context"]
    assert {name: found[name] for name in itself} == itself


@every("wanted", [ABSENT, "x", str(seed.WORKLOAD_ID)])
def test_an_object_that_is_not_there(graph, reader, wanted):
    assert refused(graph.ask("GET", f"/v1.0/directoryObjects/{wanted}", reader))[0] == 404


BY_IDS = {
    "in the order of the ids": ([PRINCIPAL, APPLICATION], None, [PRINCIPAL, APPLICATION]),
    "applications only": ([PRINCIPAL, APPLICATION], ["application"], [APPLICATION]),
    "as the Azure CLI asks": (
        [PRINCIPAL, ABSENT],
        ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"],
        [PRINCIPAL],
    ),
    "no kind that is here": ([PRINCIPAL], ["user"], []),
    "one that has no application here": ([GRAPH_ITSELF], None, [GRAPH_ITSELF]),
    "none that is there": ([ABSENT], None, []),
    "a thousand": ([str(uuid4()) for _ in range(999)] + [APPLICATION], None, [APPLICATION]),
}


@every("row", BY_IDS.values(), ids=BY_IDS.keys())
def test_objects_by_their_ids(graph, reader, row):
    ids, types, expected = row
    body = {"ids": ids} | ({} if types is None else {"types": types})
    answer = graph.ask("POST", "/v1.0/directoryObjects/getByIds", reader, body).json
    assert answer["@odata.context"] == f"{BASE}/v1.0/$metadata#directoryObjects"
    assert [each["id"] for each in answer["value"]] == expected
    assert all(each["@odata.type"].startswith("#microsoft.graph.") for each in answer["value"])


def test_too_many_ids(graph, reader):
    body = {"ids": [str(uuid4()) for _ in range(1_001)]}
    assert refused(graph.ask("POST", "/v1.0/directoryObjects/getByIds", reader, body)) == (
        400,
        "Request_BadRequest",
        "Invalid value specified for property 'ids' of resource 'DirectoryObject'.",
    )


def test_what_ids_cannot_be_asked_with(graph, reader):
    answer = graph.ask("POST", "/v1.0/directoryObjects/getByIds?$orderby=id", reader, {"ids": [APPLICATION]})
    assert refused(answer)[1] == "Request_UnsupportedQuery"


def test_what_is_another_tenants_is_not_there(own, other_tenant):
    admin, theirs = own.admin(), str(other_tenant)
    assert own.ask("GET", f"/v1.0/directoryObjects/{theirs}", admin).status == 404
    assert own.ask("POST", "/v1.0/directoryObjects/getByIds", admin, {"ids": [theirs]}).json["value"] == []


@pytest.fixture
def other_tenant(own: Graph):
    """The object id of an application of another tenant."""
    from accredit.administer import applications, tenants  # noqa: PLC0415  of this test

    by, run = own.wire.administrator, own.wire.run
    tenant = run(tenants.create, by, display_name="Other", domains=("other.test",))
    return run(applications.create, by, tenant.id, display_name="theirs").id
