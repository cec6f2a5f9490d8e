"""Every page of the portal, in one table.

Whoever writes a page adds its row here. ``test_browser_every_page`` opens each in Chromium, light and dark, on a phone
and on a wide screen, with script and without, and has axe look at it; a picture of it stands in ``docs/portal``::

    .venv/bin/python -m pytest tests/portal/test_browser_every_page.py -n0 --screenshots

writes the pictures (``-k NAME``: of that page only). ``{name}`` in a path is an id of ``scene.Scene``, or ``{tenant}``.
What a page needs besides is added to the scene, for all to see. A page that is reached by sending a form, or that is
opened by somebody else, says so in its row. A page whose route has no row fails ``test_every_route_has_a_page``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.portal.people import Who


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, and how it is reached."""

    name: str  # of its picture
    path: str  # below /portal
    who: Who = "admin"
    status: int = 200
    also: tuple[str, ...] = ()  # more pictures: "dark", "phone"
    opens: tuple[str, ...] = ()  # summaries of what is folded, to be looked at unfolded
    pastes: str = ""  # a summary: below it a token of GitHub's for another environment is pasted, and explained
    presses: str = ""  # a button: the page that its form leads to is looked at
    fills: Mapping[str, str] = field(default_factory=dict)  # fields by label, before that
    follows: str = ""  # before all that: a link on the page at ``path``, to the page that is meant
    route: str = ""  # the template of that page's path


APPLICATIONS: Final = "/{tenant}/applications"
BOT: Final = "/{tenant}/applications/{deploy_bot}"
PAYMENTS: Final = "/{tenant}/applications/{payments}"
EMPTY: Final = "/{tenant}/applications/{empty}"
SECRETS: Final = f"{PAYMENTS}/credentials/secrets"
CERTIFICATES: Final = f"{PAYMENTS}/credentials/certificates"
ORDERS: Final = f"{PAYMENTS}/permissions/{{orders_app}}/Role/{{orders_role}}"
PRINCIPAL: Final = "/{tenant}/enterprise-apps/{payments_principal}"
MANIFEST: Final = '{"displayName": "payments-api", "notes": "Moved to the new cluster", "tags": ["moved"]}'
LOG: Final = "/{tenant}/sign-ins"
ISSUERS: Final = "/{tenant}/issuers"
SETTINGS: Final = "/{tenant}/settings"
TEST: Final = "/{tenant}/test-issuer"

