"""What is read from the documents of others, and what is said of those that cannot be read."""

import json
from datetime import UTC, datetime
from textwrap import dedent
from typing import Any

import pytest

from accredit.errors import Refused
from accredit.interop.files import LARGEST, read
from accredit.interop.files import node as reading_node
from accredit.interop.files.arm import _Work
from accredit.trust.written import WrittenTrust
from tests.support.every import every

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"
SUBJECT = "repo:octo-org@1/octo-repo@2:environment:production"
EXPRESSION = "claims['sub'] matches 'repo:octo-org@1/*' and claims['repository_id'] eq '2'"
APP_ID = "11111111-2222-4333-8444-555555555555"
PLAIN = {"name": "github", "issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE]}
FLEXIBLE = {
    "name": "all",
    "issuer": ISSUER,
    "subject": None,
    "claimsMatchingExpression": {"value": EXPRESSION, "languageVersion": 1},
    "audiences": [AUDIENCE],
}
IDENTITY_ID = (
    "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/deploy/"
    "federatedIdentityCredentials/github"
)


def trust(**more: Any) -> WrittenTrust:
    members = {"name": "github", "issuer": ISSUER, "subject": SUBJECT, "audiences": (AUDIENCE,), **more}
    return WrittenTrust(**members)


def flexible(**more: Any) -> WrittenTrust:
    return trust(**{"name": "all", "subject": None, "expression": EXPRESSION, **more})


def plan(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"format_version": "1.2", "planned_values": {"root_module": {"resources": [*resources]}}, **more}


def resource(kind: str = "azuread_application_federated_identity_credential", **values: Any) -> dict[str, Any]:
    usual = {"display_name": "github", "issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE]}
    kept = {name: value for name, value in {**usual, **values}.items() if value is not ...}
    return {"address": f"{kind}.x", "mode": "managed", "type": kind, "name": "x", "values": kept}


def template(*resources: Any, **more: Any) -> dict[str, Any]:
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [*resources],
        **more,
    }


def arm(**more: Any) -> dict[str, Any]:
    members = {name: value for name, value in {**PLAIN, "name": "deploy/github", **more}.items() if value is not ...}
    return {"type": "Microsoft.Graph/applications/federatedIdentityCredentials@v1.0", "properties": members}


def module(inner: Any, scope: str = "inner", **parameters: Any) -> dict[str, Any]:
    given = {"template": inner, "parameters": parameters, "expressionEvaluationOptions": {"scope": scope}}
    return {"type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01", "name": "m", "properties": given}


KIND = "azuread_application_federated_identity_credential.x"
NEITHER = (
    "there is neither a subject nor an expression. Version 1.0 of Graph, and so az, does not show expressions: read it "
    "from https://graph.microsoft.com/beta"
)
NOT_EXPANDED = (
    "federatedIdentityCredentials is not expanded, so that it is not known what this application trusts: "
    "$expand=federatedIdentityCredentials"
)
FLEX = "azuread_application_flexible_federated_identity_credential"
OWNED = resource(application_id="/applications/1234")
REFERRED = {
    "root_module": {
        "resources": [
            {
                "address": "azuread_application_federated_identity_credential.x",
                "expressions": {
                    "application_id": {"references": ["azuread_application.app.id", "azuread_application.app"]}
                },
            },
            {"address": "random_id.x", "expressions": {}},
            {"address": "other.x"},
            {"address": "other.y", "expressions": {"parent_id": {"constant_value": "x"}}},
        ]
    }
}
IN_MODULE = {
    "root_module": {
        "module_calls": {
            "deploy": {
                "module": {
                    "resources": [
                        {
                            "address": "azuread_application_federated_identity_credential.x",
                            "expressions": {"application_id": {"references": ["azuread_application.app"]}},
                        }
                    ]
                }
            }
        }
    }
}
APPLICATION = {
    "address": "azuread_application.app",
    "type": "azuread_application",
    "values": {"display_name": "deploy"},
}

READ = {
    "az ad app federated-credential list": ([{**PLAIN, "id": "x", "description": ""}], [trust(description="")]),
    "an empty list": ([], []),
    "az identity federated-credential list": (
        [{**PLAIN, "id": IDENTITY_ID, "resourceGroup": "g", "systemData": None, "type": "Microsoft.ManagedIdentity/x"}],
        [trust(application="deploy")],
    ),
    "what Azure Resource Manager answers": (
        {"value": [{"id": IDENTITY_ID, "name": "github", "properties": {**PLAIN, "name": None}}]},
        [trust(application="deploy")],
    ),
    "one credential of Graph": ({"@odata.context": "x", **PLAIN, "description": "d"}, [trust(description="d")]),
    "one with an expression": (FLEXIBLE, [flexible()]),
    "a collection of Graph, which says whose it is": (
        {
            "@odata.context": f"https://graph.microsoft.com/beta/$metadata#applications('{APP_ID}')/federatedIdentityCredentials",
            "value": [PLAIN, FLEXIBLE],
        },
        [trust(application=APP_ID), flexible(application=APP_ID)],
    ),
    "applications with what they trust": (
        {
            "value": [
                {"displayName": "one", "appId": APP_ID, "federatedIdentityCredentials": [PLAIN]},
                {"displayName": None, "appId": APP_ID, "federatedIdentityCredentials": [FLEXIBLE]},
                {"federatedIdentityCredentials": [PLAIN]},
            ]
        },
        [trust(application="one"), flexible(application=APP_ID), trust()],
    ),
    "one application": ({"displayName": "one", "federatedIdentityCredentials": [PLAIN]}, [trust(application="one")]),
    "what this authority says beyond Graph": (
        {
            **PLAIN,
            "accredit": {
                "enabled": False,
                "state": "disabled",
                "multiAudience": "listed",
                "listedAudiences": ["b"],
                "createdDateTime": "2026-11-01T00:00:00Z",
            },
        },
        [
            trust(
                enabled=False,
                multi_audience="listed",
                listed_audiences=("b",),
                created_at=datetime(2026, 11, 1, tzinfo=UTC),
            )
        ],
    ),
    "accredit credential list -o json": (
        [
            {
                **PLAIN,
                "isEnabled": False,
                "lastSignInDateTime": "2026-11-02T00:00:00Z",
                "createdDateTime": "2026-11-01T00:00:00Z",
            }
        ],
        [
            trust(
                enabled=False,
                last_used_at=datetime(2026, 11, 2, tzinfo=UTC),
                created_at=datetime(2026, 11, 1, tzinfo=UTC),
            )
        ],
    ),
    "a plan of Terraform": (plan(resource(), {"type": "random_id", "values": {}}), [trust()]),
    "a state of Terraform": (
        {"format_version": "1.0", "values": {"root_module": {"resources": [resource(description="d")]}}},
        [trust(description="d")],
    ),
    "a plan without anything": ({"format_version": "1.2", "planned_values": {}}, []),
    "a flexible credential": (
        plan(resource(FLEX, subject=..., audiences=..., audience=AUDIENCE, claims_matching_expression=EXPRESSION)),
        [flexible(name="github")],
    ),
    "a credential of a managed identity": (
        plan(
            resource(
                "azurerm_federated_identity_credential",
                name="github",
                audiences=...,
                audience=[AUDIENCE],
                parent_id="/x/deploy",
            )
        ),
        [trust(application="deploy")],
    ),
    "a data source is nobody's credential": (plan({**resource(), "mode": "data"}), []),
    "an application that exists, by its id": (plan(OWNED), [trust(application="1234")]),
    "and by its name, where the plan has read it": (
        plan(
            OWNED,
            prior_state={
                "values": {
                    "root_module": {
                        "resources": [
                            {
                                "address": "data.azuread_application.a",
                                "values": {"id": "/applications/1234", "object_id": "1234", "display_name": "deploy"},
                            }
                        ]
                    }
                }
            },
        ),
        [trust(application="deploy")],
    ),
    "an application that is planned": (
        plan(resource(), APPLICATION, configuration=REFERRED),
        [trust(application="deploy")],
    ),
    "one whose name is not known yet": (
        plan(resource(), configuration=REFERRED),
        [trust(application="azuread_application.app")],
    ),
    "credentials in modules, several of a kind": (
        {
            "format_version": "1.2",
            "planned_values": {
                "root_module": {
                    "child_modules": [
                        {
                            "address": 'module.deploy["a"]',
                            "resources": [
                                {
                                    **resource(),
                                    "address": f'module.deploy["a"].{KIND}[0]',
                                },
                                {**APPLICATION, "address": 'module.deploy["a"].azuread_application.app'},
                            ],
                        }
                    ]
                }
            },
            "configuration": IN_MODULE,
        },
        [trust(application="deploy")],
    ),
    "a template": (template(arm()), [trust(application="deploy")]),
    "a template with symbolic names": (
        template(resources={"fic": arm(), "app": {"type": "Microsoft.Graph/applications@v1.0"}}, languageVersion="2.0"),
        [trust(application="deploy")],
    ),
    "a template without its schema": (
        {"contentVersion": "1.0.0.0", "resources": [{**arm(name=...), "name": "deploy/github"}]},
        [trust(application="deploy")],
    ),
    "a credential of a managed identity in a template": (
        template(
            {
                "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
                "apiVersion": "2025-01-31-preview",
                "name": "[format('{0}/{1}', 'deploy', 'github')]",
                "properties": {"issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE]},
            }
        ),
        [trust(application="deploy")],
    ),
    "parameters with defaults, variables, members, text that looks like an expression": (
        template(
            arm(
                name="[concat(parameters('app'), '/', variables('names').all[0])]",
                subject="[format('repo:{0}:{1}{{}}', parameters('it''s'), -7)]",
                audiences="[parameters('audiences')]",
                issuer="[variables('issuer')]",
                description="[[no expression]",
            ),
            parameters={
                "app": {"type": "string", "defaultValue": "deploy"},
                "it's": {"type": "string", "defaultValue": "[parameters('app')]"},
                "audiences": {"type": "array", "defaultValue": [AUDIENCE]},
            },
            variables={"names": {"all": ["github"]}, "issuer": ISSUER},
        ),
        [trust(application="deploy", subject="repo:deploy:-7{}", description="[no expression]")],
    ),
    "a name that refers to the application": (
        template(
            resources={
                "app": {"type": "Microsoft.Graph/applications@v1.0", "properties": {"uniqueName": "deploy"}},
                "fic": arm(name="[format('{0}/github', reference('app').uniqueName)]"),
            }
        ),
        [trust(application="deploy")],
    ),
    "a name that only a deployment knows: what refers to it tells it apart": (
        template(
            {**arm(name="[format('{0}/github', parameters('app'))]"), "dependsOn": ["app"]},
            parameters={"app": {"type": "string"}},
        ),
        [trust(application="app")],
    ),
    "nothing but its symbol": (
        template(resources={"github": arm(name="[parameters('x')]")}, parameters={}),
        [trust()],
    ),
    "an expression in a template": (
        template(
            arm(
                name="deploy/all",
                subject=None,
                claimsMatchingExpression={"value": "[parameters('e')]", "languageVersion": 1},
            ),
            parameters={"e": {"type": "string", "defaultValue": EXPRESSION}},
        ),
        [flexible(application="deploy")],
    ),
    "a module, and what it is given": (
        template(
            module(
                template(
                    arm(subject="[parameters('subject')]", name="[parameters('unknown')]"),
                    parameters={"subject": {"type": "string"}},
                ),
                subject={"value": "[variables('s')]"},
                unknown={"value": "[deployment().name]"},
                secret={"reference": {}},
            ),
            variables={"s": SUBJECT},
        ),
        [trust(name="")],
    ),
    "a module of an old kind": (template(module(template(arm()), scope="outer")), [trust(application="deploy")]),
    "PowerShell's mark": ("\ufeff" + json.dumps([PLAIN]), [trust()]),
    "our own YAML": (
        """
        # what deploy-bot trusts
        accredit: trusts
        version: 1
        applications:
          - application: deploy-bot
            credentials:
              - name: github
                issuer: https://token.actions.githubusercontent.com
                subject: repo:octo-org@1/octo-repo@2:environment:production
                audience: api://AzureADTokenExchange
              - {name: all, issuer: 'https://token.actions.githubusercontent.com', audiences: [a, "b"],
                 expression: "claims['sub'] eq 'x'", languageVersion: 2, enabled: false, description: ~,
                 multiAudience: listed, listedAudiences: [c], preset: github_actions@1}
          - application: empty
        """,
        [
            trust(application="deploy-bot"),
            flexible(
                application="deploy-bot",
                expression="claims['sub'] eq 'x'",
                language_version=2,
                audiences=("a", "b"),
                enabled=False,
                multi_audience="listed",
                listed_audiences=("c",),
                preset="github_actions@1",
            ),
        ],
    ),
    "a list of Graph as YAML, as -o yaml prints it": (
        f"- name: github\n  issuer: {ISSUER}\n  subject: {SUBJECT}\n  audiences:\n  - {AUDIENCE}\n  isEnabled: true\n",
        [trust()],
    ),
}


def text_of(document: Any) -> str:
    return dedent(document) if isinstance(document, str) else json.dumps(document, indent=1)


@every("case", READ)
def test_reads(case):
    document, expected = READ[case]
    found = read(text_of(document), "f.json")
    assert [(each.application, each.name) for each in found.trusts] == [(e.application, e.name) for e in expected]
    for each, meant in zip(found.trusts, expected, strict=True):
        assert each.source.startswith("f.json:")
        assert (
            WrittenTrust(**{name: getattr(each, name) for name in each.__struct_fields__ if name != "source"}) == meant
        )
    assert not found.notes


APPLY = "is known only after it is applied, so that this trust was not read"
DEPLOY = "this trust was not read"
GROWING = {f"v{n}": f"[concat(variables('v{n + 1}'), variables('v{n + 1}'))]" for n in range(14)} | {"v14": "xx"}
NOTED = {
    "Graph 1.0 shows no expression": (
        [{**PLAIN, "subject": None}],
        f"f /0: {NEITHER}",
    ),
    "an application alone": (
        {"value": [{"appId": APP_ID}]},
        f"f /value/0: {NOT_EXPANDED}",
    ),
    "a page": (
        {"value": [], "@odata.nextLink": "https://x"},
        "f: there are more pages, which this document does not hold",
    ),
    "an issuer that is made by the plan": (
        plan(resource(issuer=...)),
        f"f /planned_values/root_module/resources/0: {KIND}: issuer {APPLY}",
    ),
    "a subject that is": (
        plan(resource(subject=...)),
        f"f /planned_values/root_module/resources/0: {KIND}: subject {APPLY}",
    ),
    "an audience that is": (
        plan(resource(audiences=...)),
        f"f /planned_values/root_module/resources/0: {KIND}: audiences {APPLY}",
    ),
    "a parameter": (
        template(arm(subject="[parameters('s')]"), parameters={"s": {"type": "string"}}),
        f"f /resources/0: subject is only known when it is deployed, for the parameter s: {DEPLOY}",
    ),
    "a parameter that is not declared": (
        template(arm(subject="[parameters('s')]")),
        f"f /resources/0: subject is only known when it is deployed, for the parameter s: {DEPLOY}",
    ),
    "a variable that is not declared": (
        template(arm(issuer="[variables('s')]")),
        f"f /resources/0: issuer is only known when it is deployed, for the variable s: {DEPLOY}",
    ),
    "a resource": (
        template(arm(issuer="[reference('aks').issuer]")),
        f"f /resources/0: issuer is only known when it is deployed, for the resource aks: {DEPLOY}",
    ),
    "a resource that has another member": (
        template(resources={"aks": {"type": "x", "properties": {}}, "f": arm(issuer="[reference('aks').issuer]")}),
        f"f /resources/f: issuer is only known when it is deployed, for the member 'issuer' of something: {DEPLOY}",
    ),
    "an element that a list has not": (
        template(arm(issuer="[variables('l')[1]]"), variables={"l": ["x"]}),
        f"f /resources/0: issuer is only known when it is deployed, for the member 1 of something: {DEPLOY}",
    ),
    "a function": (
        template(arm(audiences=["[uniqueString('x', resourceGroup().id)]"])),
        f"f /resources/0: audiences is only known when it is deployed, for resourceGroup(): {DEPLOY}",
    ),
    "a loop": (
        template({**arm(), "copy": {"name": "each", "count": 3}}),
        "f /resources/0: it is made in a loop (copy), and only a deployment knows how often: it was not read",
    ),
    "references that grow": (
        template(arm(subject="[variables('v0')]"), variables=GROWING),
        f"f /resources/0: subject is only known when it is deployed, for an expression that is too large: {DEPLOY}",
    ),
    "a format that grows": (
        template(arm(subject=f"[format('{'{0}' * 30}', '{'x' * 999}')]")),
        f"f /resources/0: subject is only known when it is deployed, for an expression that is too large: {DEPLOY}",
    ),
    "a loop of references": (
        template(arm(subject="[variables('a')]"), variables={"a": "[variables('a')]"}),
        f"f /resources/0: subject is only known when it is deployed, for an expression that is too large: {DEPLOY}",
    ),
}
NOT_READ = {
    "[]": "its end",
    "[concat('a' 'b')]": "\"'b'\"",
    "[concat('a',]": "its end",
    "[concat]": "'concat'",
    "[format('{1}', 'a')]": "a format with too few values",
    "[concat(variables('l'))]": "a value that is not text",
    "[concat(true)]": "'true'",
    "['a' 'b']": "\"'b'\"",
    "['a'.]": "its end",
    "[variables('l')[0)]": "')'",
    "[variables('l')['a]": '"\'a"',
    "[~]": "'~'",
    f"[{'concat(' * 30}'a'{')' * 30}]": "'concat'",
    f"[concat('{'a' * 25_000}')]": "too large",
    "[)]": "')'",
}


@every("case", NOTED)
def test_what_was_not_read_is_told(case):
    document, expected = NOTED[case]
    found = read(text_of(document), "f")
    assert found.notes == (expected,)
    assert not found.trusts


@every("expression", NOT_READ)
def test_expressions_that_are_none_are_told(expression):
    document = template(arm(subject=expression if expression.endswith("]") else expression + "]"), variables={"l": []})
    found = read(json.dumps(document), "f")
    assert len(found.notes) == 1
    assert NOT_READ[expression] in found.notes[0]


OURS = {"accredit": "trusts", "version": 1}
REFUSED = {
    "nothing": ("", "the document: nothing that trusts are read from"),
    "text": ("hello", "the document: nothing that trusts are read from"),
    "another object": ({"a": 1}, "the document: nothing that trusts are read from"),
    "a raw state": ({"version": 4, "terraform_version": "1", "resources": []}, "terraform show -json"),
    "broken JSON": ("{", "not JSON"),
    "a member twice": ('{"issuer": "a", "issuer": "b"}', "the member 'issuer' occurs twice"),
    "JSON that is nested too deep": ("[" * 65 + "]" * 65, "nested deeper than 64"),
    "YAML that is nested too deep": ("- " + "[" * 64 + "]" * 64, "line 1: nested deeper than 64"),
    "YAML with an alias": ("a: &x 1\nb: *x", "line 1: an anchor (&name)"),
    "YAML with an alias of nothing": ("- *x", "line 1: an alias (*name)"),
    "a bomb": ("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", "line 1: an anchor (&name)"),
    "YAML with a tag": ("!!python/object/apply:os.system ['x']", "line 1: a tag (!name)"),
    "YAML with a member twice": ("a: 1\na: 2", "line 2: the member 'a' occurs twice"),
    "YAML with a name that is a list": ("? [a]\n: 1", "line 1: a name that is not text"),
    "two documents": ("--- 1\n--- 2", "line 2: a second document"),
    "broken YAML": ("a: 'b", "line 1: not YAML: found unexpected end of stream"),
    "YAML with a character that it has no place for": ("a: \x00", "not YAML"),
    "a lone surrogate": ('"\ud800"', "text that has no form in UTF-8"),
    "too much": ("[" + " " * LARGEST, f"larger than {LARGEST} octets"),
    "an issuer that is missing": ([{"name": "n", "subject": "s"}], "/0/issuer: it is missing"),
    "an issuer that is a number": ([{**PLAIN, "issuer": 1}], "/0/issuer: it must be text"),
    "audiences that are text": ([{**PLAIN, "audiences": AUDIENCE}], "/0/audiences: it must be a list"),
    "an audience that is an object": ([{**PLAIN, "audiences": [{}]}], "/0/audiences/0: it must be text"),
    "an element that is text": (["x"], "/0: it must be an object"),
    "a language version that is true": (
        [{**FLEXIBLE, "claimsMatchingExpression": {"value": "x", "languageVersion": True}}],
        "/0/claimsMatchingExpression/languageVersion: it must be a number",
    ),
    "a language version that is text": (
        [{**FLEXIBLE, "claimsMatchingExpression": {"value": "x", "languageVersion": "1"}}],
        "/0/claimsMatchingExpression/languageVersion: it must be a number",
    ),
    "a switch that is text": ([{**PLAIN, "isEnabled": "no"}], "/0/isEnabled: it must be true or false"),
    "a time that is none": ([{**PLAIN, "createdDateTime": "yesterday"}], "/0/createdDateTime: it must be a time"),
    "a time without an offset": ([{**PLAIN, "createdDateTime": "2026-01-01"}], "/0/createdDateTime: it must be a time"),
    "another rule": (
        [{**PLAIN, "accredit": {"multiAudience": "x"}}],
        "/0/accredit/multiAudience: it must be contained",
    ),
    "a name that a pointer escapes": (
        template(resources={"a/b~c": {"type": 1}}),
        "/resources/a~1b~0c/type: it must be text",
    ),
    "a template whose module loops": (
        template(resources={"m": module(template(resources="x"))}),
        "/resources/m/properties/template/resources: it must be a list",
    ),
    "a member that we do not have": (
        {**OURS, "applications": [{"application": "a", "credentials": [{"name": "n", "issuer": "i", "owner": "x"}]}]},
        "/applications/0/credentials/0: object contains unknown field `owner`",
    ),
    "another version": ({"accredit": "trusts", "version": 2}, "/version: invalid enum value 2"),
    "audience twice": (
        {
            **OURS,
            "applications": [
                {"application": "", "credentials": [{"name": "n", "issuer": "i", "audience": "a", "audiences": ["b"]}]}
            ],
        },
        "/applications/0/credentials/0: audience and audiences say two different things",
    ),
    "ours with the wrong type inside": (
        {
            **OURS,
            "applications": [
                {"application": "", "credentials": [{"name": "n", "issuer": "i", "listedAudiences": [1]}]}
            ],
        },
        "/applications/0/credentials/0/listedAudiences/0: expected `str`, got `int`",
    ),
}


@every("case", REFUSED)
def test_refuses_with_the_place(case):
    document, expected = REFUSED[case]
    with pytest.raises(Refused) as caught:
        read(text_of(document), "trusts.json")
    assert caught.value.row.name == "INPUT_INVALID"
    assert caught.value.message.startswith("trusts.json is not valid: ")
    assert expected in caught.value.message


def test_more_than_anybody_writes_down_is_refused(monkeypatch):
    monkeypatch.setattr(reading_node, "MOST", 3)
    assert len(read(json.dumps([PLAIN] * 3), "f").trusts) == 3
    with pytest.raises(Refused, match="/3: more than 3 trusts; divide the document"):
        read(json.dumps([PLAIN] * 4), "f")


def test_what_is_evaluated_is_bounded(monkeypatch):
    """Each of 20 variables refers three times to the next one, and nothing comes of it but work."""
    monkeypatch.setattr("accredit.interop.files.arm._Work", lambda: _Work(1_000))
    grows = {f"v{n}": [f"[variables('v{n + 1}')]"] * 3 for n in range(20)}
    document = template(arm(audiences="[variables('v0')]"), arm(), variables={**grows, "v20": []})
    (note, second) = read(json.dumps(document), "f").notes
    assert "for more values than anybody reads" in note
    assert "for more values than anybody reads" in second


def test_yaml_is_bounded_while_it_is_read(monkeypatch):
    monkeypatch.setattr("accredit.interop.files.yamltext.MOST_EVENTS", 20)
    with pytest.raises(Refused, match="more values than anybody writes down"):
        read("- a\n" * 20, "f")


def test_the_line_is_that_of_the_trust():
    """Also where text holds what looks like JSON, and where names repeat."""
    first = {**PLAIN, "description": '"x": [{\n'}
    text = json.dumps({"@odata.context": "x", "value": [first, FLEXIBLE]}, indent=1)
    found = read(text, "f")
    lines = text.split("\n")
    for each in found.trusts:
        number = int(each.source.removeprefix("f:"))
        assert lines[number - 1] == "  {"
        assert each.name in lines[number]
    assert len({each.source for each in found.trusts}) == 2
