"""``accredit tenant preview``, and the options that say what a tenant demands of all trust, for every command alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from accredit.cli import names
from accredit.cli.desk import on_desk
from accredit.cli.grammar import command
from accredit.cli.output import LAST_USED, Column
from accredit.cli.words import option, options

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.cli.desk import Desk
    from accredit.directory import Tenant

    F = TypeVar("F", bound=Callable[..., Any])

COLUMNS: Final = (
    Column("Application", "appDisplayName"),
    Column("Credential", "federatedCredentialName"),
    Column("Policy", "policy"),
    Column("Then", "isEnforced", lambda row: "refused" if row["isEnforced"] else "noted"),
    replace(LAST_USED, below=True),
    Column("Noted last time", "isNoted", below=True),
    Column("Reason", "reason", below=True),
    *(Column(each, each, wide=True) for each in ("appId", "federatedCredentialId", "issuer", "isEnabled")),
)
_OPTIONS: Final = (
    click.option(
        "--allow-issuer",
        "allowed_issuers",
        metavar="URL",
        multiple=True,
        help="The issuers that applications may trust, all of them.",
    ),
    click.option("--allow-any-issuer", "any_issuer", is_flag=True, help="Applications may trust every issuer."),
    click.option(
        "--allowed-issuers-mode",
        type=click.Choice(["audit", "enforce"]),
        help="Whether trust in other issuers is refused, or only noted.",
    ),
    click.option(
        "--allow-algorithm",
        "allowed_algorithms",
        metavar="ALG",
        multiple=True,
        help="The algorithms that issuers may sign with, all of them.",
    ),
    click.option("--allow-any-algorithm", "any_algorithm", is_flag=True, help="As each issuer record says."),
    click.option(
        "--max-assertion-lifetime",
        type=int,
        metavar="SECONDS",
        help="How long a token that is presented may live; 0: as each issuer record says.",
    ),
    click.option(
        "--immutable-ids",
        type=click.Choice(["off", "audit", "enforce"]),
        help="Whether trust must name tenant and project of a platform by the ids that it never gives again.",
    ),
    click.option(
        "--lint", type=click.Choice(["warn", "block"]), help="What an error that lint finds does to a change."
    ),
)
_ANY: Final = {
    "allowed_issuers": ("any_issuer", "--allow-issuer", "--allow-any-issuer"),
    "allowed_algorithms": ("any_algorithm", "--allow-algorithm", "--allow-any-algorithm"),
}


def policy_options(function: F) -> F:
    """Give a command the options of a tenant's policies; ``read`` makes members of them."""
    for each in reversed(_OPTIONS):
        function = each(function)
    return function


def read(members: dict[str, Any]) -> dict[str, Any]:
    """Take the policies out of the members of a command, and return those that were given."""
    found: dict[str, Any] = {}
    for member, (anything, one, every) in _ANY.items():
        listed, any_of_them = members.pop(member), members.pop(anything)
        if listed and any_of_them:
            raise click.UsageError(f"{one} and {every} say two different things; give one of them")
        if listed or any_of_them:
            found[member] = listed or None
    limit = members.pop("max_assertion_lifetime")
    if limit is not None:
        found["max_assertion_lifetime"] = limit or None
    for member in ("allowed_issuers_mode", "immutable_ids", "lint"):
        if (value := members.pop(member)) is not None:
            found[member] = value
    return found


def back(member: str, before: Tenant) -> tuple[str, ...] | None:
    """Return the options that set a policy to what it was; ``None`` for what is no policy."""
    if member in _ANY:
        _, one, every = _ANY[member]
        listed = getattr(before, member)
        return (every,) if listed is None else options(one, listed)
    if member == "max_assertion_lifetime":
        return option("--max-assertion-lifetime", str(before.max_assertion_lifetime or 0))
    return None


@command("preview")
@click.argument("name", metavar="[TENANT]", required=False)
@policy_options
@on_desk
async def preview(desk: Desk, name: str | None, **members: Any) -> None:  # noqa: ANN401
    """Show every credential that a tenant would refuse with these policies, and when it was last used.

    Without an option: what it refuses, and notes, with the policies that it has. Nothing is changed.
    """
    policies = read(members)
    async with desk.reading() as store:
        tenant = await names.tenant(store, name or desk.session.tenant)
    found = await desk.place.preview(tenant.id, **policies)
    found.sort(key=lambda row: (row["appDisplayName"].casefold(), row["appId"], row["federatedCredentialName"]))
    desk.session.show(found, COLUMNS)
    if not found:
        desk.session.remark("No credential breaks these policies, as far as the tokens used last tell.")
