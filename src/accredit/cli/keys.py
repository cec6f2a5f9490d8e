"""``accredit keys``: this authority's own signing keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from accredit.cli import names, shapes
from accredit.cli.desk import on_host
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from accredit.cli.desk import HostDesk
    from accredit.directory import SigningAlgorithm

COLUMNS: Final = (
    Column("Key ID", "kid"),
    Column("Algorithm", "alg"),
    Column("State", "state"),
    Column("Signs from", "activatesDateTime"),
)
_WITHDRAWN: Final = "Resource servers refuse what it signed as soon as they read the key set again, up to a day later"
ALGORITHM: Final = click.Choice(["RS256", "ES256"])


@group("keys")
def keys() -> None:
    """Signing keys: next, active, retired."""


@keys.command("list")
@click.option("--all", "everything", is_flag=True, help="Withdrawn keys too.")
@on_host
async def list_keys(desk: HostDesk, everything: bool) -> None:
    """List the keys that are published, and what each of them is for."""
    from accredit.administer import signing_keys
    from accredit.tokens.keys import state

    async with desk.reading() as store:
        found = await signing_keys.read_all(store)
    now = desk.now
    shown = [shapes.signing_key(each, state(each, found, now)) for each in found]
    order = ("active", "next", "retired", "withdrawn")
    shown.sort(key=lambda each: (order.index(each["state"]), each["alg"] != "RS256", each["activatesDateTime"]))
    desk.session.show([each for each in shown if everything or each["state"] != "withdrawn"], COLUMNS)


@keys.command("rotate")
@click.option("--algorithm", type=ALGORITHM, default="RS256", help="Which kind of key.")
@click.option("--emergency", is_flag=True, help="Use the new key now and withdraw every other one at once.")
@on_host
async def rotate(desk: HostDesk, algorithm: SigningAlgorithm, emergency: bool) -> None:
    """Make the next key: published now, used when every cache of the key set has seen it."""
    from accredit.administer import signing_keys
    from accredit.tokens.keys import state

    if emergency:
        desk.session.confirm(f"Withdraw every {algorithm} key now? {_WITHDRAWN}")
    made = await signing_keys.rotate(desk.here.by, desk.here.local.make_key(), algorithm, emergency=emergency)
    async with desk.reading() as store:
        found = await signing_keys.read_all(store)
    desk.session.show(shapes.signing_key(made, state(made, found, desk.now)), COLUMNS)
    if emergency:
        desk.session.done(f"Signing with {made.kid} from now on; this cannot be undone.")
    else:
        undo = accredit("keys", "retire", made.kid)
        desk.session.done(f"Published {made.kid}, which signs from {shapes.instant(made.activates_at)}", undo)


@keys.command("retire")
@click.argument("kid", metavar="KEY_ID")
@on_host
async def retire(desk: HostDesk, kid: str) -> None:
    """Take a next or a retired key out of the key set at once."""
    from accredit.administer import signing_keys
    from accredit.tokens.keys import state

    async with desk.reading() as store:
        known = [each.kid for each in await signing_keys.read_all(store)]
    if kid not in known:
        raise names.absent(kid, "signing key has this id", known, accredit("keys", "list"))
    desk.session.confirm(f"Withdraw key {kid}? {_WITHDRAWN}")
    after = await signing_keys.withdraw(desk.here.by, kid)
    async with desk.reading() as store:
        found = await signing_keys.read_all(store)
    desk.session.show(shapes.signing_key(after, state(after, found, desk.now)), COLUMNS)
    desk.session.done(f"Withdrew {kid}; this cannot be undone.")
