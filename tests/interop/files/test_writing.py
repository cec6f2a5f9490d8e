"""What each form looks like, and what is left out because Microsoft Entra ID would not take it."""

import json

from inline_snapshot import snapshot
from msgspec.structs import replace

from accredit.interop.files import read, write
from accredit.interop.files.quoting import identifiers
from accredit.trust import MOST
from accredit.trust.written import WrittenTrust
from tests.support.every import every

EXACT = WrittenTrust(
    name="github-production",
    issuer="https://token.actions.githubusercontent.com",
    subject="repo:octo-org@1/octo-repo@2:environment:production",
    audiences=("api://AzureADTokenExchange",),
    description="Deployments",
    application="deploy-bot",
)
FLEXIBLE = replace(
    EXACT,
    name="github-branches",
    subject=None,
    expression="claims['sub'] matches 'repo:octo-org@1/octo-repo@2:ref:*' and claims['repository_id'] eq '2'",
    description=None,
)
UNNAMED = replace(EXACT, application="", description=None)


def test_our_yaml():
    off = replace(EXACT, name="old", enabled=False, audiences=("a", "b"), description="a\nb: \u202e")
    assert write([EXACT, replace(FLEXIBLE, language_version=2), off], "yaml").text == snapshot("""\
accredit: trusts
version: 1
applications:
  - application: "deploy-bot"
    credentials:
      - name: "github-production"
        issuer: "https://token.actions.githubusercontent.com"
        subject: "repo:octo-org@1/octo-repo@2:environment:production"
        audience: "api://AzureADTokenExchange"
        description: "Deployments"
      - name: "github-branches"
        issuer: "https://token.actions.githubusercontent.com"
        expression: "claims['sub'] matches 'repo:octo-org@1/octo-repo@2:ref:*' and claims['repository_id'] eq '2'"
        languageVersion: 2
        audience: "api://AzureADTokenExchange"
      - name: "old"
        issuer: "https://token.actions.githubusercontent.com"
        subject: "repo:octo-org@1/octo-repo@2:environment:production"
        audiences:
          - "a"
          - "b"
        description: "a\\U0000000ab: \\U0000202e"
        enabled: false
""")


def test_terraform():
    assert write([EXACT, FLEXIBLE], "terraform").text == snapshot("""\
data "azuread_application" "deploy_bot" {
  display_name = "deploy-bot"
}

resource "azuread_application_federated_identity_credential" "deploy_bot_github_production" {
  application_id = data.azuread_application.deploy_bot.id
  display_name   = "github-production"
  issuer         = "https://token.actions.githubusercontent.com"
  audiences      = ["api://AzureADTokenExchange"]
  subject        = "repo:octo-org@1/octo-repo@2:environment:production"
  description    = "Deployments"
}

resource "azuread_application_flexible_federated_identity_credential" "deploy_bot_github_branches" {
  application_id             = data.azuread_application.deploy_bot.id
  display_name               = "github-branches"
  issuer                     = "https://token.actions.githubusercontent.com"
  audience                   = "api://AzureADTokenExchange"
  claims_matching_expression = "claims['sub'] matches 'repo:octo-org@1/octo-repo@2:ref:*' and claims['repository_id'] eq '2'"
}
""")  # noqa: E501
    assert write([UNNAMED], "terraform").text == snapshot("""\
variable "application_id" {
  type        = string
  description = "The application that trusts them, as azuread names it: /applications/<object id>."
}

resource "azuread_application_federated_identity_credential" "github_production" {
  application_id = var.application_id
  display_name   = "github-production"
  issuer         = "https://token.actions.githubusercontent.com"
  audiences      = ["api://AzureADTokenExchange"]
  subject        = "repo:octo-org@1/octo-repo@2:environment:production"
}
""")


def test_bicep():
    assert write([EXACT, FLEXIBLE], "bicep").text == snapshot("""\
// The part of each name before the slash is the uniqueName of an application.
extension microsoftGraphBeta
extension microsoftGraphV1

resource deploy_bot_github_production 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: 'deploy-bot/github-production'
  issuer: 'https://token.actions.githubusercontent.com'
  subject: 'repo:octo-org@1/octo-repo@2:environment:production'
  description: 'Deployments'
  audiences: [
    'api://AzureADTokenExchange'
  ]
}

resource deploy_bot_github_branches 'Microsoft.Graph/applications/federatedIdentityCredentials@beta' = {
  name: 'deploy-bot/github-branches'
  issuer: 'https://token.actions.githubusercontent.com'
  claimsMatchingExpression: {
    value: 'claims[\\'sub\\'] matches \\'repo:octo-org@1/octo-repo@2:ref:*\\' and claims[\\'repository_id\\'] eq \\'2\\''
    languageVersion: 1
  }
  audiences: [
    'api://AzureADTokenExchange'
  ]
}
""")  # noqa: E501
    assert write([UNNAMED], "bicep").text == snapshot("""\
// The part of each name before the slash is the uniqueName of an application.
extension microsoftGraphV1

@description('The uniqueName of the application that trusts them.')
param application string

resource github_production 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${application}/github-production'
  issuer: 'https://token.actions.githubusercontent.com'
  subject: 'repo:octo-org@1/octo-repo@2:environment:production'
  audiences: [
    'api://AzureADTokenExchange'
  ]
}
""")


