"""``application`` of Microsoft Graph: written, read, and what a body changes about one.

Rule 1: every member that Graph has stands in ``Written``, once, in Graph's order; nothing else is written or read.
Rule 2: what is ours and not Graph's stands under one member, ``accredit``, and in beta only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict
from uuid import UUID  # noqa: TC003  msgspec reads the annotations

from accredit.directory import Application, Registration, SigningAlgorithm
from accredit.directory.registration import (
    AddIn,
    AuthenticationBehaviors,
    InformationalUrl,
    InstanceLock,
    OptionalClaims,
    ParentalControl,
    PermissionScope,
    PreAuthorized,
    RequiredAccess,
    SignedRequests,
    Web,
)
from accredit.interop.graph import parts
from accredit.interop.graph.parts import (
    Instant,
    Json,
    KeyCredential,
    PasswordCredential,
    Role,
    Wire,
    given,
    invalid,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.directory import AppRole, GivenCertificate, Tenant

KIND: Final = "Application"
ON_REQUEST: Final = frozenset(
    {"oauth2RequirePostResponse", "createdByAppId", "managerApplications", "authenticationBehaviors"}
)
"""Members that v1.0 shows to who selects them."""
OURS: Final = "accredit"
_READ_ONLY: Final = (
    "id",
    "deletedDateTime",
    "appId",
    "applicationTemplateId",
    "disabledByMicrosoftStatus",
    "createdDateTime",
    "publisherDomain",
    "certification",
    "verifiedPublisher",
    "createdByAppId",
    "managerApplications",
)
_BETA_ONLY: Final = (OURS, "authenticationBehaviors")


class Api(Wire, frozen=True, kw_only=True):
    accept_mapped_claims: bool | None = None
    known_client_applications: tuple[str, ...] = ()
    requested_access_token_version: Literal[1, 2] | None = None
    oauth2_permission_scopes: tuple[PermissionScope, ...] = ()
    pre_authorized_applications: tuple[PreAuthorized, ...] = ()


class Redirects(Wire, frozen=True, kw_only=True):
    redirect_uris: tuple[str, ...] = ()


class VerifiedPublisher(Wire, frozen=True, kw_only=True):
    display_name: str | None = None
    verified_publisher_id: str | None = None
    added_date_time: Instant | None = None


class Ours(Wire, frozen=True, kw_only=True):
    """What Graph has no member for."""

    signing_algorithm: SigningAlgorithm = "RS256"
    token_lifetime: int | None = None  # seconds
    both_client_claims: bool = False


class Written(Wire, frozen=True, kw_only=True):
    """An application as Graph writes it."""

    id: UUID | None = None
    deleted_date_time: Instant | None = None
    app_id: UUID | None = None
    application_template_id: str | None = None
    disabled_by_microsoft_status: str | None = None
    created_date_time: Instant | None = None
    display_name: str | None = None
    description: str | None = None
    group_membership_claims: str | None = None
    identifier_uris: tuple[str, ...] = ()
    is_device_only_auth_supported: bool | None = None
    is_fallback_public_client: bool | None = False
    is_disabled: bool | None = False
    native_authentication_apis_enabled: str | None = None
    notes: str | None = None
    publisher_domain: str | None = None
    service_management_reference: str | None = None
    sign_in_audience: str = "AzureADMyOrg"
    tags: tuple[str, ...] = ()
    token_encryption_key_id: str | None = None
    unique_name: str | None = None
    saml_metadata_url: str | None = None
    default_redirect_uri: str | None = None
    certification: None = None
    optional_claims: OptionalClaims | None = None
    request_signature_verification: SignedRequests | None = None
    service_principal_lock_configuration: InstanceLock | None = None
    add_ins: tuple[AddIn, ...] = ()
    api: Api = Api()
    app_roles: tuple[Role, ...] = ()
    info: InformationalUrl = InformationalUrl()
    key_credentials: tuple[KeyCredential, ...] = ()
    parental_control_settings: ParentalControl = ParentalControl()
    password_credentials: tuple[PasswordCredential, ...] = ()
    public_client: Redirects = Redirects()
    required_resource_access: tuple[RequiredAccess, ...] = ()
    verified_publisher: VerifiedPublisher = VerifiedPublisher()
    web: Web = Web()
    spa: Redirects = Redirects()
    oauth2_require_post_response: bool = False
    created_by_app_id: str | None = None
    manager_applications: tuple[str, ...] = ()
    authentication_behaviors: AuthenticationBehaviors | None = None
    accredit: Ours = Ours()


class Changes(TypedDict, total=False):
    """What a body changes: arguments of ``administer.applications.create`` and ``update``."""

    display_name: str
    description: str | None
    identifier_uris: tuple[str, ...]
    app_roles: tuple[AppRole, ...]
    token_version: Literal[1, 2] | None
    signing_algorithm: SigningAlgorithm
    token_lifetime: int | None
    both_client_claims: bool
    public: bool | None
    disabled: bool | None
    registration: Registration
    certificates: tuple[GivenCertificate, ...]
    secrets: tuple[UUID, ...]  # those that stay


def write(of: Application, tenant: Tenant, *, beta: bool, with_keys: bool = False) -> Json:
    """Write an application. ``with_keys``: with its certificates themselves."""
    found = written(_written(of, tenant.domains[0] if tenant.domains else None, with_keys=with_keys))
    if not beta:
        del found[OURS]
    return found  # type: ignore[no-any-return]  # an object


def read(json: Mapping[str, Any], tenant_id: UUID) -> Application:
    """Read an application that Graph wrote: all but the values of secrets, and certificates that are not shown."""
    found = parts.merged(KIND, Written, json)
    return Application(
        id=given(found.id, "id", KIND),
        tenant_id=tenant_id,
        app_id=given(found.app_id, "appId", KIND),
        created_at=given(found.created_date_time, "createdDateTime", KIND),
        secrets=tuple(parts.secret(each) for each in found.password_credentials),
        certificates=tuple(parts.certificate(each) for each in found.key_credentials),
        **_members(found),
    )


def changes(body: Mapping[str, Any], stored: Application | None, tenant: Tenant, *, beta: bool) -> Changes:
    """Return what a body changes about ``stored``, or gives to a new application.

    Raises ``Refused(PROPERTY_INVALID)`` for members that are unknown, of a wrong type, or not the caller's to change.
    """
    domain = tenant.domains[0] if tenant.domains else None
    before = Written() if stored is None else _written(stored, domain)
    after = parts.merged(KIND, Written, _settable(body, before, beta=beta), before)
    if after.info.logo_url != before.info.logo_url:
        raise invalid("info/logoUrl", KIND, "read-only")
    if after.display_name is None:
        raise invalid("displayName", KIND, "it is missing")
    old, new = _members(before), _members(after)
    found: dict[str, object] = {name: value for name, value in new.items() if stored is None or value != old[name]}
    if body.get("keyCredentials") is not None:
        found["certificates"] = tuple(parts.given_certificate(each) for each in after.key_credentials)
    if body.get("passwordCredentials") is not None:
        found["secrets"] = tuple(
            given(each.key_id, "passwordCredentials/keyId", KIND) for each in after.password_credentials
        )
    return found  # type: ignore[return-value]  # the names of ``_members`` are those of Changes


def _settable(body: Mapping[str, Any], before: Written, *, beta: bool) -> Mapping[str, Any]:
    """Take out members that nobody changes, if they say what is so; refuse them if they do not."""
    parts.refuse_changed(KIND, Written, body, before, _READ_ONLY)
    if not beta and (strange := [name for name in _BETA_ONLY if name in body]):
        raise invalid(strange[0], KIND, "there is no such member in v1.0")
    return {name: value for name, value in body.items() if name not in _READ_ONLY}


def _written(of: Application, domain: str | None, *, with_keys: bool = False) -> Written:
    kept = of.registration
    return Written(
        id=of.id,
        app_id=of.app_id,
        application_template_id=kept.application_template_id,
        created_date_time=of.created_at,
        display_name=of.display_name,
        description=of.description,
        identifier_uris=of.identifier_uris,
        is_fallback_public_client=of.public,
        is_disabled=of.disabled,
        publisher_domain=domain,
        api=Api(
            accept_mapped_claims=kept.accept_mapped_claims,
            known_client_applications=kept.known_client_applications,
            requested_access_token_version=of.token_version,
            oauth2_permission_scopes=kept.permission_scopes,
            pre_authorized_applications=kept.pre_authorized_applications,
        ),
        app_roles=tuple(parts.role(each) for each in of.app_roles),
        key_credentials=tuple(parts.key_credential(each, with_key=with_keys) for each in of.certificates),
        password_credentials=tuple(parts.password_credential(each) for each in of.secrets),
        public_client=Redirects(redirect_uris=kept.public_client_redirect_uris),
        spa=Redirects(redirect_uris=kept.spa_redirect_uris),
        created_by_app_id=kept.created_by_app_id,
        accredit=Ours(
            signing_algorithm=of.signing_algorithm,
            token_lifetime=of.token_lifetime,
            both_client_claims=of.both_client_claims,
        ),
        **{name: getattr(kept, name) for name in _KEPT},
    )


def _members(of: Written) -> dict[str, Any]:
    """Return the members of an application that a caller can set."""
    return {
        "display_name": of.display_name,
        "description": of.description,
        "identifier_uris": of.identifier_uris,
        "app_roles": tuple(parts.app_role(each) for each in of.app_roles),
        "token_version": of.api.requested_access_token_version,
        "signing_algorithm": of.accredit.signing_algorithm,
        "token_lifetime": of.accredit.token_lifetime,
        "both_client_claims": of.accredit.both_client_claims,
        "public": of.is_fallback_public_client,
        "disabled": of.is_disabled,
        "registration": Registration(
            application_template_id=of.application_template_id,
            spa_redirect_uris=of.spa.redirect_uris,
            public_client_redirect_uris=of.public_client.redirect_uris,
            accept_mapped_claims=of.api.accept_mapped_claims,
            known_client_applications=of.api.known_client_applications,
            permission_scopes=of.api.oauth2_permission_scopes,
            pre_authorized_applications=of.api.pre_authorized_applications,
            created_by_app_id=of.created_by_app_id,
            **{name: getattr(of, name) for name in _KEPT},
        ),
    }


_KEPT: Final = tuple(
    name
    for name in Registration.__struct_fields__
    if name in Written.__struct_fields__ and name not in {"application_template_id", "created_by_app_id"}
)
"""Members of the registration that have the same name and type in Graph."""
