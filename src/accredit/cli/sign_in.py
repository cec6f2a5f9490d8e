"""``accredit logs show``: one sign-in on a page: who, what, how, and why it ended so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from accredit.cli import inputs, shapes, sign_in_page
from accredit.cli.desk import on_desk
from accredit.cli.failures import NO, Answered
from accredit.cli.grammar import command
from accredit.cli.words import accredit, followed
from accredit.errors import OBJECT_NOT_FOUND, Refused

if TYPE_CHECKING:
    from accredit.cli.desk import Desk
    from accredit.directory import Tenant
    from accredit.explain import Suggestion
    from accredit.signins import Event


@command("show")
@click.argument("request", metavar="REQUEST_ID")
@click.option("--suggest", "suggesting", is_flag=True, help="Print the credential that would have matched.")
@on_desk
async def show(desk: Desk, request: str, suggesting: bool) -> None:
    """Show one sign-in by its request (trace) id: who, what, how, and why it ended so.

    With --suggest: the credential that would have matched, as a command and as a request to Microsoft Graph, where the
    assertion was signed by a registered issuer. Exit code 3: nothing is suggested, and why.
    """
    tenant = await desk.tenant()
    with desk.place.log() as events:
        found = events.by_id(inputs.key_id(request))
    if found is None or found.tenant_id != tenant.id:
        raise Refused(OBJECT_NOT_FOUND, id=request, detail="The log has no sign-in with this request id (any more).")
    if suggesting:
        await _suggest(desk, tenant, found)
        return
    session = desk.session
    if session.output != "table" or session.query:
        session.show(shapes.event(found))
        return
    from accredit.explain.suggestion import why_not

    for line in sign_in_page.page(found, session.ink):
        session.say(line)
    if not why_not(found):
        session.note(f"To trust it: {accredit('logs', 'show', found.id, '--suggest')}")


async def _suggest(desk: Desk, tenant: Tenant, event: Event) -> None:
    """Print what would have matched; what that depends on is asked of the directory as it is now."""
    from accredit.explain import suggest

    async with desk.reading() as store:
        tenant = await store.tenants.get(tenant.id)
        found = await store.applications.find(tenant_id=tenant.id, app_id=event.app_id)
        held = await store.credentials.find(application_id=found[0].id) if found else ()
    if not found:
        raise Refused(OBJECT_NOT_FOUND, id=event.app_id, detail="The application of this sign-in is no more.")
    suggestion = suggest(event, held, tenant.several_audiences)
    for each in suggestion.warnings:
        desk.session.warn(each)
    if suggestion.trust is None:
        desk.session.warn(suggestion.sentence)
        if event.proof == "unknown" and event.digest:  # no keys were at hand, and a refusal fetches none
            online = accredit("explain", "-", "--app", event.app_id, "--online")
            desk.session.note(f"Whoever has the token can check it against the keys of a registered issuer: {online}")
        raise Answered(NO)
    path = f"/v1.0/applications(appId='{event.app_id}')/federatedIdentityCredentials"
    _print(desk, event, suggestion, path)


def _print(desk: Desk, event: Event, suggestion: Suggestion, path: str) -> None:
    session = desk.session
    shape = _shape(event, suggestion, path, session.told)
    if session.output != "table" or session.query:
        session.show(shape)
        return
    for line in sign_in_page.suggested(suggestion, shape, session.ink):
        session.say(line)


def _shape(event: Event, of: Suggestion, path: str, told: tuple[str, ...]) -> dict[str, Any]:
    """Return a suggestion as data: the credential, the command that makes it, and the same as Graph is asked for it."""
    trust = of.trust
    if trust is None:
        raise ValueError("there is nothing to print")
    body = {"name": trust.name, "issuer": trust.issuer, "subject": trust.subject, "audiences": [trust.audience]}
    ask: dict[str, Any] | None = None
    words: tuple[str, ...] = ()
    if of.action == "add":
        trusting = ("--issuer", trust.issuer, "--subject", trust.subject, "--audience", trust.audience)
        words = ("credential", "add", str(event.app_id), "--name", trust.name, *trusting)
        ask = {"method": "POST", "path": path, "body": body}
    elif of.action == "update":
        words = ("credential", "update", str(event.app_id), trust.name, "--audience", trust.audience)
        changed = {"audiences": [trust.audience]}
        ask = {"method": "PATCH", "path": f"{path}(name='{trust.name}')", "body": changed}
    return {
        "action": of.action,
        "sentence": of.sentence,
        "warnings": list(of.warnings),
        "appId": str(event.app_id),
        "credential": body,
        "command": followed(accredit(*words), *told) if words else None,
        "request": ask,
    }
