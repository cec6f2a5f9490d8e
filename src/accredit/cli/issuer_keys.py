"""``accredit issuer check``, ``keys``, ``history``, ``refresh``, ``drop-keys``: how an issuer answers, and did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import failures, issuer_keys_shown, names
from accredit.cli.desk import on_desk
from accredit.cli.failures import Answered
from accredit.cli.grammar import command
from accredit.cli.output import Column
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from accredit.cli.desk import Desk
    from accredit.issuers import Issuer

KEYS: Final = (
    Column("Key id", "kid", lambda shape: shape["kid"] or "(none)"),
    Column("Kind", "kty", lambda shape: f"{shape['kty']} {shape['size']}"),
    Column("Algorithm", "alg", lambda shape: shape["alg"] or "any"),
    Column("First seen", "firstSeenDateTime"),
    Column("Last seen", "lastSeenDateTime"),
    Column("Gone", "goneDateTime", lambda shape: shape["goneDateTime"] or "no"),
    Column("Thumbprint", "thumbprint", below=True),
    Column("Source", "source", wide=True),
)
FETCHES: Final = (
    Column("From", "sinceDateTime"),
    Column("Until", "untilDateTime"),
    Column("Result", "result"),
    Column("Fetches", "fetches"),
    Column("Reason", "reason", below=True),
)
_SCHEMES: Final = ("https://", "http://")


@command("check")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def check(desk: Desk, issuer: str) -> None:
    """Visit an issuer and say of each step what was found and what to do. ISSUER: URL or id, registered or not."""
    tenant = await desk.tenant()
    record = None
    if issuer.lower().startswith(_SCHEMES):
        async with desk.reading() as store:
            found = await store.issuers.find(tenant_id=(await names.tenant(store, desk.session.tenant)).id, url=issuer)
        if len(found) > 1:
            raise names.several(issuer, [str(each.id) for each in found])
        record = next(iter(found), None)
    else:
        record = await _found(desk, issuer)
    if record is None:
        probe = await desk.place.issuers.probe(tenant.id, url=issuer)
    else:
        probe = await desk.place.issuers.probe(tenant.id, issuer_id=record.id)
    if desk.session.output != "table" or desk.session.query:
        desk.session.show(probe)
    else:
        for line in issuer_keys_shown.drawn(probe, desk.session.ink, details=bool(desk.session.verbose)):
            desk.session.say(line)
    if probe["verdict"] == "not_usable":
        raise Answered(failures.NO)


@command("keys")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def keys(desk: Desk, issuer: str) -> None:
    """List the keys that an issuer was seen to have, those that are gone last."""
    known = await desk.place.issuers.history(await _found(desk, issuer))
    desk.session.show(known["keys"], KEYS)


@command("history")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def history(desk: Desk, issuer: str) -> None:
    """Show how fetches of an issuer's keys ended, the newest first. JSON has its documents and keys, too."""
    known = await desk.place.issuers.history(await _found(desk, issuer))
    if desk.session.output in ("table", "tsv", "csv") and not desk.session.query:
        desk.session.show(known["fetches"], FETCHES)
    else:
        desk.session.show(known)


@command("refresh")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def refresh(desk: Desk, issuer: str) -> None:
    """Have a running authority fetch an issuer's keys now, however lately that failed."""
    found = await _found(desk, issuer)
    state = await desk.place.issuers.refresh(found.id)
    desk.session.show(state, issuer_keys_shown.STATE)
    if state["health"] != "ok":
        raise Answered(failures.UNREACHABLE)
    desk.session.done(f"Fetched the keys of {found.url}")


@command("drop-keys")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def drop_keys(desk: Desk, issuer: str) -> None:
    """Forget the keys that were fetched: they are fetched again before anything is proven by them."""
    found = await _found(desk, issuer)
    after = await desk.place.issuers.drop_keys(found.id)
    desk.session.done(f"Dropped the keys of {after.url}; look at them again: {accredit('issuer', 'check', after.id)}")


async def there(desk: Desk, found: Issuer) -> list[dict[str, Any]]:
    """Return the keys that an issuer has, as far as somebody fetched them."""
    known = await desk.place.issuers.history(found)
    return [each for each in known["keys"] if each["goneDateTime"] is None]


async def _found(desk: Desk, wanted: str) -> Issuer:
    async with desk.reading() as store:
        return await names.issuer(store, await names.tenant(store, desk.session.tenant), wanted)
