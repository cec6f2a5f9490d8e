"""What people see: tables at 80 and 120 columns, with and without colour."""

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import steady

TABLES = {
    "tenants": (
        ("tenant", "list"),
        snapshot("""\
Domain        Tenant ID                             Name     Portability
contoso.test  acc7ed17-0000-4000-8000-000000000001  Contoso  entra
"""),
        snapshot("""\
Domain        Tenant ID                             Name     Portability
contoso.test  acc7ed17-0000-4000-8000-000000000001  Contoso  entra
"""),
    ),
    "a tenant": (
        ("tenant", "show"),
        snapshot("""\
  name                   Contoso
  id                     acc7ed17-0000-4000-8000-000000000001
  domains                contoso.test
  portability            entra
  several audiences      contained
  token lifetime (s)     3600
  trust changes          entra
  allowed issuers        every one
  allowed algorithms     every one
  longest assertion (s)  any
  ids demanded           off
  lint errors            warn
  created                2026-11-23 12:34:56Z
"""),
        snapshot("""\
  name                   Contoso
  id                     acc7ed17-0000-4000-8000-000000000001
  domains                contoso.test
  portability            entra
  several audiences      contained
  token lifetime (s)     3600
  trust changes          entra
  allowed issuers        every one
  allowed algorithms     every one
  longest assertion (s)  any
  ids demanded           off
  lint errors            warn
  created                2026-11-23 12:34:56Z
"""),
    ),
    "applications": (
        ("app", "list"),
        snapshot("""\
Name            Application (client) ID               Identifier URIs
accredit-admin  acc7ed17-0000-4000-8000-000000000002
deploy-bot      acc7ed17-0000-4000-8000-000000000003
Orders API      acc7ed17-0000-4000-8000-000000000004  api://orders
"""),
        snapshot("""\
Name            Application (client) ID               Identifier URIs
accredit-admin  acc7ed17-0000-4000-8000-000000000002
deploy-bot      acc7ed17-0000-4000-8000-000000000003
Orders API      acc7ed17-0000-4000-8000-000000000004  api://orders
"""),
    ),
    "an application": (
        ("app", "show", "Orders API"),
        snapshot("""\
  name                Orders API
  appId               acc7ed17-0000-4000-8000-000000000004
  id                  acc7ed17-8de5-54a4-b089-879c359ce5d4
  identifier URIs     api://orders
  token version       2
  tokens signed with  RS256
  public client       no
  disabled            no
  created             2026-11-23 12:34:56Z
"""),
        snapshot("""\
  name                Orders API
  appId               acc7ed17-0000-4000-8000-000000000004
  id                  acc7ed17-8de5-54a4-b089-879c359ce5d4
  identifier URIs     api://orders
  token version       2
  tokens signed with  RS256
  public client       no
  disabled            no
  created             2026-11-23 12:34:56Z
"""),
    ),
    "app roles": (
        ("app", "role", "list", "api://orders"),
        snapshot("""\
Value            Role ID                               Name             Enabled
Orders.Read.All  acc7ed17-462d-5f1c-9e4d-b315c0a9d92c  Read all orders  yes
"""),
        snapshot("""\
Value            Role ID                               Name             Enabled
Orders.Read.All  acc7ed17-462d-5f1c-9e4d-b315c0a9d92c  Read all orders  yes
"""),
    ),
    "a service principal": (
        ("sp", "show", "api://orders"),
        snapshot("""\
  name                 Orders API
  appId                acc7ed17-0000-4000-8000-000000000004
  id                   acc7ed17-1545-56e8-b444-bee9578bbb12
  enabled              yes
  assignment required  no
  names                acc7ed17-0000-4000-8000-000000000004
                       api://orders
  owner tenant         acc7ed17-0000-4000-8000-000000000001
  created              2026-11-23 12:34:56Z
"""),
        snapshot("""\
  name                 Orders API
  appId                acc7ed17-0000-4000-8000-000000000004
  id                   acc7ed17-1545-56e8-b444-bee9578bbb12
  enabled              yes
  assignment required  no
  names                acc7ed17-0000-4000-8000-000000000004
                       api://orders
  owner tenant         acc7ed17-0000-4000-8000-000000000001
  created              2026-11-23 12:34:56Z
"""),
    ),
    "permissions": (
        ("permission", "list", "deploy-bot"),
        snapshot("""\
API                                     Role
  Role ID
Microsoft Graph                         Application.Read.All
  9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30
Orders API                              Orders.Read.All
  acc7ed17-462d-5f1c-9e4d-b315c0a9d92c
Verifiable Credentials Service Request  VerifiableCredential.Create.All
  ffbf7bd4-e756-5ad6-8f77-5c684754e34d
"""),
        snapshot("""\
API                                     Role                             Role ID
Microsoft Graph                         Application.Read.All             9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30
Orders API                              Orders.Read.All                  acc7ed17-462d-5f1c-9e4d-b315c0a9d92c
Verifiable Credentials Service Request  VerifiableCredential.Create.All  ffbf7bd4-e756-5ad6-8f77-5c684754e34d
"""),
    ),
    "a credential": (
        ("credential", "show", "deploy-bot", "github-production"),
        snapshot("""\
  name       github-production
  id         acc7ed17-4346-5c93-8044-226e019691ce
  issuer     https://token.actions.githubusercontent.com
  subject    repo:octo-org@123456/octo-repo@456789:environment:production
  audience   api://AzureADTokenExchange
  preset     github_actions, immutable
  fields     org octo-org
             org_id 123456
             repo octo-repo
             repo_id 456789
             entity environment
             value production
  enabled    yes
  last used  2026-11-23 12:34:56Z
  created    2026-11-23 12:34:56Z
"""),
        snapshot("""\
  name       github-production
  id         acc7ed17-4346-5c93-8044-226e019691ce
  issuer     https://token.actions.githubusercontent.com
  subject    repo:octo-org@123456/octo-repo@456789:environment:production
  audience   api://AzureADTokenExchange
  preset     github_actions, immutable
  fields     org octo-org
             org_id 123456
             repo octo-repo
             repo_id 456789
             entity environment
             value production
  enabled    yes
  last used  2026-11-23 12:34:56Z
  created    2026-11-23 12:34:56Z
"""),
    ),
    "credentials": (
        ("credential", "list", "deploy-bot"),
        snapshot("""\
Name               Last used
  Subject or expression
  Issuer
github-production  2026-11-23 12:34:56Z
  repo:octo-org@123456/octo-repo@456789:environment:production
  https://token.actions.githubusercontent.com
"""),
        snapshot("""\
Name               Subject or expression                                         Last used
  Issuer
github-production  repo:octo-org@123456/octo-repo@456789:environment:production  2026-11-23 12:34:56Z
  https://token.actions.githubusercontent.com
"""),
    ),
    "secrets": (
        ("secret", "list", "accredit-admin"),
        snapshot("""\
Name           Hint  Ends                  Last used
  Key ID
emulator only  acc   2026-11-23 12:34:56Z  never
  acc7ed17-5e33-59c0-9a16-52d72565f9d3
"""),
        snapshot("""\
Key ID                                Name           Hint  Ends                  Last used
acc7ed17-5e33-59c0-9a16-52d72565f9d3  emulator only  acc   2026-11-23 12:34:56Z  never
"""),
    ),
    "no certificates": (
        ("certificate", "list", "deploy-bot"),
        snapshot("Key ID  Name  Thumbprint (SHA-1)  Ends  Last used\n"),
        snapshot("Key ID  Name  Thumbprint (SHA-1)  Ends  Last used\n"),
    ),
    "issuers": (
        ("issuer", "list"),
        snapshot("""\
Issuer                                       Keys from  Credentials  Blocked
https://token.actions.githubusercontent.com  discovery            1  no
"""),
        snapshot("""\
Issuer                                       Keys from  Credentials  Blocked
https://token.actions.githubusercontent.com  discovery            1  no
"""),
    ),
    "keys": (
        ("keys", "list"),
        snapshot("""\
Key ID                                Algorithm  State   Signs from
emulator-kkkkkkkkkkkkkkkkkkkkkkkkkkk  RS256      active  2026-11-23 12:34:56Z
emulator-kkkkkkkkkkkkkkkkkkkkkkkkkkk  ES256      active  2026-11-23 12:34:56Z
"""),
        snapshot("""\
Key ID                                Algorithm  State   Signs from
emulator-kkkkkkkkkkkkkkkkkkkkkkkkkkk  RS256      active  2026-11-23 12:34:56Z
emulator-kkkkkkkkkkkkkkkkkkkkkkkkkkk  ES256      active  2026-11-23 12:34:56Z
"""),
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_fits_into_its_columns(cli, monkeypatch, name):
    words, narrow, broad = TABLES[name]
    for columns, expected in ((80, narrow), (120, broad)):
        monkeypatch.setenv("COLUMNS", str(columns))
        ended = cli(*words)
        assert ended.code == 0, ended.err
        assert max(map(len, ended.out.splitlines())) <= columns
        assert steady(ended.out) == expected


def test_colour_only_adds_to_what_is_said(cli, monkeypatch):
    plain = cli("keys", "list").out
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    coloured = cli("keys", "list").out
    assert "\x1b[1mKey ID" in coloured
    assert coloured.replace("\x1b[1m", "").replace("\x1b[0m", "") == plain
    assert cli("keys", "list", "--no-color").out == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli("keys", "list").out == plain
