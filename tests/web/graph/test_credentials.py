"""``federatedIdentityCredentials`` as clients of Microsoft Graph use them, on a whole emulator in process."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
import pytest

from accredit.administer import applications, credentials, issuers, tenants
from accredit.app import seed
from accredit.directory import Application, Ownership
from accredit.query import Query
from accredit.signins import Audit
from tests.web.graph.callers import Graph
from tests.wire.authority import BASE, Answer, wire

GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"
SUBJECT = "repo:o/r:environment:prod"
TEXT = "claims['sub'] matches 'repo:o/*' and claims['repository_id'] eq '1'"
NARROWER = f"{TEXT} and claims['repository_owner_id'] eq '2'"
MATCHING = {"value": TEXT, "languageVersion": 1}
ABSENT = str(UUID(int=2**100))
A_O, A_W, WIDEN = "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", "Accredit.Trust.Widen"
UPSERT = {"prefer": "create-if-missing"}


class Trusting:
    """One application, and what a caller does with its credentials."""

    def __init__(self, graph: Graph, *, version: str = "v1.0", token: str | None = None) -> None:
        self.graph = graph
        self.version = version
        self.token = token or graph.caller(A_W).token
        made = graph.wire.run(applications.create, graph.wire.administrator, seed.TENANT_ID, display_name="trusting")
        assert isinstance(made, Application)
        self.application = made

    @property
    def path(self) -> str:
        return f"/{self.version}/applications/{self.application.id}/federatedIdentityCredentials"

    def ask(
        self, method: str, rest: str = "", body: object = None, headers: Mapping[str, str] | None = None, **changed: str
    ) -> Answer:
        path = f"/{changed.get('version', self.version)}" + self.path.removeprefix(f"/{self.version}")
        return self.graph.ask(method, path + rest, changed.get("token", self.token), body, headers)

    def add(self, **members: Any) -> Answer:
        """POST a credential that is in order, with changes; members that are ``...`` are left out."""
        known: dict[str, Any] = {
            "@odata.type": "#microsoft.graph.federatedIdentityCredential",
            "name": "gh-prod",
            "issuer": GITHUB,
            "subject": SUBJECT,
            "audiences": [AUDIENCE],
        }
        body = {name: value for name, value in (known | members).items() if value is not ...}
        return self.ask("POST", body=body)

    def stored(self, shelf: str = "credentials") -> list[Any]:
        async def read() -> list[Any]:
            async with self.graph.wire.runtime.registry.reading() as store:
                if shelf == "issuers":
                    return list(await store.issuers.page(after=None, limit=1_000, tenant_id=seed.TENANT_ID))
                return list(await store.credentials.find(application_id=self.application.id))

        found: list[Any] = self.graph.wire.run(read)
        return found


@pytest.fixture
def trusting(graph: Graph) -> Trusting:
    return Trusting(graph)


@pytest.fixture
def beta(graph: Graph) -> Trusting:
    return Trusting(graph, version="beta")


def refused(answer: Answer) -> tuple[int, str, str]:
    error = answer.json["error"]
    return answer.status, error["code"], error["message"]


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
    assert (own_issuer.status, own_issuer.json["error"]["message"]) == (
        400,
        "AAD-issued tokens may not be used for federated identity flows.",
    )


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


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def invalid(member: str) -> tuple[int, str, str]:
    text = f"Invalid value specified for property '{member}' of resource 'FederatedIdentityCredential'."
    return 400, "Request_BadRequest", text


def bad(text: str) -> tuple[int, str, str]:
    return 400, "Request_BadRequest", text


def rule(reason: str, text: str) -> tuple[int, str, str]:
    name = "FederatedIdentityCredential.ClaimsMatchingExpression.Value"
    said = f"The {name} is invalid. Rule exception: {reason}. paramName: {name}, paramValue: {text}, "
    return (
        400,
        "InvalidFederatedIdentityCredentialValue",
        said + "objectType: Microsoft.Online.DirectoryServices.Application",
    )


def lacks(issuer: str, text: str) -> tuple[int, str, str]:
    configured = f"Expression configured for issuer '{issuer}'"
    return rule(f"{configured} either lacks all required claims or contains unallowed claims", text)


TAKEN = (
    409,
    "Request_MultipleObjectsWithSameKeyValue",
    "FederatedIdentityCredential with name gh-prod already exists.",
)
INCOMPLETE = bad(
    "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and 'audience'."
)
ONE_AUDIENCE = bad("Federated identity credentials must have exactly one audience.")
EMPTY = bad("Property 'subject' cannot be empty.")
BOTH = bad("Federated Identity Credential must specify either 'subject' or 'claimsMatchingExpression', not both.")
IMMUTABLE = bad("Name is immutable and cannot be changed after creation")
THE_SAME = bad("Issuer and subject combination already exists for this Application.")
NOTHING = bad("Federated Identity Credential from HTTP body has empty properties")
GRADE = 'Expected "claims[\'" at position 1, found "sub eq \'x\'"'

Ask = Callable[[Trusting], Answer]


def add(**members: Any) -> Ask:
    return lambda at: at.add(**members)


def patch(body: dict[str, Any]) -> Ask:
    def ask(at: Trusting) -> Answer:
        at.add()
        at.add(name="second", subject="second")
        return at.ask("PATCH", "/gh-prod", body)

    return ask


def again(**members: Any) -> Ask:
    def ask(at: Trusting) -> Answer:
        at.add()
        return at.add(**members)

    return ask


def expression(text: object, version: object = 1, issuer: str = GITHUB) -> Ask:
    return add(subject=..., issuer=issuer, claimsMatchingExpression={"value": text, "languageVersion": version})


def twenty_one(at: Trusting) -> Answer:
    for n in range(20):
        assert at.add(name=f"name-{n}", subject=f"s{n}").status == 201
    return at.add(name="one-more")


REFUSALS: dict[str, tuple[Ask, tuple[int, str, str]]] = {
    "a name that is taken": (again(), TAKEN),
    "a name that is taken, before what else is wrong": (
        again(issuer=5, audiences=[], subject="", description=7, unknown=1),
        TAKEN,
    ),
    "no name": (add(name=...), bad("Federated Identity Credential name '' is invalid.")),
    "a name of two characters": (add(name="gh"), bad("Federated Identity Credential name 'gh' is invalid.")),
    "a name with a dot": (add(name="gh.prod"), bad("Federated Identity Credential name 'gh.prod' is invalid.")),
    "a name that begins with a dash": (add(name="-ab"), bad("Federated Identity Credential name '-ab' is invalid.")),
    "a name of 121 characters": (
        add(name="n" * 121),
        bad(f"Federated Identity Credential name '{'n' * 121}' is invalid."),
    ),
    "a name that is a number": (add(name=5), invalid("name")),
    "another name": (patch({"name": "other"}), IMMUTABLE),
    "the name in another case": (patch({"name": "GH-prod"}), IMMUTABLE),
    "another id": (patch({"id": ABSENT}), invalid("id")),
    "no issuer": (add(issuer=...), INCOMPLETE),
    "an issuer that is null": (add(issuer=None), INCOMPLETE),
    "an empty issuer": (patch({"issuer": ""}), INCOMPLETE),
    "an issuer of plain http": (add(issuer="http://idp.test"), invalid("issuer")),
    "an issuer with a query": (add(issuer="https://idp.test/?a=b"), invalid("issuer")),
    "an issuer with a fragment": (add(issuer="https://idp.test/#a"), invalid("issuer")),
    "an issuer with user info": (add(issuer="https://me@idp.test"), invalid("issuer")),
    "an issuer with a space": (add(issuer=" https://idp.test"), invalid("issuer")),
    "an issuer of 601 characters": (add(issuer="https://idp.test/" + "a" * 584), invalid("issuer")),
    "no subject": (add(subject=...), EMPTY),
    "an empty subject": (add(subject=""), EMPTY),
    "a subject taken away": (patch({"subject": None}), EMPTY),
    "a subject of 601 characters": (add(subject="s" * 601), invalid("subject")),
    "no audience": (add(audiences=[]), ONE_AUDIENCE),
    "audiences that are null": (add(audiences=None), ONE_AUDIENCE),
    "two audiences": (patch({"audiences": ["a", "b"]}), ONE_AUDIENCE),
    "an audience of 601 characters": (add(audiences=["a" * 601]), invalid("audiences")),
    "an empty audience": (add(audiences=[""]), invalid("audiences")),
    "audiences that are a text": (add(audiences="a"), invalid("audiences")),
    "a description of 601 characters": (add(description="d" * 601), invalid("description")),
    "exactly what another one trusts": (again(name="other"), THE_SAME),
    "exactly what another one trusts, for another audience": (again(name="other", audiences=["other"]), THE_SAME),
    "a change to what another one trusts": (patch({"subject": "second"}), THE_SAME),
    "the twenty-first": (twenty_one, bad("A maximum of 20 federated identity credentials can be added.")),
    "an empty body": (lambda at: at.ask("POST", body={}), NOTHING),
    "no body": (lambda at: at.ask("POST"), NOTHING),
    "a body of annotations": (lambda at: at.ask("POST", body={"@odata.type": "#x"}), NOTHING),
    "a change of nothing": (patch({}), NOTHING),
    "a member that Graph has not": (add(subjects="s"), invalid("subjects")),
    "a subject and an expression": (add(claimsMatchingExpression=MATCHING), BOTH),
    "an expression that is null inside": (expression(None), invalid("claimsMatchingExpression/value")),
    "a version that is null": (expression(TEXT, None), invalid("claimsMatchingExpression/languageVersion")),
    "another version of the language": (
        expression(TEXT, 2),
        rule("Language version 2 is not known; the language version must be 1", TEXT),
    ),
    "an expression that cannot be read": (expression("sub eq 'x'"), rule(GRADE, "sub eq 'x'")),
    "an expression without an id": (
        expression("claims['sub'] eq 'x'"),
        lacks(GITHUB, "claims['sub'] eq 'x'"),
    ),
    "an expression on a claim that is not allowed": (
        expression(f"{TEXT} and claims['actor'] eq 'x'"),
        lacks(GITHUB, f"{TEXT} and claims['actor'] eq 'x'"),
    ),
    "an expression for another issuer": (
        expression(TEXT, issuer="https://idp.test"),
        lacks("https://idp.test", TEXT),
    ),
}


@pytest.mark.parametrize("sentence", REFUSALS)
def test_refused_is(sentence: str, beta: Trusting) -> None:
    ask, expected = REFUSALS[sentence]
    answer = ask(beta)
    assert refused(answer) == expected
    kept = beta.stored()
    assert beta.ask("GET", "/$count").body == str(len(kept)).encode()
    assert [each.name for each in kept if each.name not in {"gh-prod", "second"}] == (
        [f"name-{n}" for n in range(20)] if sentence == "the twenty-first" else []
    )


def test_what_was_refused_leaves_neither_record_nor_audit(own: Graph) -> None:
    beta = Trusting(own, version="beta")
    before, audits = beta.stored("issuers"), audited(own)
    for sentence in ("no audience", "an expression for another issuer", "an empty subject"):
        REFUSALS[sentence][0](beta)
    beta.add(issuer="https://new.test", accredit={"issuerRecordId": ABSENT})
    assert (beta.stored(), beta.stored("issuers"), audited(own)) == ([], before, audits)


WRONG = {
    "an issuer that does not exist": "https://nobody.invalid",
    "an issuer of Entra ID": "https://login.microsoftonline.com/x/v2.0",
    "this authority itself": f"{BASE}/{seed.TENANT_ID}/v2.0",
    "the address of a discovery document": GITHUB + "/.well-known/openid-configuration",
}


@pytest.mark.parametrize("sentence", WRONG)
def test_stored_as_entra_id_does_is(sentence: str, trusting: Trusting) -> None:
    assert trusting.add(issuer=WRONG[sentence], subject="a *").json["issuer"] == WRONG[sentence]


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
    asked: list[Callable[[], Answer]] = [
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


def audited(graph: Graph) -> list[Audit]:
    """The records of changes, newest first."""

    async def read() -> list[Audit]:
        async with graph.wire.runtime.registry.reading() as store:
            return list(await store.audits(Query(limit=100), seed.TENANT_ID))

    found: list[Audit] = graph.wire.run(read)
    return found


def test_every_change_leaves_a_record_with_the_caller_and_both_values(own: Graph) -> None:
    trusting = Trusting(own)
    caller = own.caller(A_W)
    correlation = "11111111-2222-4333-8444-555555555555"
    made = trusting.ask(
        "POST",
        body={"name": "gh-prod", "issuer": GITHUB, "subject": SUBJECT, "audiences": [AUDIENCE]},
        headers={"client-request-id": correlation},
    ).json
    trusting.ask("PATCH", "/gh-prod", {"subject": "other"})
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
        assert [shown.name for shown in target.modified] == ["FederatedIdentityCredentials"]
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


def test_what_is_added_lets_the_next_exchange_in_and_what_is_deleted_does_not(tmp_path: Any) -> None:
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
