"""What applications and service principals carry for others: kept and given back, never judged by.

Rule 1: nothing here decides anything in an exchange. What does stands in ``application`` and ``permissions``.
Rule 2: members are written as Microsoft Graph writes them (``rename="camel"``), because nobody but Graph reads them,
and stand in the order in which it writes them; a member that was never given has Graph's default.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec


class _Written(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """A part of an object as Graph writes it."""


class InformationalUrl(_Written, frozen=True, kw_only=True):
    logo_url: str | None = None
    marketing_url: str | None = None
    privacy_statement_url: str | None = None
    support_url: str | None = None
    terms_of_service_url: str | None = None


class ImplicitGrant(_Written, frozen=True, kw_only=True):
    enable_access_token_issuance: bool = False
    enable_id_token_issuance: bool = False


class RedirectUri(_Written, frozen=True, kw_only=True):
    uri: str
    index: int | None = None


class Web(_Written, frozen=True, kw_only=True):
    home_page_url: str | None = None
    logout_url: str | None = None
    redirect_uris: tuple[str, ...] = ()
    implicit_grant_settings: ImplicitGrant = ImplicitGrant()
    redirect_uri_settings: tuple[RedirectUri, ...] = ()


class PermissionScope(_Written, frozen=True, kw_only=True):
    """A delegated permission that an API offers (oauth2PermissionScope). Nobody signs in here, so nothing grants it."""

    admin_consent_description: str | None = None
    admin_consent_display_name: str | None = None
    id: UUID
    is_enabled: bool = True
    origin: str | None = None
    type: Literal["User", "Admin"] = "User"
    user_consent_description: str | None = None
    user_consent_display_name: str | None = None
    value: str | None = None


class PreAuthorized(_Written, frozen=True, kw_only=True):
    app_id: str
    delegated_permission_ids: tuple[str, ...] = ()


class ResourceAccess(_Written, frozen=True, kw_only=True):
    id: UUID
    type: Literal["Role", "Scope"]


class RequiredAccess(_Written, frozen=True, kw_only=True):
    """What an application wishes to be granted on one resource. A wish, never a grant."""

    resource_app_id: str
    resource_access: tuple[ResourceAccess, ...] = ()


class OptionalClaim(_Written, frozen=True, kw_only=True):
    additional_properties: tuple[str, ...] = ()
    essential: bool = False
    name: str
    source: str | None = None


class OptionalClaims(_Written, frozen=True, kw_only=True):
    access_token: tuple[OptionalClaim, ...] = ()
    id_token: tuple[OptionalClaim, ...] = ()
    saml2_token: tuple[OptionalClaim, ...] = ()


class ParentalControl(_Written, frozen=True, kw_only=True):
    countries_blocked_for_minors: tuple[str, ...] = ()
    legal_age_group_rule: str = "Allow"


class SignedRequests(_Written, frozen=True, kw_only=True):
    """Whether requests to sign in must be signed (requestSignatureVerification)."""

    is_signed_request_required: bool | None = None
    allowed_weak_algorithms: str | None = None


class InstanceLock(_Written, frozen=True, kw_only=True):
    """What may not be changed on service principals in other tenants (servicePrincipalLockConfiguration)."""

    is_enabled: bool = False
    all_properties: bool | None = None
    credentials_with_usage_verify: bool | None = None
    credentials_with_usage_sign: bool | None = None
    identifier_uris: bool | None = None
    token_encryption_key_id: bool | None = None


class KeyValue(_Written, frozen=True, kw_only=True):
    key: str | None = None
    value: str | None = None


class AddIn(_Written, frozen=True, kw_only=True):
    id: UUID | None = None
    properties: tuple[KeyValue, ...] = ()
    type: str


class AuthenticationBehaviors(_Written, frozen=True, kw_only=True):
    block_azure_ad_graph_access: bool | None = msgspec.field(default=None, name="blockAzureADGraphAccess")
    remove_unverified_email_claim: bool | None = None
    require_client_service_principal: bool | None = None


class Registration(_Written, frozen=True, kw_only=True):
    """What an application carries besides itself."""

    unique_name: str | None = None
    sign_in_audience: str = "AzureADMyOrg"
    notes: str | None = None
    tags: tuple[str, ...] = ()
    group_membership_claims: str | None = None
    service_management_reference: str | None = None
    is_device_only_auth_supported: bool | None = None
    native_authentication_apis_enabled: str | None = None
    token_encryption_key_id: str | None = None
    saml_metadata_url: str | None = None
    default_redirect_uri: str | None = None
    application_template_id: str | None = None
    optional_claims: OptionalClaims | None = None
    request_signature_verification: SignedRequests | None = None
    service_principal_lock_configuration: InstanceLock | None = None
    authentication_behaviors: AuthenticationBehaviors | None = None
    add_ins: tuple[AddIn, ...] = ()
    info: InformationalUrl = InformationalUrl()
    web: Web = Web()
    spa_redirect_uris: tuple[str, ...] = ()
    public_client_redirect_uris: tuple[str, ...] = ()
    required_resource_access: tuple[RequiredAccess, ...] = ()
    accept_mapped_claims: bool | None = None
    known_client_applications: tuple[str, ...] = ()
    permission_scopes: tuple[PermissionScope, ...] = ()
    pre_authorized_applications: tuple[PreAuthorized, ...] = ()
    parental_control_settings: ParentalControl = ParentalControl()
    oauth2_require_post_response: bool = False
    created_by_app_id: str | None = None


class PrincipalRegistration(_Written, frozen=True, kw_only=True):
    """What a service principal carries besides itself."""

    alternative_names: tuple[str, ...] = ()
    description: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    homepage: str | None = None
    login_url: str | None = None
    logout_url: str | None = None
    reply_urls: tuple[str, ...] = ()
    notification_email_addresses: tuple[str, ...] = ()
    preferred_single_sign_on_mode: str | None = None
    preferred_token_signing_key_thumbprint: str | None = None
    saml_relay_state: str | None = None
    token_encryption_key_id: str | None = None
    created_by_app_id: str | None = None
