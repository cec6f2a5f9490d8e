"""``accredit logs``: every sign-in attempt, granted or refused."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import inputs, names, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import group
from accredit.cli.ink import folded, safe, width
from accredit.cli.output import Column
from accredit.errors import OBJECT_NOT_FOUND, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from accredit.cli.desk import Desk
    from accredit.cli.ink import Ink
    from accredit.cli.place import Log
    from accredit.signins import Event

_FIRST_OF_ENTRA: Final = 10_000  # our own numbers have four digits
_CLAIMS: Final = {"iss": "Issuer", "aud": "Audience", "sub": "Subject"}
_HOW: Final = {"none": "", "clientSecret": "secret", "certificate": "certificate"}


def _result(shape: dict[str, Any]) -> str:
    """Say in one word how it ended; an aggregate says how often."""
    number = shape["status"]["errorCode"]
    times = f" ({shape['count']} times)" if shape["count"] > 1 else ""
    return ("granted" if number == 0 else code(number)) + times


def _how(shape: dict[str, Any]) -> str:
    """Name the evidence: the credential where one is known."""
    return shape["federatedCredentialName"] or _HOW.get(shape["clientCredentialType"], "assertion")


def _old(shape: dict[str, Any]) -> str | None:
    """Say that the issuer was down and for how long its keys had not been fresh any more."""
    seconds = (shape["assertion"] or {}).get("keysStaleSeconds")
    return f"stale for {seconds} s: the issuer could not be reached" if seconds else None


COLUMNS: Final = (
    Column("When", "createdDateTime"),
    Column("Application", "appDisplayName"),
    Column("Result", "status.errorCode", _result),
    Column("How", "clientCredentialType", _how),
    Column("Request ID", "id", below=True),
)
DETAILS: Final = (
    Column("when", "createdDateTime"),
    Column("application", "appDisplayName"),
    Column("appId", "appId"),
    Column("API", "resourceDisplayName", lambda shape: shape["resourceDisplayName"] or shape["requestedResource"]),
    Column("roles", "roles"),
    Column("how", "clientCredentialType", _how),
    Column("credential id", "federatedCredentialId"),
    Column("key id", "servicePrincipalCredentialKeyId"),
    Column("proof", "proof"),
    Column("issuer", "assertion.issuer"),
    Column("subject", "assertion.subject"),
    Column("audience", "assertion.audiences"),
    Column("signed with", "assertion.alg"),
    Column("key", "assertion.kid"),
    Column("issuer's keys", "assertion.keysStaleSeconds", _old),
    Column("request id", "id"),
    Column("correlation id", "correlationId"),
    Column("uti", "uniqueTokenIdentifier"),
    Column("address", "ipAddress"),
    Column("agent", "userAgent"),
    Column("attempts", "count", lambda shape: shape["count"] if shape["count"] > 1 else None),
)
MOST: Final = 10_000  # events printed by one command


@group("logs")
def logs() -> None:
    """Sign-ins, granted or refused, and why: every attempt whose application is known."""


@logs.command("list")
@click.option("-a", "--app", "application", metavar="APP", help="Those of one application.")
@click.option("--failed", is_flag=True, help="Refused ones only.")
@click.option("--correlation", metavar="ID", help="Those of one correlation id, oldest first.")
@click.option("-n", "--limit", type=click.IntRange(1, MOST), default=20, help="At most so many (default: 20).")
@on_desk
async def list_events(desk: Desk, application: str | None, failed: bool, correlation: str | None, limit: int) -> None:
    """List the newest sign-ins first."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        app_id = (await names.application(store, tenant, application)).app_id if application else None
    wanted = inputs.key_id(correlation) if correlation is not None else None
    with desk.place.log() as events:
        every = iter(events.by_correlation(tenant.id, wanted)) if wanted else _newest(events, tenant.id, app_id)
        found = islice((each for each in every if (app_id in (None, each.app_id)) and (each.code or not failed)), limit)
        desk.session.show([shapes.event(each) for each in found], COLUMNS)


@logs.command("show")
@click.argument("request", metavar="REQUEST_ID")
@on_desk
async def show(desk: Desk, request: str) -> None:
    """Show one sign-in by its request (trace) id: who, how, what, and why not."""
    tenant = await desk.tenant()
    with desk.place.log() as events:
        found = events.by_id(inputs.key_id(request))
    if found is None or found.tenant_id != tenant.id:
        raise Refused(OBJECT_NOT_FOUND, id=request, detail="The log has no sign-in with this request id (any more).")
    session = desk.session
    if session.output == "table" and not session.query:
        for line in headline(found, session.ink):
            session.say(line)
    session.show(shapes.event(found), DETAILS)
    if session.output == "table" and not session.query:
        for line in reasons(found, session.ink):
            session.say(line)


def _newest(events: Log, tenant_id: UUID, app_id: UUID | None) -> Iterator[Event]:
    """Yield the events of a tenant, or of one application in it, newest first, page by page."""
    page = events.last(tenant_id, app_id)
    while page:
        yield from page
        page = events.last(tenant_id, app_id, before=page[-1])


def headline(of: Event, ink: Ink) -> list[str]:
    """Return how it ended: granted, or the code and the text that the caller got."""
    if of.code == 0:
        return [f"{ink.good('✓')} {ink.bold('granted')}"]
    said = folded(safe(of.failure), width() - 2)
    return [f"{ink.bad('✗')} {ink.bold(code(of.code))}", *("  " + each for each in said)]


def reasons(of: Event, ink: Ink) -> list[str]:
    """Return why it was refused: what only administrators may know, and the nearest credentials."""
    lines = [f"  {ink.faint('detail')}  {safe(of.detail)}"] if of.detail else []
    for verdict in of.verdicts:
        lines.append(f"  {ink.bold(safe(verdict.name))}")
        for check in verdict.checks:
            mark = ink.good("✓") if check.passed else ink.bad("✗")
            lines.append(f"    {mark} {_CLAIMS.get(check.claim, check.claim)}")
            if not check.passed:
                lines.append(f"        credential  {safe(check.expected)}")
                lines.append(f"        token       {safe(check.presented)}")
    if of.code and of.proof != "proven" and of.digest:
        lines.append(f"  Nobody has proven who sent this token ({of.proof}).")
    return lines


def code(number: int) -> str:
    """Return a code as people quote it."""
    return f"AADSTS{number}" if number >= _FIRST_OF_ENTRA else f"ACC{number}"
