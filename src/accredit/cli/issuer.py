"""``accredit issuer``: who may sign, and where the keys come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import inputs, issuer_keys, names, shapes
from accredit.cli.desk import on_desk
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.words import accredit, counted, options
from accredit.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accredit.cli.desk import Desk
    from accredit.issuers import Issuer
    from accredit.ports import Transaction

_REPLAY: Final[dict[str, str]] = {"off": "not looked for", "observe": "noted", "enforce": "refused"}
COLUMNS: Final = (
    Column("Issuer", "issuer", below=True),
    Column("Keys from", "keySource"),
    Column("Credentials", "credentials"),
    Column("Blocked", "isBlocked"),
)
DETAILS: Final = (
    Column("issuer", "issuer"),
    Column("id", "id"),
    Column("keys from", "keySource"),
    Column("key address", "jwksUri"),
    Column("uploaded keys", "keyIds"),
    Column("algorithms", "algorithms"),
    Column("blocked", "isBlocked"),
    Column("key id required", "requireKid"),
    Column("longest token (s)", "maxLifetime"),
    Column("clock skew (s)", "skew"),
    Column("assertions used again", "replay", lambda shape: _REPLAY[shape["replay"]]),
    Column("private networks", "networks"),
    Column("further ports", "ports"),
    Column("keys may be at", "allowedJwksHosts", lambda shape: shape["allowedJwksHosts"] or "any public host"),
    Column("own CA bundle", "hasCaBundle"),
    Column("credentials", "credentials"),
    Column("keys", "keys", lambda shape: [f"{each['kid'] or each['thumbprint']}" for each in shape.get("keys", ())]),
)
REPLAY: Final = click.Choice([*_REPLAY])
_LISTS: Final = {
    "algorithms": "--algorithm",
    "networks": "--network",
    "ports": "--port",
    "allowed_jwks_hosts": "--jwks-host",
}
_HOST: Final = "A host that its discovery may name for its keys, besides its own; all of them."


@group("issuer")
def issuer() -> None:
    """Issuers: who may sign tokens, and where their keys come from."""


for _each in (
    issuer_keys.check,
    issuer_keys.keys,
    issuer_keys.history,
    issuer_keys.refresh,
    issuer_keys.drop_keys,
):
    issuer.add_command(_each)


@issuer.command("list")
@on_desk
async def list_issuers(desk: Desk) -> None:
    """List the issuer records of a tenant."""
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        found = await names.everything(store.issuers, tenant_id=tenant.id)
        shown = [shapes.issuer(each, await _held(store, each)) for each in found]
    shown.sort(key=lambda each: (each["issuer"], each["id"]))
    desk.session.show(shown, COLUMNS)


@issuer.command("show")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def show(desk: Desk, issuer: str) -> None:
    """Show one issuer record, by URL or id, with the keys that it was last seen to have."""
    found = await _found(desk, issuer)
    async with desk.reading() as store:
        held = await _held(store, found)
    desk.session.show({**shapes.issuer(found, held), "keys": await issuer_keys.there(desk, found)}, DETAILS)


@issuer.command("create")
@click.argument("issuer", metavar="ISSUER")
@click.option("--keys", "keys", metavar="FILE", help="Its key set (JWKS), uploaded; nothing is ever fetched then.")
@click.option("--jwks-url", help="Where its keys are, without discovery.")
@click.option("--algorithm", "algorithms", multiple=True, help="A signature algorithm it may use; repeat for several.")
@click.option("--ca-bundle", metavar="FILE", help="Certificates (PEM) that replace the public roots for this issuer.")
@click.option("--network", "networks", multiple=True, metavar="CIDR", help="A private network it may be in.")
@click.option("--port", "ports", multiple=True, type=int, help="A port it may use besides 443, 6443 and 8443.")
@click.option("--jwks-host", "allowed_jwks_hosts", multiple=True, metavar="HOST", help=_HOST)
@click.option("--replay", type=REPLAY, default="off", help="What is done when an assertion is used for two tokens.")
@click.option("--twin", is_flag=True, help="A second record of the same URL (extended portability).")
@on_desk
async def create(desk: Desk, issuer: str, keys: str | None, ca_bundle: str | None, **members: Any) -> None:  # noqa: ANN401
    """Register an issuer before a credential names it."""
    tenant = await desk.tenant()
    made = await desk.place.issuers.create(
        tenant.id,
        issuer,
        uploaded=inputs.text_file(keys) if keys else None,
        ca_bundle=inputs.text_file(ca_bundle) if ca_bundle else None,
        **{**members, "algorithms": members["algorithms"] or None},
    )
    await _show(desk, made)
    desk.session.done(f"Created issuer {made.url} {made.id}", accredit("issuer", "delete", made.id))


@issuer.command("update")
@click.argument("issuer", metavar="ISSUER")
@click.option("--discovery", is_flag=True, help="Take its keys from discovery again.")
@click.option("--jwks-url", help="Take its keys from there, without discovery.")
@click.option("--algorithm", "algorithms", multiple=True, help="The algorithms from now on, all of them.")
@click.option("--ca-bundle", metavar="FILE", help="Certificates (PEM) that replace the public roots; '' for the roots.")
@click.option(
    "--network", "networks", multiple=True, metavar="CIDR", help="The private networks from now on; '' for none."
)
@click.option("--port", "ports", multiple=True, type=int, help="The further ports from now on; 0 for none.")
@click.option("--jwks-host", "allowed_jwks_hosts", multiple=True, metavar="HOST", help=f"{_HOST} '' for the default.")
@click.option("--max-lifetime", type=int, help="Seconds that its tokens may live.")
@click.option("--skew", type=int, help="Seconds of clock difference that are forgiven.")
@click.option("--require-kid/--no-require-kid", default=None, help="Whether a token must name its key.")
@click.option("--replay", type=REPLAY, help="What is done when an assertion is used for two tokens.")
@on_desk
async def update(desk: Desk, issuer: str, discovery: bool, ca_bundle: str | None, **members: Any) -> None:  # noqa: ANN401
    """Change an issuer record. Its URL never changes."""
    changes = {key: value for key, value in members.items() if value not in (None, ())}
    for key in ("algorithms", "networks", "ports", "allowed_jwks_hosts"):
        if key in changes:  # '' and 0 mean none
            changes[key] = tuple(each for each in changes[key] if each)
    if discovery:
        changes["jwks_url"] = None
    if ca_bundle is not None:
        changes["ca_bundle"] = inputs.text_file(ca_bundle) if ca_bundle else None
    if not changes:
        raise click.UsageError("nothing to change was given")
    found = await _found(desk, issuer)
    after = await desk.place.issuers.update(found.id, **changes)
    await _show(desk, after)
    undo = accredit("issuer", "update", after.id, *_back(found, changes))
    if found.ca_bundle is not None and "ca_bundle" in changes:
        desk.session.remark("The undo command needs the file of the CA bundle before: FILE.")
    if found.key_source == "uploaded" and "jwks_url" in changes:
        undo = accredit("issuer", "upload", after.id, "FILE")
        desk.session.remark("The keys before were uploaded; with their file they are again: FILE.")
    desk.session.done(f"Updated issuer {after.url}", undo)


@issuer.command("upload")
@click.argument("issuer", metavar="ISSUER")
@click.argument("file", metavar="FILE")
@on_desk
async def upload(desk: Desk, issuer: str, file: str) -> None:
    """Take an issuer's keys from FILE (a JWKS or one JWK; - reads standard input) and never from the network."""
    document = inputs.text_file(file)
    found = await _found(desk, issuer)
    after = await desk.place.issuers.upload(found.id, document)
    await _show(desk, after)
    count = counted(len(shapes.issuer(after)["keyIds"]), "key")
    undo = accredit("issuer", "update", after.id, *_back(found, ("jwks_url",)))
    desk.session.done(f"Uploaded {count} of {after.url}", undo)


