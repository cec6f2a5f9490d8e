"""``accredit tenant``: directories of their own, and what each of them accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import names, shapes
from accredit.cli import policies as policy
from accredit.cli.desk import on_desk, on_host
from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.policies import policy_options, preview
from accredit.cli.words import accredit, counted, option, options

if TYPE_CHECKING:
    from accredit.cli.desk import Desk, HostDesk
    from accredit.directory import Tenant


def _domains(shape: dict[str, Any]) -> list[str]:
    return [each["name"] for each in shape["verifiedDomains"]]


_MODES: Final[dict[str, str]] = {"enforce": "refused", "audit": "noted"}


def _others(shape: dict[str, Any]) -> str:
    """Say what becomes of other issuers, where there are any."""
    return _MODES[shape["allowedIssuersMode"]] if shape["allowedIssuers"] else ""


COLUMNS: Final = (
    Column("Domain", "verifiedDomains", lambda shape: _domains(shape)[0]),
    Column("Tenant ID", "id"),
    Column("Name", "displayName"),
    Column("Portability", "portability"),
)
DETAILS: Final = (
    Column("name", "displayName"),
    Column("id", "id"),
    Column("domains", "verifiedDomains", _domains),
    Column("portability", "portability"),
    Column("several audiences", "multiAudience"),
    Column("token lifetime (s)", "tokenLifetime"),
    Column("trust changes", "trustChanges"),
    Column("allowed issuers", "allowedIssuers", lambda shape: shape["allowedIssuers"] or "every one"),
    Column("  others", "allowedIssuersMode", _others),
    Column("allowed algorithms", "allowedAlgorithms", lambda shape: shape["allowedAlgorithms"] or "every one"),
    Column("longest assertion (s)", "maxAssertionLifetime", lambda shape: shape["maxAssertionLifetime"] or "any"),
    Column("ids demanded", "immutableIds"),
    Column("lint errors", "lint"),
    Column("created", "createdDateTime"),
)
PORTABILITY: Final = click.Choice(["entra", "extended"])
TRUST_CHANGES: Final = click.Choice(["entra", "owner_may_narrow"])
SEVERAL: Final = click.Choice(["contained", "listed", "refuse"])


@group("tenant")
def tenant() -> None:
    """Directories of their own; nothing in one is visible to another."""


@tenant.command("list")
@on_host
async def list_tenants(desk: HostDesk) -> None:
    """List the tenants."""
    _refuse_tenant_option(desk)
    async with desk.reading() as store:
        found = await names.everything(store.tenants)
    desk.session.show([shapes.tenant(each, emulator=desk.place.emulator) for each in found], COLUMNS)


@tenant.command("show")
@click.argument("name", metavar="[TENANT]", required=False)
@on_desk
async def show(desk: Desk, name: str | None) -> None:
    """Show one tenant, by id or domain."""
    found = await _found(desk, name)
    desk.session.show(shapes.tenant(found, emulator=desk.place.emulator), DETAILS)


@tenant.command("create")
@click.argument("name", metavar="NAME")
@click.option("--domain", "domains", multiple=True, required=True, help="A DNS name of the tenant; the first is shown.")
@click.option(
    "--portability",
    type=PORTABILITY,
    default="entra",
    help="Accept what Entra ID does (entra, the default), or also more.",
)
@click.option("--multi-audience", type=SEVERAL, help="Rule for tokens with several audiences.")
@click.option("--token-lifetime", type=int, help="Seconds that an access token lives.")
@click.option("--trust-changes", type=TRUST_CHANGES, help="Whether owners may also widen what they trust.")
@policy_options
@click.option("--well-known", multiple=True, help="Enable only these of Microsoft's APIs, by key, such as graph.")
@on_host
async def create(
    desk: HostDesk,
    name: str,
    domains: tuple[str, ...],
    well_known: tuple[str, ...],
    **members: Any,  # noqa: ANN401
) -> None:
    """Create a tenant. What accredit init makes has portability extended; here the default is entra."""
    from accredit import administer

    _refuse_tenant_option(desk)
    policies = policy.read(members)
    given = {key: value for key, value in members.items() if value is not None}
    given |= {**policies, "enable": well_known or None}
    made = await administer.tenants.create(desk.here.by, display_name=name, domains=domains, **given)
    desk.session.show(shapes.tenant(made, emulator=desk.place.emulator), DETAILS)
    desk.session.done(f"Created tenant {made.domains[0]} {made.id}", accredit("tenant", "delete", made.id))


@tenant.command("update")
@click.argument("name", metavar="[TENANT]", required=False)
@click.option("--name", "display_name", help="Another name.")
@click.option("--domain", "domains", multiple=True, help="The domains from now on, all of them.")
@click.option("--portability", type=PORTABILITY, help="Accept what Entra ID accepts, or also more.")
@click.option("--multi-audience", type=SEVERAL, help="Rule for tokens with several audiences.")
@click.option("--token-lifetime", type=int, help="Seconds that an access token lives.")
@click.option("--trust-changes", type=TRUST_CHANGES, help="Whether owners may also widen what they trust.")
@policy_options
@on_desk
async def update(
    desk: Desk,
    name: str | None,
    domains: tuple[str, ...],
    **members: Any,  # noqa: ANN401
) -> None:
    """Change a tenant. What breaks a policy that is enforced is refused from the next request on.

    accredit tenant preview, with the same options, shows beforehand what that is.
    """
    policies = policy.read(members)
    changes = {key: value for key, value in members.items() if value is not None} | policies
    if domains:
        changes["domains"] = domains
    if not changes:
        raise click.UsageError("nothing to change was given")
    before = await _found(desk, name)
    after = await desk.place.tenants.update(before.id, **changes)
    desk.session.show(shapes.tenant(after, emulator=desk.place.emulator), DETAILS)
    back = [part for key in changes for part in _back(key, before, emulator=desk.place.emulator)]
    desk.session.done(f"Updated tenant {after.domains[0]}", accredit("tenant", "update", after.id, *back))


def _back(member: str, before: Tenant, *, emulator: bool) -> tuple[str, ...]:
    """Return the options that set a member of a tenant to what it was."""
    if member == "domains":
        return options("--domain", before.domains)
    if (found := policy.back(member, before)) is not None:
        return found
    in_force = {"multi_audience": before.several_audiences, "trust_changes": before.who_widens(emulator=emulator)}
    value = in_force.get(member) or getattr(before, member)
    return option("--name" if member == "display_name" else f"--{member.replace('_', '-')}", value)


@tenant.command("delete")
@click.argument("name", metavar="TENANT")
@on_host
async def delete(desk: HostDesk, name: str) -> None:
    """Delete a tenant with everything in it. Its sign-in events stay."""
    from accredit import administer

    found = await _found(desk, name)
    async with desk.reading() as store:
        held = len(await names.everything(store.applications, tenant_id=found.id))
    desk.session.confirm(f"Delete tenant {found.domains[0]} ({found.id}) with {counted(held, 'application')}?")
    await administer.tenants.delete(desk.here.by, found.id)
    desk.session.done(f"Deleted tenant {found.domains[0]} {found.id}; this cannot be undone.")


async def _found(desk: Desk, name: str | None) -> Tenant:
    """Find the tenant that is named, as an argument, by ``--tenant``, or by both if they mean the same one."""
    typed = desk.session.typed_tenant
    async with desk.reading() as store:
        found = await names.tenant(store, name or desk.session.tenant)
        found = await store.tenants.get(found.id)
        if name and typed and typed.lower() not in {str(found.id), *found.domains}:
            raise click.UsageError(f"{name} is not the tenant {typed} that --tenant names")
    return found


def _refuse_tenant_option(desk: Desk) -> None:
    if desk.session.typed_tenant:
        raise click.UsageError("--tenant has no meaning here; name one with: accredit tenant show TENANT")


tenant.add_command(preview)
