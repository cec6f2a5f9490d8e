"""Keys that are uploaded: what becomes of each of them is shown before any of them counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from accredit.administer import issuers
from accredit.errors import Refused
from accredit.issuers import jwks
from accredit.web.portal import same
from accredit.web.portal.pages import issuer_parts as parts
from accredit.web.portal.problems import problems_of, sentence
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from accredit.issuers import Issuer
    from accredit.issuers.keyset import KeySet
    from accredit.web.portal.visit import Visit

_PATH: Final = f"{parts.PATH}/keys"
FIELD: Final = "jwks"


class Fate(NamedTuple):
    """What becomes of one key."""

    kid: str
    thumbprint: str
    status: str
    text: str


async def ask(visit: Visit) -> Response:
    """Show the field, and the keys that are uploaded now."""
    issuer = await parts.found(visit)
    return await _shown(visit, issuer, issuer.jwks or "", {}, [])


async def preview(visit: Visit) -> Response:
    """Show what would become of each key; nothing is saved."""
    issuer, document = await parts.found(visit), (await visit.form()).text(FIELD)
    fates, problems = judged(issuer, document)
    if visit.partial:
        return await visit.page("parts/fates.html", fates=fates, problem=problems.get(FIELD, ""))
    return await _shown(visit, issuer, document, problems, fates)


async def upload(visit: Visit) -> Response:
    """Take the issuer's keys from the field, and never from the network again."""
    issuer, document = await parts.found(visit), (await visit.form()).text(FIELD)
    try:
        await issuers.upload(visit.by, issuer.id, document)
    except Refused as refused:
        fates, _problems = judged(issuer, document)
        return await _shown(visit, issuer, document, problems_of(refused, {FIELD: FIELD}), fates)
    return visit.done("issuers", issuer.id)


def judged(issuer: Issuer, document: str) -> tuple[list[Fate], dict[str, str]]:
    """Return what would become of each key of a document, those that would go with it; or why it cannot be read."""
    if not document:
        return [], {}
    try:
        found = jwks.read(document, replace(issuer, key_source="uploaded"), uploaded=True)
    except Refused as refused:
        return [], {FIELD: sentence(refused).removeprefix("Jwks: ")}
    return [*_kept(found, _held(issuer)), *_gone(found, _held(issuer))], {}


def _kept(found: KeySet, held: Mapping[str, str]) -> Sequence[Fate]:
    kept = [
        Fate(
            each.kid or "",
            each.thumbprint,
            "pass",
            (_("stays") if each.thumbprint in held else _("is added")) + f": {', '.join(each.algorithms)}",
        )
        for each in found.keys
    ]
    return [*kept, *(Fate(each.kid or "", "", "fail", f"{each.rule}: {each.reason}") for each in found.dropped)]


def _gone(found: KeySet, held: Mapping[str, str]) -> Sequence[Fate]:
    stays = {each.thumbprint for each in found.keys}
    return [
        Fate(kid, thumbprint, "warn", _("goes: what it signed proves nothing then"))
        for thumbprint, kid in held.items()
        if thumbprint not in stays
    ]


def _held(issuer: Issuer) -> dict[str, str]:
    """Return the kids of the keys that are uploaded now, by thumbprint."""
    if issuer.jwks is None:
        return {}
    try:
        found = jwks.read(issuer.jwks, issuer, uploaded=True)
    except Refused:
        return {}
    return {each.thumbprint: each.kid or "" for each in found.keys}


async def _shown(
    visit: Visit, issuer: Issuer, document: str, problems: Mapping[str, str], fates: Sequence[Fate]
) -> Response:
    return await visit.page(
        "issuer_keys.html",
        status=422 if problems else 200,
        **await parts.around(visit, issuer, "keys"),
        document=document,
        fates=fates,
        problems=problems,
        same=same.Same(
            command=visit.command("issuer", "upload", issuer.url, "FILE"),
            graph=same.graph("POST", f"/beta/accredit.issuers/{issuer.id}/uploadKeys", {"jwks": document}),
        ),
    )


ROUTES: Final = (
    Route("GET", _PATH, ask, "admin"),
    Route("POST", f"{_PATH}/preview", preview, "admin"),
    Route("POST", _PATH, upload, "admin"),
)