PAGES: Final = (
    Shown("sign-in", "/sign-in", who="nobody"),
    Shown("tenants", "/tenants"),
    Shown("not-found", "/{tenant}/nothing", status=404),
    Shown("forbidden", "/{tenant}/applications/new", who="reader", status=403),
    Shown("codes", "/help"),
    Shown("rule", "/help/FIC-PR"),
    Shown("overview", "/{tenant}", also=("dark", "phone"), opens=("As a table",)),
    Shown("search", "/{tenant}/search?q=pay"),
    Shown("search-none-found", "/{tenant}/search?q=nothing"),
    Shown("code", "/help/AADSTS700213"),
    Shown("applications", APPLICATIONS, also=("dark", "phone")),
    Shown("applications-none-found", f"{APPLICATIONS}?name=nothing"),
    Shown("application-new", f"{APPLICATIONS}/new"),
    Shown("application-new-refused", f"{APPLICATIONS}/new", presses="Create", status=422),
    Shown("application", BOT, also=("dark", "phone")),
    Shown("application-empty", EMPTY),
    Shown("application-edit", f"{PAYMENTS}/edit"),
    Shown("application-delete", f"{PAYMENTS}/delete"),
    Shown("application-disable", f"{PAYMENTS}/disable"),
    Shown("application-enable", f"{PAYMENTS}/enable"),
    Shown("credentials", f"{PAYMENTS}/credentials", also=("dark", "phone")),
    Shown("credentials-empty", f"{EMPTY}/credentials"),
    Shown("credential-new", f"{BOT}/credentials/new", also=("dark", "phone")),
    Shown("credential-new-refused", f"{BOT}/credentials/new", presses="Add", status=422),
    Shown("credential-for-token", f"{BOT}/credentials/new?event={{refused}}"),
    Shown(
        "credential-explained",
        f"{BOT}/credentials/{{credential}}/edit",
        pastes="Have a token?",
        presses="Explain it against the form",
        also=("dark",),
    ),
    Shown("credential-edit", f"{PAYMENTS}/credentials/{{branches}}/edit"),
    Shown("credential-delete", f"{BOT}/credentials/{{credential}}/delete"),
    Shown("credential-disable", f"{BOT}/credentials/{{credential}}/disable"),
    Shown("credential-enable", f"{PAYMENTS}/credentials/{{unused}}/enable"),
    Shown("credential-test", f"{BOT}/credentials/{{credential}}/test"),
    Shown("credential-twin", f"{PAYMENTS}/credentials/{{branches}}/twin"),
    Shown("credentials-test", f"{PAYMENTS}/credentials/test"),
    Shown("secrets", SECRETS),
    Shown("secret-remove", f"{SECRETS}/{{secret}}/remove"),
    Shown("certificates", CERTIFICATES),
    Shown("certificate-remove", f"{CERTIFICATES}/{{certificate}}/remove"),
    Shown("permissions", f"{PAYMENTS}/permissions"),
    Shown("permissions-empty", f"{EMPTY}/permissions"),
    Shown("permission-add-api", f"{EMPTY}/permissions/add"),
    Shown("permission-add-roles", f"{EMPTY}/permissions/add/{{orders_app}}"),
    Shown("permission-add-review", f"{EMPTY}/permissions/add/{{orders_app}}/review?role={{orders_role}}"),
    Shown("permission-consent", f"{PAYMENTS}/permissions/consent"),
    Shown("permission-remove", f"{ORDERS}/remove"),
    Shown("permission-revoke", f"{ORDERS}/revoke"),
    Shown("roles", f"{PAYMENTS}/roles"),
    Shown("role-new", f"{PAYMENTS}/roles/new"),
    Shown("role-remove", f"{PAYMENTS}/roles/{{role}}/remove"),
    Shown("owners", f"{PAYMENTS}/owners"),
    Shown("owner-remove", f"{PAYMENTS}/owners/{{deploy_bot_principal}}/remove"),
    Shown("manifest", f"{PAYMENTS}/manifest"),
    Shown(
        "manifest-review",
        f"{PAYMENTS}/manifest",
        presses="Review changes",
        fills={"The application as Microsoft Graph writes it": MANIFEST},
    ),
    Shown("enterprise-apps", "/{tenant}/enterprise-apps"),
    Shown("enterprise-apps-none-found", "/{tenant}/enterprise-apps?name=nothing"),
    Shown("enterprise-app", PRINCIPAL),
    Shown("enterprise-app-disable", f"{PRINCIPAL}/disable"),
    Shown("enterprise-app-enable", f"{PRINCIPAL}/enable"),
    Shown("enterprise-app-owners", f"{PRINCIPAL}/owners"),
    Shown("enterprise-app-owner-remove", f"{PRINCIPAL}/owners/{{deploy_bot_principal}}/remove"),
    Shown("enterprise-app-held", f"{PRINCIPAL}/held"),
    Shown("enterprise-app-given", f"{PRINCIPAL}/given"),
    Shown("enterprise-app-revoke", f"{PRINCIPAL}/assignments/{{assignment}}/revoke"),
    Shown("sign-ins", LOG, also=("dark", "phone")),
    Shown("sign-ins-each", f"{LOG}?group=off"),
    Shown("sign-ins-filtered", f"{LOG}?code=AADSTS700213&time=7d"),
    Shown("sign-ins-refused", f"{LOG}?code=nothing", status=422),
    Shown("sign-ins-none-found", f"{LOG}?application=nothing"),
    Shown("sign-in-granted", f"{LOG}/{{granted}}"),
    Shown("sign-in-refused", f"{LOG}/{{refused}}", also=("dark", "phone")),
    Shown("sign-in-unproven", f"{LOG}/{{unproven}}"),
    Shown("sign-ins-admin", f"{LOG}/admin"),
    Shown("audit", f"{LOG}/audit"),
    Shown("audit-change", f"{LOG}/audit/{{audit}}"),
    Shown("test-issuer", TEST),
    Shown("test-issuer-minted", TEST, presses="Mint"),
    Shown("test-issuer-issuers", f"{TEST}/issuers"),
    Shown("test-issuer-authority", f"{TEST}/authority"),
    Shown("issuers", ISSUERS, also=("dark", "phone")),
    Shown("issuer-new", f"{ISSUERS}/new"),
    Shown("issuer", f"{ISSUERS}/{{issuer}}", also=("dark", "phone")),
    Shown("issuer-uploaded", f"{ISSUERS}/{{uploaded}}"),
    Shown("issuer-edit", f"{ISSUERS}/{{issuer}}/edit"),
    Shown("issuer-delete", f"{ISSUERS}/{{issuer}}/delete"),
    Shown("issuer-keys", f"{ISSUERS}/{{uploaded}}/keys"),
    Shown("issuer-history", f"{ISSUERS}/{{issuer}}/history"),
    Shown("issuer-probe", f"{ISSUERS}/{{issuer}}/probe"),
    Shown("issuer-probed", f"{ISSUERS}/{{issuer}}/probe", presses="Probe now", also=("phone",)),
    Shown(
        "issuer-document",
        f"{ISSUERS}/{{issuer}}/history",
        follows="key set",
        route=f"{ISSUERS}/{{issuer}}/documents/{{digest}}",
    ),
    Shown("settings", SETTINGS, who="everything", also=("dark", "phone")),
    Shown("settings-policy", f"{SETTINGS}/policy", who="everything"),
    Shown("settings-administrators", f"{SETTINGS}/administrators", who="everything"),
    Shown(
        "settings-administrator-remove",
        f"{SETTINGS}/administrators",
        who="everything",
        follows="Take away",
        route=f"{SETTINGS}/administrators/{{mapping}}/remove",
    ),
    Shown("settings-keys", f"{SETTINGS}/keys", who="everything"),
    Shown(
        "settings-key-withdraw",
        f"{SETTINGS}/keys",
        who="everything",
        follows="Withdraw",
        route=f"{SETTINGS}/keys/{{what}}/withdraw",
    ),
    Shown("settings-server", f"{SETTINGS}/server", who="everything"),
    Shown("settings-tenants", f"{SETTINGS}/tenants", who="everything"),
    Shown("settings-tenant-new", f"{SETTINGS}/tenants/new", who="everything"),
    Shown(
        "settings-tenant-delete",
        f"{SETTINGS}/tenants",
        who="everything",
        follows="Delete",
        route=f"{SETTINGS}/tenants/{{which}}/delete",
    ),
    Shown("settings-export", f"{SETTINGS}/export", who="everything"),
    Shown("settings-about", f"{SETTINGS}/about", who="everything"),
    Shown("instance-tenants", "/instance/tenants", who="instance"),
    Shown("instance-tenant-new", "/instance/tenants/new", who="instance"),
    Shown("instance-keys", "/instance/keys", who="instance"),
    Shown("instance-server", "/instance/server", who="instance"),
    Shown(
        "instance-key-withdraw",
        "/instance/keys",
        who="instance",
        follows="Withdraw",
        route="/instance/keys/{what}/withdraw",
    ),
    Shown(
        "instance-tenant-delete",
        "/instance/tenants",
        who="instance",
        follows="Delete",
        route="/instance/tenants/{which}/delete",
    ),
)
