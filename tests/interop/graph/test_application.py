from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.directory import Application, AppRole, Certificate, Registration, Secret, Tenant
from accredit.directory import registration as kept
from accredit.errors import PROPERTY_INVALID, Refused
from accredit.interop.graph import application, parts
from tests.support.every import every

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
TENANT = Tenant(id=UUID(int=1), display_name="Contoso", domains=("contoso.test", "b.test"), created_at=NOW)
PLAIN = Application(id=UUID(int=2), tenant_id=TENANT.id, app_id=UUID(int=3), display_name="demo", created_at=NOW)

texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, blacklist_categories=("Cs",)), max_size=9)
maybe = st.none() | texts
several = st.lists(texts, max_size=3).map(tuple)
flags = st.none() | st.booleans()
instants = st.integers(0, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds))
roles = st.builds(
    AppRole,
    id=st.uuids(),
    value=texts,
    display_name=texts,
    description=texts,
    enabled=st.booleans(),
    member_types=st.sampled_from([("Application",), ("User",), ("User", "Application")]),
)
secrets = st.builds(
    Secret,
    key_id=st.uuids(),
    salt=st.just(b""),
    digest=st.just(b""),
    hint=texts,
    starts_at=instants,
    ends_at=instants,
    display_name=maybe,
)
certificates = st.builds(
    Certificate,
    key_id=st.uuids(),
    der=st.binary(max_size=9),
    thumbprint=texts,
    starts_at=instants,
    ends_at=instants,
    display_name=maybe,
)
registrations = st.builds(
    Registration,
    unique_name=maybe,
    notes=maybe,
    tags=several,
    is_device_only_auth_supported=flags,
    optional_claims=st.none()
    | st.builds(
        kept.OptionalClaims,
        id_token=st.lists(st.builds(kept.OptionalClaim, name=texts, source=maybe), max_size=2).map(tuple),
    ),
    request_signature_verification=st.none() | st.builds(kept.SignedRequests, is_signed_request_required=flags),
    service_principal_lock_configuration=st.none() | st.builds(kept.InstanceLock, all_properties=flags),
    authentication_behaviors=st.none() | st.builds(kept.AuthenticationBehaviors, block_azure_ad_graph_access=flags),
    add_ins=st.lists(st.builds(kept.AddIn, id=st.none() | st.uuids(), type=texts), max_size=2).map(tuple),
    info=st.builds(kept.InformationalUrl, logo_url=maybe, support_url=maybe),
    web=st.builds(kept.Web, home_page_url=maybe, redirect_uris=several),
    spa_redirect_uris=several,
    public_client_redirect_uris=several,
    required_resource_access=st.lists(
        st.builds(
            kept.RequiredAccess,
            resource_app_id=texts,
            resource_access=st.lists(
                st.builds(kept.ResourceAccess, id=st.uuids(), type=st.sampled_from(["Role", "Scope"])), max_size=2
            ).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    accept_mapped_claims=flags,
    known_client_applications=several,
    permission_scopes=st.lists(st.builds(kept.PermissionScope, id=st.uuids(), value=maybe), max_size=2).map(tuple),
    pre_authorized_applications=st.lists(
        st.builds(kept.PreAuthorized, app_id=texts, delegated_permission_ids=several), max_size=2
    ).map(tuple),
    oauth2_require_post_response=st.booleans(),
    created_by_app_id=maybe,
)
applications = st.builds(
    Application,
    id=st.uuids(),
    tenant_id=st.just(TENANT.id),
    app_id=st.uuids(),
    display_name=texts,
    created_at=instants,
    description=maybe,
    identifier_uris=several,
    app_roles=st.lists(roles, max_size=3).map(tuple),
    token_version=st.sampled_from([None, 1, 2]),
    signing_algorithm=st.sampled_from(["RS256", "ES256"]),
    secrets=st.lists(secrets, max_size=2).map(tuple),
    certificates=st.lists(certificates, max_size=2).map(tuple),
    public=flags,
    disabled=flags,
    token_lifetime=st.none() | st.integers(60, 86_400),
    both_client_claims=st.booleans(),
    registration=registrations,
)


@given(applications)
def test_what_is_written_is_read_again(of):
    shown = msgspec.json.decode(msgspec.json.encode(application.write(of, TENANT, beta=True, with_keys=True)))
    assert application.read(shown, TENANT.id) == of


@given(applications, st.booleans())
def test_what_is_written_changes_nothing(of, beta):
    shown = application.write(of, TENANT, beta=beta)
    if not beta:  # its writer leaves out what only beta takes
        del shown["authenticationBehaviors"]
    found = dict(application.changes(shown, of, TENANT, beta=beta))
    assert [each.key_id for each in found.pop("certificates")] == [each.key_id for each in of.certificates]
    assert found == {"secrets": tuple(each.key_id for each in of.secrets)}


@given(applications, applications)
def test_what_is_written_of_another_makes_an_application_like_it(one, other):
    shown = application.write(replace(other, secrets=(), certificates=()), TENANT, beta=True)
    mine = application.write(one, TENANT, beta=True)
    for name in ("id", "appId", "createdDateTime", "createdByAppId", "applicationTemplateId"):
        shown[name] = mine[name]
    shown["info"]["logoUrl"] = mine["info"]["logoUrl"]
    found = dict(application.changes(shown, one, TENANT, beta=True))
    assert (found.pop("certificates"), found.pop("secrets")) == ((), ())
    after = application.write(replace(one, **found), TENANT, beta=True)
    after["keyCredentials"], after["passwordCredentials"] = [], []
    assert after == shown


def test_what_is_made_has_graphs_defaults():
    found = application.changes({"displayName": "demo"}, None, TENANT, beta=False)
    assert found["registration"] == Registration()
    assert (found["public"], found["disabled"], found["token_version"]) == (False, False, None)


MERGED = {
    "a member of an object": ({"web": {"logoutUrl": "y"}}, {"homePageUrl": "x", "logoutUrl": "y"}),
    "a member that is taken away": ({"web": {"homePageUrl": None}}, {"homePageUrl": None, "logoutUrl": None}),
    "an object that is taken away": ({"web": None}, {"homePageUrl": None, "logoutUrl": None}),
    "an annotation": ({"web": {"@odata.type": "#x"}}, {"homePageUrl": "x", "logoutUrl": None}),
}


@every("sentence", MERGED)
def test_an_object_is_changed_by(sentence):
    body, wanted = MERGED[sentence]
    before = replace(PLAIN, registration=Registration(web=kept.Web(home_page_url="x", redirect_uris=("u",))))
    after = replace(before, **application.changes(body, before, TENANT, beta=False))
    shown = application.write(after, TENANT, beta=False)["web"]
    assert {name: shown[name] for name in wanted} == wanted
    assert shown["redirectUris"] == ([] if body["web"] is None else ["u"])


SAME = {
    "its time of creation with an offset": {"createdDateTime": "2026-11-23T14:00:00+00:00"},
    "its time of creation with a fraction": {"createdDateTime": "2026-11-23T14:00:00.0000000Z"},
    "ids in capitals": {"id": str(PLAIN.id).upper(), "appId": str(PLAIN.app_id).upper()},
    "a publisher that nobody verified": {"verifiedPublisher": None},
    "a publisher without members": {"verifiedPublisher": {}},
    "nobody who manages it": {"managerApplications": None},
    "no template, as it is": {"applicationTemplateId": None, "deletedDateTime": None, "certification": None},
}


@every("sentence", SAME)
def test_what_nobody_changes_may_be_said_as_it_is(sentence):
    assert application.changes(SAME[sentence], PLAIN, TENANT, beta=False) == {}


OTHER = {
    "createdDateTime": "2026-11-23T14:00:01Z",
    "id": str(UUID(int=99)),
    "verifiedPublisher": {"displayName": "p"},
    "certification": {},
}


@every("name", OTHER)
def test_what_nobody_changes_is_refused_when_it_says_anything_else(name):
    with pytest.raises(Refused) as caught:
        application.changes({name: OTHER[name]}, PLAIN, TENANT, beta=False)
    assert (caught.value.row, caught.value.fields["property"]) == (PROPERTY_INVALID, name)


TIMES = {
    "2027-01-01T00:00:00Z": "2027-01-01T00:00:00Z",
    "2027-01-01T00:00:00.1234567Z": "2027-01-01T00:00:00Z",
    "2027-01-01T00:00:00+02:00": "2026-12-31T22:00:00Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z": "9999-12-31T23:59:59Z",
}


@every("text", TIMES)
def test_a_time_is_read_with_fraction_and_offset_and_written_to_the_second(text):
    found = parts.merged("X", parts.PasswordCredential, {"endDateTime": text})
    assert parts.written(found)["endDateTime"] == TIMES[text]


@every("text", ["2027-01-01T00:00:00", "2027-01-01", "tomorrow", "9999-12-31T23:59:59-01:00", "", 0])
def test_no_time_is(text):
    with pytest.raises(Refused) as caught:
        parts.merged("X", parts.PasswordCredential, {"endDateTime": text})
    assert caught.value.row is PROPERTY_INVALID


@every("missing", ["id", "appId", "createdDateTime", "passwordCredentials/keyId", "keyCredentials/endDateTime"])
def test_an_application_is_not_read_without(missing):
    shown = application.write(PLAIN, TENANT, beta=True)
    name, _, inside = missing.partition("/")
    shown[name] = (
        [{"keyId": str(UUID(int=5)), "startDateTime": "2027-01-01T00:00:00Z"} | {inside: None}] if inside else None
    )
    with pytest.raises(Refused) as caught:
        application.read(shown, TENANT.id)
    assert caught.value.fields["property"] == (inside or name)