def test_az():
    assert write([EXACT, FLEXIBLE], "az").text == snapshot("""\
set -eu

app=$(az ad app list --filter 'displayName eq '"'"'deploy-bot'"'"'' --query '[].appId' --output tsv)
[ "${#app}" -eq 36 ] || { echo "not exactly one application has this name" >&2; exit 1; }
az ad app federated-credential create --id "$app" --parameters '{"name": "github-production", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:octo-org@1/octo-repo@2:environment:production", "description": "Deployments", "audiences": ["api://AzureADTokenExchange"]}'
az rest --method post --url "https://graph.microsoft.com/beta/applications(appId='$app')/federatedIdentityCredentials" --headers Content-Type=application/json --body '{"name": "github-branches", "issuer": "https://token.actions.githubusercontent.com", "subject": null, "claimsMatchingExpression": {"value": "claims['"'"'sub'"'"'] matches '"'"'repo:octo-org@1/octo-repo@2:ref:*'"'"' and claims['"'"'repository_id'"'"'] eq '"'"'2'"'"'", "languageVersion": 1}, "audiences": ["api://AzureADTokenExchange"]}'
""")  # noqa: E501
    named = replace(UNNAMED, application="11111111-2222-4333-8444-555555555555")
    assert write([UNNAMED, named], "az").text == snapshot("""\
set -eu

app="${APP_ID:?the client id of the application}"
az ad app federated-credential create --id "$app" --parameters '{"name": "github-production", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:octo-org@1/octo-repo@2:environment:production", "audiences": ["api://AzureADTokenExchange"]}'

app=11111111-2222-4333-8444-555555555555
az ad app federated-credential create --id "$app" --parameters '{"name": "github-production", "issuer": "https://token.actions.githubusercontent.com", "subject": "repo:octo-org@1/octo-repo@2:environment:production", "audiences": ["api://AzureADTokenExchange"]}'
""")  # noqa: E501


def test_graph():
    assert json.loads(write([EXACT, FLEXIBLE], "graph").text) == snapshot(
        {
            "value": [
                {
                    "displayName": "deploy-bot",
                    "federatedIdentityCredentials": [
                        {
                            "name": "github-production",
                            "issuer": "https://token.actions.githubusercontent.com",
                            "subject": "repo:octo-org@1/octo-repo@2:environment:production",
                            "description": "Deployments",
                            "audiences": ["api://AzureADTokenExchange"],
                        },
                        {
                            "name": "github-branches",
                            "issuer": "https://token.actions.githubusercontent.com",
                            "subject": None,
                            "claimsMatchingExpression": {
                                "value": FLEXIBLE.expression,
                                "languageVersion": 1,
                            },
                            "audiences": ["api://AzureADTokenExchange"],
                        },
                    ],
                }
            ]
        }
    )


def test_arm():
    assert json.loads(write([FLEXIBLE, UNNAMED], "arm").text) == snapshot(
        {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "languageVersion": "2.0",
            "contentVersion": "1.0.0.0",
            "imports": {
                "microsoftGraphBeta": {"provider": "MicrosoftGraphBeta", "version": "1.0.0"},
                "microsoftGraphV1": {"provider": "MicrosoftGraph", "version": "1.0.0"},
            },
            "parameters": {"application": {"type": "string"}},
            "resources": {
                "deploy_bot_github_branches": {
                    "import": "microsoftGraphBeta",
                    "type": "Microsoft.Graph/applications/federatedIdentityCredentials@beta",
                    "properties": {
                        "name": "deploy-bot/github-branches",
                        "issuer": "https://token.actions.githubusercontent.com",
                        "claimsMatchingExpression": {
                            "value": FLEXIBLE.expression,
                            "languageVersion": 1,
                        },
                        "audiences": ["api://AzureADTokenExchange"],
                    },
                },
                "github_production": {
                    "import": "microsoftGraphV1",
                    "type": "Microsoft.Graph/applications/federatedIdentityCredentials@v1.0",
                    "properties": {
                        "name": "[format('{0}/github-production', parameters('application'))]",
                        "issuer": "https://token.actions.githubusercontent.com",
                        "subject": "repo:octo-org@1/octo-repo@2:environment:production",
                        "audiences": ["api://AzureADTokenExchange"],
                    },
                },
            },
        }
    )


