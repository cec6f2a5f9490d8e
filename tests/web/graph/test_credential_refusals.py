"""What ``federatedIdentityCredentials`` are refused for, in Microsoft Graph's words; nothing is ever half written."""

from collections.abc import Callable
from typing import Any
from uuid import uuid5

import pytest

from accredit.app import seed
from tests.web.graph.callers import Graph
from tests.web.graph.trusting import ABSENT, GITHUB, MATCHING, TEXT, Trusting, audited, refused
from tests.wire.authority import BASE, Answer


@pytest.fixture
def trusting(graph: Graph) -> Trusting:
    return Trusting(graph)


@pytest.fixture
def beta(graph: Graph) -> Trusting:
    return Trusting(graph, version="beta")


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
    "a name that is taken in another case": (
        again(name="GH-Prod"),
        (*TAKEN[:2], "FederatedIdentityCredential with name GH-Prod already exists."),
    ),
    "another name": (patch({"name": "other"}), IMMUTABLE),
    "the name in another case": (patch({"name": "GH-prod"}), IMMUTABLE),
    "another id": (patch({"id": ABSENT}), invalid("id")),
    "no issuer": (add(issuer=...), INCOMPLETE),
    "an issuer that is null": (add(issuer=None), INCOMPLETE),
    "an empty issuer": (patch({"issuer": ""}), INCOMPLETE),
    "an issuer of plain http": (add(issuer="http://idp.test"), INCOMPLETE),
    "an issuer with a query": (add(issuer="https://idp.test/?a=b"), INCOMPLETE),
    "an issuer with a fragment": (add(issuer="https://idp.test/#a"), INCOMPLETE),
    "an issuer with user info": (add(issuer="https://me@idp.test"), INCOMPLETE),
    "an issuer with a space": (add(issuer=" https://idp.test"), INCOMPLETE),
    "an issuer of 601 characters": (add(issuer="https://idp.test/" + "a" * 584), INCOMPLETE),
    "no subject": (add(subject=...), EMPTY),
    "an empty subject": (add(subject=""), EMPTY),
    "a subject taken away": (patch({"subject": None}), EMPTY),
    "a subject of 601 characters": (add(subject="s" * 601), invalid("subject")),
    "no audience": (add(audiences=[]), ONE_AUDIENCE),
    "audiences that are null": (add(audiences=None), ONE_AUDIENCE),
    "two audiences": (patch({"audiences": ["a", "b"]}), ONE_AUDIENCE),
    "an audience of 601 characters": (add(audiences=["a" * 601]), ONE_AUDIENCE),
    "an empty audience": (add(audiences=[""]), ONE_AUDIENCE),
    "an audience with a blank before it": (patch({"audiences": [" a"]}), ONE_AUDIENCE),
    "a change to an issuer that is none": (patch({"issuer": "idp.test"}), INCOMPLETE),
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


REASONS = {  # beside Graph's message, which is the same for all
    "an issuer of plain http": "issuer: it must be https",
    "an issuer of 601 characters": "issuer: it has 601 characters, not 1 to 600",
    "an issuer with a space": "issuer: a space or control character",
    "a change to an issuer that is none": "issuer: not an absolute https URL",
    "an empty audience": "audiences: empty",
    "an audience of 601 characters": "audiences: 601 characters; at most 600 are compared",
    "an audience with a blank before it": (
        "audiences: white space at an end; the comparison is exact, so this would never match"
    ),
}


@pytest.mark.parametrize("sentence", REASONS)
def test_the_precise_reason_stands_beside_the_message(sentence: str, trusting: Trusting) -> None:
    assert REFUSALS[sentence][0](trusting).json["error"]["innerError"]["accredit"] == REASONS[sentence]


def test_what_was_refused_leaves_neither_record_nor_audit(own: Graph) -> None:
    beta = Trusting(own, version="beta")
    before, audits = beta.stored("issuers"), audited(own)
    for sentence in ("no audience", "an expression for another issuer", "an empty subject"):
        REFUSALS[sentence][0](beta)
    beta.add(issuer="https://new.test", accredit={"issuerRecordId": ABSENT})
    assert (beta.stored(), beta.stored("issuers"), audited(own)) == ([], before, audits)


OTHER = "https://idp.test"
POLICY = str(uuid5(seed.TENANT_ID, "allowedIssuers"))
FORBIDDEN = (
    400,
    "InvalidFederatedIdentityCredentialValue",
    f"FederatedIdentityCredential.Issuer value '{OTHER}' not allowed as per assigned policy '{POLICY}'.",
)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_an_issuer_that_the_tenant_does_not_allow_is_refused_when_it_is_saved(own: Graph, version: str) -> None:
    at, admin = Trusting(own, version=version), own.admin()
    assert at.add().status == 201
    assert own.ask("PATCH", "/beta/accredit.tenant", admin, {"allowedIssuers": [GITHUB]}).status == 204
    before, records = at.stored(), at.stored("issuers")
    for answer in (
        at.add(name="new", issuer=OTHER),
        at.ask("PATCH", "/gh-prod", {"issuer": OTHER}),
        at.ask("PATCH", f"/{before[0].id}", {"issuer": OTHER, "subject": "another"}),
        at.ask("PATCH", "(name='put')", {"issuer": OTHER, "subject": "s"}, {"prefer": "create-if-missing"}),
    ):
        assert refused(answer) == FORBIDDEN
        error = answer.json["error"]
        assert list(error) == ["code", "message", "innerError"]
        assert list(error["innerError"]) == ["date", "request-id", "client-request-id", "accredit"]
        assert error["innerError"]["accredit"] == f"issuer: it is none of those that tenant {seed.TENANT_ID} allows"
    assert (at.stored(), at.stored("issuers")) == (before, records)
    assert at.add(name="listed", subject="another").status == 201
    assert own.ask("PATCH", "/beta/accredit.tenant", admin, {"allowedIssuers": None}).status == 204
    assert at.add(name="new", issuer=OTHER).status == 201


WRONG = {
    "an issuer that does not exist": "https://nobody.invalid",
    "an issuer of Entra ID": "https://login.microsoftonline.com/x/v2.0",
    "this authority itself": f"{BASE}/{seed.TENANT_ID}/v2.0",
    "the address of a discovery document": GITHUB + "/.well-known/openid-configuration",
}


@pytest.mark.parametrize("sentence", WRONG)
def test_stored_as_entra_id_does_is(sentence: str, trusting: Trusting) -> None:
    assert trusting.add(issuer=WRONG[sentence], subject="a *").json["issuer"] == WRONG[sentence]
