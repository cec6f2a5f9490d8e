"""Certificates & secrets: the federated credentials of an application, how each is used, and what lint finds in it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from accredit.administer import linting
from accredit.explain import twin
from accredit.query import Order, Query
from accredit.trust import MOST, presets
from accredit.trust.written import WrittenTrust
from accredit.web.portal.pages import application_parts, credential_parts
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.signins.usage import Use
    from accredit.trust import FederatedCredential
    from accredit.trust.lint import Finding
    from accredit.web.portal.visit import Visit

PAGE: Final = 50
_BY_NAME: Final = Order("name")


class Row(NamedTuple):
    """One credential of the list."""

    credential: FederatedCredential
    scenario: str
    health: str  # of its issuer: ok, failing, unknown, blocked
    last_at: datetime | None
    findings: tuple[Finding, ...]
    legacy: bool  # a twin with ids may stand beside it


async def listed(visit: Visit) -> Response:
    """Show a page of what an application trusts."""
    application = await application_parts.found(visit)
    async with visit.reading() as store:
        query = Query(order=_BY_NAME, after=visit.after(_BY_NAME), limit=PAGE, counted=True)
        page = await store.credentials.search(query, application_id=application.id)
    used = await credential_parts.uses(visit, application)
    found = await _findings(visit, application, page.things, used)
    around = credential_parts.around(visit, application, "")
    count = page.count or 0
    url, text, current = around["kinds"][0]
    number = _("({} of {})").format(count, MOST) if around["limited"] else f"({count})"
    around["kinds"][0] = (url, f"{text} {number}", current)
    return await visit.page(
        "credentials.html",
        **around,
        rows=[_row(visit, each, used, found) for each in page.things],
        full=around["limited"] and count >= MOST,
        following=visit.following(page.after, _BY_NAME),
    )


async def _findings(
    visit: Visit, application: Application, held: Sequence[FederatedCredential], used: Mapping[UUID, Use]
) -> Mapping[str, tuple[Finding, ...]]:
    """Return what lint finds in them, by name."""
    from accredit.trust.lint import RULES  # noqa: PLC0415  fifty files, which only who looks at trust pays for

    by, known = visit.by, linting.Known(keys=visit.portal.authority.keys.at_hand, uses=used, now=visit.now)
    async with visit.reading() as store:
        trusts = await linting.written(store, application, known)
    names = {each.name for each in held}
    judging: partial[tuple[Finding, ...]] = partial(
        linting.of_trusts,
        visit.tenant,
        [each for each in trusts if each.name in names],
        own=by.own_issuers,
        emulator=by.emulator,
        known=known,
    )
    quiet = {each.id for each in RULES if each.quiet}
    found: dict[str, tuple[Finding, ...]] = {}
    for each in await asyncio.to_thread(judging):
        if each.rule not in quiet:
            found[each.credential] = (*found.get(each.credential, ()), each)
    return found


def _row(
    visit: Visit,
    credential: FederatedCredential,
    used: Mapping[UUID, Use],
    found: Mapping[str, tuple[Finding, ...]],
) -> Row:
    use = used.get(credential.id)
    reading = twin.read(WrittenTrust.of(credential))
    return Row(
        credential,
        scenario(credential),
        health(visit, credential),
        use.last_at if use is not None else None,
        found.get(credential.name, ()),
        reading is not None and reading.kind == "legacy",
    )


def scenario(credential: FederatedCredential) -> str:
    """Return the title of the platform whose form a credential is of."""
    preset = presets.recognise(credential.issuer.url, credential.subject)
    return preset.title if preset is not None else presets.preset("other").title


def health(visit: Visit, credential: FederatedCredential) -> str:
    """Return how the keys of its issuer stand."""
    if credential.issuer.blocked:
        return "blocked"
    watch: Any = getattr(visit.portal, "key_watch", None)
    return str(watch.state(credential.issuer).health) if watch is not None else "unknown"


ROUTES: Final = (Route("GET", f"{application_parts.PATH}/credentials", listed, "reader"),)