@issuer.command("block")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def block(desk: Desk, issuer: str) -> None:
    """Accept nothing that it signed, from the next request on."""
    await _switch(desk, issuer, "block")


@issuer.command("unblock")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def unblock(desk: Desk, issuer: str) -> None:
    """Accept its tokens again."""
    await _switch(desk, issuer, "unblock")


@issuer.command("delete")
@click.argument("issuer", metavar="ISSUER")
@on_desk
async def delete(desk: Desk, issuer: str) -> None:
    """Delete an issuer record that no credential names."""
    found = await _found(desk, issuer)
    desk.session.confirm(f"Delete the record of {found.url} ({found.id})?")
    await desk.place.issuers.delete(found.id)
    desk.session.done(f"Deleted issuer {found.url}", accredit("issuer", "create", found.url))


async def _switch(desk: Desk, wanted: str, verb: str) -> None:
    found = await _found(desk, wanted)
    after = await desk.place.issuers.block(found.id, blocked=verb == "block")
    await _show(desk, after)
    desk.switched(verb, f"issuer {after.url}", ("issuer",), after.id)


async def _show(desk: Desk, found: Issuer) -> None:
    async with desk.reading() as store:
        held = await _held(store, found)
    desk.session.show(shapes.issuer(found, held), DETAILS)


async def _held(store: Transaction, of: Issuer) -> int:
    """Return how many credentials name a record."""
    counted = await store.credentials.search(Query(limit=0, counted=True), tenant_id=of.tenant_id, issuer_id=of.id)
    return counted.count or 0


async def _found(desk: Desk, wanted: str) -> Issuer:
    async with desk.reading() as store:
        return await names.issuer(store, await names.tenant(store, desk.session.tenant), wanted)


def _back(before: Issuer, changed: Iterable[str]) -> tuple[str, ...]:
    """Return the options that put members back."""
    words: list[str] = []
    for key in changed:
        value = getattr(before, key)
        if key == "jwks_url":
            words += ("--jwks-url", value) if value else ("--discovery",)
        elif key == "require_kid":
            words += ("--require-kid" if value else "--no-require-kid",)
        elif key == "ca_bundle":
            words += ("--ca-bundle", "FILE" if value else "")
        elif key in _LISTS:
            words += options(_LISTS[key], tuple(map(str, value)))
        else:
            words += (f"--{key.replace('_', '-')}", str(value))
    return tuple("0" if words[n - 1 : n] == ["--port"] and word == "" else word for n, word in enumerate(words))
