"""Client secrets and certificates of an application: what it proves itself with where it is not trusted by federation.

Rule 1: a secret's value is in the one answer to the request that made it, and nowhere else.
Rule 2: a private key that somebody pastes is refused, and never shown again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from accredit.administer import evidence
from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.web.portal import same
from accredit.web.portal.pages import application_parts, credential_parts
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from accredit.directory import Application, Certificate, Secret
    from accredit.web.portal.same import Same
    from accredit.web.portal.visit import Visit

SECRETS: Final = "secrets"
CERTIFICATES: Final = "certificates"
MONTHS: Final = ("3", "6", "12", "24")
_USUAL: Final = "6"
_DAYS: Final = 30  # of a month
_PRIVATE: Final = "PRIVATE KEY"


async def secrets(visit: Visit) -> Response:
    """List the client secrets."""
    return await _secrets(visit, await application_parts.found(visit))


async def add_secret(visit: Visit) -> Response:
    """Make a secret, and show its value this once."""
    application, form = await application_parts.found(visit), await visit.form()
    months = form.text("months", _USUAL)
    typed = {"display_name": form.text("display_name"), "months": months}
    if months not in MONTHS:
        return await _secrets(
            visit, application, typed={**typed, "months": _USUAL}, problems={"months": _("Choose one of these.")}
        )
    ends_at = visit.now + timedelta(days=_DAYS * int(months))
    try:
        made = await evidence.add_secret(
            visit.by, application.id, display_name=typed["display_name"] or None, ends_at=ends_at
        )
    except Refused as refused:
        return await _secrets(visit, application, typed=typed, problems=problems_of(refused, _FIELDS))
    return await _secrets(visit, await application_parts.found(visit), made=made)


async def certificates(visit: Visit) -> Response:
    """List the certificates."""
    return await _certificates(visit, await application_parts.found(visit))


async def add_certificate(visit: Visit) -> Response:
    """Register a certificate that somebody pasted."""
    application, form = await application_parts.found(visit), await visit.form()
    pem, typed = form.text("pem"), {"display_name": form.text("display_name")}
    if not pem or _PRIVATE in pem:
        said = _("This has a private key in it, which nobody else may see: paste the certificate alone.")
        problems = {"pem": said if pem else _("Paste a certificate first.")}
        return await _certificates(visit, application, typed=typed, problems=problems)
    try:
        data = pem.encode()
        await evidence.add_certificate(visit.by, application.id, data, display_name=typed["display_name"] or None)
    except Refused as refused:
        typed["pem"] = pem
        return await _certificates(visit, application, typed=typed, problems=problems_of(refused, _FIELDS))
    return visit.done("applications", application.id, "credentials", CERTIFICATES)


async def ask(visit: Visit) -> Response:
    """Show what would stop working."""
    application = await application_parts.found(visit)
    return await _removing(visit, application, _of(visit, application), {})


async def remove(visit: Visit) -> Response:
    """Remove a secret or a certificate, if what it is called was typed."""
    application = await application_parts.found(visit)
    of = _of(visit, application)
    if (await visit.form()).text("name") != _called(of):
        problems = {"name": _("This is not what it is called; nothing was removed.")}
        return await _removing(visit, application, of, problems)
    if _kind(visit) == SECRETS:
        await evidence.remove_secret(visit.by, application.id, of.key_id)
    else:
        await evidence.remove_certificate(visit.by, application.id, of.key_id)
    return visit.done("applications", application.id, "credentials", _kind(visit))


_FIELDS: Final = {"displayName": "display_name", "endDateTime": "months", "keyCredentials": "pem", "key": "pem"}


async def _secrets(
    visit: Visit,
    application: Application,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    made: evidence.NewSecret | None = None,
) -> Response:
    typed = typed or {}
    days = _DAYS * int(typed.get("months") or _USUAL)
    ends_at = f"{(visit.now + timedelta(days=days)).replace(microsecond=0).isoformat().removesuffix('+00:00')}Z"
    body = {"passwordCredential": {"displayName": typed.get("display_name") or None, "endDateTime": ends_at}}
    return await visit.page(
        "secrets.html",
        status=422 if problems else 200,
        **credential_parts.around(visit, application, SECRETS),
        rows=await _rows(visit, application, application.secrets),
        here=credential_parts.url(visit, application, SECRETS),
        typed=typed,
        problems=problems or {},
        made=made,
        same=same.Same(
            command=visit.command("secret", "add", application.app_id, name=typed.get("display_name"), end=f"{days}d"),
            graph=same.graph("POST", f"/v1.0/applications/{application.id}/addPassword", body),
            terraform=_TERRAFORM.format("password", application.id),
        ),
    )


async def _certificates(
    visit: Visit,
    application: Application,
    *,
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    body = {"keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": "BASE64 OF THE CERTIFICATE"}]}
    return await visit.page(
        "certificates.html",
        status=422 if problems else 200,
        **credential_parts.around(visit, application, CERTIFICATES),
        rows=await _rows(visit, application, application.certificates),
        here=credential_parts.url(visit, application, CERTIFICATES),
        typed=typed or {},
        problems=problems or {},
        same=same.Same(
            command=visit.command("certificate", "add", application.app_id, "certificate.pem"),
            graph=same.graph("PATCH", f"/v1.0/applications/{application.id}", body),
            terraform=_TERRAFORM.format("certificate", application.id),
        ),
    )


_TERRAFORM: Final = """resource "azuread_application_{0}" "this" {{
  application_id = "/applications/{1}"
}}
"""


async def _rows(visit: Visit, application: Application, held: Sequence[Secret | Certificate]) -> list[tuple[Any, Any]]:
    used = await credential_parts.uses(visit, application)
    return [(each, used[each.key_id].last_at if each.key_id in used else None) for each in held]


def _kind(visit: Visit) -> str:
    return CERTIFICATES if f"/{CERTIFICATES}/" in visit.request.url.path else SECRETS


def _of(visit: Visit, application: Application) -> Secret | Certificate:
    """Return the secret or certificate in the path. 404."""
    guid = read_guid(visit.request.path_params["key"])
    held: Sequence[Secret | Certificate] = application.secrets if _kind(visit) == SECRETS else application.certificates
    found = next((each for each in held if each.key_id == guid), None)
    if found is None:
        raise Refused(NOT_FOUND, detail=_("There is none of this id; it may have been removed."))
    return found


def _called(of: Secret | Certificate) -> str:
    return of.display_name.strip() if of.display_name else str(of.key_id)


async def _removing(
    visit: Visit, application: Application, of: Secret | Certificate, problems: Mapping[str, str]
) -> Response:
    kind = _kind(visit)
    back = credential_parts.url(visit, application, kind)
    return await visit.page(
        "evidence_remove.html",
        status=422 if problems else 200,
        **{**credential_parts.beside(visit, application), "back": back},
        of=of,
        called=_called(of),
        use=await credential_parts.used(visit, application, of.key_id),
        action=f"{back}/{of.key_id}/remove",
        problems=problems,
        same=_same(visit, application, of, kind),
    )


def _same(visit: Visit, application: Application, of: Secret | Certificate, kind: str) -> Same:
    noun = "secret" if kind == SECRETS else "certificate"
    if kind == SECRETS:
        asked = same.graph("POST", f"/v1.0/applications/{application.id}/removePassword", {"keyId": str(of.key_id)})
    else:
        kept = [{"keyId": str(each.key_id)} for each in application.certificates if each.key_id != of.key_id]
        asked = same.graph("PATCH", f"/v1.0/applications/{application.id}", {"keyCredentials": kept})
    return same.Same(command=visit.command(noun, "remove", application.app_id, of.key_id), graph=asked)


_SECRETS: Final = f"{application_parts.PATH}/credentials/{SECRETS}"
_CERTIFICATES: Final = f"{application_parts.PATH}/credentials/{CERTIFICATES}"
ROUTES: Final = (
    Route("GET", _SECRETS, secrets, "reader"),
    Route("POST", _SECRETS, add_secret, "admin"),
    Route("GET", f"{_SECRETS}/{{key}}/remove", ask, "operator"),
    Route("POST", f"{_SECRETS}/{{key}}/remove", remove, "operator"),
    Route("GET", _CERTIFICATES, certificates, "reader"),
    Route("POST", _CERTIFICATES, add_certificate, "admin"),
    Route("GET", f"{_CERTIFICATES}/{{key}}/remove", ask, "operator"),
    Route("POST", f"{_CERTIFICATES}/{{key}}/remove", remove, "operator"),
)
