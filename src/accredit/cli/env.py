"""``accredit env``: what each client must be told to use an authority, and where it is known to stumble."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from accredit.cli import inputs, profiles
from accredit.cli.grammar import command
from accredit.cli.ink import safe
from accredit.cli.session import Session, pass_session
from accredit.interop import clients

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENTS: Final = ("azure-identity", "aio", "msal", "node", "az", "terraform", "curl")
"""Those of ``interop/clients.toml`` that were pointed by a test; it is not read before it is needed."""


@command("env")
@click.option("--client", "which", type=click.Choice(CLIENTS), required=True, help="The client to be pointed.")
@click.option("--ready-file", metavar="FILE", help="The ready file of an emulator: its address, CA and workload.")
@click.option("--url", help="The authority's address (ACCREDIT_URL); else the profile's.")
@click.option("--ca-file", metavar="FILE", help="Its CA (ACCREDIT_CA_FILE); else the profile's.")
@click.option("--client-id", help="The application that the client is.")
@click.option("--token-file", metavar="FILE", default=clients.TOKEN_FILE, help="Where the workload's own token is.")
@pass_session
def env(session: Session, /, which: str, **given: str | None) -> None:
    """Print the variables that point a client at an authority, and name its traps.

    For a shell: eval "$(accredit env --client az)"; only the exports do anything there.
    """
    values = _values(session, given)
    client = clients.client(which, values)
    told = ("title", "variables", "steps", "traps")
    shape = {"client": which, **{name: msgspec.to_builtins(getattr(client, name)) for name in told}}
    if session.output != "table" or session.query:
        session.show(shape)
        return
    for line in _script(shape):
        session.say(line)


def _script(shape: Mapping[str, Any]) -> list[str]:
    """Write it for a shell: only exports do anything there, the rest is comment."""
    lines = [f"# {shape['title']}"]
    lines += clients.exports(shape["variables"])
    for title, said in (("then", shape["steps"]), ("trap", shape["traps"])):
        lines += [f"# {title}: {safe(each)}" for each in said]  # a line of comment stays one line
    return lines


def _values(session: Session, given: Mapping[str, str | None]) -> dict[str, str]:
    """Return what the variables are filled with: options, the ready file, the environment, the profile."""
    told = _ready(given["ready_file"]) if given["ready_file"] else _chosen(session, given["url"])
    named = {
        "url": given["url"],
        "ca_file": given["ca_file"] or os.environ.get("ACCREDIT_CA_FILE"),
        "client_id": given["client_id"],
        "tenant": session.tenant,
    }
    found = {**told, **{name: value for name, value in named.items() if value}}
    if not found.get("url"):
        raise click.UsageError("which authority? give --ready-file FILE or --url URL, or sign in: accredit login URL")
    _judge(found)
    return {**found, "token_file": given["token_file"] or clients.TOKEN_FILE}


def _judge(found: dict[str, str]) -> None:
    """Refuse an address or a CA that no client could use; the path of the CA becomes one that holds everywhere."""
    from accredit.client.http import address, trusting

    found["url"] = address(found["url"])
    if ca_file := found.get("ca_file"):
        trusting(ca_file)
        found["ca_file"] = str(Path(ca_file).absolute())


def _ready(path: str) -> dict[str, str]:
    ready = inputs.ready(path)
    workload = ready.get("workload") or {}
    return {
        "url": str(ready.get("url", "")),
        "ca_file": str(ready.get("ca_file", "")),
        "tenant": str(ready.get("tenant_id", "")),
        "client_id": str(workload.get("client_id", "")),
    }


def _chosen(session: Session, url: str | None) -> dict[str, str]:
    profile = None if url else profiles.chosen(session)
    if profile is None:
        return {}
    tenant = "" if profile.tenant == profiles.ANY_TENANT else profile.tenant
    workload = profile.client_id if profile.kind == "federated" else ""  # who has a secret has no token in a file
    return {"url": profile.url, "ca_file": profile.ca_file, "tenant": tenant, "client_id": workload}
