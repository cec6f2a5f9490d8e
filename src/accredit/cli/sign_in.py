"""``accredit logs show``: one sign-in on a page: who, what, how, and why it ended so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import inputs, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import command
from accredit.cli.ink import folded, safe, width
from accredit.cli.output import Column
from accredit.errors import OBJECT_NOT_FOUND, Refused

if TYPE_CHECKING:
    from accredit.cli.desk import Desk
    from accredit.cli.ink import Ink
    from accredit.signins import Event

_FIRST_OF_ENTRA: Final = 10_000  # our own numbers have four digits
_CLAIMS: Final = {"iss": "Issuer", "aud": "Audience", "sub": "Subject"}
_HOW: Final = {"none": "", "clientSecret": "secret", "certificate": "certificate"}


def how(shape: dict[str, Any]) -> str:
    """Name the evidence: the credential where one is known."""
    return shape["federatedCredentialName"] or _HOW.get(shape["clientCredentialType"], "assertion")


def _old(shape: dict[str, Any]) -> str | None:
    """Say that the issuer was down and for how long its keys had not been fresh any more."""
    seconds = (shape["assertion"] or {}).get("keysStaleSeconds")
    return f"stale for {math.ceil(seconds)} s: the issuer could not be reached" if seconds else None


DETAILS: Final = (
    Column("when", "createdDateTime"),
    Column("application", "appDisplayName"),
    Column("appId", "appId"),
    Column("API", "resourceDisplayName", lambda shape: shape["resourceDisplayName"] or shape["requestedResource"]),
    Column("roles", "roles"),
    Column("how", "clientCredentialType", how),
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


@command("show")
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