LEFT_OUT = {
    "what is switched off": (replace(EXACT, enabled=False), "it is disabled, and Entra ID would trust it at once"),
    "a rule for several audiences": (
        replace(EXACT, multi_audience="refuse"),
        "its rule for tokens with several audiences",
    ),
    "an issuer that is plain text": (replace(EXACT, issuer="our-cluster"), "Entra ID would refuse it"),
    "two audiences": (replace(EXACT, audiences=("a", "b")), "2 audiences were given"),
    "a name": (replace(EXACT, name="a b"), "Entra ID would refuse it"),
    "neither subject nor expression": (replace(EXACT, subject=None), "Entra ID would refuse it"),
    "a subject that is too long": (replace(EXACT, subject="x" * 601), "601 characters"),
    "an expression on another issuer": (replace(FLEXIBLE, issuer="https://issuer.example"), "Entra ID would refuse it"),
    "an expression that cannot be read": (replace(FLEXIBLE, expression="x"), "Entra ID would refuse it"),
    "version 2, unreadable": (replace(FLEXIBLE, expression="x", language_version=2), "left out"),
    "another version": (replace(FLEXIBLE, language_version=3), "left out"),
}


@every("case", LEFT_OUT)
@every("form", ["graph", "az", "bicep", "arm", "terraform"])
def test_leaves_out_what_entra_would_refuse(case, form):
    trust, why = LEFT_OUT[case]
    document = write([trust, UNNAMED], form)
    assert len(document.notes) == 1
    assert document.notes[0].startswith(f"deploy-bot / {trust.name} is left out: ")
    assert why in document.notes[0]
    assert trust.issuer == EXACT.issuer or trust.issuer not in document.text
    assert UNNAMED.subject in document.text


def test_an_application_has_twenty_in_entra():
    many = [replace(EXACT, name=f"name-{n}", subject=f"s{n}") for n in range(MOST + 2)]
    document = write([*many, UNNAMED], "graph")
    assert [each.partition(":")[0] for each in document.notes] == [
        f"deploy-bot / name-{n} is left out" for n in range(MOST, MOST + 2)
    ]
    assert len(read(document.text, "f").trusts) == MOST + 1


def test_identifiers_differ():
    given = ["a b", "a-b", "a_b_1", "A B", "1", "", "é", "a b 1"]
    found = identifiers(given)
    assert len(set(found)) == len(given)
    assert found[:2] == ["a_b", "a_b_2"]
    assert all(each.isidentifier() for each in found)


VERSION_2 = {
    "a pattern that crosses delimiters on purpose": (
        "claims['sub'] matches 'repo:o@1/**' and claims['repository_id'] eq '2'",
        ["claims['sub'] matches 'repo:o@1/*' and claims['repository_id'] eq '2'"],
    ),
    "one of several": (
        "claims['sub'] matches 'repo:o@1/**' and claims['repository_id'] in ['2', '3']",
        [
            "claims['sub'] matches 'repo:o@1/*' and claims['repository_id'] eq '2'",
            "claims['sub'] matches 'repo:o@1/*' and claims['repository_id'] eq '3'",
        ],
    ),
    "a wildcard that Entra ID has a wider one of": (
        "claims['sub'] matches 'repo:o@1/*' and claims['repository_id'] eq '2'",
        [],
    ),
    "a member of a claim": ("claims['a']['b'] eq 'c'", []),
}


@every("case", VERSION_2)
def test_version_2_of_the_language_goes_to_entra_as_narrow_as_it_is_or_not_at_all(case):
    text, expected = VERSION_2[case]
    document = write([replace(FLEXIBLE, name="two", expression=text, language_version=2)], "graph")
    found = read(document.text, "f").trusts
    assert [each.expression for each in found] == expected
    assert [each.name for each in found] == (
        [f"two-{n + 1}" for n in range(len(expected))] if expected[1:] else ["two"][: len(expected)]
    )
    said = " ".join(document.notes)
    assert bool(said) == (len(expected) != 1)
    assert ("becomes 2 credentials" in said) == (len(expected) == 2)
    assert ("cannot say it as narrowly" in said) == (not expected)
