"""``servicePrincipal`` of Microsoft Graph: written, read, and what a body changes about one.

Rule 1: every member that Graph has stands in ``Written``, once, in Graph's order; nothing else is written or read.
Rule 2: what an application says (roles, names, ...) is shown as it is now, and changed on the application alone.
Rule 3: what is ours and not Graph's stands under one member, ``accredit``, and in beta only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict
from uuid import UUID  # noqa: TC003  msgspec reads the annotations

from msgspec.structs import replace

from accredit.directory import PrincipalRegistration, Registration, ServicePrincipal, wellknown
from accredit.directory.registration import InformationalUrl, PermissionScope
from accredit.interop.graph import parts
from accredit.interop.graph.application import VerifiedPublisher
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
    from collections.abc import Iterator, Mapping

    from accredit.directory import Application, GivenCertificate

KIND: Final = "ServicePrincipal"
OURS: Final = "accredit"
_BETA_ONLY: Final = ("samlMetadataUrl", OURS)
_SETTABLE: Final = frozenset(
    {
        "accountEnabled",
        "alternativeNames",
        "appRoleAssignmentRequired",
        "description",
        "homepage",
        "keyCredentials",
        "loginUrl",
        "logoutUrl",
        "notes",
        "notificationEmailAddresses",
        "passwordCredentials",
        "preferredSingleSignOnMode",
        "preferredTokenSigningKeyThumbprint",
        "replyUrls",
        "samlSingleSignOnSettings",
        "tags",
        "tokenEncryptionKeyId",
    }
)
_UNREGISTERED: Final = Registration()  # of an application that is another owner's, and not known here


class SingleSignOn(Wire, frozen=True, kw_only=True):
    """The samlSingleSignOnSettings."""

    relay_state: str | None = None


class Ours(Wire, frozen=True, kw_only=True):
    """What Graph has no member for."""

    application_id: UUID | None = None  # object id of the application that it is the presence of
    token_version: Literal[1, 2] | None = None  # of a well-known API; others have their application's


class Written(Wire, frozen=True, kw_only=True):
    """A service principal as Graph writes it."""

    id: UUID
    deleted_date_time: Instant | None = None
    account_enabled: bool
    alternative_names: tuple[str, ...] = ()
    app_description: str | None = None
    app_display_name: str | None = None
    app_id: UUID
    application_template_id: str | None = None
    app_owner_organization_id: UUID | None = None
    app_role_assignment_required: bool
    app_roles: tuple[Role, ...] = ()
    created_by_app_id: str | None = None
    created_date_time: Instant
    custom_security_attributes: None = None
    description: str | None = None
    disabled_by_microsoft_status: str | None = None
    display_name: str
    homepage: str | None = None
    info: InformationalUrl = InformationalUrl()
    is_disabled: bool | None = False
    key_credentials: tuple[KeyCredential, ...] = ()
    login_url: str | None = None
    logout_url: str | None = None
    notes: str | None = None
    notification_email_addresses: tuple[str, ...] = ()
    oauth2_permission_scopes: tuple[PermissionScope, ...] = ()
    password_credentials: tuple[PasswordCredential, ...] = ()
    preferred_single_sign_on_mode: str | None = None
    preferred_token_signing_key_thumbprint: str | None = None
    reply_urls: tuple[str, ...] = ()
    resource_specific_application_permissions: tuple[str, ...] = ()
    saml_single_sign_on_settings: SingleSignOn | None = None
    service_principal_names: tuple[str, ...] = ()
    service_principal_type: str = "Application"
    sign_in_audience: str = "AzureADMyOrg"
    tags: tuple[str, ...] = ()
    token_encryption_key_id: str | None = None
    verified_publisher: VerifiedPublisher = VerifiedPublisher()
    saml_metadata_url: str | None = None
    accredit: Ours = Ours()


class Changes(TypedDict, total=False):
    """What a body changes: what ``administer.principals.create`` and ``amend`` take."""

    enabled: bool
    assignment_required: bool
    registration: PrincipalRegistration
    certificates: tuple[GivenCertificate, ...]
    secrets: tuple[UUID, ...]  # those that stay


def write(
    of: ServicePrincipal, application: Application | None, *, base: str, beta: bool, with_keys: bool = False
) -> Json:
    """Write a service principal. ``application``: its own, if it is known; ``base``: this authority's public URL.

    ``with_keys``: with its certificates themselves.
    """
    found: Json = written(_written(of, application, base, with_keys=with_keys))
    if not beta:
        for name in _BETA_ONLY:
            del found[name]
    return found


def read(json: Mapping[str, Any], tenant_id: UUID) -> ServicePrincipal:
    """Read a service principal that beta wrote. What its application says about it stays with the application."""
    found = parts.merged(KIND, Written, json)
    ours, known = found.accredit, found.accredit.application_id is None
    settings = found.saml_single_sign_on_settings
    return ServicePrincipal(
        id=found.id,
        tenant_id=tenant_id,
        app_id=found.app_id,
        display_name=found.display_name,
        created_at=found.created_date_time,
        application_id=ours.application_id,
        owner_tenant_id=found.app_owner_organization_id,
        enabled=found.account_enabled,
        assignment_required=found.app_role_assignment_required,
        names=tuple(each for each in found.service_principal_names if known and each != str(found.app_id)),
        app_roles=tuple(parts.app_role(each) for each in found.app_roles if known),
        token_version=ours.token_version,
        secrets=tuple(parts.secret(each) for each in found.password_credentials),
        certificates=tuple(parts.certificate(each) for each in found.key_credentials),
        registration=PrincipalRegistration(
            created_by_app_id=found.created_by_app_id,
            saml_relay_state=settings.relay_state if settings else None,
            **{name: getattr(found, name) for name in _KEPT},
        ),
    )


def changes(
    body: Mapping[str, Any], stored: ServicePrincipal, application: Application | None, *, base: str, beta: bool
) -> Changes:
    """Return what a body changes about ``stored``; of one that is being made, about what it would be without a body.

    Raises ``Refused(PROPERTY_INVALID)`` for members that are unknown, of a wrong type, or not the caller's to change.
    """
    before = _written(stored, application, base)
    after = parts.merged(KIND, Written, _settable(body, before, beta=beta), before)
    found = Changes()
    if after.account_enabled != before.account_enabled:
        found["enabled"] = after.account_enabled
    if after.app_role_assignment_required != before.app_role_assignment_required:
        found["assignment_required"] = after.app_role_assignment_required
    if (registration := _registration(stored.registration, before, after)) != stored.registration:
        found["registration"] = registration
    if body.get("keyCredentials") is not None:
        found["certificates"] = tuple(parts.given_certificate(each) for each in after.key_credentials)
    if body.get("passwordCredentials") is not None:
        kept = (given(each.key_id, "passwordCredentials/keyId", KIND) for each in after.password_credentials)
        found["secrets"] = tuple(kept)
    return found


def _settable(body: Mapping[str, Any], before: Written, *, beta: bool) -> Mapping[str, Any]:
    """Take out members that nobody changes here, if they say what is so; refuse them if they do not."""
    if not beta and (strange := [name for name in _BETA_ONLY if name in body]):
        raise invalid(strange[0], KIND, "there is no such member in v1.0")
    known = parts.members(Written)
    parts.refuse_changed(KIND, Written, body, before, sorted(known.keys() - _SETTABLE))
    return {name: value for name, value in body.items() if name in _SETTABLE or name not in known}


def _registration(stored: PrincipalRegistration, before: Written, after: Written) -> PrincipalRegistration:
    """Return what is kept with what differs. A member that follows the application and was left alone still does."""
    told = {name: getattr(after, name) for name in _KEPT if getattr(after, name) != getattr(before, name)}
    settings = after.saml_single_sign_on_settings
    return replace(stored, saml_relay_state=settings.relay_state if settings else None, **told)


def _written(of: ServicePrincipal, application: Application | None, base: str, *, with_keys: bool = False) -> Written:
    kept, relay_state = of.registration, of.registration.saml_relay_state
    said = application.registration if application else _UNREGISTERED
    return Written(
        id=of.id,
        account_enabled=of.enabled,
        app_description=application.description if application else None,
        app_display_name=application.display_name if application else of.display_name,
        app_id=of.app_id,
        application_template_id=said.application_template_id,
        app_owner_organization_id=of.owner_tenant_id or of.tenant_id,
        app_role_assignment_required=of.assignment_required,
        app_roles=tuple(parts.role(each) for each in (application.app_roles if application else of.app_roles)),
        created_by_app_id=kept.created_by_app_id,
        created_date_time=of.created_at,
        display_name=of.display_name,
        info=said.info,
        is_disabled=application.disabled if application else False,
        key_credentials=tuple(parts.key_credential(each, with_key=with_keys) for each in of.certificates),
        oauth2_permission_scopes=said.permission_scopes if application else _scopes(of),
        password_credentials=tuple(parts.password_credential(each) for each in of.secrets),
        saml_single_sign_on_settings=None if relay_state is None else SingleSignOn(relay_state=relay_state),
        service_principal_names=(str(of.app_id), *_names(of, application, base)),
        sign_in_audience=said.sign_in_audience,
        saml_metadata_url=said.saml_metadata_url,
        accredit=Ours(application_id=of.application_id, token_version=of.token_version),
        **{name: getattr(kept, name) for name in _KEPT} | _followed(kept, said),
    )


def _followed(kept: PrincipalRegistration, said: Registration) -> dict[str, Any]:
    """Return the members that are the application's for as long as nobody gives the service principal its own."""
    redirects = (*said.web.redirect_uris, *said.spa_redirect_uris, *said.public_client_redirect_uris)
    return {
        "homepage": kept.homepage if kept.homepage is not None else said.web.home_page_url,
        "logout_url": kept.logout_url if kept.logout_url is not None else said.web.logout_url,
        "reply_urls": kept.reply_urls or redirects,
    }


def _names(of: ServicePrincipal, application: Application | None, base: str) -> tuple[str, ...]:
    """Return the identifiers besides the appId: those of the application, or of a well-known API as they are now."""
    if application is not None:
        return application.identifier_uris
    return (*of.names, *(name for each in _known(of) for name in wellknown.derived(each, base)))


def _scopes(of: ServicePrincipal) -> tuple[PermissionScope, ...]:
    """Return the delegated permissions of a well-known API."""
    return tuple(scope for each in _known(of) for scope in each.scopes)


def _known(of: ServicePrincipal) -> Iterator[wellknown.WellKnown]:
    """Yield the well-known API that it is, if it is one."""
    return (each for each in wellknown.principals().values() if each.app_id == of.app_id)


_KEPT: Final = tuple(
    name
    for name in PrincipalRegistration.__struct_fields__
    if name in Written.__struct_fields__ and name != "created_by_app_id"
)
"""Members of the registration that have the same name and type in Graph."""
