"""The JSON of a service principal, both ways, and what a body changes about one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit import errors
from accredit.directory import (
    Application,
    AppRole,
    Certificate,
    PrincipalRegistration,
    Registration,
    Secret,
    ServicePrincipal,
    wellknown,
)
from accredit.directory.registration import InformationalUrl, PermissionScope, Web
from accredit.errors import Refused
from accredit.interop.graph import principal as graph
from tests.support.every import every

BASE = "https://sts.contoso.test:8443"
AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TENANT = UUID(int=1)
ROLE = AppRole(id=UUID(int=5), value="Things.Read", display_name="Read")
SCOPE = PermissionScope(id=UUID(int=6), value="Things.Read")
APPLICATION = Application(
    id=UUID(int=2),
    tenant_id=TENANT,
    app_id=UUID(int=3),
    display_name="things",
    created_at=AT,
    description="of things",
    identifier_uris=("api://things",),
    app_roles=(ROLE,),
    disabled=True,
    registration=Registration(
        info=InformationalUrl(marketing_url="https://things.test"),
        web=Web(home_page_url="https://home.test", logout_url="https://out.test", redirect_uris=("https://web.test",)),
        spa_redirect_uris=("https://spa.test",),
        public_client_redirect_uris=("http://localhost",),
        permission_scopes=(SCOPE,),
        saml_metadata_url="https://saml.test",
        sign_in_audience="AzureADMultipleOrgs",
    ),
)
PLAIN = ServicePrincipal(
    id=UUID(int=0xABC),
    tenant_id=TENANT,
    app_id=APPLICATION.app_id,
    display_name="things",
    created_at=AT,
    application_id=APPLICATION.id,
)
KNOWN = wellknown.principals()["graph"]
MICROSOFTS = ServicePrincipal(
    id=UUID(int=0xDEF),
    tenant_id=TENANT,
    app_id=KNOWN.app_id,
    display_name=KNOWN.display_name,
    created_at=AT,
    owner_tenant_id=wellknown.owner_tenant(),
    names=KNOWN.names,
    app_roles=KNOWN.app_roles,
    token_version=1,
)
NAMES = """
id deletedDateTime accountEnabled alternativeNames appDescription appDisplayName appId applicationTemplateId
appOwnerOrganizationId appRoleAssignmentRequired appRoles createdByAppId createdDateTime customSecurityAttributes
description disabledByMicrosoftStatus displayName homepage info isDisabled keyCredentials loginUrl logoutUrl notes
notificationEmailAddresses oauth2PermissionScopes passwordCredentials preferredSingleSignOnMode
preferredTokenSigningKeyThumbprint replyUrls resourceSpecificApplicationPermissions samlSingleSignOnSettings
servicePrincipalNames servicePrincipalType signInAudience tags tokenEncryptionKeyId verifiedPublisher
"""


def write(of=PLAIN, application=APPLICATION, *, beta=False, **more):
    return graph.write(of, application, base=BASE, beta=beta, **more)


def changes(body, of=PLAIN, application=APPLICATION, *, beta=False):
    return graph.changes(body, of, application, base=BASE, beta=beta)


def test_every_member_stands_there_in_the_order_of_graph():
    names = NAMES.split()
    assert list(write()) == names
    assert list(write(beta=True)) == [*names, "samlMetadataUrl", "accredit"]


def test_what_an_application_says_is_shown_as_it_is_now():
    found = write(beta=True)
    assert found["appDescription"] == "of things"
    assert found["appDisplayName"] == "things"
    assert [each["value"] for each in found["appRoles"]] == ["Things.Read"]
    assert [each["value"] for each in found["oauth2PermissionScopes"]] == ["Things.Read"]
    assert found["servicePrincipalNames"] == [str(PLAIN.app_id), "api://things"]
    assert found["info"]["marketingUrl"] == "https://things.test"
    assert found["isDisabled"] is True
    assert found["signInAudience"] == "AzureADMultipleOrgs"
    assert found["samlMetadataUrl"] == "https://saml.test"
    assert found["homepage"] == "https://home.test"
    assert found["logoutUrl"] == "https://out.test"
    assert found["replyUrls"] == ["https://web.test", "https://spa.test", "http://localhost"]
    assert found["appOwnerOrganizationId"] == str(TENANT)
    assert found["accredit"] == {"applicationId": str(APPLICATION.id), "tokenVersion": None}


def test_addresses_of_its_own_come_first():
    own = PrincipalRegistration(homepage="", logout_url="https://own.test", reply_urls=("https://reply.test",))
    found = write(replace(PLAIN, registration=own))
    assert (found["homepage"], found["logoutUrl"]) == ("", "https://own.test")
    assert found["replyUrls"] == ["https://reply.test"]


def test_a_well_known_one_says_its_names_and_roles_itself():
    found = write(MICROSOFTS, None)
    assert found["servicePrincipalNames"] == [str(KNOWN.app_id), "https://graph.microsoft.com", BASE]
    assert found["appOwnerOrganizationId"] == str(wellknown.owner_tenant())
    assert "Application.Read.All" in {each["value"] for each in found["appRoles"]}
    assert (found["appDisplayName"], found["isDisabled"]) == ("Microsoft Graph", False)
    assert [(each["value"], each["id"], each["isEnabled"]) for each in found["oauth2PermissionScopes"]] == [
        ("User.Read", "e1fe6dd8-ba31-4d61-89e7-88639da4683d", True)
    ]


def test_settings_without_a_value_are_null():
    assert write()["samlSingleSignOnSettings"] is None
    own = replace(PLAIN, registration=PrincipalRegistration(saml_relay_state=""))
    assert write(own)["samlSingleSignOnSettings"] == {"relayState": ""}


def test_certificates_are_shown_to_who_asks_for_them():
    key = Certificate(key_id=UUID(int=8), der=b"der", thumbprint="AB", starts_at=AT, ends_at=AT)
    of = replace(PLAIN, certificates=(key,))
    assert write(of)["keyCredentials"][0]["key"] is None
    assert write(of, with_keys=True)["keyCredentials"][0]["key"] == "ZGVy"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LISTS = st.lists(TEXTS, max_size=3).map(tuple)
REGISTRATIONS = st.builds(
    PrincipalRegistration,
    **dict.fromkeys(("alternative_names", "tags", "reply_urls", "notification_email_addresses"), LISTS),
    **{
        name: st.none() | TEXTS
        for name in (
            "description",
            "notes",
            "homepage",
            "login_url",
            "logout_url",
            "preferred_single_sign_on_mode",
            "preferred_token_signing_key_thumbprint",
            "saml_relay_state",
            "token_encryption_key_id",
            "created_by_app_id",
        )
    },
)
SHOWN = Secret(key_id=UUID(int=7), salt=b"", digest=b"", hint="abc", starts_at=AT, ends_at=AT)
PRINCIPALS = st.builds(
    lambda application_id, **members: replace(PLAIN, application_id=application_id, **members),
    st.sampled_from([None, APPLICATION.id]),
    enabled=st.booleans(),
    assignment_required=st.booleans(),
    owner_tenant_id=st.uuids(),
    secrets=st.sampled_from([(), (SHOWN,)]),
    token_version=st.sampled_from([None, 1, 2]),
    registration=REGISTRATIONS,
)


@given(PRINCIPALS, st.lists(st.sampled_from(["https://a.test", "api://b"]), unique=True).map(tuple))
def test_what_beta_writes_is_read_as_it_was(of, names):
    of = of if of.application_id else replace(of, names=names, app_roles=(ROLE,))
    plain = replace(APPLICATION, registration=Registration()) if of.application_id else None
    assert graph.read(write(of, plain, beta=True), TENANT) == of


@given(PRINCIPALS)
def test_what_is_sent_back_as_it_was_shown_changes_nothing(of):
    shown = write(replace(of, secrets=()), APPLICATION if of.application_id else None, beta=True)
    del shown["keyCredentials"], shown["passwordCredentials"]
    assert changes(shown, replace(of, secrets=()), APPLICATION if of.application_id else None, beta=True) == {}


def changed(**members):
    return {"registration": PrincipalRegistration(**members)}


RELAYED = replace(PLAIN, registration=PrincipalRegistration(saml_relay_state="s"))
CHANGES = {
    "nothing": ({}, PLAIN, {}),
    "an annotation": ({"@odata.type": "#microsoft.graph.servicePrincipal", "owners@odata.bind": []}, PLAIN, {}),
    "disabling": ({"accountEnabled": False}, PLAIN, {"enabled": False}),
    "what is so": ({"accountEnabled": True, "appRoleAssignmentRequired": False, "notes": None}, PLAIN, {}),
    "an assignment that is demanded": ({"appRoleAssignmentRequired": True}, PLAIN, {"assignment_required": True}),
    "a text": ({"notes": "n"}, PLAIN, changed(notes="n")),
    "a text taken away": (
        {"notes": None},
        replace(PLAIN, registration=PrincipalRegistration(notes="n", description="d")),
        changed(description="d"),
    ),
    "a list": ({"tags": ["a", "b"]}, PLAIN, changed(tags=("a", "b"))),
    "no list": ({"tags": None}, replace(PLAIN, registration=PrincipalRegistration(tags=("a",))), changed()),
    "an address of its own": ({"homepage": "https://own.test"}, PLAIN, changed(homepage="https://own.test")),
    "the address that it follows": ({"homepage": "https://home.test"}, PLAIN, {}),
    "settings": ({"samlSingleSignOnSettings": {"relayState": "s"}}, PLAIN, changed(saml_relay_state="s")),
    "empty settings": ({"samlSingleSignOnSettings": {}}, PLAIN, {}),
    "empty settings where there are some": ({"samlSingleSignOnSettings": {}}, RELAYED, {}),
    "settings taken away": ({"samlSingleSignOnSettings": None}, RELAYED, changed()),
    "ids in capitals": ({"id": str(PLAIN.id).upper(), "appId": str(PLAIN.app_id).upper()}, PLAIN, {}),
    "its time of creation with an offset": ({"createdDateTime": "2026-11-23T15:00:00+01:00"}, PLAIN, {}),
    "its time of creation with a fraction": ({"createdDateTime": "2026-11-23T14:00:00.0000000Z"}, PLAIN, {}),
    "a publisher that nobody verified": ({"verifiedPublisher": None}, PLAIN, {}),
    "a publisher and addresses without members": ({"verifiedPublisher": {}, "info": {}}, PLAIN, {}),
    "the roles that its application offers": (
        {
            "appRoles": [
                {
                    "allowedMemberTypes": ["Application"],
                    "displayName": "Read",
                    "id": str(ROLE.id),
                    "value": "Things.Read",
                    "origin": "Application",
                }
            ]
        },
        PLAIN,
        {},
    ),
    "no certificates": ({"keyCredentials": []}, PLAIN, {"certificates": ()}),
    "certificates that are null": ({"keyCredentials": None, "passwordCredentials": None}, PLAIN, {}),
    "a secret that stays": (
        {"passwordCredentials": [{"keyId": str(SHOWN.key_id)}]},
        PLAIN,
        {"secrets": (SHOWN.key_id,)},
    ),
}


@every("sentence", CHANGES)
def test_a_body_changes(sentence):
    body, of, expected = CHANGES[sentence]
    assert changes(body, of) == expected


def test_a_new_certificate_is_listed_with_its_data():
    (found,) = changes({"keyCredentials": [{"key": "ZGVy", "displayName": "c"}]})["certificates"]
    assert (found.data, found.display_name) == (b"der", "c")


REFUSED = {
    "a member that Graph does not have": ({"colour": "red"}, "colour"),
    "a name of its own": ({"displayName": "mine"}, "displayName"),
    "another appId": ({"appId": str(UUID(int=4))}, "appId"),
    "roles": ({"appRoles": []}, "appRoles"),
    "names": ({"servicePrincipalNames": ["api://other"]}, "servicePrincipalNames"),
    "a name in another case": ({"displayName": "Things"}, "displayName"),
    "another time": ({"createdDateTime": "2026-11-23T14:00:00+01:00"}, "createdDateTime"),
    "a time that is none": ({"createdDateTime": "today"}, "createdDateTime"),
    "addresses that are its application's": ({"info": {"marketingUrl": "https://other.test"}}, "info"),
    "no addresses, where its application has some": ({"info": None}, "info"),
    "a publisher": ({"verifiedPublisher": {"displayName": "p"}}, "verifiedPublisher"),
    "another kind": ({"servicePrincipalType": "ManagedIdentity"}, "servicePrincipalType"),
    "neither enabled nor disabled": ({"accountEnabled": None}, "accountEnabled"),
    "an assignment that may be demanded": ({"appRoleAssignmentRequired": None}, "appRoleAssignmentRequired"),
    "a text that is a number": ({"notes": 5}, "notes"),
    "a list of numbers": ({"tags": [5]}, "tags"),
    "a secret without an id": ({"passwordCredentials": [{}]}, "passwordCredentials/keyId"),
    "what beta alone has": ({"samlMetadataUrl": "https://saml.test"}, "samlMetadataUrl"),
    "what is ours, in v1.0": ({"accredit": {}}, "accredit"),
}


@every("sentence", REFUSED)
def test_refused_is(sentence):
    body, name = REFUSED[sentence]
    with pytest.raises(Refused) as caught:
        changes(body)
    assert caught.value.row is errors.PROPERTY_INVALID
    assert caught.value.fields == {"property": name, "kind": "ServicePrincipal"}


def test_what_is_ours_is_not_changed_here():
    with pytest.raises(Refused) as caught:
        changes({"accredit": {"applicationId": None}}, beta=True)
    assert caught.value.fields["property"] == "accredit"
