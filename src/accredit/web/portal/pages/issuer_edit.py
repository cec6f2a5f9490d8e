"""An issuer before a credential names it, and what a record says: where keys are, and what its tokens may look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.administer import issuers, probing
from accredit.errors import Refused
from accredit.web.portal import same
from accredit.web.portal.pages import issuer_form as forms
from accredit.web.portal.pages import issuer_parts as parts
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.visit import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.issuers import Issuer
    from accredit.issuers.probe import Probe
    from accredit.web.portal.visit import Visit

_NEW: Final = "/{tenant}/issuers/new"
_EDIT: Final = f"{parts.PATH}/edit"


async def new(visit: Visit) -> Response:
    """Show the form of a new record."""
    return await _new(visit, Form([("url", visit.query("url"))]), {})


async def create(visit: Visit) -> Response:
    """Make the record; or probe what it would be, and show the form again."""
    sent, problems = await visit.form(), dict[str, str]()
    members = forms.members(sent, problems)
    uploaded = sent.text("jwks") or None
    if sent.text("do") == "probe":
        return await _probed(visit, sent)
    if not problems:
        try:
            made = await issuers.create(
                visit.by,
                visit.tenant.id,
                sent.text("url"),
                uploaded=uploaded,
                twin=sent.text("twin") == "yes",
                **{**members, "algorithms": members["algorithms"] or None},
            )
        except Refused as refused:
            problems = problems_of(refused, forms.FIELDS)
        else:
            return visit.done("issuers", made.id)
    return await _new(visit, sent, problems)


async def _probed(visit: Visit, sent: Form) -> Response:
    try:
        found = await probing.probe(visit.by, visit.portal.key_watch, visit.tenant.id, url=sent.text("url"))
    except Refused as refused:
        return await _new(visit, sent, problems_of(refused, forms.FIELDS))
    return await _new(visit, sent, {}, found)


async def edit(visit: Visit) -> Response:
    """Show what a record says."""
    issuer = await parts.found(visit)
    return await _edit(visit, issuer, forms.typed_of(issuer), issuer.algorithms, {})


async def update(visit: Visit) -> Response:
    """Change what differs."""
    issuer, sent, problems = await parts.found(visit), await visit.form(), dict[str, str]()
    changes = forms.changed(issuer, {**forms.members(sent, problems), **forms.limits(sent, problems)})
    if not problems:
        try:
            await issuers.update(visit.by, issuer.id, **changes)
        except Refused as refused:
            problems = problems_of(refused, forms.FIELDS)
        else:
            return visit.done("issuers", issuer.id)
    return await _edit(visit, issuer, sent, sent.all("algorithms"), problems)


async def _new(visit: Visit, typed: Form, problems: Mapping[str, str], found: Probe | None = None) -> Response:
    return await visit.page(
        "issuer_new.html",
        status=422 if problems else 200,
        typed=typed,
        chosen=typed.all("algorithms"),
        problems=problems,
        found=found,
        **_choices(visit),
        same=_same_new(visit, typed),
    )


async def _edit(
    visit: Visit, issuer: Issuer, typed: Mapping[str, str], chosen: tuple[str, ...], problems: Mapping[str, str]
) -> Response:
    changes = {} if problems or not isinstance(typed, Form) else _changes(issuer, typed)
    return await visit.page(
        "issuer_edit.html",
        status=422 if problems else 200,
        **await parts.around(visit, issuer, "edit"),
        typed=typed,
        chosen=chosen,
        problems=problems,
        **_choices(visit),
        same=_same(visit, issuer, changes or _all(issuer)),
    )


def _choices(visit: Visit) -> dict[str, Any]:
    return {"algorithms": forms.offered(visit.tenant), "replays": [*forms.REPLAYS.items()]}


def _changes(issuer: Issuer, sent: Form) -> dict[str, Any]:
    return forms.changed(issuer, {**forms.members(sent, {}), **forms.limits(sent, {})})


def _all(of: Issuer) -> dict[str, Any]:
    """Return the members that a form shows, as they are."""
    return {"algorithms": of.algorithms, "max_lifetime": of.max_lifetime, "skew": of.skew, "replay": of.replay}


def _same(visit: Visit, of: Issuer, changes: Mapping[str, Any]) -> same.Same:
    options = {
        "algorithm": changes.get("algorithms"),
        "jwks_url": changes.get("jwks_url"),
        "discovery": "jwks_url" in changes and not changes["jwks_url"],
        "ca_bundle": "FILE" if changes.get("ca_bundle") else None,
        "network": changes.get("networks"),
        "port": changes.get("ports"),
        "jwks_host": changes.get("allowed_jwks_hosts"),
        "max_lifetime": changes.get("max_lifetime"),
        "skew": changes.get("skew"),
        "require_kid": changes.get("require_kid") is True,
        "no_require_kid": changes.get("require_kid") is False,
        "replay": changes.get("replay"),
    }
    return same.Same(
        command=visit.command("issuer", "update", of.url, **options),
        graph=same.graph("PATCH", f"/beta/accredit.issuers/{of.id}", forms.body(changes)),
    )


def _same_new(visit: Visit, typed: Form) -> same.Same:
    members = {name: value for name, value in forms.members(typed, {}).items() if value and value != "off"}
    url = typed.text("url") or "https://issuer.example"
    keys = {"jwks": typed.text("jwks")} if typed.text("jwks") else {}
    return same.Same(
        command=visit.command(
            "issuer",
            "create",
            url,
            keys="FILE" if keys else None,
            jwks_url=members.get("jwks_url"),
            algorithm=members.get("algorithms"),
            ca_bundle="FILE" if members.get("ca_bundle") else None,
            network=members.get("networks"),
            port=members.get("ports"),
            jwks_host=members.get("allowed_jwks_hosts"),
            replay=members.get("replay"),
            twin=typed.text("twin") == "yes",
        ),
        graph=same.graph("POST", "/beta/accredit.issuers", {"url": url, **forms.body(members), **keys}),
    )


ROUTES: Final = (
    Route("GET", _NEW, new, "admin"),
    Route("POST", _NEW, create, "admin"),
    Route("GET", _EDIT, edit, "admin"),
    Route("POST", _EDIT, update, "admin"),
)
