"""What needs attention in a tenant: credentials that nobody uses, that lint warns of or that expire, keys, issuers.

Rule 1: a look at the overview is no search of the whole directory: so many applications are looked at, the first by
name, and what is told says whether there are more.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.administer import linting
from accredit.query import Order, Query
from accredit.tokens.keys import ROTATED_AFTER, active, state
from accredit.trust.written import WrittenTrust
from accredit.web.portal.pages import application_parts
from accredit.web.portal.words import TRANSLATIONS, _, ago

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.directory import Application
    from accredit.issuers import Issuer
    from accredit.issuers.watching import KeyState
    from accredit.ports import Transaction
    from accredit.signins.usage import Use
    from accredit.tokens import SigningKey
    from accredit.trust import FederatedCredential
    from accredit.trust.lint import Finding
    from accredit.web.portal.visit import Visit

MOST: Final = 50  # applications that are looked at
MOST_JUDGED: Final = 50  # credentials that lint looks at: some tenths of a millisecond each
LISTED: Final = 5  # things that one notice names
UNUSED: Final = timedelta(days=90)
EXPIRING: Final = timedelta(days=30)
ROTATING: Final = timedelta(days=14)
_BY_NAME: Final = Order("displayName")


class Link(NamedTuple):
    """A thing that a notice is about. ``more``: what is to be said of it."""

    url: str
    text: str
    more: str = ""


class Notice(NamedTuple):
    """Something that wants to be looked at. ``level``: a mark of parts/ui.html."""

    level: str
    text: str
    links: Sequence[Link] = ()
    more: int = 0  # things that are not named


class Looked(NamedTuple):
    """What was looked at: applications with what they trust. ``whole``: these are all that there are."""

    applications: Sequence[Application]
    held: Mapping[UUID, Sequence[FederatedCredential]]
    whole: bool


async def look(visit: Visit, store: Transaction) -> Looked:
    """Read what the notices are about."""
    page = await store.applications.search(Query(order=_BY_NAME, limit=MOST), tenant_id=visit.tenant.id)
    held = {each.id: await store.credentials.find(application_id=each.id) for each in page.things}
    return Looked(page.things, held, whole=page.after is None)


async def notices(
    visit: Visit, looked: Looked, keys: Sequence[SigningKey], issuers: Iterable[tuple[Issuer, KeyState]]
) -> list[Notice]:
    """Return all that needs attention, what is worst first."""
    used = await visit.portal.log.uses(visit.tenant.id, {each.app_id for each in looked.applications})
    found = [
        *_silent(visit, issuers),
        *_expiring(visit, looked),
        *await _judged(visit, looked),
        *_unused(visit, looked, used),
        *_rotating(visit, keys),
    ]
    return sorted(found, key=lambda each: each.level != "fail")


def _told(level: str, one: str, many: str, links: Sequence[Link]) -> list[Notice]:
    if not links:
        return []
    text = TRANSLATIONS.ngettext(one, many, len(links)).format(len(links))
    return [Notice(level, text, links[:LISTED], max(0, len(links) - LISTED))]


def _silent(visit: Visit, issuers: Iterable[tuple[Issuer, KeyState]]) -> list[Notice]:
    links = [
        Link(visit.url("issuers", issuer.id), issuer.url, known.failure)
        for issuer, known in issuers
        if known.health == "failing"
    ]
    return _told("fail", _("{} issuer does not answer"), _("{} issuers do not answer"), links)


def _expiring(visit: Visit, looked: Looked) -> list[Notice]:
    """Tell of secrets and certificates that end within ``EXPIRING``, or did already."""
    soon = visit.now + EXPIRING
    found = sorted(
        (
            (key.ends_at, application, key.display_name or kind, kind)
            for application in looked.applications
            for kind, keys in ((_("secret"), application.secrets), (_("certificate"), application.certificates))
            for key in keys
            if key.ends_at <= soon
        ),
        key=lambda each: each[0],
    )
    ended = [each for each in found if each[0] <= visit.now]
    links = [_of(visit, each[1], each[2], _ends(each[0], visit.now)) for each in found]
    gone, coming = links[: len(ended)], links[len(ended) :]
    days = EXPIRING.days
    return [
        *_told("fail", _("{} secret or certificate has expired"), _("{} secrets and certificates have expired"), gone),
        *_told(
            "warn",
            _("{{}} secret or certificate expires within {} days").format(days),
            _("{{}} secrets and certificates expire within {} days").format(days),
            coming,
        ),
    ]


async def _judged(visit: Visit, looked: Looked) -> list[Notice]:
    """Tell of credentials that lint has an error or a warning for."""
    errors, warnings, judged = list[Link](), list[Link](), 0
    for application in looked.applications:
        held = looked.held[application.id]
        judged += len(held)
        if judged > MOST_JUDGED:
            break
        if held:
            found = await asyncio.to_thread(partial(_lint, visit, application, held))
            errors += _linted(visit, application, [each for each in found if each.level == "error"])
            warnings += _linted(visit, application, [each for each in found if each.level == "warn"])
    return [
        *_told("fail", _("{} credential that lint calls an error"), _("{} credentials that lint calls errors"), errors),
        *_told("warn", _("{} mutable or broad subject"), _("{} mutable or broad subjects"), warnings),
    ]


def _lint(visit: Visit, application: Application, held: Sequence[FederatedCredential]) -> Sequence[Finding]:
    trusts = [WrittenTrust.of(each, application.display_name) for each in held]
    return linting.of_trusts(visit.tenant, trusts, own=visit.by.own_issuers, emulator=visit.by.emulator)


def _linted(visit: Visit, application: Application, found: Sequence[Finding]) -> list[Link]:
    rules: dict[str, list[str]] = {}
    for each in found:
        rules.setdefault(each.credential, []).append(each.rule)
    return [_of(visit, application, name, ", ".join(dict.fromkeys(some))) for name, some in rules.items()]


def _unused(visit: Visit, looked: Looked, used: Mapping[UUID, Mapping[UUID, Use]]) -> list[Notice]:
    """Tell of credentials that were neither used nor made within ``UNUSED``."""
    before, links = visit.now - UNUSED, list[Link]()
    for application in looked.applications:
        uses = used.get(application.app_id, {})
        for each in looked.held[application.id]:
            use = uses.get(each.id)
            last = use.last_at if use else None
            if each.enabled and (last or each.created_at) < before:
                links.append(_of(visit, application, each.name, _last(last, visit.now)))
    days = UNUSED.days
    one, many = _("{{}} credential was not used in {} days"), _("{{}} credentials were not used in {} days")
    return _told("warn", one.format(days), many.format(days), links)


def _rotating(visit: Visit, keys: Sequence[SigningKey]) -> list[Notice]:
    """Tell when another key signs, soon."""
    found = []
    for algorithm in dict.fromkeys(each.algorithm for each in keys):
        at = _rotates_at(keys, algorithm, visit.now)
        if at is not None and at <= visit.now + ROTATING:
            found.append(Notice("warn", _("The signing key for {} rotates {}").format(algorithm, ago(at, visit.now))))
    return found


def _rotates_at(keys: Sequence[SigningKey], algorithm: str, now: datetime) -> datetime | None:
    coming = [each.activates_at for each in keys if each.algorithm == algorithm and state(each, keys, now) == "next"]
    signing = active(keys, algorithm, now)
    if coming or signing is None:
        return min(coming, default=None)
    # An emulator's first keys sign for instants before it was made.
    return max(signing.activates_at, signing.created_at) + ROTATED_AFTER


def _of(visit: Visit, application: Application, name: str, more: str) -> Link:
    url = application_parts.url(visit, application, "credentials")
    return Link(url, f"{application.display_name}: {name}", more)


def _ends(at: datetime, now: datetime) -> str:
    return ago(at, now)


def _last(at: datetime | None, now: datetime) -> str:
    return _("never used") if at is None else _("last used {}").format(ago(at, now))
